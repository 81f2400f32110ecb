"""Every place of a file where something that points out a person may stand.

Belongs here: walking through a file's cells, names, properties, comments and whatever else it holds. Does not belong
here: recognising a number (`personal.py`). A place is told, never what stands there.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from urllib.parse import unquote
from zipfile import ZipFile

from pipelines.errors import SourceError
from pipelines.sources.cells import DAMAGED_ZIP, Cell, address
from pipelines.submissions.opening import MAX_UNPACKED, Opened, open_file, unpacked_bytes
from pipelines.submissions.parts import refuse_foreign_parts
from pipelines.submissions.personal import holds_contact, holds_personal_number, is_personal_number, parts_of_one
from pipelines.submissions.recognising import Table

_WHOLE = {"si", "is", "text", "p", "comment"}  # elements whose text is cut into runs of different form
_PARTS = (
    ("docprops/", "dokumentegenskaperna"), ("comment", "en kommentar"), ("persons/", "en kommentars författare"),
    ("drawing", "en textruta eller en bild"), ("xl/workbook.xml", "ett bladnamn eller ett namngivet område"),
    ("xl/worksheets/", "ett blad, utanför cellernas värden (formel, sidhuvud, rubrik i en lista)"),
)  # fmt: skip


# Attributes of XML that hold what somebody wrote; all others are written by programs.
_WRITTEN = {
    "Target", "display", "tooltip", "location", "prompt", "error", "promptTitle", "errorTitle", "name", "title",
    "author", "userName", "displayName", "alt", "descr",
}  # fmt: skip


def opened_and_searched(body: bytes, name: str) -> Opened | str:
    """The cells, once nothing that points out a person was found anywhere; else the place.

    Run it in a process of its own (`pipelines/bounded.py`): the file is not to be trusted.

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

    Two figures of the template that may be what they say are not taken for a date and four digits: an amount of
    811 218 beside a number of 9 876 persons is no person. A figure that the template does not allow is.
    """
    for number, sheet in enumerate(opened.sheets, start=1):
        for row, cells in enumerate(sheet.rows):
            below = sheet.rows[row + 1] if row + 1 < len(sheet.rows) else []
            for column, cell in enumerate(cells):
                if not isinstance(cell, str | int | float) or isinstance(cell, bool):
                    continue
                right = cells[column + 1] if column + 1 < len(cells) else None
                under = below[column] if column < len(below) else None
                for other, place in ((right, (row, column + 1)), (under, (row + 1, column))):
                    if _joined(cell, other) and not (
                        table and sheet is table.sheet and table.is_figure(row, column) and table.is_figure(*place)
                    ):
                        return f"blad {number} ({sheet.name}), cell {address(row + 1, column + 1)} och cellen bredvid"
    return None


def _joined(cell: Cell, other: Cell) -> bool:
    if other is None or isinstance(other, bool) or not isinstance(other, str | int | float):
        return False
    first, last = _digits(cell, 6), _digits(other, 4)
    return parts_of_one(first, last)


def _digits(cell: Cell, fewest: int) -> str:
    """A cell as text; a number with the zeros at its front that a spreadsheet takes away."""
    if isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15):
        return f"{int(cell):0{fewest}d}"
    return str(cell)


def in_name(name: str) -> str | None:
    """`filens namn`, when that is where a number stands."""
    return "filens namn" if _points_out(name) else None


def _points_out(text: str) -> bool:
    return holds_personal_number(text) or holds_contact(text)


def in_cells(opened: Opened) -> str | None:
    """The first cell, or sheet's name, in which a number stands."""
    for number, sheet in enumerate(opened.sheets, start=1):
        if _points_out(sheet.name):
            return f"namnet på blad {number}"
        shown_so = opened.personal.get(sheet.name, set())
        for row, cells in enumerate(sheet.rows):
            for column, cell in enumerate(cells):
                if _in_cell(cell, shown_as_personal=(row, column) in shown_so):
                    return f"blad {number} ({sheet.name}), cell {address(row + 1, column + 1)}"
    return None


def in_bytes(body: bytes) -> str | None:
    """The part of a file, whatever its form, in which a number stands: comments, properties, what cannot be read."""
    if unpacked_bytes(body) > MAX_UNPACKED:  # it is refused in any case; see `open_file`
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


def _in_cell(cell: Cell, *, shown_as_personal: bool) -> bool:
    if isinstance(cell, bool) or cell is None:
        return False
    if isinstance(cell, int | float):
        if shown_as_personal and float(cell).is_integer() and 0 < cell < 1e10:
            digits = f"{int(cell):010d}"
            return holds_personal_number(f"{digits[:6]}-{digits[6:]}")
        return is_personal_number(cell)
    return isinstance(cell, str) and _points_out(cell)


def _texts(packed: ZipFile, member: str) -> Iterator[str]:
    """Texts and attributes of a part; of one that is no XML, its bytes as text."""
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
            elif holds_personal_number(value):
                yield value
        for text in (element.text, element.tail):
            if text and not text.isspace():
                yield text
        if element.tag.rsplit("}", maxsplit=1)[-1] in _WHOLE:
            yield "".join(element.itertext())


def _in_plain_bytes(body: bytes) -> str | None:
    """As text of one byte a letter, and of two at both beginnings; a comma or a tab may part cells."""
    readings = (body.decode("latin-1"), *(body[start:].decode("utf-16-le", errors="replace") for start in (0, 1)))
    for text in readings:
        if any(holds_personal_number(line.replace("\t", ";").replace(",", ";")) for line in text.splitlines()):
            return "filens innehåll"
    return None
