"""From declarations to tables: what the warehouse reads as its source `declared`.

Belongs here: one table for each kind of declaration, with its column types, and their rows. Does not belong here:
writing them anywhere (`pipelines/warehouse.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from indicators.corrections import EVERYWHERE, Correction, cells_of
from indicators.load import Catalogue
from indicators.model import Indicator, ValueType

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Source:
    """What an indicator's attribution needs to know of a publisher."""

    title: str
    attribution: str
    rights: str


TABLES: dict[str, dict[str, str]] = {
    "indicator": {
        "indicator_id": "varchar", "title_sv": "varchar", "title_en": "varchar", "definition_sv": "varchar",
        "purpose_sv": "varchar", "theme": "varchar", "gr_area": "varchar", "success_factor": "varchar",
        "nara_vard_shift": "varchar", "unit": "varchar", "decimals": "integer", "value_type": "varchar",
        "polarity": "varchar", "cost_concept": "varchar", "price_basis": "varchar", "price_index": "varchar",
        "price_base_year": "integer", "numerator": "varchar", "denominator": "varchar", "multiplier": "double",
        "source_id": "varchar", "source_series": "varchar", "dataset": "varchar", "series": "varchar",
        "processing_level": "varchar", "attribution": "varchar", "rights": "varchar", "series_ended": "integer",
        "breaks": "varchar", "notes": "varchar", "definition_version": "integer", "valid_from": "date",
        "is_plain": "boolean", "aggregation": "varchar",
    },
    "indicator_term": {
        "indicator_id": "varchar", "part": "varchar", "term_no": "integer", "coefficient": "double",
        "measure_a": "varchar", "measure_b": "varchar",
    },
    "indicator_input": {"indicator_id": "varchar", "measure_id": "varchar", "is_anchor": "boolean"},
    "indicator_break": {"indicator_id": "varchar", "year": "integer", "reason_sv": "varchar"},
    "indicator_not_collected": {"indicator_id": "varchar", "year": "integer", "reason_sv": "varchar"},
    "measure": {"measure_id": "varchar", "dataset": "varchar", "series": "varchar"},
    "county": {"county_id": "varchar", "name": "varchar", "region_id": "varchar"},
    "area_change": {"area_id": "varchar", "valid_from": "date", "note_sv": "varchar"},
    "price_index": {"index_id": "varchar", "title_sv": "varchar", "base_year": "integer"},
    "data_gap": {
        "gap_id": "varchar", "wanted_sv": "varchar", "frame": "varchar", "theme": "varchar", "gr_area": "varchar",
        "success_factor": "varchar", "why_missing_sv": "varchar", "proxy_indicator": "varchar",
        "proxy_note_sv": "varchar", "could_provide_sv": "varchar",
    },
    "control": {
        "control_id": "varchar", "title_sv": "varchar", "kind": "varchar", "measure": "varchar", "weight": "varchar",
        "unit_factor": "double", "tolerance": "double", "has_years": "boolean",
    },
    "control_year": {"control_id": "varchar", "year": "integer"},
    "control_total": {"control_id": "varchar", "year": "integer", "value": "double", "source": "varchar"},
    "correction": {
        "correction_id": "varchar", "dataset": "varchar", "series": "varchar", "indicators": "varchar",
        "area_id": "varchar", "years": "varchar", "sexes": "varchar",
        "action": "varchar", "expected": "varchar", "value": "double", "factor": "double", "reason_sv": "varchar",
        "reported_by": "varchar", "reported_on": "date",
    },
    "correction_cell": {
        "correction_id": "varchar", "dataset": "varchar", "series": "varchar", "area_id": "varchar",
        "year": "integer", "sex": "varchar", "action": "varchar", "value": "double", "factor": "double",
        "expected_value": "double", "expected_series": "varchar", "expected_min": "double", "expected_max": "double",
    },
}  # fmt: skip


