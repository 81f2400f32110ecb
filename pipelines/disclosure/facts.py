"""The municipalities' own figures as tables of cells, with the relations that always hold between them.

Belongs here: a fact of a submission, which cells a template's table has, and the relations that the template declares.
Does not belong here: which cells are small and what reveals them (`suppression.py`, `audit.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from indicators.model.submission_template import SubmissionTemplate
from pipelines.disclosure.audit import AmountOf, AtMost, Key, Relation, Seen, ShareOf, Sum

MISSING, SUPPRESSED = "missing", "suppressed"


@dataclass(frozen=True, order=True)
class Fact:
    """One value of a submission, as `submissions.varden` declares it. Without a value, `status` says why."""

    series_id: str
    area_id: str
    year: int
    sex: str
    value: float | None
    status: str | None


def relations_of(template: SubmissionTemplate, sexes: Sequence[str]) -> list[Relation]:
    """The relations that always hold between the cells of one municipality and year, as the template declares them.

    Totals, parts of wholes, shares and amounts of persons, and women and men together.
    """
    found: list[Relation] = [
        Sum((t.total, sex), tuple((part, sex) for part in t.parts)) for t in template.totals for sex in sexes
    ]
    for one in template.fields:
        for sex in sexes:
            if one.at_most:
                found.append(AtMost((one.series, sex), (one.at_most, sex)))
            if one.kind == "share" and one.persons:
                found.append(ShareOf((one.series, sex), (one.persons, sex), one.decimals))
            if one.kind == "amount" and one.persons:
                found.append(AmountOf((one.series, sex), (one.persons, sex)))
        if {"T", "K", "M"} <= set(sexes):
            parts = ((one.series, "K"), (one.series, "M"))
            found.append(Sum((one.series, "T"), parts, weighted=one.kind == "share"))
    return found


def seen_of(template: SubmissionTemplate, facts: Iterable[Fact]) -> dict[tuple[str, int], dict[Key, Seen]]:
    """What readers see of a template's facts, by municipality and year; facts of other templates are ignored.

    Every table has all the template's cells, for each sex that has any of them.
    """
    declared = {field.series: field for field in template.fields}
    tables: dict[tuple[str, int], dict[Key, Seen]] = {}
    for fact in facts:
        if fact.series_id in declared:
            table = tables.setdefault((fact.area_id, fact.year), {})
            for one in template.fields:
                table.setdefault((one.series, fact.sex), Seen(None, False, one.kind, one.max))
            key = (fact.series_id, fact.sex)
            table[key] = replace(table[key], value=fact.value, suppressed=fact.status == SUPPRESSED)
    return tables
