"""The annotated copy of a faulty file for its sender: the same cells, the faulty ones marked, and a list of faults.

Belongs here: that copy, and where it is written. Does not belong here: finding faults. The copy is made from the cells
alone: formulas, macros, links and anything else that a file may contain are dropped.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.sources.cells import Sheet
from pipelines.storage.files import write_bytes
from pipelines.submissions.findings import Fault, Note
from pipelines.submissions.recognising import AREA, FAULTS, Table
from pipelines.submissions.workbook_writing import AS_TEXT, colour, put_row, set_widths, sheet_title

_ENDING = ".granskad"
_BY = "nyckeltal submit"
_FAULTY, _MENDED = "FFC7CE", "FFEB9C"
_LIST_HEADS = ("Blad", "Cell", "Vad som är fel", "Väntat", "Fanns", "Gör så här")


def path_of_copy(file: Path) -> Path:
    """`<name>.granskad.xlsx` beside the file.

    Another number when that is the submitted file itself, or when somebody has edited it.
    """
    stem = file.stem.removesuffix(_ENDING)
    number = 1
    while True:
        ending = _ENDING if number == 1 else f"{_ENDING}-{number}"
        found = file.with_name(f"{stem}{ending}.xlsx")
        if found != file and not _is_worked_in(found):
            return found
        number += 1


def write_copy(
    sheets: Sequence[Sheet], table: Table | None, faults: Sequence[Fault], notes: Sequence[Note], target: Path
) -> None:
    """Write the annotated copy. An old list of faults is replaced by the new one."""
    book = Workbook()
    book.remove(book.worksheets[0])
    kept = [sheet for sheet in sheets if sheet.name.strip().casefold() != FAULTS.casefold()]
    titles: dict[str, str] = {}
    for sheet in kept:
        titles[sheet.name] = sheet_title(sheet.name, [*titles.values(), FAULTS])
        written = book.create_sheet(titles[sheet.name])
        _write_cells(written, sheet)
        if table and table.sheet.name == sheet.name:
            _lay_out(written, table)
        _mark(written, sheet.name, faults, notes)
    _write_list(book.create_sheet(FAULTS), faults, titles)
    book.properties.creator = book.properties.lastModifiedBy = _BY
    body = io.BytesIO()
    book.save(body)
    write_bytes(target, body.getvalue())


def _is_worked_in(path: Path) -> bool:
    """Whether the file exists and another program has saved it since; then it may contain corrections."""
    if not path.exists():
        return False
    try:
        return str(openpyxl.load_workbook(path, read_only=True).properties.lastModifiedBy) != _BY
    except (BadZipFile, KeyError, ValueError, OSError):
        return True  # unreadable: not written by us


def _write_cells(written: Worksheet, sheet: Sheet) -> None:
    for row, cells in enumerate(sheet.rows, start=1):
        put_row(written, row, cells)


def _lay_out(written: Worksheet, table: Table) -> None:
    """A frozen, bold header, and a text format that preserves zeros when somebody retypes a code."""
    for cell in written[table.head + 1]:
        cell.font = Font(bold=True)
    set_widths(written, [18] * (max(table.columns.values(), default=0) + 1))
    written.freeze_panes = f"A{table.head + 2}"
    if AREA in table.columns:
        for row in range(table.head + 2, len(table.sheet.rows) + 1):
            written.cell(row, table.columns[AREA] + 1).number_format = AS_TEXT


def _mark(written: Worksheet, name: str, faults: Sequence[Fault], notes: Sequence[Note]) -> None:
    texts: dict[tuple[int, int], list[str]] = {}
    for note in notes:
        if note.sheet == name:
            texts.setdefault((note.row, note.column), []).append(f"Rättat: {note.text}.")
    faulty = set()
    for fault in faults:
        if fault.sheet == name:
            faulty.add((fault.row, fault.column))
            texts.setdefault((fault.row, fault.column), []).append(_in_words(fault))
    for (row, column), told in texts.items():
        cell = written.cell(row + 1, column + 1)
        cell.fill = colour(_FAULTY if (row, column) in faulty else _MENDED)
        cell.comment = Comment("\n".join(told), "nyckeltal", height=140, width=360)


def _in_words(fault: Fault) -> str:
    parts = [fault.what, f"väntat: {fault.expected}" if fault.expected else "", fault.remedy]
    return f"Fel: {'; '.join(filter(None, parts))}."


def _write_list(written: Worksheet, faults: Sequence[Fault], titles: dict[str, str]) -> None:
    put_row(written, 1, _LIST_HEADS, bold=True)
    for row, fault in enumerate(faults, start=2):
        title = titles.get(fault.sheet, fault.sheet)
        put_row(written, row, [title, fault.cell, fault.what, fault.expected, fault.found, fault.remedy], wrap=True)
        if fault.sheet in titles:
            quoted = title.replace("'", "''")
            written.cell(row, 2).hyperlink = f"#'{quoted}'!{fault.cell}"
    set_widths(written, [20, 8, 40, 40, 24, 60])
    written.freeze_panes = "A2"
