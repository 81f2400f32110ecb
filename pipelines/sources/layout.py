"""Reads workbooks by a declared layout: a new sheet or column is told, what is lacking or not understood is a fault.

Belongs here: finding header, columns and rows, and turning cells into values or reasons. Does not belong here: opening
files (`cells`), the words of a layout (`layout_model`), or any publisher's own sheets.

Every fault of a file is gathered before it is refused, so that one change of the layout mends them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from pipelines.errors import SourceError
from pipelines.sources.cells import Cell, Sheet, address, read_sheets_apart
from pipelines.sources.layout_model import Layout, Layouts, Values, matches
from pipelines.text import AreaNames, code, name_key
from pipelines.text import plain as plain_text

_LISTED = 20
_NATION = "0000"
_CODE_LENGTH = 4
_ROWS = 8  # first rows of a sheet that are told when no header is found
_ROUNDED = 1e-9
_SCHEMA = {
    "series_id": pl.String, "area_id": pl.String, "year": pl.Int32, "sex": pl.String, "value": pl.Float64,
    "status": pl.String, "is_forecast": pl.Boolean, "issue": pl.String,
}  # fmt: skip
_SWEDISH_NUMBER = re.compile(r"[-−–]?[0-9]{1,3}(?:[ .\u00a0\u202f][0-9]{3})+(?:,[0-9]+)?|[-−–]?[0-9]+(?:,[0-9]+)?")
Record = tuple[str, str | None, int, str, float | None, str | None, bool, str | None]


@dataclass
class _Faults:
    """What a file holds that the layout does not know."""

    file: str
    found: list[str] = field(default_factory=list)
    new: set[str] = field(default_factory=set)

    def add(self, sheet: str, place: str, text: str) -> None:
        self.found.append(f"{sheet}!{place}: {text}")

    def refuse(self, expected: str) -> None:
        if self.found:
            more = f" … and {len(self.found) - _LISTED} more" if len(self.found) > _LISTED else ""
            raise SourceError(
                f"{len(self.found)} things that the layout does not know",
                where=self.file,
                expected=expected,
                found="; ".join(self.found[:_LISTED]) + more + self._new(),
                remedy="if the publisher changed its layout, add it to `layouts` in the publisher's declaration",
            )

    def _new(self) -> str:
        """What is new may be what is lacking, under another name."""
        return f"; new: {', '.join(sorted(self.new)[:_LISTED])}" if self.new else ""


@dataclass(frozen=True)
class Reading:
    """What a file holds: its rows, sheets and columns that the layout does not know, and where sums do not agree.

    `differences` is None when nothing has to sum up.
    """

    frame: pl.DataFrame
    new: frozenset[str]
    differences: tuple[str, ...] | None


@dataclass(frozen=True)
class _Header:
    """Where each thing stands: column numbers from 0; `first_row` is the first row below."""

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


@dataclass(frozen=True)
class _Areas:
    """Areas by name: those of the list, and the names that the layout declares for the years of some files."""

    names: AreaNames
    layout: Layout
    year: str | None

    def code_of(self, written: str) -> str | None:
        """The code of the area; None when none is called so in that year."""
        declared = [a for a in self.layout.aliases if name_key(a.name) == name_key(written)]
        if declared:
            return next((a.area for a in declared if self.year and a.first <= int(self.year) <= a.last), None)
        return self.names.code_of(written)


def read_layout(body: bytes, name: str, layouts: Layouts) -> pl.DataFrame:
    """The rows of a file whose areas stand by code; see `read_workbook`."""
    return read_workbook(body, name, layouts, {}).frame


def read_workbook(body: bytes, name: str, layouts: Layouts, areas: Mapping[str, str]) -> Reading:
    """The values of a file: series_id, area_id, year, sex, value, status, is_forecast, issue.

    Args:
        body: the file. name: its name, which chooses the layout and may tell year and issue.
        areas: the municipalities' codes by name, for layouts whose areas stand by name.

    Raises:
        SourceError: no layout fits, or the file lacks or holds what the layout does not know; each place is named.
    """
    layout, given = _chosen(name, layouts)
    faults = _Faults(name)
    records: list[Record] = []
    sheets = read_sheets_apart(body, name)
    read = [sheet for sheet in sheets if matches(layout.sheets, plain(sheet.name))]
    others = [s.name for s in sheets if s not in read and not matches(layout.sheets_left_out, plain(s.name))]
    faults.new |= {f"sheet {other!r}" for other in others}
    known = _Areas(AreaNames({code: name for name, code in areas.items()}), layout, given.get("year"))
    for sheet in read:
        records += _sheet(sheet, layout, given, faults, known)
    if not read:
        found = ", ".join(repr(sheet.name) for sheet in sheets)
        faults.add("-", "-", f"no sheet called {' or '.join(layout.sheets)}; there are {found}")
    faults.refuse("the sheets, columns, rows and markers of its layout")
    if not records:
        raise SourceError("the file holds no values", where=name, expected="rows below the header", found="none")
    frame = pl.DataFrame(records, schema=_SCHEMA, orient="row")
    return Reading(frame, frozenset(faults.new), _differences(frame, layout, name) if layout.summed else None)


def _differences(frame: pl.DataFrame, layout: Layout, name: str) -> tuple[str, ...]:
    """Where the municipalities do not sum to the row of the nation."""
    told = []
    of_nation = pl.col("area_id") == _NATION
    for (series, year), part in frame.filter(pl.col("series_id").is_in(layout.summed)).group_by(
        "series_id", "year", maintain_order=True
    ):
        own = part.filter(~of_nation)
        whole = part.filter(of_nation)["value"].to_list()
        found = f"{own['value'].sum():g} in {own.height} municipalities"
        if len(whole) != 1 or whole[0] is None:
            told.append(f"{name}: {series} {year}: {len(whole)} rows of the nation ({' or '.join(layout.nation)})")
        elif abs(own["value"].sum() - whole[0]) > _ROUNDED * max(1.0, abs(whole[0])) or own["value"].null_count():
            told.append(f"{name}: {series} {year}: {found}, {whole[0]:g} in the row of the nation")
    return tuple(told)


def plain(value: Cell) -> str:
    """A cell as text, by the rules of `text.plain`."""
    if isinstance(value, float):
        return repr(value)
    return plain_text(str(value)) if value is not None else ""


def _chosen(name: str, layouts: Layouts) -> tuple[Layout, dict[str, str]]:
    known = []
    for layout in layouts.layouts:
        known.append(f"{layout.file} ({layout.years[0]}–{layout.years[1]})")
        found = matches((layout.file,), name)
        if found:
            given = {key: text for key, text in found.groupdict().items() if text is not None}
            told = given.get("year") or given.get("issue", "")[:4]
            if not told or layout.years[0] <= int(told) <= layout.years[1]:
                return layout, given
    raise SourceError(
        "no layout is for this file",
        where=name,
        expected="; ".join(known),
        found=name,
        remedy="give the file a name of that form, or add a layout to the publisher's declaration",
    )


def _sheet(sheet: Sheet, layout: Layout, given: dict[str, str], faults: _Faults, areas: _Areas) -> Iterator[Record]:
    header = _header(sheet, layout, faults)
    if header is None:
        return
    _refuse_other_title(sheet, header, layout, given, faults)
    for number in range(header.first_row, len(sheet.rows)):
        cells = sheet.rows[number]
        first = next((plain(c) for c in cells if plain(c)), "")
        if layout.ends_at and matches(layout.ends_at, first):
            return
        if any(plain(cells[n]) for n in header.read if n < len(cells)):
            yield from _row(cells, number, header, layout, given, faults, sheet.name, areas)


def _refuse_other_title(sheet: Sheet, header: _Header, layout: Layout, given: dict[str, str], faults: _Faults) -> None:
    """A file that says of itself that it is of another year than its name is misnamed."""
    if layout.title is None:
        return
    above = [plain(c) for row in sheet.rows[: header.first_row] for c in row if plain(c)]
    found = next((match for text in above if (match := matches((layout.title,), text))), None)
    if found is None:
        faults.add(sheet.name, "A1", f"no title like {layout.title}")
    elif (told := found.groupdict().get("year")) and told != given.get("year"):
        faults.add(sheet.name, "A1", f"the title says {told}, the name of the file {given.get('year')}")


def _header(sheet: Sheet, layout: Layout, faults: _Faults) -> _Header | None:
    """The first rows in which every column of the layout is found; else what is lacking in the likeliest."""
    best: tuple[int, int, list[str], _Header, list[str]] | None = None
    for top in range(len(sheet.rows)):
        for depth in range(1, layout.header_rows + 1):
            heads = _heads(sheet.rows[top : top + depth])
            header, lacking, hits = _placed(heads, top + depth, layout)
            if hits and not lacking:
                _tell_unknown(heads, header, layout, faults, sheet.name)
                return header
            if hits and (best is None or hits > best[0]):
                best = (hits, top + depth, lacking, header, heads)
    if best is None:
        faults.add(sheet.name, "A1", _no_header(sheet, layout))
        return None
    _, row, lacking, header, heads = best
    for what in lacking:
        faults.add(sheet.name, f"A{row}", f"row {row}: no column {what}")
    _tell_unknown(heads, header, layout, faults, sheet.name)
    return None


def _no_header(sheet: Sheet, layout: Layout) -> str:
    """The heads that were sought, and the texts of the first rows."""
    sought = {
        "area": layout.area, "year": layout.year, **({"sex": layout.sex.heads} if layout.sex else {}),
        **{name: d.heads for name, d in layout.dimensions.items()},
        **{column.series: column.heads for column in layout.values if not column.optional},
    }  # fmt: skip
    told = "; ".join(f"{what} ({' or '.join(heads)})" for what, heads in sought.items() if heads)
    rows = [[plain(c) for c in row if plain(c)] for row in sheet.rows]
    first = [f"row {n}: {', '.join(map(repr, texts[:_LISTED]))}" for n, texts in enumerate(rows, 1) if texts][:_ROWS]
    return f"no header row is found: sought {told}; found {' / '.join(first) or 'an empty sheet'}"


def _heads(rows: list[list[Cell]]) -> list[str]:
    """The heads of columns: a merged head above reaches over those to its right, and is joined downward by ` | `.

    A column with nothing in the last row has the head that stands above in the column itself, if any.
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


