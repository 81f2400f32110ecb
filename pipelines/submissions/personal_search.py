"""Searches every part of a file for anything that identifies a person.

Belongs here: walking through a file's cells, names, properties, comments and any other part. Does not belong here:
recognising a number (`personal.py`). Messages contain the place, never the text that was found.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from urllib.parse import unquote
from zipfile import ZipFile

from pipelines.errors import SourceError
from pipelines.sources.cells import DAMAGED_ZIP, Cell, Place, Sheet, address
from pipelines.submissions.file_opening import MAX_UNPACKED, Opened, open_file, unpacked_bytes
from pipelines.submissions.personal import (
    holds_contact,
    holds_contact_in_bytes,
    holds_personal_number,
    is_personal_number,
    parts_of_one,
)
from pipelines.submissions.recognising import Table
from pipelines.submissions.workbook_parts import refuse_foreign_parts

_WHOLE = {"si", "is", "text", "p", "comment"}  # elements whose text is split into formatted runs
_ON_PAPER = ("Header", "Footer")  # name endings of elements for page headers and footers
# In them: where a part begins, a sign &, a font, a colour, a size, anything else. 070 after &L is no part of the code.
_PAPER_PART = re.compile(r"&[LCR]")
_PAPER_CODE = re.compile(r'&"[^"]*"|&K(?:[0-9A-F]{6}|\d\d[+-]\d{3})|&\d{1,2} ?|&[A-Z]')
_READABLE = re.compile(r"[ -~åäöÅÄÖéÉüÜ]{6,}")
_PARTS = (
    ("docprops/", "dokumentegenskaperna"), ("comment", "en kommentar"), ("persons/", "en kommentars författare"),
    ("drawing", "en textruta eller en bild"), ("xl/workbook.xml", "ett bladnamn eller ett namngivet område"),
    ("xl/worksheets/", "ett blad, utanför cellernas värden (formel, sidhuvud, rubrik i en lista)"),
)  # fmt: skip


_FIRST_DATE = 10101
# XML attributes with user-written text; all others are written by programs.
_WRITTEN = {
    "Target", "display", "tooltip", "location", "prompt", "error", "promptTitle", "errorTitle", "name", "title",
    "author", "userName", "displayName", "alt", "descr", "comment", "description", "help", "statusBar", "customMenu",
    "formatCode", "val", "user", "codeName",
}  # fmt: skip


def opened_and_searched(body: bytes, name: str) -> Opened | str:
    """The cells, if nothing that identifies a person was found anywhere; else the place.

    Run it in a separate process (`processes/limited.py`): the file is untrusted.

    Raises:
        SourceError: it cannot be read, or has parts that the templates lack.
    """
    try:
        opened = open_file(body, name)
    except SourceError:
        if place := in_bytes(body):
            return place
        raise
    is_text = name.lower().endswith(".csv")  # of which the cells are all
    if place := in_cells(opened) or (None if is_text else in_bytes(body)):
        return place
    if name.lower().endswith(".xlsx"):
        refuse_foreign_parts(body, name)
    return opened


def in_neighbours(opened: Opened, table: Table | None) -> str | None:
    """The first cell that, with the cell to its right or below it, is a number in two parts.

    Two figures that the template allows are not taken for a date and four digits: an amount of 811 218 beside 9 876
    persons identifies nobody. A figure that the template does not allow is. An empty cell, or a name, between the two
    does not separate them.
    """
    for number, sheet in enumerate(opened.sheets, start=1):
        for row, cells in enumerate(sheet.rows):
            for column, cell in enumerate(cells):
                if not _may_be_date(cell):
                    continue
                for place, other, is_apart in _neighbours(sheet, row, column):
                    if parts_of_one(_digits(cell, 6), _digits(other, 4), is_apart=is_apart) and not (
                        table and sheet is table.sheet and table.is_figure(row, column) and table.is_figure(*place)
                    ):
                        return f"blad {number} ({sheet.name}), cell {address(row + 1, column + 1)} och cellen bredvid"
    return None


def _neighbours(sheet: Sheet, row: int, column: int) -> Iterator[tuple[Place, Cell, bool]]:
    """The next cell to the right and below with a number or such a text, and whether another is between."""
    for down, right in ((0, 1), (1, 0)):
        for steps in (1, 2):
            place = (row + steps * down, column + steps * right)
            cell = _cell_at(sheet, place)
            if _may_be_part(cell):
                yield place, cell, steps > 1
            if isinstance(cell, str) and not any(sign.isdigit() for sign in cell):
                continue  # a name
            if cell is not None:
                break


def _cell_at(sheet: Sheet, place: Place) -> Cell:
    row, column = place
    cells = sheet.rows[row] if row < len(sheet.rows) else []
    return cells[column] if column < len(cells) else None


def _may_be_part(cell: Cell) -> bool:
    return isinstance(cell, str | int | float) and not isinstance(cell, bool)


def _may_be_date(cell: Cell) -> bool:
    """Excludes numbers below 10101: they would have lost more than the zero of a year 2001 to 2009, and may be any
    count.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell >= _FIRST_DATE
    return isinstance(cell, str | date)


