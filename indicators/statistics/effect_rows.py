"""Rows of the tables of effects, as a study's analyses fill them.

Belongs here: the columns that every row carries, so that no analysis can omit them. Does not belong here: the columns'
meaning (`tables/effects.py`), any estimate (`studies.py` and the methods).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from indicators.model.study import AnyAnalysis
from indicators.statistics.conclusion import conclusion, status_of
from indicators.statistics.effect_words import DISAGREE, Reason, alone, not_estimable, window_warnings
from indicators.statistics.figures import Panel
from indicators.statistics.panel import EventStudy
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.sensitivity import Sensitivity
from indicators.tables.effects import EFFECT_TABLES

LEVEL = 0.05  # significance level, for the model's p and the placebos' alike
Row = dict[str, Any]
Limits = tuple[float | None, float | None]
Fit = tuple[str, float | None]  # its kind and its number
Placebo = tuple[float, float, float | None]  # statistic, gap, fit before
PlacebosAre = Literal["regions", "scattered", "doses", "areas"]


class Measured(NamedTuple):
    """An estimate and its uncertainty; what a method does not provide is None."""

    estimate: float
    standard_error: float | None = None
    limits: Limits = (None, None)
    p_value: float | None = None
    p_placebo: float | None = None
    placebo_rank: int | None = None
    placebo_of_n: int | None = None
    is_significant: bool | None = None
    placebo_kind: PlacebosAre | None = None
    minimal_effect: float | None = None


@dataclass(frozen=True)
class Frame:
    """One analysis of one indicator and area: everything known before an estimate."""

    study_id: str
    analysis: AnyAnalysis
    indicator: str
    area: str
    unit: str
    treated: int | None = None
    compared: int | None = None
    before: int | None = None
    after: int | None = None
    last_year: int | None = None
    fit: Fit = ("", None)
    assumptions_met: bool | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def first_after(self) -> int:
        """First year that counts as after."""
        return self.analysis.first_after

    @property
    def years(self) -> list[int]:
        """The window's years except those that the declaration excludes."""
        window = range(self.analysis.first_year, self.analysis.last_year + 1)
        return [year for year in window if year not in self.analysis.leave_out]

    @property
    def key(self) -> Row:
        """The columns that all tables share."""
        return {
            "study_id": self.study_id,
            "analysis_id": self.analysis.analysis_id,
            "indicator_id": self.indicator,
            "area_id": self.area,
        }

    def of(
        self,
        cut: Panel | None,
        treated: int | None,
        compared: int | None = None,
        fit: Fit = ("", None),
    ) -> Frame:
        """The same with a panel's properties and warnings."""
        if cut is None:
            return replace(self, treated=treated, compared=compared)
        before = int((cut.years < self.first_after).sum())
        last = int(cut.years[-1]) if len(cut.years) else None
        dropped = len(cut.left_out) if len(cut.areas) + len(cut.left_out) > 1 else 0
        told = window_warnings(self.first_after, cut.years.tolist(), self.years, cut.missing_years, dropped)
        return replace(
            self, treated=treated, compared=compared, before=before, after=len(cut.years) - before, last_year=last,
            fit=fit, warnings=told,
        )  # fmt: skip

    def with_fit(self, fit: Fit, met: bool | None) -> Frame:
        """The same with its fit, and whether the testable assumptions hold."""
        return replace(self, fit=fit, assumptions_met=met)

    def about(self, indicator: str, area: str, unit: str) -> Frame:
        """The same for one part of it."""
        return replace(self, indicator=indicator, area=area, unit=unit, treated=1)

    def warn(self, text: str) -> None:
        """Add a warning to what its estimates carry."""
        self.warnings.append(text)


