"""Annual values of price indices: means of twelve months, or a year's value in the newest issue.

Belongs here: what `int_price_index__annual` computes, for one index and year as they are known now. Does not belong
here: what is deflated (`recomputing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.provenance.arithmetic import exact_mean

if TYPE_CHECKING:
    from indicators.model.declarations import Catalogue
    from pipelines.provenance.corrected_facts import Contents
    from pipelines.provenance.known_rows import KnownRow, KnownRows

_MONTHS = 12


@dataclass(frozen=True)
class IndexValue:
    """An index of a year, with the rows of history that it is made of, and the value of each.

    `issue` is the one that it is from, None where each month has one value for good.
    """

    index_id: str
    year: int
    value: float | None
    issue: str | None
    rows: tuple[tuple[KnownRow, float | None], ...]
    faults: tuple[NyckeltalError, ...] = ()


class Prices:
    """The price indices of the catalogue."""

    def __init__(self, catalogue: Catalogue, known: KnownRows, contents: Contents) -> None:
        self._dataset = {entry.index_id: entry.dataset for entry in catalogue.price_indices}
        self._known, self._contents = known, contents
        self._values: dict[tuple[str, int], IndexValue | None] = {}

    def of(self, index_id: str, year: int) -> IndexValue | None:
        """The index of a year as it is known now; None where nothing was ever known of it."""
        if (index_id, year) not in self._values:
            self._values[index_id, year] = self._annual(index_id, year)
        return self._values[index_id, year]

    def _annual(self, index_id: str, year: int) -> IndexValue | None:
        dataset = self._dataset[index_id]
        key = datasets()[dataset].key
        rows = [row for row in self._known.newest(dataset, index_id) if row.key[key.index("year")] == year]
        if "month" in key:
            return self._mean(index_id, year, rows) if rows else None
        if not rows:
            return None
        newest = max(rows, key=lambda row: str(row.key[key.index("issue")]))
        value, faults = self._value(newest)
        issue = str(newest.key[key.index("issue")])
        return IndexValue(index_id, year, value, issue, ((newest, value),), faults)

    def _mean(self, index_id: str, year: int, rows: list[KnownRow]) -> IndexValue:
        found = [(row, *self._value(row)) for row in rows]
        values = [value for _, value, _ in found if value is not None]
        mean = exact_mean(values) if len(values) == _MONTHS else None
        faults = tuple(fault for *_, wrong in found for fault in wrong)
        return IndexValue(index_id, year, mean, None, tuple((row, value) for row, value, _ in found), faults)

    def _value(self, row: KnownRow) -> tuple[float | None, tuple[NyckeltalError, ...]]:
        content, faults = self._contents.of(row)
        if content is None or row.change == "withdrawn":
            return None, faults
        return content[datasets()[row.dataset].payload.index("value")], faults