def _placed(heads: list[str], first_row: int, layout: Layout) -> tuple[_Header, list[str], int]:
    """The columns by their heads, the names of those that are lacking, and how many were found."""
    lacking: list[str] = []
    hits = 0

    def place(what: str, patterns: tuple[str, ...]) -> int | None:
        nonlocal hits
        found = [n for n, head in enumerate(heads) if head and matches(patterns, head)]
        hits += bool(found)
        if patterns and len(found) != 1:
            lacking.append(f"{what} ({' or '.join(patterns)})" + (", but several" if found else ""))
        return found[0] if found else None

    values = []
    for column in layout.values:
        at = [(n, match) for n, head in enumerate(heads) if head and (match := matches(column.heads, head))]
        hits += bool(at)
        if not at and not column.optional:
            lacking.append(f"{column.series} ({' or '.join(column.heads)})")
        values += [(n, column, {k: v for k, v in match.groupdict().items() if v}) for n, match in at]
    header = _Header(
        first_row=first_row,
        area=place("area", layout.area),
        year=place("year", layout.year),
        sex=place("sex", layout.sex.heads) if layout.sex else None,
        dimensions={k: n for k, d in layout.dimensions.items() if (n := place(k, d.heads)) is not None},
        values=values,
    )
    return header, lacking, hits


