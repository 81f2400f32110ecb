"""The rules of a staged dataset, generated from its declaration.

Belongs here: which rules there are, and the severity of each. Does not belong here: storing them as suites
(`suites.py`), evaluating them (`gate.py`).

Levels: `block` rejects the dataset; `hold_back` quarantines the row with the reason, and rejects the dataset when too
many rows are quarantined; `warn` is reported only. A faulty key blocks, because it is unclear which row it is; a
faulty value only quarantines its own row.

Two frames are validated. `rows`: the rows themselves, with the columns `low` and `high` (the limits of possible values
of each row's series). `series`: one row for each series, with the delivered, promised and known counts.

What is only known when a delivery is judged is a parameter, given to the expectation when it is evaluated:
`known_areas`, the ids of areas or units; `wanted_series`, those that the delivery must hold; `least_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.datasets import STATUSES, Column, Dataset
from pipelines.storage.vintage_sql import NOISE, NOISE_AT_ZERO

Level = Literal["block", "hold_back", "warn"]
Frame = Literal["rows", "series"]
KNOWN_AREAS, WANTED_SERIES, LEAST_ROWS = "known_areas", "wanted_series", "least_rows"
MEDIAN_RATIO = (0.5, 2.0)
MAX_MORE_MISSING = 0.25


Parameters = Mapping[str, list[str] | int]


@dataclass(frozen=True)
class Rule:
    """One rule: a Great Expectations expectation by its type, with its arguments.

    `expected` says in words what must hold; the name of a parameter in braces stands for its value, or for how many
    values it has.
    """

    name: str
    level: Level
    frame: Frame
    expectation: str
    arguments: dict[str, Any] = field(hash=False)
    expected: str

    def expected_with(self, parameters: Parameters) -> str:
        """What must hold, in words, with the parameters filled in."""
        told = self.expected
        for name, value in parameters.items():
            told = told.replace(f"{{{name}}}", str(len(value) if isinstance(value, list) else value))
        return told


def parameter(name: str) -> dict[str, str]:
    """How Great Expectations writes an argument that is given when the expectation is evaluated."""
    return {"$PARAMETER": name}


def rules_for(dataset: Dataset) -> list[Rule]:
    """Every rule of a dataset."""
    rules = [
        Rule(
            "columns", "block", "rows", "expect_table_columns_to_match_set",
            {"column_set": [*dataset.columns, "row", "low", "high"], "exact_match": True},
            ", ".join(dataset.columns)),
        _key_rule(dataset),
    ]  # fmt: skip
    for name, column in dataset.columns.items():
        rules += _column_rules(name, column, "block" if name in dataset.key else "hold_back")
    return rules + (_series_rules() if dataset.kind == "facts" else _table_rules())


def _key_rule(dataset: Dataset) -> Rule:
    words = f"one row for each {', '.join(dataset.key)}"
    if len(dataset.key) == 1:
        return Rule(
            "key_unique", "block", "rows", "expect_column_values_to_be_unique", {"column": dataset.key[0]}, words
        )
    arguments = {"column_list": list(dataset.key)}
    return Rule("key_unique", "block", "rows", "expect_compound_columns_to_be_unique", arguments, words)


def _column_rules(name: str, column: Column, level: Level) -> list[Rule]:
    rules = []

    def add(kind: str, expectation: str, expected: str, **arguments: Any) -> None:
        rules.append(Rule(f"{name}_{kind}", level, "rows", expectation, {"column": name, **arguments}, expected))

    if not column.nullable:
        add("present", "expect_column_values_to_not_be_null", "no empty cell")
    if column.codes:  # when no area is known, none is accepted
        words = f"one of {{{KNOWN_AREAS}}} known {column.codes}"
        add("known", "expect_column_values_to_be_in_set", words, value_set=parameter(KNOWN_AREAS))
    elif column.allowed:
        words = f"one of {', '.join(column.allowed)}"
        add("known", "expect_column_values_to_be_in_set", words, value_set=list(column.allowed))
    if column.pattern:
        add("pattern", "expect_column_values_to_match_regex", column.pattern, regex=column.pattern)
    if column.min is not None or column.max is not None:
        add(
            "range", "expect_column_values_to_be_between", f"{_open(column.min)} to {_open(column.max)}",
            **_bounds(column))  # fmt: skip
    return rules


def _bounds(column: Column) -> dict[str, float | None]:
    if column.type != "number":
        return {"min_value": column.min, "max_value": column.max}
    return {"min_value": with_room(column.min, -1), "max_value": with_room(column.max, 1)}


def with_room(bound: float | None, side: Literal[-1, 1]) -> float | None:
    """A lower (-1) or upper (1) bound with a tolerance for floating-point noise."""
    return None if bound is None else bound + side * max(NOISE * abs(bound), NOISE_AT_ZERO)


def _open(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


def _series_rules() -> list[Rule]:
    def pair(name: str, level: Level, larger: str, smaller: str, expected: str) -> Rule:
        arguments = {
            "column_A": larger, "column_B": smaller, "or_equal": True, "ignore_row_if": "either_value_is_missing"
        }  # fmt: skip
        return Rule(name, level, "series", "expect_column_pair_values_a_to_be_greater_than_b", arguments, expected)

    def between(name: str, column: str, low: float | None, high: float | None, expected: str) -> Rule:
        arguments = {"column": column, "min_value": low, "max_value": high}
        return Rule(name, "warn", "series", "expect_column_values_to_be_between", arguments, expected)

    value_pairs = {"column_A": "value", "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return [
        Rule(
            "value_not_too_low", "hold_back", "rows", "expect_column_pair_values_a_to_be_greater_than_b",
            {**value_pairs, "column_B": "low"}, "no value below what is possible for its series"),
        Rule(
            "value_not_too_high", "hold_back", "rows", "expect_column_pair_values_a_to_be_greater_than_b",
            {**value_pairs, "column_A": "high", "column_B": "value"}, "no value above what is possible for its series"),
        Rule(
            "series_declared", "block", "series", "expect_column_distinct_values_to_contain_set",
            {"column": "series_id", "value_set": parameter(WANTED_SERIES)}, "every series that the catalogue uses"),
        pair("coverage_rows", "block", "rows", "promised_rows", "as many rows of each series as promised"),
        pair("coverage_areas", "block", "areas", "promised_areas", "as many areas in each series as promised"),
        pair("coverage_first_year", "block", "promised_first_year", "first_year", "each series from its promised year"),
        pair("coverage_last_year", "block", "last_year", "promised_last_year", "each series to its promised year"),
        pair("rows_against_last", "block", "rows", "last_rows_needed", "no series much shorter than what was known"),
        pair("rows_not_promised", "warn", "promised_rows", "rows", "no more rows of a series than promised"),
        between("median_against_last", "median_ratio", *MEDIAN_RATIO, "each median within half and double of before"),
        between("missing_against_last", "more_missing", None, MAX_MORE_MISSING, "no series far more often missing"),
        Rule(
            "status_known", "warn", "rows", "expect_column_values_to_be_in_set",
            {"column": "status", "value_set": list(STATUSES)}, "no status that nobody knows"),
        between("years_without_holes", "holes", None, 0, "no area without a row for a year between its first and last"),
        between("percent_within_0_100", "outside_percent", None, 0, "shares in per cent within 0 to 100"),
    ]  # fmt: skip


def _table_rules() -> list[Rule]:
    arguments = {"min_value": parameter(LEAST_ROWS)}
    words = f"at least {{{LEAST_ROWS}}} rows"
    return [Rule("coverage_rows", "block", "rows", "expect_table_row_count_to_be_between", arguments, words)]
