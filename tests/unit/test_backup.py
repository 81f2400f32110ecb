"""A backup holds all state and proves it; restored into an empty folder it is the same state."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from pipelines.errors import NoRightError, NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.storage import backup as backup_module
from pipelines.storage import release_pointer
from pipelines.storage.backup import write_backup
from pipelines.storage.restore import restore_backup
from pipelines.storage.sealing import DamagedError
from pipelines.storage.verification import verify
from pipelines.storage.vintages import Vintages
from tests.support.deliveries import FACTS, NOON, House
from tests.support.rights import bound_by_rights, owned_copy
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


def tells_all(error: NyckeltalError) -> bool:
    return all((error.what, error.where, error.expected, error.found, error.remedy))


def test_state_that_was_damaged_before_it_was_copied_is_not_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = sealed_state(tmp_path)
    damaged = house.settings.vintages_dir / FACTS / "000001" / "changes.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    monkeypatch.setattr(backup_module, "_check_whole", lambda _: set())
    made = write_backup(house.settings, tmp_path / "b.tar", NOON)
    restored = empty(house.settings, tmp_path / "restored")
    (restored.data_dir / "archive").mkdir(parents=True)

    with pytest.raises(NyckeltalError, match="cannot be used") as caught:
        restore_backup(restored, made.path, NOON)

    assert tells_all(caught.value)
    assert caught.value.where == f"{made.path}: vintages/{FACTS}/000001/changes.parquet"
    assert "nyckeltal repair" not in caught.value.remedy
    assert sorted(path.name for path in restored.data_dir.iterdir()) == ["archive", "lock"]


@pytest.mark.parametrize("is_empty", [True, False])
def test_no_backup_takes_the_place_of_a_link_to_another_disk(
    house: House, backup: Path, tmp_path: Path, is_empty: bool
) -> None:
    restored, disk = empty(house.settings, tmp_path / "restored"), tmp_path / "disk"
    restored.data_dir.mkdir()
    disk.mkdir()
    if not is_empty:
        (disk / "objects").mkdir()
    restored.archive_dir.symlink_to(disk, target_is_directory=True)
    with pytest.raises(UsageError, match="a link or of another disk" if is_empty else "holds state") as caught:
        restore_backup(restored, backup, NOON)
    assert tells_all(caught.value)
    assert sorted(path.name for path in restored.data_dir.iterdir()) == ["archive", "lock"]


def source_of(kind: str, backup: Path, folder: Path) -> Path:
    """Something that a person may take for a backup."""
    source = folder / "source"
    if kind == "gzip":
        source.write_bytes(gzip.compress(backup.read_bytes()[:10_000]))
    elif kind == "zip":
        shutil.make_archive(str(folder / "zipped"), "zip", folder, "b")
        (folder / "zipped.zip").rename(source)
    elif kind == "text":
        source.write_text("TEST FIGURES\n" * 100)
    elif kind == "another tar":
        with tarfile.open(source, "w") as tar:
            member = tarfile.TarInfo("archive/x")
            tar.addfile(member, io.BytesIO(b""))
    elif kind in {"folder", "data folder", "folder of backups"}:
        (source / ("archive" if kind == "data folder" else "x")).mkdir(parents=True)
        if kind == "folder of backups":
            (source / "nyckeltal-1.tar").touch()
    return source


@pytest.mark.parametrize(
    ("kind", "found", "remedy"),
    [
        ("gzip", "a file of gzip", "gunzip source"),
        ("zip", "a file of zip", "unzip"),
        ("text", "TEST FIGURES", "name a .tar file"),
        ("another tar", "a tar file of 1 files", "name a .tar file"),
        ("folder", "a folder", "name a .tar file"),
        ("data folder", "a data folder", "--data-dir"),
        ("folder of backups", "a folder with 1 .tar files", "nyckeltal-1.tar"),
        ("nothing", "nothing", "name a .tar file"),
    ],
)
def test_what_is_no_backup_is_told_for_what_it_is(
    house: House, backup: Path, tmp_path: Path, kind: str, found: str, remedy: str
) -> None:
    (tmp_path / "b").mkdir()
    source = source_of(kind, backup, tmp_path)
    with pytest.raises(UsageError) as caught:
        restore_backup(empty(house.settings, tmp_path / "restored"), source, NOON)
    assert tells_all(caught.value)
    assert caught.value.where == str(source)
    assert found in caught.value.found
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("target", "expected", "remedy"),
    [
        ("b.tar.gz", "ends in .tar", "name it .tar"),
        ("data/archive/b.tar", "outside the data folder", "another disk"),
        ("data", "outside the data folder", "another disk"),
        ("file/b.tar", "a folder", "make the folder first"),
        ("file", "a name that is free", "another name"),
    ],
)
def test_a_backup_is_not_written_where_none_belongs(tmp_path: Path, target: str, expected: str, remedy: str) -> None:
    house = sealed_state(tmp_path)
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError) as caught:
        write_backup(house.settings, tmp_path / target, NOON)
    assert tells_all(caught.value)
    assert expected in caught.value.expected
    assert remedy in caught.value.remedy
    assert sorted(tmp_path.rglob("*")) == before


def test_a_backup_of_a_data_folder_that_is_not_there_makes_none(house: House, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data folder"):
        write_backup(empty(house.settings, tmp_path / "typo"), tmp_path / "b.tar", NOON)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_cannot_be_written_names_the_place_and_leaves_nothing(tmp_path: Path) -> None:
    with owned_copy(sealed_state(tmp_path).settings.data_dir) as copy, bound_by_rights():
        target = copy.parent / "backups"
        target.mkdir(mode=0o555)
        with pytest.raises(NoRightError) as caught:
            write_backup(Settings(data_dir=copy, memory_limit_mb=300), target, NOON)
        assert caught.value.where == str(target)
        assert "name another file" in caught.value.remedy
        assert "--data-dir" not in caught.value.remedy


def test_what_a_killed_restore_left_is_cleared_by_the_next(house: House, backup: Path, tmp_path: Path) -> None:
    restored = empty(house.settings, tmp_path / "restored")
    (restored.data_dir / ".restored.x.tmp" / "archive").mkdir(parents=True)
    restore_backup(restored, backup, NOON)
    assert not list(restored.data_dir.glob(".restored*"))


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
