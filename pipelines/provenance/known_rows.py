"""The rows of history: what was known of a key, from when to when, and by which delivery and file.

Belongs here: reading the vintages of a series, row by row, with the delivery that each came by. Does not belong here:
what a row's file says (`archived_rows.py`), or what is made of it (`corrected_facts.py`).
"""

from __future__ import annotations

from collections import defaultdict
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


class KnownRows:
    """The history of datasets, read by the first column of their keys (a series, an index, a group) and kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._vintages = Vintages(settings)
        self._read: dict[tuple[str, str | None], dict[Key, list[KnownRow]]] = {}
        self._deliveries: dict[str, dict[datetime, DeliveryRecord]] = {}

    def of(self, dataset: str, first: str | None = None) -> dict[Key, list[KnownRow]]:
        """Every row of the keys that begin with `first` (of all keys without it), oldest first.

        Raises:
            DamagedError: the vintages are not what was written.
        """
        if (dataset, first) not in self._read:
            self._read[dataset, first] = self._rows(dataset, first)
        return self._read[dataset, first]

    def now(self, dataset: str, first: str | None = None) -> dict[Key, KnownRow]:
        """What is known now of each key, and has not been withdrawn."""
        newest = {key: rows[-1] for key, rows in self.of(dataset, first).items()}
        return {key: row for key, row in newest.items() if row.change != "withdrawn"}

    def close(self) -> None:
        """Close the connection that rows are read by."""
        if "_con" in self.__dict__:
            self._con.close()

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return connect(self._settings)

    def _rows(self, dataset: str, first: str | None) -> dict[Key, list[KnownRow]]:
        declared = datasets()[dataset]
        by_moment = self._deliveries_of(dataset)
        where = f"where {identifier(declared.key[0])} = {literal(first)}" if first is not None else ""
        found = self._con.execute(
            f"select {columns((*declared.key, *declared.payload))}, known_from, change, source_file_sha256 "
            f"from ({self._vintages.history_sql(dataset)}) {where} order by known_from"
        ).fetchall()
        width = len(declared.key)
        by_key: dict[Key, list[tuple[Any, ...]]] = defaultdict(list)
        for row in found:
            by_key[row[:width]].append(row[width:])
        return {
            key: [
                KnownRow(
                    dataset, key, row[:-3], row[-3], after[-3] if after else None, row[-2], revision, row[-1],
                    by_moment[row[-3]],
                )
                for revision, (row, after) in enumerate(zip(rows, [*rows[1:], None], strict=True), start=1)
            ]
            for key, rows in by_key.items()
        }  # fmt: skip

    def _deliveries_of(self, dataset: str) -> dict[datetime, DeliveryRecord]:
        """The deliveries by the moment from which each is known; no two have the same."""
        if dataset not in self._deliveries:
            self._deliveries[dataset] = {d.known_from: d for d in self._vintages.deliveries(dataset)}
        return self._deliveries[dataset]
