"""The types of a declared study of effects.

Belongs here: what a study asks, of which figures and areas, by which method. Does not belong here: the methods
(`indicators/statistics`), loading files (`load/catalogue.py`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from indicators.model.needed import Needed
from indicators.model.reform import AreaId
from indicators.model.value import Identifier, Strict, Year


class Analysis(Strict):
    """What every analysis declares: which years, and the first year that counts as `after`."""

    analysis_id: Identifier
    first_year: Year
    last_year: Year
    first_after: Year
    leave_out: tuple[Year, ...] = ()
    assumptions_sv: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _years_are_in_order(self) -> Analysis:
        if not self.first_year < self.first_after <= self.last_year + 1:
            raise ValueError("first_after must lie after first_year and at most one year after last_year")
        if any(not self.first_year <= year <= self.last_year for year in self.leave_out):
            raise ValueError("leave_out names a year outside the window")
        return self


class OfIndicators(Analysis):
    """The same analysis of several indicators, one by one."""

    indicators: tuple[Identifier, ...] = Field(min_length=1)


class InterruptedSeries(OfIndicators):
    """The level and slope of each area's own series, before and after."""

    method: Literal["interrupted_time_series"]
    areas: tuple[AreaId, ...] = Field(min_length=1)
    excluded: tuple[AreaId, ...] = ()
    against_others: bool = False  # whether the same change is estimated in every other municipality


class Difference(OfIndicators):
    """Treated areas, or areas by dose, against the others, year by year.

    One of `treated` (groups or areas; the nation means all) and `dose_indicator` (its mean over `dose_years`).
    """

    method: Literal["difference_in_differences"]
    treated: tuple[AreaId, ...] = ()
    dose_indicator: Identifier | None = None
    dose_years: tuple[Year, ...] = ()
    dose_funding: Identifier | None = None  # money per inhabitant 65+, where the receivers are known
    weighted: bool = False  # areas by their size, so that the treated are a whole, or all alike
    excluded: tuple[AreaId, ...] = ()

    @model_validator(mode="after")
    def _one_treatment(self) -> Difference:
        named = [bool(self.treated), self.dose_indicator is not None, self.dose_funding is not None]
        if sum(named) != 1:
            raise ValueError("one of treated, dose_indicator and dose_funding says who is treated, and how much")
        if self.weighted and not self.treated:
            raise ValueError("weighted belongs to treated: a whole is of areas, not of doses")
        if (self.dose_indicator is None) != (not self.dose_years):
            raise ValueError("dose_years belongs to dose_indicator")
        if any(year >= self.first_after for year in self.dose_years):
            raise ValueError("dose_years must lie before first_after, or the dose could be a consequence")
        return self


class Start(Strict):
    """An area or group and its first year after."""

    area: AreaId
    first_after: Year


class Staggered(OfIndicators):
    """Groups that began in different years, compared with those that never did.

    `covariates`: indicators, each by its mean over `covariate_years`; those that never began are then compared as far
    as they are alike in these.
    """

    method: Literal["staggered_event_study"]
    starts: tuple[Start, ...] = Field(min_length=1)
    excluded: tuple[AreaId, ...] = ()
    covariates: tuple[Identifier, ...] = ()
    covariate_years: tuple[Year, ...] = ()

    @model_validator(mode="after")
    def _covariates_lie_before(self) -> Staggered:
        if bool(self.covariates) != bool(self.covariate_years):
            raise ValueError("covariate_years belongs to covariates, and they to it")
        if any(year >= start.first_after for year in self.covariate_years for start in self.starts):
            raise ValueError("covariate_years must lie before every start, or the covariates could be a consequence")
        return self


class OfOneBlock(OfIndicators):
    """Each treated area or group as a whole, from one year on, against the most similar donors.

    `alike_in`: the year of the structure by which donors are similar; `placebo_year`: a made-up year before.
    """

    treated: tuple[AreaId, ...] = Field(min_length=1)
    excluded: tuple[AreaId, ...] = ()
    donors: int = Field(default=30, ge=19, le=289)
    alike_in: Year
    placebo_year: Year
    poorest_fit_percent: float = Field(default=3.0, gt=0)

    @model_validator(mode="after")
    def _placebo_lies_before(self) -> OfOneBlock:
        if not self.first_year < self.placebo_year < self.first_after:
            raise ValueError("placebo_year must lie inside the years before")
        return self


