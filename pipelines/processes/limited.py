"""Runs one function in a separate process with limits of memory and time, so that no file can crash the caller.

Belongs here: starting that process, its limits, and reporting one that was ended. Does not belong here: the work it
does. A library that aborts, a file that unpacks to more than the machine holds, an endless loop: each becomes a
`SourceError` in the caller.
"""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pipelines.errors import NyckeltalError, SourceError

T = TypeVar("T")
UNREADABLE = "the workbook cannot be read"
TOO_MUCH = "the file cannot be read within the limits"


@dataclass(frozen=True)
class Bounds:
    """The limits of the process: MB of memory, seconds of CPU time, seconds in all."""

    memory_mb: int = 1_500
    cpu_seconds: int = 120
    seconds: int = 600


def call(work: Callable[..., T], *arguments: object, where: str, bounds: Bounds = Bounds()) -> T:
    """Run `work` in a process of its own and return its result, or raise its error.

    Args:
        work: a function of a module. where: what is worked on, for the message.

    Raises:
        SourceError: the process exceeded its limits, or a library aborted. NyckeltalError: what it raised.
    """
    asked = pickle.dumps((work.__module__, work.__qualname__, arguments, bounds))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "pipelines.processes.limited"]
    try:
        done = subprocess.run(  # noqa: S603 - this program itself
            command, input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
            timeout=bounds.seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _beyond(where, bounds, f"not done after {bounds.seconds} seconds") from error
    if done.returncode or not done.stdout:
        name = signal.Signals(-done.returncode).name if done.returncode < 0 else f"code {done.returncode}"
        raise _beyond(where, bounds, f"the process that read it was ended ({name})")
    value, raised = pickle.loads(done.stdout)  # noqa: S301 - written by `_serve` below
    if isinstance(raised, NyckeltalError):
        raise raised
    if raised == MemoryError.__name__:
        raise _beyond(where, bounds, "more memory than that")
    if raised is not None:
        remedy = "open it in a spreadsheet program and save it as .xlsx"
        raise SourceError(UNREADABLE, where=where, expected="a whole file", found=str(raised), remedy=remedy)
    result: T = value
    return result


def _beyond(where: str, bounds: Bounds, found: str) -> SourceError:
    return SourceError(
        TOO_MUCH,
        where=where,
        expected=f"at most {bounds.memory_mb} MB of memory and {bounds.cpu_seconds} seconds",
        found=found,
        remedy="save only the sheets that are meant, with nothing far outside their tables, as a new .xlsx file",
    )


def _serve() -> None:
    """In the process: apply the limits, run the work, and write the result or the error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the result
    module, name, arguments, bounds = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - written by `call` above
    work = getattr(importlib.import_module(module), name)
    for kind, most in (
        (resource.RLIMIT_DATA, bounds.memory_mb * 1_000_000),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    try:
        told = pickle.dumps((work(*arguments), None))
    except NyckeltalError as error:
        told = pickle.dumps((None, error))
    except BaseException as error:  # noqa: BLE001 - a panic of a library is no Exception; this process ends here
        told = pickle.dumps((None, type(error).__name__))
    with answers:
        answers.write(told)


if __name__ == "__main__":
    _serve()
