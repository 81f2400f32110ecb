"""How the values of an indicator may be interpreted: the inputs of their intervals, and what is plausible.

Belongs here: the types of the keys `interval`, `plausible_range`, `max_jump` and `replaced_by`, with their defaults.
Does not belong here: the indicator itself (`indicator.py`), or the arithmetic (dbt).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Year = Annotated[int, Field(ge=1900, le=2100)]


class Strict(BaseModel):
    """Base of every declaration: unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ValidRange(Strict):
    """Bounds of a value, both of them part of the range; None is open."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> ValidRange:
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("min is not below max")
        return self


# Why a value has no interval.
IntervalReason = Literal[
    "n_unknown",  # a share or rate of a number of persons that the source does not give
    "accounts",  # bookkeeping: a sum of money, no outcome of chance
    "no_spread_known",  # a mean, median or index whose spread the source does not give
    "whole_population",  # a register's count of everyone, read as such
    "not_a_count",  # neither persons nor events: full-time equivalents, hours
    "repeated_events",  # stays or visits, of which one person may have several; how many is not known
]


class Interval(Strict):
    """The inputs of a value's confidence interval.

    `wilson`: a percentage of the observation's denominator. `poisson`: events, exact below ten and then by Byar's
    method; for a rate, the value is events per `per` of the denominator and year. `none`: no interval, for `reason`.
    """

    method: Literal["wilson", "poisson", "none"]
    per: float | None = Field(default=None, gt=0)
    reason: IntervalReason | None = None

    @model_validator(mode="after")
    def _method_has_its_keys(self) -> Interval:
        if (self.method == "none") != (self.reason is not None):
            raise ValueError("reason belongs to method none, and to no other")
        if self.per is not None and self.method != "poisson":
            raise ValueError("per belongs to method poisson, and to no other")
        return self


class Jump(Strict):
    """The largest unremarkable change from one year to the next: in units of the value, or in per cent of it."""

    units: float | None = Field(default=None, gt=0)
    percent: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_of_them(self) -> Jump:
        if (self.units is None) == (self.percent is None):
            raise ValueError("one of units and percent is given, not both")
        return self


class OfficialRange(ValidRange):
    """The range of the publisher's own figures where a share is outside 0 to 100 or an amount below zero, and why."""

    reason_sv: str = Field(min_length=20)


class Coverage(Strict):
    """How much of its population one side of the formula covers: measure `measured` over measure `of`.

    What `adjusts` names is divided by that share, so that it represents all; below `least` no value is computed. A
    published value is not adjusted (`none`): it keeps its value with a caution, and has none where nobody is measured.
    """

    measured: Identifier
    of: Identifier
    least: float = Field(default=0.8, gt=0, le=1)
    adjusts: Literal["numerator", "denominator", "none"]
    reason_sv: str = Field(min_length=20)


class Population(Strict):
    """Whether the two sides of a ratio concern the same users, ages, forms of care, times and units.

    `same`; `adjusted` (made so by `coverage`); `reference`: a count is deliberately related to inhabitants or another
    base, as a measure of size and not a share; `differs`: they are not the same, and why it is published anyway.
    """

    verdict: Literal["same", "adjusted", "reference", "differs"]
    reason_sv: str = Field(min_length=10)


class Successor(Strict):
    """The indicator that continues where this one ended, and why the two series may not be joined.

    `inverted` where it counts the other way round, so that more of the one is less of the other.
    """

    indicator: Identifier
    inverted: bool = False
    reason_sv: str = Field(min_length=20)
