"""The difference between two releases, value by value.

Belongs here: comparing published observations. Unlike the table `revision`, which holds what sources revised, this
also shows the effect of a changed definition.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.database import connect, literal
from pipelines.storage.release_sums import sound_database


def diff(settings: Settings, older: Path, newer: Path, limit: int | None = None) -> pl.DataFrame:
    """Rows of `observation` that differ: key, old_value, new_value, old_status, new_status.

    Args:
        older, newer: release folders. limit: maximum number of rows, None for all.

    Returns:
        One row for each difference, ordered by key; a status is null if a release lacks the row.

    Raises:
        DamagedError: a release is not as it was written.
    """
    with connect(settings) as con:
        _attach(con, older, "older")
        _attach(con, newer, "newer")
        return con.execute(
            """
            select indicator_id, area_id, year, sex, o.value as old_value, n.value as new_value,
                o.status as old_status, n.status as new_status
            from older.observation as o
            full join newer.observation as n using (indicator_id, area_id, year, sex)
            where o.value is distinct from n.value or o.status is distinct from n.status
            order by indicator_id, area_id, sex, year limit ?
            """,
            [limit if limit is not None else 2**62],
        ).pl()


def diff_releases(settings: Settings, older: str | None, newer: str | None) -> tuple[str, pl.DataFrame]:
    """The difference of two releases by their ids; by default the current one and its predecessor.

    Raises:
        UsageError: there is no such release, or no predecessor.
    """
    known = {r.release_id: r for r in release_pointer.releases(settings.releases_dir)}
    new_id = newer or release_pointer.current_folder(settings.releases_dir).name
    older = older or release_pointer.before(settings.releases_dir, new_id)
    for wanted in (older, new_id):
        if wanted not in known:
            expected = f"one of {', '.join(known)}" if wanted else "two releases"
            raise UsageError("there is no such release", expected=expected, found=wanted or "only one release")
    home = settings.releases_dir
    return f"{older} → {new_id}", diff(settings, home / str(older), home / new_id)


def _attach(con: duckdb.DuckDBPyConnection, folder: Path, alias: str) -> None:
    con.execute(f"attach {literal(str(sound_database(folder)))} as {alias} (read_only)")
