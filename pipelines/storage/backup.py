"""A copy of all state in one archive file, with the hash of each file in it.

Belongs here: what a backup holds, and writing it. Does not belong here: putting it back (`restore.py`), or what is
derived from state and made again by `nyckeltal rebuild`: staged deliveries, builds, and releases but the current one,
which readers have.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.errors import UsageError, disk_error
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.files import files_below, replacing_file, sha256_of
from pipelines.storage.layout import StrayError, strays_of_archive, strays_of_vintages
from pipelines.storage.lock import exclusive, needs_data_folder
from pipelines.storage.release_sums import SUMS, damage_of_release
from pipelines.storage.set_aside import log
from pipelines.storage.verification import verify

COPIED = ("archive", "inbox", "releases", "vintages")  # the folders of a backup; of the releases, the current one
_COMPRESSED = {".gz", ".tgz", ".bz2", ".xz", ".zst", ".zip", ".7z"}


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
        DamagedError: the state is damaged; a copy of damage would be no backup. UsageError: there is no data folder, or
        no backup belongs there. NyckeltalError: it cannot be written; nothing of it is left.
    """
    needs_data_folder(settings.data_dir)
    path = target / f"nyckeltal-{now:%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    _refuse_target(settings, path)
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        names = list(_names(settings, _check_whole(settings)))
        if not names:
            raise UsageError("there is nothing to back up", where=str(settings.data_dir))
        sums = {name: sha256_of(settings.data_dir / name) for name in names}
        try:
            _write(settings.data_dir, path, sums)
        except OSError as error:
            told = disk_error(error, path)
            told.remedy = "mend that, or name another file; nothing of this one was left"
            raise told from error
        size = sum((settings.data_dir / name).stat().st_size for name in names)
        done = Backup(path, len(names), size, release_of(settings))
        log(settings, kind="backup", at=now.isoformat(), file=str(path), files=done.files)
    return done


def _refuse_target(settings: Settings, path: Path) -> None:
    """Refuse to write a backup where none belongs.

    Raises:
        UsageError: it says why, and what to do.
    """
    where, parent = str(path), path.parent
    if path.exists():
        expected, remedy = "a name that is free", "give another name, or remove it"
        raise UsageError("the file exists already", where=where, expected=expected, found="a file", remedy=remedy)
    if not parent.is_dir():
        found = "a file" if parent.exists() else "nothing"
        remedy = "make the folder first; where it is another disk, see whether that is mounted"
        raise UsageError("there is no such folder", where=str(parent), expected="a folder", found=found, remedy=remedy)
    if path.suffix.lower() in _COMPRESSED:
        remedy = "name it .tar; compress it afterwards, if need be, and unpack it before `nyckeltal restore`"
        what, expected = "a backup is written without compression", "a name that ends in .tar"
        raise UsageError(what, where=where, expected=expected, found=path.name, remedy=remedy)
    if path.is_relative_to(settings.data_dir):
        what, expected = "a backup in the folder that it copies is lost with it", "a folder outside the data folder"
        remedy = "name one on another disk"
        raise UsageError(what, where=where, expected=expected, found=str(settings.data_dir), remedy=remedy)


def _write(home: Path, path: Path, sums: dict[str, str]) -> None:
    with replacing_file(path) as temporary, tarfile.open(temporary, "w", dereference=True) as tar:
        _add_text(tar, SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
        for name in sums:
            tar.add(home / name, name, recursive=False, filter=_plain)


def _check_whole(settings: Settings) -> set[Path]:
    """Read every byte of archive, vintages and the current release; returns what nobody wrote there.

    Raises:
        DamagedError: one of them is not as it was written; a copy of damage would be no backup.
    """
    found = [error for place in verify(settings, deep=True) if place.place in COPIED for error in place.damage]
    strays = [*strays_of_archive(settings.archive_dir), *strays_of_vintages(settings.vintages_dir)]
    if release_id := release_of(settings):
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
    if release_id := release_of(settings):
        homes.append(settings.releases_dir / release_id)
    for home in homes:
        for path in files_below(home):  # parts of it may lie on another disk
            if not path.name.startswith(".") and not strays & {path, *path.parents}:
                yield path.relative_to(settings.data_dir).as_posix()


def release_of(settings: Settings) -> str | None:
    """The current release's id; None where there is none."""
    standing = release_pointer.current(settings.releases_dir)
    return standing.release_id if standing else None


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
