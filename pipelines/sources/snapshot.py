"""The embedded figures (`data/snapshot`) as a source like any other: fetch copies bytes, parse writes rows.

Belongs here: reading the folder that `sources/snapshot_writer.py` wrote, and the day on which its figures were known.
Does not belong here: writing it, or which of two statements stands (`overlay.py`).

A dataset may have been delivered more than once, each time with a date of its own. A later delivery stands on those
before it: it is their files and its own, and says all that was known by its day. So each delivery is judged whole, and
what a later one does not mention is neither lost nor withdrawn.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.datasets import datasets, publisher_of
from pipelines.errors import SourceError
from pipelines.sources.tabular import Parsed, Part, read_table, write_parts
from pipelines.storage.archive import Archive, Fetch, FileRecord, Promise
from pipelines.storage.files import read_json, sha256_of

MANIFEST = "manifest.json"


def _is_day_or_month(said: str) -> str:
    _last_day(said)
    return said


def _last_day(said: str) -> datetime:
    """The beginning of a day, or of a month's last day."""
    if not re.fullmatch(r"\d{4}-\d\d(-\d\d)?", said):
        raise ValueError("published_at is a day such as 2024-08-31, or a month such as 2024-08")
    year, month, *day = (int(part) for part in said.split("-"))
    return datetime(year, month, day[0] if day else calendar.monthrange(year, month)[1])  # noqa: DTZ001 - UTC


class Delivered(BaseModel):
    """A file of the snapshot: its origin, and what was promised when it was delivered.

    `published_at` is the day (`2024-08-31`) or the month (`2024-08`) in which the figures were published or collected.
    `decimals` is set when whoever kept the figures rounded them to so many. `promise` is what the file says together
    with the files that were delivered before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    origin: str
    published_at: Annotated[str, AfterValidator(_is_day_or_month)]
    decimals: int | None = Field(default=None, ge=0, le=9)
    promise: Promise

    @property
    def day(self) -> datetime:
        """The beginning of the day from which the figures count as known; of a month its last day."""
        return _last_day(self.published_at)


class SnapshotFile(Delivered):
    """A dataset's first delivery, and those that came after it, oldest first."""

    later: tuple[Delivered, ...] = ()

    @model_validator(mode="after")
    def _comes_in_order(self) -> SnapshotFile:
        days = [one.day for one in self.deliveries]
        if any(day <= before for before, day in pairwise(days)):
            raise ValueError("deliveries stand in the order of their days, and no two have the same")
        return self

    @property
    def deliveries(self) -> tuple[Delivered, ...]:
        """Every delivery, oldest first."""
        return (self, *self.later)


