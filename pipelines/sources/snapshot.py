"""The embedded figures (`data/snapshot`) as a source like any other: fetch copies bytes, parse gives rows.

Belongs here: reading the folder that `pipelines/snapshot.py` wrote. Does not belong here: writing it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.archive import Archive, Fetch, FileRecord, Promise
from pipelines.errors import SourceError
from pipelines.files import read_json, sha256_of
from pipelines.sources.model import datasets, publisher_of
from pipelines.sources.tabular import Parsed, Part, read_table, write_parts

MANIFEST = "manifest.json"


class SnapshotFile(BaseModel):
    """A file of the snapshot: which dataset it holds, where that came from, and what it promises."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    origin: str
    published_at: str
    promise: Promise


class SnapshotManifest(BaseModel):
    """`manifest.json`: terms in words, and each dataset's file."""

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
        SourceError: the snapshot does not hold the dataset, or its file is gone.
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


def is_unchanged(folder: Path, dataset: str, archive: Archive) -> bool:
    """Whether a fetch now would bring what the last one brought."""
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
