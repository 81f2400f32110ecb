"""Corrections of the sources' values: their types, the cells that each concerns, and conflicts between them.

Belongs here: fields and rules of a correction, and expanding it into cells. Does not belong here: loading files
(`load/catalogue.py`), or applying it to values, which the warehouse does before it computes anything from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from indicators.model.indicator import Identifier, Indicator, Strict, Year

EVERYWHERE = "*"
Sex = Literal["T", "K", "M"]
AreaId = Annotated[str, Field(pattern=r"^(\d{4}|V\w+)$")]
Number = Annotated[float, Field(allow_inf_nan=False)]


def _unfolded_years(given: Any) -> Any:
    """`{first: 2019, last: 2022}` as the years from the first to the last."""
    if not isinstance(given, dict):
        return given
    first, last = given.get("first"), given.get("last")
    if set(given) != {"first", "last"} or not isinstance(first, int) or not isinstance(last, int) or first > last:
        raise ValueError("years is a list of years, or the keys first and last, in that order")
    return tuple(range(first, last + 1)) if last - first < 1000 else (first, last)


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


class WrongCell(Strict):
    """One wrong value of the source."""

    area: AreaId
    year: Year
    sex: Sex = "T"
    value: Number


class Between(Strict):
    """The wrong values are from `min` to `max`, both included, and no correct value is."""

    min: Number
    max: Number

    @model_validator(mode="after")
    def _in_order(self) -> Between:
        if self.min > self.max:
            raise ValueError("min is not above max")
        return self


class Expected(Strict):
    """The wrong values of the source: one value, listed values, another series' values, or values in a range."""

    value: Number | None = None
    values: tuple[WrongCell, ...] = ()
    equals_series: str | None = None
    within: Between | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Expected:
        given = [self.value is not None, bool(self.values), self.equals_series is not None, self.within is not None]
        if sum(given) != 1:
            raise ValueError("one of value, values, equals_series and within")
        return self

    def text(self) -> str:
        """A short description for readers."""
        if self.equals_series is not None:
            return f"= {self.equals_series}"
        if self.within is not None:
            return f"{self.within.min:.15g} – {self.within.max:.15g}"
        if self.value is not None:
            return f"{self.value:.15g}"
        return "; ".join(f"{c.area} {c.year} {c.sex}: {c.value:.15g}" for c in self.values)


class Correction(Strict):
    """An error of a source, what is done about it, and why.

    It concerns one series (`dataset` and `series`, or an `indicator` that publishes it), in one area or, with `*`, in
    every area except units. `drop` removes the value, `override` replaces it by `value`, `scale` multiplies it by
    `factor`, `flag` only reports it, `caution` keeps the value but excludes it from every comparison and mean. Only
    values that are the `expected` wrong ones are changed.
    """

    correction_id: Identifier
    indicator: Identifier | None = None
    dataset: str | None = Field(default=None, pattern=r"^[a-z]+\.[a-z_]+$")
    series: str | None = Field(default=None, min_length=1)
    area: AreaId | Literal["*"]
    years: Annotated[tuple[Year, ...], BeforeValidator(_unfolded_years), Field(min_length=1)]
    sex: Annotated[tuple[Sex, ...], BeforeValidator(_listed), Field(min_length=1)] = ("T", "K", "M")
    action: Literal["drop", "override", "scale", "flag", "caution"]
    value: Number | None = None
    factor: Number | None = None
    expected: Expected
    reason_sv: str = Field(min_length=20)
    reported_by: str = Field(min_length=3)
    reported_on: date

    @model_validator(mode="after")
    def _names_one_series(self) -> Correction:
        named = (self.dataset is not None, self.series is not None)
        if named != ((False, False) if self.indicator else (True, True)):
            raise ValueError("indicator alone, or dataset and series together")
        if self.series is not None and self.expected.equals_series == self.series:
            raise ValueError("expected equals_series: another series than the one that is corrected")
        return self

    @model_validator(mode="after")
    def _action_has_its_fields(self) -> Correction:
        wanted = {"override": "value", "scale": "factor"}.get(self.action)
        for field in ("value", "factor"):
            if (getattr(self, field) is not None) != (field == wanted):
                belongs = "override" if field == "value" else "scale"
                raise ValueError(f"{field} belongs to action {belongs}, and to no other")
        if self.action == "override" and self.area == EVERYWHERE:
            raise ValueError("area: one area, for a value that overrides is right in one")
        if self.factor in {0.0, 1.0}:
            raise ValueError("factor: neither 0 nor 1")
        return self

    @model_validator(mode="after")
    def _listed_values_lie_in_scope(self) -> Correction:
        for cell in self.expected.values:
            if cell.area != self.area != EVERYWHERE or cell.year not in self.years or cell.sex not in self.sex:
                told = f"{cell.area} {cell.year} {cell.sex}"
                raise ValueError(f"expected values: within area, years and sex of the correction, unlike {told}")
        return self


@dataclass(frozen=True)
class Cell:
    """A value that a correction concerns. `area` is None for every area, `value` where a rule defines the wrong one."""

    area: str | None
    year: int
    sex: str
    value: float | None


def cells_of(correction: Correction) -> list[Cell]:
    """The cells of a correction: those with a listed value, or each of its years and sexes."""
    if correction.expected.values:
        return [Cell(c.area, c.year, c.sex, c.value) for c in correction.expected.values]
    area = None if correction.area == EVERYWHERE else correction.area
    return [Cell(area, year, sex, correction.expected.value) for year in correction.years for sex in correction.sex]


def with_series(correction: Correction, indicators: Iterable[Indicator]) -> Correction:
    """A correction with the dataset and series that its indicator publishes.

    Raises:
        ValueError: there is no such indicator, or it is computed of several series.
    """
    if correction.indicator is None:
        return correction
    named = next((i for i in indicators if i.indicator_id == correction.indicator), None)
    if named is None or named.series is None:
        raise ValueError("an indicator_id of the kind published")
    if named.series == correction.expected.equals_series:
        raise ValueError("an indicator of another series than that of expected equals_series")
    return correction.model_copy(update={"dataset": named.dataset, "series": named.series})


def first_overlap(corrections: Iterable[Correction]) -> tuple[Correction, Correction, Cell] | None:
    """Two corrections that concern the same value, and that value; None when there are none."""
    taken: dict[tuple[str | None, str | None, int, str], dict[str | None, Correction]] = {}
    for correction in corrections:
        for cell in cells_of(correction):
            there = taken.setdefault((correction.dataset, correction.series, cell.year, cell.sex), {})
            clash = [c for area, c in there.items() if cell.area is None or area in {None, cell.area}]
            if clash:
                return clash[0], correction, cell
            there[cell.area] = correction
    return None
