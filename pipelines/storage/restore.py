"""Puts a backup into a data folder: unpacked and verified beside what it becomes, and only then put in place.

Belongs here: which file and which folder will do, unpacking, and checking. Does not belong here: what a backup holds
(`backup.py`).
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path

from pipelines.errors import NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.backup import COPIED, Backup, release_of
from pipelines.storage.files import entries, files_below, folders_in, sha256_of, sync_folder
from pipelines.storage.lock import exclusive
from pipelines.storage.release_sums import SUMS, read_sums
from pipelines.storage.sealing import DamagedError
from pipelines.storage.set_aside import log
from pipelines.storage.state_records import NewerFormatError
from pipelines.storage.verification import verify

_ANOTHER = "take another backup; nothing was put into the data folder"
_NAME_ONE = "name a .tar file that `nyckeltal backup` wrote"
_TAR_MARK = b"ustar"
_COMPRESSED = {  # by their first bytes: what they are, and what unpacks them
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("Zstandard", "unzstd"),
    b"PK\x03\x04": ("zip", "unzip"),
}


def restore_backup(settings: Settings, source: Path, now: datetime) -> Backup:
    """Put a backup into a data folder that holds no state yet, once it is seen to be whole, and so is the state in it.

    It is unpacked and verified in a folder of its own; until all is seen to be whole, nothing is put in place.

    Raises:
        UsageError: there is no such file, it is no backup, or it cannot be put into that folder. NyckeltalError: the
        backup was cut short, a file of it is not what was copied, or what was copied was damaged then.
    """
    home = settings.data_dir
    _refuse_source(source)
    with exclusive(home, settings.lock_wait_seconds):
        _refuse_standing(home)
        for left in (path for path in entries(home) if path.match(".restored.*.tmp")):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=home, prefix=".restored.", suffix=".tmp") as scratch:
            fresh = settings.model_copy(update={"data_dir": Path(scratch)})
            _unpack(source, fresh.data_dir)
            sums = _check(source, fresh.data_dir)
            _point(fresh)
            _verify(source, fresh)
            size = sum((fresh.data_dir / name).stat().st_size for name in sums)
            # Vintages before the archive: what a kill leaves between the two is named as damage, and not built on.
            for path in sorted(folders_in(fresh.data_dir), key=lambda path: (path.name != "vintages", path.name)):
                if (home / path.name).exists():
                    (home / path.name).rmdir()  # it is empty
                path.rename(home / path.name)
            sync_folder(home)
        done = Backup(source, len(sums), size, release_of(settings))
        log(
            settings, kind="restore", at=now.isoformat(), file=str(source), files=done.files, release_id=done.release_id
        )
    return done


def _refuse_source(source: Path) -> None:
    """Refuse what is no backup, as far as its first bytes tell.

    Raises:
        UsageError: it says what it is, and what to do.
    """
    expected, remedy, where = "a .tar file that `nyckeltal backup` wrote", _NAME_ONE, str(source)
    if not source.exists():
        raise UsageError("there is no such file", where=where, expected=expected, found="nothing", remedy=remedy)
    if source.is_dir():
        found = "a folder"
        if (source / "archive").is_dir() or (source / "vintages").is_dir():
            found, remedy = "a data folder, or one unpacked", "use it as it is, with --data-dir; or name the .tar file"
        elif tars := [path.name for path in entries(source) if path.suffix == ".tar"]:
            found, remedy = f"a folder with {len(tars)} .tar files", f"name one of them: {', '.join(tars[-3:])}"
        raise UsageError("a backup is one file", where=where, expected=expected, found=found, remedy=remedy)
    with source.open("rb") as file:
        head = file.read(tarfile.BLOCKSIZE)
    for mark, (kind, tool) in _COMPRESSED.items():
        if head.startswith(mark):
            found, remedy = f"a file of {kind}", f"unpack it first ({tool} {source.name}), and name the .tar file"
            raise UsageError("the file is compressed", where=where, expected=expected, found=found, remedy=remedy)
    if len(head) == tarfile.BLOCKSIZE and _TAR_MARK not in head:
        found = f"a file that begins with {head[:20]!r}"
        raise UsageError("the file is no tar file", where=where, expected=expected, found=found, remedy=remedy)


def _refuse_standing(home: Path) -> None:
    """Refuse to put a backup over anything.

    Raises:
        UsageError: there is state, or a link or another disk where a folder of the backup goes.
    """
    if standing := [name for name in COPIED if entries(home / name)]:
        found, remedy = f"the folders {', '.join(standing)}", "name an empty folder with --data-dir"
        raise UsageError(
            "the data folder holds state already", where=str(home), expected="none", found=found, remedy=remedy
        )
    for path in (home / name for name in COPIED):
        if path.is_symlink() or path.is_mount():
            raise UsageError(
                "a folder of the backup cannot take the place of a link or of another disk",
                where=str(path),
                expected="nothing, or an empty folder",
                found=f"a link to {path.readlink()}" if path.is_symlink() else "another disk, mounted there",
                remedy="take it away, restore, then move the folder to the other disk, and link or mount it again",
            )


def _verify(source: Path, fresh: Settings) -> None:
    """Hold what was unpacked against what was written when it came to be.

    Raises:
        NyckeltalError: it was damaged already when it was copied.
    """
    for place in verify(fresh, deep=True):
        for error in place.damage:
            remedy = error.remedy if isinstance(error, NewerFormatError) else _ANOTHER
            what = f"what the backup holds cannot be used: {error.what}"
            where = f"{source}: {error.where.removeprefix(f'{fresh.data_dir}/')}"
            raise NyckeltalError(
                what, where=where, expected=error.expected, found=error.found, remedy=remedy
            ) from error


def _unpack(source: Path, folder: Path) -> None:
    """Unpack plain files into a folder; nothing leaves it, and nothing else than plain files comes out.

    Not by `extractall`: its filters are lacking in Python 3.11.2.
    """
    try:
        with tarfile.open(source, "r:") as tar:
            for member in tar:
                target = (folder / member.name).resolve()
                body = tar.extractfile(member) if member.isreg() else None
                is_below = target.is_relative_to(folder.resolve())
                if body is None or not is_below or Path(member.name).parts[0] not in (*COPIED, SUMS):
                    raise UsageError(
                        "the file holds what no backup does",
                        where=str(source),
                        expected=f"{SUMS}, and files in {', '.join(COPIED)}",
                        found=member.name,
                        remedy=_NAME_ONE,
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(body, file)
    except (tarfile.TarError, EOFError) as error:
        expected, found = "a .tar file with its end", str(error)[:300]
        what = "the file is no whole backup"
        raise NyckeltalError(what, where=str(source), expected=expected, found=found, remedy=_ANOTHER) from error


def _check(source: Path, folder: Path) -> dict[str, str]:
    """Hold every file against the list in the backup.

    Raises:
        UsageError: there is no list. NyckeltalError: a file is missing, too many or other than was copied.
    """
    if not (folder / SUMS).is_file():
        told = f"a tar file of {sum(1 for _ in files_below(folder))} files without that"
        raise UsageError("the file is no backup", where=str(source), expected=SUMS, found=told, remedy=_NAME_ONE)
    try:
        sums = read_sums(folder / SUMS)
    except DamagedError as error:
        what, told = "the backup is damaged", f"{SUMS} in it: {error.found}"
        raise NyckeltalError(what, where=str(source), expected=error.expected, found=told, remedy=_ANOTHER) from error
    found = {p.relative_to(folder).as_posix() for p in files_below(folder)} - {SUMS}
    wrong = sorted(found ^ set(sums)) + [n for n in sorted(found & set(sums)) if sha256_of(folder / n) != sums[n]]
    if wrong:
        raise NyckeltalError(
            "the backup is damaged",
            where=str(source),
            expected=f"{len(sums)} files as {SUMS} in it names them",
            found=f"{len(wrong)} that are missing, too many or other: {', '.join(wrong[:5])}",
            remedy=_ANOTHER,
        )
    return sums


def _point(settings: Settings) -> None:
    """The pointer names the one release of the backup."""
    for folder in release_pointer.folders(settings.releases_dir):
        release_pointer.point_at(settings.releases_dir, folder.name)
