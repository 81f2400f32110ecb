"""Writing files so that a crash leaves either the old or the new, never a half; and listing folders.

Belongs here: atomic writes, hashing, and the one way in which a folder of state is listed. Does not belong here: any
format.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import NyckeltalError, UnreachableError, disk_error

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, in the order of names; nothing where there is no such folder.

    All state is listed by it: in a folder that this user may not list, `Path.glob` finds nothing, without a word.

    Raises:
        UnreachableError: this user may not list the folder, or a link on the way to it names nothing. NyckeltalError:
        it is no folder, or the disk fails.
    """
    return [folder / entry.name for entry in _listed(folder)]


def folders_in(folder: Path) -> list[Path]:
    """The folders that lie in a folder, but for hidden ones, in the order of names."""
    return [path for path in entries(folder) if path.is_dir() and not path.name.startswith(".")]


def files_below(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder, also where links lead to one."""
    for entry in _listed(folder):
        if entry.is_dir():
            yield from files_below(folder / entry.name)
        else:
            yield folder / entry.name


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError as error:
        for place in (folder, *folder.parents):
            if place.is_symlink() and not place.exists():
                raise _dangling(place) from error
        return []
    except NotADirectoryError as error:
        remedy = "move it away; what belongs there is restored from a backup of the data folder"
        raise NyckeltalError(
            "a file lies where a folder belongs", where=str(folder), expected="a folder", found="a file", remedy=remedy
        ) from error
    except OSError as error:
        raise disk_error(error, folder, reading=True) from error


def _dangling(link: Path) -> UnreachableError:
    return UnreachableError(
        "a link names a folder that is not there",
        where=str(link),
        expected="a folder",
        found=f"a link to {link.readlink()}",
        remedy="where that is another disk, see whether it is mounted; else mend the link",
    )


def sync_folder(path: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def copy_atomic(source: Path, target: Path) -> None:
    """Copy bytes to `target` by way of a temporary name."""
    with replacing_file(target) as temporary:
        shutil.copyfile(source, temporary)


def write_json(path: Path, content: Any) -> None:
    """Write JSON (sorted keys, UTF-8) by way of a temporary name."""
    with replacing_file(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def write_bytes(path: Path, body: bytes) -> None:
    """Write bytes by way of a temporary name."""
    with replacing_file(path) as temporary:
        temporary.write_bytes(body)


def read_json(path: Path) -> Any:
    """Parse a JSON file of our own."""
    return json.loads(path.read_text(encoding="utf-8"))


def append_line(path: Path, content: Any) -> None:
    """Append one JSON line in a single write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a full disk cut the last line short
                line = "\n" + line
        file.write(line.encode())


@contextmanager
def folder_atomic(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside `target`; when the block ends well it becomes `target` by one rename."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{os.getpid()}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        for file in files_below(temporary):
            sync_file(file)
        temporary.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def fresh_folder(path: Path) -> Path:
    """An empty folder in the place of what may lie there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def remove_leftovers(folder: Path) -> None:
    """Throw away what a killed run left under temporary names."""
    for entry in _listed(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name.startswith(".") and entry.name.endswith(".tmp"):
            shutil.rmtree(entry.path) if is_folder else (folder / entry.name).unlink()
        elif is_folder:
            remove_leftovers(folder / entry.name)


@contextmanager
def replacing_file(target: Path) -> Iterator[Path]:
    """Give a temporary name beside `target`; when the block ends well, the file there takes its place by one rename."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{os.getpid()}.{threading.get_ident()}.tmp"
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
