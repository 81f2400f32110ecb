"""The facts that values are made of: what a source's row states, after the corrections that are declared.

Belongs here: one fact of a series, area, year and sex, from its newest row of history, with the numbers of the vintages
or, anew, of the archived bytes. Does not belong here: reading either (`known_rows.py`, `archived_rows.py`), or formulas
(`recomputing.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indicators.model.corrections import Cell, Correction, cells_of
from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError, SourceError
from pipelines.provenance.arithmetic import is_same, stated
from pipelines.provenance.known_rows import KnownRow, KnownRows
from pipelines.storage.sealing import DamagedError

if TYPE_CHECKING:
    from indicators.model.declarations import Catalogue
    from pipelines.provenance.archived_rows import ArchivedRows, Content

UNREADABLE = "unreadable"  # the reason of a number whose archived file is damaged, gone, or lacks its row
_EXPECTED = 1e-9  # relative: how near a value has to be to the wrong one that a correction expects


class DifferingError(DamagedError):
    """Two that ought to be one differ: a value as it is known or published, and what the archived bytes give."""


class MissingRowError(DifferingError):
    """The archived file is whole and does not give the row, so that its number could not be read anew."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as values are made of it, and as its source states it (`stated`, `stated_reason`).

    `row` is its newest row of history. `faults`: why it could not be read from the archived bytes, or that it differs.
    """

    row: KnownRow
    value: float | None
    reason: str | None
    stated: float | None
    stated_reason: str | None
    correction: Correction | None = None
    faults: tuple[NyckeltalError, ...] = ()


def is_unreadable(fault: NyckeltalError) -> bool:
    """Whether it says that a number could not be read from archived bytes, rather than that they give another."""
    return isinstance(fault, SourceError | MissingRowError)


class Contents:
    """The columns of rows of history: as the vintages have them, or read anew from the archived bytes."""

    def __init__(self, archived: ArchivedRows | None) -> None:
        self._archived = archived

    def of(self, row: KnownRow) -> tuple[Content | None, tuple[NyckeltalError, ...]]:
        """The content of a row, and what is wrong with it; without content where the archived file lacks the row."""
        if self._archived is None:
            return row.content, ()
        try:
            found = self._archived.row_of(row)
        except SourceError as error:
            return None, (error,)
        if found is None:
            return None, () if row.change == "withdrawn" else (_not_there(row),)
        named = zip(datasets()[row.dataset].payload, row.content, found[1], strict=True)
        wrong = [(name, known, came) for name, known, came in named if not _agree(known, came)]
        is_told = row.change == "withdrawn" or not wrong
        return found[1], () if is_told else (_another(row, wrong),)


def _agree(known: object, came: object) -> bool:
    is_number = isinstance(known, float | None) and isinstance(came, float | None)
    return is_same(known, came) if is_number else known == came  # type: ignore[arg-type]


class CorrectedFacts:
    """Facts by dataset, series, area, year and sex."""

    def __init__(
        self, catalogue: Catalogue, known: KnownRows, contents: Contents, is_unit: Callable[[str], bool]
    ) -> None:
        self._known, self._contents, self._is_unit = known, contents, is_unit
        self._facts: dict[tuple[str, str, str, int, str], Fact | None] = {}
        self._cells: dict[tuple[str | None, str | None, int, str], list[tuple[Correction, Cell]]] = defaultdict(list)
        for correction in catalogue.corrections:
            for cell in cells_of(correction):
                place = (correction.dataset, correction.series, cell.year, cell.sex)
                self._cells[place].append((correction, cell))

    def of(self, dataset: str, series: str, area_id: str, year: int, sex: str) -> Fact | None:
        """The fact as it is known now; None where nothing was ever known of it."""
        key = (dataset, series, area_id, year, sex)
        if key not in self._facts:
            self._facts[key] = self._fact(*key)
        return self._facts[key]

    def history(self, dataset: str, series: str, area_id: str, year: int, sex: str) -> list[KnownRow]:
        """Every row of it, oldest first; units have a dataset of their own, whose series are the same."""
        key = (series, area_id, year, sex)
        for name, declared in datasets().items():
            if declared.kind == "facts" and dataset in {name, declared.same_series_as}:
                rows = self._known.history(name, key)
                if rows:
                    return rows
        return []

    def _fact(self, dataset: str, series: str, area_id: str, year: int, sex: str) -> Fact | None:
        rows = self.history(dataset, series, area_id, year, sex)
        if not rows:
            return None
        row = rows[-1]
        value, reason, faults = self._stated(row)
        for correction, cell in self._cells.get((dataset, series, year, sex), ()):
            is_meant = cell.area == area_id or (cell.area is None and not self._is_unit(area_id))
            if is_meant and self._is_wrong(value, row, correction, cell):
                told = f"corrected_drop: {correction.correction_id}" if correction.action == "drop" else reason
                return Fact(row, _corrected(value, correction), told, value, reason, correction, faults)
        return Fact(row, value, reason, value, reason, None, faults)

    def _stated(self, row: KnownRow) -> tuple[float | None, str | None, tuple[NyckeltalError, ...]]:
        content, faults = self._contents.of(row)
        if content is None:
            # Damaged, gone, or without the row: what the source says was not read, which is not that it has no value.
            return None, UNREADABLE if faults else "withdrawn_by_source", faults
        columns = datasets()[row.dataset].payload
        value, status = content[columns.index("value")], content[columns.index("status")]
        return *stated(value, status, row.change), faults

    def _is_wrong(self, value: float | None, row: KnownRow, correction: Correction, cell: Cell) -> bool:
        """Whether it is the wrong value that the correction expects."""
        if value is None:
            return False
        expected = correction.expected
        if expected.equals_series is not None:
            _, area_id, year, sex = row.key
            others = self.history(str(correction.dataset), expected.equals_series, area_id, year, sex)
            return any(other.overlaps(row) and self._stated(other)[0] == value for other in others)
        if cell.value is not None:
            return abs(value - cell.value) <= _EXPECTED * abs(cell.value)
        within = expected.within
        return within is not None and within.min <= value <= within.max


def _corrected(value: float | None, correction: Correction) -> float | None:
    """The value that a correction puts in the place of the wrong one."""
    if correction.action == "drop":
        return None
    if correction.action == "override":
        return correction.value
    if correction.action == "scale" and value is not None and correction.factor is not None:
        return value * correction.factor
    return value


def _not_there(row: KnownRow) -> MissingRowError:
    return MissingRowError(
        "the archived file does not give a row that is known from it",
        where=f"{row.dataset}, file {row.sha256}",
        expected=f"the row {', '.join(map(str, row.key))}",
        found="no such row",
        remedy="run `nyckeltal verify --deep`; if nothing is damaged, the parser has changed since: report it as a bug",
    )


def _another(row: KnownRow, wrong: list[tuple[str, object, object]]) -> DifferingError:
    return DifferingError(
        "the archived file gives another value than the one that is known from it",
        where=f"{row.dataset}, row {', '.join(map(str, row.key))}, file {row.sha256}",
        expected="; ".join(f"{name} {known!r}" for name, known, _ in wrong),
        found="; ".join(f"{name} {came!r}" for name, _, came in wrong),
        remedy="run `nyckeltal verify --deep`; if nothing is damaged, the parser has changed since: report it as a bug",
    )