class SnapshotManifest(BaseModel):
    """`manifest.json`: the terms in words, and each dataset's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    datasets: dict[str, SnapshotFile]

    @property
    def files(self) -> frozenset[str]:
        """The names of all files beside the manifest."""
        return frozenset(one.file for entry in self.datasets.values() for one in entry.deliveries)


def read_manifest(folder: Path) -> SnapshotManifest:
    """Read the snapshot's manifest.

    Raises:
        SourceError: it is missing or not as declared.
    """
    path = folder / MANIFEST
    try:
        return SnapshotManifest.model_validate(read_json(path))
    except FileNotFoundError as error:
        remedy = "restore the folder from the repository, or write one with `nyckeltal snapshot build`"
        raise SourceError("there is no snapshot", where=str(path), expected="a manifest", remedy=remedy) from error
    except (ValidationError, ValueError) as error:
        raise SourceError("the manifest cannot be read", where=str(path), found=str(error)[:300]) from error


def fetch(folder: Path, dataset: str, archive: Archive, now: datetime) -> Fetch:
    """Copy a dataset's bytes into the archive; returns the record of its newest delivery.

    Each delivery has a record of its own in an archive that has none yet, or that has the one before it. An archive
    that knows something else gets the newest alone, which says all that the others say: it cannot learn today what was
    to be known before that.

    Raises:
        SourceError: the snapshot does not hold the dataset, or a file of it is missing.
    """
    entry, paths = _entry(folder, dataset)
    files = [_record(dataset, one, path, archive, now) for one, path in zip(entry.deliveries, paths, strict=True)]
    last = archive.latest(dataset)
    known = [number for number, one in enumerate(entry.deliveries) if last and _is_it(last, files[: number + 1], one)]
    first = 0 if last is None else min([*known, len(paths) - 1])
    for number, one in list(enumerate(entry.deliveries))[first:]:
        fetched = archive.record(dataset, files[: number + 1], one.promise)
    return fetched


def _record(dataset: str, one: Delivered, path: Path, archive: Archive, now: datetime) -> FileRecord:
    publisher = publisher_of(dataset)
    return FileRecord(
        sha256=archive.store(path),
        source_id=publisher.publisher,
        dataset=dataset,
        url=one.origin,
        fetched_at=now,
        published_at=one.published_at,
        bytes=path.stat().st_size,
        licence=publisher.licence,
        attribution=publisher.attribution,
        decimals=one.decimals,
    )


def _is_it(fetched: Fetch, files: list[FileRecord], one: Delivered) -> bool:
    alike = [(f.sha256, f.decimals) for f in fetched.files] == [(f.sha256, f.decimals) for f in files]
    return alike and fetched.promise == one.promise


def known_at(fetched: Fetch) -> datetime | None:
    """When embedded figures were known according to their publisher or collector, UTC; None for other deliveries.

    A month means its last day, when they were certainly known. A day is dated by its beginning, as `--as-of` is.
    """
    said = fetched.files[-1].published_at if fetched.way == "snapshot" else None
    return _last_day(said) if said else None


def is_earlier(fetched: Fetch, newest: Fetch) -> bool:
    """Whether a delivery of the embedded figures is one of those that another stands on."""
    hashes = [[f.sha256 for f in one.files] for one in (fetched, newest)]
    both = fetched.way == newest.way == "snapshot" and fetched.number < newest.number
    return both and len(hashes[0]) < len(hashes[1]) and hashes[1][: len(hashes[0])] == hashes[0]


def is_unchanged(folder: Path, dataset: str, archive: Archive) -> bool:
    """Whether a fetch now would return what the last one returned."""
    entry, paths = _entry(folder, dataset)
    last, newest = archive.latest(dataset), entry.deliveries[-1]
    given = [(sha256_of(path), one.decimals) for one, path in zip(entry.deliveries, paths, strict=True)]
    return (
        last is not None
        and last.promise == newest.promise
        and [(f.sha256, f.decimals) for f in last.files] == given
    )  # fmt: skip


def parse(folder: Path, fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of an archived fetch in declared columns; returns the columns that are not declared.

    Raises:
        SourceError: the file cannot be read as declared.
    """
    names = [one.file for one in read_manifest(folder).datasets[fetched.dataset].deliveries]
    parts = []
    for number, file in enumerate(fetched.files):
        name = names[min(number, len(names) - 1)]
        rows = read_table(archive.read_path(file.sha256), name)
        parts.append(Part(name, file.sha256, rows, file.decimals))
    return write_parts(parts, datasets()[fetched.dataset], target, fetched.dataset, is_overlaid=True)


def holds(folder: Path, dataset: str) -> bool:
    """Whether the snapshot has the dataset."""
    return dataset in read_manifest(folder).datasets


def _entry(folder: Path, dataset: str) -> tuple[SnapshotFile, list[Path]]:
    manifest = read_manifest(folder)
    if dataset not in manifest.datasets:
        found = ", ".join(manifest.datasets)
        raise SourceError("the snapshot lacks a dataset", where=str(folder), expected=dataset, found=found)
    entry = manifest.datasets[dataset]
    paths = [folder / one.file for one in entry.deliveries]
    for path in paths:
        if not path.is_file():
            remedy = "restore the folder from the repository, or write one with `nyckeltal snapshot build`"
            raise SourceError("a file of the snapshot is missing", where=str(path), expected=path.name, remedy=remedy)
    return entry, paths
