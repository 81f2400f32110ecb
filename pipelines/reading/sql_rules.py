"""Validates a client's SQL: a single query that uses public tables and allowed functions only.

Belongs here: checking a query by DuckDB's own syntax tree. Does not belong here: running it, within time and memory
(`reader.py`), and the list of allowed functions (`sql_functions.py`). The connection itself has no access to files and
network; these rules also block what would reveal details of the machine (paths, settings), and what has side effects.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from pipelines.errors import UsageError
from pipelines.reading.sql_functions import FUNCTIONS
from pipelines.storage.database import literal

# Catalogue views that describe tables and columns, and contain no path.
_ABOUT_TABLES = frozenset({"duckdb_tables", "duckdb_views", "duckdb_columns"})
_TABLE_FUNCTIONS = _ABOUT_TABLES | {
    "generate_series", "json_each", "json_tree", "observation_as_of", "range", "repeat", "repeat_row",
    "similar_to", "structure_by", "unnest",
}  # fmt: skip
_SHOWN = frozenset({"", '"databases"', '"tables"', "__show_tables_expanded"})
_KINDS = "select, with, from, values, pivot, unpivot, describe, summarize or show tables"
_PIVOTS = frozenset({"pivot", "pivot_wider"})
# Tokens that end the expression after a PIVOT's ON.
_AFTER_TURN = frozenset(
    {",", ";", "using", "group", "order", "limit", "offset", "union", "except", "intersect", "where", "having"}
)


def judge(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Accept one harmless query, or raise.

    Args:
        con: a locked connection on a release; only its parser is used.

    Raises:
        UsageError: not a query, more than one statement, or a name that is not public.
        duckdb.Error: it cannot be parsed.
    """
    statements = con.extract_statements(sql)
    if len(statements) > 1:
        # DuckDB turns a PIVOT without named columns into several statements; with columns named it is one query,
        # of the same tables and functions.
        sql = _with_columns_named(sql)
        statements = con.extract_statements(sql)
    if len(statements) != 1:
        raise UsageError("one query at a time", expected="one query", found=f"{len(statements)}")
    tree = _tree(con, sql) if statements[0].type == duckdb.StatementType.SELECT else None
    if tree is None:
        found = " ".join(sql.split())[:60]
        raise UsageError("the query cannot be run, because it is not one that only reads", expected=_KINDS, found=found)
    _judge_names(con, tree)


def _tree(con: duckdb.DuckDBPyConnection, sql: str) -> Any | None:
    """The syntax tree; None for a statement that only looks like a query (a PRAGMA)."""
    # No bound parameter: the first one in a process makes DuckDB import pandas, which takes half a second.
    row = con.execute(f"select json_serialize_sql({literal(sql)})").fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    return None if tree["error"] else tree


def _with_columns_named(sql: str) -> str:
    """The text with ` in (0)` after each PIVOT ON expression that names no columns.

    Nothing is removed, and the addition can begin or end no text, name or comment: whatever the query names is still
    in the result.
    """
    text = sql.encode()
    starts = [start for start, _ in duckdb.tokenize(sql)]
    parts = [text[a:b].decode() for a, b in zip(starts, [*starts[1:], None], strict=True)]
    words = [found[0].lower() if (found := re.match(r"\w+", part)) else part[:1] for part in parts]
    depth = 0
    waiting: list[int] = []  # depths of PIVOTs whose ON has not come yet
    turning: list[tuple[int, bool]] = []  # depths of those whose ON has come, and whether columns are named
    places: list[int] = []
    for at, word in zip([*starts, len(text)], [*words, ";"], strict=True):
        closes = word in {")", "]", "}"}
        if turning and turning[-1][0] == depth and (closes or word in _AFTER_TURN):
            is_named = turning.pop()[1]
            places += [] if is_named else [at]
            if word == ",":
                turning.append((depth, False))
        depth += (word in {"(", "[", "{"}) - closes
        if word in _PIVOTS:
            waiting.append(depth)
        elif word == "on" and waiting and waiting[-1] == depth:
            turning.append((waiting.pop(), False))
        elif word == "in" and turning and turning[-1][0] == depth:
            turning[-1] = (depth, True)
    for at in reversed(places):
        text = text[:at] + b"\n in (0) " + text[at:]  # the line end closes a preceding comment
    return text.decode()


def _judge_names(con: duckdb.DuckDBPyConnection, tree: Any) -> None:
    database, tables, inner = _names(con)
    nodes = list(_nodes(tree))
    own = {entry["key"].lower() for n in nodes if isinstance(n.get("cte_map"), dict) for entry in n["cte_map"]["map"]}
    for hidden in sorted(own & inner):
        raise UsageError("a name inside the query is DuckDB's own", found=hidden, remedy="call it something else")
    of_tables = {id(node["function"]) for node in nodes if node.get("type") == "TABLE_FUNCTION"}
    for node in nodes:
        if node.get("type") == "SHOW_REF" and node["table_name"] not in _SHOWN:
            _refuse("there is no such list", node["table_name"], ["tables"], "`show tables` lists the tables")
        if node.get("type") == "BASE_TABLE":
            name, home = node["table_name"].lower(), {node["catalog_name"].lower(), node["schema_name"].lower()}
            is_public = name in tables | _ABOUT_TABLES and home <= {"", "main", database}
            is_own = name in own and home == {""}
            if not (is_public or is_own or node["schema_name"].lower() == "information_schema"):
                _refuse("there is no such table", node["table_name"], sorted(tables), "`show tables` lists them")
        elif node.get("type") == "TABLE_FUNCTION":
            name = node["function"]["function_name"].lower()
            if name not in _TABLE_FUNCTIONS:
                _refuse("this table function is not for readers", name, sorted(_TABLE_FUNCTIONS), "")
        elif "function_name" in node and id(node) not in of_tables:
            name = node["function_name"].lower()
            if re.search(r"\w", name) and name not in FUNCTIONS:
                _refuse("this function is not for readers", name, sorted(FUNCTIONS), "", "a plain function")


def _refuse(what: str, found: str, known: list[str], remedy: str, kind: str = "a public table") -> None:
    near = difflib.get_close_matches(found.lower(), known, n=3)
    raise UsageError(what, expected=", ".join(near) or kind, found=found[:60], remedy=remedy)


def _names(con: duckdb.DuckDBPyConnection) -> tuple[str, set[str], set[str]]:
    """The database's name, its tables and views, and DuckDB's own views."""
    rows = con.execute(
        """
        select 'table' as kind, table_name as name from duckdb_tables() where schema_name = 'main' and not temporary
        union all
        select if(internal, 'inner', 'table'), view_name from duckdb_views() where internal or schema_name = 'main'
        union all
        select 'database', current_database()
        """
    ).fetchall()
    found: dict[str, set[str]] = {"table": set(), "inner": set(), "database": set()}
    for kind, name in rows:
        found[kind].add(name.lower())
    return found["database"].pop(), found["table"], found["inner"]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree, without recursion: a query may be as deep as its sender likes."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
