"""One run of the way, from fetch to release: what is shared between its steps, and what is told of it.

Belongs here: the order of a run's bookkeeping, its steps with their times, and the line in the log. Does not belong
here: what a step does. Dagster's assets are shells over these methods, so the command, the nightly schedule and the
tests run the same code.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from indicators.load.catalogue import Catalogue, load_catalogue
from pipelines.datasets import datasets, in_order
from pipelines.errors import NyckeltalError, SourceError, UsageError
from pipelines.faults import holding_back, trace_of
from pipelines.processes.helper import ProcessEndedError, Worker
from pipelines.quality.controls import warehouse_checks
from pipelines.quality.disclosure_check import disclosure_check
from pipelines.quality.stage import HeldBackError, fields_known, rules_id, stage, unreadable
from pipelines.release import publication, refused_deliveries
from pipelines.release.package_and_pages import write_parts
from pipelines.release.publication import Plan
from pipelines.settings import Settings
from pipelines.sources import origins, snapshot
from pipelines.sources.fetch_context import Context
from pipelines.storage import release_pointer
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.database import literal
from pipelines.storage.files import append_line, remove_leftovers
from pipelines.storage.lock import exclusive
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.storage.sealing import DamagedError
from pipelines.storage.vintages import CheckResult, DeliveryRecord, ImpossibleReleaseError, Staged, Vintages
from pipelines.warehouse import dbt_run, inputs


def utc_now() -> datetime:
    """Now, in UTC without zone: how every time in this project is kept."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass
