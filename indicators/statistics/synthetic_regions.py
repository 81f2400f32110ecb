"""Synthetic difference in differences and augmented synthetic control, judged by made-up regions.

Belongs here: from cases to the two methods and back to rows. Does not belong here: the methods (`synthetic_did.py`,
`augmented.py`), donors and made-up regions (`synthetic_cases.py`), judging (`permuted.py`).

The statistic is the mean gap after through the spread of the gaps before; where augmented, through that of years left
out, for a regression meets the years that it has seen too well. A group is held against groups that lie and
weigh as it does and, where it is a region, against whole counties as well; each kind weighs the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.model.study import AugmentedControl, OfOneBlock, SyntheticDifference
from indicators.statistics import permuted
from indicators.statistics.augmented import augmented_synthetic_control
from indicators.statistics.effect_rows import LEVEL, Frame, Measured, Placebo, StudyRows
from indicators.statistics.effect_words import early_difference, verdict
from indicators.statistics.figures import Figures
from indicators.statistics.permuted import Contrasts, Permuted
from indicators.statistics.prewhitened import Floats
from indicators.statistics.synthetic import FEWEST_BEFORE
from indicators.statistics.synthetic_cases import (
    Case,
    Pool,
    Prepared,
    counties_of,
    effective_number,
    placebos_are,
    placebos_of,
    prepared,
)
from indicators.statistics.synthetic_did import synthetic_did


class _Gaps(NamedTuple):
    """What a method gives of a case: gaps of every year, weights of donors, and of years where the method has them."""

    gaps: Floats
    weights: Floats
    year_weights: Floats | None
    fit: float
    spread: float

    def mean_after(self, before: int) -> float:
        return float(self.gaps[before:].mean())


class _Judged(NamedTuple):
    own: _Gaps
    kinds: tuple[list[_Gaps], ...]
    among: Permuted


def against_regions(
    analysis: SyntheticDifference | AugmentedControl, frame: Frame, figures: Figures, found: StudyRows
) -> None:
    """One area or group against its weighted donors, among made-up ones, and the same with a made-up year."""
    frame, ready = prepared(analysis, frame, figures)
    if isinstance(ready, str):
        found.refuse(frame, ready)
        return
    own = Case(
        frame.area, ready.outcomes, np.empty(0), ready.nearest,
        effective_number(analysis, frame, figures, ready.members),
    )  # fmt: skip
    kinds = _kinds(analysis, frame, figures, ready, own)
    if len(kinds[0]) + 1 < 1 / LEVEL:
        found.refuse(frame, "no_comparison_areas")
        return
    before, level = int((ready.years < frame.first_after).sum()), float(np.abs(ready.outcomes).mean())
    judged = _judge(analysis, own, kinds, ready.pool, before, len(ready.years))
    percent = 100 * judged.own.fit / level
    frame = frame.with_fit(("rmspe_before_percent", percent), None)
    donors = [(float(ready.apart[place]), ready.pool.areas[place]) for place in own.donors.tolist()]
    found.donors(frame, donors, judged.own.weights)
    found.series(
        frame, ready.years, own.outcomes, own.outcomes - judged.own.gaps, _reach(judged), judged.own.year_weights
    )
    if percent > analysis.poorest_fit_percent:
        found.refuse(frame, "poor_fit_before")
        return
    p_time = _placebo_in_time(analysis, frame, ready, own, kinds)
    _tell(frame, judged, kinds, before, None if p_time is None else p_time >= LEVEL, ready, figures, found)


def _kinds(analysis: OfOneBlock, frame: Frame, figures: Figures, ready: Prepared, own: Case) -> tuple[list[Case], ...]:
    drawn = placebos_of(analysis, frame, figures, ready.members, own, ready.pool)
    counties = []
    if placebos_are(ready.members, figures) == "regions":
        counties = counties_of(analysis, frame, figures, ready)
    return tuple(filter(None, (drawn, counties))) or ([],)


def _judge(
    analysis: OfOneBlock, own: Case, kinds: tuple[list[Case], ...], pool: Pool, before: int, until: int
) -> _Judged:
    """The first `until` years, `before` of them before."""
    real, *made_up = ([_gaps(analysis, case, pool, before, until) for case in cases] for cases in ([own], *kinds))
    among = permuted.among(_contrasts(real, before), *(_contrasts(one, before) for one in made_up))
    return _Judged(real[0], tuple(made_up), among)


def _contrasts(found: list[_Gaps], before: int) -> Contrasts:
    return Contrasts(np.array([one.mean_after(before) for one in found]), np.array([one.spread for one in found]))


def _gaps(analysis: OfOneBlock, case: Case, pool: Pool, before: int, until: int) -> _Gaps:
    outcomes, donors = case.outcomes[:until], pool.outcomes[:until, case.donors]
    if isinstance(analysis, AugmentedControl):
        control = augmented_synthetic_control(outcomes, donors, before)
        return _Gaps(control.gaps, control.weights, None, control.rmspe_before, control.error_left_out)
    found = synthetic_did(outcomes, donors, before, case.effective)
    spread = float(found.gaps[:before].std())
    return _Gaps(found.gaps, found.weights, found.year_weights, spread, spread)


def _reach(judged: _Judged) -> Floats:
    """For each year, how far a gap may lie from 0 by the same test of that year alone."""
    kinds = [np.stack([one.gaps / max(one.spread, permuted.LEAST) for one in made_up]) for made_up in judged.kinds]
    weights = permuted.weights_of([len(one) for one in kinds])
    far = np.abs(np.concatenate(kinds))
    limits = [permuted.greatest_not_significant(far[:, year], weights) for year in range(far.shape[1])]
    return np.array(limits) * judged.own.spread


def _placebo_in_time(
    analysis: OfOneBlock, frame: Frame, ready: Prepared, own: Case, kinds: tuple[list[Case], ...]
) -> float | None:
    """The same with a made-up year, over the years before only; p, or None when too few years lie before it."""
    before = int((ready.years < analysis.placebo_year).sum())
    until = int((ready.years < frame.first_after).sum())
    if before < FEWEST_BEFORE or before == until:
        return None
    p_value = _judge(analysis, own, kinds, ready.pool, before, until).among.p_placebo
    if p_value < LEVEL:
        frame.warn(early_difference(analysis.placebo_year, p_value))
    return p_value


def _tell(
    frame: Frame, judged: _Judged, kinds: tuple[list[Case], ...], before: int, met: bool | None, ready: Prepared,
    figures: Figures, found: StudyRows,
) -> None:  # fmt: skip
    among, estimate = judged.among, judged.own.mean_after(before)
    significant = among.p_placebo < LEVEL
    measured = Measured(
        estimate, None, (among.lower_95, among.upper_95), None, among.p_placebo, among.rank, among.of_n, significant,
        placebos_are(ready.members, figures), among.minimal_effect,
    )  # fmt: skip
    frame = frame.with_fit(frame.fit, met)
    found.estimate(frame, "mean_gap", measured, verdict(estimate, significant, met))
    others = {
        case.area: _placebo(one, before)
        for cases, made_up in zip(kinds, judged.kinds, strict=True)
        for case, one in zip(cases, made_up, strict=True)
    }
    found.placebos(frame, _placebo(judged.own, before), others)


def _placebo(one: _Gaps, before: int) -> Placebo:
    return one.mean_after(before) / max(one.spread, permuted.LEAST), one.mean_after(before), one.fit
