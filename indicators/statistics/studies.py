"""Studies of effects: from a declared study and the warehouse's figures to estimates with honest limits.

Belongs here: the method of a declared analysis, when a design cannot support an estimate, and the resulting rows. Does
not belong here: the methods (`interrupted.py`, `panel.py`, `synthetic.py`, `descriptive.py`), texts
(`effect_words.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from indicators.model.study import (
    AnyAnalysis,
    BeforeAfter,
    Difference,
    InterruptedSeries,
    PayerView,
    Staggered,
    Study,
    SyntheticControl,
    indicators_of,
)
from indicators.statistics import interrupted, panel
from indicators.statistics.descriptive import before_after, payers
from indicators.statistics.effect_rows import LEVEL, Frame, Measured, StudyRows, rank_of, too_few_years
from indicators.statistics.effect_words import (
    COMPARED,
    LOWER_DOSE,
    TREND,
    Reason,
    counted_alike,
    left_out,
    verdict,
)
from indicators.statistics.figures import NATION, Figures
from indicators.statistics.prewhitened import Floats
from indicators.statistics.synthetic_study import synthetic


def run_study(study: Study, figures: Figures) -> StudyRows:
    """All rows of one study; the same figures give the same rows.

    Returns:
        Rows of the tables of `tables.effects.EFFECT_TABLES`.
    """
    found = StudyRows()
    for analysis in study.analyses:
        for frame in _frames(study, analysis, figures):
            _run(analysis, frame, figures, found)
    found.compare_designs()
    return found


def _frames(study: Study, analysis: AnyAnalysis, figures: Figures) -> Iterator[Frame]:
    """One for each indicator and area that the analysis is about."""
    for indicator, area in _cases(analysis, figures):
        yield Frame(study.study_id, analysis, indicator, area, figures.units.get(indicator, ""))


def _cases(analysis: AnyAnalysis, figures: Figures) -> list[tuple[str, str]]:
    match analysis:
        case PayerView():
            return [
                (
                    ", ".join(dict.fromkeys(paid.cost for paid in analysis.payers)),
                    ", ".join(dict.fromkeys(paid.area for paid in analysis.payers)),
                )
            ]
        case Staggered():
            areas = [", ".join(start.area for start in analysis.starts)]
        case Difference():
            areas = [", ".join(analysis.treated) or NATION]
        case SyntheticControl():
            members = figures.municipalities(analysis.treated) if analysis.each_member else ()
            areas = [*analysis.treated, *(m for m in members if m not in analysis.treated)]
        case _:
            areas = list(analysis.areas)
    return [(indicator, area) for indicator in analysis.indicators for area in areas]


def _run(analysis: AnyAnalysis, frame: Frame, figures: Figures, found: StudyRows) -> None:
    window = (analysis.first_year, analysis.last_year)
    outcomes = indicators_of(analysis) if isinstance(analysis, PayerView) else (frame.indicator,)
    if any(figures.has_break(name, *window) for name in outcomes):
        found.refuse(frame, "break_in_window")
        return
    match analysis:
        case InterruptedSeries():
            _interrupted(analysis, frame, figures, found)
        case Difference():
            _difference(analysis, frame, figures, found)
        case Staggered():
            _staggered(analysis, frame, figures, found)
        case SyntheticControl():
            synthetic(analysis, frame, figures, found)
        case PayerView():
            payers(analysis, frame, figures, found)
        case BeforeAfter():
            before_after(frame, figures, found)


def _significant(p_value: float, p_placebo: float | None) -> bool:
    return p_value < LEVEL and (p_placebo is None or p_placebo < LEVEL)


def _interrupted(analysis: InterruptedSeries, frame: Frame, figures: Figures, found: StudyRows) -> None:
    cut = figures.panel(frame.indicator, [frame.area], frame.years)
    frame = frame.of(cut, treated=len(cut.areas))
    reason = too_few_years(cut, frame, interrupted.FEWEST_BEFORE, interrupted.FEWEST_AFTER)
    if reason:
        found.refuse(frame, reason)
        return
    own = interrupted.interrupted_series(cut.years, cut.values[0], frame.first_after)
    others = figures.others([frame.area, *analysis.excluded]) if analysis.against_others else ()
    placebos: dict[str, interrupted.Interrupted] = {}
    if others:
        everyone = _interrupted_everywhere(figures, frame.indicator, tuple(cut.years.tolist()), frame.first_after)
        placebos = {area: everyone[area] for area in others if area in everyone}
    frame = frame.of(cut, treated=1, compared=len(placebos), fit=("r_squared", own.r_squared))
    for name, change in (("level_change", own.level), ("slope_change", own.slope)):
        changes = {area: getattr(other, name.split("_")[0]) for area, other in placebos.items()}
        statistics = {area: abs(_statistic(c)) for area, c in changes.items()}
        rank = rank_of(abs(_statistic(change)), list(statistics.values())) if placebos else None
        p_placebo = rank / (1 + len(placebos)) if rank else None
        measured = Measured(
            change.estimate, change.standard_error, (change.lower_95, change.upper_95), change.p_value, p_placebo, rank,
            1 + len(placebos) if rank else None, _significant(change.p_value, p_placebo),
        )  # fmt: skip
        unit = f"{frame.unit} per år" if name == "slope_change" else frame.unit
        words = verdict(change.estimate, bool(measured.is_significant), None, TREND)
        found.estimate(frame, name, measured, words, unit)
    found.series(frame, cut.years, cut.values[0], own.counterfactual)
    ranked = {area: (_statistic(other.level), other.level.estimate, None) for area, other in placebos.items()}
    found.placebos(frame, (_statistic(own.level), own.level.estimate, None), ranked)


def _interrupted_everywhere(
    figures: Figures, indicator: str, years: tuple[int, ...], first_after: int
) -> dict[str, interrupted.Interrupted]:
    """The same regression of every municipality that was measured in all of the years; computed once."""

    def make() -> dict[str, interrupted.Interrupted]:
        cut = figures.panel(indicator, figures.others([]), years)
        if tuple(cut.years.tolist()) != years:
            return {}
        rows = zip(cut.areas, cut.values, strict=True)
        return {area: interrupted.interrupted_series(cut.years, values, first_after) for area, values in rows}

    return figures.once(("interrupted", indicator, years, first_after), make)


def _statistic(change: interrupted.Change) -> float:
    return change.estimate / change.standard_error if change.standard_error > 0 else 0.0


def _difference(analysis: Difference, frame: Frame, figures: Figures, found: StudyRows) -> None:
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
    by_dose = analysis.dose_indicator is not None
    n_treated = len(cut.areas) if by_dose else int(dose.sum())
    frame = frame.of(cut, treated=n_treated, compared=None if by_dose else len(cut.areas) - n_treated)
    without = sum(area not in doses for area in areas)
    if without:
        frame.warn(left_out(without, "dos"))
    reason = too_few_years(cut, frame, panel.FEWEST_BEFORE, 1) or _too_few_areas(n_treated, len(cut.areas) - n_treated)
    if by_dose and reason == "no_comparison_areas" and np.ptp(dose) > 0:
        reason = None
    if reason:
        found.refuse(frame, reason)
        return
    study = panel.difference_in_differences(cut.values, dose, cut.years, frame.first_after)
    observed = None if by_dose else cut.values[dose == 1].mean(axis=0)
    if not by_dose:
        frame.warn(counted_alike(n_treated))
    _tell_event_study(study, frame, found, "effect_per_dose" if by_dose else "mean_effect", observed)


def _too_few_areas(treated: int, others: int) -> Reason | None:
    if treated < panel.FEWEST_TREATED:
        return "too_few_treated"
    return "no_comparison_areas" if others < panel.FEWEST_OTHERS else None


def _staggered(analysis: Staggered, frame: Frame, figures: Figures, found: StudyRows) -> None:
    began = {member: s.first_after for s in analysis.starts for member in figures.municipalities([s.area])}
    apart = set(figures.municipalities(analysis.excluded)) - set(began)
    cut = figures.panel(frame.indicator, [area for area in figures.others([]) if area not in apart], frame.years)
    starts = np.array([began.get(area, 0) for area in cut.areas], dtype=np.int64)
    treated = int((starts > 0).sum())
    frame = frame.of(cut, treated=treated, compared=len(cut.areas) - treated)
    reason = too_few_years(cut, frame, panel.FEWEST_BEFORE, 1) or _too_few_areas(treated, len(cut.areas) - treated)
    if reason:
        found.refuse(frame, reason)
        return
    study = panel.staggered_event_study(cut.values, starts, cut.years)
    frame.warn(counted_alike(treated))
    if study.negative_weights > 0:
        frame.warn(
            f"Med tvåvägs fasta effekter skulle {100 * study.negative_weights:.0f} procent av de berörda åren vägas "
            "negativt; därför skattas varje start för sig."
        )
    _tell_event_study(study, frame, found, "mean_effect", None, is_calendar=False)


def _tell_event_study(
    study: panel.EventStudy, frame: Frame, found: StudyRows, estimand: str, observed: Floats | None, *,
    is_calendar: bool = True,
) -> None:  # fmt: skip
    p_before = study.p_of_trends_before
    met = None if p_before is None else p_before >= LEVEL
    mean, of_n = study.mean, panel.DRAWS + 1
    significant = _significant(mean.p_value, mean.p_placebo)
    frame = frame.with_fit(("p_trends_before", p_before), met)
    unit = f"{frame.unit} per enhet dos" if estimand == "effect_per_dose" else frame.unit
    measured = Measured(
        mean.estimate, mean.standard_error, (mean.lower_95, mean.upper_95), mean.p_value, mean.p_placebo,
        round((mean.p_placebo or 1) * of_n), of_n, significant,
    )  # fmt: skip
    against = LOWER_DOSE if estimand == "effect_per_dose" else COMPARED
    found.estimate(frame, estimand, measured, verdict(mean.estimate, significant, met, against), unit)
    found.event_years(frame, study, observed, is_calendar=is_calendar)
