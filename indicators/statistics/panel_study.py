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
from indicators.statistics.adjusted import held_against_alike
from indicators.statistics.effect_rows import Frame, Measured, PlacebosAre, StudyRows, too_few_years
from indicators.statistics.effect_words import (
    COMPARED,
    LOWER_DOSE,
    Reason,
    counted_alike,
    counted_by_size,
    left_out,
    made_alike,
    verdict,
)
from indicators.statistics.figures import Figures, Panel
from indicators.statistics.permuted import Contrasts, Held, MadeUp, Permuted
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.regions import (
    FEWEST_OF_A_REGION,
    Ground,
    counties_at_random,
    parts_of,
    regions_at_random,
)
from indicators.statistics.sensitivity import sensitivity


class Decided(NamedTuple):
    """What made-up treatments say of the mean effect, what they are, and what they give year by year."""

    found: Permuted
    are: PlacebosAre
    made_up: MadeUp


class Changes(NamedTuple):
    """What each area's change would be with each cohort's start: on the whole, and year by year.

    `mean`: cohorts x m. `by_year`: k x cohorts x m, against the last year before, in the order of `since`: k, years
    since that year.
    """

    mean: Floats
    by_year: Floats
    since: Integers

    @classmethod
    def at_once(cls, values: Floats, years: Integers, first_after: int) -> Changes:
        """With one common year."""
        after = years >= first_after
        base = int(years[~after][-1])
        since = years[years != base] - base
        return cls(
            permuted.changes_of(values, after),
            permuted.changes_by_year(values, np.array([base]), years, since),
            since,
        )

    @classmethod
    def by_start(cls, values: Floats, cohorts: Integers, years: Integers) -> Changes:
        """With different starts, in the years since them that all starts have."""
        seen = set.intersection(*(set((years - cohort + 1).tolist()) for cohort in cohorts.tolist()))
        since = np.array(sorted(seen - {0}), dtype=np.int64)
        return cls(
            permuted.changes_by_start(values, cohorts, years),
            permuted.changes_by_year(values, cohorts - 1, years, since),
            since,
        )


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
        changes = Changes.at_once(cut.values, cut.years, frame.first_after)
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
    _tell(study, decided, changes.since, frame, found, "effect_per_dose" if is_dose else "mean_effect", observed)


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
    known = _covariates(analysis, figures)
    cut = figures.panel(frame.indicator, [area for area in areas if known is None or area in known], frame.years)
    starts = np.array([began.get(area, 0) for area in cut.areas], dtype=np.int64)
    treated = int((starts > 0).sum())
    frame = frame.of(cut, treated=treated, compared=len(cut.areas) - treated)
    without = 0 if known is None else sum(area not in known for area in areas)
    if without:
        frame.warn(left_out(without, "kovariat"))
    reason = too_few_years(cut, frame, panel.FEWEST_BEFORE, 1) or _too_few_areas(treated, len(cut.areas) - treated)
    if reason:
        found.refuse(frame, reason)
        return
    cohorts = np.unique(starts[starts > 0])
    changes = Changes.by_start(cut.values, cohorts, cut.years)
    covariates = None if known is None else np.array([known[area] for area in cut.areas])
    study = _event_study(cut, starts, cohorts, changes, covariates)
    groups = [{area for area, start in began.items() if start == cohort} for cohort in cohorts.tolist()]
    decided = None if study is None else by_region(cut, changes, groups, areas, figures, covariates=covariates)
    if study is None or decided is None:
        found.refuse(frame, "no_comparison_areas" if study else "nobody_alike")
        return
    frame.warn(counted_alike(treated))
    if analysis.covariates:
        frame.warn(made_alike(len(analysis.covariates)))
    if study.negative_weights > 0:
        frame.warn(
            f"Med tvåvägs fasta effekter skulle {100 * study.negative_weights:.0f} procent av de berörda åren vägas "
            "negativt; därför skattas varje start för sig."
        )
    _tell(study, decided, changes.since, frame, found, "mean_effect", None, is_calendar=False)


def _covariates(analysis: Staggered, figures: Figures) -> dict[str, list[float]] | None:
    """The covariates of the areas that have them all; None where none are declared."""
    if not analysis.covariates:
        return None
    tables = [figures.mean_of_years(name, analysis.covariate_years) for name in analysis.covariates]
    return {area: [table[area] for table in tables] for area in set.intersection(*(set(table) for table in tables))}


