"""Converts declarations to table rows: what the warehouse reads as its dbt source `declared`.

Belongs here: the rows of each table of `tables/declared.py`, with what a declaration inherits from others (breaks,
attribution). Does not belong here: writing them (`pipelines/warehouse/inputs.py`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from indicators.generate.reform_rows import funding_rows
from indicators.generate.similarity_rows import recipe_rows, variable_rows
from indicators.load.catalogue import Catalogue
from indicators.load.references import KEYED_FRAMES
from indicators.model.corrections import EVERYWHERE, Correction, cells_of
from indicators.model.indicator import Indicator, Measure, ValueType
from indicators.model.registers import CompositeInput, DataGap
from indicators.model.vocabulary import Caution
from indicators.model.words import no_values
from indicators.statistics.intervals import exact_poisson_limits
from indicators.tables.declared import TABLES

Row = tuple[Any, ...]
FIXED_PRICES = "_fasta_priser"  # suffix of the id in current prices, for the same indicator in fixed prices


@dataclass(frozen=True)
class Source:
    """A publisher's properties that an indicator's attribution needs."""

    title: str
    attribution: str
    rights: str


def declared_rows(catalogue: Catalogue, sources: dict[str, Source]) -> dict[str, list[Row]]:
    """The rows of each table in `TABLES`, columns in the same order.

    Args:
        sources: publishers by id, for attribution and rights.
    """
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    measures = {m.measure_id: (m.dataset, m.series) for m in catalogue.measures}
    inherited = Inherited(catalogue)
    for indicator in catalogue.indicators:
        name = indicator.indicator_id
        breaks = inherited.breaks(indicator)
        skipped = inherited.not_collected(indicator)
        rows["indicator"].append(_indicator_row(indicator, catalogue, sources, breaks, skipped))
        terms = _terms(indicator, catalogue)
        rows["indicator_term"] += terms
        if terms and indicator.series:
            measures[_own_measure(indicator)] = (indicator.dataset or "", indicator.series)
        rows["indicator_input"] += _inputs(name, terms)
        rows["indicator_break"] += [(name, year, reason) for year, reason in breaks.items()]
        rows["indicator_not_collected"] += [(name, year, reason) for year, reason in skipped.items()]
        rows["crosswalk"] += [(*place, name) for place in frames_of(indicator)]
    # A published series that is weighted has a measure of its own, without a name.
    named = {m.measure_id: (m.title_sv, m.unit) for m in catalogue.measures}
    rows["measure"] = [(m, *place, *named.get(m, (None, None))) for m, place in sorted(measures.items())]
    _add_registers(rows, catalogue)
    rows["funding"] = funding_rows(catalogue)
    for correction in catalogue.corrections:
        rows["correction"].append(_correction_row(correction, catalogue))
        rows["correction_cell"] += _correction_cells(correction)
    return rows


def _add_registers(rows: dict[str, list[Row]], catalogue: Catalogue) -> None:
    rows["county"] = [(c.county_id, c.name, c.region_id) for c in catalogue.counties]
    rows["area_change"] = [(a.area_id, a.valid_from, a.note_sv) for a in catalogue.area_changes]
    rows["group_member"] = [(g.group_id, area) for g in catalogue.groups for area in g.members]
    rows["price_level"] = [(catalogue.price_level,)] if catalogue.price_level else []
    rows["price_index"] = [(p.index_id, p.title_sv, p.base_year) for p in catalogue.price_indices]
    rows["data_gap"] = [tuple(getattr(g, column) for column in TABLES["data_gap"]) for g in catalogue.data_gaps]
    rows["gap_item"] = [(*place, gap.gap_id) for gap in catalogue.data_gaps for place in frames_of(gap)]
    rows["poisson_limit"] = list(exact_poisson_limits())
    rows["caution"] = [(caution.value, place) for place, caution in enumerate(Caution, start=1)]
    rows["caution_limit"] = [
        tuple(getattr(limits, column) for column in TABLES["caution_limit"]) for limits in catalogue.caution_limits
    ]
    rows["weight_difference"] = [
        (d.difference_id, indicator, d.first_year, d.last_year, d.most, d.reason_sv)
        for d in catalogue.weight_differences
        for indicator in d.indicators
    ]
    rows["survey"] = [
        (i.indicator_id, i.weight, measure.response_rate)
        for i in catalogue.indicators
        if i.weight and (measure := catalogue.measure_by_id.get(i.weight)) and measure.response_rate
    ]
    rows["series_limit"] = _series_limits(catalogue)
    for c in catalogue.controls:
        rows["control"].append(
            (c.control_id, c.title_sv, c.kind, c.measure, c.weight, c.unit_factor, c.tolerance, bool(c.years))
        )
        rows["control_year"] += [(c.control_id, year) for year in c.years]
        rows["control_total"] += [(c.control_id, t.year, t.value, t.source) for t in c.totals]
    for f in catalogue.frames:
        rows["frame_item"] += [
            (f.frame_id, f.title_sv, f.source, number, item.item_id, item.title_sv)
            for number, item in enumerate(f.items, start=1)
        ]
    rows["similar_recipe"], rows["structure_variable"] = recipe_rows(catalogue), variable_rows(catalogue)
    for recipe in catalogue.composites:
        rows["composite"].append(tuple(_plain(getattr(recipe, column)) for column in TABLES["composite"]))
        rows["composite_input"] += [
            (recipe.composite_id, part.indicator, part.weight, _turn(part, catalogue)) for part in recipe.inputs
        ]


def _turn(part: CompositeInput, catalogue: Catalogue) -> float:
    """1 where a high value raises the index, else -1."""
    direction = part.direction or catalogue.by_id[part.indicator].polarity.removesuffix("_better")
    return 1.0 if direction == "higher" else -1.0


def _limits(indicator: Indicator, catalogue: Catalogue) -> dict[str, float | None]:
    """The range outside which a value carries a caution, in the prices of its own year.

    An amount in fixed prices has the range of the same amount in current prices, if there is one.
    """
    if indicator.is_deflated:
        indicator = catalogue.by_id.get(indicator.indicator_id.removesuffix(FIXED_PRICES), indicator)
    low, high = indicator.beyond(catalogue.caution_limits[0].beyond_factor)
    possible = indicator.possible
    return {"possible_min": possible.min, "possible_max": possible.max, "beyond_min": low, "beyond_max": high}


def _series_limits(catalogue: Catalogue) -> list[Row]:
    """The limits of each source series that an indicator publishes; two indicators of one series must agree."""
    found: dict[tuple[str, str], Row] = {}
    for i in catalogue.indicators:
        if i.dataset and i.series and not i.is_deflated:
            limits = _limits(i, catalogue)
            found.setdefault(
                (i.dataset, i.series), (i.dataset, i.series, i.value_type.value, aggregation(i), *limits.values())
            )
    return [found[key] for key in sorted(found)]


def frames_of(declared: Indicator | DataGap) -> list[tuple[str, str]]:
    """Every item of an official frame that an indicator answers, or that a gap concerns: (frame_id, item_id)."""
    found = {key: getattr(declared, key, None) for key in KEYED_FRAMES}
    keyed = [(key, str(item)) for key, item in found.items() if item is not None]
    named = [(frame, item) for frame, _, item in (name.partition(".") for name in declared.frames)]
    return [*keyed, *named]


class Inherited:
    """Breaks, and years without measurement, that an indicator inherits from the series of its values.

    A weight is excluded: it only determines how areas are combined.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.by_series: dict[tuple[str, str], dict[int, str]] = {}
        self.uncollected: dict[tuple[str, str], dict[int, str]] = {}
        items: tuple[Measure | Indicator, ...] = (*catalogue.measures, *catalogue.indicators)
        for item in items:
            if item.dataset and item.series:
                place = (item.dataset, item.series)
                self.by_series.setdefault(place, {}).update({b.year: b.reason_sv for b in item.breaks})
                if isinstance(item, Indicator):
                    found = {n.year: n.reason_sv for n in item.not_collected}
                    self.uncollected.setdefault(place, {}).update(found)

    def breaks(self, indicator: Indicator) -> dict[int, str]:
        """Year and reason, ordered by year; an indicator's own text comes before inherited ones."""
        found = self._of(indicator, self.by_series) | {b.year: b.reason_sv for b in indicator.breaks}
        return dict(sorted(found.items()))

    def not_collected(self, indicator: Indicator) -> dict[int, str]:
        """Year and reason, ordered by year."""
        found = self._of(indicator, self.uncollected) | {n.year: n.reason_sv for n in indicator.not_collected}
        return dict(sorted(found.items()))

    def _of(self, indicator: Indicator, known: dict[tuple[str, str], dict[int, str]]) -> dict[int, str]:
        found: dict[int, str] = {}
        for place in made_of(indicator, self.catalogue):
            found.update(known.get(place, {}))
        return found


