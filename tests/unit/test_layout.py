"""What nobody wrote is named itself and blames nothing that is whole; what lies under another's name gets its own."""

from __future__ import annotations

import itertools
import shutil
import tarfile
from pathlib import Path

import pytest

from pipelines.errors import NyckeltalError
from pipelines.steps.repair import Repair
from pipelines.storage import release_pointer, sealing
from pipelines.storage.backup import write_backup
from pipelines.storage.layout import StrayError
from pipelines.storage.sealing import DamagedError
from pipelines.storage.verification import check_state, verify
from tests.support.deliveries import CATALOGUE, FACTS, NOON, House
from tests.support.sealed_state import files_of, sealed_state

FETCHES, DELIVERIES = f"archive/fetches/{FACTS}", f"vintages/{FACTS}"
STRAYS = {
    f"{FETCHES}/000001 (copy).json": "a copy of 000001.json, byte for byte",
    f"{FETCHES}/000001 - Kopia.json": "a copy of 000001.json, byte for byte",
    f"{FETCHES}/000001.json~": "a copy of 000001.json, byte for byte",
    f"{FETCHES}/.DS_Store": "what macOS keeps",
    f"{FETCHES}/Thumbs.db": "what Windows keeps",
    f"{FETCHES}/notes.json": "5 bytes, last written 20",
    "archive/fetches/.DS_Store": "what macOS keeps",
    "archive/notes.txt": "5 bytes",
    "archive/objects/Thumbs.db": "what Windows keeps",
    "vintages/.DS_Store": "what macOS keeps",
    f"vintages/{FACTS} (copy)": f"a copy of {FACTS}, byte for byte",
    f"{DELIVERIES}/000001.bak": "a copy of 000001, byte for byte",
    f"{DELIVERIES}/000009": "a copy of 000002, byte for byte",
    f"{DELIVERIES}/desktop.ini": "what Windows keeps",
    f"{DELIVERIES}/000001/delivery (copy).json": "a copy of delivery.json, byte for byte",
    f"{DELIVERIES}/000001/._changes.parquet": "5 bytes",
    f"{DELIVERIES}/000001/changes (copy).parquet": "a copy of changes.parquet, byte for byte",
    "releases/current/.DS_Store": "what macOS keeps",
}
# Others have a number or an ending that a reader goes by, so a run stops until they are moved away.
HARMLESS = {name: seems for name, seems in STRAYS.items() if not name.endswith(("/000009", ".parquet"))}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> House:
    return sealed_state(tmp_path_factory.mktemp("sealed"))


@pytest.fixture
def own(tmp_path: Path, whole: House) -> House:
    shutil.copytree(whole.settings.data_dir, tmp_path / "data", symlinks=True)
    return House(whole.settings.model_copy(update={"data_dir": tmp_path / "data"}))


def damage(house: House) -> list[NyckeltalError]:
    return [error for place in verify(house.settings, deep=True) for error in place.damage]


def repaired(house: House) -> Repair:
    work = Repair(house.settings, CATALOGUE, NOON)
    work.run()
    return work


def content(house: House) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in files_of(house)}


def put(house: House, name: str, seems: str) -> Path:
    """A stranger under a name: a copy where it is to be one, else a few bytes."""
    path = house.settings.data_dir / name
    path = path.parent.resolve() / path.name
    original = path.with_name(seems.split(",", maxsplit=1)[0].removeprefix("a copy of "))
    if original.is_dir():
        shutil.copytree(original, path)
    else:
        path.write_bytes(original.read_bytes() if original.exists() else b"TEST!")
    return path


@pytest.mark.parametrize("name", STRAYS)
def test_what_nobody_wrote_is_named_itself_with_what_it_seems_to_be(own: House, name: str) -> None:
    path = put(own, name, STRAYS[name])
    (told,) = damage(own)
    assert isinstance(told, StrayError)
    assert told.where == str(path)
    assert STRAYS[name] in told.found
    assert "move it away" in told.remedy


