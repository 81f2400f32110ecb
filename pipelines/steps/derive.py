"""Derives the vintages of a dataset again from the archive, where they are damaged.

Belongs here: which fetch each delivery came of, judging it and taking it in once more, and what of the old can be kept.
Does not belong here: what else is mended (`steps/repair.py`), or how a delivery is judged (`quality`) and taken in
(`storage/vintages.py`).

Deliveries are gone through in their order, in a folder of their own that takes the place of the old one when it is
complete. What is whole is kept as it is, byte for byte, with the date that it was known from. The rest is judged by the
rules and the knowledge of now, which is said where it gives another result than what was written.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from indicators.load.catalogue import Catalogue
from pipelines.errors import NyckeltalError, SourceError
from pipelines.quality.stage import HeldBackError, judge
from pipelines.settings import Settings
from pipelines.sources import origins
from pipelines.storage.archive import Archive, Fetch, Taken
from pipelines.storage.files import fresh_folder
from pipelines.storage.layout import dataset_folders, parquet_in
from pipelines.storage.sealing import DamagedError, check_file, write_sealed
from pipelines.storage.state_records import read_record
from pipelines.storage.vintages import (
    CHANGES_FILE,
    RECORD,
    REFUSED,
    DeliveryRecord,
    Refusal,
    Staged,
    Vintages,
)

_NEAR = timedelta(days=7)  # between a fetch and its intake; a date farther away is one that damage has made


class NotDerivableError(NyckeltalError):
    """A delivery cannot be made again from what the archive holds."""


@dataclass
class Derivation:
    """The deliveries of one dataset, as far as they have been gone through.

    `scratch` are the settings of the folder in which they are made again. `notes` say what differs from before.
    """

    settings: Settings
    scratch: Settings
    catalogue: Catalogue
    dataset: str
    notes: list[str] = field(default_factory=list)
    _last: Fetch | None = None

    @classmethod
    def begin(cls, settings: Settings, catalogue: Catalogue, dataset: str) -> Derivation:
        """An empty folder in which the archive and the other datasets' vintages are those of the data folder."""
        home = fresh_folder(settings.cache_dir / "repair")
        scratch = settings.model_copy(update={"data_dir": home})
        (home / "archive").symlink_to(settings.archive_dir.resolve(), target_is_directory=True)
        scratch.vintages_dir.mkdir()
        for other in dataset_folders(settings.vintages_dir):
            if other.name != dataset:
                (scratch.vintages_dir / other.name).symlink_to(other.resolve(), target_is_directory=True)
        return cls(settings, scratch, catalogue, dataset)

    @property
    def made(self) -> Path:
        """Where the deliveries lie that have been gone through."""
        return self.scratch.vintages_dir / self.dataset

    def all(self, numbers: int) -> None:
        """Go through the deliveries from 1 to a number.

        Raises:
            NotDerivableError: one cannot be made again.
        """
        self.made.mkdir()
        for number in range(1, numbers + 1):
            self._one(number)

    def _one(self, number: int) -> None:
        old = self.settings.vintages_dir / self.dataset / f"{number:06d}"
        record = _record_in(old)
        if record and _files_are_whole(old, record):
            shutil.copytree(old, self.made / old.name)
            self._reseal(record)
        else:
            self._again(number, old, record)
        refusal = self.made / old.name / REFUSED
        refusal.unlink(missing_ok=True)
        with suppress(NyckeltalError):  # a refusal that is damaged is lost: it is judged again
            read_record(old / REFUSED, Refusal, "a refusal")
            shutil.copyfile(old / REFUSED, refusal)
        done = read_record(self.made / old.name / RECORD, DeliveryRecord, "a record")
        self._last = _fetch_of(self._archive().fetches(self.dataset), done) or self._last

    def _again(self, number: int, old: Path, record: DeliveryRecord | None) -> None:
        """Make one delivery again; its old record is kept when the same came of it."""
        reasons = []
        for fetched in self._candidates(number, old, record):
            try:
                staged = self._judged(fetched, record)
                known_from = record.known_from if record else self._known_from(old, fetched)
                made = Vintages(self.scratch).absorb(staged, known_from)
            except SourceError as error:
                reasons.append(f"fetch {fetched.number}: {error}")
                continue
            if made.number != number:
                reasons.append(f"fetch {fetched.number} brings nothing that was not known")
                continue
            self._compare(old, record, made)
            return
        raise NotDerivableError(
            "a delivery cannot be derived from the archive",
            where=str(old),
            expected="its fetch in the archive, with its bytes",
            found="; ".join(reasons) or "no such fetch",
            remedy="restore archive and vintages from a backup (docs/operations.md); the dataset was left as it is",
        )

    def _compare(self, old: Path, record: DeliveryRecord | None, made: DeliveryRecord) -> None:
        what = f"delivery {made.number} of {self.dataset}, known from {made.known_from.isoformat()}"
        if record is None:
            self.notes.append(f"{what}: derived, and its record is new")
        elif record.contents is None or record.contents == made.contents:
            self._reseal(record.model_copy(update={"contents": made.contents}))
            self.notes.append(f"{what}: derived, the same byte for byte")
        else:
            self.notes.append(f"{what}: derived, with another result than was written ({old} is kept aside)")

    def _judged(self, fetched: Fetch, record: DeliveryRecord | None) -> Staged:
        """Judge a fetch as then: by a person's decision where that was needed.

        Raises:
            SourceError: it does not pass, or its bytes are gone.
        """
        both = frozenset({self.dataset})
        accepted = self.scratch.model_copy(update={"accept_missing": both, "accept_revised": both})
        folder = fresh_folder(self.scratch.staged_dir / self.dataset)
        try:
            staged = judge(self.scratch, self.catalogue, self.dataset, fetched, folder)
        except HeldBackError:  # it was taken in once: then a person had accepted what stopped it now
            staged = judge(accepted, self.catalogue, self.dataset, fetched, fresh_folder(folder))
        return replace(staged, rules_id=record.rules_id, accepted=record.accepted) if record else staged

    def _candidates(self, number: int, old: Path, record: DeliveryRecord | None) -> list[Fetch]:
        """The fetches that a delivery may have come of, the likeliest first."""
        fetches = self._archive().fetches(self.dataset)
        if record:
            found = _fetch_of(fetches, record)
            return [found] if found else []
        after, told = self._last.number if self._last else 0, self._told(number)
        if alike := [fetch for fetch in fetches if told and fetch.content_id == told.content_id]:
            return [fetch for fetch in alike if fetch.number > after] or alike
        named = _column(old / CHANGES_FILE, "source_file_sha256")
        before = self._next_fetch(number, fetches)
        between = [f for f in fetches if f.number >= after and (before is None or f.number <= before)]
        likely = [f for f in between if {file.sha256 for file in f.files} & named]
        return likely or [f for f in between if f.number > after]

    def _next_fetch(self, number: int, fetches: list[Fetch]) -> int | None:
        """The number of the fetch of the next delivery whose record is whole."""
        for folder in Vintages(self.settings).folders(self.dataset):
            later = _record_in(folder) if folder.name > f"{number:06d}" else None
            if later and (found := _fetch_of(fetches, later)):
                return found.number
        return None

    def _told(self, number: int) -> Taken | None:
        """What is told of a delivery beside the fetches."""
        return next((taken for taken in self._archive().taken_in(self.dataset) if taken.number == number), None)

    def _known_from(self, old: Path, fetched: Fetch) -> datetime:
        """The date of a delivery whose record is lost: as it is told beside the fetches; where that is lost, too, by
        its rows, where its fetch bears that out, else by its fetch.

        The day that a source says counts for the first delivery alone: what came later was taken in later.
        """
        if told := self._told(int(old.name)):
            return told.known_from
        last = Vintages(self.scratch).latest(self.dataset)
        at, said = fetched.files[-1].fetched_at.replace(tzinfo=None), origins.known_at(fetched)
        moment = said if said and last is None else at
        for dated in _moments(old / CHANGES_FILE):
            if dated == said or abs(dated - at) <= _NEAR:
                moment = dated
        return max(moment, last.known_from + timedelta(microseconds=1)) if last else moment

    def _reseal(self, record: DeliveryRecord) -> None:
        """Write a record again as it was, following the one that is before it now."""
        before = self.made / f"{record.number - 1:06d}" / RECORD
        target = self.made / f"{record.number:06d}" / RECORD
        write_sealed(target, record.model_dump(mode="json"), before if before.exists() else None)

    def _archive(self) -> Archive:
        return Archive(self.settings.archive_dir)


