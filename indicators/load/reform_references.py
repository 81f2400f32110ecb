"""Validates references in the reform's registers, and the sums of the money.

Belongs here: references from registers and studies to other declarations. Does not belong here: rules of a single row
(`model/reform.py`, `model/study.py`), references between indicators (`references.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from indicators.errors import DeclarationError
from indicators.model.declarations import Catalogue
from indicators.model.reform import Funding
from indicators.model.study import Difference, Study, areas_of, indicators_of

NATION = "0000"
_LEAST_MNKR = 0.005  # amounts are in million kronor with at most two decimals
Named = tuple[str, str, str, str]  # file, position, type, id


def check_reform(catalogue: Catalogue) -> None:
    """Check every reference of registers and studies, and the sums of the money.

    Raises:
        DeclarationError: with the file, the row and the missing name, or the sum that does not agree.
    """
    registers = catalogue.home / "registers"
    known = {
        "document_id": {d.document_id for d in catalogue.documents},
        "event_id": {e.event_id for e in catalogue.events},
        "funding_id": {f.funding_id for f in catalogue.funding},
        "intervention_id": {i.intervention_id for i in catalogue.interventions},
        "study_id": {s.study_id for s in catalogue.studies},
        "gap_id": {g.gap_id for g in catalogue.data_gaps},
        "indicator_id": set(catalogue.by_id),
        "area or group": {NATION, *(g.group_id for g in catalogue.groups), *(c.region_id for c in catalogue.counties)},
    }
    counties = {c.county_id for c in catalogue.counties}
    for file, where, kind, name in _named(catalogue):
        is_municipality = kind == "area or group" and len(name) == 4 and name[:2] in counties
        if name not in known[kind] and not is_municipality:
            raise DeclarationError(registers / file, where, f"a known {kind}", name)
    for row in catalogue.funding:
        fault = _sum_fault(row, catalogue.funding)
        if fault:
            raise DeclarationError(registers / "funding.yml", f"{row.funding_id}: amount_mnkr", *fault)


def _named(catalogue: Catalogue) -> Iterator[Named]:
    for event in catalogue.events:
        yield from _sourced("reform_events.yml", event.event_id, event.document, event.areas)
        for expected in event.expected:
            yield "reform_events.yml", f"{event.event_id}: expected", "indicator_id", expected.indicator
    for money in catalogue.funding:
        yield from _sourced("funding.yml", money.funding_id, money.document, filter(None, [money.receiver_area]))
        if money.parent:
            yield "funding.yml", f"{money.funding_id}: parent", "funding_id", money.parent
    for done in catalogue.interventions:
        yield from _sourced("interventions.yml", done.intervention_id, done.document, done.areas)
        if done.parent:
            yield "interventions.yml", f"{done.intervention_id}: parent", "intervention_id", done.parent
    for finding in catalogue.findings:
        yield from _sourced("findings.yml", finding.finding_id, finding.document, finding.areas)
        for indicator in finding.indicators:
            yield "findings.yml", f"{finding.finding_id}: indicators", "indicator_id", indicator
        for study_id in finding.studies:
            yield "findings.yml", f"{finding.finding_id}: studies", "study_id", study_id
    for study in catalogue.studies:
        yield from _of_study(study)


def _sourced(file: str, row: str, document: str, areas: Iterable[str]) -> Iterator[Named]:
    yield file, f"{row}: document", "document_id", document
    for area in areas:
        yield file, f"{row}: area", "area or group", area


def _of_study(study: Study) -> Iterator[Named]:
    file = f"studies/{study.study_id}.yml"
    for event in study.events:
        yield file, "events", "event_id", event
    for analysis in study.analyses:
        for indicator in indicators_of(analysis):
            yield file, f"{analysis.analysis_id}: indicators", "indicator_id", indicator
        for area in (*areas_of(analysis), *getattr(analysis, "excluded", ())):
            yield file, f"{analysis.analysis_id}: areas", "area or group", area
        if isinstance(analysis, Difference) and analysis.dose_funding:
            yield file, f"{analysis.analysis_id}: dose_funding", "funding_id", analysis.dose_funding
    for need in study.needed:
        yield file, f"{need.need_id}: proxy", "indicator_id", need.proxy
        for gap in need.data_gaps:
            yield file, f"{need.need_id}: data_gaps", "gap_id", gap
        for area in need.treated:
            yield file, f"{need.need_id}: treated", "area or group", area


def _sum_fault(row: Funding, ledger: tuple[Funding, ...]) -> tuple[str, str] | None:
    """The expected and the found sum of a row's parts; None when they agree."""
    if row.complete_by is None:
        return None
    parts = [part for part in ledger if part.parent == row.funding_id and part.split == row.complete_by]
    found = row.amount_mnkr - sum(part.amount_mnkr for part in parts)
    if abs(found - row.known_discrepancy_mnkr) < _LEAST_MNKR:
        return None
    told = " + ".join(f"{part.amount_mnkr:g}" for part in parts) or "no parts"
    return (
        f"{row.amount_mnkr:g} less its parts by {row.complete_by} to be {row.known_discrepancy_mnkr:g}",
        f"{row.amount_mnkr:g} less ({told}) is {found:g}",
    )
