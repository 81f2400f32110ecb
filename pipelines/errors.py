"""The errors that users see, and the exit codes. Belongs here: nothing that knows of a particular source."""

from __future__ import annotations

import errno
import os
from enum import IntEnum
from pathlib import Path

from indicators.errors import PortableError

_DISK_WORDS = {
    errno.ENOSPC: ("the disk is full", "free some space, or choose another place with --data-dir, and run again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or choose another place with --data-dir"),
    errno.EFBIG: (
        "a file grew beyond what is allowed",
        "raise the limit (ulimit -f), or choose another place, and run again",
    ),
    errno.EIO: (
        "the disk cannot be written to",
        "see whether it is full, limited (ulimit -f) or failing, or choose another place with --data-dir",
    ),
    errno.EROFS: ("the file system is read-only", "choose a writable place with --data-dir"),
    errno.EACCES: ("permission denied", "make the folder writable for this user, or choose another with --data-dir"),
    errno.EPERM: ("permission denied", "make the folder writable for this user, or choose another with --data-dir"),
}
# How libraries with their own error types (DuckDB, Polars, SQLite, dbt) word a full or unwritable disk.
DISK_ERRORS = frozenset(_DISK_WORDS)
_DISK_MARKS = {
    "No space left on device": errno.ENOSPC,
    "database or disk is full": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "File too large": errno.EFBIG,
    "disk I/O error": errno.EIO,  # SQLite's only message, also for a quota
    "Read-only file system": errno.EROFS,
    "readonly database": errno.EROFS,
    "Permission denied": errno.EACCES,
}


class ExitCode(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    WRONG_USE = 2
    HELD_BACK = 3  # a source was held back, the others were released
    NOTHING_RELEASED = 4  # the last release still stands
    DAMAGED = 5  # something that lasts is not as it was written


class NyckeltalError(PortableError):
    """Says what is wrong, where, what was expected, what was found, and what to do."""

    exit_code = ExitCode.NOTHING_RELEASED

    def __init__(self, what: str, *, where: str = "", expected: str = "", found: str = "", remedy: str = "") -> None:
        self.what, self.where, self.expected, self.found, self.remedy = what, where, expected, found, remedy
        super().__init__(str(self))

    def parts(self) -> dict[str, str]:
        """The error as a machine reads it."""
        return {name: getattr(self, name) for name in ("what", "where", "expected", "found", "remedy")}

    def __str__(self) -> str:
        parts = [self.what]
        for label in ("where", "expected", "found", "remedy"):
            text = getattr(self, label)
            if text:
                parts.append(f"{'what to do' if label == 'remedy' else label}: {text}")
        return " | ".join(parts)


class SourceError(NyckeltalError):
    """A delivery cannot be read as declared; its dataset is held back."""


class ProgramFaultError(SourceError):
    """A bug, met while one dataset was processed; that dataset is held back. `trace` is for the log."""

    def __init__(self, dataset: str, error: BaseException, trace: str) -> None:
        self.dataset, self.trace = dataset, trace
        super().__init__(
            "a fault of the program, not of the publisher",
            where=dataset,
            expected="that this dataset can be read",
            found=f"{type(error).__name__}: {error}"[:500],
            remedy="report it as a bug with the traceback, which stands in the log of runs (logs/runs.jsonl)",
        )


class LockHeldError(NyckeltalError):
    """Another process is working on the same data folder."""


class UsageError(NyckeltalError):
    """The command was used wrongly."""

    exit_code = ExitCode.WRONG_USE


def left_out(error: ModuleNotFoundError) -> UsageError:
    """The error for a command that needs a library which this installation does without, such as a reader's.

    Raises:
        ModuleNotFoundError: the given one, when it is a module of this project that is missing.
    """
    library = (error.name or "").partition(".")[0]
    if library in {"", "pipelines", "indicators"}:
        raise error
    return UsageError(
        f"this command needs {library}, which this installation does without",
        remedy="install what serving needs (requirements-serve.lock), or everything: the wheel with its dependencies",
    )


def no_place_in(form: str) -> UsageError:
    """The error for a type of result, such as a list in CSV, that a format cannot represent."""
    remedy = "cast what is no number, text or date to text, or ask for another form"
    return UsageError(f"the result has no place in {form}", remedy=remedy)


def disk_error(error: OSError, path: Path) -> NyckeltalError:
    """An operating system error as an error that says what to do."""
    what, remedy = _DISK_WORDS.get(error.errno or 0, (f"cannot write: {error.strerror}", "see the message above"))
    return NyckeltalError(what, where=str(error.filename or path), remedy=remedy)


def disk_error_in(text: str, path: Path = Path()) -> NyckeltalError | None:
    """The same, from a library's error message; None when the message is about something else."""
    code = next((code for mark, code in _DISK_MARKS.items() if mark in text), None)
    if code is None:
        return None
    told = disk_error(OSError(code, os.strerror(code)), path)
    told.found = " ".join(text.split())[:300]
    return told