class SyntheticControl(OfOneBlock):
    """Against a weighted mean of the donors that was nearest before.

    The weights fit the outcome of every year before; or, with `predictors` (indicators, each by its mean over the
    years before) and `outcome_years`, these, weighted by how well they predict the outcome before.
    """

    method: Literal["synthetic_control"]
    each_member: bool = False
    predictors: tuple[Identifier, ...] = ()
    outcome_years: tuple[Year, ...] = ()

    @model_validator(mode="after")
    def _predictors_have_years(self) -> SyntheticControl:
        if bool(self.predictors) != bool(self.outcome_years):
            raise ValueError("outcome_years belongs to predictors, and they to it")
        if any(not self.first_year <= year < self.placebo_year for year in self.outcome_years):
            raise ValueError("outcome_years must lie before placebo_year")
        return self


class SyntheticDifference(OfOneBlock):
    """Against weighted donors and weighted years before, whatever their level."""

    method: Literal["synthetic_difference_in_differences"]


class AugmentedControl(OfOneBlock):
    """Against a synthetic control whose poor fit before is mended by ridge regression."""

    method: Literal["augmented_synthetic_control"]


class PaidBy(Strict):
    """One payer's cost per inhabitant, and the area for which it is known.

    `less`: an indicator that is subtracted from it, for what the others paid of a total. `is_known: false`: what this
    payer paid is published nowhere, and `indicator` is the cost that includes it; then there is a reason and no
    number.
    """

    payer: str
    indicator: Identifier
    less: Identifier | None = None
    area: AreaId
    is_known: bool = True

    @property
    def cost(self) -> str:
        """The cost as the tables name it."""
        return f"{self.indicator} - {self.less}" if self.less else self.indicator


class PayerView(Analysis):
    """The same cost from each payer's perspective and from all payers together."""

    method: Literal["payer_view"]
    payers: tuple[PaidBy, ...] = Field(min_length=2)

    @property
    def indicators(self) -> tuple[Identifier, ...]:
        """The payers' indicators."""
        return tuple(paid.indicator for paid in self.payers)


class BeforeAfter(OfIndicators):
    """The mean change within areas. Descriptive only; no causal claim."""

    method: Literal["before_after"]
    areas: tuple[AreaId, ...] = Field(min_length=1)


AnyAnalysis = Annotated[
    InterruptedSeries
    | Difference
    | Staggered
    | SyntheticControl
    | SyntheticDifference
    | AugmentedControl
    | PayerView
    | BeforeAfter,
    Field(discriminator="method"),
]


def is_descriptive(analysis: AnyAnalysis) -> bool:
    """Whether the design is descriptive only, so that no causal wording is allowed."""
    return isinstance(analysis, PayerView | BeforeAfter)


def indicators_of(analysis: AnyAnalysis) -> tuple[Identifier, ...]:
    """Every indicator that the analysis reads: outcomes, doses, predictors, covariates."""
    if isinstance(analysis, PayerView):
        return (*analysis.indicators, *(paid.less for paid in analysis.payers if paid.less))
    if isinstance(analysis, Difference) and analysis.dose_indicator:
        return (*analysis.indicators, analysis.dose_indicator)
    if isinstance(analysis, Staggered):
        return (*analysis.indicators, *analysis.covariates)
    return (*analysis.indicators, *(analysis.predictors if isinstance(analysis, SyntheticControl) else ()))


def areas_of(analysis: AnyAnalysis) -> tuple[AreaId, ...]:
    """The areas and groups that are studied; none where all are, by dose."""
    if isinstance(analysis, Staggered):
        return tuple(start.area for start in analysis.starts)
    if isinstance(analysis, PayerView):
        return tuple(paid.area for paid in analysis.payers)
    return analysis.treated if isinstance(analysis, Difference | OfOneBlock) else analysis.areas


class Study(Strict):
    """A question, the events it is about, and the analyses that answer it.

    What no figure can answer is `needed`; a question that no figure answers at all has no analyses, only that.
    """

    study_id: Identifier
    title_sv: str
    question_sv: str = Field(min_length=20)
    design_sv: str = Field(min_length=40)
    events: tuple[Identifier, ...] = Field(min_length=1)
    exclusions_sv: str
    caveats_sv: tuple[str, ...] = Field(min_length=1)
    analyses: tuple[AnyAnalysis, ...] = ()
    needed: tuple[Needed, ...] = ()

    @model_validator(mode="after")
    def _analyses_have_names(self) -> Study:
        if not self.analyses and not self.needed:
            raise ValueError("analyses that answer the question, or needed: what it would take to answer it")
        for key, names in (
            ("analyses: each analysis_id", [a.analysis_id for a in self.analyses]),
            ("needed: each need_id", [n.need_id for n in self.needed]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"{key} once")
        return self
