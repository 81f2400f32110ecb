"""Writes cells of a workbook so that a spreadsheet displays them and computes nothing.

Belongs here: text that begins like a formula, characters that a workbook cannot hold, names of sheets, headers. Does
not belong here: what is written (`template_files.py`, `annotated.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_TITLE = 31
AS_TEXT = "@"  # the format of a cell whose digits are a code


def put(sheet: Worksheet, row: int, column: int, value: Any) -> Cell:
    """Write a value, rows and columns counted from 1; a text stays a text, whatever it begins with."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # noqa: S101 - what we write to is not merged
    if not isinstance(value, str):
        cell.value = value
        return cell
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
    cell.data_type = "s"
    if value.startswith(_FORMULA_STARTS):
        cell.quotePrefix = True
    return cell


def sheet_title(name: str, taken: Collection[str]) -> str:
    """A valid sheet name that differs from those taken."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", ILLEGAL_CHARACTERS_RE.sub("", name)).strip().strip("'") or "Blad"
    title, number = plain[:_LONGEST_TITLE], 1
    while title.casefold() in {other.casefold() for other in taken}:
        number += 1
        title = f"{plain[: _LONGEST_TITLE - 4]} ({number})"
    return title


def put_row(sheet: Worksheet, row: int, values: Collection[Any], *, bold: bool = False, wrap: bool = False) -> None:
    """Write a row from its first column on."""
    for column, value in enumerate(values, start=1):
        cell = put(sheet, row, column, value)
        if bold:
            cell.font = Font(bold=True)
        if wrap:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def set_widths(sheet: Worksheet, widths: Collection[float]) -> None:
    """Set the widths of the columns, from the first on, in characters."""
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def colour(rgb: str) -> PatternFill:
    """A cell filled with a colour."""
    return PatternFill("solid", start_color=rgb)
