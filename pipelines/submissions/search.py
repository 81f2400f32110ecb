"""Every place of a file where a personal identity number may stand.

Belongs here: walking through a file's cells, names, properties, comments and whatever else it holds. Does not belong
here: recognising a number (`personal.py`). A place is told, never what stands there.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from zipfile import BadZipFile, ZipFile

from pipelines.sources.cells import Cell, address
from pipelines.submissions.opening import MAX_UNPACKED, Opened, unpacked_bytes
from pipelines.submissions.personal import holds_personal_number, is_personal_number

_WHOLE = {"si", "is", "text", "p", "comment"}  # elements whose text is cut into runs of different form
_PARTS = (
    ("docprops/", "dokumentegenskaperna"), ("comment", "en kommentar"), ("persons/", "en kommentars författare"),
    ("drawing", "en textruta eller en bild"), ("xl/workbook.xml", "ett bladnamn eller ett namngivet område"),
    ("xl/worksheets/", "ett blad, utanför cellernas värden (formel, sidhuvud, rubrik i en lista)"),
)  # fmt: skip


def in_name(name: str) -> str | None:
    """`filens namn`, when that is where a number stands."""
    return "filens namn" if holds_personal_number(name) else None


def in_cells(opened: Opened) -> str | None:
    """The first cell, or sheet's name, in which a number stands."""
    for number, sheet in enumerate(opened.sheets, start=1):
        if holds_personal_number(sheet.name):
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
                if holds_personal_number(member.filename):
                    return "namnet på en del av filen"
                if any(holds_personal_number(text) for text in _texts(packed, member.filename)):
                    return next((told for mark, told in _PARTS if mark in member.filename.lower()), "filens innehåll")
    except (BadZipFile, OSError, RuntimeError, NotImplementedError):
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
    return isinstance(cell, str) and holds_personal_number(cell)


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
        yield from element.attrib.values()
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
