"""Mends a data folder that `verify` finds damaged, as far as what is whole allows; nothing is deleted.

Belongs here: what is done about damage in each place. Does not belong here: finding it (`storage/verification.py`), or
deriving vintages again (`steps/derive.py`). What is damaged is moved to `damaged/<UTC time>/…`. What cannot be mended
is said, and left as it is.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from indicators.load.catalogue import Catalogue
from pipelines.datasets import datasets, in_order
from pipelines.errors import NyckeltalError, UnreachableError
from pipelines.settings import Settings
from pipelines.steps.derive import Derivation
from pipelines.storage import release_pointer, sealing
from pipelines.storage.archive import Archive
from pipelines.storage.files import entries, remove_leftovers, sha256_of
from pipelines.storage.layout import StrayError, dataset_folders, misplaced, numbered
from pipelines.storage.lock import exclusive, needs_data_folder
from pipelines.storage.release_pointer import POINTER
from pipelines.storage.release_sums import damage_of_release
from pipelines.storage.sealing import DamagedError
from pipelines.storage.set_aside import log, replacing, set_aside
from pipelines.storage.state_records import NewerFormatError
from pipelines.storage.taken_in import told_deliveries
from pipelines.storage.verification import damage_of_state, verify
from pipelines.storage.vintages import RECORD, Vintages

# What the next run writes again; without the first two, it asks a publisher once more. Without scope.json, a publisher
# is asked for what is curated, until `--scope` is stated again.
_REMADE = {"looked.json", "outcome.json", "scope.json", "taken_in.json"}
_RESTORE = (
    "it cannot be made again: restore it from a backup of the data folder (docs/operations.md, Backup and restore). "
    "Until then the last release stands, and nothing is built on what is damaged"
)


@dataclass
class Repair:
    """One repair of a data folder. `done` says what was done, `lost` what cannot be mended."""

    settings: Settings
    catalogue: Catalogue
    now: datetime
    done: list[str] = field(default_factory=list)
    lost: list[NyckeltalError] = field(default_factory=list)

    def run(self) -> None:
        """Mend every place, from the archive to the pointer, and write down what was done.

        Raises:
            LockHeldError: another process is at work. NewerFormatError: a newer version wrote what lies here.
            UnreachableError: something of it cannot be read, so nobody knows whether it is whole. Nothing was changed.
        """
        needs_data_folder(self.settings.data_dir)
        with exclusive(self.settings.data_dir, self.settings.lock_wait_seconds):
            for home in (self.settings.archive_dir, self.settings.vintages_dir, self.settings.releases_dir):
                remove_leftovers(home)
            found = {place.place: place.damage for place in verify(self.settings, deep=True)}
            for error in (error for damage in found.values() for error in damage):
                if isinstance(error, NewerFormatError | UnreachableError):
                    raise error
            if self._strays(found) | self._places():
                sealing.forget()
                found = {place.place: place.damage for place in verify(self.settings, deep=True)}
            self._objects(found["archive"])
            self._remade(found["archive"])
            self._folders(found["staged"], self.settings.staged_dir, 2)
            self._folders(found["builds"], self.settings.builds_dir, 1)
            self._vintages(found["vintages"])
            sealing.forget()
            self.lost += [e for e in damage_of_state(self.settings) if e.where not in {one.where for one in self.lost}]
            self._releases(found["releases"])
            self._point()
            self._left()
            self.lost = [_beyond_repair(error) for error in self.lost]
            if self.done or self.lost:
                told = {"done": self.done, "lost": [str(error) for error in self.lost]}
                log(self.settings, kind="repair", at=self.now.isoformat(), **told)

    def _strays(self, found: dict[str, tuple[NyckeltalError, ...]]) -> bool:
        """Move away what nobody wrote; whether there was anything."""
        strays = [error for damage in found.values() for error in damage if isinstance(error, StrayError)]
        for error in strays:
            self._aside(Path(error.where))
        return bool(strays)

    def _places(self) -> bool:
        """Give records of fetches and deliveries their own names, where they lie under others'; whether any did."""
        of_fetches = [(f, numbered(f, ".json"), "") for f in dataset_folders(self.settings.archive_dir / "fetches")]
        deliveries = [(f, numbered(f), RECORD) for f in dataset_folders(self.settings.vintages_dir)]
        found = [(folder, misplaced(places, record)) for folder, places, record in [*of_fetches, *deliveries]]
        for folder, wrong in ((folder, wrong) for folder, wrong in found if wrong):
            with replacing(self.settings, folder, self.now) as fresh:
                for place in wrong:
                    (fresh / place.name).rename(fresh / f".{place.name}.tmp")
                for place, own in wrong.items():
                    (fresh / f".{place.name}.tmp").rename(fresh / own.name)
            self.done += [f"{place}: is {own.name} again, as its record says" for place, own in wrong.items()]
        return any(wrong for _, wrong in found)

    def _objects(self, damage: tuple[NyckeltalError, ...]) -> None:
        """Bytes of the archive that are not what was given, or are gone: taken again from the embedded figures."""
        archive = Archive(self.settings.archive_dir)
        for error in damage:
            path = Path(error.where)
            if not path.is_relative_to(archive.home / "objects"):
                continue
            if path.exists():
                self._aside(path)
            if copy := self._embedded(path.name):
                archive.store(copy)
                self.done.append(f"{path}: taken again from {copy}")
            elif path.name in self._named(archive):
                self.lost.append(error)

    def _named(self, archive: Archive) -> set[str]:
        """The objects that a record names; another that is damaged is missed by nobody."""
        found: set[str] = set()
        for dataset in archive.datasets():
            try:
                found |= {file.sha256 for fetch in archive.fetches(dataset) for file in fetch.files}
            except NyckeltalError:  # told by itself
                continue
        return found

    def _embedded(self, sha256: str) -> Path | None:
        files = [path for path in entries(self.settings.snapshot_dir) if path.is_file()]
        return next((path for path in files if sha256_of(path) == sha256), None)

    def _remade(self, damage: tuple[NyckeltalError, ...]) -> None:
        for error in damage:
            path = Path(error.where)
            if path.name in _REMADE and path.exists():
                self._aside(path)

    def _folders(self, damage: tuple[NyckeltalError, ...], home: Path, depth: int) -> None:
        """Move away folders that a run makes again; `depth` says how far below their home they lie."""
        for folder in sorted({_below(Path(error.where), home, depth) for error in damage}):
            if folder.exists():
                self._aside(folder)

    def _vintages(self, damage: tuple[NyckeltalError, ...]) -> None:
        home = self.settings.vintages_dir
        harmed = {_below(Path(error.where), home, 1).name for error in damage if home in Path(error.where).parents}
        for dataset in in_order(datasets()):
            if dataset not in harmed:
                continue
            numbers = max(
                Vintages(self.settings).newest_number(dataset), told_deliveries(self.settings).get(dataset, 0)
            )
            try:
                derivation = Derivation.begin(self.settings, self.catalogue, dataset)
                derivation.all(numbers)
            except NyckeltalError as error:
                self.lost.append(error)
                continue
            if (home / dataset).exists():
                self._aside(home / dataset)
            home.mkdir(exist_ok=True)
            derivation.made.rename(home / dataset)
            self.done += derivation.notes
        shutil.rmtree(self.settings.cache_dir / "repair", ignore_errors=True)

    def _releases(self, damage: tuple[NyckeltalError, ...]) -> None:
        """Move damaged releases away, when another can be made of what is known."""
        home = self.settings.releases_dir
        harmed = sorted({_below(Path(error.where), home, 1) for error in damage})
        can_be_made = not self.lost and Vintages(self.settings).knowledge_until() is not None
        if harmed and not can_be_made:
            self.lost += damage
            return
        for folder in harmed:
            self._aside(folder)

    def _point(self) -> None:
        """Let readers have the newest whole release, where the pointer names none."""
        home = self.settings.releases_dir
        pointer = home / POINTER
        known = release_pointer.folders(home)
        if pointer.is_symlink() and pointer.resolve() in [folder.resolve() for folder in known]:
            return
        whole = [folder for folder in known if not damage_of_release(folder, deep=True)]
        if whole:
            newest = max(whole, key=lambda folder: release_pointer.info(folder).order).name
            if pointer.exists() and not pointer.is_symlink():
                self._aside(pointer)
            release_pointer.point_at(home, newest)
            self.done.append(f"readers get the release {newest}")
        elif pointer.is_symlink():
            pointer.unlink()
            self.done.append("there is no whole release: make one with `nyckeltal rebuild`")

    def _left(self) -> None:
        """What is damaged still, now that everything was done that can be: it is lost."""
        known = {error.where for error in self.lost}
        left = [error for place in verify(self.settings, deep=True) for error in place.damage]
        self.lost += [error for error in left if error.where not in known]

    def _aside(self, path: Path) -> None:
        self.done.append(f"{path}: kept as {set_aside(self.settings, path, self.now)}")


def _beyond_repair(error: NyckeltalError) -> NyckeltalError:
    """An error of what is lost, which no longer says that it be repaired."""
    if not isinstance(error, DamagedError):
        return error
    return DamagedError(error.what, where=error.where, expected=error.expected, found=error.found, remedy=_RESTORE)


def _below(path: Path, home: Path, depth: int) -> Path:
    """The folder that lies so far below a home and holds the path."""
    return home.joinpath(*path.relative_to(home).parts[:depth])
