"""Reads what only a workbook's cell formats reveal: percentages, errors, and formulas that were not computed.

Belongs here: restoring errors and uncomputed formulas, which readers of values return as empty cells, and which
numbers are displayed as per cent. Does not belong here: reading the values (`cells.py`), or what they mean
(`layout_reader.py`, `pipelines/submissions`).
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from zipfile import BadZipFile

import openpyxl
from openpyxl.workbook import Workbook

from pipelines.errors import SourceError
from pipelines.processes.limited import call
from pipelines.sources.cells import WORKBOOKS, Cell, Place, Sheet, read_sheets

XLS_ERROR = "#FEL!"  # the old format stores a numeric code, which is of no use here
_LITERAL = re.compile(r'"[^"]*"?|\\.|\[[^\]]*\]|[_*].')  # literal parts of a number format


def read_sheets_apart(body: bytes, name: str) -> list[Sheet]:
    """The same as `read_shown`, in a separate process: no file can crash or exhaust the caller's.

    Raises:
        SourceError: as `read_shown`, or the file took more memory or time than any publisher's needs.
    """
    ending = name.rsplit(".", maxsplit=1)[-1].lower()
    return call(read_shown, body, name, where=name) if ending in WORKBOOKS else read_sheets(body, name)


def read_shown(body: bytes, name: str) -> list[Sheet]:
    """Every sheet of a file, as `read_sheets`; errors and uncomputed formulas are in their cells as text.

    For .xlsx, `percent` of each sheet holds the cells with a percentage format.

    Raises:
        SourceError: as `read_sheets`.
    """
    sheets = read_sheets(body, name)
    ending = name.rsplit(".", maxsplit=1)[-1].lower()
    if ending == "xls":
        put_back(sheets, dict.fromkeys(errors_of_xls(body), XLS_ERROR))
    return _look_at_xlsx(body, name, sheets) if ending == "xlsx" else sheets


def is_percent(number_format: str, value: float) -> bool:
    """Whether a number format displays a hundredth as 1 %; a literal per cent sign does not.

    A format has a section each for positive, negative and zero numbers; the first replaces missing ones.
    """
    sections = _LITERAL.sub("", number_format).split(";")
    place = 1 if value < 0 else 2 if value == 0 else 0
    return "%" in (sections[place] if place < len(sections) else sections[0])


def put(sheet: Sheet, place: Place, value: Cell) -> None:
    """Put a value into a cell, which may be outside the rows that were read."""
    row, column = place
    while len(sheet.rows) <= row:
        sheet.rows.append([])
    cells = sheet.rows[row]
    cells += [None] * (column + 1 - len(cells))
    cells[column] = value


def put_back(sheets: list[Sheet], texts: dict[Place, str]) -> None:
    """Restore it on every sheet, since only the position is known; only where the cell was read as empty."""
    for sheet in sheets:
        for (row, column), text in texts.items():
            if row < len(sheet.rows) and column < len(sheet.rows[row]) and sheet.rows[row][column] is None:
                sheet.rows[row][column] = text


def errors_of_xls(body: bytes) -> set[Place]:
    """Positions of the errors in an old workbook, which a reader of values returns as empty cells.

    Records of BIFF8: BOOLERR (0x0205: row, column, format, code, 1 for an error) and FORMULA (0x0006: row, column,
    format, and a result that is an error when it begins with 2 and ends with 0xFFFF). [MS-XLS] 2.4.24 and 2.4.127.
    """
    error = rb"\x05\x02\x08\x00(?P<place>.{4})..[\x00\x07\x0f\x17\x1d\x24\x2a\x2b]\x01"
    formula = rb"\x06\x00.\x00(?P<place>.{4})..\x02.[\x00\x07\x0f\x17\x1d\x24\x2a\x2b].{3}\xff\xff"
    found = set()
    for pattern in (error, formula):
        for match in re.finditer(pattern, body, re.DOTALL):
            place = match["place"]
            found.add((int.from_bytes(place[:2], "little"), int.from_bytes(place[2:], "little")))
    return found


def _look_at_xlsx(body: bytes, name: str, sheets: list[Sheet]) -> list[Sheet]:
    looked = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that it does not keep
            values = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True)
            formulas = openpyxl.load_workbook(io.BytesIO(body), read_only=True)
            for sheet in sheets:
                known: set[Place] = set()
                percent: set[Place] = set()
                for place, kind, value, number_format in _cells(values, sheet.name):
                    known.add(place)
                    if kind == "e":
                        put(sheet, place, str(value))
                    elif isinstance(value, int | float) and not isinstance(value, bool):
                        percent |= {place} if is_percent(number_format, value) else set()
                for place, kind, value, _ in _cells(formulas, sheet.name):
                    if kind == "f" and place not in known:
                        put(sheet, place, value if isinstance(value, str) else "=…")
                looked.append(replace(sheet, percent=frozenset(percent)))
    except (BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError) as error:
        raise SourceError(
            "the workbook cannot be read", where=name, expected="a whole .xlsx file", found=str(error)[:200],
            remedy="open it in a spreadsheet program and save it as .xlsx",
        ) from error  # fmt: skip
    return looked


def _cells(book: Workbook, name: str) -> Iterator[tuple[Place, str, object, str]]:
    """Position, kind, value and number format of each cell with a value; none for a chart sheet.

    A formula whose result is an empty text (kind `str`) has a value, though openpyxl gives None.
    """
    if name not in {sheet.title for sheet in book.worksheets}:
        return
    sheet = book[name]
    sheet.reset_dimensions()  # a file's own dimensions may be wrong
    for row in sheet.iter_rows():
        for cell in row:
            if (cell.value is not None or cell.data_type == "str") and cell.row and cell.column:
                yield (cell.row - 1, cell.column - 1), cell.data_type, cell.value, cell.number_format
