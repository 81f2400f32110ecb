"""The arithmetic of published values, as pure functions of single numbers.

Belongs here: sums, means and deviations as exact as those of `dbt_project/macros/arithmetic.sql`, what a source's row
states, and when two numbers are the same. Does not belong here: where numbers come from (`facts.py`), or which of them
an indicator is made of (`figures.py`). It is written apart from the warehouse's SQL on purpose: two ways to one number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from pipelines.datasets import STATUSES_WITH_VALUE
from pipelines.storage.vintage_sql import NOISE, NOISE_AT_ZERO

_NINE_PLACES = Decimal(1).scaleb(-9)
_EXACT = Context(prec=60)
_CODE = "code:"
_CODED = frozenset({"suppressed", "missing"})
_REASONS = {
    "missing": "published_missing", "suppressed": "suppressed_by_source", "withdrawn": "withdrawn_by_source",
    "not_applicable": "not_applicable", "not_collected": "not_collected",
}  # fmt: skip


def exact_sum(numbers: Iterable[float]) -> float:
    """The sum of numbers as decimals with nine places, so that their order does not matter."""
    return float(sum((Decimal(n).quantize(_NINE_PLACES, ROUND_HALF_UP, _EXACT) for n in numbers), Decimal(0)))


def exact_mean(numbers: Sequence[float]) -> float:
    """The mean by `exact_sum`; of at least one number."""
    return exact_sum(numbers) / len(numbers)


def exact_deviation(numbers: Sequence[float]) -> float | None:
    """The standard deviation (n - 1), from squares of what is divided by the largest size; None of a single number."""
    mean, largest = exact_mean(numbers), max(map(abs, numbers))
    if len(numbers) < 2:
        return None
    if not largest:
        return 0.0
    squares = exact_sum(((n - mean) / largest) ** 2 for n in numbers)
    return largest * math.sqrt(squares / (len(numbers) - 1))


def product(coefficient: float, factors: Iterable[float | None]) -> float | None:
    """A coefficient times its factors; None where one of them is missing."""
    found = coefficient
    for factor in factors:
        if factor is None:
            return None
        found *= factor
    return found


def total(terms: Sequence[float | None]) -> float | None:
    """The exact sum of terms; None where one is missing, or where there is none."""
    present = [term for term in terms if term is not None]
    return exact_sum(present) if terms and len(present) == len(terms) else None


def quotient(top: float | None, bottom: float | None) -> float | None:
    """A number divided by another; None where one is missing, or where that is a division by zero."""
    return None if top is None or bottom is None or bottom == 0 else top / bottom


def is_same(a: float | None, b: float | None) -> bool:
    """Whether two numbers are the same but for noise, by the rule of the vintages; None is the same as None only."""
    if a is None or b is None:
        return a is None and b is None
    return abs(a - b) <= max(NOISE * max(abs(a), abs(b)), NOISE_AT_ZERO)


def stated(value: float | None, status: str | None, change: str) -> tuple[float | None, str | None]:
    """What a row states: its value, and the reason why there is none (or `forecast`), as `int_fact__stated` has it."""
    if change == "withdrawn":
        status = change
    if status is None or status in STATUSES_WITH_VALUE:
        return value, "published_missing" if value is None else status
    coded = status.lower().removeprefix(_CODE)  # codes of older history are read without regard to case
    named = coded if coded in _CODED and status.lower() == f"{_CODE}{coded}" else status
    return None, _REASONS.get(named, f"unknown_code: {status.removeprefix(_CODE)}")
