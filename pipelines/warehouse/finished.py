"""Reading a build that dbt has finished, and what the tables are that Python adds to it.

Belongs here: opening both databases of a build to read them together. Does not belong here: what is read out of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import connect, literal


@dataclass(frozen=True)
class PublicTable:
    """A table of a release: what it is, and its columns (name: type and description)."""

    about: str
    columns: dict[str, tuple[str, str]]


def open_build(settings: Settings, build: Build) -> duckdb.DuckDBPyConnection:
    """A connection that may only read: the build's own schemas, and the public tables as `release`."""
    con = connect(settings, build.build_db, read_only=True)
    con.execute(f"attach {literal(str(build.release_db))} as release (read_only)")
    return con