class StudyRows:
    """The rows that a study produces, by table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {table: [] for table in EFFECT_TABLES}

    def refuse(self, frame: Frame, reason: Reason) -> None:
        """Record that there is no estimate, and why."""
        self._estimate(frame, "none", {"verdict_sv": not_estimable(reason), "not_estimable_reason": reason})

    def estimate(self, frame: Frame, estimand: str, found: Measured, verdict: str, unit: str | None = None) -> None:
        """Add an estimate."""
        told = found._asdict() | {"unit": unit or frame.unit, "verdict_sv": verdict}
        told["lower_95"], told["upper_95"] = told.pop("limits")
        self._estimate(frame, estimand, told)

    def _estimate(self, frame: Frame, estimand: str, told: Row) -> None:
        kind, fit = frame.fit
        row = frame.key | {
            "estimand": estimand, "method": frame.analysis.method, "unit": frame.unit,
            "areas_treated": frame.treated, "areas_compared": frame.compared, "years_before": frame.before,
            "years_after": frame.after, "first_after": frame.first_after, "last_year": frame.last_year,
            "fit_kind": kind or None, "fit": fit, "assumptions_met": frame.assumptions_met,
            "warnings_sv": "\n".join(frame.warnings) or None,
        } | told  # fmt: skip
        self.rows["effect_estimate"].append(dict.fromkeys(EFFECT_TABLES["effect_estimate"].columns) | row)

    def series(
        self, frame: Frame, years: Integers, observed: Floats, expected: Floats | None, reach: Floats | None = None,
        year_weights: Floats | None = None,
    ) -> None:  # fmt: skip
        """Add observed and counterfactual values.

        Args:
            reach: half the width of each gap's interval. year_weights: what each year before weighs.
        """
        for place, year in enumerate(years.tolist()):
            gap = None if expected is None else float(observed[place] - expected[place])
            limits: Limits = (None, None)
            if gap is not None and reach is not None and np.isfinite(reach[place]):
                limits = (gap - float(reach[place]), gap + float(reach[place]))
            counterfactual = None if expected is None else float(expected[place])
            self._year(frame, year, year - frame.first_after, float(observed[place]), counterfactual, gap, limits)
            if year_weights is not None and place < len(year_weights):
                self.rows["effect_series"][-1]["year_weight"] = float(year_weights[place])

    def event_years(self, frame: Frame, study: EventStudy, observed: Floats | None, *, is_calendar: bool) -> None:
        """Add an event study's effects; the reference year has the gap 0 and no interval."""
        offset = frame.first_after if is_calendar else 0
        gaps: dict[int, tuple[float, Limits]] = {
            int(year) - offset: (one.estimate, (one.lower_95, one.upper_95))
            for year, one in zip(study.years, study.by_year, strict=True)
        }
        gaps[study.reference - offset] = (0.0, (None, None))
        for place, since in enumerate(sorted(gaps)):
            gap, limits = gaps[since]
            seen = None if observed is None else float(observed[place])
            year = since + offset if is_calendar else None
            self._year(frame, year, since, seen, None if seen is None else seen - gap, gap, limits)

    def _year(
        self, frame: Frame, year: int | None, since: int, observed: float | None, expected: float | None,
        gap: float | None, limits: Limits,
    ) -> None:  # fmt: skip
        self.rows["effect_series"].append(
            frame.key | {
                "year": year, "years_since": since, "observed": observed, "counterfactual": expected, "gap": gap,
                "lower_95": limits[0], "upper_95": limits[1], "is_after": since >= 0,
                "year_weight": None,
            }
        )  # fmt: skip

    def sensitivity(self, frame: Frame, unit: str, found: Sensitivity | None) -> None:
        """Add what is left of the estimate just added under unequal trends."""
        if found is None:
            return
        self.rows["effect_estimate"][-1]["breakdown"] = found.breakdown
        for one in found.intervals:
            row = {
                "magnitude": one.magnitude, "unit": unit, "estimate": found.estimate, "lower_95": one.lower_95,
                "upper_95": one.upper_95, "excludes_zero": one.lower_95 > 0 or one.upper_95 < 0,
            }  # fmt: skip
            self.rows["effect_sensitivity"].append(frame.key | row)

    def donors(self, frame: Frame, near: Sequence[tuple[float, str]], weights: Floats) -> None:
        """Add the donors of a synthetic area, with their distances."""
        for (distance, area), weight in zip(near, weights.tolist(), strict=True):
            row = {"donor_area_id": area, "distance": distance, "weight": weight}
            self.rows["donor_weight"].append(frame.key | row)

    def placebos(self, frame: Frame, case: Placebo, others: Mapping[str, Placebo], in_time: int | None = None) -> None:
        """Add the case and its placebos, ranked by the size of their statistics."""
        if not others:
            return
        everyone = {frame.area: case, **others}
        for area, (statistic, gap, fit) in everyone.items():
            kind = "time" if in_time else "true" if area == frame.area else "space"
            rank = 1 + sum(abs(other[0]) > abs(statistic) for other in everyone.values())
            row = {
                "kind": kind, "placebo_area_id": area, "first_after": in_time or frame.first_after,
                "statistic": statistic, "gap": gap, "fit_before": fit, "rank": rank,
            }  # fmt: skip
            self.rows["placebo"].append(frame.key | row)

    def conclude(self, study_id: str) -> None:
        """Record what can be concluded of all estimates together."""
        judged = [row for row in self.rows["effect_estimate"] if row["is_significant"] is not None]
        found = {row["analysis_id"] for row in judged if row["is_significant"]}
        row = {
            "study_id": study_id,
            "status": status_of(self.rows["effect_estimate"]),
            "conclusion_sv": conclusion(self.rows["effect_estimate"], self.rows["study_need"]),
            "designs": len({row["analysis_id"] for row in judged}),
            "designs_significant": len(found),
        }
        self.rows["study_conclusion"].append(row)

    def compare_designs(self) -> None:
        """Record for each estimate with a counterfactual whether the study's other designs agree."""
        judged = [row for row in self.rows["effect_estimate"] if row["is_significant"] is not None]
        for row in judged:
            same = [other for other in judged if _about(other) == _about(row)]
            designs = {other["analysis_id"]: _said(same, other["analysis_id"]) for other in same}
            if len(designs) > 1:
                row["others_agree"] = len(set(designs.values())) == 1
                if not row["others_agree"]:
                    row["warnings_sv"] = "\n".join(filter(None, [row["warnings_sv"], DISAGREE]))
                if row["is_significant"] and not row["others_agree"]:
                    row["verdict_sv"] = alone(row["estimate"])


def _about(row: Row) -> tuple[str, str]:
    return row["indicator_id"], row["area_id"]


def _said(rows: list[Row], analysis_id: str) -> frozenset[bool]:
    """The directions in which an analysis finds a significant effect."""
    mine = [row for row in rows if row["analysis_id"] == analysis_id and row["is_significant"]]
    return frozenset(row["estimate"] > 0 for row in mine)


def too_few_years(cut: Panel, frame: Frame, before: int, after: int) -> Reason | None:
    """Why a panel cannot support an analysis that needs so many years before and after."""
    if not cut.areas:
        return "no_values"
    if int((cut.years < frame.first_after).sum()) < before:
        return "too_few_points_before"
    return "too_few_points_after" if int((cut.years >= frame.first_after).sum()) < after else None


def rank_of(own: float, others: Sequence[float]) -> int:
    """Its rank among all of them, 1 the greatest; ties count as greater."""
    return 1 + sum(other >= own for other in others)
