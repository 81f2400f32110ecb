"""Finds the header of a sheet by the column heads that a layout declares.

Belongs here: multi-row headers, and columns that are missing, duplicated or undeclared. Does not belong here: rows
below the header (`layout_reader.py`), or the keys of a layout (`layout_model.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.sources.cells import Cell, Sheet
from pipelines.sources.layout_faults import LISTED, Faults, plain
from pipelines.sources.layout_model import Layout, Values, matches

_ROWS = 8  # rows of a sheet that are quoted when no header is found


@dataclass(frozen=True)
class Header:
    """The position of each column, from 0; `top` is the header's first row, `first_row` the first below it."""

    top: int
    first_row: int
    area: int | None
    year: int | None
    sex: int | None
    dimensions: dict[str, int]
    values: list[tuple[int, Values, dict[str, str]]]

    @property
    def read(self) -> set[int]:
        """The columns that are read."""
        placed = {self.area, self.year, self.sex, *self.dimensions.values(), *(n for n, _, _ in self.values)}
        return {n for n in placed if n is not None}

    @property
    def tells_year(self) -> bool:
        """Whether a column holds the year, or every value column names it."""
        return self.year is not None or all(groups.get("year") for _, _, groups in self.values)


def header_of(sheet: Sheet, layout: Layout, faults: Faults) -> Header | None:
    """The first rows in which every column of the layout is found; else what is missing in the best match."""
    best: tuple[int, list[str], Header, list[str]] | None = None
    for top in range(len(sheet.rows)):
        for depth in range(1, layout.header_rows + 1):
            heads = _heads(sheet.rows[top : top + depth])
            header, lacking, hits = _placed(heads, top, top + depth, layout)
            if hits and not lacking:
                _tell_unknown(heads, header, layout, faults, sheet.name)
                return header
            if hits and (best is None or hits > best[0]):
                best = (hits, lacking, header, heads)
    if best is None:
        faults.add(sheet.name, "A1", _no_header(sheet, layout))
        return None
    _, lacking, header, heads = best
    for what in lacking:
        faults.add(sheet.name, f"A{header.first_row}", f"row {header.first_row}: {what}")
    _tell_unknown(heads, header, layout, faults, sheet.name)
    return None


def _no_header(sheet: Sheet, layout: Layout) -> str:
    """The expected heads, and the texts of the first rows."""
    sought = {
        "area": layout.area, "year": layout.year, **({"sex": layout.sex.heads} if layout.sex else {}),
        **{name: d.heads for name, d in layout.dimensions.items()},
        **{column.series: column.heads for column in layout.values if not column.optional},
    }  # fmt: skip
    told = "; ".join(f"{what} ({' or '.join(heads)})" for what, heads in sought.items() if heads)
    rows = [[plain(c) for c in row if plain(c)] for row in sheet.rows]
    first = [f"row {n}: {', '.join(map(repr, texts[:LISTED]))}" for n, texts in enumerate(rows, 1) if texts][:_ROWS]
    return f"no header row is found: sought {told}; found {' / '.join(first) or 'an empty sheet'}"


def _heads(rows: list[list[Cell]]) -> list[str]:
    """The head of each column: a merged head covers the columns to its right; rows are joined downward by ` | `.

    A column that is empty in the last header row takes the head above it in the same column, if any.
    """
    width = max((len(row) for row in rows), default=0)
    parts: list[list[str]] = []
    for level, row in enumerate(rows):
        texts = [plain(row[n]) if n < len(row) else "" for n in range(width)]
        if level < len(rows) - 1:
            for n in range(1, width):
                texts[n] = texts[n] or texts[n - 1]
        parts.append(texts)
    heads = []
    for n in range(width):
        own = [plain(row[n]) for row in rows if n < len(row) and plain(row[n])]
        told = [texts[n] for texts in parts if texts[n]] if parts[-1][n] else own
        heads.append(" | ".join(dict.fromkeys(told)))
    return heads


def _placed(heads: list[str], top: int, first_row: int, layout: Layout) -> tuple[Header, list[str], int]:
    """The columns by their heads, the errors, and how many were found. Columns that are left out are ignored."""
    sought = {n: head for n, head in enumerate(heads) if head and not matches(layout.columns_left_out, head)}
    wrong: list[str] = []
    meant: dict[int, list[str]] = {}

    def place(what: str, patterns: tuple[str, ...]) -> int | None:
        found = [n for n, head in sought.items() if matches(patterns, head)]
        for n in found:
            meant.setdefault(n, []).append(what)
        if patterns and not found:
            wrong.append(f"no column {what} ({' or '.join(patterns)})")
        elif len(found) > 1:
            wrong.append(_several(what, patterns, [heads[n] for n in found]))
        return found[0] if found else None

    values = _values(sought, layout, wrong, meant)
    header = Header(
        top=top,
        first_row=first_row,
        area=place("area", layout.area),
        year=place("year", layout.year),
        sex=place("sex", layout.sex.heads) if layout.sex else None,
        dimensions={k: n for k, d in layout.dimensions.items() if (n := place(k, d.heads)) is not None},
        values=values,
    )
    wrong += [f"the column {heads[n]!r} may be {' or '.join(what)}" for n, what in meant.items() if len(what) > 1]
    hits = len({what for named in meant.values() for what in named})
    return header, wrong, hits


def _values(
    sought: dict[int, str], layout: Layout, wrong: list[str], meant: dict[int, list[str]]
) -> list[tuple[int, Values, dict[str, str]]]:
    """The value columns. Two that would make the same series are an error in `wrong`: there is no guess."""
    found: list[tuple[int, Values, dict[str, str]]] = []
    same: dict[tuple[str, str | None, str], list[int]] = {}
    for column in layout.values:
        at = [(n, match) for n, head in sought.items() if (match := matches(column.heads, head))]
        if not at and not column.optional:
            wrong.append(f"no column {column.series} ({' or '.join(column.heads)})")
        for n, match in at:
            groups = {k: v for k, v in match.groupdict().items() if v}
            meant.setdefault(n, []).append(column.series)
            same.setdefault((column.series, column.sex, str(sorted(groups.items())).lower()), []).append(n)
            found.append((n, column, groups))
    if not found and all(column.optional for column in layout.values):
        wrong += [f"no column {column.series} ({' or '.join(column.heads)})" for column in layout.values]
    heads = {column.series: column.heads for column in layout.values}
    for (series, _, _), columns in same.items():
        if len(set(columns)) > 1:
            wrong.append(_several(series, heads[series], [sought[n] for n in columns]))
    return found


def _several(what: str, patterns: tuple[str, ...], heads: list[str]) -> str:
    return f"no single column {what} ({' or '.join(patterns)}), but several: {', '.join(map(repr, heads))}"


def _tell_unknown(heads: list[str], header: Header, layout: Layout, faults: Faults, sheet: str) -> None:
    for n, head in enumerate(heads):
        if head and n not in header.read and not matches(layout.columns_left_out, head):
            faults.new.add(f"sheet {sheet!r}, column {head!r}")
