"""Runs a client's own SQL in a separate process that can be killed.

Belongs here: starting that process for each query, limiting its memory, and killing it when its time is up. DuckDB
keeps to its limits in most queries but not in all: a single long text or list is allocated outside its accounting, and
some functions ignore interrupts. Does not belong here: which queries are allowed (`reading/reader.py`,
`reading/sql_rules.py`).
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

from pipelines.api import formats
from pipelines.errors import UsageError, no_place_in
from pipelines.reading import reader
from pipelines.storage.sealing import DamagedError

LIMITS = reader.Limits(seconds=20, memory_mb=600, rows=100_000, result_mb=100)
_GRACE_SECONDS = 2  # grace period for an interrupted query to report that itself
_log = logging.getLogger(__name__)


@cache
def _processes() -> ForkServerContext:
    """Processes forked from one that has imported our modules, and Arrow for their results, and opened nothing.

    A plain start would import the command line again for each query.
    """
    context = multiprocessing.get_context("forkserver")
    ours = [name for name in sorted(sys.modules) if name.partition(".")[0] == "pipelines"]
    context.set_forkserver_preload([*ours, "polars", "pyarrow"])  # which `reader` imports for a result only
    return context


def warm_up() -> None:
    """Begin to import what the processes need, without waiting for it."""
    _processes()
    forkserver.ensure_running()


def ask(folder: Path, sql: str, ending: str, limits: reader.Limits = LIMITS) -> bytes:
    """The result of one query, written in a tabular format.

    Args:
        folder: of a release. ending: of the format.

    Raises:
        UsageError: the query is not allowed, exceeds the limits, or its result cannot be written in that format.
        DamagedError: the release's database is not as it was written. FileNotFoundError: the release has been removed.
    """
    receiving, sending = _processes().Pipe(duplex=False)
    process = _processes().Process(target=_answer, args=(sending, folder, sql, ending, limits), daemon=True)
    process.start()
    sending.close()
    try:
        if not receiving.poll(limits.seconds + _GRACE_SECONDS):
            raise reader.too_slow(limits)
        answer = receiving.recv()
    except EOFError as error:  # killed by the system, or aborted by a library
        _log.warning("a query ended its process", exc_info=error)
        raise reader.too_large(limits) from error
    finally:
        process.kill()
        process.join()
        process.close()
        receiving.close()
    if isinstance(answer, UsageError | DamagedError | FileNotFoundError):
        raise answer
    return bytes(answer)


def _answer(sending: Connection, folder: Path, sql: str, ending: str, limits: reader.Limits) -> None:
    """In the process: the bytes of the result, or the error."""
    reader.hold_memory(limits)
    form = next(form for form in formats.TABULAR if form.ending == ending)
    try:
        frame = reader.query(folder, sql, limits=limits)
        head = {"release_id": folder.name, "count": frame.height}
        sending.send(b"".join(formats.rows_in(form, head, frame)))
    except UsageError as error:
        sending.send(error)
    except DamagedError as error:
        sending.send(error if folder.is_dir() else FileNotFoundError("the release"))
    except BaseException as error:  # noqa: BLE001 - polars' panics are no Exceptions, and this process ends here
        _log.warning("a result could not be written", exc_info=error)
        sending.send(no_place_in(form.ending))
