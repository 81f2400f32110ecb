"""What we knew, and when: append-only bitemporal Parquet, one folder for each delivery that was taken in.

Belongs here: what changed since what we knew (`CHANGES`), and reading it back. Does not belong here: whether rows are
believed (`quality`). A folder `<dataset>/<number>/` holds `delivery.json`, `changes.parquet` (only when something
changed) and `quarantine.parquet` (only when rows were held back), and comes to be by one rename, so a crash leaves no
half and a second try writes nothing twice. `delivery.json` is sealed and names the hashes of the other two; nothing is
read that does not agree with it.

A number that differs from the known one by noise only (`vintage_sql.py`) is the known one, and is kept as it was. A
delivery that made a release impossible is refused afterwards: `refused.json` beside it says why, and it is then no part
of what is known. Nothing is removed.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict

from pipelines.datasets import SQL_TYPES, datasets
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.archive import Fetch, FileRecord
from pipelines.storage.database import columns, connect, identifier, literal
from pipelines.storage.files import folder_atomic
from pipelines.storage.layout import check_places, numbered, parquet_in, stray
from pipelines.storage.sealing import (
    FileSeal,
    check_chain,
    check_file,
    damaged,
    file_seal,
    hash_of,
    is_sealed,
    write_sealed,
)
from pipelines.storage.state_records import StateRecord, read_record
from pipelines.storage.vintage_sql import changes, held_keys, newest

RECORD, CHANGES_FILE, _QUARANTINE = "delivery.json", "changes.parquet", "quarantine.parquet"
CHANGES = ("new", "revised", "status_changed", "withdrawn", "restored")
REFUSED = "refused.json"
_BOOKKEEPING = {"known_from": "timestamp", "change": "varchar", "source_file_sha256": "varchar"}


class CheckResult(BaseModel):
    """One check of a run, as it stands in `quality_result`. Level: block, hold_back or warn."""

    model_config = ConfigDict(frozen=True)

    check_id: str
    level: str
    subject: str
    passed: bool
    expected: str
    found: str
    sample: str = ""


class ImpossibleReleaseError(NyckeltalError):
    """Nothing can be released from what is known: `checks` are those that failed.

    `doubted` are deliveries, by dataset, that were taken out since one of them may be the cause.
    """

    def __init__(self, what: str, *, checks: tuple[CheckResult, ...], **told: str) -> None:
        super().__init__(what, **told)
        self.checks = checks
        self.doubted: dict[str, list[DeliveryRecord]] = {}


class DeliveryRecord(StateRecord):
    """A delivery that was taken in.

    `known_from` is UTC without zone; `counts` are rows by kind of change. `accepted`: a person took the values that it
    lost as lost, so later losses are counted from here.
    """

    dataset: str
    number: int
    content_id: str
    known_from: datetime
    rows: int
    held_back: int
    counts: dict[str, int]
    rules_id: str
    files: tuple[FileRecord, ...]
    checks: tuple[CheckResult, ...]
    accepted: bool = False
    contents: dict[str, FileSeal] | None = None  # the files beside the record; None in those from before seals

    @property
    def tells_something(self) -> bool:
        """Whether anything that readers see came of it; a delta may only repeat what is known."""
        return self.number == 1 or bool(self.counts) or bool(self.held_back)


@dataclass(frozen=True)
class Staged:
    """A parsed delivery that passed the gate: its rows, and the rows held back (None when there are none)."""

    dataset: str
    fetched: Fetch
    rows_path: Path
    quarantine_path: Path | None
    rows: int
    held_back: int
    checks: tuple[CheckResult, ...]
    rules_id: str
    accepted: bool = False


class Refusal(StateRecord):
    """Why a delivery that was taken in is no part of what is known: it made the release impossible.

    `code` identifies the code and declarations that it failed by; with others it is judged again. `is_proven`: without
    it, a release was possible; else it was taken out only because nothing else was known to be the cause. Times are UTC
    without zone.
    """

    refused_at: datetime
    code: str
    content_id: str
    is_proven: bool
    checks: tuple[CheckResult, ...]


class Vintages:
    """The vintages below one folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.vintages_dir

    def deliveries(self, dataset: str) -> list[DeliveryRecord]:
        """Every delivery taken in, oldest first.

        Raises:
            DamagedError: a record is not what was written, here and in all that reads.
        """
        self._in_order(dataset)  # the refused ones are links of it
        return [_record_in(folder, dataset) for folder in self._folders(dataset)]

    def latest(self, dataset: str, up_to: int | None = None) -> DeliveryRecord | None:
        """The newest delivery taken in (up to the one with a number), or None when there was none."""
        folders = [p for p in self._folders(dataset) if up_to is None or p.name <= f"{up_to:06d}"]
        return _record_in(folders[-1], dataset) if folders else None

    def absorb(self, staged: Staged, known_from: datetime) -> DeliveryRecord:
        """Write down what a delivery changes. Nothing is written for rows that did not change.

        Rows of the promised series (of the whole dataset when no series are promised) that a complete delivery lacks
        are withdrawn, unless they were held back. Taking in what the last delivery brought changes nothing.

        Raises:
            NyckeltalError: `known_from` is not later than what is known already.
        """
        self._seal_older(staged.dataset)
        last = self.latest(staged.dataset)
        if last and (last.content_id, last.rules_id) == (staged.fetched.content_id, staged.rules_id):
            return last
        if last:
            _refuse_earlier(last, known_from)
        number = 1 + self.newest_number(staged.dataset)
        with folder_atomic(self.home / staged.dataset / f"{number:06d}") as folder:
            with connect(self.settings) as con:
                counts = self._write_changes(con, staged, known_from, folder / CHANGES_FILE, first=last is None)
            if not counts:
                (folder / CHANGES_FILE).unlink()
            if staged.quarantine_path:
                shutil.copyfile(staged.quarantine_path, folder / _QUARANTINE)
            record = DeliveryRecord(
                dataset=staged.dataset,
                number=number,
                content_id=staged.fetched.content_id,
                known_from=known_from,
                rows=staged.rows,
                held_back=staged.held_back,
                counts=counts,
                rules_id=staged.rules_id,
                files=staged.fetched.files,
                checks=staged.checks,
                accepted=staged.accepted,
                contents={path.name: file_seal(path) for path in parquet_in(folder)},
            )
            earlier = self.folders(staged.dataset)
            write_sealed(folder / RECORD, record.model_dump(mode="json"), earlier[-1] / RECORD if earlier else None)
        return record

    def check(self) -> None:
        """Hold every record and every file against what was written.

        Raises:
            DamagedError: one of them is gone or damaged.
        """
        for dataset in datasets():
            self._sound_folders(dataset)

    def check_dataset(self, dataset: str) -> None:
        """The same of one dataset."""
        self._sound_folders(dataset)

    def seal_older(self) -> None:
        """Seal the records from before there were seals, as they are now; from then on damage to them is seen."""
        for dataset in datasets():
            self._seal_older(dataset)

    def history_sql(self, dataset: str) -> str:
        """A query of every change ever written: the declared columns, known_from, change, source_file_sha256."""
        declared = datasets()[dataset]
        files = [p for folder in self._sound_folders(dataset) if (p := folder / CHANGES_FILE).exists()]
        if not files:
            typed = {c: SQL_TYPES[d.type] for c, d in declared.columns.items()} | _BOOKKEEPING
            nothing = ", ".join(f"cast(null as {t}) as {identifier(c)}" for c, t in typed.items())
            return f"select {nothing} where false"
        names = ", ".join(literal(str(f)) for f in files)
        return f"select {columns([*declared.columns, *_BOOKKEEPING])} from read_parquet([{names}])"

    def known_sql(self, dataset: str) -> str:
        """A query of the newest knowledge: one row a key, withdrawn ones included."""
        declared = datasets()[dataset]
        history = self.history_sql(dataset)
        if len([p for p in self._folders(dataset) if (p / CHANGES_FILE).exists()]) <= 1:
            return history
        return newest(history, declared)

    def known_at_sql(self, dataset: str, record: DeliveryRecord) -> str:
        """A query of what was known when this delivery had been taken in: one row a key, withdrawn ones included."""
        until = f"select * from ({self.history_sql(dataset)}) where known_from <= timestamp '{record.known_from}'"
        return newest(until, datasets()[dataset])

    def refuse(self, record: DeliveryRecord, refusal: Refusal) -> None:
        """Take a delivery out of what is known, with the reason; its files stay."""
        write_sealed(self._folder(record) / REFUSED, refusal.model_dump(mode="json"), None)

    def take_back_refusal(self, record: DeliveryRecord) -> None:
        """Let a delivery be known again: it was not what made the release impossible."""
        (self._folder(record) / REFUSED).unlink(missing_ok=True)

    def refusals(self, dataset: str) -> list[Refusal]:
        """The refusals of this dataset's deliveries, oldest first."""
        paths = [p / REFUSED for p in self.folders(dataset)]
        return [_refusal_in(p) for p in paths if p.exists()]

    def quarantine_files(self) -> Iterator[tuple[DeliveryRecord, Path]]:
        """The newest delivery of each dataset that holds rows back, with the file of those rows."""
        for dataset in datasets():
            for folder in self._sound_folders(dataset)[-1:]:
                if (folder / _QUARANTINE).exists():
                    yield _record_in(folder, dataset), folder / _QUARANTINE

    def state_id(self) -> list[str]:
        """What identifies the whole state: of each telling delivery its dataset, number, content and date of knowledge,
        and the hashes of its files, so that no two different states are taken for one.
        """
        return list(self.state())

    def state(self) -> dict[str, DeliveryRecord]:
        """Each telling delivery by what identifies it."""
        return {line: record for dataset in datasets() for line, record in self._state_of(dataset).items()}

    def changes_path(self, record: DeliveryRecord) -> Path | None:
        """The file of what a delivery changed; None where it changed nothing."""
        path = self._folder(record) / CHANGES_FILE
        return path if path.exists() else None

    def version(self, dataset: str) -> str:
        """What identifies the state of one dataset, as a hash."""
        return hashlib.sha256("\n".join(self._state_of(dataset)).encode()).hexdigest()

    def _state_of(self, dataset: str) -> dict[str, DeliveryRecord]:
        return {
            f"{record.dataset} {record.number} {record.content_id} {record.known_from.isoformat()} "
            f"{self._hashes(record)}": record
            for record in self.deliveries(dataset)
            if record.tells_something
        }

    def _hashes(self, record: DeliveryRecord) -> str:
        """The hashes of a delivery's files: as its record says, or as they are where it is from before seals."""
        if record.contents is not None:
            return " ".join(f"{name} {sealed.sha256}" for name, sealed in sorted(record.contents.items()))
        return " ".join(f"{path.name} {hash_of(path)}" for path in parquet_in(self._folder(record)))

    def newest_numbers(self) -> dict[str, int]:
        """The number of the newest delivery that is part of what is known, by dataset."""
        return {dataset: record.number for dataset in datasets() if (record := self.latest(dataset))}

    def newest_number(self, dataset: str) -> int:
        """The number of the newest delivery, whether or not it is part of what is known; 0 where there is none."""
        return max((int(folder.name) for folder in self.folders(dataset)), default=0)

    def knowledge_until(self, up_to: Mapping[str, int] | None = None) -> datetime | None:
        """The newest date of knowledge over all datasets, or of the deliveries up to these numbers."""
        numbers: Mapping[str, int | None] = dict.fromkeys(datasets()) if up_to is None else up_to
        newest = [record.known_from for name, number in numbers.items() if (record := self.latest(name, number))]
        return max(newest, default=None)

    def _folder(self, record: DeliveryRecord) -> Path:
        return self.home / record.dataset / f"{record.number:06d}"

    def _folders(self, dataset: str) -> list[Path]:
        """The folders of deliveries that are part of what is known, oldest first."""
        return [p for p in self.folders(dataset) if not (p / REFUSED).exists()]

    def folders(self, dataset: str) -> list[Path]:
        """The folder of every delivery, oldest first, whether or not it is part of what is known."""
        return numbered(self.home / dataset)

    def _in_order(self, dataset: str) -> list[Path]:
        """The same, once their records are seen to be whole and each in its place."""
        folders = self.folders(dataset)
        check_places(folders, RECORD)
        check_chain([folder / RECORD for folder in folders])
        return folders

    def _sound_folders(self, dataset: str) -> list[Path]:
        """The folders of a dataset, once their records and files are seen to be what was written."""
        folders = self._in_order(dataset)
        for place, folder in enumerate(folders, start=1):
            record = _record_in(folder, dataset)
            if record.number != place:
                raise damaged("a delivery is missing", folder, f"delivery {place}", f"delivery {record.number}")
            for name, sealed in (record.contents or {}).items():
                check_file(folder / name, sealed)
            if (folder / REFUSED).exists():
                _refusal_in(folder / REFUSED)
            for path in parquet_in(folder):
                if record.contents is not None and path.name not in record.contents:
                    raise stray(path)
        return self._folders(dataset)

    def _seal_older(self, dataset: str) -> None:
        folders = self.folders(dataset)
        self.deliveries(dataset)
        for before, folder in zip([None, *folders], folders, strict=False):
            if not is_sealed(folder / RECORD):
                found = {path.name: file_seal(path) for path in parquet_in(folder)}
                record = _record_in(folder, dataset).model_copy(update={"contents": found})
                write_sealed(folder / RECORD, record.model_dump(mode="json"), before / RECORD if before else None)

    def _write_changes(
        self, con: duckdb.DuckDBPyConnection, staged: Staged, known_from: datetime, target: Path, *, first: bool
    ) -> dict[str, int]:
        declared = datasets()[staged.dataset]
        last_sha = literal(staged.fetched.files[-1].sha256)  # what a row that did not come is known by
        hashes = ", ".join(literal(sha) for sha in dict.fromkeys(f.sha256 for f in staged.fetched.files))
        con.execute(f"create type source_file as enum ({hashes})")  # small enough to sort by the million
        con.execute(f"create view staged as select * from read_parquet({literal(str(staged.rows_path))})")
        if first:
            query = f"select {columns(tuple(declared.columns))}, 'new' as change, source_file_sha256 from staged"
        else:
            con.execute(f"create view known as {self.known_sql(staged.dataset)}")
            con.execute(f"create table held as {held_keys(staged.quarantine_path, declared)}")
            con.execute(
                "create table scope as select unnest(?::varchar[]) as series_id", [list(staged.fetched.promise.series)]
            )
            query = changes(declared, staged.fetched, last_sha)
        stamp = f"timestamp '{known_from.isoformat(sep=' ')}' as known_from"
        con.execute(
            f"copy (select {columns(tuple(declared.columns))}, {stamp}, change, "
            "source_file_sha256::source_file as source_file_sha256 "
            f"from ({query}) order by {columns(declared.key)}) to {literal(str(target))} "
            "(format parquet, compression zstd)"
        )
        found = con.execute(
            f"select change, count(*) from read_parquet({literal(str(target))}) group by change order by change"
        ).fetchall()
        return {str(change): int(n) for change, n in found}


def _refuse_earlier(last: DeliveryRecord, known_from: datetime) -> None:
    if known_from <= last.known_from:
        raise NyckeltalError(
            "knowledge cannot be dated before what is known already",
            where=last.dataset,
            expected=f"later than {last.known_from.isoformat()}",
            found=known_from.isoformat(),
            remedy="look at this machine's clock; with --as-of, give a later day",
        )


def _record_in(folder: Path, dataset: str) -> DeliveryRecord:
    path = folder / RECORD
    record = read_record(path, DeliveryRecord, "a delivery's record")
    if record.dataset != dataset:
        raise damaged("a record is another dataset's", path, dataset, record.dataset)
    return record


def _refusal_in(path: Path) -> Refusal:
    return read_record(path, Refusal, "a refusal")
