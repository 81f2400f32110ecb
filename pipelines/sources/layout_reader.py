"""Reads workbooks by a declared layout: unknown sheets and columns are reported, missing or unreadable ones are
errors.

Belongs here: finding header, columns and rows, and converting cells to values or reasons. Does not belong here:
opening files (`cells.py`), the keys of a layout (`layout_model.py`), or any publisher's own sheets.

All errors of a file are collected before it is rejected, so that one change of the layout fixes them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.errors import SourceError
from pipelines.sources.cells import Cell, Sheet, address
from pipelines.sources.layout_faults import Faults, plain
from pipelines.sources.layout_heads import Header, header_of
from pipelines.sources.layout_model import Layout, Layouts, matches
from pipelines.sources.layout_values import Shares, not_100, parse_cell
from pipelines.sources.layout_year import chosen, year_of
from pipelines.sources.workbook_formats import read_sheets_apart
from pipelines.text.normalise import AreaNames, code, name_key

_NATION = "0000"
_CODE_LENGTH = 4
_ROUNDED = 1e-9
_SCHEMA = {
    "series_id": pl.String, "area_id": pl.String, "year": pl.Int32, "sex": pl.String, "value": pl.Float64,
    "status": pl.String, "is_forecast": pl.Boolean, "issue": pl.String,
}  # fmt: skip
Record = tuple[str, str | None, int, str, float | None, str | None, bool, str | None]


@dataclass(frozen=True)
class Reading:
    """The content of a file: its rows, undeclared sheets and columns, and sums that do not agree.

    `differences` is None when the layout declares no sums. `left_out` are the rows with values that `rows_left_out`
    matches.
    """

    frame: pl.DataFrame
    new: frozenset[str]
    differences: tuple[str, ...] | None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Areas:
    """Areas by name: those of the list, and the aliases that the layout declares for the years of some files."""

    names: AreaNames
    layout: Layout
    year: str | None

    def code_of(self, written: str) -> str | None:
        """The code of the area; None for an unknown name in that year."""
        declared = [a for a in self.layout.aliases if name_key(a.name) == name_key(written)]
        if declared:
            return next((a.area for a in declared if self.year and a.first <= int(self.year) <= a.last), None)
        return self.names.code_of(written)


def read_layout(body: bytes, name: str, layouts: Layouts) -> pl.DataFrame:
    """The rows of a file that identifies areas by code; see `read_workbook`."""
    return read_workbook(body, name, layouts, {}).frame


def read_workbook(body: bytes, name: str, layouts: Layouts, areas: Mapping[str, str]) -> Reading:
    """The values of a file: series_id, area_id, year, sex, value, status, is_forecast, issue.

    Args:
        body: the file. name: its name, which selects the layout and may contain year and issue.
        areas: the municipalities' codes by name, for layouts that identify areas by name.

    Raises:
        SourceError: no layout matches, or the file lacks or holds what the layout does not declare; each cell is
        named.
    """
    named = chosen(name, layouts)
    layout, faults = named.layout, Faults(name)
    records: list[Record] = []
    sheets = read_sheets_apart(body, name)
    left = [sheet for sheet in sheets if not matches(layout.sheets_left_out, plain(sheet.name))]
    read = [sheet for sheet in left if matches(layout.sheets, plain(sheet.name))]
    faults.new |= {f"sheet {sheet.name!r}" for sheet in left if sheet not in read}
    names = AreaNames({code: name for name, code in areas.items()})
    for sheet in read:
        header = header_of(sheet, layout, faults)
        if header is not None:
            year = year_of(sheet, header, named, faults)
            given = named.given | ({"year": year} if year else {})
            records += _rows(sheet, header, given, faults, _Areas(names, layout, year))
    if not read:
        found = ", ".join(repr(sheet.name) for sheet in sheets)
        faults.add("-", "-", f"no sheet called {' or '.join(layout.sheets)}; there are {found}")
    faults.refuse("the sheets, columns, rows and markers of its layout")
    if not records:
        raise SourceError("the file holds no values", where=name, expected="rows below the header", found="none")
    frame = pl.DataFrame(records, schema=_SCHEMA, orient="row")
    differences = _differences(frame, layout, name) if layout.summed else None
    return Reading(frame, frozenset(faults.new), differences, tuple(faults.left_out))


def _differences(frame: pl.DataFrame, layout: Layout, name: str) -> tuple[str, ...]:
    """Sums over the municipalities that differ from the row of the nation."""
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


def _rows(sheet: Sheet, header: Header, given: dict[str, str], faults: Faults, areas: _Areas) -> Iterator[Record]:
    shares = Shares()
    for number in range(header.first_row, len(sheet.rows)):
        cells = sheet.rows[number]
        first = next((plain(c) for c in cells if plain(c)), "")
        if areas.layout.ends_at and matches(areas.layout.ends_at, first):
            break
        if not any(plain(cells[n]) for n in header.read if n < len(cells)):
            continue
        named = _left_out(cells, header, areas.layout)
        if named is None:
            yield from _row(sheet, number, header, given, faults, areas, shares)
        elif any(plain(cells[n]) for n, _, _ in header.values if n < len(cells)):
            faults.left_out.append(f"{sheet.name}!{address(number + 1, 1)} {named!r}")
    for column in shares.divided():
        faults.add(
            sheet.name, address(header.first_row, column + 1), "a column of per cent whose numbers are at most 1: they "
            "were probably divided by 100, multiply them",
        )  # fmt: skip


def _left_out(cells: list[Cell], header: Header, layout: Layout) -> str | None:
    """The text by which the layout leaves the row out: the area's cell, or the year's where there is no area.

    Where that cell is blank, it is the first cell of a row without values, or without other text, such as a note or
    the name of a county. Digits there may be a running number, and identify no row.
    """
    key = header.area if header.area is not None else header.year
    own = plain(cells[key]) if key is not None and key < len(cells) else ""
    if own:
        return own if matches(layout.rows_left_out, own) else None
    values = {n for n, _, _ in header.values}
    words = [plain(c) for n, c in enumerate(cells) if n not in values and plain(c)]
    blank = not any(plain(cells[n]) for n in values if n < len(cells))
    if not words or words[0].isdigit() or not (blank or len(words) == 1):
        return None
    return words[0] if matches(layout.rows_left_out, words[0]) else None


def _row(
    sheet: Sheet,
    number: int,
    header: Header,
    given: dict[str, str],
    faults: Faults,
    areas: _Areas,
    shares: Shares,
) -> Iterator[Record]:
    cells = sheet.rows[number]

    def at(column: int | None) -> Cell:
        return cells[column] if column is not None and column < len(cells) else None

    def fault(column: int | None, text: str) -> None:
        faults.add(sheet.name, address(number + 1, (column or 0) + 1), text)

    layout = areas.layout
    area = _area(at(header.area), layout, areas) if header.area is not None else None
    if header.area is not None and area is None:
        fault(header.area, _no_area(plain(at(header.area)) or next((plain(c) for c in cells if plain(c)), ""), areas))
        return
    named = _named(at, header, layout, fault)
    if named is None:
        return
    sex, words = named.pop("sex", "T"), given | named
    told: dict[str, float | None] = {}
    for column, values, groups in header.values:
        told_year = groups.get("year") or (plain(at(header.year)) if header.year is not None else given.get("year"))
        year = _year(told_year)
        if year is None:
            fault(header.year, f"no year: {told_year!r}")
            return
        found = parse_cell(at(column), layout, per_cent=values.per_cent, shown=(number, column) in sheet.percent)
        if found.wrong:
            fault(column, found.wrong)
            continue
        if values.per_cent:
            shares.add(column, found)
        series = values.series.format(**{k: v.lower() for k, v in (words | groups).items()})
        issue = given.get("issue")
        told[series] = found.value
        yield (series, area, year, values.sex or sex, found.value, found.status, _ahead(layout, year, issue), issue)
    if wrong := not_100(told, layout):
        fault(min(n for n, values, _ in header.values if values.series in layout.make_100), wrong)


def _ahead(layout: Layout, year: int, issue: str | None) -> bool:
    """Whether the year was not over when the issue was published."""
    return layout.forecast_from is not None and issue is not None and year >= int(issue[:4]) + layout.forecast_from


def _no_area(written: str, areas: _Areas) -> str:
    """The error for a row without an area, with the names that it may mean."""
    near = areas.names.near(written) if areas.layout.area_by == "name" else []
    like = f" (like {', '.join(f'{areas.names.names[a]} {a}' for a in near)})" if near else ""
    return f"neither an area nor a row to leave out: {written!r}{like}"


def _named(
    at: Callable[[int | None], Cell], header: Header, layout: Layout, fault: Callable[[int | None, str], None]
) -> dict[str, str] | None:
    """The codes of a row's dimensions and its sex; None, and an error, where a word is unknown."""
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
    """A code with the zeros that a spreadsheet removed, or the nation by its name, or an area by its name."""
    if matches(layout.nation, plain(cell)):
        return _NATION
    if layout.area_by == "name":
        return areas.code_of(plain(cell))
    digits = code(cell)
    return digits.zfill(_CODE_LENGTH) if re.fullmatch(r"[0-9]{3,4}", digits) else None


def _year(told: str | None) -> int | None:
    found = re.fullmatch(r"((?:19|20)\d{2})(?:\.0)?", told or "")
    return int(found[1]) if found else None
