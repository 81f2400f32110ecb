"""Dates deliveries of a dataset anew, when a clock that was ahead dated them.

Belongs here: the one way in which a date of knowledge is changed afterwards. Does not belong here: refusing a wrong
clock beforehand (`storage/clock.py`). What was known is not changed; the old records and files are kept as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.storage.archive import Archive, Fetch, FileRecord, Look, Scope
from pipelines.storage.database import connect, literal
from pipelines.storage.layout import parquet_in
from pipelines.storage.lock import exclusive, needs_data_folder
from pipelines.storage.sealing import file_seal, write_sealed
from pipelines.storage.set_aside import log, replacing
from pipelines.storage.state_records import StateRecord, read_record
from pipelines.storage.taken_in import remember
from pipelines.storage.verification import check_state
from pipelines.storage.vintages import CHANGES_FILE, RECORD, DeliveryRecord, Vintages

REDATED = "redated.json"


class Redated(StateRecord):
    """A date of knowledge that was changed: from and to, when (all UTC without zone), and a person's reason."""

    known_from_before: datetime
    known_from: datetime
    redated_at: datetime
    reason: str


@dataclass(frozen=True)
class Move:
    """A delivery that gets another date: its record as it is, the date (UTC without zone), and why."""

    record: DeliveryRecord
    known_from: datetime
    why: str


@dataclass(frozen=True)
class Redating:
    """What a redating does: the deliveries that it moves, those after them that keep their dates, and fetches."""

    moves: tuple[Move, ...]
    stay: tuple[int, ...]
    fetches: tuple[int, ...]


def redate(
    settings: Settings, dataset: str, to: datetime, reason: str, now: datetime, *, dry_run: bool = False
) -> Redating:
    """Date the first delivery of a dataset that is known from later than `to` by `to`, and those after it as must be.

    Of those after it, only what is known from later than now gets another date, too, a second after the delivery before
    it. All others keep theirs, so the order stays. The fetches of what is moved, and those of the future, are dated
    alike. The folders as they were are kept in `damaged/`.

    Args:
        to, now: UTC without zone. reason: who did it and why, for those who read the records. dry_run: write nothing.

    Raises:
        UsageError: there is no reason, the date is in the future or not after what was known before, or nothing has to
        be moved. DamagedError: archive or vintages are damaged; that has to be mended first.
    """
    if not reason.strip():
        expected, remedy = "who does it, and why", "say it with --reason; it is kept with the records"
        raise UsageError("a date is changed for a reason", where=dataset, expected=expected, remedy=remedy)
    needs_data_folder(settings.data_dir)
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        check_state(settings)
        vintages, archive = Vintages(settings), Archive(settings.archive_dir)
        records = [read_record(folder / RECORD, DeliveryRecord, "a record") for folder in vintages.folders(dataset)]
        _refuse_moment(dataset, records, to, now)
        moves = _moves(records, to, now)
        dates = _dates_of_fetches(archive.fetches(dataset), moves, to, now)
        looked = archive.looked_at(dataset)
        is_looked_ahead = looked is not None and looked > now
        if not (moves or dates or is_looked_ahead):
            found = f"{to.isoformat()} UTC"
            raise UsageError("nothing is dated later than that", where=dataset, expected="an earlier one", found=found)
        moved = {move.record.number for move in moves}
        stay = tuple(r.number for r in records if moved and r.number > min(moved) and r.number not in moved)
        planned = Redating(tuple(moves), stay, tuple(dates))
        if not dry_run:
            if moves:
                _redate_deliveries(settings, records, moves, reason, now)
            if dates or is_looked_ahead:
                _redate_fetches(settings, archive, dataset, dates, Look(moment=to) if is_looked_ahead else None, now)
            remember(settings)
            told = {str(m.record.number): [m.record.known_from.isoformat(), m.known_from.isoformat()] for m in moves}
            log(settings, kind="redate", at=now.isoformat(), dataset=dataset, to=to.isoformat(), deliveries=told,
                fetches=[*dates], reason=reason)  # fmt: skip
        return planned


def _refuse_moment(dataset: str, records: list[DeliveryRecord], to: datetime, now: datetime) -> None:
    before = [record for record in records if record.known_from <= to]
    if to > now or (before and to == before[-1].known_from):
        earliest = f"after {before[-1].known_from.isoformat()}" if before else "any day"
        raise UsageError(
            "knowledge can be dated neither in the future nor before what was known already",
            where=dataset,
            expected=f"{earliest} and not after {now.isoformat(timespec='seconds')} UTC",
            found=f"{to.isoformat()} UTC",
        )