def _digits(cell: Cell, fewest: int) -> str:
    """A cell as text; a number with the leading zeros that a spreadsheet removes."""
    if isinstance(cell, date):  # a datetime is one
        return f"{cell:%Y%m%d}"
    if isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15):
        return f"{int(cell):0{fewest}d}"
    return str(cell)


def in_name(name: str) -> str | None:
    """`filens namn`, if the name contains a number."""
    return "filens namn" if _points_out(name) else None


def _points_out(text: str) -> bool:
    return holds_personal_number(text) or holds_contact(text)


def in_cells(opened: Opened) -> str | None:
    """The first cell, or sheet's name, that contains a number."""
    for number, sheet in enumerate(opened.sheets, start=1):
        if _points_out(sheet.name):
            return f"namnet på blad {number}"
        written = opened.written.get(sheet.name, {})
        for row, cells in enumerate(sheet.rows):
            for column, cell in enumerate(cells):
                if _in_cell(cell) or _points_out(written.get((row, column), "")):
                    return f"blad {number} ({sheet.name}), cell {address(row + 1, column + 1)}"
    return None


def in_bytes(body: bytes) -> str | None:
    """The part of a file of any format that contains a number: comments, properties, unreadable parts."""
    if unpacked_bytes(body) > MAX_UNPACKED:  # rejected anyway; see `open_file`
        return _in_plain_bytes(body)
    try:
        with ZipFile(io.BytesIO(body)) as packed:
            for member in packed.infolist():
                if _points_out(member.filename):
                    return "namnet på en del av filen"
                if any(_points_out(text) for text in _texts(packed, member.filename)):
                    return next((told for mark, told in _PARTS if mark in member.filename.lower()), "filens innehåll")
    except DAMAGED_ZIP:
        return _in_plain_bytes(body)
    return None


def _in_cell(cell: Cell) -> bool:
    if isinstance(cell, bool) or cell is None:
        return False
    if isinstance(cell, int | float):
        return is_personal_number(cell)
    return isinstance(cell, str) and _points_out(cell)


def _texts(packed: ZipFile, member: str) -> Iterator[str]:
    """Texts and attributes of a part; for a part that is no XML, its bytes as text."""
    body = packed.read(member)
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat refuses entities that grow; the size is bounded by the file's
    except ET.ParseError:
        if member.lower().endswith((".xml", ".rels", ".vml", ".txt")):
            yield from body.decode("utf-8", errors="replace").splitlines()
        return
    for element in root.iter():
        for key, value in element.attrib.items():
            if key.rsplit("}", maxsplit=1)[-1] in _WRITTEN:
                yield unquote(value)
                if "\\" in value:  # escapes a literal character of a number format
                    yield value.replace("\\", "")
            elif holds_personal_number(value):
                yield value
        for text in (element.text, element.tail):
            if text and not text.isspace():
                yield text
        if element.tag.endswith(_ON_PAPER) and element.text:
            yield from _on_paper(element.text)
        if element.tag.rsplit("}", maxsplit=1)[-1] in _WHOLE:
            yield "".join(element.itertext())


def _in_plain_bytes(body: bytes) -> str | None:
    """As text of one byte per character, and of two at both offsets; a comma or a tab may separate cells."""
    readings = (body.decode("latin-1"), *(body[start:].decode("utf-16-le", errors="replace") for start in (0, 1)))
    for text in readings:
        if any(holds_personal_number(line.replace("\t", ";").replace(",", ";")) for line in text.splitlines()):
            return "filens innehåll"
        if any(map(holds_contact_in_bytes, (part for run in _READABLE.findall(text) for part in _on_paper(run)))):
            return "filens innehåll"
    return None


def _on_paper(text: str) -> Iterator[str]:
    """The sections of a page's header or footer, without the codes for fonts, colours and sizes."""
    for part in _PAPER_PART.split(text.replace("&&", "\0")):
        yield _PAPER_CODE.sub("", part).replace("\0", "&")
