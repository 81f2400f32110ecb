"""Selects the release that answers a request: the one that the pointer names when the request begins.

Belongs here: opening a release, following the pointer, seeing that its database stays what was written, the cache of
responses, and closing a release after its last request. An open file stays readable after its folder has been pruned,
so each release is opened once, by its own folder, and every request keeps the release that it began with. Does not
belong here: what is queried.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import anyio
import duckdb
from anyio import to_thread

from pipelines.api.codes import Vocabulary
from pipelines.api.problems import ApiError, damaged_release, of_ours
from pipelines.api.queries import columns_of
from pipelines.errors import NyckeltalError
from pipelines.reading import reader
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE, ReleaseInfo
from pipelines.storage.release_sums import sound_database
from pipelines.storage.sealing import DamagedError, FileState, file_state

AT_ONCE = 4  # queries that run at the same time, each on one core; others wait
LIMITS = reader.Limits(seconds=20, threads=1, memory_mb=600)
_KEPT_BYTES = 64_000_000  # bytes of cached responses for each release
_LONGEST_KEPT = 1_000_000
_RETRY_SECONDS = 5.0  # seconds before a release that could not be opened is tried again
_log = logging.getLogger(__name__)
T = TypeVar("T")


class ResponseCache:
    """A least-recently-used cache of responses, by entity tag."""

    def __init__(self, most_bytes: int) -> None:
        self._answers: OrderedDict[str, tuple[bytes, str | None]] = OrderedDict()
        self._left = most_bytes

    def get(self, tag: str) -> tuple[bytes, str | None] | None:
        """The cached body and the address of the next page."""
        if tag in self._answers:
            self._answers.move_to_end(tag)
        return self._answers.get(tag)

    def put(self, tag: str, body: bytes, following: str | None) -> None:
        """Cache a response, unless it is so long that it would displace many others."""
        if tag in self._answers or len(body) > _LONGEST_KEPT:
            return
        self._answers[tag] = (body, following)
        self._left -= len(body)
        while self._left < 0:
            _, (gone, _) = self._answers.popitem(last=False)
            self._left += len(gone)


@dataclass
class OpenRelease:
    """An open release. `users` counts the requests in progress.

    `database`: the state of its database when that was last seen to be what was written. `is_given_up`: it was changed
    since then, and nothing more is read from it.
    """

    info: ReleaseInfo
    folder: Path
    database: FileState
    con: duckdb.DuckDBPyConnection
    vocabulary: Vocabulary
    columns: dict[str, tuple[str, ...]]
    kept: ResponseCache = field(default_factory=lambda: ResponseCache(_KEPT_BYTES))
    users: int = field(default=0)
    is_given_up: bool = field(default=False)

    @property
    def release_id(self) -> str:
        """The release's id, which is also the name of its folder."""
        return self.info.release_id

    @classmethod
    def open(cls, folder: Path) -> OpenRelease:
        """Open a release by its own folder.

        Raises:
            NyckeltalError, duckdb.Error, OSError, ValueError: the folder is gone, is not as it was written, or is not
            the release that it is called.
        """
        info = release_pointer.info(folder)
        database = file_state(folder / DATABASE)
        con = reader.open_release(folder, LIMITS)
        try:
            found = con.execute("select release_id from release").fetchone()
            if found != (folder.name,) or info.release_id != folder.name:
                raise ValueError(f"the release in {folder.name} calls itself {found} and {info.release_id}")
            return cls(info, folder, database, con, Vocabulary.read(con), columns_of(con))
        except BaseException:
            con.close()
            raise

    def is_untouched(self) -> bool:
        """Whether its database is the file that was opened, as it was then, or is gone, which leaves it readable."""
        try:
            return file_state(self.folder / DATABASE) == self.database
        except OSError:
            return True

    def look_again(self) -> None:
        """Read the database once more, since somebody has touched it.

        Raises:
            DamagedError: it is not as it was written any more.
        """
        database = file_state(self.folder / DATABASE)
        sound_database(self.folder)
        self.database = database


