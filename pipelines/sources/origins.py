"""Selects the origin of a dataset: the embedded figures, a live publisher, or a municipality's own submission.

Belongs here: choosing the module that fetches and the one that parses. Does not belong here: how either works (each
publisher's package), or what becomes of the rows (`quality/stage.py`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from indicators.load.catalogue import Catalogue
from pipelines.datasets import datasets, faulty
from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.sources import snapshot
from pipelines.sources.fetch_context import Context
from pipelines.sources.http_client import Client
from pipelines.sources.tabular import Parsed
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.vintages import Vintages


def offers(settings: Settings, dataset: str) -> bool:
    """Whether the selected source provides this dataset."""
    if settings.source == "snapshot":
        return "snapshot" in datasets()[dataset].ways
    return "live" in datasets()[dataset].ways


@contextmanager
def context_of(settings: Settings, catalogue: Catalogue, now: datetime) -> Iterator[Context]:
    """The context that live fetches of one run share; its connections are closed at the end."""
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    clients: dict[str, Client] = {}

    def client(publisher: str) -> Client:
        if publisher not in clients:
            clients[publisher] = Client(settings, settings.requests_per_second)
        return clients[publisher]

    def taken_in(dataset: str) -> list[Fetch]:
        known = {record.content_id for record in vintages.deliveries(dataset)}
        return [fetch for fetch in archive.fetches(dataset) if fetch.content_id in known]

    try:
        yield Context(settings, catalogue, archive, now, client, taken_in)
    finally:
        for opened in clients.values():
            opened.close()


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Fetch a dataset into the archive; None when there is nothing to fetch.

    Raises:
        SourceError: it cannot be fetched.
    """
    settings, archive = context.settings, context.archive
    if settings.source == "snapshot":
        if _stands_on_files(archive, dataset):
            return None
        return snapshot.fetch(settings.snapshot_dir, dataset, archive, context.now)
    found: Fetch | None = _module(dataset).fetch(context, dataset)
    if found is None and datasets()[dataset].from_files and archive.latest(dataset) is None:
        return _embedded(context, dataset)
    return found


def is_unchanged(settings: Settings, archive: Archive, dataset: str) -> bool:
    """Whether a fetch of the embedded figures now would return what the last fetch returned.

    Raises:
        SourceError: the snapshot lacks the dataset, or a file of it.
    """
    return _stands_on_files(archive, dataset) or snapshot.is_unchanged(settings.snapshot_dir, dataset, archive)


def _stands_on_files(archive: Archive, dataset: str) -> bool:
    """Whether files were taken from the inbox: they came after the embedded figures, which have no more to say."""
    last = archive.latest(dataset)
    return datasets()[dataset].from_files and last is not None and last.way == "live"


def _embedded(context: Context, dataset: str) -> Fetch | None:
    """The embedded files of a dataset that nobody has put a file of into the inbox yet; None where there are none."""
    folder = context.settings.snapshot_dir
    if "snapshot" not in datasets()[dataset].ways or not snapshot.holds(folder, dataset):
        return None
    return snapshot.fetch(folder, dataset, context.archive, context.now)


def check_declaration(dataset: str) -> None:
    """Validate a dataset's declaration: its columns and, by its publisher's module, how it is requested and parsed.

    Raises:
        DeclarationError: something in it is wrong, with file and key.
    """
    if fault := faulty().get(dataset):
        raise fault
    _module(dataset).check(dataset)


def parse(settings: Settings, fetched: Fetch, target: Path) -> Parsed:
    """Write the rows of an archived fetch; returns the undeclared fields, columns and sheets.

    Raises:
        SourceError: it cannot be read as declared.
    """
    archive = Archive(settings.archive_dir)
    if fetched.way == "snapshot":
        parsed = snapshot.parse(settings.snapshot_dir, fetched, archive, target)
    else:
        parsed = _module(fetched.dataset).parse(fetched, archive, target)
    return replace(parsed, new_fields=parsed.new_fields | set(fetched.new_fields))


def known_at(fetched: Fetch) -> datetime | None:
    """When a delivery was known before it arrived, according to its source; None where that is the moment it
    arrived.
    """
    return snapshot.known_at(fetched)


def is_earlier(fetched: Fetch, newest: Fetch) -> bool:
    """Whether a delivery is one of those that another of the same dataset stands on."""
    return snapshot.is_earlier(fetched, newest)


def refuse_going_back(settings: Settings) -> None:
    """Refuse to return to the embedded figures, which are older than any live ones and would undo what is known.

    Raises:
        UsageError: the data folder holds live deliveries and the source is the snapshot.
    """
    archive = Archive(settings.archive_dir)
    if settings.source != "snapshot":
        return
    for dataset in datasets():
        last = archive.latest(dataset)
        if last and last.way == "live" and offers(settings, dataset) and not datasets()[dataset].from_files:
            raise UsageError(
                "this data folder holds live figures, which the older embedded ones would undo",
                where=str(settings.data_dir),
                expected="--source live",
                found=f"--source snapshot, and a live delivery of {dataset}",
                remedy="refresh with --source live, or give the embedded figures a folder of their own with --data-dir",
            )


def _module(dataset: str) -> Any:
    return importlib.import_module(f"pipelines.sources.{dataset.split('.', maxsplit=1)[0]}")