def _tell_unknown(heads: list[str], header: _Header, layout: Layout, faults: _Faults, sheet: str) -> None:
    for n, head in enumerate(heads):
        if head and n not in header.read and not matches(layout.columns_left_out, head):
            faults.new.add(f"sheet {sheet!r}, column {head!r}")


def _row(
    cells: list[Cell],
    number: int,
    header: _Header,
    layout: Layout,
    given: dict[str, str],
    faults: _Faults,
    sheet: str,
    areas: _Areas,
) -> Iterator[Record]:
    def at(column: int | None) -> Cell:
        return cells[column] if column is not None and column < len(cells) else None

    def fault(column: int | None, text: str) -> None:
        faults.add(sheet, address(number + 1, (column or 0) + 1), text)

    first = next((plain(c) for c in cells if plain(c)), "")
    if any(text and matches(layout.rows_left_out, text) for text in (first, plain(at(header.area)))):
        return
    area = _area(at(header.area), layout, areas) if header.area is not None else None
    if header.area is not None and area is None:
        written = plain(at(header.area)) or first
        near = areas.names.near(written) if layout.area_by == "name" else []
        like = f" (like {', '.join(f'{areas.names.names[a]} {a}' for a in near)})" if near else ""
        fault(header.area, f"neither an area nor a row to leave out: {written!r}{like}")
        return
    named = _named(at, header, layout, fault)
    if named is None:
        return
    sex, words = named.pop("sex", "T"), given | named
    for column, values, groups in header.values:
        told_year = groups.get("year") or (plain(at(header.year)) if header.year is not None else given.get("year"))
        year = _year(told_year)
        if year is None:
            fault(header.year, f"no year: {told_year!r}")
            return
        value, status, wrong = _value(at(column), layout)
        if wrong:
            fault(column, wrong)
            continue
        series = values.series.format(**{k: v.lower() for k, v in (words | groups).items()})
        issue = given.get("issue")
        ahead = layout.forecast_from is not None and issue is not None and year >= int(issue[:4]) + layout.forecast_from
        yield (series, area, year, values.sex or sex, value, status, ahead, issue)


