"""Prints tables completely in a terminal of any width, whatever text the cells hold.

Belongs here: the console, tables that never drop content silently, and neutralising control characters. Does not
belong here: numbers, frames, result files (`terminal.py`).

A table that is wider than the terminal is split into parts, each repeating the key columns; where that would be
longer, or does not fit either, each row is written with one column per line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Key columns of a release's tables and of what commands list: they are repeated in each part of a split table.
KEYS = frozenset(
    {"indicator_id", "area_id", "year", "sex", "study_id", "release_id", "source_id", "dataset", "område", "år"}
)
# Characters that could move the cursor, change colours, hide or reverse text, or split it invisibly.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_TEXT = 12  # a column of text is never narrower, unless its texts are
_WORD = 24  # words up to this length are not broken


def plain(text: str) -> str:
    """The text made safe for a terminal: tabs become spaces and control characters are spelled out; lines are kept."""
    return _UNSEEN.sub(_spelled, text.replace("\r\n", "\n").replace("\t", " "))


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def escaped(json_text: str) -> str:
    """JSON with the same content, in which control characters are escaped."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], json_text)


@dataclass(frozen=True)
class Column:
    """A column: `right` aligns numbers, `whole` prevents line breaks, `key` marks columns that identify a row."""

    head: str
    right: bool = False
    whole: bool = False
    key: bool = False
    bold: bool = False


@dataclass
class Grid:
    """A table of texts without borders, so that it can be copied."""

    title: str | None = None
    header: bool = True
    columns: list[Column] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add_column(
        self, head: str, *, right: bool = False, whole: bool = False, key: bool = False, bold: bool = False
    ) -> None:
        """Add a column, before the first row is added."""
        self.columns.append(Column(plain(head), right, whole or right, key, bold))

    def add_row(self, *cells: str) -> None:
        """Add a row: one text for each column."""
        self.rows.append(tuple(map(plain, cells)))

    def put(self, console: Screen) -> None:
        """Print the whole table in the layout that fits."""
        everything = list(range(len(self.columns)))
        if self._fits(everything, console.width):
            console.show(self._table(everything, console.width))
            return
        parts = self._parts(console.width)
        if not parts or len(self.rows) * (len(self.columns) + 1) < len(parts) * (len(self.rows) + 4):
            self._put_records(console)
            return
        repeated = ", ".join(self.columns[k].head for k in self._keys())
        console.print(
            f"Wider than {console.width} characters: the columns stand in {len(parts)} parts, {repeated} in each.",
            markup=False,
        )
        for part in parts:
            console.show(self._table(part, console.width))

    def _keys(self) -> list[int]:
        return [n for n, column in enumerate(self.columns) if column.key] or [0]

    def _longest(self, n: int) -> int:
        return max((cell_len(line) for row in self.rows for line in row[n].split("\n")), default=0)

    def _needs(self, n: int) -> tuple[int, int]:
        """The minimum and the preferred width of a column."""
        column, longest = self.columns[n], self._longest(n)
        head = cell_len(column.head)
        word = head if head <= _TEXT else max(map(cell_len, column.head.split()))
        least = longest if column.whole else min(longest, max(_TEXT, min(self._longest_word(n), _WORD)))
        return (max(least, word), max(longest, head)) if self.header else (least, longest)

    def _longest_word(self, n: int) -> int:
        return max((cell_len(word) for row in self.rows for word in row[n].split()), default=0)

    def _fits(self, chosen: Sequence[int], width: int) -> bool:
        return sum(self._needs(n)[0] for n in chosen) + 2 * len(chosen) + 1 <= width

    def _parts(self, width: int) -> list[list[int]]:
        """The columns in parts that fit, each with the key columns; empty where the keys and one more column do not
        fit.
        """
        keys = self._keys()
        parts = [list(keys)] if self._fits(keys, width) else []
        if not parts:
            return []
        for n in range(len(self.columns)):
            if n in keys:
                continue
            if not self._fits([*parts[-1], n], width):
                parts.append(list(keys))
            if not self._fits([*parts[-1], n], width):
                return []
            parts[-1].append(n)
        return parts

    def _table(self, chosen: Sequence[int], width: int) -> Table:
        table = Table(
            title=Text(plain(self.title)) if self.title else None,
            title_justify="left",
            show_header=self.header,
            header_style="bold",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        for n, given in zip(chosen, self._widths(chosen, width), strict=True):
            column = self.columns[n]
            table.add_column(
                Text(column.head),
                justify="right" if column.right else "left",
                overflow="fold",
                width=given,
                style="bold" if column.bold else None,
            )
        for row in self.rows:
            table.add_row(*(Text(row[n]) for n in chosen))
        return table

    def _widths(self, chosen: Sequence[int], width: int) -> list[int]:
        """The preferred width of each column; if there is no room, the minimum plus a fair share of the rest."""
        needs = [self._needs(n) for n in chosen]
        left = width - 2 * len(chosen) - 1 - sum(least for least, _ in needs)
        widths = [least for least, _ in needs]
        by_want = sorted(range(len(chosen)), key=lambda place: needs[place][1] - needs[place][0])
        for already, place in enumerate(by_want):  # small demands are met in full, the others share equally
            least, best = needs[place]
            more = min(best - least, left // (len(chosen) - already))
            widths[place] += more
            left -= more
        return widths

    def _put_records(self, console: Screen) -> None:
        if self.title:
            console.lines(self.title)
        for number, row in enumerate(self.rows, 1):
            if self.header:
                console.lines(f"{'— ' if console.width > 8 else ''}{number}")
                for column, cell in zip(self.columns, row, strict=True):
                    console.lines(f"{column.head}: {cell}", indent=2)
            else:
                console.lines(": ".join(row), indent=2)


class Screen(Console):
    """A console that neutralises control characters in texts and lays out a `Grid`."""

    def print(self, *objects: Any, **given: Any) -> None:
        """Print as rich does; texts pass through `plain` first."""
        for each in objects:
            if isinstance(each, Grid):
                each.put(self)
        rest = [plain(each) if isinstance(each, str) else each for each in objects if not isinstance(each, Grid)]
        if rest or not objects:
            super().print(*rest, **given)

    def show(self, table: Table) -> None:
        """Print a table that fits."""
        super().print(table)

    def lines(self, text: str, indent: int = 0) -> None:
        """Print a text, wrapped at the terminal's width; lines after the first are indented."""
        for line in _folded(plain(text), self.width, indent):
            super().print(line, markup=False, soft_wrap=True)


def _folded(text: str, width: int, indent: int) -> Iterator[str]:
    """Lines of at most so many characters, broken at spaces if there are any."""
    indent = min(indent, max(width - 4, 0))
    first = True
    for line in text.split("\n"):
        rest = line
        while True:
            room = max(width - (0 if first else indent), 1)
            head, rest = _cut(rest, room)
            yield head if first else " " * indent + head
            first = False
            if not rest:
                break


def _cut(text: str, room: int) -> tuple[str, str]:
    if cell_len(text) <= room:
        return text, ""
    head = chop_cells(text, room)[0]
    space = head.rfind(" ")
    if space > room // 2:
        return head[:space], text[space + 1 :]
    return head, text[len(head) :]
