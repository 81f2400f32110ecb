"""The list of functions for readers, against the DuckDB that is installed."""

from __future__ import annotations

import duckdb

from pipelines.reading.sql_functions import FUNCTIONS

KINDS = "('scalar', 'aggregate', 'macro')"


def known(condition: str) -> set[str]:
    rows = duckdb.execute(
        f"select distinct lower(function_name) from duckdb_functions() where function_type in {KINDS} and {condition}"
    ).fetchall()
    return {name for (name,) in rows}


def test_each_function_exists() -> None:
    assert known("true") >= FUNCTIONS


def test_none_has_effects_but_random_numbers() -> None:
    random = {"random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7"}
    assert known("stability = 'VOLATILE' or has_side_effects") & FUNCTIONS == random


def test_none_reads_sql_settings_or_the_session() -> None:
    telling = ("sql", "plan", "setting", "variable", "secret", "env", "query", "log_", "connection", "transaction_id")
    assert {name for name in FUNCTIONS if any(word in name for word in telling)} == set()
