"""What we were given, byte for byte: a content-addressed, append-only store.

Belongs here: storing raw files by their hash, and one record for each fetch of a dataset. Does not belong here: what
the bytes mean (`sources`). Layout: `objects/<first two>/<sha256>` and `fetches/<dataset>/<number>.json`; beside the
records, when a dataset was last looked at, which part of it is asked for, and which deliveries of it were taken in.
Bytes are held against their hash and records against their seal whenever they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.datasets import Way
from pipelines.errors import SourceError
from pipelines.storage.files import copy_atomic, sha256_of, write_bytes
from pipelines.storage.layout import check_places, dataset_folders, numbered
from pipelines.storage.sealing import check_chain, damaged, is_sealed, read_sealed, write_sealed
from pipelines.storage.state_records import StateRecord, read_record

State = Literal["whole", "altered", "missing"]  # of archived bytes


class SeriesPromise(BaseModel):
    """What must come back for one series."""

    model_config = ConfigDict(frozen=True)

    rows: int
    areas: int | None = None
    first_year: int | None = None
    last_year: int | None = None


class Promise(BaseModel):
    """The coverage contract of a fetch: fewer rows than this is a failure with a name.

    `complete` says that the delivery holds all there is of the series it names (of the whole dataset when it names
    none), so that what is missing has been withdrawn. `marks_withdrawals` says that the publisher marks what it
    withdraws: then a value that was known and does not come is a fault, not a withdrawal. `absent` are series that
    were not asked for, with the reason; what is known of them stands.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    series: dict[str, SeriesPromise] = {}
    complete: bool = True
    marks_withdrawals: bool = False
    absent: dict[str, str] = {}


class FileRecord(BaseModel):
    """One archived file: where it came from, when, and under which terms.

    `decimals` is set when whoever kept the file rounded its values to so many.
    """

    model_config = ConfigDict(frozen=True)

    sha256: str
    source_id: str
    dataset: str
    url: str
    fetched_at: datetime
    published_at: str | None
    bytes: int
    licence: str
    attribution: str
    decimals: int | None = None


class Fetch(StateRecord):
    """One fetch of a dataset: the way it came by, its files in order, and what was promised.

    `since` is set when only what changed from that day on was asked for. `new_fields` are fields of the answers that
    their reader did not know; they are no part of what identifies the content.
    """

    dataset: str
    number: int
    files: tuple[FileRecord, ...]
    promise: Promise
    way: Way = "snapshot"
    since: date | None = None
    new_fields: tuple[str, ...] = ()

    @property
    def content_id(self) -> str:
        """One hash for files (and how they are to be read) and promise: equal when nothing new was given."""
        read = (f.sha256 if f.decimals is None else f"{f.sha256} rounded to {f.decimals}" for f in self.files)
        text = "\n".join([*read, self.promise.model_dump_json()])
        return hashlib.sha256(text.encode()).hexdigest()


class Look(StateRecord):
    """When the whole of a dataset was last looked at."""

    moment: datetime


class Scope(StateRecord):
    """Which part of a dataset is asked for: `curated`, `all` or `group:` and the id of a group."""

    scope: str


class Taken(BaseModel):
    """A delivery that was taken in: its number, what it brought, and from when it is known (UTC without zone)."""

    model_config = ConfigDict(frozen=True)

    number: int
    content_id: str
    known_from: datetime


