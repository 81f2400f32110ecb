"""A declared synthetic control: its weights, placebos and rows.

Belongs here: from cases to the method and back to rows. Does not belong here: the method (`synthetic.py`), donors and
placebos (`synthetic_cases.py`), other designs (`studies.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.model.study import SyntheticControl
from indicators.statistics import synthetic as method
from indicators.statistics.effect_rows import LEVEL, Frame, Measured, Placebo, StudyRows, rank_of
from indicators.statistics.effect_words import early_difference, verdict
from indicators.statistics.figures import Figures
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.synthetic_cases import Case, Pool, placebos_are, placebos_of, prepared


class _Search(NamedTuple):
    """What an estimate is made of: the years, the treated case, the pool, the placebos, and which years lie before."""

    years: Integers
    own: Case
    pool: Pool
    placebos: list[Case]

    def until(self, first_after: int) -> int:
        return int((self.years < first_after).sum())


def synthetic(analysis: SyntheticControl, frame: Frame, figures: Figures, found: StudyRows) -> None:
    """One area or group against its synthetic self, with placebos in space and in time."""
    frame, ready = prepared(analysis, frame, figures, _with_predictors(analysis, figures))
    if isinstance(ready, str):
        found.refuse(frame, ready)
        return
    for first_after in (frame.first_after, analysis.placebo_year):
        pool = ready.pool._replace(
            predictors=_predictors(analysis, frame.indicator, figures, ready.pool.areas, first_after)
        )
        predictors = _predictors(analysis, frame.indicator, figures, (frame.area,), first_after)[:, 0]
        case = Case(frame.area, ready.outcomes, predictors, ready.nearest)
        placebos = placebos_of(analysis, frame, figures, ready.members, case, pool)
        search = _Search(ready.years, case, pool, placebos)
        if first_after == frame.first_after:
            real = (frame, search, ready.apart)
        else:
            in_time = search
    _tell(analysis, *real, in_time, figures, found)


class _Estimated(NamedTuple):
    control: method.Synthetic
    judged: method.Judged
    placebos: list[method.Synthetic]
    gap: float

    def case(self) -> Placebo:
        return self.judged.ratio, self.gap, self.control.rmspe_before

    def others(self, cases: list[Case], before: int) -> dict[str, Placebo]:
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


def _control(case: Case, pool: Pool, importance: Floats | None, before: int, until: int) -> method.Synthetic:
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
        placebos_are(figures.municipalities([frame.area]), figures), judged.minimal_effect,
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
        frame.warn(early_difference(analysis.placebo_year, p_value))
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
