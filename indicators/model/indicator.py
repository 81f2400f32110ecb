"""The types of an indicator and of a measure.

Belongs here: fields, their allowed values, and rules within one declaration. Does not belong here: loading files and
references between declarations (`load`), the registers (`registers.py`), arithmetic (dbt).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from indicators.model.measured import Measured
from indicators.model.value import (
    Coverage,
    Identifier,
    Interval,
    IntervalReason,
    Jump,
    OfficialRange,
    Population,
    Strict,
    Successor,
    ValidRange,
    Year,
)
from indicators.model.vocabulary import (
    CostConcept,
    Counts,
    GrArea,
    NaraVardShift,
    Polarity,
    PriceBasisKind,
    SuccessFactor,
    Theme,
    ValueType,
)

__all__ = [
    "CostConcept",
    "GrArea",
    "Identifier",
    "NaraVardShift",
    "Polarity",
    "PriceBasisKind",
    "Strict",
    "SuccessFactor",
    "Theme",
    "ValidRange",
    "ValueType",
    "Year",
]


class PriceBasis(Strict):
    """Price basis; `fixed` names the index (see registers/price_indices.yml).

    The year is that of registers/price_level.yml, the same for all; a declaration omits it or repeats it.
    """

    kind: PriceBasisKind
    index: Identifier | None = None
    base_year: Year | None = None

    @model_validator(mode="after")
    def _fixed_names_its_index(self) -> PriceBasis:
        fixed = self.kind is PriceBasisKind.FIXED
        if fixed != (self.index is not None) or (self.base_year and not fixed):
            raise ValueError("index and base_year belong to kind fixed, both of them, and no other; index is needed")
        return self

    def label(self) -> str:
        """`löpande priser`, `fasta priser, 2022 års prisnivå (KPIF)` or `ej tillämpligt`."""
        if self.kind is PriceBasisKind.FIXED:
            return f"fasta priser, {self.base_year} års prisnivå ({(self.index or '').upper()})"
        return "löpande priser" if self.kind is PriceBasisKind.CURRENT else "ej tillämpligt"


class Break(Strict):
    """The first year of a new method of measurement; nothing is compared across it."""

    year: Year
    reason_sv: str = Field(min_length=10)


class NotCollected(Strict):
    """A year in which the source did not measure."""

    year: Year
    reason_sv: str = Field(min_length=10)


class Measure(Strict):
    """A source series under a name of ours, to be used in expressions and as a weight."""

    measure_id: Identifier
    title_sv: str
    unit: str
    dataset: str = Field(pattern=r"^[a-z]+\.[a-z_]+$")
    series: str
    response_rate: Identifier | None = None  # of answers to a questionnaire: the indicator that says how many answered
    embedded: bool = True  # whether data/snapshot holds the series; false: values come from the live source only
    valid_range: ValidRange = ValidRange()
    breaks: tuple[Break, ...] = ()
    measured: Measured | None = None  # where no published indicator has the same series


class Indicator(Strict):
    """One nyckeltal.

    Kinds: `published` takes a source series as it is; `ratio` is multiplier x numerator / denominator, `derived` an
    expression; both are written over measures with + - * / and numbers, and are brought to sums of products
    (`expression.py`). `weight` is the measure, or sum of measures, that a published rate is weighted by over areas.
    """

    indicator_id: Identifier
    title_sv: str = Field(min_length=8, max_length=160)
    title_en: str = Field(min_length=8, max_length=160)
    definition_sv: str = Field(min_length=40)
    purpose_sv: str = Field(min_length=30)
    theme: Theme
    kind: Literal["published", "ratio", "derived"]
    unit: str
    decimals: int = Field(ge=0, le=4)
    value_type: ValueType
    polarity: Polarity
    cost_concept: CostConcept | None = None
    price_basis: PriceBasis | None = None

    dataset: str | None = Field(default=None, pattern=r"^[a-z]+\.[a-z_]+$")
    series: str | None = None
    embedded: bool = True  # as of a measure
    weight: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    multiplier: float | None = Field(default=None, gt=0)
    expression: str | None = None
    coverage: Coverage | None = None
    population: Population | None = None
    no_group_value_sv: str | None = Field(default=None, min_length=20)  # why areas are not combined by this formula

    # Outside `valid_range` is impossible (the row is quarantined), outside `plausible_range` is odd (listed, and kept).
    valid_range: ValidRange = ValidRange()
    plausible_range: ValidRange | None = None
    # What a share outside 0 to 100 or an amount below zero may be without a caution; see `possible`.
    official_range: OfficialRange | None = None
    max_jump: Jump | None = None
    interval: Interval | None = None
    mean_of_years: int = Field(default=1, ge=1, le=10)  # 3: a moving mean of the year and the two before
    workforce: Literal["medarbetare", "chefer"] | None = None
    gr_area: GrArea | None = None
    success_factor: SuccessFactor | None = None
    nara_vard_shift: NaraVardShift | None = None
    frames: tuple[str, ...] = ()  # items of other official frames: frame_id.item_id, see registers/frames.yml
    breaks: tuple[Break, ...] = ()
    not_collected: tuple[NotCollected, ...] = ()
    series_ended: Year | None = None
    replaced_by: Successor | None = None
    notes: str | None = None
    measured: Measured | None = None  # of a published series, in current prices; see load/measured_references.py
    definition_version: int = Field(default=1, ge=1)
    valid_from: date

    @model_validator(mode="after")
    def _kind_has_its_fields(self) -> Indicator:
        wanted = {
            "published": {"dataset", "series"},
            "ratio": {"numerator", "denominator", "multiplier"},
            "derived": {"expression"},
        }
        mine = wanted[self.kind] | ({"weight"} if self.kind == "published" else set())
        fields = set().union(*wanted.values()) | {"weight"}
        missing = sorted(f for f in wanted[self.kind] if getattr(self, f) is None)
        foreign = sorted(f for f in fields - mine if getattr(self, f) is not None)
        if missing:
            raise ValueError(f"kind {self.kind} needs the keys {', '.join(missing)}")
        if foreign:
            raise ValueError(f"kind {self.kind} does not take the keys {', '.join(foreign)}")
        return self

    @model_validator(mode="after")
    def _coverage_fits_the_kind(self) -> Indicator:
        if self.coverage and (self.coverage.adjusts == "none") != (self.kind == "published"):
            raise ValueError("coverage: a published value is not adjusted (adjusts: none), and every other is")
        if self.population and (self.population.verdict == "adjusted") != (self.coverage is not None):
            raise ValueError("population: the verdict adjusted belongs to what has a coverage, and to nothing else")
        return self

    @model_validator(mode="after")
    def _money_names_concept_and_basis(self) -> Indicator:
        money = self.theme is Theme.KOSTNAD or "kr" in self.unit.replace("/", " ").split()
        if money and self.cost_concept is None:
            raise ValueError("cost_concept is missing: every indicator of money says which cost it means")
        if money and self.price_basis is None:
            raise ValueError("price_basis is missing: every indicator of money says in which prices")
        if not money and (self.cost_concept or self.price_basis):
            raise ValueError("cost_concept and price_basis belong to indicators of money only")
        return self

    @model_validator(mode="after")
    def _only_rates_are_weighted(self) -> Indicator:
        if self.weight and self.value_type in {ValueType.COUNT, ValueType.AMOUNT}:
            raise ValueError("weight: a count or an amount is added over areas, not weighted")
        return self

    @model_validator(mode="after")
    def _only_formulas_refuse_group_values(self) -> Indicator:
        if self.no_group_value_sv and (self.kind == "published" or self.value_type is ValueType.COUNT):
            raise ValueError("no_group_value_sv: said of a formula; a published rate without weight has no group value")
        return self

    @model_validator(mode="after")
    def _staff_and_managers_apart(self) -> Indicator:
        if (self.theme is Theme.KOMPETENS) != (self.workforce is not None):
            raise ValueError(
                "workforce (medarbetare or chefer) belongs to every indicator of kompetens, and to no other"
            )
        return self

    @model_validator(mode="after")
    def _interval_fits_the_value(self) -> Indicator:
        method = self.interval.method if self.interval else "none"
        is_count, is_published = self.value_type is ValueType.COUNT, self.kind == "published"
        if method != "none" and self.measured and self.measured.counts is not Counts.PERSONS:
            raise ValueError(f"interval: {method} is for persons, each counted once, not for {self.measured.counts}")
        if method == "wilson" and (self.value_type is not ValueType.PROPORTION or self.unit != "%"):
            raise ValueError("interval: wilson is for proportions in per cent")
        if method == "poisson" and self.value_type not in {ValueType.COUNT, ValueType.RATE}:
            raise ValueError("interval: poisson is for counts and rates of events")
        if method != "none" and not is_count and is_published and self.weight is None:
            raise ValueError("interval: the weight has to name the persons that the value is a share or rate of")
        has_per = self.interval is not None and self.interval.per is not None
        if method == "poisson" and has_per != (is_published and not is_count):
            raise ValueError("interval.per: said of a published rate, and of no other")
        return self

    @model_validator(mode="after")
    def _says_what_is_measured(self) -> Indicator:
        if self.measured is None:
            return self
        if self.kind != "published" or self.is_deflated:
            raise ValueError("measured: said of a published series in the prices of its year, once")
        if self.value_type in {ValueType.PROPORTION, ValueType.RATE} and self.measured.of_sv is None:
            raise ValueError("measured.of_sv is missing: a share or rate says of what it is one")
        unnamed = self.measured.unnamed_in(f"{self.title_sv} {self.definition_sv}")
        if unnamed:
            raise ValueError(f"definition_sv does not name {unnamed}, which the source counts")
        return self

    @model_validator(mode="after")
    def _plausible_is_declared(self) -> Indicator:
        if self.plausible_range is None and self.value_type is not ValueType.PROPORTION:
            raise ValueError("plausible_range is missing: only a proportion has one by itself (0 to 100)")
        return self

    @property
    def plausible(self) -> ValidRange:
        """The plausible range: as declared, or 0 to 100 for a proportion."""
        return self.plausible_range or ValidRange(min=0, max=100)

    @property
    def possible(self) -> ValidRange:
        """The range of possible values: 0 to 100 for a share, nothing below zero where the plausible range holds none.

        Nor above a declared `valid_range`. A published value outside it is quarantined on arrival; for a value that is
        computed here there is no delivery to quarantine.
        """
        if self.official_range:
            return ValidRange(min=self.official_range.min, max=self.official_range.max)
        if self.value_type is ValueType.PROPORTION:
            return ValidRange(min=0, max=100)
        least = self.plausible.min
        return ValidRange(min=0 if least is not None and least >= 0 else None, max=self.valid_range.max)

    def beyond(self, factor: float) -> tuple[float | None, float | None]:
        """The limits that exceed the plausible range by a factor, away from zero or towards it."""
        least, most = self.plausible.min, self.plausible.max
        return (
            None if least is None or least == 0 else least / factor if least > 0 else least * factor,
            None if most is None or most == 0 else most * factor if most > 0 else most / factor,
        )

    @property
    def jump(self) -> Jump:
        """The largest unremarkable change in a year: as declared, or by the type of number."""
        if self.max_jump:
            return self.max_jump
        return Jump(units=20) if self.value_type is ValueType.PROPORTION else Jump(percent=50)

    @property
    def no_interval_reason(self) -> IntervalReason | None:
        """Why no value of this indicator has an interval; None when they have one."""
        if self.interval:
            return self.interval.reason
        if self.cost_concept:
            return "accounts"
        counted = self.measured.no_interval_reason if self.measured else None
        if self.value_type is ValueType.COUNT:
            return counted or "whole_population"
        if self.value_type in {ValueType.PROPORTION, ValueType.RATE}:
            return counted or ("n_unknown" if self.kind == "published" else "not_a_count")
        return "no_spread_known"

    @property
    def interval_method(self) -> str | None:
        """wilson or poisson; None when no value of this indicator has an interval."""
        return self.interval.method if self.interval and self.interval.method != "none" else None

    @property
    def interval_per(self) -> float:
        """The scale of the value: 100 for per cent, 1 000 for per thousand; 1 for a count."""
        if self.interval and self.interval.method == "wilson":
            return 100
        return (self.interval.per if self.interval else None) or self.multiplier or 1

    @property
    def processing_level(self) -> str:
        """`published` for values as the source gives them, else `computed`."""
        return "published" if self.kind == "published" and not self.is_deflated else "computed"

    @property
    def is_deflated(self) -> bool:
        """Whether values are converted to one year's prices."""
        return self.price_basis is not None and self.price_basis.kind is PriceBasisKind.FIXED
