"""The types of the declarations: an indicator, a measure, and the rows of the registers.

Belongs here: fields, their allowed values, and rules that one declaration can be checked against by itself. Does not
belong here: reading files and references between declarations (`load.py`), arithmetic (dbt).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Year = Annotated[int, Field(ge=1900, le=2100)]


class Strict(BaseModel):
    """Base of every declaration: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Theme(StrEnum):
    """The folder that an indicator lies in."""

    KOSTNAD = "kostnad"
    KVALITET = "kvalitet"
    KOMPETENS = "kompetens"
    SAMVERKAN = "samverkan"
    BEHOV = "behov"


class GrArea(StrEnum):
    """The seven areas of GR's own set of nyckeltal for municipal primary care."""

    PERSONCENTRERING = "personcentrering"
    KVALITET = "kvalitet_patientsakerhet"
    SAMVERKAN = "samverkan"
    KOMPETENS = "kompetens"
    ORGANISATION = "organisatoriska_forutsattningar"
    HALSOFRAMJANDE = "halsoframjande"
    KOSTNADER = "kostnader"


class SuccessFactor(StrEnum):
    """The six framgångsfaktorer (Region Västmanland, after SOU 2019:29)."""

    SAMVERKAN = "samverkan_kommun_region"
    TEKNIK = "ny_teknik"
    EGENVARD = "egenvard"
    DIGITALT = "medarbetarnas_digitala_medverkan"
    PERSONCENTRERING = "personcentrering"
    KOMPETENS = "kompetensforsorjning"


class NaraVardShift(StrEnum):
    """The four shifts of SKR's Indikatorer Nära vård (2023)."""

    RELATION = "organisation_till_person_och_relation"
    MEDSKAPARE = "passiv_mottagare_till_medskapare"
    PROAKTIV = "reaktiv_till_proaktiv"
    SAMORDNAT = "isolerade_insatser_till_samordnat"


class Polarity(StrEnum):
    """Which way is better; costs and needs mostly have no judgement."""

    HIGHER = "higher_better"
    LOWER = "lower_better"
    NONE = "no_judgement"


class ValueType(StrEnum):
    """What kind of number it is; decides bounds, sums over areas and (later) the method of intervals."""

    COUNT = "count"  # a number of persons, places, events: may be added over areas
    AMOUNT = "amount"  # money or time in all: may be added over areas
    PROPORTION = "proportion"  # part of a whole, in per cent
    RATE = "rate"  # per inhabitant, per 1 000, per user
    MEAN = "mean"  # mean of persons or events
    MEDIAN = "median"
    INDEX = "index"
    ORDINAL = "ordinal"  # a coded answer, such as 0, 1, 2
    DEVIATION = "deviation"  # distance from a reference; may be negative


class CostConcept(StrEnum):
    """Kolada's and SCB's cost concepts, which are never compared with each other."""

    KOSTNAD = "kostnad"  # kostnad för eget åtagande: before fees and targeted grants
    NETTOKOSTNAD = "nettokostnad"  # after fees and targeted state grants
    AVVIKELSE = "nettokostnadsavvikelse"  # net cost less the reference cost
    ANDEL_KOP = "andel_kop"  # share of the cost that is bought from others
    ANDEL_KOSTNAD = "andel_av_kostnad"  # one cost as a share of another
    INDEX = "index"


class PriceBasisKind(StrEnum):
    """Money of the year itself, or money in one year's prices."""

    CURRENT = "current"
    FIXED = "fixed"
    NONE = "none"  # a share or index of money: no price level


class PriceBasis(Strict):
    """Price basis; `fixed` names the index (see registers/price_indices.yml) and the year."""

    kind: PriceBasisKind
    index: Identifier | None = None
    base_year: Year | None = None

    @model_validator(mode="after")
    def _fixed_names_index_and_year(self) -> PriceBasis:
        named = self.index is not None and self.base_year is not None
        if (self.kind is PriceBasisKind.FIXED) != named:
            raise ValueError("index and base_year belong to kind fixed, both of them, and to no other kind")
        return self

    def label(self) -> str:
        """`löpande priser`, `fasta priser (kpif, 2022)` or `ej tillämpligt`."""
        if self.kind is PriceBasisKind.FIXED:
            return f"fasta priser ({self.index}, {self.base_year})"
        return "löpande priser" if self.kind is PriceBasisKind.CURRENT else "ej tillämpligt"


class Break(Strict):
    """The first year of a new way of measuring; nothing is compared across it."""

    year: Year
    reason_sv: str = Field(min_length=10)


class NotCollected(Strict):
    """A year in which the source did not measure."""

    year: Year
    reason_sv: str = Field(min_length=10)


class ValidRange(Strict):
    """Values outside are impossible and are held back row by row; None is open."""

    min: float | None = None
    max: float | None = None


class Measure(Strict):
    """A source series under a name of ours, to be used in expressions and as a weight."""

    measure_id: Identifier
    title_sv: str
    unit: str
    dataset: str = Field(pattern=r"^[a-z]+\.[a-z_]+$")
    series: str
    valid_range: ValidRange = ValidRange()


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
    weight: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    multiplier: float | None = Field(default=None, gt=0)
    expression: str | None = None

    valid_range: ValidRange = ValidRange()
    gr_area: GrArea | None = None
    success_factor: SuccessFactor | None = None
    nara_vard_shift: NaraVardShift | None = None
    breaks: tuple[Break, ...] = ()
    not_collected: tuple[NotCollected, ...] = ()
    series_ended: Year | None = None
    notes: str | None = None
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

    @property
    def processing_level(self) -> str:
        """`published` for values as the source gives them, else `computed`."""
        return "published" if self.kind == "published" and not self.is_deflated else "computed"

    @property
    def is_deflated(self) -> bool:
        """Whether values are brought to one year's prices."""
        return self.price_basis is not None and self.price_basis.kind is PriceBasisKind.FIXED