class CurrentRelease:
    """The release that requests get. All of its state is touched by the event loop only."""

    def __init__(self, releases_dir: Path) -> None:
        self._releases_dir = releases_dir
        self._now: OpenRelease | None = None
        self._open: dict[str, OpenRelease] = {}  # by id; earlier releases stay until their last request is done
        self._turning = asyncio.Lock()
        self._turns = anyio.CapacityLimiter(AT_ONCE)
        self._failed: str | None = None
        self._failed_until = 0.0

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[OpenRelease]:
        """The current release, kept open for as long as the request needs it.

        Raises:
            ApiError: there is none.
        """
        served = await self._current()
        served.users += 1
        try:
            yield served
        finally:
            served.users -= 1
            self._let_go(served)

    async def read(self, served: OpenRelease, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run `work` in a thread with a cursor of its own, within the limits of concurrency and time.

        Raises:
            ApiError: it took too long or too much memory.
        """
        async with self._turns:
            cursor = served.con.cursor()
            alarm = asyncio.get_running_loop().call_later(LIMITS.seconds, cursor.interrupt)
            try:
                return await to_thread.run_sync(work, cursor)
            except duckdb.Error as error:
                _log.warning("a query failed", exc_info=error)
                raise of_ours(reader.refusal(error, LIMITS), 503, "upptagen") from error
            finally:
                alarm.cancel()
                cursor.close()

    async def warm_up(self) -> None:
        """Open the current release and make DuckDB load what binding a parameter needs, before the first request."""
        async with self.hold() as served:
            await self.read(served, lambda con: con.execute("select ?", [0]))

    def is_current(self, served: OpenRelease) -> bool:
        """Whether the pointer still names this release."""
        return served.release_id == self._pointed()

    def close(self) -> None:
        """Close the release."""
        last, self._now = self._now, None
        if last is not None:
            self._let_go(last)

    def _let_go(self, served: OpenRelease) -> None:
        if served is not self._now and served.users == 0:
            del self._open[served.release_id]
            served.con.close()

    async def _current(self) -> OpenRelease:
        if self._now is None or self._now.release_id != self._pointed() or not self._now.is_untouched():
            async with self._turning:
                await self._look_again()
                await self._turn()
        if self._now is None:
            raise self._none()
        return self._now

    async def _look_again(self) -> None:
        """Give the release up when its database was changed under the server, or exchanged for another."""
        touched = self._now
        if touched is None or touched.is_untouched():
            return
        try:
            await to_thread.run_sync(touched.look_again)
        except (DamagedError, OSError) as error:
            _log.error("the release %s was changed and is not answered from", touched.release_id, exc_info=error)
            touched.is_given_up, self._now = True, None
            self._failed, self._failed_until = touched.release_id, asyncio.get_running_loop().time() + _RETRY_SECONDS
            self._let_go(touched)

    def _none(self) -> ApiError:
        """The error for a request that no release can answer."""
        if self._pointed() is None:
            return ApiError(503, "ingen-utgava", "there is no release yet", remedy="run `nyckeltal refresh`")
        return damaged_release()

    async def _turn(self) -> None:
        """Open the release that the pointer names; once more when the pointer moved meanwhile and that release was
        pruned.
        """
        clock = asyncio.get_running_loop().time
        failed = self._failed if clock() < self._failed_until else None
        while (name := self._pointed()) and name not in {failed, self._now and self._now.release_id}:
            try:
                if name not in self._open:
                    self._open[name] = await to_thread.run_sync(OpenRelease.open, self._releases_dir / name)
                elif self._open[name].is_given_up:  # its last request goes on, and would share its pages with ours
                    raise ValueError(f"the release in {name} was given up and is still being read")
            except (NyckeltalError, duckdb.Error, OSError, ValueError) as error:
                # As everywhere, the last good release stays in service; the failure is logged for the operator.
                _log.error("the release %s cannot be opened", name, exc_info=error)
                failed = self._failed = name
                self._failed_until = clock() + _RETRY_SECONDS
                continue
            before, self._now = self._now, self._open[name]
            if before is not None:
                self._let_go(before)

    def _pointed(self) -> str | None:
        try:
            return release_pointer.pointed_folder(self._releases_dir).name
        except NyckeltalError:
            return None
