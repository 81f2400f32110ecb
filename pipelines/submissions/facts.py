"""Converts validated rows to facts that may be stored, with small numbers suppressed.

Belongs here: the cells of validated rows, and the form in which facts are archived. Does not belong here: which
numbers are small and what reveals them (`disclosure`), or storing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields, replace

import polars as pl

from indicators.model.submission_template import SubmissionTemplate
from pipelines.disclosure.audit import Key, exposures
from pipelines.disclosure.facts import MISSING, SUPPRESSED, Fact, relations_of
from pipelines.disclosure.suppression import Cell, as_seen, suppressed
from pipelines.submissions.judging import Row


def facts_of(template: SubmissionTemplate, rows: Iterable[Row], earlier: Iterable[Fact] = ()) -> list[Fact]:
    """Every cell of validated rows as a fact, in the order of their keys; small numbers are suppressed.

    Args:
        earlier: every fact that was ever known, the oldest first. A value that was published before is not suppressed
        to protect another, and values that the rows lack are included with their known values.
    """
    groups: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        if row.key:
            area, year, sex = row.key
            groups.setdefault((area, year), {})[sex] = row
    known: dict[tuple[str, int], dict[Key, list[Fact]]] = {}
    for fact in earlier:
        if (fact.area_id, fact.year) in groups:
            known.setdefault((fact.area_id, fact.year), {}).setdefault((fact.series_id, fact.sex), []).append(fact)
    found = []
    for (area, year), by_sex in groups.items():
        given = _cells(template, by_sex)
        hidden = _hidden(template, given, known.get((area, year), {}))
        for key, cell in given.items():
            status = SUPPRESSED if key in hidden else (MISSING if cell.value is None else None)
            found.append(Fact(key[0], area, year, key[1], cell.value if status is None else None, status))
    return sorted(found, key=lambda fact: (fact.series_id, fact.area_id, fact.year, fact.sex))


def _hidden(
    template: SubmissionTemplate, given: Mapping[Key, Cell], known: Mapping[Key, Sequence[Fact]]
) -> frozenset[Key]:
    """The suppressed ones of the given cells, considering what was known of the same municipality and year."""
    told = {key: {fact.value for fact in facts if fact.value is not None} for key, facts in known.items()}
    fixed = {key: replace(cell, is_fixed=cell.value in told.get(key, ())) for key, cell in given.items()}
    standing: dict[Key, Cell] = {}
    for field in template.fields:
        for sex in {sex for _, sex in known} - {sex for _, sex in given}:
            last = known[field.series, sex][-1] if (field.series, sex) in known else None
            standing[field.series, sex] = Cell(
                last.value if last else None, math.inf, field.kind, field.max,
                is_fixed=True, was_suppressed=last is not None and last.status == SUPPRESSED,
            )  # fmt: skip
    relations = relations_of(template, sorted({sex for _, sex in (*given, *standing)}))
    hidden = frozenset[Key]()
    # What earlier values reveal anyway cannot be protected: this submission is then considered by itself.
    for own in (fixed, given):
        cells: dict[Key, Cell] = {**standing, **own}
        hidden = suppressed(cells, relations)
        if not exposures(as_seen(cells, hidden), relations):
            break
    return hidden


def as_csv(facts: Sequence[Fact]) -> bytes:
    """Facts in the archive's format: UTF-8, comma, the declared columns; a missing value is empty."""
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
