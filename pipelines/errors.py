"""The errors that users see, and the exit codes. Belongs here: nothing that knows of a particular source."""

from __future__ import annotations

import errno
import os
import re
import stat
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
        "the disk cannot be written to, or not be read",
        "see whether it is full, limited (ulimit -f) or failing, or choose another place with --data-dir",
    ),
    errno.EROFS: ("the file system is read-only", "choose a writable place with --data-dir"),
}
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM})
DISK_ERRORS = frozenset(_DISK_WORDS) | _NO_RIGHT
# How libraries with their own error types (DuckDB, Polars, SQLite, dbt) word a full or unwritable disk.
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


class DiskError(NyckeltalError):
    """The disk is full, read-only or failing."""


class UnreachableError(NyckeltalError):
    """What is to be read cannot be reached, so nobody knows whether it is whole: it is never taken for empty."""


class NoRightError(UnreachableError):
    """This user lacks a right to a file or a folder."""


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


def disk_error(error: OSError, path: Path, *, reading: bool = False) -> NyckeltalError:
    """An operating system error as an error that says what to do.

    Args:
        path: what it is about, where the error does not say so. reading: it was only to be read.
    """
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
    if error.errno in _NO_RIGHT:
        return _no_right(named.absolute(), reading=reading)
    unknown = (f"the operating system refuses: {error.strerror}", "see the message above")
    what, remedy = _DISK_WORDS.get(error.errno or 0, unknown)
    return DiskError(what, where=str(named), remedy=remedy)


def disk_error_in(text: str, path: Path = Path()) -> NyckeltalError | None:
    """The same, from a library's error message; None when the message is about something else."""
    code = next((code for mark, code in _DISK_MARKS.items() if mark in text), None)
    if code is None:
        return None
    named = re.search(r"""["'](/[^"']+)["']""", text)
    told = disk_error(OSError(code, os.strerror(code)), Path(named[1]) if named else path)
    told.found = told.found or " ".join(text.split())[:300]
    return told


def _no_right(path: Path, *, reading: bool) -> NoRightError:
    """The error of a path that this user may not use, by the right that is missing."""
    place, verb, letters = _missing_right(path, reading=reading)
    kind, found = "folder" if place.is_dir() else "file", place.stat()
    elsewhere = "" if reading or "w" not in letters else ", or choose another place (for the data folder: --data-dir)"
    return NoRightError(
        "permission denied",
        where=str(place),
        expected=f"that this user may {verb} the {kind} (the right {letters})",
        found=f"{stat.filemode(found.st_mode)} of user {found.st_uid} and group {found.st_gid}; "
        f"this process runs as user {os.geteuid()}",
        remedy="let its owner give this user that right (chmod, chgrp), or run the command as the owner" + elsewhere,
    )


def _missing_right(path: Path, *, reading: bool) -> tuple[Path, str, str]:
    """Where a right is missing, what it lets one do, and its letters as `ls -l` writes them."""
    for folder in reversed(path.parents):
        if folder.is_dir() and not _may(folder, os.X_OK):
            return folder, "enter", "x"
    if not path.exists():
        return next(folder for folder in path.parents if folder.exists()), "write in", "w"
    if path.is_dir():
        return (path, "list", "r") if reading or not _may(path, os.R_OK) else (path, "write in", "w")
    if reading or not _may(path, os.R_OK):
        return path, "read", "r"
    return (path, "write", "w") if _may(path.parent, os.W_OK) else (path.parent, "write in", "w")


def _may(path: Path, right: int) -> bool:
    return os.access(path, right, effective_ids=os.access in os.supports_effective_ids)