def _event_study(
    cut: Panel, starts: Integers, cohorts: Integers, changes: Changes, covariates: Floats | None
) -> panel.EventStudy | None:
    """The event study of real starts; None where the covariates tell those that began and the others apart wholly."""
    if covariates is None:
        return panel.staggered_event_study(cut.values, starts, cut.years)
    labels = np.where(starts > 0, 1 + np.searchsorted(cohorts, starts), 0)[None, :]
    adjusted = held_against_alike(labels, len(cohorts), covariates)
    if not adjusted.settled.all():
        return None
    return panel.adjusted_event_study(adjusted, changes.by_year, changes.since, starts, cut.years)


def by_region(
    cut: Panel, changes: Changes, cohorts: Sequence[Collection[str]], areas: Sequence[str], figures: Figures,
    sizes: Floats | None = None, covariates: Floats | None = None,
) -> Decided | None:  # fmt: skip
    """The estimate among those of sets that lie as the treated do, none of them treated; None with too few sets.

    The sets are compared with what is left of the others, as the treated are with all of them. `sizes`: what each area
    weighs in its set; all alike when left out. `covariates`: m x k, in which those compared are to be alike.
    """
    drawn = _sets(cut, cohorts, areas, figures)
    if drawn is None:
        return None
    kinds, are = drawn
    began = frozenset().union(*cohorts)
    untreated = np.array([place for place, area in enumerate(cut.areas) if area not in began])
    estimates, effects = [], []
    for labels in kinds:
        held, found = _compared(labels, changes.mean, sizes, covariates, untreated)
        estimates.append(found)
        effects.append(held.estimates(changes.by_year[:, :, untreated]))
    label = {area: cohort for cohort, members in enumerate(cohorts, start=1) for area in members}
    labels = np.array([[label.get(area, 0) for area in cut.areas]], dtype=np.int64)
    _, own = _compared(labels, changes.mean, sizes, covariates, np.arange(len(cut.areas)))
    return _decided(own, estimates, effects, are)


def _compared(
    labels: Integers, changes: Floats, sizes: Floats | None, covariates: Floats | None, places: Integers
) -> tuple[Held, Contrasts]:
    """Who is compared with whom among these places of the panel, and the estimates that follow."""
    changes = changes[:, places]
    if covariates is not None:
        adjusted = held_against_alike(labels, len(changes), covariates[places])
        return adjusted.held, adjusted.contrasts(changes)
    held = permuted.held_against_all(labels, len(changes), None if sizes is None else sizes[places])
    return held, permuted.contrasts(changes, held)


def _sets(
    cut: Panel, cohorts: Sequence[Collection[str]], areas: Sequence[str], figures: Figures
) -> tuple[list[Integers], PlacebosAre] | None:
    """Labels of made-up treatments (draws x those of the panel that never began) of each kind."""
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
    at = {area: column for column, area in enumerate(area for area in cut.areas if area not in began)}
    labelled = []
    for sets in filter(None, kinds):
        labels = np.zeros((len(sets), len(at)), dtype=np.int64)
        for row, drawn in zip(labels, sets, strict=True):
            for (cohort, _), part in zip(parts, drawn, strict=True):
                row[[at[area] for area in part]] = cohort
        labelled.append(labels)
    return labelled, "regions" if are_regions else "scattered"


def by_dose(cut: Panel, changes: Changes, dose: Floats, figures: Figures) -> Decided:
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
    own = permuted.slopes(changes.mean[0], dose[None, :], counties)
    estimates = [permuted.slopes(changes.mean[0], one, counties) for one in kinds]
    return _decided(own, estimates, [permuted.slopes_only(changes.by_year[:, 0], one) for one in kinds], "doses")


def _decided(own: Contrasts, estimates: list[Contrasts], effects: list[Floats], are: PlacebosAre) -> Decided:
    made_up = MadeUp(
        np.concatenate(effects), np.concatenate([one.spreads for one in estimates]),
        permuted.weights_of([len(one) for one in effects]), float(own.spreads[0]),
    )  # fmt: skip
    return Decided(permuted.among(own, *estimates), are, made_up)


def _tell(
    study: panel.EventStudy, decided: Decided, since: Integers, frame: Frame, found: StudyRows, estimand: str,
    observed: Floats | None, *, is_calendar: bool = True,
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
    effects = np.array([one.estimate for one in study.by_year])
    found.sensitivity(frame, unit, sensitivity(effects, since, decided.made_up.reach))
