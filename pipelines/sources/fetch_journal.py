"""The journal of a fetch in progress: pages are archived as they arrive, so that an interrupted fetch resumes.

Belongs here: the journal of one fetch (`archive/fetches/<dataset>/pending.jsonl`) and completing it as a record of the
archive. Does not belong here: requesting pages (`http_client.py`), or deciding which (each publisher's package).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipelines.datasets import Way, publisher_of
from pipelines.storage.archive import Archive, Fetch, FileRecord, Promise
from pipelines.storage.files import append_line
from pipelines.storage.sealing import keeps_seal, with_seal


class FetchJournal:
    """The journal of one fetch. Thread-safe.

    Args:
        plan: identifies what is fetched; an interrupted fetch with an equal plan is resumed. now: UTC. resume: maximum
        age of an interrupted fetch.
    """

    def __init__(self, archive: Archive, dataset: str, plan: str, now: datetime, resume: timedelta) -> None:
        self._archive, self._dataset, self._now = archive, dataset, now
        self._path = archive.pending_path(dataset)
        self._guard = threading.Lock()
        self._records: dict[str, FileRecord] = {}
        self._new_fields: set[str] = set()
        self._take_up(plan, resume)

    def find(self, key: str) -> FileRecord | None:
        """The page that this fetch archived under this key, now or before it was interrupted."""
        with self._guard:
            return self._records.get(key)

    def body(self, record: FileRecord) -> bytes:
        """The bytes of an archived page."""
        return self._archive.read_path(record.sha256).read_bytes()

    def add(self, key: str, url: str, body: bytes, published_at: str | None = None) -> FileRecord:
        """Archive a page and add it to the journal."""
        publisher = publisher_of(self._dataset)
        record = FileRecord(
            sha256=self._archive.store_bytes(body),
            source_id=publisher.publisher,
            dataset=self._dataset,
            url=url,
            fetched_at=self._now,
            published_at=published_at,
            bytes=len(body),
            licence=publisher.licence,
            attribution=publisher.attribution,
        )
        with self._guard:
            self._records[key] = record
            append_line(self._path, with_seal({"key": key, "record": record.model_dump(mode="json")}))
        return record

    def tell(self, fields: Iterable[str]) -> None:
        """Add unknown fields of a response to the journal."""
        with self._guard:
            if news := set(fields) - self._new_fields:
                self._new_fields |= news
                append_line(self._path, with_seal({"new_fields": sorted(news)}))

    @property
    def new_fields(self) -> frozenset[str]:
        """The unknown fields so far."""
        return frozenset(self._new_fields)

    def finish(self, keys: Iterable[str], promise: Promise, way: Way = "live", since: date | None = None) -> Fetch:
        """Record the fetch as complete, with its pages in the order of `keys`."""
        files = [self._records[key] for key in keys]
        fetch = self._archive.record(self._dataset, files, promise, way, since, self._new_fields)
        self.discard()
        return fetch

    def discard(self) -> None:
        """Delete the journal; archived bytes stay."""
        self._path.unlink(missing_ok=True)

    def _take_up(self, plan: str, resume: timedelta) -> None:
        head, *lines = _whole_lines(self._path) or [{}]
        if head.get("plan") == plan and timedelta(0) <= self._now - _moment(head) <= resume:
            self._new_fields = {str(name) for line in lines for name in line.get("new_fields", [])}
            records = {key: record for key, record in map(_entry, lines) if record is not None}
            # The process may also have been killed after the record was written and before the journal was deleted.
            last = self._archive.latest(self._dataset)
            if last is None or not set(last.files) & set(records.values()):
                self._records = {key: record for key, record in records.items() if self._archive.holds(record.sha256)}
                return
        self._path.unlink(missing_ok=True)
        append_line(self._path, with_seal({"plan": plan, "started": self._now.isoformat()}))


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """The lines that neither a kill truncated (possibly in the middle of a character) nor a disk damaged."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict) and keeps_seal(line)]


def _moment(head: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(head["started"]))


def _entry(line: dict[str, Any]) -> tuple[str, FileRecord | None]:
    """A page's key and record; no record if it is malformed, so that the page is requested again."""
    try:
        return str(line.get("key")), FileRecord.model_validate(line.get("record"))
    except ValidationError:
        return "", None
