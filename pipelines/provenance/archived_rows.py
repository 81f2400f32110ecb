"""The rows of archived files, parsed anew by the module of the publisher that they came from.

Belongs here: whether the bytes of an archived file have their hash still, and the rows that these bytes give. Does not
belong here: how a publisher's bytes are parsed (`sources`), or where in the file a row stands (`places.py`).
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError, SourceError
from pipelines.provenance.known_rows import MOST_KEPT
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.database import columns, identifier, literal, scratch, staged_rows
from pipelines.storage.vintages import DeliveryRecord

if TYPE_CHECKING:
    import duckdb

    from pipelines.provenance.known_rows import Key, KnownRow
    from pipelines.settings import Settings
    from pipelines.storage.archive import State

# Publishers whose files are each parsed by themselves, so that one file of many is enough for one value.
_FILE_BY_FILE = frozenset({"kolada"})
Content = tuple[Any, ...]


class ArchivedRows:
    """The archive, read for explanations: each file is hashed once and each delivery parsed once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.archive = Archive(settings.archive_dir)
        self._states: dict[str, State] = {}
        self._parsed: dict[tuple[str, str, str | None], Path | NyckeltalError] = {}
        self._read: OrderedDict[tuple[str, str, str], dict[Key, tuple[int, Content]]] = OrderedDict()

    def stands(self, sha256: str) -> bool:
        """Whether the archived bytes have the hash that they are kept under."""
        return self.state(sha256) == "whole"

    def state(self, sha256: str) -> State:
        """Whether the archived bytes are whole, altered or missing."""
        if sha256 not in self._states:
            self._states[sha256] = self.archive.state(sha256)
        return self._states[sha256]

    def row_of(self, row: KnownRow) -> tuple[int, Content] | None:
        """The row of history as its archived file gives it: its number among that file's rows, and its content.

        None where the file does not give it, as of a row that was withdrawn without a word.

        Raises:
            SourceError: the archived bytes are gone, are not what was given, or cannot be parsed.
        """
        kept = (row.dataset, row.sha256, str(row.key[0]))
        if kept not in self._read:
            self._read[kept] = self._rows(row)
            if len(self._read) > MOST_KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(kept)
        return self._read[kept].get(row.key)

    def close(self) -> None:
        """Remove what was parsed."""
        if "_con" in self.__dict__:
            self._con.close()
        if "_folder" in self.__dict__:
            self._folder.cleanup()

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="nyckeltal-explain-")

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return scratch(Path(self._folder.name))

    def _rows(self, row: KnownRow) -> dict[Key, tuple[int, Content]]:
        declared = datasets()[row.dataset]
        path = self._rows_path(row.delivery, row.sha256)
        begins = f"{identifier(declared.key[0])} = {literal(str(row.key[0]))}"
        is_of_file = f"source_file_sha256 = {literal(row.sha256)}"
        before = self._one(f"select min(row) - 1 from {staged_rows(path)} where {is_of_file}") or 0
        found = self._con.execute(
            f"select {columns((*declared.key, *declared.payload))}, row - {before} "
            f"from {staged_rows(path)} where {is_of_file} and {begins}"
        ).fetchall()
        width = len(declared.key)
        return {each[:width]: (each[-1], each[width:-1]) for each in found}

    def _one(self, query: str) -> int | None:
        found = self._con.execute(query).fetchone()
        return found[0] if found else None

    def _rows_path(self, delivery: DeliveryRecord, sha256: str) -> Path:
        """The rows of a delivery, or of the one file of it that is asked for, parsed from the archived bytes."""
        alone = sha256 if delivery.dataset.partition(".")[0] in _FILE_BY_FILE else None
        kept = (delivery.dataset, delivery.content_id, alone)
        if kept not in self._parsed:
            try:
                self._parsed[kept] = self._parse(delivery, alone)
            except NyckeltalError as error:
                self._parsed[kept] = error
        found = self._parsed[kept]
        if isinstance(found, NyckeltalError):
            raise found
        return found

    def _parse(self, delivery: DeliveryRecord, alone: str | None) -> Path:
        target = Path(self._folder.name) / f"{len(self._parsed)}.parquet"
        fetched = self.fetch_of(delivery)
        if alone is not None:
            files = tuple(file for file in fetched.files if file.sha256 == alone)
            fetched = fetched.model_copy(update={"files": files})
        # Frames, and for live figures the HTTP client, are loaded here, where an explanation needs them.
        if fetched.way == "snapshot":
            from pipelines.sources import snapshot  # noqa: PLC0415

            snapshot.parse(self._settings.snapshot_dir, fetched, self.archive, target)
        else:
            from pipelines.sources import origins  # noqa: PLC0415

            origins.parse(self._settings, fetched, target)
        return target

    def fetch_of(self, delivery: DeliveryRecord) -> Fetch:
        """The fetch whose content a delivery brought.

        Raises:
            SourceError: the archive has no record of it.
        """
        for fetched in reversed(self.archive.fetches(delivery.dataset)):
            if fetched.content_id == delivery.content_id:
                return fetched
        raise SourceError(
            "the archive has no record of the fetch that a delivery came by",
            where=f"{self.archive.home / 'fetches' / delivery.dataset}",
            expected=f"a fetch with the content {delivery.content_id}",
            found="none",
            remedy="restore the archive from a backup of the data folder: nyckeltal restore",
        )
