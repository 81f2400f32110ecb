"""A backup holds all state and proves it; restored into an empty folder it is the same state."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from pipelines.errors import NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.backup import restore_backup, write_backup
from pipelines.storage.sealing import DamagedError
from pipelines.storage.verification import verify
from pipelines.storage.vintages import Vintages
from tests.support.deliveries import FACTS, NOON, House
from tests.support.sealed_state import files_of, sealed_state


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return sealed_state(tmp_path_factory.mktemp("backed_up"))


@pytest.fixture
def backup(house: House, tmp_path: Path) -> Path:
    return write_backup(house.settings, tmp_path, NOON).path


def empty(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"data_dir": folder})


def test_a_backup_restored_into_an_empty_folder_is_the_same_state(house: House, backup: Path, tmp_path: Path) -> None:
    current = release_pointer.current_folder(house.settings.releases_dir)
    restored = empty(house.settings, tmp_path / "restored")

    done = restore_backup(restored, backup, NOON)

    assert done.release_id == current.name == release_pointer.current_folder(restored.releases_dir).name
    assert Vintages(restored).state_id() == house.vintages.state_id()
    assert [error for place in verify(restored, deep=True) for error in place.damage] == []
    kept = [p for p in files_of(house) if not {"staged", "builds"} & set(p.parts)]
    kept = [p for p in kept if p.is_relative_to(current) or not p.is_relative_to(house.settings.releases_dir)]
    found = files_of(House(restored))
    assert [(p.relative_to(house.settings.data_dir), p.read_bytes()) for p in kept] == [
        (p.relative_to(restored.data_dir), p.read_bytes()) for p in found
    ]


def test_a_backup_is_put_over_no_state_and_over_no_file(house: House, backup: Path) -> None:
    before = [(path, path.read_bytes()) for path in files_of(house)]
    with pytest.raises(UsageError, match="holds state already"):
        restore_backup(house.settings, backup, NOON)
    assert [(path, path.read_bytes()) for path in files_of(house)] == before
    with pytest.raises(UsageError, match="exists already"):
        write_backup(house.settings, backup, NOON)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    house: House, backup: Path, tmp_path: Path, share: float
) -> None:
    body, restored = backup.read_bytes(), empty(house.settings, tmp_path / "restored")
    place = int(len(body) * share)
    for harmed in (body[:place], body[:place] + bytes([body[place] ^ 4]) + body[place + 1 :]):
        backup.write_bytes(harmed)
        with pytest.raises(NyckeltalError, match="backup") as caught:
            restore_backup(restored, backup, NOON)
        assert not isinstance(caught.value, UsageError), "a person who named a backup used the command rightly"
        assert [path.name for path in restored.data_dir.iterdir()] == ["lock"]


@pytest.mark.parametrize("name", ["../outside", "/outside", "archive/link"])
def test_nothing_of_a_forged_backup_leaves_the_folder(house: House, tmp_path: Path, name: str) -> None:
    forged = tmp_path / "forged.tar"
    with tarfile.open(forged, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        if name.endswith("link"):
            member.type, member.linkname, member.size = tarfile.SYMTYPE, "/", 0
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(UsageError, match="no backup does"):
        restore_backup(empty(house.settings, tmp_path / "restored"), forged, NOON)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["forged.tar", "restored"]


def test_what_is_damaged_is_not_backed_up(tmp_path: Path) -> None:
    house = sealed_state(tmp_path)
    path = house.settings.vintages_dir / FACTS / "000001" / "changes.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        write_backup(house.settings, tmp_path, NOON)
    assert not list(tmp_path.glob("*.tar"))


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_bytes_of_the_archive_that_are_not_what_was_given_are_not_backed_up(tmp_path: Path, harm: str) -> None:
    house = sealed_state(tmp_path)
    (path, *_) = sorted(house.settings.archive_dir.glob("objects/*/*"))
    path.write_bytes(b"\0" * path.stat().st_size) if harm == "changed" else path.unlink()
    with pytest.raises(DamagedError):
        write_backup(house.settings, tmp_path, NOON)
    assert not list(tmp_path.glob("*.tar"))


def test_what_lies_on_another_disk_is_in_the_backup(tmp_path: Path) -> None:
    house = sealed_state(tmp_path)
    other = tmp_path / "disk"
    (house.settings.archive_dir / "objects").rename(other)
    (house.settings.archive_dir / "objects").symlink_to(other, target_is_directory=True)
    done = write_backup(house.settings, tmp_path / "b.tar", NOON)
    with tarfile.open(done.path) as tar:
        assert sum("objects/" in name for name in tar.getnames()) == len(list(other.glob("*/*"))) > 0


def test_a_backup_into_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    house = sealed_state(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        write_backup(house.settings, tmp_path / "unmounted" / "b.tar", NOON)
    assert not (tmp_path / "unmounted").exists()


def test_a_restore_that_is_killed_between_its_folders_is_damage_and_no_new_beginning(
    house: House, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored, rename = empty(house.settings, tmp_path / "restored"), Path.rename

    def once(path: Path, target: Path) -> Path:
        if restored.vintages_dir.exists() and any(restored.vintages_dir.iterdir()):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(KeyboardInterrupt):
        restore_backup(restored, backup, NOON)
    assert [place.place for place in verify(restored, deep=False) if place.damage]
