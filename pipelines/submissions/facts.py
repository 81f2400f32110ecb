"""From judged rows to facts that may be kept: small numbers taken away.

Belongs here: which cells and sums a template makes, and the form in which facts are archived. Does not belong here:
what is small and what gives it away (`suppression.py`), or storing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields

import polars as pl

from indicators.submission_templates import SubmissionTemplate
from pipelines.submissions.judging import Row
from pipelines.submissions.suppression import Cell, Key, Sum, suppressed

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
        hidden = suppressed(cells, sums_of(template, tuple(by_sex)))
        for key, cell in cells.items():
            status = SUPPRESSED if key in hidden else (MISSING if cell.value is None else None)
            found.append(Fact(key[0], area, year, key[1], cell.value if status is None else None, status))
    return sorted(found, key=lambda fact: (fact.series_id, fact.area_id, fact.year, fact.sex))


def sums_of(template: SubmissionTemplate, sexes: Sequence[str]) -> list[Sum]:
    """The sums that hold between the cells of one municipality and year: declared totals, women and men."""
    sums = [Sum((t.total, sex), tuple((part, sex) for part in t.parts)) for t in template.totals for sex in sexes]
    if {"T", "K", "M"} <= set(sexes):
        for one in template.fields:
            parts = ((one.series, "K"), (one.series, "M"))
            sums.append(Sum((one.series, "T"), parts, weighted=one.kind == "share"))
    return sums


def as_csv(facts: Sequence[Fact]) -> bytes:
    """Facts as the archive keeps them: UTF-8, comma, the declared columns; a value that is not there is empty."""
    names = [field.name for field in fields(Fact)]
    types = {"year": pl.Int32, "value": pl.Float64}
    schema = {name: types.get(name, pl.String) for name in names}
    frame = pl.DataFrame([astuple(fact) for fact in facts], schema=schema, orient="row")
    return frame.write_csv().encode()


def _cells(template: SubmissionTemplate, by_sex: dict[str, Row]) -> dict[Key, Cell]:
    cells = {}
    for sex, row in by_sex.items():
        for declared in template.fields:
            is_count = declared.kind == "persons"
            persons = row.values.get(declared.persons or declared.series)
            cells[declared.series, sex] = Cell(row.values.get(declared.series), persons, is_count)
    return cells
