"""Dates the newest deliveries of a dataset anew, when a clock that was ahead dated them.

Belongs here: the one way in which a date of knowledge is changed afterwards. Does not belong here: refusing a wrong
clock beforehand (`storage/clock.py`). What was known is not changed; the old records and files are kept as evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.storage.archive import Archive, Fetch, FileRecord, Look
from pipelines.storage.database import connect, literal
from pipelines.storage.layout import parquet_in
from pipelines.storage.lock import exclusive
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


def redate(settings: Settings, dataset: str, to: datetime, reason: str, now: datetime) -> list[DeliveryRecord]:
    """Date every delivery of a dataset that is known from later than `to` by `to` (each a second after the other).

    Fetches that are dated later get the same date. The folders as they were are kept in `damaged/`.

    Args:
        to, now: UTC without zone. reason: who did it and why, for those who read the records.

    Returns:
        The deliveries with their new dates.

    Raises:
        UsageError: the date is in the future or not after what was known before, or nothing is dated later.
        DamagedError: archive or vintages are damaged; that has to be mended first.
    """
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        check_state(settings)
        vintages, archive = Vintages(settings), Archive(settings.archive_dir)
        records = [read_record(folder / RECORD, DeliveryRecord, "a record") for folder in vintages.folders(dataset)]
        wrong = [record for record in records if record.known_from > to]
        fetches = [fetch for fetch in archive.fetches(dataset) if _is_later(fetch, to)]
        looked = archive.looked_at(dataset)
        of_archive = bool(fetches) or (looked is not None and looked > to)
        _refuse(dataset, records[: len(records) - len(wrong)], to, now, anything=bool(wrong) or of_archive)
        done = _redate_deliveries(settings, wrong, to, reason, now) if wrong else []
        if of_archive:
            _redate_fetches(settings, archive, dataset, to, now)
        remember(settings, redated=dataset)
        told = {str(one.number): old.known_from.isoformat() for one, old in zip(done, wrong, strict=True)}
        log(settings, kind="redate", at=now.isoformat(), dataset=dataset, to=to.isoformat(), deliveries=told,
            fetches=[fetch.number for fetch in fetches], reason=reason)  # fmt: skip
        return done


def _refuse(dataset: str, right: list[DeliveryRecord], to: datetime, now: datetime, *, anything: bool) -> None:
    if not anything:
        raise UsageError("nothing is dated later than that", where=dataset, found=to.isoformat())
    earliest = right[-1].known_from if right else None
    if to > now or (earliest and to <= earliest):
        raise UsageError(
            "knowledge can be dated neither in the future nor before what was known already",
            where=dataset,
            expected=f"after {earliest or 'any day'} and not after {now.isoformat(timespec='seconds')}",
            found=to.isoformat(),
        )


def _redate_deliveries(
    settings: Settings, wrong: list[DeliveryRecord], to: datetime, reason: str, now: datetime
) -> list[DeliveryRecord]:
    home, done = settings.vintages_dir / wrong[0].dataset, []
    with replacing(settings, home, now) as fresh, connect(settings) as con:
        for later, record in enumerate(wrong):
            folder, known_from = fresh / f"{record.number:06d}", to + timedelta(seconds=later)
            changes = folder / CHANGES_FILE
            if changes.exists():
                dated = folder / f".{CHANGES_FILE}.tmp"
                con.execute(
                    f"copy (select * replace (timestamp '{known_from.isoformat(sep=' ')}' as known_from) "
                    f"from read_parquet({literal(str(changes))})) to {literal(str(dated))} "
                    "(format parquet, compression zstd)"
                )
                dated.replace(changes)
            redated = record.model_copy(
                update={
                    "known_from": known_from,
                    "files": tuple(_dated(file, to) for file in record.files),
                    "contents": {path.name: file_seal(path) for path in parquet_in(folder)},
                }
            )
            before = fresh / f"{record.number - 1:06d}" / RECORD
            write_sealed(folder / RECORD, redated.model_dump(mode="json"), before if before.exists() else None)
            told = Redated(known_from_before=record.known_from, known_from=known_from, redated_at=now, reason=reason)
            write_sealed(folder / REDATED, told.model_dump(mode="json"), None)
            done.append(redated)
    return done


def _redate_fetches(settings: Settings, archive: Archive, dataset: str, to: datetime, now: datetime) -> None:
    looked = archive.looked_at(dataset)
    with replacing(settings, archive.home / "fetches" / dataset, now) as fresh:
        before: Path | None = None
        for fetch in archive.fetches(dataset):
            path = fresh / f"{fetch.number:06d}.json"
            dated = fetch.model_copy(update={"files": tuple(_dated(file, to) for file in fetch.files)})
            write_sealed(path, dated.model_dump(mode="json"), before)
            before = path
        if looked and looked > to:
            write_sealed(fresh / "looked.json", Look(moment=to).model_dump(mode="json"), None)
        (fresh / "pending.jsonl").unlink(missing_ok=True)  # pages of the wrong time are asked for again


def _is_later(fetch: Fetch, to: datetime) -> bool:
    return any(file.fetched_at.replace(tzinfo=None) > to for file in fetch.files)


def _dated(file: FileRecord, to: datetime) -> FileRecord:
    is_later = file.fetched_at.replace(tzinfo=None) > to
    return file.model_copy(update={"fetched_at": to.replace(tzinfo=file.fetched_at.tzinfo)}) if is_later else file
