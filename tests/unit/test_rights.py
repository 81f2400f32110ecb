"""What this user may not read is told by name, with the right that is missing; it is never taken for empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.errors import NoRightError, NyckeltalError, UnreachableError
from pipelines.steps.repair import Repair
from pipelines.steps.workspace import Workspace
from pipelines.storage import release_pointer, sealing
from pipelines.storage.backup import write_backup
from pipelines.storage.files import entries, files_below, remove_leftovers
from pipelines.storage.restore import restore_backup
from pipelines.storage.verification import check_state, verify
from tests.support.deliveries import CATALOGUE, FACTS, NOON, House
from tests.support.rights import bound_by_rights, owned_copy
from tests.support.sealed_state import sealed_state

STATE = (
    *("vintages", f"vintages/{FACTS}", f"vintages/{FACTS}/000002"),
    *("archive", "archive/fetches", f"archive/fetches/{FACTS}"),
)
DERIVED = ("archive/objects", "staged", f"staged/{FACTS}", "builds", "releases")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> House:
    return sealed_state(tmp_path_factory.mktemp("sealed"))


@pytest.fixture
def house(whole: House) -> Iterator[House]:
    """A copy of all kinds of state that belongs to a user whom rights bind; they bind in the whole test."""
    with owned_copy(whole.settings.data_dir) as copy, bound_by_rights():
        sealing.forget()
        yield House(whole.settings.model_copy(update={"data_dir": copy}))


def found(house: House) -> list[NyckeltalError]:
    return [error for place in verify(house.settings, deep=True) for error in place.damage]


def listing(house: House) -> list[Path]:
    return sorted(house.settings.data_dir.rglob("*"))


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600], ids=["nothing", "enter only", "list only"])
@pytest.mark.parametrize("name", [*STATE, *DERIVED])
def test_a_folder_that_may_not_be_read_is_named_with_the_missing_right(house: House, name: str, mode: int) -> None:
    folder = house.settings.data_dir / name
    folder.chmod(mode)
    told = [error for error in found(house) if isinstance(error, NoRightError)]
    assert str(folder) in {error.where for error in told}, "named, and nothing that lies in it is called damaged"
    assert all("the right " in error.expected for error in told)
    assert all("--data-dir" not in error.remedy for error in told), "another folder would be a new beginning"


@pytest.mark.parametrize("name", STATE)
def test_nothing_begins_anew_over_state_that_may_not_be_read(house: House, name: str) -> None:
    before, folder, settings = listing(house), house.settings.data_dir / name, house.settings
    folder.chmod(0o000)
    begun: list[Callable[[], object]] = [
        lambda: check_state(settings),
        lambda: Workspace(settings, moment=NOON).writing().__enter__(),
        lambda: write_backup(settings, settings.data_dir.parent, NOON),
        Repair(settings, CATALOGUE, NOON).run,
    ]
    for work in begun:
        with pytest.raises(NoRightError) as caught:
            work()
        assert caught.value.where == str(folder)
    folder.chmod(0o755)
    assert [path for path in listing(house) if path.name not in {"lock", "lock.holder.json"}] == before


def test_a_record_and_a_file_that_may_not_be_read_are_no_damage_and_need_the_right_to_read(house: House) -> None:
    delivery = house.settings.vintages_dir / FACTS / "000002"
    for name in ("delivery.json", "changes.parquet"):
        (delivery / name).chmod(0o200)
        (told,) = {str(error): error for error in found(house)}.values()
        assert isinstance(told, NoRightError)
        assert told.where == str(delivery / name)
        assert "may read the file (the right r)" in told.expected
        assert "writable" not in str(told)
        with pytest.raises(NoRightError):
            Repair(house.settings, CATALOGUE, NOON).run()
        (delivery / name).chmod(0o600)
        assert found(house) == []


def test_a_folder_that_may_not_be_written_in_is_told_as_that(house: House) -> None:
    folder = house.settings.archive_dir / "fetches" / FACTS
    folder.chmod(0o555)
    with pytest.raises(NyckeltalError) as caught, Workspace(house.settings, moment=NOON.replace(month=9)).writing():
        house.archive.look(FACTS, NOON)
    assert caught.value.where == str(folder)
    assert "may write in the folder (the right w)" in caught.value.expected


def test_releases_that_may_not_be_listed_are_not_none(house: House) -> None:
    house.settings.releases_dir.chmod(0o300)
    for listed in (release_pointer.folders, release_pointer.releases, remove_leftovers):
        with pytest.raises(NoRightError):
            listed(house.settings.releases_dir)


def test_no_backup_is_put_over_what_may_not_be_read(house: House) -> None:
    home = house.settings.data_dir.parent
    made = write_backup(house.settings, home / "b.tar", NOON)
    target = house.settings.model_copy(update={"data_dir": home / "other"})
    (target.data_dir / "archive").mkdir(parents=True, mode=0o300)
    with pytest.raises(NoRightError):
        restore_backup(target, made.path, NOON)


def test_a_link_to_a_disk_that_is_not_mounted_is_no_empty_folder(house: House) -> None:
    settings, disk = house.settings, house.settings.data_dir.parent / "disk"
    settings.archive_dir.rename(disk)
    settings.archive_dir.symlink_to(disk, target_is_directory=True)
    assert found(house) == []
    disk.rename(disk.with_name("unmounted"))
    assert {type(error) for error in found(house)} == {UnreachableError}
    for work in (Repair(settings, CATALOGUE, NOON).run, lambda: check_state(settings)):
        with pytest.raises(UnreachableError) as caught:
            work()
        assert caught.value.where == str(settings.archive_dir)
        assert "mounted" in caught.value.remedy
    assert not list(settings.data_dir.glob("damaged"))


def test_a_folder_is_listed_in_the_order_of_names_and_none_is_empty(tmp_path: Path) -> None:
    for name in ("b/x", "a", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in entries(tmp_path)] == [".hidden", "a", "b"]
    assert list(entries(tmp_path / "nowhere")) == list(files_below(tmp_path / "nowhere")) == []
    assert [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)] == [".hidden", "a", "b/x"]
    with pytest.raises(NyckeltalError, match="where a folder belongs"):
        entries(tmp_path / "a")