def _record_in(folder: Path) -> DeliveryRecord | None:
    try:
        record = read_record(folder / RECORD, DeliveryRecord, "a record")
    except DamagedError:
        return None
    return record if (record.dataset, f"{record.number:06d}") == (folder.parent.name, folder.name) else None


def _files_are_whole(folder: Path, record: DeliveryRecord) -> bool:
    if record.contents is None or {path.name for path in parquet_in(folder)} != set(record.contents):
        return False
    try:
        for name, sealed in record.contents.items():
            check_file(folder / name, sealed)
    except DamagedError:
        return False
    return True


def _fetch_of(fetches: list[Fetch], record: DeliveryRecord) -> Fetch | None:
    files = [file.sha256 for file in record.files]
    alike = [fetch for fetch in fetches if [file.sha256 for file in fetch.files] == files]
    return next((fetch for fetch in alike if fetch.content_id == record.content_id), alike[-1] if alike else None)


def _column(path: Path, name: str) -> set[str]:
    """The values of a column of a file that may be damaged; none where it cannot be read."""
    try:
        with duckdb.connect() as con:
            found = con.execute(f"select distinct {name}::varchar from read_parquet(?)", [str(path)])
            return {str(value) for (value,) in found.fetchall()}
    except duckdb.Error:
        return set()


def _moments(path: Path) -> list[datetime]:
    """The one date of the rows of a file that may be damaged; nothing where it has none, or more."""
    told = _column(path, "known_from")
    with suppress(ValueError):  # no date that there is
        return [datetime.fromisoformat(moment) for moment in told] if len(told) == 1 else []
    return []