class Run:
    """The state of one run. `only` limits fetching to publishers or datasets; `as_of` dates the knowledge."""

    settings: Settings
    kind: str = "refresh"
    only: frozenset[str] = frozenset()
    as_of: datetime | None = None
    on_step: Callable[[str], None] = lambda _: None
    catalogue: Catalogue = field(init=False)
    started: datetime = field(default_factory=utc_now)
    fetched: dict[str, Fetch | None] = field(default_factory=dict)
    staged: dict[str, Staged] = field(default_factory=dict)
    taken_in: dict[str, DeliveryRecord] = field(default_factory=dict)
    held: dict[str, SourceError] = field(default_factory=dict)
    doubted: refused_deliveries.Unreleased = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    planned: Plan | None = None
    publication: dbt_run.Build | None = None
    release: ReleaseInfo | None = None
    nothing_new: bool = False
    error: BaseException | None = None
    worker: Worker = field(default_factory=Worker)
    _stack: ExitStack = field(default_factory=ExitStack)
    _context: Context | None = None
    _is_open: bool = False

    def open(self) -> Run:
        """Take the lock and clear what a killed run left.

        Opened once, it stays open until it is closed.

        Raises:
            LockHeldError: another run is at work. DeclarationError: a declaration is wrong. DamagedError: archive or
            vintages are not as they were written.
        """
        if not self._is_open:
            self._is_open = True
            try:
                self._begin()
            except BaseException as error:
                self.error = self.error or error  # the log tells why the run never began
                raise
        return self

    def _begin(self) -> None:
        self._stack.enter_context(exclusive(self.settings.data_dir))
        self.catalogue = load_catalogue(self.settings.declarations_dir)
        for state in (Archive(self.settings.archive_dir), Vintages(self.settings)):
            state.check()
        self._refuse_impossible_date()
        if self.kind == "refresh":
            origins.refuse_going_back(self.settings)
            self._context = self._stack.enter_context(origins.context_of(self.settings, self.catalogue, utc_now()))
        for folder in (self.settings.archive_dir, self.settings.vintages_dir, self.settings.releases_dir):
            remove_leftovers(folder)
        for state in (Archive(self.settings.archive_dir), Vintages(self.settings)):
            state.seal_older()
        inputs.remove_build(self.settings)
        self.settings.staged_dir.mkdir(parents=True, exist_ok=True)

    def _refuse_impossible_date(self) -> None:
        known = Vintages(self.settings).knowledge_until()
        if self.as_of and (self.as_of > self.started or (known and self.as_of <= known)):
            raise UsageError(
                "knowledge can be dated neither in the future nor before what is known already",
                expected=f"after {known or 'any day'} and not after {self.started.isoformat(timespec='seconds')}",
                found=f"--as-of {self.as_of:%Y-%m-%d}",
                remedy="leave out --as-of, or give another day",
            )

    def close(self) -> None:
        """Write the line in the log and give back the lock."""
        self._is_open = False
        self.worker.stop()
        try:
            append_line(self.settings.run_log, self.summary())
        finally:
            self._stack.close()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and tell that it began."""
        self.on_step(name)
        began = time.perf_counter()
        try:
            yield
        except BaseException as error:
            self.error = self.error or error
            raise
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def wants(self, dataset: str) -> bool:
        """Whether this run fetches the dataset."""
        chosen = dataset in self.only or (
            not datasets()[dataset].on_request and (not self.only or dataset.split(".", maxsplit=1)[0] in self.only)
        )
        return chosen and origins.offers(self.settings, dataset)

    def fetch(self, dataset: str) -> Fetch | None:
        """Fetch into the archive; None when it is not wanted, not to be had, or held back because of a fault."""
        if self._context is None or not self.wants(dataset):
            return None
        if dataset not in self.fetched and dataset not in self.held:
            with self.step(f"fetch {dataset}"):
                try:
                    with holding_back(dataset):
                        origins.check_declaration(dataset)
                        self.fetched[dataset] = origins.fetch(self._context, dataset)
                except SourceError as error:
                    self.held[dataset] = error
        return self.fetched.get(dataset)

    def looks_unchanged(self) -> bool:
        """Fetch everything that is wanted; whether there is then nothing to judge and nothing to publish."""
        for dataset in in_order(datasets()):
            self.fetch(dataset)
        unjudged = [dataset for dataset in datasets() if self._to_judge(dataset)]
        planned = publication.plan(self.settings)
        return not unjudged and planned is not None and not self._is_news(planned)

    def _to_judge(self, dataset: str) -> bool:
        """Whether the newest fetch has not been taken in, or was judged by other rules."""
        fetched = Archive(self.settings.archive_dir).latest(dataset)
        last = Vintages(self.settings).latest(dataset)
        if fetched is None or dataset in self.held or not self.wants(dataset):
            return False
        rules = rules_id(self.catalogue, dataset)
        return last is None or (last.content_id, last.rules_id) != (fetched.content_id, rules)

    def stage(self, dataset: str) -> tuple[CheckResult, ...]:
        """Parse and judge the newest fetch, unless it was taken in already; returns its checks."""
        fetched = Archive(self.settings.archive_dir).latest(dataset)
        last = Vintages(self.settings).latest(dataset)
        if fetched is None or not self._to_judge(dataset):
            return last.checks if last else ()
        if known := refused_deliveries.refused_already(self.settings, dataset, fetched.content_id):
            self.held[dataset] = known
            return known.checks
        with self.step(f"gate {dataset}"):
            try:
                self.staged[dataset] = self.worker.call(stage, self.settings, self.catalogue, dataset, fetched)
            except HeldBackError as error:
                self.held[dataset] = error
                return error.checks
            except ProcessEndedError as error:
                held = HeldBackError(dataset, (unreadable(dataset, error),), cause=error)
                self.held[dataset] = held
                return held.checks
        return self.staged[dataset].checks

    def absorb(self, dataset: str) -> DeliveryRecord | None:
        """Write what the staged delivery changes; None when nothing was staged."""
        if dataset not in self.staged:
            return None
        with self.step(f"vintages {dataset}"):
            moment = self._known_from(dataset)
            self.taken_in[dataset] = Vintages(self.settings).absorb(self.staged[dataset], moment)
        return self.taken_in[dataset]

    def _known_from(self, dataset: str) -> datetime:
        """When a staged delivery counts as known: UTC, without zone.

        Embedded figures were known on the day that their publisher or collector says, wherever and whenever they are
        installed. That day holds as long as it adds to what is known and to what releases have said: what a release has
        said of a day is never told otherwise afterwards. All else that a run takes in becomes known at one moment.
        """
        if self.as_of:
            return self.as_of
        said = origins.known_at(self.staged[dataset].fetched)
        last = Vintages(self.settings).latest(dataset)
        if said and (said.year, said.month) == (self.started.year, self.started.month):
            said = min(said, self.started)  # the month is not over yet
        told = [r.knowledge_until for r in release_pointer.releases(self.settings.releases_dir)]
        before = max([*told, *([last.known_from] if last else [])], default=None)
        return said if said and (before is None or before < said) else self.started

    def prepare_warehouse(self) -> bool:
        """Make the build file that dbt reads, and tell dbt where it is; False when there is nothing to build.

        Raises:
            NyckeltalError: a dataset that is needed has no good state yet.
        """
        self.worker.stop()
        with self.step("prepare warehouse"):
            self.planned = publication.plan(self.settings)
            if self.planned and not self._is_news(self.planned):
                self.nothing_new = True
                return False
            release_db = self.settings.build_dir / "candidate" / release_pointer.DATABASE
            previous = self.planned.previous_knowledge_until if self.planned else None
            self.build = inputs.prepare(self.settings, self.catalogue, release_db, previous)
            os.environ.update(dbt_run.dbt_environment(self.settings, self.build))
        return True

    def compute(self, name: str, write: Callable[[Settings, dbt_run.Build], dict[str, int]]) -> dict[str, int]:
        """Write tables that SQL cannot, in the helper process; returns their numbers of rows."""
        if self.build is None:
            raise NyckeltalError("nothing was built", remedy="run the whole job, not only its last steps")
        with self.step(name):
            return self.worker.call(write, self.settings, self.build)

    def _is_news(self, planned: Plan) -> bool:
        """Whether there is anything to publish: another state or code, or a source that is no longer stale."""
        mended = planned.standing_is_stale and not self._stale()
        return planned.is_new or mended or self.kind == "rebuild"

    def publish(self) -> tuple[CheckResult, ...]:
        """Judge the finished warehouse and publish it, unless the same was published already; returns its checks."""
        if self.planned is None or self.build is None:
            raise NyckeltalError("nothing was built", remedy="run the whole job, not only its last step")
        with self.step("release"):
            vintages = Vintages(self.settings)
            checks = [c for d in datasets() for c in self._told(d, _checks_of(d, self.held, vintages))]
            checks += dbt_run.dbt_checks(self.settings.build_dir / "dbt" / "run_results.json")
            with inputs.open_build(self.settings, self.build) as con:
                con.execute(f"attach {literal(str(self.build.release_db))} as release (read_only)")
                controls = [*warehouse_checks(con), disclosure_check(con, self.catalogue.templates)]
            parts = partial(write_parts, self.settings.release_parts) if self.settings.release_parts else None
            stale, made = self._stale(), self.build.release_db
            judged = checks + controls
            try:
                self.release = publication.publish(self.settings, self.planned, made, judged, stale, utc_now(), parts)
            except ImpossibleReleaseError as error:
                self.doubt(error)
                raise
            return tuple(controls)

    def doubt(self, error: ImpossibleReleaseError) -> None:
        """Take out the deliveries that may have made the release impossible, so that the next night is not refused too.

        Which of them was the cause, `job.refresh` finds out; where it does not (a schedule), all of them come again.
        """
        if self.kind != "refresh":
            return
        self.doubted = refused_deliveries.unreleased(self.settings, self.taken_in)
        for dataset, records in self.doubted.items():
            refused_deliveries.take_out(self.settings, records, error.checks, utc_now())
            self.held[dataset] = refused_deliveries.held_back(records, error.checks)

    def _told(self, dataset: str, checks: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
        """The checks, with new fields of answers that led to no delivery."""
        new = self._context.new_fields.get(dataset) if self._context else None
        if not new or dataset in self.staged:
            return checks
        told = fields_known(dataset, new)
        return (*(c for c in checks if c.check_id != told.check_id), told)

    def is_unchanged(self) -> bool:
        """Whether a run now would find nothing new: every fetch as before, and the same already released.

        Told without fetching, so it is known of the embedded figures only.
        """
        if self.settings.source != "snapshot":
            return False
        archive, vintages = Archive(self.settings.archive_dir), Vintages(self.settings)
        try:
            archive.check()
            vintages.check()
        except DamagedError:  # the run will tell it, and write it in the log
            return False
        origins.refuse_going_back(self.settings)
        for dataset in datasets():
            fetched, last = archive.latest(dataset), vintages.latest(dataset)
            if fetched is None and not datasets()[dataset].is_required:
                continue
            if fetched is None or last is None or fetched.content_id != last.content_id:
                return False
            try:
                if self.wants(dataset) and not snapshot.is_unchanged(self.settings.snapshot_dir, dataset, archive):
                    return False
            except SourceError:  # the run will hold it back, and let the others go on
                return False
        planned = publication.plan(self.settings)
        return planned is not None and not planned.is_new and not planned.standing_is_stale

    def _stale(self) -> tuple[str, ...]:
        """Datasets that were held back, now or in an earlier run, and stand as they were."""
        archive, vintages = Archive(self.settings.archive_dir), Vintages(self.settings)
        last = {d: (archive.latest(d), vintages.latest(d)) for d in datasets()}
        behind = {
            d for d, (fetched, known) in last.items() if fetched and known and fetched.content_id != known.content_id
        }
        return tuple(sorted(behind | set(self.held)))

    def summary(self) -> dict[str, object]:
        """What the log keeps of this run."""
        return {
            "kind": self.kind,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round((utc_now() - self.started).total_seconds(), 1),
            "steps": {name: round(seconds, 1) for name, seconds in self.seconds.items()},
            "outcome": self.outcome(),
            "release_id": self.release.release_id if self.release else None,
            "held_back": {dataset: str(error) for dataset, error in sorted(self.held.items())},
            "program_faults": {d: trace for d, e in sorted(self.held.items()) if (trace := trace_of(e))},
            "new_fields": {d: sorted(n) for d, n in sorted(self._context.new_fields.items())} if self._context else {},
            "changed": {d: r.counts for d, r in sorted(self.taken_in.items()) if r.counts},
            "error": (str(self.error) or type(self.error).__name__) if self.error else None,
            "peak_memory_mb": peak_memory_mb(),
        }

    def outcome(self) -> str:
        """released, released_with_stale_sources, nothing_new, held_back or failed."""
        if self.release:
            return "released_with_stale_sources" if self.held else "released"
        if self.error:
            return "failed"
        return "held_back" if self.held else "nothing_new"


def peak_memory_mb() -> int:
    """Upper bound of the peak memory, MiB: this process' peak and the largest child's, added."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + child) // 1024


def _checks_of(dataset: str, held: dict[str, SourceError], vintages: Vintages) -> tuple[CheckResult, ...]:
    error = held.get(dataset)
    if isinstance(error, HeldBackError):
        return error.checks
    last = vintages.latest(dataset)
    checks = last.checks if last else ()
    if error is None:
        return checks
    told = unreadable(dataset, error)  # it could not be had; what is known of it stands, with its own checks
    return (told, *(c for c in checks if c.check_id != told.check_id))
