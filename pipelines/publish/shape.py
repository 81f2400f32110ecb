"""What a release consists of, according to its own database: tables, views, columns, comments.

Belongs here: reading the schema of a release. Does not belong here: any other database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter

import duckdb

WIDE = "observation_wide"  # the theme views are subsets of it, and their columns are described there


@dataclass(frozen=True)
class Column:
    """A column with its type in DuckDB."""

    name: str
    type: str
    about: str


@dataclass(frozen=True)
class Relation:
    """A table, or a view with its SQL."""

    name: str
    about: str
    columns: tuple[Column, ...]
    sql: str = ""


def read_tables(con: duckdb.DuckDBPyConnection) -> list[Relation]:
    """The tables of a release, by name."""
    columns = _columns(con)
    rows = con.execute("select table_name, coalesce(comment, '') from duckdb_tables() order by 1").fetchall()
    return [Relation(name, about, columns[name]) for name, about in rows]


def read_views(con: duckdb.DuckDBPyConnection) -> list[Relation]:
    """The views of a release, each after those that it depends on."""
    columns = _columns(con)
    wide = {column.name: column.about for column in columns[WIDE]}
    rows = con.execute(
        "select view_name, coalesce(comment, ''), sql from duckdb_views() where not internal order by 1"
    ).fetchall()
    views = {}
    for name, about, sql in rows:
        described = tuple(Column(c.name, c.type, c.about or wide.get(c.name, "")) for c in columns[name])
        views[name] = Relation(name, about, described, sql.partition(" AS ")[2].rstrip("; \n"))
    order = TopologicalSorter({n: views.keys() & set(re.findall(r"\bmain\.(\w+)", v.sql)) for n, v in views.items()})
    return [views[name] for name in order.static_order()]


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[Column, ...]]:
    rows = con.execute(
        "select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns() "
        "where schema_name = 'main' and not internal order by table_name, column_index"
    ).fetchall()
    found: dict[str, tuple[Column, ...]] = {}
    for table, *column in rows:
        found[table] = (*found.get(table, ()), Column(*column))
    return found