def is_plain(indicator: Indicator) -> bool:
    """Whether the source's values are used unchanged, with nothing to weight, add or deflate."""
    return (
        aggregation(indicator) == "none"
        and indicator.kind == "published"
        and not indicator.is_deflated
        and indicator.coverage is None
    )


def aggregation(indicator: Indicator) -> str:
    """How group values are computed: `sum`, `weighted` (numerators over denominators) or `none`."""
    if indicator.no_group_value_sv:
        return "none"
    if indicator.value_type in {ValueType.COUNT, ValueType.AMOUNT}:
        return "sum"
    if indicator.kind == "published":
        return "weighted" if indicator.weight else "none"
    return "weighted" if indicator.kind == "ratio" or "/" in (indicator.expression or "") else "none"


def _own_measure(indicator: Indicator) -> str:
    return f"{indicator.dataset}/{indicator.series}"


def _terms(indicator: Indicator, catalogue: Catalogue) -> list[Row]:
    """indicator_id, part, term_no, coefficient, measure_a, measure_b."""
    if is_plain(indicator):
        return []
    quotient = catalogue.quotient(indicator)
    if indicator.kind == "published":
        own, name = _own_measure(indicator), indicator.indicator_id
        weights = [(number, term.coefficient, term.measures[0]) for number, term in enumerate(quotient.denominator, 1)]
        top: list[Row] = [(name, "numerator", n, c, own, weight) for n, c, weight in weights]
        return [
            (name, "value", 1, 1.0, own, None),
            *(top or [(name, "numerator", 1, 1.0, own, None)]),
            *((name, "denominator", n, c, weight, None) for n, c, weight in weights),
            *_coverage_terms(indicator),
        ]
    made_of_terms: list[Row] = [
        (indicator.indicator_id, part, number, term.coefficient, *(*term.measures, None, None)[:2])
        for part, terms in (("numerator", quotient.numerator), ("denominator", quotient.denominator))
        for number, term in enumerate(terms, start=1)
    ]
    return made_of_terms + _coverage_terms(indicator)


