"""A copy of all state in one archive file, with the hash of each file in it, and putting it back.

Belongs here: what a backup holds, writing it and checking it. Does not belong here: what is derived from state and made
again by `nyckeltal rebuild`: staged deliveries, builds, and releases but the current one, which readers have.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.errors import NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.files import entries, files_below, replacing_file, sha256_of, sync_folder
from pipelines.storage.layout import StrayError, strays_of_archive, strays_of_vintages
from pipelines.storage.lock import exclusive
from pipelines.storage.release_sums import SUMS, damage_of_release, read_sums
from pipelines.storage.set_aside import log
from pipelines.storage.verification import verify

_BEFORE = {"archive", "vintages", "inbox", "releases"}  # what a folder must lack for a backup to be put there
_COPIED = {"archive", "vintages"}


@dataclass(frozen=True)
class Backup:
    """What was copied: where the file lies, how many files are in it and how large they are, and the release if any."""

    path: Path
    files: int
    bytes: int
    release_id: str | None


def write_backup(settings: Settings, target: Path, now: datetime) -> Backup:
    """Copy archive, vintages, the inbox and the current release into a tar file.

    Args:
        target: the file, or a folder in which it gets a name by the time. now: UTC without zone.

    Raises:
        DamagedError: the state is damaged; a copy of damage would be no backup. UsageError: the file exists.
    """
    path = target / f"nyckeltal-{now:%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    if path.exists():
        raise UsageError("the file exists already", where=str(path), remedy="give another name, or remove it")
    if not path.parent.is_dir():
        remedy = "make the folder first; where it is another disk, see whether that is mounted"
        raise UsageError("there is no such folder", where=str(path.parent), remedy=remedy)
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        strays = _check_whole(settings)
        names = list(_names(settings, strays))
        if not names:
            raise UsageError("there is nothing to back up", where=str(settings.data_dir))
        sums = {name: sha256_of(settings.data_dir / name) for name in names}
        with replacing_file(path) as temporary, tarfile.open(temporary, "w", dereference=True) as tar:
            _add_text(tar, SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
            for name in names:
                tar.add(settings.data_dir / name, name, recursive=False, filter=_plain)
        size = sum((settings.data_dir / name).stat().st_size for name in names)
        done = Backup(path, len(names), size, _release_of(settings))
        log(settings, kind="backup", at=now.isoformat(), file=str(path), files=done.files)
    return done


def restore_backup(settings: Settings, source: Path, now: datetime) -> Backup:
    """Put a backup into a data folder that holds no state yet, once each of its files is seen to be whole.

    Raises:
        UsageError: there is no such file, it is no backup, or the folder holds state. NyckeltalError: the backup was
        cut short, or a file of it is not what was copied; nothing was put into the folder.
    """
    home = settings.data_dir
    with exclusive(home, settings.lock_wait_seconds):
        standing = sorted(name for name in _BEFORE if entries(home / name))
        if standing:
            found, remedy = f"the folders {', '.join(standing)}", "name an empty folder with --data-dir"
            raise UsageError("the data folder holds state already", where=str(home), found=found, remedy=remedy)
        with tempfile.TemporaryDirectory(dir=home, prefix=".restored.", suffix=".tmp") as scratch:
            fresh = Path(scratch)
            _unpack(source, fresh)
            sums = _check(source, fresh)
            # Vintages before the archive: what a kill leaves between the two is named as damage, and not built on.
            for path in sorted(entries(fresh), key=lambda path: (path.name != "vintages", path.name)):
                if path.name != SUMS:
                    shutil.rmtree(home / path.name, ignore_errors=True)  # an empty folder
                    path.rename(home / path.name)
            sync_folder(home)
        _point(settings)
        for place in verify(settings, deep=True):
            for error in place.damage:
                raise error
        size = sum((home / name).stat().st_size for name in sums)
        done = Backup(source, len(sums), size, _release_of(settings))
        log(
            settings, kind="restore", at=now.isoformat(), file=str(source), files=done.files, release_id=done.release_id
        )
    return done


def _check_whole(settings: Settings) -> set[Path]:
    """Read every byte of archive, vintages and the current release; returns what nobody wrote there.

    Raises:
        DamagedError: one of them is not as it was written; a copy of damage would be no backup.
    """
    found = [error for place in verify(settings, deep=True) if place.place in _COPIED for error in place.damage]
    strays = [*strays_of_archive(settings.archive_dir), *strays_of_vintages(settings.vintages_dir)]
    if release_id := _release_of(settings):
        of_release = damage_of_release(settings.releases_dir / release_id, deep=True)
        strays += [error for error in of_release if isinstance(error, StrayError)]
        found += of_release
    left_out = {error.where for error in strays}
    for error in found:
        if error.where not in left_out:
            raise error
    return {Path(where) for where in left_out}


def _names(settings: Settings, strays: set[Path]) -> Iterator[str]:
    """Every file of a backup, by its path below the data folder; not what nobody wrote."""
    homes = [settings.archive_dir, settings.vintages_dir, settings.inbox_dir]
    if release_id := _release_of(settings):
        homes.append(settings.releases_dir / release_id)
    for home in homes:
        for path in files_below(home):  # parts of it may lie on another disk
            if not path.name.startswith(".") and not strays & {path, *path.parents}:
                yield path.relative_to(settings.data_dir).as_posix()


def _release_of(settings: Settings) -> str | None:
    standing = release_pointer.current(settings.releases_dir)
    return standing.release_id if standing else None


def _point(settings: Settings) -> None:
    """The pointer names the one release of the backup."""
    for folder in release_pointer.folders(settings.releases_dir):
        release_pointer.point_at(settings.releases_dir, folder.name)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names of users and groups of this machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    body = text.encode()
    member = tarfile.TarInfo(name)
    member.size = len(body)
    tar.addfile(member, io.BytesIO(body))


def _unpack(source: Path, folder: Path) -> None:
    """Unpack plain files into a folder; nothing leaves it, and nothing else than plain files comes out.

    Not by `extractall`: its filters are lacking in Python 3.11.2.
    """
    remedy = "name a file that `nyckeltal backup` wrote"
    try:
        with tarfile.open(source, "r:") as tar:
            for member in tar:
                target = (folder / member.name).resolve()
                body = tar.extractfile(member) if member.isreg() else None
                if body is None or not target.is_relative_to(folder.resolve()):
                    what = "the file holds what no backup does"
                    raise UsageError(what, where=str(source), found=member.name, remedy=remedy)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(body, file)
    except FileNotFoundError as error:
        raise UsageError("there is no such file", where=str(source), remedy=remedy) from error
    except (tarfile.TarError, EOFError) as error:
        found = str(error)[:300]
        raise NyckeltalError("the file is no whole backup", where=str(source), found=found, remedy=remedy) from error


def _check(source: Path, folder: Path) -> dict[str, str]:
    """Hold every file against the list in the backup.

    Raises:
        NyckeltalError: one is missing, too many or other than was copied.
    """
    sums = read_sums(folder / SUMS)
    found = {p.relative_to(folder).as_posix() for p in files_below(folder)} - {SUMS}
    wrong = sorted(found ^ set(sums)) + [n for n in sorted(found & set(sums)) if sha256_of(folder / n) != sums[n]]
    if wrong:
        raise NyckeltalError(
            "the backup is damaged",
            where=str(source),
            expected=f"{len(sums)} files as {SUMS} in it names them",
            found=f"{len(wrong)} that are missing, too many or other: {', '.join(wrong[:5])}",
            remedy="take another backup; nothing was put into the data folder",
        )
    return sums
