"""Validates every row of a recognised file, cell by cell and then together, and collects all faults.

Belongs here: the findings about rows. Does not belong here: a cell by itself (`cell_values.py`), finding the columns
(`recognising.py`), or small numbers, which are no faults (`facts.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from indicators.model.submission_template import TemplateField, Total
from pipelines.submissions.cell_values import CellError, area_of, as_shown, sex_of, value_of, year_of
from pipelines.submissions.findings import Fault, Note, shown
from pipelines.submissions.recognising import AREA, NAME, SEX, YEAR, Table, is_empty
from pipelines.text.normalise import AreaNames

_ROUNDING = 0.5  # rounding tolerance for each part of a sum of amounts


@dataclass
class Row:
    """A parsed row of the file. `number` counts from 0; unreadable cells are absent."""

    number: int
    area_id: str | None = None
    year: int | None = None
    sex: str | None = "T"
    values: dict[str, float | None] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int, str] | None:
        """Municipality, year and sex; None when one of them could not be read."""
        if self.area_id is None or self.year is None or self.sex is None:
            return None
        return self.area_id, self.year, self.sex


@dataclass
class Judged:
    """The rows, and the findings about them. Rows are valid only when there are no faults."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def judge(
    table: Table, municipalities: Mapping[str, str], today: date, percent_cells: Collection[tuple[int, int]] = ()
) -> Judged:
    """Validate every row.

    Args:
        municipalities: names by code. percent_cells: row and column of the cells with a percentage format.
    """
    return _Judge(table, municipalities, today, frozenset(percent_cells)).judged()


def shares_of_all(declared: TemplateField, by_sex: Mapping[str, Row]) -> tuple[float, float]:
    """The smallest and the largest possible share for both sexes, given women's and men's shares and the persons
    behind them.

    It is their mean, weighted by the persons; each of the three may be rounded by half of its last decimal. Without
    the persons it is somewhere between the two. A missing share may be anything.
    """
    of_all, *shares = (by_sex[sex].values.get(declared.series) for sex in "TKM")
    ranges = [(0.0, 100.0) if share is None else (share - _half(share), share + _half(share)) for share in shares]
    persons = [by_sex[sex].values.get(str(declared.persons)) for sex in "KM"]
    weights = [number for number in persons if number is not None]
    if len(weights) == len(ranges) and sum(weights) > 0:
        low, high = (sum(w * r[end] for w, r in zip(weights, ranges, strict=True)) / sum(weights) for end in (0, 1))
    else:
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    room = 0.0 if of_all is None else _half(of_all)
    return low - room, high + room


def _half(share: float) -> float:
    """Half of the last decimal of a share, plus floating-point noise."""
    return 0.5 * 10.0 ** min(int(Decimal(repr(share)).normalize().as_tuple().exponent), 0) + 1e-9


def _short(value: float) -> str:
    return shown(round(float(value), 2))


