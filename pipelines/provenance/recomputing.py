"""Computes a value of an indicator again, in Python and by the catalogue, with every number that it is made of.

Belongs here: the formulas of indicators over facts, fixed prices, coverage, and the values of groups. Does not belong
here: reading facts (`corrected_facts.py`), indices over indicators (`composites.py`), or what is published. It does
what `int_indicator__evaluated` and `int_group__evaluated` do, for what is known now; cautions are judgements and are
not made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indicators.generate.declared_rows import aggregation, is_plain
from indicators.model.expression import Term
from pipelines.errors import NyckeltalError
from pipelines.provenance.arithmetic import product, quotient, total

if TYPE_CHECKING:
    from indicators.model.declarations import Catalogue
    from indicators.model.indicator import Indicator
    from pipelines.provenance.corrected_facts import CorrectedFacts, Fact
    from pipelines.provenance.members import Member, Members
    from pipelines.provenance.prices import IndexValue, Prices


@dataclass(frozen=True)
class Factor:
    """A measure in a term: its name (None for the indicator's own series), its series, and its fact if it has one."""

    measure_id: str | None
    dataset: str
    series: str
    fact: Fact | None


@dataclass(frozen=True)
class ValuedTerm:
    """A term of a part (value, numerator, denominator, covered, whole): a coefficient times factors."""

    part: str
    coefficient: float
    factors: tuple[Factor, ...]
    value: float | None


@dataclass(frozen=True)
class Deflator:
    """The index of the price year divided by that of the value's own year."""

    base: IndexValue | None
    own: IndexValue | None
    factor: float | None


@dataclass(frozen=True)
class Figure:
    """A value with what it is made of.

    Of an area: `terms`, the `deflator` of fixed prices, the share that a side covers (`coverage`), and whether the
    value is refused since that is too small. Of a group: a figure for each member, None where it has no row.
    """

    indicator: Indicator
    area_id: str
    year: int
    sex: str
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    terms: tuple[ValuedTerm, ...] = ()
    deflator: Deflator | None = None
    coverage: float | None = None
    is_refused: bool = False
    members: tuple[tuple[Member, Figure | None], ...] = ()

    def facts(self) -> Iterator[Fact]:
        """Every fact that it is made of, members' too."""
        for term in self.terms:
            yield from (factor.fact for factor in term.factors if factor.fact)
        for _, figure in self.members:
            yield from figure.facts() if figure else ()

    def faults(self) -> Iterator[NyckeltalError]:
        """What is wrong with the rows that it is made of."""
        for fact in self.facts():
            yield from fact.faults
        for figure in (self, *(figure for _, figure in self.members)):
            for index in (figure.deflator.base, figure.deflator.own) if figure and figure.deflator else ():
                yield from index.faults if index else ()
        for member, _ in self.members:
            yield from member.faults


class Recomputing:
    """Figures by indicator, area, year and sex, each computed once."""

    def __init__(self, catalogue: Catalogue, facts: CorrectedFacts, prices: Prices, members: Members) -> None:
        self._catalogue, self._facts, self._prices, self._members = catalogue, facts, prices, members
        self._figures: dict[tuple[str, str, int, str], Figure | None] = {}

    def figure(self, indicator_id: str, area_id: str, year: int, sex: str) -> Figure | None:
        """The figure of an area or a group; None where there is no row of it."""
        key = (indicator_id, area_id, year, sex)
        if key not in self._figures:
            indicator, members = self._catalogue.by_id[indicator_id], self._members.of(area_id)
            self._figures[key] = (
                self._of_group(indicator, area_id, year, sex, members)
                if members
                else self._of_area(indicator, area_id, year, sex)
            )
        return self._figures[key]

    def _of_area(self, indicator: Indicator, area_id: str, year: int, sex: str) -> Figure | None:
        terms = tuple(self._terms(indicator, area_id, year, sex))
        anchor = next(factor for term in terms for factor in term.factors)
        if anchor.fact is None:  # the first measure decides which areas, years and sexes there are
            return None
        if is_plain(indicator):
            return Figure(indicator, area_id, year, sex, terms[0].value, terms=terms)
        own = terms[0].value if indicator.kind == "published" else None
        covered, whole = _sum_of(terms, "covered"), _sum_of(terms, "whole")
        coverage = quotient(covered, whole)
        is_refused = _is_refused(indicator, coverage, covered)
        deflator = self._deflator(indicator, year)
        factor = deflator.factor if deflator else 1.0
        top = _scaled(_sum_of(terms, "numerator"), factor, _share(indicator, "numerator", covered, whole))
        bottom = _scaled(_sum_of(terms, "denominator"), 1.0, _share(indicator, "denominator", covered, whole))
        has_denominator = any(term.part == "denominator" for term in terms)
        multiplier = indicator.multiplier or 1.0
        value = product(1.0, (own, factor))
        if indicator.kind != "published":
            whole_value = quotient(product(multiplier, (top,)), bottom)
            value = whole_value if has_denominator else product(multiplier, (top,))
        return Figure(
            indicator, area_id, year, sex, None if is_refused else value, None if is_refused else top,
            None if is_refused or not has_denominator else bottom, terms, deflator, coverage, is_refused,
        )  # fmt: skip

    def _of_group(
        self, indicator: Indicator, group_id: str, year: int, sex: str, members: tuple[Member, ...]
    ) -> Figure | None:
        """The weighted mean or the sum over the members; without a value where one of them lacks its own."""
        how = aggregation(indicator)
        each = tuple((member, self.figure(indicator.indicator_id, member.area_id, year, sex)) for member in members)
        rows = [figure for _, figure in each if figure]
        if how == "none" or not rows:
            return None
        present = [
            row for row in rows
            if row.value is not None and row.numerator is not None and (how == "sum" or row.denominator is not None)
        ]  # fmt: skip
        top = total([row.numerator for row in rows if row.numerator is not None])
        bottom = total([row.denominator for row in rows if row.denominator is not None])
        value = None
        if len(present) == len(members):
            multiplied = product(indicator.multiplier or 1.0, (top,))
            value = multiplied if how == "sum" else quotient(multiplied, bottom)
        return Figure(indicator, group_id, year, sex, value, top, bottom, members=each)

    def _terms(self, indicator: Indicator, area_id: str, year: int, sex: str) -> Iterator[ValuedTerm]:
        """The terms of an indicator's formula with their numbers, in the order of the warehouse's."""
        formula = self._catalogue.quotient(indicator)
        place = (area_id, year, sex)
        if indicator.kind == "published":
            own = self._own(indicator, *place)
            yield _valued("value", 1.0, (own,))
            if is_plain(indicator):
                return
            weights = [(term.coefficient, self._measure(term.measures[0], *place)) for term in formula.denominator]
            for coefficient, weight in weights:
                yield _valued("numerator", coefficient, (own, weight))
            if not weights:
                yield _valued("numerator", 1.0, (own,))
            for coefficient, weight in weights:
                yield _valued("denominator", coefficient, (weight,))
        else:
            yield from self._of("numerator", formula.numerator, *place)
            yield from self._of("denominator", formula.denominator, *place)
        if indicator.coverage:
            yield _valued("covered", 1.0, (self._measure(indicator.coverage.measured, *place),))
            yield _valued("whole", 1.0, (self._measure(indicator.coverage.of, *place),))

    def _of(self, part: str, terms: Iterable[Term], area_id: str, year: int, sex: str) -> Iterator[ValuedTerm]:
        for term in terms:
            factors = tuple(self._measure(name, area_id, year, sex) for name in term.measures)
            yield _valued(part, term.coefficient, factors)

    def _own(self, indicator: Indicator, area_id: str, year: int, sex: str) -> Factor:
        dataset, series = str(indicator.dataset), str(indicator.series)
        return Factor(None, dataset, series, self._facts.of(dataset, series, area_id, year, sex))

    def _measure(self, measure_id: str, area_id: str, year: int, sex: str) -> Factor:
        measure = self._catalogue.measure_by_id[measure_id]
        fact = self._facts.of(measure.dataset, measure.series, area_id, year, sex)
        return Factor(measure_id, measure.dataset, measure.series, fact)

    def _deflator(self, indicator: Indicator, year: int) -> Deflator | None:
        basis = indicator.price_basis
        if basis is None or basis.index is None or basis.base_year is None:
            return None
        base, own = self._prices.of(basis.index, basis.base_year), self._prices.of(basis.index, year)
        is_one_issue = base is not None and own is not None and base.issue == own.issue
        factor = quotient(base.value, own.value) if is_one_issue and base and own else None
        return Deflator(base, own, factor)


def _valued(part: str, coefficient: float, factors: tuple[Factor, ...]) -> ValuedTerm:
    values = [factor.fact.value if factor.fact else None for factor in factors]
    return ValuedTerm(part, coefficient, factors, product(coefficient, values))


def _sum_of(terms: Iterable[ValuedTerm], part: str) -> float | None:
    return total([term.value for term in terms if term.part == part])


def _is_refused(indicator: Indicator, coverage: float | None, covered: float | None) -> bool:
    """Whether too few are covered for a value; a published one is kept unless nobody at all is covered."""
    declared = indicator.coverage
    if declared is None or (coverage or 0) >= declared.least:
        return False
    return declared.adjusts != "none" or covered == 0


def _share(indicator: Indicator, side: str, covered: float | None, whole: float | None) -> float | None:
    """What a side is divided by to speak of all; 1 where it does already."""
    declared = indicator.coverage
    if declared is None or declared.adjusts != side:
        return 1.0
    found = quotient(covered or None, whole)
    return 1.0 if found is None else min(1.0, found)


def _scaled(number: float | None, factor: float | None, share: float | None) -> float | None:
    return product(1.0, (quotient(number, share), factor))
