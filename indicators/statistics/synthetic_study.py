"""A declared synthetic control: its donors, weights, placebos and rows.

Belongs here: from figures to the method and back to rows. Does not belong here: the method (`synthetic.py`), other
designs (`effects.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from indicators.statistics import synthetic as method
from indicators.statistics.effect_rows import LEVEL, Found, Frame, Measured, Placebo, rank_of, too_few_years
from indicators.statistics.effect_words import verdict
from indicators.statistics.figures import Figures
from indicators.statistics.kendall import Floats, Integers
from indicators.study_model import SyntheticControl


class _Case(NamedTuple):
    """An area and its donors: years t, outcomes t and t x n, predictors k and k x n (None: outcomes alone)."""

    years: Integers
    own: Floats
    donors: Floats
    areas: list[str]
    predictors: tuple[Floats, Floats] | None


class _Estimated(NamedTuple):
    control: method.Synthetic
    judged: method.Judged
    placebos: list[method.Synthetic]
    gap: float

    def case(self) -> Placebo:
        return self.judged.ratio, self.gap, self.control.rmspe_before

    def others(self, areas: list[str], before: int) -> dict[str, Placebo]:
        return {
            area: (float(ratio), float(placebo.gaps[before:].mean()), placebo.rmspe_before)
            for area, ratio, placebo in zip(areas, self.judged.placebo_ratios, self.placebos, strict=True)
        }


def synthetic(analysis: SyntheticControl, frame: Frame, figures: Figures, found: Found) -> None:
    """One area against its synthetic self, with placebos in space and in time."""
    own = figures.panel(frame.indicator, [frame.area], frame.years)
    frame = frame.of(own, treated=len(figures.municipalities([frame.area])))
    reason = too_few_years(own, frame, method.FEWEST_BEFORE, 1)
    if reason:
        found.refuse(frame, reason)
        return
    others = figures.others([*analysis.treated, *analysis.excluded])
    whole = figures.panel(frame.indicator, others, own.years.tolist())
    usable = set(whole.areas) if whole.years.tolist() == own.years.tolist() else set()
    usable &= _with_predictors(analysis, figures, others)
    near = figures.distances(frame.area, [o for o in others if o in usable], analysis.alike_in)[: analysis.donors]
    frame = frame.of(own, treated=frame.treated, compared=len(near))
    if not _with_predictors(analysis, figures, (frame.area,)):
        found.refuse(frame, "no_values")
        return
    if len(near) < method.FEWEST_DONORS:
        found.refuse(frame, "no_comparison_areas")
        return
    areas = [area for _, area in near]
    donors = whole.values[[whole.areas.index(area) for area in areas]].T
    _tell(analysis, frame, figures, found, near, own.years, own.values[0], donors)


def _tell(
    analysis: SyntheticControl, frame: Frame, figures: Figures, found: Found, near: list[tuple[float, str]],
    years: Integers, own: Floats, donors: Floats,
) -> None:  # fmt: skip
    areas, before = [area for _, area in near], int((years < frame.first_after).sum())
    predictors = _predictors(analysis, frame, figures, areas, frame.first_after)
    estimated = _estimate(_Case(years, own, donors, areas, predictors), frame.first_after)
    control, judged = estimated.control, estimated.judged
    percent = float(100 * control.rmspe_before / np.abs(own[:before]).mean())
    frame = frame.with_fit(("rmspe_before_percent", percent), None)
    found.donors(frame, near, control.weights)
    found.series(frame, years, own, own - control.gaps, judged.reach)
    if percent > analysis.poorest_fit_percent:
        found.refuse(frame, "poor_fit_before")
        return
    p_time = _placebo_in_time(analysis, frame, figures, found, _Case(years, own, donors, areas, None))
    met = None if p_time is None else p_time >= LEVEL
    significant = judged.p_value < LEVEL
    measured = Measured(
        estimated.gap, None, (judged.lower_95, judged.upper_95), judged.p_value, judged.p_value,
        rank_of(judged.ratio, judged.placebo_ratios.tolist()), 1 + len(areas), significant,
    )  # fmt: skip
    frame = frame.with_fit(frame.fit, met)
    found.estimate(frame, "mean_gap", measured, verdict(estimated.gap, significant, met))
    found.placebos(frame, estimated.case(), estimated.others(areas, before))


def _placebo_in_time(
    analysis: SyntheticControl, frame: Frame, figures: Figures, found: Found, case: _Case
) -> float | None:
    """The same with a made-up year, over the years before only; p, or None when too few years lie before it."""
    early = case.years < frame.first_after
    before = int((case.years < analysis.placebo_year).sum())
    if before < method.FEWEST_BEFORE or before == int(early.sum()):
        return None
    predictors = _predictors(analysis, frame, figures, case.areas, analysis.placebo_year)
    cut = _Case(case.years[early], case.own[early], case.donors[early], case.areas, predictors)
    estimated = _estimate(cut, analysis.placebo_year)
    others = estimated.others(case.areas, before)
    found.placebos(frame, estimated.case(), others, in_time=analysis.placebo_year)
    p_value = estimated.judged.p_value
    if p_value < LEVEL:
        frame.warn(f"Redan ett påhittat år ({analysis.placebo_year}) ger en skillnad (p {p_value:.2f}).")
    return p_value


def _estimate(case: _Case, first_after: int) -> _Estimated:
    before = int((case.years < first_after).sum())
    weights, weigh = _weights(case, before)
    control = method.synthetic_control(case.own, case.donors, before, weights)
    placebos = method.placebos_in_space(case.donors, before, weigh)
    judged = method.judge(control, placebos, before)
    return _Estimated(control, judged, placebos, float(control.gaps[before:].mean()))


def _weights(case: _Case, before: int) -> tuple[Floats | None, Callable[[int], Floats] | None]:
    """The donors' weights, and those of each placebo; None where outcomes alone decide.

    How much each predictor counts is searched for once, for the area itself, and holds for its placebos too.
    """
    if case.predictors is None:
        return None, None
    own, donors = method.scaled(*case.predictors)
    importance = method.importance_of_predictors(own, donors, case.own[:before], case.donors[:before])
    places = np.arange(donors.shape[1])

    def of_placebo(place: int) -> Floats:
        return method.donor_weights(donors[:, place], donors[:, places != place], importance)

    return method.donor_weights(own, donors, importance), of_placebo


def _predictors(
    analysis: SyntheticControl, frame: Frame, figures: Figures, areas: list[str], until: int
) -> tuple[Floats, Floats] | None:
    """The predictors of the area (k) and of its donors (k x n), from the years before `until`."""
    if not analysis.predictors:
        return None
    years = range(analysis.first_year, until)
    tables = [figures.mean_of_years(name, years) for name in analysis.predictors]
    tables += [figures.mean_of_years(frame.indicator, [year]) for year in analysis.outcome_years]
    everyone = np.array([[table[area] for area in (frame.area, *areas)] for table in tables])
    return everyone[:, 0], everyone[:, 1:]


def _with_predictors(analysis: SyntheticControl, figures: Figures, areas: tuple[str, ...]) -> set[str]:
    """The areas that have every predictor, in half of the years before the placebo's year at least."""
    kept = set(areas)
    for name in analysis.predictors:
        for until in (analysis.placebo_year, analysis.first_after):
            kept &= set(figures.mean_of_years(name, range(analysis.first_year, until)))
    return kept
