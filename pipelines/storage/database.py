"""DuckDB connections with the limits that hold everywhere.

Belongs here: opening connections and quoting names. Does not belong here: any query of the domain.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from pipelines.settings import Settings


def connect(settings: Settings, path: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection (in memory, or on a private file) that never installs or loads an extension by itself."""
    import duckdb  # noqa: PLC0415 - names are quoted by commands that open no database

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{settings.memory_limit_mb}MB",
        "threads": settings.threads,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(settings.cache_dir / "spill"),
    }
    con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    con.execute("set enable_progress_bar = false")
    return con


def scratch(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection in memory for one piece of work, that spills into `folder`, with the same precautions."""
    import duckdb  # noqa: PLC0415

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "400MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(folder / "spill"),
    }
    con = duckdb.connect(":memory:", config=config)
    con.execute("set enable_progress_bar = false")
    return con


def create_described(
    con: duckdb.DuckDBPyConnection, table: str, about: str, columns: dict[str, tuple[str, str]]
) -> None:
    """Create an empty table with its description and those of its columns (name: type, description)."""
    con.execute(f"create table {table} ({', '.join(f'{identifier(c)} {kind}' for c, (kind, _) in columns.items())})")
    con.execute(f"comment on table {table} is {literal(about)}")
    for column, (_, description) in columns.items():
        con.execute(f"comment on column {table}.{identifier(column)} is {literal(description)}")


def staged_rows(path: Path) -> str:
    """The rows of a staged file, with `row`: their place in it, from 1."""
    return (
        f"(select * exclude (file_row_number), file_row_number + 1 as row "
        f"from read_parquet({literal(str(path))}, file_row_number = true))"
    )


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a quoted SQL literal, for the few places where DuckDB takes no bound parameter (paths)."""
    return "'" + text.replace("'", "''") + "'"


def columns(names: list[str] | tuple[str, ...], prefix: str = "") -> str:
    """Quoted names, separated by commas."""
    return ", ".join(f"{prefix}{identifier(n)}" for n in names)
