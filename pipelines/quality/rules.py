"""The rules of a staged dataset, generated from its declaration.

Belongs here: which rules there are, and the severity of each. Does not belong here: evaluating them (`gate.py`).

Levels: `block` rejects the dataset; `hold_back` quarantines the row with the reason, and rejects the dataset when too
many rows are quarantined; `warn` is reported only. A faulty key blocks, because it is unclear which row it is; a
faulty value only quarantines its own row.

Two frames are validated. `rows`: the rows themselves, with the columns `low` and `high` (the limits of possible values
of each row's series). `series`: one row for each series, with the delivered, promised and known counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.datasets import STATUSES, Column, Dataset
from pipelines.storage.archive import Promise
from pipelines.storage.vintage_sql import NOISE, NOISE_AT_ZERO

Level = Literal["block", "hold_back", "warn"]
Frame = Literal["rows", "series"]
MEDIAN_RATIO = (0.5, 2.0)
MAX_MORE_MISSING = 0.25


@dataclass(frozen=True)
class Rule:
    """One rule: a Great Expectations expectation by its class name, with its arguments."""

    name: str
    level: Level
    frame: Frame
    expectation: str
    arguments: dict[str, Any] = field(hash=False)
    expected: str


def rules_for(dataset: Dataset, promise: Promise, areas: frozenset[str], declared: frozenset[str]) -> list[Rule]:
    """Every rule of a dataset.

    Args:
        promise: the coverage contract of the fetch. areas: known area ids.
        declared: the series that the catalogue uses.
    """
    rules = [
        Rule(
            "columns", "block", "rows", "ExpectTableColumnsToMatchSet",
            {"column_set": [*dataset.columns, "row", "low", "high"], "exact_match": True},
            ", ".join(dataset.columns)),
        _key_rule(dataset),
    ]  # fmt: skip
    for name, column in dataset.columns.items():
        rules += _column_rules(name, column, "block" if name in dataset.key else "hold_back", areas)
    return rules + (_series_rules(declared) if dataset.kind == "facts" else _table_rules(promise))


def _key_rule(dataset: Dataset) -> Rule:
    words = f"one row for each {', '.join(dataset.key)}"
    if len(dataset.key) == 1:
        return Rule("key_unique", "block", "rows", "ExpectColumnValuesToBeUnique", {"column": dataset.key[0]}, words)
    arguments = {"column_list": list(dataset.key)}
    return Rule("key_unique", "block", "rows", "ExpectCompoundColumnsToBeUnique", arguments, words)


def _column_rules(name: str, column: Column, level: Level, areas: frozenset[str]) -> list[Rule]:
    rules = []

    def add(kind: str, expectation: str, expected: str, **arguments: Any) -> None:
        rules.append(Rule(f"{name}_{kind}", level, "rows", expectation, {"column": name, **arguments}, expected))

    if not column.nullable:
        add("present", "ExpectColumnValuesToNotBeNull", "no empty cell")
    allowed = sorted(areas) if column.codes else list(column.allowed)
    if allowed or column.codes:  # when no area is known, none is accepted
        words = f"one of {len(allowed)} known {column.codes}" if column.codes else f"one of {', '.join(allowed)}"
        add("known", "ExpectColumnValuesToBeInSet", words, value_set=allowed)
    if column.pattern:
        add("pattern", "ExpectColumnValuesToMatchRegex", column.pattern, regex=column.pattern)
    if column.min is not None or column.max is not None:
        add(
            "range", "ExpectColumnValuesToBeBetween", f"{_open(column.min)} to {_open(column.max)}",
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


def _series_rules(declared: frozenset[str]) -> list[Rule]:
    def pair(name: str, level: Level, larger: str, smaller: str, expected: str) -> Rule:
        arguments = {
            "column_A": larger, "column_B": smaller, "or_equal": True, "ignore_row_if": "either_value_is_missing"
        }  # fmt: skip
        return Rule(name, level, "series", "ExpectColumnPairValuesAToBeGreaterThanB", arguments, expected)

    def between(name: str, column: str, low: float | None, high: float | None, expected: str) -> Rule:
        arguments = {"column": column, "min_value": low, "max_value": high}
        return Rule(name, "warn", "series", "ExpectColumnValuesToBeBetween", arguments, expected)

    value_pairs = {"column_A": "value", "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return [
        Rule(
            "value_not_too_low", "hold_back", "rows", "ExpectColumnPairValuesAToBeGreaterThanB",
            {**value_pairs, "column_B": "low"}, "no value below what is possible for its series"),
        Rule(
            "value_not_too_high", "hold_back", "rows", "ExpectColumnPairValuesAToBeGreaterThanB",
            {**value_pairs, "column_A": "high", "column_B": "value"}, "no value above what is possible for its series"),
        Rule(
            "series_declared", "block", "series", "ExpectColumnDistinctValuesToContainSet",
            {"column": "series_id", "value_set": sorted(declared)}, "every series that the catalogue uses"),
        pair("coverage_rows", "block", "rows", "promised_rows", "as many rows of each series as promised"),
        pair("coverage_areas", "block", "areas", "promised_areas", "as many areas in each series as promised"),
        pair("coverage_first_year", "block", "promised_first_year", "first_year", "each series from its promised year"),
        pair("coverage_last_year", "block", "last_year", "promised_last_year", "each series to its promised year"),
        pair("rows_against_last", "block", "rows", "last_rows_needed", "no series much shorter than what was known"),
        pair("rows_not_promised", "warn", "promised_rows", "rows", "no more rows of a series than promised"),
        between("median_against_last", "median_ratio", *MEDIAN_RATIO, "each median within half and double of before"),
        between("missing_against_last", "more_missing", None, MAX_MORE_MISSING, "no series far more often missing"),
        Rule(
            "status_known", "warn", "rows", "ExpectColumnValuesToBeInSet",
            {"column": "status", "value_set": list(STATUSES)}, "no status that nobody knows"),
        between("years_without_holes", "holes", None, 0, "no area without a row for a year between its first and last"),
        between("percent_within_0_100", "outside_percent", None, 0, "shares in per cent within 0 to 100"),
    ]  # fmt: skip


def _table_rules(promise: Promise) -> list[Rule]:
    least = max(1, promise.rows)
    arguments = {"min_value": least}
    return [
        Rule("coverage_rows", "block", "rows", "ExpectTableRowCountToBeBetween", arguments, f"at least {least} rows")
    ]
