"""What every step is given: the settings, the catalogue, and the moment at which the run began.

Belongs here: what is opened once in a process and closed at its end. Does not belong here: anything that one step
passes to another; that stands on disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from indicators.load.catalogue import Catalogue, load_catalogue
from pipelines.datasets import datasets
from pipelines.errors import UsageError
from pipelines.processes.helper import Worker
from pipelines.settings import Settings
from pipelines.sources import origins
from pipelines.sources.fetch_context import Context
from pipelines.sources.kolada import scope
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.builds import Builds
from pipelines.storage.clock import refuse_implausible
from pipelines.storage.fetch_outcomes import FetchOutcomes
from pipelines.storage.files import remove_leftovers
from pipelines.storage.lock import exclusive
from pipelines.storage.staged import HeldBack, StagedDeliveries
from pipelines.storage.taken_in import remember
from pipelines.storage.verification import check_state
from pipelines.storage.vintages import Vintages


def utc_now() -> datetime:
    """Now, in UTC without zone: how every time in this project is kept."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Fetched:
    """What a try to fetch a dataset gave: its newest fetch, whether that is new, or why the try failed."""

    fetch: Fetch | None
    is_new: bool = False
    held_back: HeldBack | None = None


@dataclass
class Workspace:
    """A data folder under work by one process.

    Args:
        kind: `refresh`, or `rebuild`, which makes a release though nothing is new. only: publishers or datasets that
        are fetched; all when empty. as_of: the day from which what is taken in counts as known. moment: when the run
        began, UTC without zone. on_step: is told the name of each step as it begins.
    """

    settings: Settings
    kind: str = "refresh"
    only: frozenset[str] = frozenset()
    as_of: datetime | None = None
    moment: datetime = field(default_factory=utc_now)
    on_step: Callable[[str], None] = lambda _: None
    seconds: dict[str, float] = field(default_factory=dict)
    asked: dict[str, Fetched] = field(default_factory=dict)  # what was fetched in this process is not asked for twice
    worker: Worker = field(default_factory=Worker)
    _stack: ExitStack = field(default_factory=ExitStack)
    _context: Context | None = None
    _is_open: bool = False

    @cached_property
    def catalogue(self) -> Catalogue:
        """The declarations."""
        return load_catalogue(self.settings.declarations_dir)

    @property
    def archive(self) -> Archive:
        """What we were given."""
        return Archive(self.settings.archive_dir)

    @property
    def vintages(self) -> Vintages:
        """What we knew, and when."""
        return Vintages(self.settings)

    @property
    def outcomes(self) -> FetchOutcomes:
        """How the newest tries to fetch ended."""
        return FetchOutcomes(self.settings.archive_dir)

    @property
    def staged(self) -> StagedDeliveries:
        """What was judged."""
        return StagedDeliveries(self.settings.staged_dir)

    @property
    def builds(self) -> Builds:
        """What is being made of it."""
        return Builds(self.settings.builds_dir)

    def context(self) -> Context:
        """What fetches of this process share."""
        if self._context is None:
            given = origins.context_of(self.settings, self.catalogue, self.moment)
            self._context = self._stack.enter_context(given)
        return self._context

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who writes in the data folder; checks once that it is sound, and clears what was left over.

        Raises:
            LockHeldError: another process is still at work after the time that the settings say. DamagedError: archive
            or vintages are not as they were written. UsageError: the run's date or source would undo what is known.
            ImplausibleClockError: this machine's clock cannot be right.
        """
        with exclusive(self.settings.data_dir, self.settings.lock_wait_seconds):
            self._open()
            yield

    def _open(self) -> None:
        if self._is_open:
            return
        _ = self.catalogue  # a wrong declaration stops the run before anything is done
        check_state(self.settings)
        self._refuse_impossible_date()
        if self.kind == "refresh":
            refuse_implausible(self.settings, self.moment, is_dated_by_hand=self.as_of is not None)
            origins.refuse_going_back(self.settings)
            scope.remember(self.settings, self.archive)
        for folder in (
            self.settings.archive_dir, self.settings.vintages_dir, self.settings.releases_dir,
            self.settings.staged_dir, self.settings.builds_dir,
        ):  # fmt: skip
            remove_leftovers(folder)
        for state in (self.archive, self.vintages):
            state.seal_older()
        remember(self.settings)
        self._is_open = True

    def _refuse_impossible_date(self) -> None:
        known = self.vintages.knowledge_until()
        if self.as_of and (self.as_of > self.moment or (known and self.as_of <= known)):
            raise UsageError(
                "knowledge can be dated neither in the future nor before what is known already",
                expected=f"after {known or 'any day'} and not after {self.moment.isoformat(timespec='seconds')}",
                found=f"--as-of {self.as_of:%Y-%m-%d}",
                remedy="leave out --as-of, or give another day",
            )

    def close(self) -> None:
        """End the helper process and give back connections."""
        self.worker.stop()
        self._stack.close()
        self._context, self._is_open = None, False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and tell that it began."""
        self.on_step(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def wants(self, dataset: str) -> bool:
        """Whether this run fetches the dataset."""
        chosen = dataset in self.only or (
            not datasets()[dataset].on_request and (not self.only or dataset.split(".", maxsplit=1)[0] in self.only)
        )
        return chosen and origins.offers(self.settings, dataset)
