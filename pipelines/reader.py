"""Reading the current release, safely.

Belongs here: read-only connections for readers, without file or network access, within memory and time limits, and the
few queries that the command line shows. Does not belong here: writing anything.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.release.pointer import DATABASE

QUERY_SECONDS = 60
MAX_ROWS = 5_000_000
_BATCH = 100_000
_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "1GB",
    "temp_directory": "",  # nothing is ever written beside a release
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def open_release(folder: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection on a release folder; SQL in it can reach neither files nor the network."""
    con = duckdb.connect(str(folder / DATABASE), read_only=True, config=_LIMITS)
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def query(folder: Path, sql: str, parameters: list[Any] | None = None, seconds: float = QUERY_SECONDS) -> pl.DataFrame:
    """Run one query on a release.

    Raises:
        UsageError: the SQL is wrong or not one query, took longer than `seconds`, or gives more than `MAX_ROWS` rows.
    """
    with open_release(folder) as con:
        alarm = threading.Timer(seconds, con.interrupt)
        alarm.start()
        try:
            return _bounded(_only_one(con, sql, parameters))
        except duckdb.InterruptException as error:
            raise UsageError("the query took too long", expected=f"at most {seconds:g} seconds") from error
        except duckdb.Error as error:
            raise UsageError("the query cannot be run", found=str(error)) from error
        finally:
            alarm.cancel()


def _only_one(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None) -> duckdb.DuckDBPyConnection:
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise UsageError("one query at a time", expected="one query", found=f"{len(statements)}")
    return con.execute(sql, parameters or [])


def _bounded(result: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Fetch batch by batch, so that a result that is too large is refused before it fills the memory."""
    reader = result.to_arrow_reader(_BATCH)
    batches, rows = [], 0
    for batch in reader:
        rows += batch.num_rows
        if rows > MAX_ROWS:
            remedy = "narrow the query, or read the release's Parquet folder directly"
            raise UsageError("the result is too large", expected=f"at most {MAX_ROWS} rows", remedy=remedy)
        batches.append(batch)
    frame = pl.from_arrow(pa.Table.from_batches(batches, schema=reader.schema))
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def find_area(folder: Path, text: str) -> tuple[str, str]:
    """An area by its code or its name, as (area_id, name). Units are none: they are compared with nothing.

    Raises:
        UsageError: no area, or more than one, is called so.
    """
    rows = query(
        folder,
        "select area_id, name from area where area_type <> 'unit' and (area_id = $1 or lower(name) = lower($1)) "
        "order by area_id = $1 desc, area_type <> 'municipality', area_id",
        [text],
    ).rows()
    if not rows:
        near = query(
            folder,
            "select area_id, name from area where area_type <> 'unit' and contains(lower(name), lower($1)) limit 5",
            [text],
        )
        hint = ", ".join(f"{a} {n}" for a, n in near.rows())
        raise UsageError("there is no such area", expected="a code such as 1480 or a name", found=text, remedy=hint)
    return str(rows[0][0]), str(rows[0][1])


COMPARE_SQL = """
with latest as (
    select indicator_id, max(year) as year from comparison where area_id = $area and sex = 'T' group by indicator_id
)
select i.theme, i.indicator_id, i.title_sv, i.unit, i.decimals, i.polarity, c.year, c.value, c.nation, c.county_mean,
    c.gr_weighted, c.gr_unweighted, c.kommungrupp_median, c.similar_mean, c.rank, c.of_n, c.change_1y, c.change_5y,
    w.value as with_value
from latest as l
join comparison as c on c.indicator_id = l.indicator_id and c.year = l.year and c.sex = 'T' and c.area_id = $area
join indicator as i on i.indicator_id = c.indicator_id
left join observation as w
    on w.indicator_id = c.indicator_id and w.year = c.year and w.sex = 'T' and w.area_id = $other
where $theme is null or i.theme = $theme
order by i.theme, i.indicator_id
"""


def compare(folder: Path, area: str, other: str | None, theme: str | None) -> pl.DataFrame:
    """The newest value of each indicator for one municipality, beside the others it is compared with."""
    parameters = {"area": area, "other": other, "theme": theme}
    with open_release(folder) as con:
        return con.execute(COMPARE_SQL, parameters).pl()
