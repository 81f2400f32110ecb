"""One writer at a time on a data folder.

Belongs here: the lock and who holds it. The operating system drops the lock when its holder dies, so a lock file left
by a dead process is taken over without a question.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import LockHeldError, UsageError, disk_error


@contextmanager
def exclusive(data_dir: Path, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the folder's lock, or stop and name the holder. May be entered again by the same process.

    Args:
        wait_seconds: how long to wait for another process that holds it.

    Raises:
        LockHeldError: another live process holds it still.
        NyckeltalError: the folder cannot be written to.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - loads asyncio, which commands that only read do without

    holder = data_dir / "lock.holder.json"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(data_dir / "lock", is_singleton=True, thread_local=False)
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise LockHeldError(
            "another refresh is at work on this data folder",
            where=str(data_dir),
            found=_describe(holder) + (f"; waited {wait_seconds:g} seconds" if wait_seconds else ""),
            remedy="wait until it has ended, or choose another folder with --data-dir",
        ) from error
    except OSError as error:
        raise disk_error(error, data_dir) from error
    try:
        if lock.lock_counter == 1:
            holder.write_text(json.dumps(_myself()), encoding="utf-8")
        yield
    except OSError as error:
        raise disk_error(error, data_dir) from error
    finally:
        if lock.lock_counter == 1:
            holder.unlink(missing_ok=True)
        lock.release()


def needs_data_folder(data_dir: Path) -> None:
    """Refuse to make a data folder where one is to be read, so that a mistyped name is told.

    Raises:
        UsageError: there is none.
    """
    if not data_dir.is_dir():
        remedy = "name another with --data-dir"
        raise UsageError(
            "there is no data folder", where=str(data_dir), expected="a folder", found="none", remedy=remedy
        )


def _myself() -> dict[str, str | int]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "a process that has just started"
    return f"process {who['pid']} on {who['host']} since {who['since']}: {who['command']}"
