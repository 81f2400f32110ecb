"""Parses a cell of a value column: a number, a reason why there is none, or an error.

Belongs here: markers, numbers as text, and shares in per cent. Does not belong here: finding the cells
(`layout_reader.py`). A share that was divided by 100 looks like a very small one: each row, each column and each cell
is checked for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipelines.sources.cells import Cell
from pipelines.sources.layout_faults import plain
from pipelines.sources.layout_model import Layout
from pipelines.text.normalise import no_number, number, swedish_number

_NEAR_100 = 1.0  # tolerance for the sum of a row's rounded shares; in SKR's workbooks it is off by 0.2 at most


@dataclass(frozen=True)
class ParsedCell:
    """A value or the status in its place, or the error. `marked`: the cell's format says that it is per cent."""

    value: float | None = None
    status: str | None = None
    wrong: str | None = None
    marked: bool = False


def parse_cell(cell: Cell, layout: Layout, *, per_cent: bool, shown: bool) -> ParsedCell:
    """Parse a cell.

    Args:
        per_cent: the column holds shares, from 0 to 100. shown: the cell has a percentage format, so 0.852 means 85.2.
    """
    text = plain(cell)
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    if text in layout.markers and not is_number:
        status = layout.markers[text]
        return ParsedCell(status=None if status == "missing" else status)
    marked = shown or text.endswith("%")
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = number(cell * 100) if shown else float(cell)
    else:
        bare = re.sub("^[−–]", "-", text.removesuffix("%").strip())
        read = swedish_number(bare) if layout.text_numbers and not isinstance(cell, bool) else None
        if read is None:
            return ParsedCell(wrong=no_number(text) if text else "a blank cell")
        value = read
    if marked and not per_cent:
        return ParsedCell(wrong=f"a number in per cent, in a column of other numbers: {text!r}")
    if per_cent and not 0 <= value <= 100:
        return ParsedCell(wrong=f"a share that is not from 0 to 100 per cent: {value:g}")
    return ParsedCell(value, marked=marked)


@dataclass
class Shares:
    """The shares of a sheet that are plain numbers, by column."""

    plain: dict[int, list[float]] = field(default_factory=dict)

    def add(self, column: int, found: ParsedCell) -> None:
        """Add a share; one in a cell with a percentage format needs no check."""
        if found.value is not None and not found.marked:
            self.plain.setdefault(column, []).append(found.value)

    def divided(self) -> list[int]:
        """The columns whose shares were probably divided by 100: none is above 1, and not all are whole."""
        return [n for n, all_ in self.plain.items() if max(all_) <= 1 and any(not v.is_integer() for v in all_)]


def not_100(values: dict[str, float | None], layout: Layout) -> str | None:
    """The error for shares of a row that have to sum to 100; None where one of them has no value."""
    parts = [values.get(series) for series in layout.make_100]
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts) or abs(sum(known) - 100) <= _NEAR_100:
        return None
    return f"shares that make {number(sum(known)):g}, not 100 per cent"
