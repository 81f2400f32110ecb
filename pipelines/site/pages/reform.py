"""The reform: its events, its money, interventions and findings, and the studies, each with a page of its own.

Belongs here: the content of these pages. Does not belong here: estimating (`indicators/statistics`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from indicators.model.words import METHODS, paid_together, said
from indicators.statistics.effect_words import robustness
from pipelines.site.pages.page import Page, study_path
from pipelines.site.release_data import Row, Tables
from pipelines.text.swedish_numbers import effect_decimals


def reform_pages(tables: Tables) -> Iterator[Page]:
    """The reform's page, and one for each study."""
    studies = tables.whole["study"]
    content = {
        "events": [e | {"names": _names(tables, e["areas"])} for e in tables.whole["reform_event"]],
        **_last_years(tables),
        "first_event": min(e["earliest"].year for e in tables.whole["reform_event"]),
        "last_event": max((e["ended_by"] or e["latest"]).year for e in tables.whole["reform_event"]),
        "funding": _ledger(tables.whole["funding"]),
        "interventions": [
            row | {"payers": [p for p in tables.whole["intervention_payer"] if _same(p, row, "intervention_id")]}
            for row in tables.whole["intervention"]
        ],
        "findings": tables.whole["finding"],
        "studies": [
            {
                "study_id": s["study_id"],
                "title": s["title_sv"],
                "question": s["question_sv"],
                "conclusions": _concluded(tables, s),
                **_counts(tables, s),
            }
            for s in studies
        ],
        "documents": tables.whole["document"],
    }
    yield Page("reformen.html", "reformen.html", "Reformen", content)
    for study in studies:
        yield Page(study_path(study["study_id"]), "studie.html", study["title_sv"], _study(tables, study))


def _last_years(tables: Tables) -> Row:
    """The year with which most indicators end (the latest of them, where several do as many), and the last of all."""
    ends = Counter(r["last_year"] for r in tables.indicators.values() if r["last_year"] is not None)
    usual = max(ends, key=lambda year: (ends[year], year), default=0)
    return {"last_year": max(ends, default=0), "usual_last_year": usual}


def _ledger(rows: list[Row]) -> list[Row]:
    """Each amount followed by its parts, with their depth."""

    def below(parent: str | None, depth: int) -> list[Row]:
        found = []
        for row in rows:
            if row["parent_id"] == parent:
                found += [row | {"depth": depth}, *below(row["funding_id"], depth + 1)]
        return found

    return below(None, 0)


def _counts(tables: Tables, study: Row) -> Row:
    estimates = [e for e in tables.whole["effect_estimate"] if _same(e, study, "study_id")]
    return {
        "estimates": len(estimates),
        "not_estimable": sum(e["estimate"] is None for e in estimates),
    }


def _study(tables: Tables, study: Row) -> Row:
    linked = {e["event_id"] for e in tables.whole["study_event"] if _same(e, study, "study_id")}
    analyses = [a for a in tables.whole["study_analysis"] if _same(a, study, "study_id")]
    found = {f["finding_id"] for f in tables.whole["finding_study"] if _same(f, study, "study_id")}
    return {
        "study": study,
        "conclusions": _concluded(tables, study),
        "needs": [_need(tables, n) for n in tables.whole["study_need"] if _same(n, study, "study_id")],
        "events": [e for e in tables.whole["reform_event"] if e["event_id"] in linked],
        "findings": [f for f in tables.whole["finding"] if f["finding_id"] in found],
        "analyses": [_analysis(tables, a) | {"heading": h} for a, h in zip(analyses, _headings(analyses), strict=True)],
    }


def _concluded(tables: Tables, study: Row) -> list[Row]:
    return [c for c in tables.whole["study_conclusion"] if _same(c, study, "study_id")]


def _need(tables: Tables, need: Row) -> Row:
    """What a study would need, with the gaps that say why it is missing and who could give it."""
    named = need["data_gaps"].split(", ")
    return need | {"gaps": [gap for gap in tables.whole["data_gap"] if gap["gap_id"] in named]}


def _headings(analyses: list[Row]) -> list[str]:
    """The method of each analysis, numbered where a study uses one more than once."""
    methods = [said(METHODS, a["method"]) for a in analyses]
    return [
        f"{method}, {methods[: place + 1].count(method)}" if methods.count(method) > 1 else method
        for place, method in enumerate(methods)
    ]


def _analysis(tables: Tables, analysis: Row) -> Row:
    def of(table: str) -> list[Row]:
        return [
            row
            | {
                "name": ", ".join(tables.name(a) for a in row["area_id"].split(", ")),
                **_measured(tables, row["indicator_id"]),
            }
            for row in tables.whole[table]
            if _same(row, analysis, "study_id") and _same(row, analysis, "analysis_id")
        ]

    series: dict[tuple[str, str], list[Row]] = {}
    for row in of("effect_series"):
        series.setdefault((row["indicator_id"], row["area_id"]), []).append(row)
    estimates = of("effect_estimate")
    together: dict[str, list[float | None]] = {}
    for e in estimates:
        together.setdefault(e["indicator_id"], []).append(e["estimate"])
    return {
        "analysis": analysis,
        "estimates": [_with_decimals(e, together[e["indicator_id"]]) for e in estimates],
        "warnings": sorted({w for e in estimates for w in (e["warnings_sv"] or "").split("\n") if w}),
        "robustness": _robustness(estimates),
        "figures": [
            {"title": rows[0]["title"], "unit": rows[0]["unit"], "decimals": effect_decimals(_shown(rows)),
             "name": rows[0]["name"], "rows": [_with_decimals(row, _shown(rows)) for row in rows]}
            for rows in series.values()
        ],
        "donors": [d | {"donor": tables.name(d["donor_area_id"])} for d in of("donor_weight")],
    }  # fmt: skip


def _robustness(estimates: list[Row]) -> list[Row]:
    """How unequal trends each estimate of an event study bears."""
    return [
        {"name": e["name"], "title": e["title"], "told": robustness(e["breakdown"])}
        for e in estimates
        if e["breakdown"] is not None
    ]


def _shown(rows: list[Row]) -> list[float | None]:
    """The values of a series; its differences where it has no values, such as those by years since a change."""
    observed = [row["observed"] for row in rows]
    return observed if any(value is not None for value in observed) else [row["gap"] for row in rows]


def _with_decimals(row: Row, together: list[float | None]) -> Row:
    """Adds the decimals that the command line shows too, which differ from the indicator's."""
    return row | {"decimals": effect_decimals(together, row["lower_95"], row["upper_95"])}


def _measured(tables: Tables, indicators: str) -> Row:
    """Title and unit of the estimated indicator; of the first where there are several (payers)."""
    titles = {i: r["title_sv"] for i, r in tables.indicators.items()}
    first = tables.indicators[re.split(", | - ", indicators)[0]]
    return {"title": paid_together(indicators, titles), "unit": first["unit"]}


def _names(tables: Tables, areas: str | None) -> str:
    """The names of several areas; empty where none is named."""
    return ", ".join(tables.name(area) for area in areas.split(", ")) if areas else ""


def _same(a: Row, b: Row, key: str) -> Any:
    return a[key] == b[key]
