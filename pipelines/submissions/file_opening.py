"""Opens the submitted file, including what only its cell formats reveal.

Belongs here: the cells unchanged, with uncomputed formulas and errors restored where a reader of values returns empty
cells (`sources/workbook_formats.py` finds them), and which numbers are displayed as percentages, or not as numbers at
all. Does not belong here: reading any type of file (`sources/cells.py`), or what cells mean.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass, field
from zipfile import BadZipFile, ZipFile

import openpyxl
from openpyxl.cell.cell import Cell as XlsxCell
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.errors import SourceError
from pipelines.sources.cells import DAMAGED_ZIP, Place, Sheet, read_sheets
from pipelines.sources.workbook_formats import XLS_ERROR, errors_of_xls, is_percent, put, put_back

ENDINGS = (".xlsx", ".xls", ".csv")
MAX_BYTES, MAX_UNPACKED, MAX_CELLS = 10_000_000, 60_000_000, 200_000
_PERSONAL_FORMAT = re.compile(r"[0#]{6}[^0#]{1,3}[0#]{4}")  # a spreadsheet's format for such numbers
_AS_IT_IS = {"General", "0", "@"}
_ALL_DIGITS = re.compile(r"0[0 ./()+-]*0")
_FEWEST_DIGITS = 9
_BORN_2000 = re.compile(r"1[0-2](?:0[1-9]|[1-9]\d)\d{4}")
_TOO_LONG = 1e12
_STRICT = b"http://purl.oclc.org/ooxml/"


@dataclass
class Opened:
    """A file's sheets, and for each sheet the positions (row and column from 0) of percentages.

    `written`: numbers as their format displays them, where that is not as numbers: with leading zeros, in groups.
    `hidden`: what a person who looks at the file does not see: sheet, row, column and what it is, in Swedish.
    """

    sheets: list[Sheet]
    percent: dict[str, set[Place]] = field(default_factory=dict)
    written: dict[str, dict[Place, str]] = field(default_factory=dict)
    hidden: list[tuple[str, int, int, str]] = field(default_factory=list)


def open_file(body: bytes, name: str) -> Opened:
    """Read every sheet.

    Raises:
        SourceError: it cannot be read, or is far larger than any submission.
    """
    if len(body) > MAX_BYTES:
        raise _too_large(name, f"{len(body)} byte", f"högst {MAX_BYTES} byte")
    if unpacked_bytes(body) > MAX_UNPACKED:
        raise _too_large(name, f"{unpacked_bytes(body)} byte uppackad", f"högst {MAX_UNPACKED} byte")
    _refuse_strict(body, name)
    opened = Opened(read_sheets(body, name))
    cells = sum(len(row) for sheet in opened.sheets for row in sheet.rows)
    if cells > MAX_CELLS:
        raise _too_large(name, f"{cells} celler", f"högst {MAX_CELLS} celler")
    ending = name.lower().rsplit(".", maxsplit=1)[-1]
    if ending == "xlsx":
        _look_at_xlsx(body, name, opened)
    elif ending == "xls":
        put_back(opened.sheets, dict.fromkeys(errors_of_xls(body), XLS_ERROR))
    return opened


def _refuse_strict(body: bytes, name: str) -> None:
    """Reject by name a variant of workbook that hardly any program reads; ISO/IEC 29500 calls it Strict."""
    try:
        with ZipFile(io.BytesIO(body)) as packed:
            is_strict = _STRICT in packed.read("xl/workbook.xml")
    except (*DAMAGED_ZIP, KeyError):
        return  # not a workbook; the reader reports what it is instead
    if is_strict:
        raise SourceError(
            "the workbook is in the form Strict Open XML", where=name, expected="an ordinary .xlsx",
            found="Strict Open XML", remedy="save it as an ordinary .xlsx",
        )  # fmt: skip


def unpacked_bytes(body: bytes) -> int:
    """The uncompressed size according to a compressed file; 0 for one that is not compressed."""
    try:
        with ZipFile(io.BytesIO(body)) as packed:
            return sum(member.file_size for member in packed.infolist())
    except BadZipFile:
        return 0


def _too_large(name: str, found: str, expected: str) -> SourceError:
    return SourceError(
        "filen är för stor", where=name, expected=expected, found=found, remedy="lämna bara mallens blad"
    )


def _look_at_xlsx(body: bytes, name: str, opened: Opened) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that it does not keep
            formulas = openpyxl.load_workbook(io.BytesIO(body))
            values = openpyxl.load_workbook(io.BytesIO(body), data_only=True)
    except (BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise SourceError(
            "the workbook cannot be read", where=name, expected="a whole .xlsx file", found=str(error)[:200],
            remedy="open it in a spreadsheet program and save it as .xlsx",
        ) from error  # fmt: skip
    for sheet in opened.sheets:
        shown, given = values[sheet.name], formulas[sheet.name]
        if not (isinstance(shown, Worksheet) and isinstance(given, Worksheet)):
            continue  # a sheet that is only a chart
        opened.hidden += _hidden(given)
        for row in given.iter_rows():
            for cell in row:
                if isinstance(cell, XlsxCell) and cell.value is not None:
                    _look_at_cell(opened, sheet, cell, shown.cell(cell.row, cell.column).value)


def _hidden(sheet: Worksheet) -> list[tuple[str, int, int, str]]:
    """Hidden sheets, rows and columns that are not empty; a filter hides rows too."""
    found = [] if sheet.sheet_state == "visible" else [(sheet.title, 0, 0, "bladet är dolt")]
    filtered = " av ett filter" if sheet.auto_filter.ref else ""
    for number, row in sheet.row_dimensions.items():
        if (row.hidden or row.ht == 0) and any(cell.value is not None for cell in sheet[number]):
            found.append((sheet.title, number - 1, 0, f"raden är dold{filtered}, men läses som de andra"))
    for columns in sheet.column_dimensions.values():
        if columns.hidden or columns.width == 0:
            for number in range(columns.min or 0, min(columns.max or 0, sheet.max_column) + 1):
                if number and any(sheet.cell(row, number).value is not None for row in range(1, sheet.max_row + 1)):
                    found.append((sheet.title, 0, number - 1, "kolumnen är dold, men läses som de andra"))
    return found


def _look_at_cell(opened: Opened, sheet: Sheet, cell: XlsxCell, shown: object) -> None:
    place = (cell.row - 1, cell.column - 1)
    if cell.data_type == "f" and shown is None:
        put(sheet, place, str(cell.value) if isinstance(cell.value, str) else "=…")
    elif isinstance(shown, str) and shown.startswith("#"):
        put(sheet, place, shown)
    if isinstance(shown, int | float) and not isinstance(shown, bool):
        if is_percent(cell.number_format, shown):
            opened.percent.setdefault(sheet.name, set()).add(place)
        if text := as_written(cell.number_format, shown):
            opened.written.setdefault(sheet.name, {})[place] = text


def as_written(number_format: str, value: float) -> str:
    """A whole number as displayed by a format of nine digits or more, with all digits; empty for any other format.

    A number without such a format that may be the personal number of somebody born in October to December 2000 is
    returned with the two leading zeros that it lost.
    """
    if not float(value).is_integer() or not 0 < value < _TOO_LONG:
        return ""
    digits, plain = str(int(value)), re.sub(r'[\\"]', "", number_format.split(";", maxsplit=1)[0])
    if number_format in _AS_IT_IS:
        return f"00{digits}" if _BORN_2000.fullmatch(digits) else ""
    if _PERSONAL_FORMAT.search(plain):
        digits = digits.zfill(10)
        return f"{digits[:-4]}-{digits[-4:]}"
    if not _ALL_DIGITS.fullmatch(plain) or plain.count("0") < _FEWEST_DIGITS:
        return ""
    left, text = digits.zfill(plain.count("0")), ""
    for sign in reversed(plain):
        text, left = (left[-1:] + text, left[:-1]) if sign == "0" else (sign + text, left)
    return left + text
