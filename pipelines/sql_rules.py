"""What a reader's own SQL may be: one query that names public tables and plain functions only.

Belongs here: judging a query by DuckDB's own syntax tree. Does not belong here: running it, within time and memory
(`reader.py`). The connection itself is locked from files and network; these rules also keep back what would tell of the
machine that the release lies on (paths, settings), and what has effects.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

import duckdb

from pipelines.duck import literal
from pipelines.errors import UsageError

# What describes tables and columns, and tells no path.
_ABOUT_TABLES = frozenset({"duckdb_tables", "duckdb_views", "duckdb_columns"})
_TABLE_FUNCTIONS = _ABOUT_TABLES | {
    "generate_series", "json_each", "json_tree", "observation_as_of", "range", "repeat", "repeat_row", "unnest"
}  # fmt: skip
_REFUSED_FUNCTIONS = frozenset({"current_setting", "getenv", "nextval", "pg_sleep", "sleep_ms", "write_log"})
_KINDS = "select, with, from, values, describe, summarize or show tables"


def judge(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Let one harmless query pass.

    Args:
        con: a locked connection on a release; nothing is run on it but the parser.

    Raises:
        UsageError: it is none, more than one, no query, or names what is not public.
        duckdb.Error: it cannot be parsed.
    """
    statements = con.extract_statements(sql)
    if len(statements) != 1:
        raise UsageError("one query at a time", expected="one query", found=f"{len(statements)}")
    tree = _tree(con, sql) if statements[0].type == duckdb.StatementType.SELECT else None
    if tree is None:
        found = " ".join(sql.split())[:60]
        raise UsageError("the query cannot be run, because it is not one that only reads", expected=_KINDS, found=found)
    _judge_names(con, tree)


def _tree(con: duckdb.DuckDBPyConnection, sql: str) -> Any | None:
    """The syntax tree; None for what only looks like a query (a PRAGMA)."""
    # Not bound: the first bound value of a process makes DuckDB load pandas, which takes half a second.
    row = con.execute(f"select json_serialize_sql({literal(sql)})").fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    return None if tree["error"] else tree


def _judge_names(con: duckdb.DuckDBPyConnection, tree: Any) -> None:
    database, tables, inner = _names(con)
    nodes = list(_nodes(tree))
    own = {entry["key"].lower() for n in nodes if isinstance(n.get("cte_map"), dict) for entry in n["cte_map"]["map"]}
    for hidden in sorted(own & inner):
        raise UsageError("a name inside the query is DuckDB's own", found=hidden, remedy="call it something else")
    for node in nodes:
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
        elif str(node.get("function_name", "")).lower() in _REFUSED_FUNCTIONS:
            raise UsageError("this function is not for readers", found=node["function_name"])


def _refuse(what: str, found: str, known: list[str], remedy: str) -> None:
    near = difflib.get_close_matches(found.lower(), known, n=3)
    raise UsageError(what, expected=", ".join(near) or "a public table", found=found[:60], remedy=remedy)


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
