"""Publishes a release to PostgreSQL: everything into a new schema, then one swap.

Belongs here: the order of the work, and copying rows. Does not belong here: the text of statements (`ddl.py`), how the
new schema replaces the old one (`swap.py`). All is written in one transaction, so a crash leaves nothing behind.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg.sql import SQL, Identifier, Literal

from pipelines.errors import NyckeltalError, UsageError
from pipelines.publish import ddl, swap
from pipelines.publish.session import Session, alone, connect, explained
from pipelines.publish.shape import Relation, read_tables, read_views
from pipelines.reading import reader
from pipelines.release.table_keys import references, table_keys
from pipelines.storage.database import columns, identifier

OLDEST_SERVER = 14  # since this version a function's body is bound to tables, not to names
_BATCH = 20_000  # rows in a batch
_CSV = pa_csv.WriteOptions(include_header=False, quoting_style="needed")  # null is unquoted
_SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,49}")
_RESERVED = {"public", "information_schema"}


@dataclass(frozen=True)
class Target:
    """Where to publish. `wait_seconds`: how long to wait for readers of the old release."""

    dsn: str = field(repr=False)
    schema: str = "nyckeltal"
    reader_role: str | None = None
    wait_seconds: float = 60

    def __post_init__(self) -> None:
        if not _SCHEMA_NAME.fullmatch(self.schema) or self.schema in _RESERVED:
            expected = "at most 50 small letters a–z, digits and _; not public, and not beginning with pg_"
            raise UsageError("the schema cannot be called so", expected=expected, found=self.schema)


@dataclass(frozen=True)
class Published:
    """The result. `is_new` is false when the release was published already; then nothing was written."""

    release_id: str
    database: str
    schema: str
    is_new: bool
    tables: int
    rows: int
    seconds: float


def publish(folder: Path, target: Target, dbt_project: Path, tell: Callable[[str], None]) -> Published:
    """Write a release's public tables to PostgreSQL. Readers see the old release until they see the new one.

    Args:
        folder: the release. dbt_project: where keys are declared. tell: called with each step as it begins.

    Raises:
        UsageError: the connection string or the schema's name is invalid, or the schema holds something else.
        LockHeldError: another publication is at work on the schema. NyckeltalError: the database refuses.
        DamagedError: the release is not as it was written.
    """
    began = time.monotonic()
    with reader.open_release(folder) as release, connect(target.dsn) as con:
        with explained(f"{con.info.dbname}, schema {target.schema}"), alone(con, target.schema):
            _judge_server(con)
            is_new = swap.standing(con, target.schema) != folder.name
            counts = _replace(con, release, folder.name, target, dbt_project, tell) if is_new else {}
            if not is_new:
                _let_read(con, target.schema, target.reader_role)
        database = con.info.dbname
    seconds = round(time.monotonic() - began, 1)
    return Published(folder.name, database, target.schema, is_new, len(counts), sum(counts.values()), seconds)


def _judge_server(con: Session) -> None:
    major, encoding = con.info.server_version // 10_000, con.info.parameter_status("server_encoding")
    if major < OLDEST_SERVER:
        raise NyckeltalError(
            "the server is too old", expected=f"PostgreSQL {OLDEST_SERVER} or newer", found=f"PostgreSQL {major}"
        )
    if encoding != "UTF8":
        remedy = "create a database with: create database … encoding 'UTF8' template template0"
        raise NyckeltalError(
            "the database cannot hold all letters", expected="UTF8", found=str(encoding), remedy=remedy
        )


def _replace(
    con: Session,
    release: duckdb.DuckDBPyConnection,
    release_id: str,
    target: Target,
    dbt_project: Path,
    tell: Callable[[str], None],
) -> dict[str, int]:
    """Write the release beside the current schema, then swap them. Returns the rows of each table."""
    new, old, wait = f"{target.schema}__new", f"{target.schema}__old", target.wait_seconds
    for left in (new, old):  # left by a run that was killed while it waited for readers
        swap.clear(con, left, wait)
    with con.transaction():
        con.execute(SQL("create schema {}").format(Identifier(new)))
        con.execute(SQL("comment on schema {} is {}").format(Identifier(new), Literal(swap.mark(release_id))))
        con.execute(SQL("set local search_path to {}").format(Identifier(new)))
        con.execute("set local maintenance_work_mem to '256MB'")
        counts = _write_tables(con, release, table_keys(dbt_project), tell)
        _write_views(con, release)
        _let_read(con, new, target.reader_role)
    tell("the swap")
    try:
        swap.swap(con, new, target.schema, old, wait)
    finally:
        swap.clear(con, new, wait)  # empty, once it has been renamed
    with suppress(swap.HeldError):  # a reader still uses the old schema; the next run removes it
        swap.clear(con, old, wait)
    return counts


def _write_tables(
    con: Session,
    release: duckdb.DuckDBPyConnection,
    keys: dict[str, tuple[str, ...]],
    tell: Callable[[str], None],
) -> dict[str, int]:
    tables, counts = read_tables(release), {}
    for table in tables:
        tell(table.name)
        key = keys[table.name]
        con.execute(ddl.create_table(table, key))
        counts[table.name] = _copy(con, release, table)
        for statement in (*ddl.keys_of(table, key, nullable=_has_nulls(release, table, key)), *ddl.describe(table)):
            con.execute(statement)
    tell("references between tables")
    for table in tables:
        for column, other, key_of_other in references(table.name, [c.name for c in table.columns], keys):
            con.execute(ddl.reference(table.name, column, other, key_of_other))
        con.execute(SQL("analyze {}").format(Identifier(table.name)))
    return counts


def _write_views(con: Session, release: duckdb.DuckDBPyConnection) -> None:
    for view in read_views(release):
        con.execute(ddl.create_view(view))
        for statement in ddl.describe(view, is_view=True):
            con.execute(statement)
    (observation,) = (table for table in read_tables(release) if table.name == "observation")
    for statement in ddl.as_of_functions(observation):
        con.execute(statement)


def _copy(con: Session, release: duckdb.DuckDBPyConnection, table: Relation) -> int:
    """Copy a table's rows in batches; frozen, so that readers with an older snapshot do not see an empty table."""
    names = columns([column.name for column in table.columns])
    batches = release.execute(f"select {names} from {identifier(table.name)}").to_arrow_reader(_BATCH)
    into = SQL("copy {} from stdin (format csv, freeze)").format(Identifier(table.name))
    rows = 0
    with con.cursor().copy(into) as copy:
        for batch in batches:
            buffer = pa.BufferOutputStream()
            pa_csv.write_csv(batch, buffer, _CSV)
            copy.write(buffer.getvalue().to_pybytes())
            rows += batch.num_rows
    return rows


def _has_nulls(release: duckdb.DuckDBPyConnection, table: Relation, key: tuple[str, ...]) -> bool:
    """Whether a column of the key is null somewhere in this release."""
    tests = " or ".join(f"{identifier(c)} is null" for c in key)
    return bool(release.execute(f"select 1 from {identifier(table.name)} where {tests} limit 1").fetchone())


def _let_read(con: Session, schema: str, role: str | None) -> None:
    """Create the reader role if it is missing, and grant it select on the schema; nothing else."""
    if role is None:
        return
    with con.transaction():
        if not con.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
            con.execute(SQL("create role {} nologin").format(Identifier(role)))
        for statement in ddl.grant(schema, role):
            con.execute(statement)
