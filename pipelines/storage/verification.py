"""Holds all that lasts against what was written: archive, vintages, staged deliveries, builds, releases, pointer.

Belongs here: which places there are, what is checked in each, and what is checked before state is used. Does not belong
here: how a record or a file is checked (`sealing.py`, `release_sums.py`), or what is done about damage
(`steps/repair.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError, disk_error
from pipelines.settings import Settings
from pipelines.storage import release_pointer, sealing
from pipelines.storage.archive import Archive, FileRecord
from pipelines.storage.builds import Builds
from pipelines.storage.fetch_outcomes import FetchOutcomes
from pipelines.storage.files import entries, folders_in
from pipelines.storage.layout import dataset_folders, strays_of_archive, strays_of_vintages
from pipelines.storage.release_pointer import POINTER
from pipelines.storage.release_sums import REMEDY, damage_of_release
from pipelines.storage.sealing import check_file, check_size, damaged, file_seal
from pipelines.storage.staged import StagedDeliveries
from pipelines.storage.taken_in import told_deliveries
from pipelines.storage.vintages import Vintages

Damage = list[NyckeltalError]
_SHA256_LETTERS = 64


@dataclass(frozen=True)
class Verified:
    """One place: its name, what there is, and what of it is not as it was written."""

    place: str
    holds: str
    damage: tuple[NyckeltalError, ...]


def verify(settings: Settings, *, deep: bool) -> list[Verified]:
    """Check every place.

    Args:
        deep: read every byte. Otherwise large files (of the archive, of builds and of releases) are checked by their
        size only; records and vintages are always read.
    """
    if deep:
        sealing.forget()
    places = {
        "archive": _archive,
        "vintages": _vintages,
        "staged": _staged,
        "builds": _builds,
        "releases": _releases,
        "pointer": _pointer,
    }
    found = []
    for name, check in places.items():
        try:
            holds, damage = check(settings, deep)
        except NyckeltalError as error:
            holds, damage = "cannot be read", [error]
        except OSError as error:
            holds, damage = "cannot be read", [disk_error(error, settings.data_dir, reading=True)]
        found.append(Verified(name, holds, tuple({str(error): error for error in damage}.values())))
    return found


def damage_of_state(settings: Settings) -> Damage:
    """What is found before state is used: the first damage of the archive, of the vintages, and of both together."""
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    found: Damage = _told(archive.check, vintages.check)
    return found or list(_lost(settings))


def check_state(settings: Settings) -> None:
    """Refuse to go on with damaged archive or vintages.

    Raises:
        NyckeltalError: the first damage.
    """
    for error in damage_of_state(settings):
        raise error


def _archive(settings: Settings, deep: bool) -> tuple[str, Damage]:
    archive, outcomes = Archive(settings.archive_dir), FetchOutcomes(settings.archive_dir)
    damage: Damage = []
    files: dict[str, FileRecord] = {}
    fetches = 0
    for name in archive.datasets():
        beside = (archive.looked_at, archive.asked_for, archive.taken_in, outcomes.of)
        damage += _told(*(partial(told, name) for told in beside))
        try:
            known = archive.fetches(name)
        except NyckeltalError as error:
            damage.append(error)
            continue
        fetches += len(known)
        files |= {file.sha256: file for fetch in known for file in fetch.files}
    damage += _of_objects(archive, files.values(), deep)
    damage += strays_of_archive(archive.home)
    size = sum(file.bytes for file in files.values())
    return f"{fetches} fetches of {len(files)} files, {size / 1e6:.1f} MB", damage


def _of_objects(archive: Archive, files: Iterable[FileRecord], deep: bool) -> Iterator[NyckeltalError]:
    """The objects that records name and, deep, all others: each is called by its hash."""
    named = {file.sha256: file.bytes for file in files}
    for sha256, size in sorted(named.items()):
        path, seal = archive.object_path(sha256), sealing.FileSeal(sha256=sha256, bytes=size)
        yield from _told(partial(check_file if deep else check_size, path, seal))
    homes = folders_in(archive.home / "objects") if deep else []
    for path in (path for home in homes for path in entries(home)):
        if path.name not in named and len(path.name) == _SHA256_LETTERS:
            found = file_seal(path).sha256
            if found != path.name:
                yield damaged("an object of the archive is not what its name says", path, path.name, found)


def _vintages(settings: Settings, _: bool) -> tuple[str, Damage]:
    vintages = Vintages(settings)
    names = sorted({*datasets(), *(folder.name for folder in dataset_folders(vintages.home))})
    damage = _told(*(partial(vintages.check_dataset, name) for name in names))
    folders = [folder for name in names for folder in vintages.folders(name)]
    redated = [path for folder in folders if (path := folder / "redated.json").exists()]
    damage += _told(*(partial(sealing.read_sealed, path) for path in redated))
    lost = [] if damage else list(_lost(settings))
    return f"{len(folders)} deliveries", [*damage, *lost, *strays_of_vintages(vintages.home)]


def _lost(settings: Settings) -> Iterator[NyckeltalError]:
    """The newest of a chain leave no trace in it when they vanish: what is told elsewhere says that they were there."""
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    for name in datasets():
        known = vintages.deliveries(name)
        try:
            given = {tuple(file.sha256 for file in fetch.files) for fetch in archive.fetches(name)} if known else set()
        except NyckeltalError:  # told of the archive
            continue
        for record in known:
            if tuple(file.sha256 for file in record.files) not in given:
                path, expected = archive.home / "fetches" / name, f"the fetch of delivery {record.number}"
                yield damaged("a record of a fetch is missing", path, expected, "no such record")
    for name, number in sorted(told_deliveries(settings).items()):
        newest = vintages.newest_number(name)
        if newest < number:
            what, found = "deliveries are missing that were taken in", f"{newest} deliveries"
            yield damaged(what, vintages.home / name, f"{number} deliveries", found)


def _staged(settings: Settings, deep: bool) -> tuple[str, Damage]:
    store = StagedDeliveries(settings.staged_dir)
    folders = store.folders()
    damage = _told(*(partial(store.check, folder, deep=deep) for folder in folders))
    return f"{len(folders)} judged deliveries", damage


def _builds(settings: Settings, deep: bool) -> tuple[str, Damage]:
    builds = Builds(settings.builds_dir).all()
    damage = _told(*(partial(build.check, step, deep=deep) for build in builds for step in build.steps()))
    return f"{len(builds)} builds", damage


def _releases(settings: Settings, deep: bool) -> tuple[str, Damage]:
    folders = release_pointer.folders(settings.releases_dir)
    damage = [error for folder in folders for error in damage_of_release(folder, deep=deep)]
    return f"{len(folders)} releases", damage


def _pointer(settings: Settings, _: bool) -> tuple[str, Damage]:
    pointer, known = settings.releases_dir / POINTER, release_pointer.folders(settings.releases_dir)
    if not pointer.is_symlink() and not pointer.exists() and not known:
        return "no release yet", []
    target = pointer.resolve()
    if pointer.is_symlink() and target in [folder.resolve() for folder in known]:
        return target.name, []
    found = str(pointer.readlink()) if pointer.is_symlink() else "no link"
    expected = f"a link to one of {len(known)} releases"
    return found, [damaged("the pointer names no release", pointer, expected, found, REMEDY)]


def _told(*checks: Callable[[], object]) -> Damage:
    """The errors of those checks that raise one."""
    found: Damage = []
    for check in checks:
        try:
            check()
        except NyckeltalError as error:
            found.append(error)
        except OSError as error:
            found.append(disk_error(error, Path(), reading=True))
    return found
