"""A helper process for work that loads much, so that its imports and memory are freed when it ends.

Belongs here: starting and ending that process. Does not belong here: the work it does (the quality gate, statistics,
package and pages). It ends by itself when the run that it belongs to is killed.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, ParamSpec, TypeVar

from indicators.errors import PortableError, portable_cause
from pipelines.errors import NyckeltalError

P = ParamSpec("P")
T = TypeVar("T")
START = "spawn"  # a process that shares nothing with this one, which has threads of its own


class Worker:
    """One helper process, started by `warm_up` or by the first call."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def warm_up(self, load: Callable[[], None]) -> None:
        """Begin to import what the work will need, without waiting for it."""
        self._started().submit(load)

    def call(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run `work` in the process and return its result, or raise its error unchanged.

        Raises:
            ProcessEndedError: the process ended during the call; the next call starts another.
        """
        try:
            found, error = self._started().submit(_attempt, work, arguments, named).result()
        except BrokenProcessPool as broken:
            self.stop()
            raise ProcessEndedError(
                "the helper process ended in the midst of its work",
                where=getattr(work, "__qualname__", "work"),
                expected="a result or an error",
                found=str(broken),
                remedy="its last good state stands; see whether this machine ran out of memory, or report it as a bug",
            ) from broken
        if error is not None:
            raise error
        result: T = found
        return result

    def stop(self) -> None:
        """End the process and free its memory."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context(START)
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_follow_parent)
        return self._pool


class ProcessEndedError(NyckeltalError):
    """The helper process was killed, or crashed."""


def _attempt(work: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    """The result of `work`, or its error: returned instead of raised, since the pool would replace its cause.

    An error that cannot be pickled would break the whole pool; one with the same text and traceback is returned
    instead.
    """
    try:
        return work(*arguments, **named), None
    except Exception as error:  # noqa: BLE001 - raised again by the process that waits
        trace = "".join(traceback.format_exception(error))
        if not isinstance(error, PortableError):
            error.add_note(f"In the helper process:\n{trace}")
        if portable_cause(error) is error:
            return None, error
        told = RuntimeError(f"{type(error).__name__}: {error}")
        told.add_note(f"In the helper process:\n{trace}")
        return None, told


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
