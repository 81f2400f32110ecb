"""Seals of what lasts: a record that was changed by damage is seen before anything is read by it.

Belongs here: writing a record with its seal and that of the record before it, and holding records and files against
what was written. Does not belong here: what a record says (`archive`, `vintages`). A seal is the SHA-256 of the rest of
the record, so it finds damage of disks and copies; it is no signature, and whoever forges a record can seal it too.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from pipelines.errors import NyckeltalError, disk_error
from pipelines.storage.files import read_json, sha256_of, write_json

_SEAL, _BEFORE = "seal", "sealed_before"
_REMEDY = (
    "run `nyckeltal repair`, which says what it cannot make again; that is restored from a backup of the data folder. "
    "Until then the last release stands, and nothing is built on what is damaged"
)


class DamagedError(NyckeltalError):
    """Something that lasts is not as it was written."""


class FileSeal(BaseModel):
    """What a file held when it was written."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int


class FileState(NamedTuple):
    """What a file system tells of a file. Every write changes it, but for two within one tick of its clock."""

    bytes: int
    modified_ns: int
    changed_ns: int
    inode: int


def file_state(path: Path) -> FileState:
    """The state of a file as it is now.

    Raises:
        FileNotFoundError: there is none.
    """
    found = path.stat()
    return FileState(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def file_seal(path: Path) -> FileSeal:
    """The seal of a file as it is now."""
    return FileSeal(sha256=sha256_of(path), bytes=path.stat().st_size)


def check_file(path: Path, sealed: FileSeal) -> None:
    """Hold a file against its seal; the same file is hashed once in a process.

    Raises:
        DamagedError: it is gone, or holds other bytes.
    """
    expected = f"{sealed.bytes} bytes with the SHA-256 {sealed.sha256}"
    if not path.is_file():
        raise damaged("a file of what is known is missing", path, expected, "no file")
    size = path.stat().st_size
    digest = hash_of(path) if size == sealed.bytes else "another one, as its size is"
    if digest != sealed.sha256:
        told = f"{size} bytes with the SHA-256 {digest}"
        raise damaged("a file of what is known is not what was written", path, expected, told)


def check_size(path: Path, sealed: FileSeal) -> None:
    """Hold a file against the size in its seal, which reads nothing.

    Raises:
        DamagedError: it is gone, or has another size.
    """
    if not path.is_file():
        raise damaged("a file is missing", path, f"{sealed.bytes} bytes", "no file")
    if (size := path.stat().st_size) != sealed.bytes:
        raise damaged("a file is not what was written", path, f"{sealed.bytes} bytes", f"{size} bytes")


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, which is read once in a process as long as its state stays the same.

    Raises:
        NoRightError: this user may not read it. NyckeltalError: it is gone, or the disk fails.
    """
    try:
        return _hashed(path, file_state(path))
    except OSError as error:
        raise disk_error(error, path, reading=True) from error


def forget() -> None:
    """Read every file and every record anew when it is asked for next: a disk damages without changing a time."""
    _hashed.cache_clear()
    _checked.cache_clear()


def write_sealed(path: Path, content: dict[str, Any], before: Path | None) -> None:
    """Write a record with its seal. `before` is the record that it follows, or None for the first."""
    chained = content | {_BEFORE: seal_in(before) if before else None}
    write_json(path, chained | {_SEAL: _seal_of(chained)})


def with_seal(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a journal with its seal."""
    return line | {_SEAL: _seal_of(line)}


def keeps_seal(line: dict[str, Any]) -> bool:
    """Whether a line of a journal is as it was written."""
    return line.get(_SEAL) == _seal_of({key: value for key, value in line.items() if key != _SEAL})


def read_sealed(path: Path) -> dict[str, Any]:
    """The content of a record, once it is seen to be as it was written.

    Records from before seals were written have none, and are read as they are.

    Raises:
        DamagedError: it is gone, cannot be read, or is not what was written.
    """
    return {key: value for key, value in _whole(path).items() if key not in {_SEAL, _BEFORE}}


def is_sealed(path: Path) -> bool:
    """Whether a record has a seal (and keeps it).

    Raises:
        DamagedError: as `read_sealed`.
    """
    return _SEAL in _whole(path)


def seal_in(path: Path) -> str | None:
    """The seal of a record; None where it has none.

    Raises:
        DamagedError: as `read_sealed`.
    """
    return _whole(path).get(_SEAL)


def check_chain(paths: list[Path]) -> None:
    """Hold records, oldest first, against each other: each sealed one names the seal of the one before.

    Raises:
        DamagedError: one is damaged, was exchanged, or does not follow the one before it.
    """
    before: str | None = None
    for path in paths:
        whole = _whole(path)
        if _SEAL in whole and whole[_BEFORE] != before:
            expected = f"a record that follows the one with the seal {whole[_BEFORE]}"
            found = f"a record before it with the seal {before}" if before else "no sealed record before it"
            raise damaged("a record does not follow the one before it", path, expected, found)
        before = whole.get(_SEAL)


def damaged(what: str, path: Path, expected: str, found: str, remedy: str = _REMEDY) -> DamagedError:
    """The error of a file that is not as it was written."""
    return DamagedError(what, where=str(path), expected=expected, found=found, remedy=remedy)


def _whole(path: Path) -> dict[str, Any]:
    try:
        state = file_state(path)
    except FileNotFoundError as error:
        raise damaged("a record is missing", path, "a record", "no file") from error
    except OSError as error:
        raise disk_error(error, path, reading=True) from error
    return _checked(path, state)


@lru_cache(maxsize=10_000)
def _checked(path: Path, _: FileState) -> dict[str, Any]:
    """The parsed record. It is shared by those who ask: not to be changed."""
    try:
        content = read_json(path)
    except ValueError as error:  # no JSON, or no UTF-8
        raise damaged("a record cannot be read", path, "a record in JSON", str(error)[:200]) from error
    except OSError as error:
        raise disk_error(error, path, reading=True) from error
    if not isinstance(content, dict):
        raise damaged("a record cannot be read", path, "an object in JSON", type(content).__name__)
    unsealed = {key: value for key, value in content.items() if key != _SEAL}
    if _SEAL not in content and _BEFORE in content:
        raise damaged("a record has lost its seal", path, f"the key {_SEAL}", f"keys {', '.join(sorted(content))}")
    if _SEAL in content and (content[_SEAL] != _seal_of(unsealed) or _BEFORE not in content):
        expected = f"content with the seal {content[_SEAL]}"
        raise damaged("a record is not what was written", path, expected, f"the seal {_seal_of(unsealed)}")
    return content


def _seal_of(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=10_000)
def _hashed(path: Path, _: FileState) -> str:
    return sha256_of(path)