def _named(
    at: Callable[[int | None], Cell], header: _Header, layout: Layout, fault: Callable[[int | None, str], None]
) -> dict[str, str] | None:
    """What a row's words say of its dimensions and its sex, by name; None, and a fault, where a word is unknown."""
    asked = {name: (column, layout.dimensions[name].words) for name, column in header.dimensions.items()}
    if layout.sex and header.sex is not None:
        asked["sex"] = (header.sex, layout.sex.words)
    found = {}
    for name, (column, known) in asked.items():
        told = known.get(plain(at(column)))
        if not told:
            fault(column, f"an unknown {name}: {plain(at(column))!r}")
            return None
        found[name] = told
    return found


def _area(cell: Cell, layout: Layout, areas: _Areas) -> str | None:
    """A code with the zeros that a spreadsheet has taken away, or the nation by its name, or an area by its name."""
    if matches(layout.nation, plain(cell)):
        return _NATION
    if layout.area_by == "name":
        return areas.code_of(plain(cell))
    digits = code(cell)
    return digits.zfill(_CODE_LENGTH) if re.fullmatch(r"[0-9]{3,4}", digits) else None


def _year(told: str | None) -> int | None:
    found = re.fullmatch(r"((?:19|20)\d{2})(?:\.0)?", told or "")
    return int(found[1]) if found else None


def _value(cell: Cell, layout: Layout) -> tuple[float | None, str | None, str | None]:
    """Value, status, and what is wrong."""
    text = plain(cell)
    if text in layout.markers and not isinstance(cell, int | float):
        status = layout.markers[text]
        return None, None if status == "missing" else status, None
    if isinstance(cell, bool):
        return None, None, f"not a number: {text!r}"
    if isinstance(cell, int | float):
        return float(cell), None, None
    number = text.removesuffix("%").strip()
    if layout.text_numbers and _SWEDISH_NUMBER.fullmatch(number):
        bare = re.sub(r"[ .\u00a0\u202f]", "", number).replace(",", ".")
        return float(re.sub("^[−–]", "-", bare)), None, None
    return None, None, f"an unknown marker {text!r}" if text else "a blank cell"
