"""Takes the facts of a submission into vintages: by the same gate and with the same history as every other delivery.

Belongs here: archiving a submission, passing it through the gate, storing its changes. Does not belong here:
validating its cells (`examining.py`, `judging.py`), or what is printed. A submission is a partial delivery: what it
does not name is unchanged.

Nothing is stored of a submission that the gate rejects. The archive receives the facts with small numbers suppressed,
not the submitted file; `sources/submissions` says why.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from indicators.load.catalogue import Catalogue
from indicators.model.submission_template import DATASET
from pipelines.datasets import publisher_of
from pipelines.disclosure.facts import Fact
from pipelines.quality.disclosure_check import check_of
from pipelines.quality.stage import HeldBackError, judge
from pipelines.settings import Settings
from pipelines.storage.archive import Archive, Fetch, FileRecord, Promise, SeriesPromise
from pipelines.storage.clock import refuse_implausible
from pipelines.storage.database import connect
from pipelines.storage.lock import exclusive
from pipelines.storage.taken_in import remember
from pipelines.storage.verification import check_state
from pipelines.storage.vintages import DeliveryRecord, Vintages
from pipelines.submissions.facts import as_csv

_AREAS = "kolada.municipality"


@dataclass(frozen=True)
class Taken:
    """The result: `record` is None when everything was known already and nothing was written."""

    record: DeliveryRecord | None

    @property
    def counts(self) -> dict[str, int]:
        """Rows by kind of change."""
        return self.record.counts if self.record else {}


def municipalities(settings: Settings) -> dict[str, str]:
    """Names of the municipalities by code, as of the last refresh; empty before the first."""
    known = Vintages(settings).known_sql(_AREAS)
    with connect(settings) as con:
        rows = con.execute(
            f"select area_id, name from ({known}) where change <> 'withdrawn' and area_type = 'K' order by area_id"
        ).fetchall()
    return {str(area): str(name) for area, name in rows}


def known_values(
    settings: Settings, dataset: str, series: Iterable[str], areas: Iterable[str]
) -> dict[tuple[str, str, int, str], float]:
    """The newest known values of some series and areas, by series, area, year and sex."""
    if not Vintages(settings).latest(dataset):
        return {}
    known = Vintages(settings).known_sql(dataset)
    with connect(settings) as con:
        rows = con.execute(
            f"select series_id, area_id, year, sex, value from ({known}) where value is not null "
            "and change <> 'withdrawn' and list_contains($1, series_id) and list_contains($2, area_id)",
            [sorted(series), sorted(areas)],
        ).fetchall()
    return {(str(s), str(a), int(y), str(x)): float(value) for s, a, y, x, value in rows}


def take_in(settings: Settings, catalogue: Catalogue, template_id: str, facts: Sequence[Fact], now: datetime) -> Taken:
    """Archive facts, validate them by the gate, and store what they change.

    Args:
        facts: with small numbers suppressed. now: UTC without zone; they are known from then on.

    Raises:
        HeldBackError: the gate rejected them. LockHeldError: a refresh is running. ImplausibleClockError: this
        machine's clock cannot be right. DamagedError: archive or vintages are not as they were written. Whatever is
        raised, nothing is stored.
    """
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        check_state(settings)
        refuse_implausible(settings, now)
        known = known_facts(settings)
        if set(facts) <= set(known):
            return Taken(None)
        _refuse_exposed(catalogue, known, facts)
        archive, body = Archive(settings.archive_dir), as_csv(facts)
        was_held = archive.holds(hashlib.sha256(body).hexdigest())
        last = archive.latest(DATASET)
        fetched = _archived(archive, template_id, body, facts, now)
        settings.staged_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", suffix=".tmp", dir=settings.staged_dir) as folder:
            try:
                staged = judge(settings, catalogue, DATASET, fetched, Path(folder))
                recorded = archive.record(DATASET, fetched.files, fetched.promise, fetched.way)
                record = Vintages(settings).absorb(replace(staged, fetched=recorded), now)
            except BaseException:
                archive.take_back(DATASET, last)
                if not was_held:
                    archive.object_path(fetched.files[0].sha256).unlink()
                raise
        remember(settings)
        return Taken(record)


def known_facts(settings: Settings) -> list[Fact]:
    """Every fact of submissions as it is known now."""
    with connect(settings) as con:
        known = con.execute(
            "select series_id, area_id, year, sex, value, status "
            f"from ({Vintages(settings).known_sql(DATASET)}) where change <> 'withdrawn'"
        ).fetchall()
    return [Fact(*row) for row in known]


def facts_ever_known(settings: Settings) -> list[Fact]:
    """Every fact of submissions that was ever known, the oldest first."""
    with connect(settings) as con:
        known = con.execute(
            "select series_id, area_id, year, sex, value, case when change <> 'withdrawn' then status end "
            f"from ({Vintages(settings).history_sql(DATASET)}) order by known_from, series_id, area_id, year, sex"
        ).fetchall()
    return [Fact(*row) for row in known]


def _refuse_exposed(catalogue: Catalogue, known: Sequence[Fact], facts: Sequence[Fact]) -> None:
    """Run the disclosure audit on what readers would see, with all that was known of the same places and years.

    Raises:
        HeldBackError: a small number of persons could be inferred.
    """
    given = {(f.series_id, f.area_id, f.year, f.sex) for f in facts}
    places = {(f.area_id, f.year) for f in facts}
    before = [
        f for f in known if (f.area_id, f.year) in places and (f.series_id, f.area_id, f.year, f.sex) not in given
    ]
    check = check_of(catalogue.templates, [*before, *facts])
    if not check.passed:
        raise HeldBackError(DATASET, (check,))


def _archived(archive: Archive, template_id: str, body: bytes, facts: Sequence[Fact], now: datetime) -> Fetch:
    """The fetch, with its bytes archived, before its record is written."""
    publisher = publisher_of(DATASET)
    file = FileRecord(
        sha256=archive.store_bytes(body),
        source_id=publisher.publisher,
        dataset=DATASET,
        url=f"submission:{template_id}",  # the file's own name may identify its author
        fetched_at=now,
        published_at=None,
        bytes=len(body),
        licence=publisher.licence,
        attribution=publisher.attribution,
    )
    last = archive.latest(DATASET)
    number = last.number + 1 if last else 1
    return Fetch(dataset=DATASET, number=number, files=(file,), promise=_promise(facts), way="submission")


def _promise(facts: Sequence[Fact]) -> Promise:
    """Everything that was submitted has to pass; it is a partial delivery, so nothing else is withdrawn."""
    rows, areas = Counter(f.series_id for f in facts), defaultdict(set)
    for fact in facts:
        areas[fact.series_id].add(fact.area_id)
    series = {name: SeriesPromise(rows=n, areas=len(areas[name])) for name, n in sorted(rows.items())}
    return Promise(rows=len(facts), series=series, complete=False)
