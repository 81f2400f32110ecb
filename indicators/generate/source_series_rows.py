"""What is said of source series, as the rows of a table and as a text for a reader.

Belongs here: joining the parts of `measured`, with the breaks that a series has. Does not belong here: pages
(`dictionary_pages.py`, `definition_review.py`).
"""

from __future__ import annotations

from typing import Any

from indicators.generate.declared_rows import Inherited
from indicators.model.declarations import Catalogue
from indicators.model.measured import Measured
from indicators.tables.source_series import SOURCE_TABLES

COUNTS_SV = {
    "persons": "personer", "episodes": "tillfällen (en person kan ha flera)",
    "full_time_equivalents": "årsarbetare", "staff": "personal på schema", "hours": "timmar", "days": "dagar",
    "years": "levnadsår", "places": "platser eller bostäder", "money": "kronor", "area": "yta", "index": "ett index",
    "municipality": "kommunens svar",
}  # fmt: skip


def source_series_rows(catalogue: Catalogue) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of `source_series`, by dataset and series."""
    known = Inherited(catalogue).by_series
    rows = []
    for (dataset, series), m in sorted(catalogue.measured.items()):
        values: dict[str, Any] = {
            **m.model_dump(mode="json"),
            "dataset": dataset,
            "series": series,
            "earlier_ages": earlier_ages(m),
            "answers": "; ".join(m.answers) or None,
            "breaks": _years(known.get((dataset, series), {})),
            "no_breaks": _years({n.year: n.reason_sv for n in m.no_break}),
        }
        rows.append(tuple(values[column] for column in SOURCE_TABLES["source_series"].columns))
    return {"source_series": rows}


def measured_facts(m: Measured) -> dict[str, str | None]:
    """What a series measures, by Swedish headings; None where it has no part in it."""
    return {
        "Källan räknar": f"{COUNTS_SV[m.counts]}: {m.counted_sv}",
        "Av": m.of_sv,
        "Vilka": m.who_sv,
        "Åldrar": ", ".join(filter(None, [m.ages, earlier_ages(m)])) or None,
        "Tid": m.period_sv,
        "Svar som räknas": " eller ".join(f"”{a}”" for a in m.answers) or None,
        "Utanför": m.left_out_sv,
    }


def earlier_ages(m: Measured) -> str | None:
    """`65+ till och med 2016`, or None."""
    return ", ".join(f"{e.ages} till och med {e.last_year}" for e in m.earlier_ages) or None


def _years(years: dict[int, str]) -> str | None:
    return "; ".join(f"{year}: {reason}" for year, reason in sorted(years.items())) or None
