"""Recognises the template of a file, the position of its header, and its columns.

Belongs here: that, and the faults of headers. Does not belong here: the cells below the header (`judging.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from indicators.model.submission_template import FIXED_HEADS, SubmissionTemplate, TemplateField
from pipelines.sources.cells import Sheet
from pipelines.submissions.findings import Fault, Note, shown
from pipelines.submissions.number_cells import number_in
from pipelines.text.normalise import plain

GUIDE, FAULTS = "Läs mig", "Fel"  # sheets of the template without values
AREA, NAME, YEAR, SEX = FIXED_HEADS
_DEEPEST = 20  # maximum rows above the header
_UNIT = re.compile(r"\s*\((?P<unit>[^()]*)\)$")  # of a head
_SAME_UNIT = {
    "tkr": {
        "tusen kr", "tusen kronor", "tusental kr", "tusental kronor", "tusentals kr", "tusentals kronor", "kkr", "tsek",
        "ksek", "1000 kr", "1 000 kr", "1000 kronor", "1 000 kronor", "1000-tal kr", "1000-tal kronor",
    },
    "antal": {"st", "st.", "stycken", "personer", "antal personer"},
    "%": {"procent"},
}  # fmt: skip
_FEWEST = 3  # minimum known heads in a header row


@dataclass(frozen=True)
class Table:
    """The part of a file with values. `columns` holds the position of each head or series, counted from 0."""

    template: SubmissionTemplate
    sheet: Sheet
    head: int
    columns: dict[str, int]

    def rows(self) -> list[tuple[int, Sequence[Any]]]:
        """The non-empty rows below the header, each with its number, counted from 0."""
        below = enumerate(self.sheet.rows[self.head + 1 :], start=self.head + 1)
        return [(number, cells) for number, cells in below if not all(is_empty(c) for c in cells)]

    def is_figure(self, row: int, column: int) -> bool:
        """Whether a cell is a number that its column allows, or is in a column for codes, names or years."""
        name = next((name for name, place in self.columns.items() if place == column), None)
        if row <= self.head or name is None:
            return False
        declared = next((f for f in self.template.fields if f.series == name), None)
        if declared is None:
            return name in {AREA, YEAR}
        cell = self.sheet.rows[row][column]
        number = number_in(cell) if isinstance(cell, str) else cell
        return isinstance(number, int | float) and declared.min <= number <= declared.max


@dataclass
class Recognised:
    """The result; `table` is None when no template was recognised."""

    table: Table | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or (isinstance(value, str) and not plain(value))


def recognise(sheets: Sequence[Sheet], templates: Sequence[SubmissionTemplate]) -> Recognised:
    """Find the one sheet with values, its template and its columns."""
    found = Recognised()
    for sheet in sheets:
        if plain(sheet.name).casefold() in {GUIDE.casefold(), FAULTS.casefold()}:
            continue
        place = _head_of(sheet, templates)
        if place is None:
            if any(not is_empty(cell) for row in sheet.rows for cell in row):
                found.notes.append(Note(sheet.name, 0, 0, "bladet hör inte till mallen och lästes inte"))
        elif found.table:
            told = "filen har två blad med värden"
            remedy = "lämna ett blad i varje fil, eller ta bort det ena"
            found.faults.append(
                Fault(sheet.name, place[0], 0, told, f"bara bladet {found.table.sheet.name}", "", remedy)
            )
        else:
            template, head = place[1], place[0]
            found.table = Table(template, sheet, head, _columns(sheet, head, template, found.faults))
    if found.table is None:
        found.notes.clear()
        found.faults.append(_unknown(sheets, templates))
    elif not found.table.rows():
        told = "det finns inga rader att läsa"
        remedy = "fyll i en rad för varje år"
        found.faults.append(
            Fault(
                found.table.sheet.name, found.table.head + 1, 0, told, "minst en rad med värden", "inga rader", remedy
            )
        )
    return found


def _plain(value: object) -> str:
    """A head without its unit, in lower case."""
    return _UNIT.sub("", plain(str(value)).casefold()) if not is_empty(value) else ""


def _names(template: SubmissionTemplate) -> dict[str, str]:
    """Every head of a template in its possible spellings, with its key."""
    names = {_plain(head): head for head in template.heads}
    for one in template.fields:
        names |= {_plain(one.head_sv): one.series, one.series: one.series}
    return names


def _head_of(sheet: Sheet, templates: Sequence[SubmissionTemplate]) -> tuple[int, SubmissionTemplate] | None:
    """The row and the template with the most known heads, at least one of them of a field."""
    best: tuple[int, int, SubmissionTemplate] | None = None
    for number, row in enumerate(sheet.rows[:_DEEPEST]):
        written = {_plain(cell) for cell in row}
        for template in templates:
            known = [name for head, name in _names(template).items() if head in written]
            fields = len(set(known) - set(template.heads))
            if fields and len(known) >= _FEWEST and (best is None or len(known) > best[0]):
                best = (len(known), number, template)
    return (best[1], best[2]) if best else None


def _columns(sheet: Sheet, head: int, template: SubmissionTemplate, faults: list[Fault]) -> dict[str, int]:
    names, columns = _names(template), dict[str, int]()
    heads = sheet.rows[head]
    width = max(len(row) for row in sheet.rows[head:])
    for column in range(width):
        cell = heads[column] if column < len(heads) else None
        name = names.get(_plain(cell))
        if name is None:
            filled = any(column < len(row) and not is_empty(row[column]) for row in sheet.rows[head:])
            if filled:
                known = ", ".join(_wanted(template).values())
                remedy = "ta bort kolumnen, eller skriv rubriken som i mallen"
                faults.append(Fault(sheet.name, head, column, "okänd kolumn", known, shown(cell), remedy))
        elif name in columns:
            remedy = "ta bort den ena kolumnen"
            faults.append(Fault(sheet.name, head, column, "kolumnen finns två gånger", "en gång", shown(cell), remedy))
        else:
            columns[name] = column
            faults += _other_unit(
                sheet.name, head, column, cell, next((f for f in template.fields if f.series == name), None)
            )
    last = max((i for i, cell in enumerate(heads) if not is_empty(cell)), default=-1)
    for name, heading in _wanted(template).items():
        if name not in columns:
            last += 1
            remedy = "lägg tillbaka kolumnen; den får vara tom om den inte är obligatorisk"
            faults.append(Fault(sheet.name, head, last, "en kolumn saknas", heading, "ingen sådan rubrik", remedy))
    return columns


def _other_unit(sheet: str, row: int, column: int, cell: object, declared: TemplateField | None) -> list[Fault]:
    """The fault of a head with another unit than its column's."""
    written = _UNIT.search(plain(str(cell)).casefold())
    if declared is None or written is None:
        return []
    unit = " ".join(written["unit"].split()).removeprefix("i ")
    if unit in {"", declared.unit.casefold(), *_SAME_UNIT.get(declared.unit, ())}:
        return []
    what, remedy = "rubriken har en annan enhet än mallen", f"räkna om värdena till {declared.unit}, och skriv rubriken"
    return [Fault(sheet, row, column, what, declared.heading, shown(cell), f"{remedy} som i mallen")]


def _wanted(template: SubmissionTemplate) -> dict[str, str]:
    """Every column with its head in the template."""
    return {**{head: head for head in template.heads}, **{f.series: f.heading for f in template.fields}}


def _unknown(sheets: Sequence[Sheet], templates: Sequence[SubmissionTemplate]) -> Fault:
    name = sheets[0].name if sheets else ""
    heads = next((row for sheet in sheets for row in sheet.rows if not all(is_empty(c) for c in row)), ())
    written = [shown(cell) for cell in heads if not is_empty(cell)]
    known = ", ".join(t.template_id for t in templates)
    return Fault(
        name, 0, 0, "filen känns inte igen som någon av mallarna",
        f"rubrikerna i någon av mallarna {known}", ", ".join(written[:8]) or "ett tomt blad",
        "hämta mallen med `nyckeltal submit --template <mall>` och behåll dess rubriker",
    )  # fmt: skip
