"""Studies of effects: from a declared study and the warehouse's figures to estimates with honest limits.

Belongs here: the method of a declared analysis, when a design cannot support an estimate, and the resulting rows. Does
not belong here: the methods (`interrupted.py`, `panel.py`, `synthetic.py`, `descriptive.py`), panels and synthetic
controls (`panel_study.py`, `synthetic_study.py`, `synthetic_regions.py`), texts (`effect_words.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from indicators.model.study import (
    AnyAnalysis,
    AugmentedControl,
    BeforeAfter,
    Difference,
    InterruptedSeries,
    PayerView,
    Staggered,
    Study,
    SyntheticControl,
    SyntheticDifference,
    indicators_of,
)
from indicators.statistics import interrupted
from indicators.statistics.descriptive import before_after, payers
from indicators.statistics.effect_rows import LEVEL, Frame, Measured, StudyRows, rank_of, too_few_years
from indicators.statistics.effect_words import TREND, verdict
from indicators.statistics.figures import NATION, Figures
from indicators.statistics.needed import need_row
from indicators.statistics.panel_study import difference, staggered
from indicators.statistics.synthetic_regions import against_regions
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
    found.rows["study_need"] = [need_row(study.study_id, need, figures) for need in study.needed]
    found.compare_designs()
    found.conclude(study.study_id)
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
        case SyntheticDifference() | AugmentedControl():
            areas = list(analysis.treated)
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
            difference(analysis, frame, figures, found)
        case Staggered():
            staggered(analysis, frame, figures, found)
        case SyntheticControl():
            synthetic(analysis, frame, figures, found)
        case SyntheticDifference() | AugmentedControl():
            against_regions(analysis, frame, figures, found)
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
            1 + len(placebos) if rank else None, _significant(change.p_value, p_placebo), "areas" if rank else None,
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