class _Judge:
    def __init__(
        self, table: Table, municipalities: Mapping[str, str], today: date, percent_cells: frozenset[tuple[int, int]]
    ) -> None:
        self._table, self._municipalities, self._today = table, AreaNames(municipalities), today
        self._percent_cells = percent_cells
        self._heads = {f.series: f.head_sv for f in table.template.fields}
        self._told = Judged()

    def judged(self) -> Judged:
        for number, cells in self._table.rows():
            row = self._read(number, cells)
            self._told.rows.append(row)
            self._compare_cells(row)
        self._refuse_twice()
        if self._table.template.by_sex:
            self._compare_sexes()
        self._told.faults.sort(key=lambda fault: (fault.row, fault.column))
        return self._told

    def _read(self, number: int, cells: Sequence[Any]) -> Row:
        def cell(name: str) -> Any:
            column = self._table.columns.get(name)
            return cells[column] if column is not None and column < len(cells) else None

        row = Row(number)
        row.area_id = self._area(row, cell(AREA), cell(NAME))
        first = self._table.template.first_year
        row.year = self._understand(row, YEAR, cell(YEAR), lambda: year_of(cell(YEAR), first, self._today))
        if self._table.template.by_sex:
            row.sex = self._understand(row, SEX, cell(SEX), lambda: sex_of(cell(SEX)))
        for declared in self._table.template.fields:
            self._value(row, declared, cell(declared.series))
        return row

    def _understand(self, row: Row, name: str, cell: Any, read: Any) -> Any:
        """The result of `read` for a required cell; None, and a fault, when it fails."""
        if name not in self._table.columns:
            return None  # reported already, once, for the header
        if is_empty(cell):
            self._fault(row, name, cell, CellError("en obligatorisk cell är tom", name, "fyll i cellen"))
            return None
        try:
            return read()
        except CellError as error:
            self._fault(row, name, cell, error)
            return None

    def _area(self, row: Row, code: Any, name: Any) -> str | None:
        found = self._understand(row, AREA, code, lambda: area_of(code, name, self._municipalities))
        if NAME in self._table.columns and is_empty(name):
            self._fault(row, NAME, name, CellError("en obligatorisk cell är tom", "kommunens namn", "fyll i cellen"))
        if found is None:
            return None
        self._note(row, AREA, found.mended)
        if not is_empty(name) and not self._municipalities.is_named(name, found.value):
            told = f"{self._municipalities.names[found.value]} för koden {found.value}"
            error = CellError("kod och namn hör inte ihop", told, "rätta koden eller namnet")
            self._fault(row, NAME, name, error)
            return None
        return str(found.value)

    def _value(self, row: Row, declared: TemplateField, cell: Any) -> None:
        if declared.series not in self._table.columns:
            return
        place = (row.number, self._table.columns[declared.series])
        try:
            found = value_of(cell, declared, is_percent=place in self._percent_cells)
        except CellError as error:
            self._fault(row, declared.series, as_shown(cell, is_percent=place in self._percent_cells), error)
            return
        self._note(row, declared.series, found.mended)
        row.values[declared.series] = found.value

    def _compare_cells(self, row: Row) -> None:
        """Compare parts with wholes, and values with the persons behind them."""
        values = row.values
        for declared in self._table.template.fields:
            value = values.get(declared.series)
            if value is None:
                continue
            whole = values.get(declared.at_most) if declared.at_most else None
            if declared.at_most and whole is not None and value > whole:
                told = f"högst {shown(whole)}, som i {self._heads[declared.at_most]}"
                self._value_fault(row, declared.series, "värdet är större än det som det är en del av", told)
            if declared.persons and declared.persons in values:
                self._refuse_value_of_nobody(row, declared)
        for total in self._table.template.totals:
            self._compare_total(row, total)

    def _refuse_value_of_nobody(self, row: Row, declared: TemplateField) -> None:
        behind = str(declared.persons)
        persons = row.values[behind]
        if persons is None:
            error = CellError(
                "antalet personer bakom ett värde saknas", f"antal personer, för {declared.head_sv}",
                "fyll i antalet, eller ta bort värdet; utan antalet går det inte att se om värdet får visas",
            )  # fmt: skip
            self._fault(row, behind, None, error)
        elif persons == 0 and declared.kind == "share":
            told = f"tom cell, eftersom {self._heads[behind]} är 0"
            self._value_fault(row, declared.series, "en andel av ingen går inte att räkna", told)

    def _compare_total(self, row: Row, total: Total) -> None:
        whole = row.values.get(total.total)
        if whole is None or any(part not in row.values for part in total.parts):
            return
        parts = [row.values[part] for part in total.parts]
        given = [value for value in parts if value is not None]
        is_whole = len(given) == len(parts)
        self._compare_sum(row, total.total, whole, given, total.parts, is_whole=is_whole)

    def _compare_sum(
        self, row: Row, series: str, whole: float, given: Sequence[float], names: Sequence[str], *, is_whole: bool
    ) -> None:
        counts = next(f for f in self._table.template.fields if f.series == series).kind == "persons"
        room = 0.0 if counts else _ROUNDING * len(names)
        added = sum(given)
        if (is_whole and abs(added - whole) > room) or added > whole + room:
            words = " + ".join(self._heads.get(name, name) for name in names)
            told = f"{shown(float(added))}, summan av {words}" if is_whole else f"minst {shown(float(added))}"
            self._value_fault(row, series, "summan stämmer inte", told)

    def _refuse_twice(self) -> None:
        seen: dict[tuple[str, int, str], Row] = {}
        for row in self._told.rows:
            if row.key is None:
                continue
            if row.key in seen:
                words = "samma kommun, år och kön" if self._table.template.by_sex else "samma kommun och år"
                error = CellError(f"raden finns två gånger: {words}", "en rad", "ta bort den ena raden")
                self._fault(row, AREA, f"också på rad {seen[row.key].number + 1}", error)
            seen.setdefault(row.key, row)

    def _compare_sexes(self) -> None:
        for rows in self._groups():
            by_sex = {str(row.sex): row for row in rows}
            lacking = [sex for sex in "TKM" if sex not in by_sex]
            if set(by_sex) == {"T"}:
                continue
            if lacking:
                told = "T, K och M för samma kommun och år, eller bara T"
                error = CellError("ett kön saknas", told, f"lägg till raden för {' och '.join(lacking)}")
                self._fault(rows[0], SEX, ", ".join(sorted(by_sex)), error)
                continue
            for declared in self._table.template.fields:
                values = [by_sex[sex].values.get(declared.series) for sex in "TKM"]
                whole, given = values[0], [v for v in values[1:] if v is not None]
                if declared.kind == "share":
                    self._compare_shares(by_sex, declared)
                elif whole is not None and given:
                    self._compare_sum(
                        by_sex["T"], declared.series, whole, given, ("kvinnor", "män"), is_whole=len(given) == 2
                    )

    def _compare_shares(self, by_sex: Mapping[str, Row], declared: TemplateField) -> None:
        row = by_sex["T"]
        of_all = row.values.get(declared.series)
        low, high = shares_of_all(declared, by_sex)
        if of_all is not None and not low <= of_all <= high:
            behind = self._heads[str(declared.persons)]
            told = f"{_short(low)} till {_short(high)}, av kvinnors och mäns andelar och {behind}"
            self._value_fault(row, declared.series, "andelen för alla stämmer inte med kvinnors och mäns", told)

    def _groups(self) -> Iterator[list[Row]]:
        groups: dict[tuple[str, int], list[Row]] = {}
        for row in self._told.rows:
            if row.key:
                groups.setdefault(row.key[:2], []).append(row)
        yield from groups.values()

    def _value_fault(self, row: Row, series: str, what: str, expected: str) -> None:
        self._fault(row, series, row.values[series], CellError(what, expected, "rätta det värde som är fel"))

    def _fault(self, row: Row, name: str, found: Any, error: CellError) -> None:
        column = self._table.columns.get(name, 0)
        self._told.faults.append(
            Fault(self._table.sheet.name, row.number, column, error.what, error.expected, shown(found), error.remedy)
        )

    def _note(self, row: Row, name: str, text: str) -> None:
        if text:
            self._told.notes.append(Note(self._table.sheet.name, row.number, self._table.columns[name], text))