class TakenIn(StateRecord):
    """What of a dataset was taken into the vintages, oldest first, so that it is missed if it vanishes there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    deliveries: tuple[Taken, ...]


class Archive:
    """The archive below one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def object_path(self, sha256: str) -> Path:
        """Where the bytes with this hash lie."""
        return self.home / "objects" / sha256[:2] / sha256

    def read_path(self, sha256: str) -> Path:
        """Where the bytes with this hash lie, once they are seen to have it still.

        Raises:
            SourceError: they are gone or damaged. (Parquet would give other values without a word.)
        """
        if not self._holds(sha256):
            raise SourceError(
                "the archived bytes are not what was given",
                where=str(self.object_path(sha256)),
                expected=f"bytes with the SHA-256 {sha256}",
                found="other bytes" if self.object_path(sha256).exists() else "no file",
                remedy="restore the file from a copy, or fetch again (which mends it if the source gives the same)",
            )
        return self.object_path(sha256)

    def store(self, path: Path) -> str:
        """Copy a file's bytes into the store, once; return their SHA-256."""
        digest = sha256_of(path)
        if not self._holds(digest):
            copy_atomic(path, self.object_path(digest))
        return digest

    def store_bytes(self, body: bytes) -> str:
        """Put bytes into the store, once; return their SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        if not self._holds(digest):
            write_bytes(self.object_path(digest), body)
        return digest

    def holds(self, sha256: str) -> bool:
        """Whether the bytes with this hash are there, whole."""
        return self._holds(sha256)

    def state(self, sha256: str) -> State:
        """How the bytes with this hash are: `whole`, `altered` (they have another hash) or `missing`."""
        if not self.object_path(sha256).is_file():
            return "missing"
        return "whole" if self._holds(sha256) else "altered"

    def _holds(self, sha256: str) -> bool:
        path = self.object_path(sha256)
        return path.is_file() and sha256_of(path) == sha256

    def record(
        self,
        dataset: str,
        files: Sequence[FileRecord],
        promise: Promise,
        way: Way = "snapshot",
        since: date | None = None,
        new_fields: Iterable[str] = (),
    ) -> Fetch:
        """Write down a fetch, unless it brought the same as the last one of this dataset; return the newest record."""
        last = self.latest(dataset)
        number = last.number + 1 if last else 1
        fetch = Fetch(
            dataset=dataset, number=number, files=tuple(files), promise=promise, way=way, since=since,
            new_fields=tuple(sorted(new_fields)),
        )  # fmt: skip
        if last and last.content_id == fetch.content_id:
            return last
        before = self._record_paths(dataset)[-1:]
        target = self._records(dataset) / f"{number:06d}.json"
        write_sealed(target, fetch.model_dump(mode="json"), before[0] if before else None)
        return fetch

    def take_back(self, dataset: str, last: Fetch | None) -> None:
        """Remove the record of a fetch whose intake failed, so that `last` is the newest again as it was before."""
        for path in self._record_paths(dataset):
            if int(path.stem) > (last.number if last else 0):
                path.unlink()

    def latest(self, dataset: str) -> Fetch | None:
        """The newest fetch of a dataset, or None when there was none.

        Raises:
            DamagedError: its record is not what was written.
        """
        records = self._record_paths(dataset)
        return _fetch_in(records[-1], dataset) if records else None

    def fetches(self, dataset: str) -> list[Fetch]:
        """Every fetch of a dataset, oldest first.

        Raises:
            DamagedError: a record is not what was written.
        """
        records = self._record_paths(dataset)
        check_places(records)
        check_chain(records)
        return [_fetch_in(path, dataset) for path in records]

    def datasets(self) -> list[str]:
        """The datasets that were ever fetched, by name."""
        return [folder.name for folder in dataset_folders(self.home / "fetches")]

    def check(self) -> None:
        """Hold every record of a fetch against what was written; bytes are held against their hash when they are read.

        Raises:
            DamagedError: one of them is gone or damaged.
        """
        for dataset in self.datasets():
            self.fetches(dataset)
            self.taken_in(dataset)

    def seal_older(self) -> None:
        """Seal the records from before there were seals, as they are now; from then on damage to them is seen."""
        for dataset in self.datasets():
            records = self._record_paths(dataset)
            check_chain(records)
            for before, path in zip([None, *records], records, strict=False):
                if not is_sealed(path):
                    write_sealed(path, read_sealed(path), before)

    def look(self, dataset: str, moment: datetime) -> None:
        """Remember that the whole of a dataset was looked at, whether or not anything had changed."""
        write_sealed(self._looked_path(dataset), Look(moment=moment).model_dump(mode="json"), None)

    def looked_at(self, dataset: str) -> datetime | None:
        """When the whole of a dataset was last looked at; None when it never was."""
        path = self._looked_path(dataset)
        return read_record(path, Look, "the time of a look").moment if path.exists() else None

    def ask_for(self, dataset: str, scope: str) -> None:
        """Remember which part of a dataset is asked for, until another is stated."""
        if self.asked_for(dataset) != scope:
            write_sealed(self._scope_path(dataset), Scope(scope=scope).model_dump(mode="json"), None)

    def asked_for(self, dataset: str) -> str | None:
        """Which part of a dataset is asked for; None when that was never stated.

        Raises:
            DamagedError: what is told of it is not what was written.
        """
        path = self._scope_path(dataset)
        return read_record(path, Scope, "what is asked for").scope if path.exists() else None

    def note_taken_in(self, dataset: str, deliveries: Iterable[Taken]) -> None:
        """Write down every delivery of a dataset that was taken in, oldest first."""
        told = TakenIn(dataset=dataset, deliveries=tuple(deliveries))
        write_sealed(self._taken_in_path(dataset), told.model_dump(mode="json"), None)

    def taken_in(self, dataset: str) -> tuple[Taken, ...]:
        """Every delivery of a dataset that was taken in, oldest first; none where that was not written down.

        Raises:
            DamagedError: what is told of them is not what was written.
        """
        path = self._taken_in_path(dataset)
        if not path.exists():
            return ()
        told = read_record(path, TakenIn, "what was taken in")
        if told.dataset != dataset:
            raise damaged("a record is another dataset's", path, dataset, told.dataset)
        return told.deliveries

    def pending_path(self, dataset: str) -> Path:
        """Where the pages of a fetch under way are written down."""
        return self._records(dataset) / "pending.jsonl"

    def _looked_path(self, dataset: str) -> Path:
        return self._records(dataset) / "looked.json"

    def _scope_path(self, dataset: str) -> Path:
        return self._records(dataset) / "scope.json"

    def _taken_in_path(self, dataset: str) -> Path:
        return self._records(dataset) / "taken_in.json"

    def _records(self, dataset: str) -> Path:
        return self.home / "fetches" / dataset

    def _record_paths(self, dataset: str) -> list[Path]:
        return numbered(self._records(dataset), ".json")


def _fetch_in(path: Path, dataset: str) -> Fetch:
    fetch = read_record(path, Fetch, "a fetch's record")
    if fetch.dataset != dataset:
        raise damaged("a record is another dataset's", path, dataset, fetch.dataset)
    if fetch.number != int(path.stem):
        raise damaged("a record is another fetch's", path, f"fetch {int(path.stem)}", f"fetch {fetch.number}")
    return fetch
