"""Descriptive analyses: change within areas, and the same cost from each payer's perspective.

Belongs here: numbers that say what happened, and nothing about why. Does not belong here: any design with a
counterfactual (`studies.py`).
"""

from __future__ import annotations

import numpy as np

from indicators.model.study import PaidBy, PayerView
from indicators.statistics import panel
from indicators.statistics.effect_rows import Frame, Measured, StudyRows, too_few_years
from indicators.statistics.effect_words import counted_alike, described, payers_described
from indicators.statistics.figures import Figures, Panel


def before_after(frame: Frame, figures: Figures, found: StudyRows) -> None:
    """The mean change within municipalities, from the years before to the years after."""
    cut = figures.panel(frame.indicator, figures.municipalities([frame.area]), frame.years)
    frame = frame.of(cut, treated=len(cut.areas))
    reason = too_few_years(cut, frame, 1, 1)
    if reason:
        found.refuse(frame, reason)
        return
    change = panel.change_within(cut.values, (cut.years >= frame.first_after).astype(np.int64))
    measured = Measured(change.estimate)  # a single area gives no estimate of chance variation
    if len(cut.areas) > 1:
        limits = (change.lower_95, change.upper_95)
        measured = Measured(change.estimate, change.standard_error, limits, change.p_value)
        frame.warn(counted_alike(len(cut.areas)))
    found.estimate(frame, "mean_change", measured, described(change.estimate, *measured.limits))
    found.series(frame, cut.years, cut.values.mean(axis=0), None)


def payers(analysis: PayerView, frame: Frame, figures: Figures, found: StudyRows) -> None:
    """Each payer's change, and that of all of them together, over the years that all of them have."""
    if not all(paid.is_known for paid in analysis.payers):
        found.refuse(frame.of(None, treated=len(analysis.payers)), "payer_unknown")
        return
    named = [(name, paid.area) for paid in analysis.payers for name in (paid.indicator, paid.less) if name]
    shared = set.intersection(*(set(figures.panel(name, [area], frame.years).years.tolist()) for name, area in named))
    cuts = [_paid(paid, figures, sorted(shared)) for paid in analysis.payers]
    frame = frame.of(cuts[0], treated=len(cuts))
    reasons = [too_few_years(cut, frame, 1, 1) for cut in cuts]
    reason = next((r for r in reasons if r), None)
    if reason:
        found.refuse(frame, reason)
        return
    after = cuts[0].years >= frame.first_after
    changes = [float(cut.values[0][after].mean() - cut.values[0][~after].mean()) for cut in cuts]
    for paid, cut, change in zip(analysis.payers, cuts, changes, strict=True):
        one = frame.about(paid.cost, paid.area, figures.units.get(paid.indicator, ""))
        words = f"{paid.payer}: {described(change, None, None)}"
        found.estimate(one, "change_of_payer", Measured(change), words)
        found.series(one, cut.years, cut.values[0], None)
    found.estimate(frame, "change_of_all_payers", Measured(sum(changes)), payers_described(changes), one.unit)
    found.series(frame, cuts[0].years, np.sum([cut.values[0] for cut in cuts], axis=0), None)


def _paid(paid: PaidBy, figures: Figures, years: list[int]) -> Panel:
    whole = figures.panel(paid.indicator, [paid.area], years)
    if not paid.less or not whole.areas:
        return whole
    return whole._replace(values=whole.values - figures.panel(paid.less, [paid.area], years).values)
