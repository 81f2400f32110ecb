"""Computes an index over indicators again, with the standardised inputs that it is made of.

Belongs here: what `composite_input` and `composite` compute, for one municipality and year. Does not belong here: the
inputs' own values (`recomputing.py`), or which of them carry a caution: that is a judgement of the release, and is
taken from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indicators.generate.declared_rows import Inherited
from pipelines.errors import NyckeltalError
from pipelines.provenance.arithmetic import exact_deviation, exact_mean, exact_sum, quotient
from pipelines.provenance.corrected_facts import is_unreadable

if TYPE_CHECKING:
    from indicators.model.declarations import Catalogue
    from indicators.model.registers import Composite, CompositeInput
    from pipelines.provenance.recomputing import Figure, Recomputing

Trusted = Callable[[str, int], list[str]]  # the municipalities whose values of an indicator and year carry no caution


@dataclass(frozen=True)
class Spread:
    """The values of an indicator in the municipalities of a year: by area, their mean and standard deviation."""

    values: dict[str, float]
    mean: float
    deviation: float | None
    faults: tuple[NyckeltalError, ...]


@dataclass(frozen=True)
class IndexInput:
    """One input: the value of `input_year`, standardised (`z`), cut (`used_z`), turned and weighted."""

    indicator_id: str
    input_year: int
    figure: Figure
    value: float
    mean: float
    deviation: float
    areas: int
    z: float
    used_z: float
    turn: float
    weight: float


@dataclass(frozen=True)
class IndexFigure:
    """An index of a municipality and year: 100 + 10 x the weighted mean of its inputs' `turn` x `used_z`."""

    recipe: Composite
    area_id: str
    year: int
    value: float | None
    coverage: float
    inputs: tuple[IndexInput, ...]
    missing: tuple[str, ...]
    spread_faults: tuple[NyckeltalError, ...]

    def faults(self) -> Iterator[NyckeltalError]:
        """What is wrong with the rows that it is made of."""
        yield from self.spread_faults


class Composites:
    """Indices by recipe, municipality and year."""

    def __init__(self, catalogue: Catalogue, recomputing: Recomputing, trusted: Trusted) -> None:
        self._catalogue, self._recomputing, self._trusted = catalogue, recomputing, trusted
        self._inherited = Inherited(catalogue)
        self._spreads: dict[tuple[str, int], Spread] = {}

    def figure(self, composite_id: str, area_id: str, year: int) -> IndexFigure | None:
        """The index; None where not one of its inputs has a value within reach, and none of them is unreadable."""
        recipe = next(c for c in self._catalogue.composites if c.composite_id == composite_id)
        found = [(part, self._input(recipe, part, area_id, year)) for part in recipe.inputs]
        inputs = tuple(each for _, each in found if each)
        faults = tuple(self._faults(recipe, found, year))
        if not inputs and not faults:
            return None
        whole = exact_sum(part.weight for part in recipe.inputs)
        present = exact_sum(each.weight for each in inputs)
        summed = exact_sum(each.weight * each.turn * each.used_z for each in inputs)
        is_whole = bool(inputs) and present >= recipe.min_coverage * whole and not any(map(is_unreadable, faults))
        value = 100 + 10 * summed / present if is_whole else None
        missing = tuple(part.indicator for part, each in found if each is None)
        return IndexFigure(recipe, area_id, year, value, present / whole, inputs, missing, faults)

    def _input(self, recipe: Composite, part: CompositeInput, area_id: str, year: int) -> IndexInput | None:
        """The input of the newest year within reach that has a value, with no break between."""
        segment = self._segment(part.indicator, year)
        for input_year in range(year, year - recipe.carry_years - 1, -1):
            spread = self._spread(part.indicator, input_year)
            if area_id not in spread.values or self._segment(part.indicator, input_year) != segment:
                continue
            value = spread.values[area_id]
            z = quotient(value - spread.mean, spread.deviation)
            figure = self._recomputing.figure(part.indicator, area_id, input_year, "T")
            if z is None or spread.deviation is None or figure is None:
                return None
            cut = max(-recipe.winsor_z, min(recipe.winsor_z, z))
            return IndexInput(
                part.indicator, input_year, figure, value, spread.mean, spread.deviation, len(spread.values), z, cut,
                self._turn(part), part.weight,
            )  # fmt: skip
        return None

    def _faults(
        self, recipe: Composite, found: list[tuple[CompositeInput, IndexInput | None]], year: int
    ) -> Iterator[NyckeltalError]:
        """What is wrong with the values of each year that was looked into, also where they gave no input."""
        for part, each in found:
            first = each.input_year if each else year - recipe.carry_years
            for looked in range(first, year + 1):
                yield from self._spread(part.indicator, looked).faults

    def _turn(self, part: CompositeInput) -> float:
        """1 where a high value raises the index, else -1."""
        direction = part.direction or self._catalogue.by_id[part.indicator].polarity.removesuffix("_better")
        return 1.0 if direction == "higher" else -1.0

    def _segment(self, indicator_id: str, year: int) -> int:
        """The first year of the unbroken run that a year is in; 0 before the first break."""
        breaks = self._inherited.breaks(self._catalogue.by_id[indicator_id])
        return max((first for first in breaks if first <= year), default=0)

    def _spread(self, indicator_id: str, year: int) -> Spread:
        key = (indicator_id, year)
        if key not in self._spreads:
            figures = {a: self._recomputing.figure(indicator_id, a, year, "T") for a in self._trusted(*key)}
            values = {a: figure.value for a, figure in figures.items() if figure and figure.value is not None}
            faults = tuple(fault for figure in figures.values() if figure for fault in figure.faults())
            numbers = list(values.values())
            mean, deviation = (exact_mean(numbers), exact_deviation(numbers)) if numbers else (math.nan, None)
            self._spreads[key] = Spread(values, mean, deviation, faults)
        return self._spreads[key]
