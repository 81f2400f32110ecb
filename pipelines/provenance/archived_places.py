"""Where in an archived file a row of history stands, as exactly as the kind of file allows.

Belongs here: choosing how a file is looked into, and saying how exact the place is. Does not belong here: looking into
a publisher's files (`sources`), or the hash of a file (`archived_rows.py`).

`precision` of a place: `row` of a Parquet file, `line` of a CSV file, `path` in JSON, `parsed_row` where a file is read
by a layout (workbooks): the row's number among those that the layout gives of the file.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.datasets import datasets
from pipelines.provenance.known_rows import MOST_KEPT

if TYPE_CHECKING:
    from pipelines.provenance.archived_rows import ArchivedRows
    from pipelines.provenance.known_rows import KnownRow
    from pipelines.storage.archive import Fetch

_STATISTICS = "socialstyrelsen.statistik"
Found = dict[tuple[Any, ...], tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Place:
    """Where a row stands in its file, how exact that is, and what stands there."""

    precision: str
    where: str
    content: dict[str, Any]


class ArchivedPlaces:
    """Places of rows of history in the files that they came by; a few files are kept as they were read."""

    def __init__(self, archived: ArchivedRows) -> None:
        self._archived = archived
        self._read: OrderedDict[tuple[str, str], Found] = OrderedDict()

    def of(self, row: KnownRow) -> tuple[Place, ...]:
        """The places that a row is made of: one, or two for a total of women and men; none where the file lacks it.

        Raises:
            SourceError: the archived bytes are gone, or are not what was given.
        """
        fetched = self._archived.fetch_of(row.delivery)
        publisher = row.dataset.partition(".")[0]
        if fetched.way in {"snapshot", "submission"}:
            return self._in_table(row)
        if publisher == "kolada":
            return self._in_page(row)
        if publisher == "scb":
            return self._in_cells(row, fetched)
        return self._parsed(row)

    def _in_table(self, row: KnownRow) -> tuple[Place, ...]:
        from pipelines.sources.table_rows import find_rows  # noqa: PLC0415

        path, key = self._archived.archive.read_path(row.sha256), datasets()[row.dataset].key
        found = self._kept(row.sha256, str(row.key[0]), lambda: find_rows(path, key, row.key[0]))
        where = found.get(row.key) or found.get(tuple(map(str, row.key)))
        return (Place(where[0].partition(" ")[0], *where),) if where else ()

    def _in_page(self, row: KnownRow) -> tuple[Place, ...]:
        from pipelines.sources.kolada.places import find_rows  # noqa: PLC0415

        path = self._archived.archive.read_path(row.sha256)
        where = self._kept(row.sha256, "", lambda: find_rows(path.read_bytes(), row.dataset)).get(row.key)
        return (Place("path", *where),) if where else ()

    def _in_cells(self, row: KnownRow, fetched: Fetch) -> tuple[Place, ...]:
        from pipelines.sources.scb.places import find_cells  # noqa: PLC0415

        archive = self._archived.archive
        return tuple(Place("path", *found) for found in find_cells(fetched, archive, row.sha256, row.key))

    def _parsed(self, row: KnownRow) -> tuple[Place, ...]:
        """The row that the publisher's parser gives; each of those of the statistics API is one item of its page."""
        found = self._archived.row_of(row)
        if found is None:
            return ()
        number, content = found
        named = dict(zip(datasets()[row.dataset].payload, content, strict=True))
        if row.dataset == _STATISTICS:
            return (Place("path", f"data[{number - 1}]", named),)
        return (Place("parsed_row", f"row {number} of those that the layout reads", named),)

    def _kept(self, sha256: str, part: str, read: Any) -> Found:
        kept = (sha256, part)
        if kept not in self._read:
            self._read[kept] = read()
            if len(self._read) > MOST_KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(kept)
        return self._read[kept]