def _coverage_terms(indicator: Indicator) -> list[Row]:
    coverage = indicator.coverage
    parts = {"covered": coverage.measured, "whole": coverage.of} if coverage else {}
    return [(indicator.indicator_id, part, 1, 1.0, measure, None) for part, measure in parts.items()]


def _inputs(indicator_id: str, terms: list[Row]) -> list[Row]:
    named = list(dict.fromkeys(m for term in terms for m in term[4:6] if m is not None))
    return [(indicator_id, measure, place == 0) for place, measure in enumerate(named)]


def _indicator_row(
    indicator: Indicator,
    catalogue: Catalogue,
    sources: dict[str, Source],
    breaks: dict[int, str],
    skipped: dict[int, str],
) -> Row:
    used = _used_series(indicator, catalogue)
    publishers = list(dict.fromkeys(dataset.split(".")[0] for dataset, _ in used))
    basis = indicator.price_basis
    values: dict[str, Any] = {
        **{c: getattr(indicator, c) for c in TABLES["indicator"] if hasattr(indicator, c)},
        "price_basis": basis.label() if basis else None,
        "price_index": basis.index if basis else None,
        "price_base_year": basis.base_year if basis else None,
        "numerator": _to_all(indicator, "numerator", indicator.numerator or indicator.expression),
        "denominator": _to_all(indicator, "denominator", indicator.denominator or indicator.weight),
        "multiplier": indicator.multiplier or 1.0,
        "source_id": ", ".join(publishers),
        "no_values_sv": no_values(", ".join(publishers)),
        "source_series": ", ".join(series for _, series in used),
        "attribution": _attribution(indicator, used, sources),
        "group_attribution": _group_attribution(indicator, used, sources, catalogue),
        "rights": " ".join(sources[p].rights for p in publishers),
        "breaks": "; ".join(f"{year}: {reason}" for year, reason in breaks.items()) or None,
        "notes": _notes(indicator, skipped),
        "is_plain": is_plain(indicator),
        "aggregation": aggregation(indicator),
        "interval_method": indicator.interval_method,
        "interval_per": indicator.interval_per,
        "interval_reason": indicator.no_interval_reason,
        **_limits(indicator, catalogue),
        "coverage_least": indicator.coverage.least if indicator.coverage else None,
        "coverage_adjusts": indicator.coverage.adjusts if indicator.coverage else None,
        "plausible_min": indicator.plausible.min,
        "plausible_max": indicator.plausible.max,
        "max_jump_units": indicator.jump.units,
        "max_jump_percent": indicator.jump.percent,
        "replaced_by": indicator.replaced_by.indicator if indicator.replaced_by else None,
        "replaced_by_reason_sv": indicator.replaced_by.reason_sv if indicator.replaced_by else None,
        "curated": True,
    }
    return tuple(_plain(values[column]) for column in TABLES["indicator"])