@pytest.mark.parametrize("name", STRAYS)
def test_repair_moves_a_stranger_away_and_changes_nothing_else(own: House, name: str) -> None:
    before = content(own)
    path = put(own, name, STRAYS[name])
    work = repaired(own)
    assert (work.lost, len(work.done), content(own)) == ([], 1, before)
    assert not path.exists()
    assert list(own.settings.damaged_dir.glob(f"*/{path.relative_to(own.settings.data_dir)}"))


def test_no_run_is_stopped_by_a_stranger_that_nothing_would_read(own: House) -> None:
    numbers = [fetch.number for fetch in own.archive.fetches(FACTS)]
    for name, seems in HARMLESS.items():
        put(own, name, seems)
    check_state(own.settings)
    assert [fetch.number for fetch in own.archive.fetches(FACTS)] == numbers
    assert own.vintages.newest_number(FACTS) == 3


def test_what_a_killed_run_left_and_what_a_disk_keeps_of_its_own_are_no_strangers(own: House) -> None:
    for name in (f"{DELIVERIES}/.000004.12.tmp", "archive/lost+found", f"{FETCHES}/.000004.json.1.2.tmp"):
        (own.settings.data_dir / name).mkdir()
    assert damage(own) == []


def exchange(folder: Path, *names: str) -> None:
    """Give each the next one's name, and the last the first one's."""
    (folder / names[0]).rename(folder / "aside")
    for to, name in itertools.pairwise(names):
        (folder / name).rename(folder / to)
    (folder / "aside").rename(folder / names[-1])


@pytest.mark.parametrize(
    ("folder", "names", "words"),
    [
        (DELIVERIES, ("000001", "000002"), "have exchanged their names"),
        (DELIVERIES, ("000002", "000003"), "have exchanged their names"),
        (DELIVERIES, ("000001", "000002", "000003"), "under another's name"),
        (FETCHES, ("000001.json", "000003.json"), "have exchanged their names"),
    ],
)
def test_what_has_exchanged_names_is_told_as_that_and_put_right_and_nothing_is_lost(
    own: House, folder: str, names: tuple[str, ...], words: str
) -> None:
    before = content(own)
    exchange(own.settings.data_dir / folder, *names)
    told = damage(own)
    assert any(words in error.what for error in told)
    for error in told:
        assert "nothing is lost" in error.remedy, error
    with pytest.raises(DamagedError, match="name"):
        check_state(own.settings)
    work = repaired(own)
    assert work.lost == []
    assert all("again, as its record says" in line for line in work.done)
    sealing.forget()
    assert content(own) == before
    assert damage(own) == []


def test_a_delivery_that_was_given_a_free_number_gets_its_own_again(own: House) -> None:
    before, folder = content(own), own.settings.data_dir / DELIVERIES
    (folder / "000003").rename(folder / "000007")
    assert repaired(own).lost == []
    assert content(own) == before


def test_a_record_that_was_copied_over_another_is_no_exchange(own: House) -> None:
    folder = own.settings.data_dir / FETCHES
    shutil.copy(folder / "000001.json", folder / "000002.json")
    told = damage(own)
    assert told
    assert not any("name" in error.what for error in told)
    assert [error.where for error in repaired(own).lost]


def test_a_backup_leaves_out_what_nobody_wrote(own: House, tmp_path: Path) -> None:
    made = write_backup(own.settings, tmp_path / "whole.tar", NOON)
    for name, seems in HARMLESS.items():
        put(own, name, seems)
    again = write_backup(own.settings, tmp_path / "with.tar", NOON)
    assert again.files == made.files
    with tarfile.open(again.path) as tar:
        assert not any("copy" in name or "Kopia" in name for name in tar.getnames())


def test_a_stranger_in_a_release_takes_no_release_from_its_readers(own: House) -> None:
    current = release_pointer.pointed_folder(own.settings.releases_dir)
    put(own, "releases/current/.DS_Store", "what macOS keeps")
    assert repaired(own).lost == []
    assert release_pointer.current_folder(own.settings.releases_dir) == current
