"""A process that has loaded everything once and runs `nyckeltal` or `dagster` in forks of itself (run as a program).

A fork is a process of its own, that can be killed; only the seconds of importing are saved. Its helper processes are
forks too, of a second one that was made before the command began any thread. Each line on standard input is a request;
the answers are the fork's pid, and its exit status.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import traceback
from datetime import datetime, timedelta, tzinfo
from multiprocessing import forkserver, util
from types import ModuleType
from typing import Any, NoReturn

import dagster  # noqa: F401
import dagster_dbt  # noqa: F401
import dbt.adapters.duckdb
import dbt.cli.main
import great_expectations  # noqa: F401
from dagster._cli import main as dagster_cli

import pipelines.commands.dagster_run
import pipelines.commands.output
import pipelines.commands.run_output
import pipelines.definitions
import pipelines.reading.reader
import pipelines.release.diff
import pipelines.steps.workspace
import pipelines.submissions.annotated
import pipelines.submissions.taking_in
from pipelines.commands import main as cli
from pipelines.processes import helper

PROGRAMS = {"nyckeltal": cli.main, "dagster": dagster_cli}


def main() -> None:
    os.fsync = lambda _: None  # a kill loses nothing that was written, and a power cut is not tried
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(request)
        print(pid, flush=True)  # noqa: T201 - the answer
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def _run(request: dict[str, Any]) -> NoReturn:
    code = 99
    try:
        os.setsid()
        for stream, path in ((1, request["out"]), (2, request["err"])):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, stream)
            os.close(handle)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(request["env"])
        sys.modules["__main__"] = ModuleType("__main__")  # so that processes started from here do not load all this
        _serve_forks()
        sys.argv = [request["program"], *request["argv"]]
        if request["file_bytes"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"], request["file_bytes"]))
        if request["ahead_days"]:
            pipelines.steps.workspace.datetime = _ahead(request["ahead_days"])  # type: ignore[misc]
        if request["unprivileged"] and os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        PROGRAMS[request["program"]]()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - what Python itself would do
        traceback.print_exc()
        code = 1
    finally:
        util._exit_function()  # type: ignore[attr-defined]
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve_forks() -> None:
    """Start the server of Python's start method `forkserver` as a fork of this process, not as a new program."""
    helper.START = "forkserver"
    server: Any = forkserver._forkserver
    address = f"\0nyckeltal-{os.getpid()}"  # of no folder, which another user could not remove
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        alive, end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(end)
            try:
                forkserver.main(listener.detach(), alive, [])
            finally:
                os._exit(0)  # the command has ended, and this is no second one
        os.close(alive)
    server._forkserver_address, server._forkserver_alive_fd, server._forkserver_pid = address, end, pid


def _ahead(days: int) -> type[datetime]:
    """This machine's clock as it would be if it were ahead: every run asks for the time in one place."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=days)

    return Ahead


if __name__ == "__main__":
    assert pipelines.definitions
    assert dbt.adapters.duckdb
    main()
