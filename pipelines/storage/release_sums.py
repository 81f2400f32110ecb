"""`SHA256SUMS` of a release: every file of it but the list itself, in the form that `sha256sum -c` reads.

Belongs here: writing the list, holding a release or one file of it against what was written, and the way to its
database for all who read. Does not belong here: the pointer, and what a release says of itself (`release_pointer.py`).
Releases from before there were lists have none; they are known by a `release.json` without a seal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path

from pipelines.errors import NyckeltalError
from pipelines.settings import CACHE
from pipelines.storage.files import files_below, folders_in, read_json, sha256_of
from pipelines.storage.kept_hashes import kept_hash
from pipelines.storage.layout import stray
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION, POINTER, info
from pipelines.storage.sealing import DamagedError, FileState, damaged, file_state, hash_of, is_sealed

SUMS = "SHA256SUMS"
FILES = "files.json"  # the list that a part of a release keeps of its own files (`release/shared_files.py`)
REMEDY = (
    "run `nyckeltal repair`, which gives readers the newest whole release, then `nyckeltal rebuild`; or restore "
    "the file from a copy of the release, or fetch the release again from where it is published"
)
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def write_sums(folder: Path, known: Mapping[str, str]) -> None:
    """Write the list of a release that is being made.

    Args:
        known: hashes by name that need not be computed again; files that are not among them are read.
    """
    names = sorted(_files_in(folder) - {SUMS})
    lines = [f"{known.get(name) or sha256_of(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def sums_of(folder: Path) -> dict[str, str] | None:
    """The hashes of a release's files, by name; None for a release from before there were lists.

    Raises:
        DamagedError: the list is gone or cannot be read, or `release.json` is damaged.
    """
    path = folder / SUMS
    if not path.exists():
        if is_sealed(folder / DESCRIPTION):
            raise damaged("a release lacks the list of its files", path, f"a file {SUMS}", "no file", REMEDY)
        return None
    return read_sums(path)


def read_sums(path: Path) -> dict[str, str]:
    """The hashes that a list holds, by name.

    Raises:
        DamagedError: it is gone or cannot be read.
    """
    if not path.is_file():
        raise damaged("a list of hashes is missing", path, f"a file {SUMS}", "no file", REMEDY)
    return _parsed(path, file_state(path))


def check_listed(folder: Path, name: str) -> None:
    """Hold one file of a release against the list; the same file is hashed once in a process.

    Raises:
        DamagedError: it is gone, holds other bytes, or is not listed.
    """
    sums = sums_of(folder)
    if sums is None:
        return
    path = folder / name
    if name not in sums:
        raise damaged("a release holds a file that is not its own", path, f"a file that {SUMS} names", name, REMEDY)
    _check_hash(path, sums[name])


def sound_database(folder: Path) -> Path:
    """The path of a release's database, once it is seen to be what was written: the one way to it for all who read.

    Its size is checked each time; its bytes are read when somebody has written to it since they were read last.
    Releases from before there were seals are taken as they are.

    Args:
        folder: the release's, in a data folder or copied from one.

    Raises:
        DamagedError: the release's description or its database is gone, or is not what was written; or changes lie
        beside the database that DuckDB would read with it.
    """
    path, changes = folder / DATABASE, folder / f"{DATABASE}.wal"
    sealed = info(folder).contents.get(DATABASE)
    if changes.exists():
        what, expected = "changes to a release's database lie beside it", "no such file, as a release never changes"
        raise damaged(what, changes, expected, f"{changes.stat().st_size} bytes", REMEDY)
    if sealed:
        _check_size(path, sealed.bytes)
        _check_hash(path, sealed.sha256, _database_hash)
    return path


def damage_of_release(folder: Path, *, deep: bool) -> list[NyckeltalError]:
    """What of a release is not as it was written.

    Args:
        deep: read every file and hold it against its hash; otherwise against its name and its size.
    """
    try:
        described, sums = info(folder), sums_of(folder)
        if described.release_id != folder.name:
            what = "a release is another one than its folder says"
            raise damaged(what, folder / DESCRIPTION, folder.name, described.release_id, REMEDY)
    except NyckeltalError as error:
        return [error]
    if sums is None:
        return []
    found: list[NyckeltalError] = [stray(folder / name) for name in sorted(_files_in(folder) - {SUMS, *sums})]
    sizes = {} if deep else {name: seal.bytes for name, seal in described.contents.items()} | _sizes_told(folder, sums)
    for name, digest in sums.items():
        try:
            if name in sizes:
                _check_size(folder / name, sizes[name])
            elif name == DATABASE:
                _check_hash(folder / name, digest, partial(_database_hash, anew=True))
            else:  # what has no size is small: lists, and the release's description
                _check_hash(folder / name, digest)
        except DamagedError as error:
            found.append(error)
    return found


def hashes_told(folder: Path) -> dict[str, str]:
    """The hashes that the parts of a release have written down of their own files, by name."""
    told = {}
    for listing in _listings(folder):
        for name, entry in read_json(listing).items():
            told[(listing.parent / name).relative_to(folder).as_posix()] = str(entry["sha256"])
    return told


def _sizes_told(folder: Path, sums: Mapping[str, str]) -> dict[str, int]:
    """The sizes that the parts have written down, from those of their lists that are whole."""
    told = {}
    for listing in _listings(folder):
        if hash_of(listing) == sums.get(listing.relative_to(folder).as_posix()):
            for name, entry in read_json(listing).items():
                told[(listing.parent / name).relative_to(folder).as_posix()] = int(entry["bytes"])
    return told


def _listings(folder: Path) -> Iterator[Path]:
    for home in (folder, *folders_in(folder)):
        if (listing := home / FILES).exists():
            yield listing


def _files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in files_below(folder) if path.is_file()}


def _check_size(path: Path, expected: int) -> None:
    found = f"{path.stat().st_size} bytes" if path.is_file() else "no file"
    if found != f"{expected} bytes":
        raise damaged("a file of a release is not what was written", path, f"{expected} bytes", found, REMEDY)


def _database_hash(path: Path, *, anew: bool = False) -> str:
    """The SHA-256 of a release's database. It is kept in the cache of the data folder; a copied release is in none."""
    release = path.parent.resolve()
    is_kept = (release.parent / POINTER).is_symlink() and not release.name.startswith(".")  # one that is being made
    record = release.parents[1] / CACHE / "hashes" / f"{release.name}.json" if is_kept else None
    return kept_hash(path, record, anew=anew)


def _check_hash(path: Path, expected: str, hashed: Callable[[Path], str] = hash_of) -> None:
    if not path.is_file():
        raise damaged("a file of a release is missing", path, f"the SHA-256 {expected}", "no file", REMEDY)
    if (found := hashed(path)) != expected:
        what = "a file of a release is not what was written"
        raise damaged(what, path, f"the SHA-256 {expected}", f"the SHA-256 {found}", REMEDY)


@lru_cache(maxsize=100)
def _parsed(path: Path, _: FileState) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise damaged("the list of a release cannot be read", path, "UTF-8", str(error)[:200], REMEDY) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in found:
            expected, told = "a SHA-256, two spaces and a name, each name once", f"line {number}: {line[:200]}"
            raise damaged("the list of a release cannot be read", path, expected, told, REMEDY)
        found[match[2]] = match[1]
    return found