def declared_rows(catalogue: Catalogue, sources: dict[str, Source]) -> dict[str, list[Row]]:
    """The rows of each table in `TABLES`, columns in the same order.

    Args:
        sources: publishers by id, for attribution and rights.
    """
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    measures = {m.measure_id: (m.dataset, m.series) for m in catalogue.measures}
    for indicator in catalogue.indicators:
        rows["indicator"].append(_indicator_row(indicator, catalogue, sources))
        terms = _terms(indicator, catalogue)
        rows["indicator_term"] += terms
        measures |= (
            {_own_measure(indicator): (indicator.dataset or "", indicator.series or "")}
            if terms and indicator.series
            else {}
        )
        rows["indicator_input"] += _inputs(indicator.indicator_id, terms)
        rows["indicator_break"] += [(indicator.indicator_id, b.year, b.reason_sv) for b in indicator.breaks]
        rows["indicator_not_collected"] += [
            (indicator.indicator_id, n.year, n.reason_sv) for n in indicator.not_collected
        ]
    rows["measure"] = [(m, *place) for m, place in sorted(measures.items())]
    rows["county"] = [(c.county_id, c.name, c.region_id) for c in catalogue.counties]
    rows["area_change"] = [(a.area_id, a.valid_from, a.note_sv) for a in catalogue.area_changes]
    rows["price_index"] = [(p.index_id, p.title_sv, p.base_year) for p in catalogue.price_indices]
    rows["data_gap"] = [tuple(getattr(g, column) for column in TABLES["data_gap"]) for g in catalogue.data_gaps]
    for c in catalogue.controls:
        rows["control"].append(
            (c.control_id, c.title_sv, c.kind, c.measure, c.weight, c.unit_factor, c.tolerance, bool(c.years))
        )
        rows["control_year"] += [(c.control_id, year) for year in c.years]
        rows["control_total"] += [(c.control_id, t.year, t.value, t.source) for t in c.totals]
    for correction in catalogue.corrections:
        rows["correction"].append(_correction_row(correction, catalogue))
        rows["correction_cell"] += _correction_cells(correction)
    return rows


def is_plain(indicator: Indicator) -> bool:
    """Whether the source's values are taken as they are, with nothing to weight, add or deflate."""
    return aggregation(indicator) == "none" and indicator.kind == "published" and not indicator.is_deflated


def aggregation(indicator: Indicator) -> str:
    """How group values come about: `sum`, `weighted` (numerators over denominators) or `none`."""
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
        ]
    return [
        (indicator.indicator_id, part, number, term.coefficient, *(*term.measures, None, None)[:2])
        for part, terms in (("numerator", quotient.numerator), ("denominator", quotient.denominator))
        for number, term in enumerate(terms, start=1)
    ]


def _inputs(indicator_id: str, terms: list[Row]) -> list[Row]:
    named = list(dict.fromkeys(m for term in terms for m in term[4:6] if m is not None))
    return [(indicator_id, measure, place == 0) for place, measure in enumerate(named)]


def _indicator_row(indicator: Indicator, catalogue: Catalogue, sources: dict[str, Source]) -> Row:
    used = _used_series(indicator, catalogue)
    publishers = list(dict.fromkeys(dataset.split(".")[0] for dataset, _ in used))
    basis = indicator.price_basis
    values: dict[str, Any] = {
        **{c: getattr(indicator, c) for c in TABLES["indicator"] if hasattr(indicator, c)},
        "price_basis": basis.label() if basis else None,
        "price_index": basis.index if basis else None,
        "price_base_year": basis.base_year if basis else None,
        "numerator": indicator.numerator or indicator.expression,
        "denominator": indicator.denominator or indicator.weight,
        "multiplier": indicator.multiplier or 1.0,
        "source_id": ", ".join(publishers),
        "source_series": ", ".join(series for _, series in used),
        "attribution": _attribution(indicator, used, sources),
        "rights": " ".join(sources[p].rights for p in publishers),
        "breaks": "; ".join(f"{b.year}: {b.reason_sv}" for b in indicator.breaks) or None,
        "is_plain": is_plain(indicator),
        "aggregation": aggregation(indicator),
    }
    return tuple(_plain(values[column]) for column in TABLES["indicator"])


def _used_series(indicator: Indicator, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Every series that a value is made of, the price index of fixed prices included."""
    basis = indicator.price_basis
    prices = [(p.dataset, p.index_id) for p in catalogue.price_indices if basis and p.index_id == basis.index]
    if indicator.kind == "published":
        return [(indicator.dataset or "", indicator.series or ""), *prices]
    measures = [catalogue.measure_by_id[m] for m in catalogue.quotient(indicator).measures]
    return [*((m.dataset, m.series) for m in measures), *prices]


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
    """Whoever computes may not name the publisher as the source, but says which data it was computed from."""
    if indicator.processing_level == "published":
        return sources[used[0][0].split(".")[0]].attribution
    named = "; ".join(f"{sources[dataset.split('.')[0]].title}: {series}" for dataset, series in used)
    deflated = (
        f"; omräknat till {indicator.price_basis.label()}" if indicator.is_deflated and indicator.price_basis else ""
    )
    return f"Egen beräkning; underlag: {named}{deflated}"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | date) else str(value)
