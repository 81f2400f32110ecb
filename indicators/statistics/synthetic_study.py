"""A declared synthetic control: its donors, weights, placebos and rows.

Belongs here: from figures to the method and back to rows. Does not belong here: the method (`synthetic.py`), other
designs (`studies.py`).

The placebos of a single municipality are its donors. Those of a group are groups of as many municipalities, drawn at
random from all that it may be compared with and weighted as its own members are: the sum of many is smoother than any
one of them, is met more closely before, and would beat single placebos far too often (in 41 to 50 of 100 draws where
nothing happened to ten or thirteen). They lie as the group's own do, together or scattered, for a region's
municipalities share shocks that scattered ones do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.model.study import SyntheticControl
from indicators.statistics import synthetic as method
from indicators.statistics.effect_rows import (
    LEVEL,
    Frame,
    Measured,
    Placebo,
    PlacebosAre,
    StudyRows,
    rank_of,
    too_few_years,
)
from indicators.statistics.effect_words import verdict
from indicators.statistics.figures import Figures
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.regions import FEWEST_OF_A_REGION, Ground, parts_of, regions_at_random

GROUPS, _SEED = 199, 20200101


class _Pool(NamedTuple):
    """All that may be compared with: n areas, outcomes t x n, predictors k x n (k may be 0)."""

    areas: tuple[str, ...]
    outcomes: Floats
    predictors: Floats


class _Case(NamedTuple):
    """An area or group, real or made up: outcomes t, predictors k, and the places of its donors in the pool."""

    area: str
    outcomes: Floats
    predictors: Floats
    donors: Integers


class _Search(NamedTuple):
    """What an estimate is made of: the years, the treated case, the pool, the placebos, and which years lie before."""

    years: Integers
    own: _Case
    pool: _Pool
    placebos: list[_Case]

    def until(self, first_after: int) -> int:
        return int((self.years < first_after).sum())


def synthetic(analysis: SyntheticControl, frame: Frame, figures: Figures, found: StudyRows) -> None:
    """One area or group against its synthetic self, with placebos in space and in time."""
    own = figures.panel(frame.indicator, [frame.area], frame.years)
    members = figures.municipalities([frame.area])
    frame = frame.of(own, treated=len(members))
    reason = too_few_years(own, frame, method.FEWEST_BEFORE, 1)
    if reason:
        found.refuse(frame, reason)
        return
    structure = figures.structure(analysis.alike_in)
    others = figures.others([*analysis.treated, *analysis.excluded])
    whole = figures.panel(frame.indicator, [o for o in others if o in structure.areas], own.years.tolist())
    known = _with_predictors(analysis, figures)
    usable = [place for place, area in enumerate(whole.areas) if known is None or area in known]
    frame = frame.of(own, treated=len(members), compared=min(len(usable), analysis.donors))
    if known is not None and frame.area not in known:
        found.refuse(frame, "no_values")
        return
    same_years = whole.years.tolist() == own.years.tolist()
    if not same_years or len(usable) < method.FEWEST_DONORS or not set(members) <= set(structure.areas):
        found.refuse(frame, "no_comparison_areas")
        return
    areas = tuple(whole.areas[place] for place in usable)
    values = whole.values[usable].T
    for first_after in (frame.first_after, analysis.placebo_year):
        pool = _Pool(areas, values, _predictors(analysis, frame.indicator, figures, areas, first_after))
        predictors = _predictors(analysis, frame.indicator, figures, (frame.area,), first_after)[:, 0]
        apart = structure.distances(members, areas)
        case = _Case(frame.area, own.values[0], predictors, np.argsort(apart, kind="stable")[: analysis.donors])
        placebos = _placebos(analysis, frame, figures, members, case, pool)
        search = _Search(own.years, case, pool, placebos)
        if first_after == frame.first_after:
            real = (frame, search, apart)
        else:
            in_time = search
    _tell(analysis, *real, in_time, figures, found)


def _placebos(
    analysis: SyntheticControl, frame: Frame, figures: Figures, members: tuple[str, ...], own: _Case, pool: _Pool
) -> list[_Case]:
    if len(members) == 1:
        return [
            _Case(pool.areas[d], pool.outcomes[:, d], pool.predictors[:, d], own.donors[own.donors != d])
            for d in own.donors.tolist()
        ]
    shares = figures.shares(frame.indicator, members, analysis.alike_in)
    if shares is None:
        frame.warn("Kommunernas vikter i gruppen är inte kända; påhittade grupper vägs lika.")
        shares = np.full(len(members), 1 / len(members))
    structure, chance = figures.structure(analysis.alike_in), np.random.default_rng(_SEED)
    areas = figures.others([*analysis.treated, *analysis.excluded])
    sizes = [len(part) for part in parts_of(members, figures.neighbours)]
    ground = Ground(areas, frozenset(pool.areas), figures.neighbours)
    groups: dict[frozenset[str], tuple[str, ...]] = {}  # each set once: regions grown in different ways may be the same
    for parts in regions_at_random(ground, sizes, 4 * GROUPS):
        group = tuple(area for part in parts for area in part)
        groups.setdefault(frozenset(group), group)
    at = {area: place for place, area in enumerate(pool.areas)}
    cases = []
    enough = len(pool.areas) >= len(members) + method.FEWEST_DONORS
    for group in list(groups.values())[:GROUPS] if enough else ():
        drawn = chance.permutation([at[area] for area in group])  # who weighs what is chance, too
        names = [pool.areas[place] for place in drawn.tolist()]
        left = np.setdiff1d(np.arange(len(pool.areas)), drawn)
        apart = structure.distances(names, [pool.areas[place] for place in left.tolist()])
        donors = left[np.argsort(apart, kind="stable")[: analysis.donors]]
        name = ", ".join(sorted(names))
        cases.append(_Case(name, pool.outcomes[:, drawn] @ shares, pool.predictors[:, drawn] @ shares, donors))
    return cases


def _placebos_are(members: tuple[str, ...], figures: Figures) -> PlacebosAre:
    if len(members) == 1:
        return "areas"
    smallest = parts_of(members, figures.neighbours)[-1]
    return "regions" if len(smallest) >= FEWEST_OF_A_REGION else "scattered"


class _Estimated(NamedTuple):
    control: method.Synthetic
    judged: method.Judged
    placebos: list[method.Synthetic]
    gap: float

    def case(self) -> Placebo:
        return self.judged.ratio, self.gap, self.control.rmspe_before

    def others(self, cases: list[_Case], before: int) -> dict[str, Placebo]:
        return {
            case.area: (float(ratio), float(placebo.gaps[before:].mean()), placebo.rmspe_before)
            for case, ratio, placebo in zip(cases, self.judged.placebo_ratios, self.placebos, strict=True)
        }


def _estimate(search: _Search, before: int, until: int) -> _Estimated:
    """The gap of the first `until` years, `before` of them before."""
    importance = None
    if len(search.own.predictors):
        # How much each predictor counts is searched for once, for the case itself, and holds for its placebos too.
        donors, outcomes = (
            search.pool.predictors[:, search.own.donors],
            search.pool.outcomes[:before, search.own.donors],
        )
        own, others = method.scaled(search.own.predictors, donors)
        importance = method.importance_of_predictors(own, others, search.own.outcomes[:before], outcomes)
    control, *placebos = [
        _control(case, search.pool, importance, before, until) for case in (search.own, *search.placebos)
    ]
    judged = method.judge(control, placebos, before)
    return _Estimated(control, judged, placebos, float(control.gaps[before:].mean()))


def _control(case: _Case, pool: _Pool, importance: Floats | None, before: int, until: int) -> method.Synthetic:
    weights = None
    if importance is not None:
        weights = method.donor_weights(*method.scaled(case.predictors, pool.predictors[:, case.donors]), importance)
    return method.synthetic_control(case.outcomes[:until], pool.outcomes[:until, case.donors], before, weights)


def _tell(
    analysis: SyntheticControl, frame: Frame, search: _Search, apart: Floats, in_time: _Search, figures: Figures,
    found: StudyRows,
) -> None:  # fmt: skip
    if len(search.placebos) + 1 < 1 / LEVEL:
        found.refuse(frame, "no_comparison_areas")
        return
    before = search.until(frame.first_after)
    estimated = _estimate(search, before, len(search.years))
    control, judged, own = estimated.control, estimated.judged, search.own.outcomes
    percent = float(100 * control.rmspe_before / np.abs(own[:before]).mean())
    frame = frame.with_fit(("rmspe_before_percent", percent), None)
    near = [(float(apart[place]), search.pool.areas[place]) for place in search.own.donors.tolist()]
    found.donors(frame, near, control.weights)
    found.series(frame, search.years, own, own - control.gaps, judged.reach)
    if percent > analysis.poorest_fit_percent:
        found.refuse(frame, "poor_fit_before")
        return
    p_time = _placebo_in_time(analysis, frame, in_time, found)
    met = None if p_time is None else p_time >= LEVEL
    significant = judged.p_value < LEVEL
    measured = Measured(
        estimated.gap, None, (judged.lower_95, judged.upper_95), judged.p_value, judged.p_value,
        rank_of(judged.ratio, judged.placebo_ratios.tolist()), 1 + len(search.placebos), significant,
        _placebos_are(figures.municipalities([frame.area]), figures), judged.minimal_effect,
    )  # fmt: skip
    frame = frame.with_fit(frame.fit, met)
    found.estimate(frame, "mean_gap", measured, verdict(estimated.gap, significant, met))
    found.placebos(frame, estimated.case(), estimated.others(search.placebos, before))


def _placebo_in_time(analysis: SyntheticControl, frame: Frame, search: _Search, found: StudyRows) -> float | None:
    """The same with a made-up year, over the years before only; p, or None when too few years lie before it."""
    before, until = search.until(analysis.placebo_year), search.until(frame.first_after)
    if before < method.FEWEST_BEFORE or before == until:
        return None
    estimated = _estimate(search, before, until)
    others = estimated.others(search.placebos, before)
    found.placebos(frame, estimated.case(), others, in_time=analysis.placebo_year)
    p_value = estimated.judged.p_value
    if p_value < LEVEL:
        told = f"{p_value:.2f}".replace(".", ",")
        frame.warn(f"Redan ett påhittat år ({analysis.placebo_year}) ger en skillnad (p {told}).")
    return p_value


def _predictors(
    analysis: SyntheticControl, indicator: str, figures: Figures, areas: tuple[str, ...], until: int
) -> Floats:
    """The predictors of these areas (k x n), from the years before `until`; without any, 0 x n."""
    years = range(analysis.first_year, until)
    tables = [figures.mean_of_years(name, years) for name in analysis.predictors]
    tables += [figures.mean_of_years(indicator, [year]) for year in analysis.outcome_years]
    return np.array([[table[area] for area in areas] for table in tables]).reshape(len(tables), len(areas))


def _with_predictors(analysis: SyntheticControl, figures: Figures) -> set[str] | None:
    """The areas that have every predictor, in half of the years before either year; None without predictors."""
    found = [
        set(figures.mean_of_years(name, range(analysis.first_year, until)))
        for name in analysis.predictors
        for until in (analysis.placebo_year, analysis.first_after)
    ]
    return set.intersection(*found) if found else None