def _notes(indicator: Indicator, skipped: dict[int, str]) -> str | None:
    """The declared notes, after a sentence for each year without collection, and one on groups without a value."""
    sentences = [f"Mättes inte {year}: {reason}" for year, reason in skipped.items()]
    if indicator.no_group_value_sv:
        sentences.append(f"Inget värde för grupper av kommuner: {indicator.no_group_value_sv}")
    return " ".join([*sentences, *([indicator.notes] if indicator.notes else [])]) or None


def _to_all(indicator: Indicator, side: str, text: str | None) -> str | None:
    """The side of the formula that is scaled up by its coverage."""
    coverage = indicator.coverage
    if text is None or coverage is None or coverage.adjusts != side:
        return text
    return f"({text}) / min(1, {coverage.measured} / {coverage.of})"


def _used_series(indicator: Indicator, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Every series that a value is computed from, the price index of fixed prices included."""
    basis = indicator.price_basis
    prices = [(p.dataset, p.index_id) for p in catalogue.price_indices if basis and p.index_id == basis.index]
    return [*made_of(indicator, catalogue), *prices]


def made_of(indicator: Indicator, catalogue: Catalogue) -> list[tuple[str, str]]:
    """The series (dataset, series) of an indicator's values; neither weights nor prices."""
    if indicator.kind == "published":
        return [(indicator.dataset or "", indicator.series or "")]
    coverage = [indicator.coverage.measured, indicator.coverage.of] if indicator.coverage else []
    named = dict.fromkeys([*catalogue.quotient(indicator).measures, *coverage])
    return [(m.dataset, m.series) for m in map(catalogue.measure_by_id.__getitem__, named)]


def _correction_row(correction: Correction, catalogue: Catalogue) -> Row:
    corrected = (correction.dataset or "", correction.series or "")
    values: dict[str, Any] = {
        **{c: getattr(correction, c) for c in TABLES["correction"] if hasattr(correction, c)},
        "indicators": ", ".join(
            i.indicator_id for i in catalogue.indicators if corrected in _used_series(i, catalogue)
        ),
        "area_id": None if correction.area == EVERYWHERE else correction.area,
        "years": ", ".join(map(str, sorted(correction.years))),
        "sexes": ", ".join(correction.sex),
        "expected": correction.expected.text(),
    }
    return tuple(_plain(values[column]) for column in TABLES["correction"])


def _correction_cells(correction: Correction) -> list[Row]:
    c, within = correction, correction.expected.within
    bounds = (within.min, within.max) if within else (None, None)
    return [
        (c.correction_id, c.dataset, c.series, cell.area, cell.year, cell.sex, c.action, c.value, c.factor,
         cell.value, c.expected.equals_series, *bounds)
        for cell in cells_of(correction)
    ]  # fmt: skip


def _attribution(indicator: Indicator, used: list[tuple[str, str]], sources: dict[str, Source]) -> str:
    """A computed value must not name the publisher as its source, but states which data it was computed from."""
    if indicator.processing_level == "published":
        return sources[used[0][0].split(".")[0]].attribution
    deflated = (
        f"; omräknat till {indicator.price_basis.label()}" if indicator.is_deflated and indicator.price_basis else ""
    )
    return f"Egen beräkning; underlag: {_named(used, sources)}{deflated}"


def _group_attribution(
    indicator: Indicator, used: list[tuple[str, str]], sources: dict[str, Source], catalogue: Catalogue
) -> str:
    """A group's value is computed here even where its members' values are published."""
    if indicator.processing_level != "published":
        return _attribution(indicator, used, sources)
    terms = catalogue.quotient(indicator).denominator if indicator.weight else ()
    weights = [catalogue.measure_by_id[term.measures[0]].title_sv for term in terms]
    weight = f"; vikt: {' + '.join(weights)}" if weights else ""
    return f"Egen beräkning av gruppvärde (vägt medel eller summa); underlag: {_named(used, sources)}{weight}"


def _named(used: list[tuple[str, str]], sources: dict[str, Source]) -> str:
    """Each publisher once, before all its series."""
    series_of: dict[str, list[str]] = defaultdict(list)
    for dataset, series in used:
        series_of[sources[dataset.split(".")[0]].title].append(series)
    return "; ".join(f"{title}: {', '.join(series)}" for title, series in series_of.items())


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | date) else str(value)
