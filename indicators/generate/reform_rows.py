"""The rows of the reform's registers, with the columns of `tables/reform.py`.

Belongs here: converting declarations to rows. Does not belong here: what is computed from them (dbt), or loading them
(`load`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from indicators.model.declarations import Catalogue
from indicators.model.study import AnyAnalysis, areas_of, is_descriptive
from indicators.tables.reform import REFORM_TABLES

Row = tuple[Any, ...]


def reform_rows(catalogue: Catalogue) -> dict[str, list[Row]]:
    """The rows of every table of `REFORM_TABLES`, columns in the same order."""
    return {
        "document": _plain("document", catalogue.documents),
        "reform_event": _plain("reform_event", catalogue.events),
        "reform_event_area": [(e.event_id, area) for e in catalogue.events for area in e.areas],
        "reform_event_indicator": [
            (e.event_id, moved.indicator, moved.direction) for e in catalogue.events for moved in e.expected
        ],
        "intervention": _plain("intervention", catalogue.interventions),
        "intervention_payer": [
            (i.intervention_id, p.payer, p.valid_from, p.valid_to) for i in catalogue.interventions for p in i.payers
        ],
        "finding": _plain("finding", catalogue.findings),
        "finding_indicator": [(f.finding_id, name) for f in catalogue.findings for name in f.indicators],
        "finding_study": [(f.finding_id, name) for f in catalogue.findings for name in f.studies],
        "study": _plain("study", catalogue.studies),
        "study_event": [(s.study_id, name) for s in catalogue.studies for name in s.events],
        "study_analysis": [_analysis(s.study_id, a) for s in catalogue.studies for a in s.analyses],
    }  # fmt: skip


def funding_rows(catalogue: Catalogue) -> list[Row]:
    """The rows of the source `declared.funding`, from which dbt computes sums and doses."""
    return [
        (f.funding_id, f.parent, f.split, f.year, f.payer, f.receiver, f.receiver_area, f.purpose_sv, f.amount_mnkr,
         f.is_approximate, f.basis, f.derived_from_sv, f.complete_by, f.known_discrepancy_mnkr, f.discrepancy_sv,
         f.document, f.section, f.read_on)
        for f in catalogue.funding
    ]  # fmt: skip


def _plain(table: str, declared: Iterable[Any]) -> list[Row]:
    """Rows whose columns have the names of the keys, except for those listed."""
    named = {"document_id": "document", "parent_id": "parent", "date_precision": "precision"}

    def value(row: Any, column: str) -> Any:
        own = getattr(row, column if hasattr(row, column) else named[column])
        if isinstance(own, tuple):
            return ("\n" if column.endswith("_sv") else ", ").join(own) or None
        return str(own) if isinstance(own, str) else own

    return [tuple(value(row, column) for column in REFORM_TABLES[table].columns) for row in declared]


def _analysis(study_id: str, analysis: AnyAnalysis) -> Row:
    indicator, funding = getattr(analysis, "dose_indicator", None), getattr(analysis, "dose_funding", None)
    alike, years = (_listed(getattr(analysis, name, ())) for name in ("covariates", "covariate_years"))
    dose = f"{indicator}, medel {_listed(getattr(analysis, 'dose_years', ()))}" if indicator else None
    return (
        study_id, analysis.analysis_id, analysis.method, is_descriptive(analysis), ", ".join(analysis.indicators),
        _listed(areas_of(analysis)), _listed(getattr(analysis, "excluded", ())),
        f"funding: {funding}" if funding else dose, f"{alike}, medel {years}" if alike else None,
        analysis.first_year, analysis.last_year, analysis.first_after, _listed(analysis.leave_out),
        "\n".join(analysis.assumptions_sv),
    )  # fmt: skip


def _listed(items: Iterable[object]) -> str | None:
    return ", ".join(map(str, items)) or None