def _moves(records: list[DeliveryRecord], to: datetime, now: datetime) -> list[Move]:
    """The deliveries that get another date, so that all stay in a strict order and none is of the future."""
    moves: list[Move] = []
    before: DeliveryRecord | Move | None = None
    for record in (record for record in records if record.known_from > to):
        if before is None:
            before = Move(record, to, "it is the first that is dated later than that")
        elif record.known_from > now:
            why = "it is dated in the future, and a second after the delivery before it"
            before = Move(record, before.known_from + timedelta(seconds=1), why)
        else:
            before = record
        if isinstance(before, Move):
            moves.append(before)
    return moves


def _dates_of_fetches(fetches: list[Fetch], moves: list[Move], to: datetime, now: datetime) -> dict[int, datetime]:
    """The new dates of fetches, by their numbers: of what is moved, and of what is dated in the future."""
    moved, found = {move.record.files: move.known_from for move in moves}, {}
    for fetch in fetches:
        newest = max(file.fetched_at.replace(tzinfo=None) for file in fetch.files)
        date = moved.get(fetch.files, to if newest > now else newest)
        if date < newest:
            found[fetch.number] = date
    return found


def _redate_deliveries(
    settings: Settings, records: list[DeliveryRecord], moves: list[Move], reason: str, now: datetime
) -> None:
    """Write what is moved with its dates; all after it is sealed anew, since each record names the seal before it."""
    home, of = settings.vintages_dir / records[0].dataset, {move.record.number: move for move in moves}
    with replacing(settings, home, now) as fresh, connect(settings) as con:
        for record in records[moves[0].record.number - 1 :]:
            folder, written = fresh / f"{record.number:06d}", record
            if move := of.get(record.number):
                _redate_rows(con, folder / CHANGES_FILE, move.known_from)
                written = record.model_copy(
                    update={
                        "known_from": move.known_from,
                        "files": tuple(_dated(file, move.known_from) for file in record.files),
                        "contents": {path.name: file_seal(path) for path in parquet_in(folder)},
                    }
                )
                told = Redated(
                    known_from_before=record.known_from, known_from=move.known_from, redated_at=now, reason=reason
                )
                write_sealed(folder / REDATED, told.model_dump(mode="json"), None)
            before = fresh / f"{record.number - 1:06d}" / RECORD
            write_sealed(folder / RECORD, written.model_dump(mode="json"), before if before.exists() else None)


def _redate_rows(con: duckdb.DuckDBPyConnection, changes: Path, known_from: datetime) -> None:
    if changes.exists():
        dated = changes.with_name(f".{CHANGES_FILE}.tmp")
        con.execute(
            f"copy (select * replace (timestamp '{known_from.isoformat(sep=' ')}' as known_from) "
            f"from read_parquet({literal(str(changes))})) to {literal(str(dated))} "
            "(format parquet, compression zstd)"
        )
        dated.replace(changes)


def _redate_fetches(
    settings: Settings, archive: Archive, dataset: str, dates: dict[int, datetime], look: Look | None, now: datetime
) -> None:
    with replacing(settings, archive.home / "fetches" / dataset, now) as fresh:
        before: Path | None = None
        for fetch in archive.fetches(dataset):
            path, date = fresh / f"{fetch.number:06d}.json", dates.get(fetch.number)
            files = tuple(_dated(file, date) for file in fetch.files) if date else fetch.files
            write_sealed(path, fetch.model_copy(update={"files": files}).model_dump(mode="json"), before)
            before = path
        if look:
            write_sealed(fresh / "looked.json", look.model_dump(mode="json"), None)
        if scope := archive.asked_for(dataset):
            write_sealed(fresh / "scope.json", Scope(scope=scope).model_dump(mode="json"), None)
        (fresh / "pending.jsonl").unlink(missing_ok=True)  # pages of the wrong time are asked for again


def _dated(file: FileRecord, to: datetime) -> FileRecord:
    is_later = file.fetched_at.replace(tzinfo=None) > to
    return file.model_copy(update={"fetched_at": to.replace(tzinfo=file.fetched_at.tzinfo)}) if is_later else file
