"""Declared panels: difference in differences and staggered starts, from figures to the methods and back to rows.

Belongs here: who is treated and compared, and the made-up treatments that decide. Does not belong here: regressions
(`panel.py`), growing sets (`regions.py`), judging (`permuted.py`), other designs (`studies.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from indicators.model.study import Difference, Staggered
from indicators.statistics import panel, permuted
from indicators.statistics.effect_rows import Frame, Measured, PlacebosAre, StudyRows, too_few_years
from indicators.statistics.effect_words import (
    COMPARED,
    LOWER_DOSE,
    Reason,
    counted_alike,
    counted_by_size,
    left_out,
    verdict,
)
from indicators.statistics.figures import Figures, Panel
from indicators.statistics.permuted import Contrasts, Permuted
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.regions import (
    FEWEST_OF_A_REGION,
    Ground,
    counties_at_random,
    parts_of,
    regions_at_random,
)


class Decided(NamedTuple):
    """What made-up treatments say, and what they are."""

    found: Permuted
    are: PlacebosAre


def difference(analysis: Difference, frame: Frame, figures: Figures, found: StudyRows) -> None:
    """Treated municipalities, or all by dose, against the others."""
    if analysis.dose_funding:
        found.refuse(frame, "dose_unknown")
        return
    everyone = figures.others([])
    treated = set(figures.municipalities(analysis.treated))
    if treated >= set(everyone):
        found.refuse(frame.of(None, treated=len(treated)), "all_treated_at_once")
        return
    apart = set(figures.municipalities(analysis.excluded)) - treated
    areas = [area for area in everyone if area not in apart]
    doses = {area: float(area in treated) for area in areas}
    if analysis.dose_indicator:
        doses = figures.mean_of_years(analysis.dose_indicator, analysis.dose_years)
    cut = figures.panel(frame.indicator, [area for area in areas if area in doses], frame.years)
    dose = np.array([doses[area] for area in cut.areas])
    is_dose = analysis.dose_indicator is not None
    n_treated = len(cut.areas) if is_dose else int(dose.sum())
    frame = frame.of(cut, treated=n_treated, compared=None if is_dose else len(cut.areas) - n_treated)
    without = sum(area not in doses for area in areas)
    if without:
        frame.warn(left_out(without, "dos"))
    reason = too_few_years(cut, frame, panel.FEWEST_BEFORE, 1) or _too_few_areas(n_treated, len(cut.areas) - n_treated)
    if is_dose and reason == "no_comparison_areas" and np.ptp(dose) > 0:
        reason = None
    sizes = _sizes(cut, frame, figures) if analysis.weighted else None
    if analysis.weighted and sizes is None:
        reason = reason or "size_unknown"
    decided = None
    if not reason:
        changes = permuted.changes_of(cut.values, cut.years >= frame.first_after)
        decided = (
            by_dose(cut, changes, dose, figures)
            if is_dose
            else by_region(cut, changes, [treated], areas, figures, sizes)
        )
    if decided is None:
        found.refuse(frame, reason or "no_comparison_areas")
        return
    study = panel.difference_in_differences(cut.values, dose, cut.years, frame.first_after, sizes)
    observed = None if is_dose else np.average(cut.values, axis=0, weights=dose if sizes is None else dose * sizes)
    if not is_dose:
        frame.warn(counted_alike(n_treated) if sizes is None else counted_by_size(n_treated))
    _tell(study, decided, frame, found, "effect_per_dose" if is_dose else "mean_effect", observed)


def _sizes(cut: Panel, frame: Frame, figures: Figures) -> Floats | None:
    """What areas weigh: by the years before, so that nothing that happened after changes it."""
    return figures.sizes(frame.indicator, cut.areas, cut.years[cut.years < frame.first_after].tolist())


def _too_few_areas(treated: int, others: int) -> Reason | None:
    if treated < panel.FEWEST_TREATED:
        return "too_few_treated"
    return "no_comparison_areas" if others < panel.FEWEST_OTHERS else None


def staggered(analysis: Staggered, frame: Frame, figures: Figures, found: StudyRows) -> None:
    """Groups that began in different years against those that never did."""
    began = {member: s.first_after for s in analysis.starts for member in figures.municipalities([s.area])}
    apart = set(figures.municipalities(analysis.excluded)) - set(began)
    areas = [area for area in figures.others([]) if area not in apart]
    cut = figures.panel(frame.indicator, areas, frame.years)
    starts = np.array([began.get(area, 0) for area in cut.areas], dtype=np.int64)
    treated = int((starts > 0).sum())
    frame = frame.of(cut, treated=treated, compared=len(cut.areas) - treated)
    reason = too_few_years(cut, frame, panel.FEWEST_BEFORE, 1) or _too_few_areas(treated, len(cut.areas) - treated)
    if reason:
        found.refuse(frame, reason)
        return
    study = panel.staggered_event_study(cut.values, starts, cut.years)
    cohorts = np.unique(starts[starts > 0])
    groups = [{area for area, start in began.items() if start == cohort} for cohort in cohorts.tolist()]
    changes = permuted.changes_by_start(cut.values, cohorts, cut.years)
    decided = by_region(cut, changes, groups, areas, figures)
    if decided is None:
        found.refuse(frame, "no_comparison_areas")
        return
    frame.warn(counted_alike(treated))
    if study.negative_weights > 0:
        frame.warn(
            f"Med tvåvägs fasta effekter skulle {100 * study.negative_weights:.0f} procent av de berörda åren vägas "
            "negativt; därför skattas varje start för sig."
        )
    _tell(study, decided, frame, found, "mean_effect", None, is_calendar=False)


def by_region(
    cut: Panel, changes: Floats, cohorts: Sequence[Collection[str]], areas: Sequence[str], figures: Figures,
    sizes: Floats | None = None,
) -> Decided | None:  # fmt: skip
    """The estimate among those of sets that lie as the treated do, none of them treated; None with too few sets.

    The sets are compared with what is left of the others, as the treated are with all of them. `sizes`: what each area
    weighs in its set; all alike when left out.
    """
    measured, began = frozenset(cut.areas), frozenset().union(*cohorts)
    parts = [
        (cohort, size)
        for cohort, members in enumerate(cohorts, start=1)
        for part in parts_of(members, figures.neighbours)
        if (size := sum(area in measured for area in part))
    ]
    numbers = [size for _, size in parts]
    ground = Ground(tuple(a for a in areas if a not in began), measured - began, figures.neighbours)
    which = ("regions", ground.areas, ground.measured, tuple(numbers))
    kinds = [figures.once(which, lambda: regions_at_random(ground, numbers, permuted.DRAWS))]
    are_regions = min(numbers) >= FEWEST_OF_A_REGION
    if are_regions:
        kinds.append(counties_at_random(ground, len(numbers)))
    if len(kinds[0]) + 1 < 1 / permuted.LEVEL:
        return None
    untreated = [place for place, area in enumerate(cut.areas) if area not in began]
    at = {cut.areas[place]: column for column, place in enumerate(untreated)}
    made_up = []
    for sets in filter(None, kinds):
        labels = np.zeros((len(sets), len(untreated)), dtype=np.int64)
        for row, drawn in zip(labels, sets, strict=True):
            for (cohort, _), part in zip(parts, drawn, strict=True):
                row[[at[area] for area in part]] = cohort
        made_up.append(permuted.contrasts(changes[:, untreated], labels, None if sizes is None else sizes[untreated]))
    label = {area: cohort for cohort, members in enumerate(cohorts, start=1) for area in members}
    own: Integers = np.array([[label.get(area, 0) for area in cut.areas]], dtype=np.int64)
    found = permuted.among(permuted.contrasts(changes, own, sizes), *made_up)
    return Decided(found, "regions" if are_regions else "scattered")


def by_dose(cut: Panel, changes: Floats, dose: Floats, figures: Figures) -> Decided:
    """The slope among those of doses that are spread over the map, or among counties, as the true one is."""
    at = {area: place for place, area in enumerate(cut.areas)}
    pairs = frozenset(
        (at[area], at[other]) for area in cut.areas for other in figures.neighbours.get(area, ()) if other in at
    )
    _, counties = np.unique([area[:2] for area in cut.areas], return_inverse=True)
    held = tuple(dose.tolist())
    kinds = (
        permuted.doses_at_random(held, pairs),
        permuted.county_doses_at_random(held, tuple(counties.tolist())),
    )
    own: Contrasts = permuted.slopes(changes[0], dose[None, :], counties)
    return Decided(permuted.among(own, *(permuted.slopes(changes[0], one, counties) for one in kinds)), "doses")


def _tell(
    study: panel.EventStudy, decided: Decided, frame: Frame, found: StudyRows, estimand: str, observed: Floats | None,
    *, is_calendar: bool = True,
) -> None:  # fmt: skip
    """The rows of an estimate: the made-up treatments decide, the model's error and p are told beside them."""
    p_before = study.p_of_trends_before
    met = None if p_before is None else p_before >= permuted.LEVEL
    mean, among = study.mean, decided.found
    significant = among.p_placebo < permuted.LEVEL
    frame = frame.with_fit(("p_trends_before", p_before), met)
    unit = f"{frame.unit} per enhet dos" if estimand == "effect_per_dose" else frame.unit
    measured = Measured(
        mean.estimate, mean.standard_error, (among.lower_95, among.upper_95), mean.p_value, among.p_placebo,
        among.rank, among.of_n, significant, decided.are, among.minimal_effect,
    )  # fmt: skip
    against = LOWER_DOSE if estimand == "effect_per_dose" else COMPARED
    found.estimate(frame, estimand, measured, verdict(mean.estimate, significant, met, against), unit)
    found.event_years(frame, study, observed, is_calendar=is_calendar)
