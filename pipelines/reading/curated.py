"""What is curated of a release, for readers that show every indicator: pages, the workbook, lists.

Belongs here: hiding what nobody has reviewed, and how many of it there are. Does not belong here: what is published of
it (`warehouse/uncurated.py`).

Uncurated indicators have a theme of their own, by which releases from before there were any can be asked, too.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from indicators.model.words import UNCURATED
from pipelines.storage.database import identifier

_HIDDEN = ("observation", "observation_vintage", "comparison", "coverage", "revision")


def uncurated(con: duckdb.DuckDBPyConnection) -> int:
    """How many indicators of a release nobody has reviewed."""
    found = con.execute(f"select count(*) from indicator where theme = '{UNCURATED}'").fetchone()
    return int(found[0]) if found else 0


def uncurated_rows(con: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, int]:
    """How many rows of these tables are of such indicators; nothing where there are none."""
    if not uncurated(con):
        return {}
    found = con.execute(
        "select table_name from duckdb_columns() where column_name = 'indicator_id' and schema_name = 'main' "
        "and database_name = current_database()"
    ).fetchall()
    rows = {}
    for table in sorted(set(tables) & {str(name) for (name,) in found}):
        ((rows[table],),) = con.execute(
            f"select count(*) from {identifier(table)} where indicator_id in "
            f"(select indicator_id from indicator where theme = '{UNCURATED}')"
        ).fetchall()
    return rows


def show_curated_alone(con: duckdb.DuckDBPyConnection) -> None:
    """Let every query on this connection see curated indicators alone; the tables stay what they are."""
    if not uncurated(con):
        return
    ((name,),) = con.execute("select current_database()").fetchall()
    tables = f"{identifier(name)}.main"
    con.execute(f"create temp view indicator as select * from {tables}.indicator where theme <> '{UNCURATED}'")
    for table in _HIDDEN:
        con.execute(
            f"create temp view {table} as select * from {tables}.{table} where indicator_id in "
            f"(select indicator_id from {tables}.indicator where theme <> '{UNCURATED}')"
        )
