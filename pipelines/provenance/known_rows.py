"""The rows of history: what was known of a key, from when to when, and by which delivery and file.

Belongs here: reading the vintages of a series, row by row, with the delivery that each came by. Does not belong here:
what a row's file says (`archived_rows.py`), or what is made of it (`corrected_facts.py`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipelines.datasets import datasets
from pipelines.storage.database import columns, connect, identifier, literal
from pipelines.storage.vintages import DeliveryRecord, Vintages

if TYPE_CHECKING:
    import duckdb

    from pipelines.settings import Settings

Key = tuple[Any, ...]
MOST_KEPT = 40  # series whose rows stay in memory


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row of history. `content` are the columns besides the key, in their order; times are UTC without zone."""

    dataset: str
    key: Key
    content: tuple[Any, ...]
    known_from: datetime
    known_to: datetime | None
    change: str
    revision: int
    sha256: str
    delivery: DeliveryRecord

    def __getitem__(self, column: str) -> Any:
        """A column besides the key."""
        return self.content[datasets()[self.dataset].payload.index(column)]

    def overlaps(self, other: KnownRow) -> bool:
        """Whether there was a moment at which both were what was known."""
        ends_later = self.known_to is None or other.known_from < self.known_to
        return ends_later and (other.known_to is None or self.known_from < other.known_to)


Raw = tuple[Any, ...]


class KnownRows:
    """The history of datasets, read by the first column of their keys (a series, an index, a group); a few are kept.

    Args:
        up_to: the number of the newest delivery of each dataset that counts; None for all that is known.
    """

    def __init__(self, settings: Settings, up_to: Mapping[str, int] | None = None) -> None:
        self._settings = settings
        self._up_to = up_to
        self._vintages = Vintages(settings)
        self._read: OrderedDict[tuple[str, str], dict[Key, list[Raw]]] = OrderedDict()
        self._deliveries: dict[str, dict[datetime, DeliveryRecord]] = {}

    def history(self, dataset: str, key: Key) -> list[KnownRow]:
        """Every row of a key, oldest first; none where nothing was ever known of it.

        Raises:
            DamagedError: the vintages are not what was written.
        """
        return self._made(dataset, key, self._of(dataset, str(key[0])).get(key, []))

    def newest(self, dataset: str, first: str) -> list[KnownRow]:
        """The newest row of each key that begins with `first`, in the order of the keys; withdrawn ones too."""
        found = self._of(dataset, first)
        return [self._made(dataset, key, found[key])[-1] for key in sorted(found)]

    def close(self) -> None:
        """Close the connection that rows are read by."""
        if "_con" in self.__dict__:
            self._con.close()

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return connect(self._settings)

    def _of(self, dataset: str, first: str) -> dict[Key, list[Raw]]:
        kept = (dataset, first)
        if kept not in self._read:
            self._read[kept] = self._rows(dataset, first)
            if len(self._read) > MOST_KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(kept)
        return self._read[kept]

    def _rows(self, dataset: str, first: str) -> dict[Key, list[Raw]]:
        declared = datasets()[dataset]
        found = self._con.execute(
            f"select {columns((*declared.key, *declared.payload))}, known_from, change, source_file_sha256 "
            f"from ({self._vintages.history_sql(dataset)}) "
            f"where {identifier(declared.key[0])} = {literal(first)} order by known_from"
        ).fetchall()
        width = len(declared.key)
        by_key: dict[Key, list[Raw]] = {}
        by_moment = self._deliveries_of(dataset)
        for row in found:
            if row[-3] not in by_moment:  # it came after the release
                continue
            by_key.setdefault(row[:width], []).append(row[width:])
        return by_key

    def _made(self, dataset: str, key: Key, rows: list[Raw]) -> list[KnownRow]:
        """Rows of history, each with the moment at which the next one became known."""
        by_moment = self._deliveries_of(dataset)
        ends = [*(row[-3] for row in rows[1:]), None][: len(rows)]
        return [
            KnownRow(dataset, key, row[:-3], row[-3], end, row[-2], revision, row[-1], by_moment[row[-3]])
            for revision, (row, end) in enumerate(zip(rows, ends, strict=True), start=1)
        ]

    def _deliveries_of(self, dataset: str) -> dict[datetime, DeliveryRecord]:
        """The deliveries by the moment from which each is known; no two have the same."""
        if dataset not in self._deliveries:
            newest = None if self._up_to is None else self._up_to.get(dataset, 0)
            counted = [d for d in self._vintages.deliveries(dataset) if newest is None or d.number <= newest]
            self._deliveries[dataset] = {d.known_from: d for d in counted}
        return self._deliveries[dataset]
