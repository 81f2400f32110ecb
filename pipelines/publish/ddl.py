"""PostgreSQL statements for a release's tables, keys, indexes, views and comments.

Belongs here: the text of statements. Does not belong here: executing them (`postgres.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import LiteralString

from psycopg.sql import SQL, Composed, Identifier, Literal

from pipelines.errors import NyckeltalError
from pipelines.publish.shape import Column, Relation

_TYPES: dict[str, LiteralString] = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "INTEGER": "integer",
    "TIMESTAMP": "timestamp",
    "VARCHAR": "text",
}
# A day means its end, a time stamp just that moment (UTC), as in the release's own macro.
_AS_OF = """
create function observation_as_of(moment text) returns setof observation
language sql stable begin atomic
    select {columns}
    from observation_vintage
    where known_from < case length(moment)
            when 10 then moment::timestamp + interval '1 day' else moment::timestamp + interval '1 microsecond'
        end
        and (known_to is null or known_to >= case length(moment)
            when 10 then moment::timestamp + interval '1 day' else moment::timestamp + interval '1 microsecond'
        end);
end
"""
_AS_OF_OTHERS: dict[LiteralString, LiteralString] = {
    "date": "to_char(moment, 'YYYY-MM-DD')",
    "timestamp": "to_char(moment, 'YYYY-MM-DD HH24:MI:SS.US')",
    "timestamptz": "to_char(moment at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
}
_ABOUT_AS_OF = (
    "observation as it was known at a moment: a day means its end, a time stamp just that moment. Times are UTC."
)


def create_table(table: Relation, key: tuple[str, ...]) -> Composed:
    """The table without keys. It is written once, so that it never needs a vacuum."""
    columns = SQL(", ").join(_column(table, column, column.name in key) for column in table.columns)
    return SQL("create table {} ({}) with (autovacuum_enabled = false)").format(Identifier(table.name), columns)


def _column(table: Relation, column: Column, in_key: bool) -> Composed:
    if column.type not in _TYPES:
        raise NyckeltalError(
            "a column has a type that is not published",
            where=f"{table.name}.{column.name}",
            expected=", ".join(_TYPES),
            found=column.type,
            remedy="add the type to pipelines/publish/ddl.py",
        )
    kind = _TYPES[column.type]
    # Codes are compared byte by byte: faster than by a language's order, and the same on every server.
    collated = f'{kind} collate "C"' if kind == "text" and in_key else kind
    return SQL("{} {}").format(Identifier(column.name), SQL(collated))


def keys_of(table: Relation, key: tuple[str, ...], *, nullable: bool) -> Iterator[Composed]:
    """The primary key (a unique index where a part of it may be null), and an index by area where that is not first."""
    name = Identifier(table.name)
    form = "create unique index on {} ({})" if nullable else "alter table {} add primary key ({})"
    yield SQL(form).format(name, _names(key))
    columns = [column.name for column in table.columns]
    if "area_id" in columns and key[0] != "area_id":
        by_area = [c for c in ("area_id", "year") if c in columns]
        yield SQL("create index on {} ({})").format(name, _names(by_area))


def reference(table: str, column: str, other: str, key: str) -> Composed:
    """A foreign key: modelling tools use it to find how tables join."""
    return SQL("alter table {} add foreign key ({}) references {} ({})").format(
        Identifier(table), Identifier(column), Identifier(other), Identifier(key)
    )


def create_view(view: Relation) -> Composed:
    """The view as in the release; the tables it reads are found by the search path."""
    text = re.sub(r"\bmain\.", "", view.sql)
    return SQL("create view {} as {}").format(Identifier(view.name), SQL(text))


def describe(relation: Relation, *, is_view: bool = False) -> Iterator[Composed]:
    """The comments on a table or view, and on its columns."""
    kind = SQL("view" if is_view else "table")
    yield SQL("comment on {} {} is {}").format(kind, Identifier(relation.name), Literal(relation.about))
    for column in relation.columns:
        named = Identifier(relation.name, column.name)
        yield SQL("comment on column {} is {}").format(named, Literal(column.about))


def as_of_functions(observation: Relation) -> Iterator[Composed]:
    """`observation_as_of(moment)` for texts, days and times; written so that the planner can inline it and use
    indexes.
    """
    yield SQL(_AS_OF).format(columns=_names([c.name for c in observation.columns]))
    for kind, text in _AS_OF_OTHERS.items():
        yield SQL(
            "create function observation_as_of(moment {}) returns setof observation language sql stable "
            "begin atomic select * from observation_as_of({}); end"
        ).format(SQL(kind), SQL(text))
    for kind in ("text", *_AS_OF_OTHERS):
        yield SQL("comment on function observation_as_of({}) is {}").format(SQL(kind), Literal(_ABOUT_AS_OF))


def grant(schema: str, role: str) -> Iterator[Composed]:
    """Reader privileges: usage of the schema and select."""
    named, to = Identifier(schema), Identifier(role)
    yield SQL("grant usage on schema {} to {}").format(named, to)
    yield SQL("grant select on all tables in schema {} to {}").format(named, to)


def _names(names: tuple[str, ...] | list[str]) -> Composed:
    return SQL(", ").join(map(Identifier, names))
