"""From judged rows to facts that may be kept: small numbers taken away.

Belongs here: which cells and sums a template makes, and the form in which facts are archived. Does not belong here:
what is small and what gives it away (`suppression.py`), or storing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace

import polars as pl

from indicators.submission_templates import SubmissionTemplate
from pipelines.submissions.disclosure import AtMost, Key, Relation, Seen, ShareOf, Sum
from pipelines.submissions.judging import Row
from pipelines.submissions.suppression import Cell, suppressed

MISSING, SUPPRESSED = "missing", "suppressed"


@dataclass(frozen=True, order=True)
class Fact:
    """One value of a submission, as `submissions.varden` declares it. No value has the reason in `status`."""

    series_id: str
    area_id: str
    year: int
    sex: str
    value: float | None
    status: str | None


def facts_of(template: SubmissionTemplate, rows: Iterable[Row]) -> list[Fact]:
    """Every cell of judged rows as a fact, in the order of their keys; small numbers are suppressed."""
    groups: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        if row.key:
            area, year, sex = row.key
            groups.setdefault((area, year), {})[sex] = row
    found = []
    for (area, year), by_sex in groups.items():
        cells = _cells(template, by_sex)
        hidden = suppressed(cells, relations_of(template, tuple(by_sex)))
        for key, cell in cells.items():
            status = SUPPRESSED if key in hidden else (MISSING if cell.value is None else None)
            found.append(Fact(key[0], area, year, key[1], cell.value if status is None else None, status))
    return sorted(found, key=lambda fact: (fact.series_id, fact.area_id, fact.year, fact.sex))


def relations_of(template: SubmissionTemplate, sexes: Sequence[str]) -> list[Relation]:
    """What always holds between the cells of one municipality and year, as the template declares it.

    Totals, parts of wholes, shares of persons, and women and men together.
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
        if {"T", "K", "M"} <= set(sexes):
            parts = ((one.series, "K"), (one.series, "M"))
            found.append(Sum((one.series, "T"), parts, weighted=one.kind == "share"))
    return found


def seen_of(template: SubmissionTemplate, facts: Iterable[Fact]) -> dict[tuple[str, int], dict[Key, Seen]]:
    """What readers see of a template's facts, by municipality and year; other templates' facts are passed over.

    Every table has all the template's cells, of each sex that it has any of.
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


def as_csv(facts: Sequence[Fact]) -> bytes:
    """Facts as the archive keeps them: UTF-8, comma, the declared columns; a value that is not there is empty."""
    names = [field.name for field in fields(Fact)]
    types = {"year": pl.Int32, "value": pl.Float64}
    schema = {name: types.get(name, pl.String) for name in names}
    frame = pl.DataFrame([astuple(fact) for fact in facts], schema=schema, orient="row")
    return frame.write_csv().encode()


def _cells(template: SubmissionTemplate, by_sex: dict[str, Row]) -> dict[Key, Cell]:
    cells: dict[Key, Cell] = {}
    for sex, row in by_sex.items():
        for declared in template.fields:
            persons = row.values.get(declared.persons or declared.series)
            cells[declared.series, sex] = Cell(
                row.values.get(declared.series), persons, declared.kind, most=declared.max
            )
    return cells
