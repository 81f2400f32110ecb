"""The complete set of declarations.

Belongs here: holding them together, and lookups in them. Does not belong here: loading (`load/catalogue.py`),
validating references (`load/references.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from indicators.model.corrections import Correction
from indicators.model.expression import Quotient
from indicators.model.indicator import Indicator, Measure, ValidRange
from indicators.model.measured import Measured
from indicators.model.quotients import quotient_of
from indicators.model.reform import Document, Finding, Funding, Intervention, ReformEvent
from indicators.model.registers import (
    AreaChange,
    CautionLimits,
    Composite,
    Control,
    County,
    DataGap,
    Frame,
    Group,
    Neighbours,
    PriceIndexEntry,
    PriceLevel,
    SimilarGroups,
    Similarity,
    WeightDifference,
)
from indicators.model.statement import Statement
from indicators.model.study import Study
from indicators.model.submission_template import SubmissionTemplate


@dataclass(frozen=True)
class Catalogue:
    """Every declaration, validated. `home` is the folder that they were loaded from."""

    home: Path
    indicators: tuple[Indicator, ...]
    measures: tuple[Measure, ...] = ()
    counties: tuple[County, ...] = ()
    area_changes: tuple[AreaChange, ...] = ()
    neighbours: tuple[Neighbours, ...] = ()
    groups: tuple[Group, ...] = ()
    similar: tuple[SimilarGroups, ...] = ()
    price_indices: tuple[PriceIndexEntry, ...] = ()
    price_levels: tuple[PriceLevel, ...] = ()
    data_gaps: tuple[DataGap, ...] = ()
    controls: tuple[Control, ...] = ()
    caution_limits: tuple[CautionLimits, ...] = (CautionLimits(),)
    weight_differences: tuple[WeightDifference, ...] = ()
    frames: tuple[Frame, ...] = ()
    similarity: tuple[Similarity, ...] = ()
    composites: tuple[Composite, ...] = ()
    templates: tuple[SubmissionTemplate, ...] = ()
    documents: tuple[Document, ...] = ()
    events: tuple[ReformEvent, ...] = ()
    funding: tuple[Funding, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    findings: tuple[Finding, ...] = ()
    statements: tuple[Statement, ...] = ()
    studies: tuple[Study, ...] = ()
    corrections: tuple[Correction, ...] = ()
    files: tuple[Path, ...] = field(default=(), repr=False)

    @cached_property
    def by_id(self) -> dict[str, Indicator]:
        """Indicators by their id."""
        return {i.indicator_id: i for i in self.indicators}

    @cached_property
    def measure_by_id(self) -> dict[str, Measure]:
        """Measures by their id."""
        return {m.measure_id: m for m in self.measures}

    @property
    def price_level(self) -> int | None:
        """The one year of all fixed prices; None if there are none."""
        named = [i.price_basis.base_year for i in self.indicators if i.is_deflated and i.price_basis]
        return next(iter(named), None) or next((level.year for level in self.price_levels), None)

    @cached_property
    def measured(self) -> dict[tuple[str, str], Measured]:
        """What each source series measures, by dataset and series; each is said once."""
        items: tuple[Measure | Indicator, ...] = (*self.measures, *self.indicators)
        return {(i.dataset, i.series): i.measured for i in items if i.dataset and i.series and i.measured}

    def series_of(self, dataset: str, *, only_embedded: bool = False) -> dict[str, ValidRange]:
        """The source series of a dataset (`kolada.values`) that the declarations use, with their valid range."""
        used: dict[str, ValidRange] = {}
        items: tuple[Measure | Indicator, ...] = (*self.measures, *self.indicators)
        for item in items:
            if item.dataset == dataset and item.series is not None and (item.embedded or not only_embedded):
                used[item.series] = _narrower(used.get(item.series), item)
        return used

    def breaks_of(self, dataset: str) -> list[tuple[str, int]]:
        """The source series of a dataset, with the first year after each declared break."""
        items: tuple[Measure | Indicator, ...] = (*self.measures, *self.indicators)
        return [(i.series, b.year) for i in items if i.dataset == dataset and i.series for b in i.breaks]

    def quotient(self, indicator: Indicator) -> Quotient:
        """The numerator and denominator of an indicator that is not plainly published.

        For a published rate with a weight: rate x weight over weight, so that sums over areas give the weighted mean.
        """
        return quotient_of(indicator)


def _narrower(known: ValidRange | None, item: Measure | Indicator) -> ValidRange:
    if known is None:
        return item.valid_range
    lows = [b for b in (known.min, item.valid_range.min) if b is not None]
    highs = [b for b in (known.max, item.valid_range.max) if b is not None]
    return ValidRange(min=max(lows, default=None), max=min(highs, default=None))
