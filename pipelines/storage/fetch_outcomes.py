"""How the newest try to fetch a dataset ended, where there is something to say of it: `fetches/<dataset>/outcome.json`.

Belongs here: a failed try, which holds its dataset back until one goes well, and fields of answers that nobody knew and
that led to no delivery. Does not belong here: fetches that gave something (`archive.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pipelines.storage.sealing import write_sealed
from pipelines.storage.staged import HeldBack
from pipelines.storage.state_records import StateRecord, read_record


class FetchOutcome(StateRecord):
    """The newest try: when it began (UTC without zone), why it failed if it did, and fields that nobody knew."""

    moment: datetime | None = None
    held_back: HeldBack | None = None
    new_fields: tuple[str, ...] = ()


class FetchOutcomes:
    """The outcomes below the folder of an archive."""

    def __init__(self, archive_dir: Path) -> None:
        self._home = archive_dir / "fetches"

    def of(self, dataset: str) -> FetchOutcome:
        """What there is to say of the newest try; nothing when it went well or none was made."""
        path = self._path(dataset)
        return read_record(path, FetchOutcome, "an outcome") if path.exists() else FetchOutcome()

    def note(self, dataset: str, moment: datetime, held_back: HeldBack | None, new_fields: Iterable[str]) -> None:
        """Write down how a try ended; nothing is left on disk when there is nothing to say."""
        named = tuple(sorted(new_fields))
        if held_back or named:
            told = FetchOutcome(moment=moment, held_back=held_back, new_fields=named)
            write_sealed(self._path(dataset), told.model_dump(mode="json"), None)
        else:
            self._path(dataset).unlink(missing_ok=True)

    def _path(self, dataset: str) -> Path:
        return self._home / dataset / "outcome.json"
