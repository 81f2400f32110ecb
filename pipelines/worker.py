"""A helper process for the gate, so that what it imports and holds in memory ends with it.

Belongs here: starting and ending that process. Does not belong here: what it does (`staging.py`). It starts while the
rest of the run is still loading, and ends by itself when the run that it belongs to is killed.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """One process of its own, started by `warm_up` or by the first call."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def warm_up(self) -> None:
        """Begin to load what the gate needs, without waiting for it."""
        self._started().submit(_load)

    def call(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do `work` in the process and give back its result, or raise its error."""
        return self._started().submit(work, *arguments, **named).result()

    def stop(self) -> None:
        """End the process and give its memory back."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_follow_parent)
        return self._pool


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _load() -> None:
    from pipelines.quality.gate import load_engine  # noqa: PLC0415 - in the process that needs it, not in the run's

    load_engine()
