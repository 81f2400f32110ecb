"""The embedded figures (`data/snapshot`) as a source like any other: fetch copies bytes, parse writes rows.

Belongs here: reading the folder that `sources/snapshot_writer.py` wrote, and the day on which its figures were known.
Does not belong here: writing it.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

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


class SnapshotFile(BaseModel):
    """A file of the snapshot: its dataset, its origin, and its promise.

    `published_at` is the day (`2024-08-31`) or the month (`2024-08`) in which the figures were published or collected.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    origin: str
    published_at: Annotated[str, AfterValidator(_is_day_or_month)]
    promise: Promise


class SnapshotManifest(BaseModel):
    """`manifest.json`: the terms in words, and each dataset's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    datasets: dict[str, SnapshotFile]


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
    """Copy a dataset's bytes into the archive.

    Raises:
        SourceError: the snapshot does not hold the dataset, or its file is missing.
    """
    entry, path = _entry(folder, dataset)
    publisher = publisher_of(dataset)
    record = FileRecord(
        sha256=archive.store(path),
        source_id=publisher.publisher,
        dataset=dataset,
        url=entry.origin,
        fetched_at=now,
        published_at=entry.published_at,
        bytes=path.stat().st_size,
        licence=publisher.licence,
        attribution=publisher.attribution,
    )
    return archive.record(dataset, [record], entry.promise)


def known_at(fetched: Fetch) -> datetime | None:
    """When embedded figures were known according to their publisher or collector, UTC; None for other deliveries.

    A month means its last day, when they were certainly known. A day is dated by its beginning, as `--as-of` is.
    """
    said = fetched.files[0].published_at if fetched.way == "snapshot" else None
    return _last_day(said) if said else None


def is_unchanged(folder: Path, dataset: str, archive: Archive) -> bool:
    """Whether a fetch now would return what the last one returned."""
    entry, path = _entry(folder, dataset)
    last = archive.latest(dataset)
    return last is not None and last.promise == entry.promise and [f.sha256 for f in last.files] == [sha256_of(path)]


def parse(folder: Path, fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of an archived fetch in declared columns; returns the columns that are not declared.

    Raises:
        SourceError: the file cannot be read as declared.
    """
    name = read_manifest(folder).datasets[fetched.dataset].file
    sha = fetched.files[0].sha256
    part = Part(name, sha, read_table(archive.read_path(sha), name))
    return write_parts([part], datasets()[fetched.dataset], target, fetched.dataset)


def holds(folder: Path, dataset: str) -> bool:
    """Whether the snapshot has the dataset."""
    return dataset in read_manifest(folder).datasets


def _entry(folder: Path, dataset: str) -> tuple[SnapshotFile, Path]:
    manifest = read_manifest(folder)
    if dataset not in manifest.datasets:
        found = ", ".join(manifest.datasets)
        raise SourceError("the snapshot lacks a dataset", where=str(folder), expected=dataset, found=found)
    entry = manifest.datasets[dataset]
    path = folder / entry.file
    if not path.is_file():
        remedy = "restore the folder from the repository, or write one with `nyckeltal snapshot build`"
        raise SourceError("a file of the snapshot is missing", where=str(path), expected=entry.file, remedy=remedy)
    return entry, path
