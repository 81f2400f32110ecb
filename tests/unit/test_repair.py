"""What is damaged is mended from what is whole, is never deleted, and what cannot be mended is named and left alone."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.steps.repair import Repair
from pipelines.storage import release_pointer
from pipelines.storage.files import sha256_of
from pipelines.storage.taken_in import remember
from pipelines.storage.verification import verify
from pipelines.storage.vintages import Vintages
from tests.support.deliveries import AREAS, CATALOGUE, FACTS, NOON, House, changed, facts
from tests.support.sealed_state import built, judged, publish

DAY = timedelta(days=1)
TODAY = NOON + 30 * DAY


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Areas and three deliveries that came the whole way, a row of the second set aside; two releases, a build."""
    home = tmp_path_factory.mktemp("lived")
    house = House(Settings(data_dir=home / "data", snapshot_dir=home / "snapshot", memory_limit_mb=300))
    areas = pl.DataFrame(
        [(a, f"Kommun {a}", "K") for a in AREAS], schema=["area_id", "name", "area_type"], orient="row"
    )
    house.absorb(house.staged(areas, dataset="kolada.municipality"), NOON - DAY)
    rows = facts()
    house.absorb(house.staged(rows), NOON)
    publish(house, NOON + timedelta(hours=1))
    house.absorb(house.staged(changed(changed(rows, 1, value=11.5), 7, value=-1.0)), NOON + DAY)
    house.absorb(house.staged(changed(rows, 2, value=12.5)), NOON + 2 * DAY)
    judged(house, "c" * 64)
    built(house)
    publish(house, NOON + 3 * DAY)
    shutil.rmtree(house.settings.data_dir / "judged")
    return house


@pytest.fixture
def house(tmp_path: Path, lived: House) -> House:
    """A copy of it, to be damaged."""
    shutil.copytree(lived.settings.data_dir, tmp_path / "data", symlinks=True)
    shutil.copytree(lived.settings.snapshot_dir, tmp_path / "snapshot")
    paths = {"data_dir": tmp_path / "data", "snapshot_dir": tmp_path / "snapshot"}
    return House(lived.settings.model_copy(update=paths))


def repaired(house: House) -> Repair:
    work = Repair(house.settings, CATALOGUE, TODAY)
    work.run()
    return work


def flip(path: Path) -> bytes:
    """Change one bit; returns what the file holds then."""
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    return bytes(body)


def state(house: House) -> dict[str, str]:
    homes = (house.settings.archive_dir, house.settings.vintages_dir)
    found = [path for home in homes for path in home.rglob("*") if path.is_file()]
    return {str(path.relative_to(house.settings.data_dir)): sha256_of(path) for path in found}


def damage(house: House) -> list[str]:
    return [error.where for place in verify(house.settings, deep=True) for error in place.damage]


def kept(house: House, name: str) -> Path:
    (found,) = house.settings.damaged_dir.glob(f"*/{name}")
    return found


def test_a_whole_data_folder_is_left_as_it_is(house: House) -> None:
    before = state(house)
    work = repaired(house)
    assert (work.done, work.lost, state(house)) == ([], [], before)
    assert not house.settings.damaged_dir.exists()


@pytest.mark.parametrize("file", ["000002/changes.parquet", "000002/quarantine.parquet", "000001/changes.parquet"])
def test_damaged_rows_are_derived_byte_for_byte_and_the_damaged_are_kept(house: House, file: str) -> None:
    before, name = state(house), f"vintages/{FACTS}/{file}"
    harmed = flip(house.settings.data_dir / name)
    work = repaired(house)
    assert work.lost == []
    assert any("the same byte for byte" in line for line in work.done)
    assert state(house) == before
    assert kept(house, name).read_bytes() == harmed


@pytest.mark.parametrize("gone", ["record", "folder"])
def test_a_lost_delivery_is_derived_with_its_date_or_that_of_its_fetch(house: House, gone: str) -> None:
    known = house.read(f"select * exclude (known_from) from ({house.vintages.known_sql(FACTS)}) order by all")
    folder = house.settings.vintages_dir / FACTS / "000003"
    flip(folder / "delivery.json") if gone == "record" else shutil.rmtree(folder)
    work = repaired(house)
    assert work.lost == []
    assert damage(house) == []
    assert house.read(f"select * exclude (known_from) from ({house.vintages.known_sql(FACTS)}) order by all") == known
    last = Vintages(house.settings).latest(FACTS)
    assert last
    assert last.number == 3
    # Never the day that the source says: what came after the first was taken in later than that may be.
    assert last.known_from == (NOON + 2 * DAY if gone == "record" else NOON + DAY + timedelta(microseconds=1))


def test_a_delivery_lost_with_every_release_is_derived_with_its_own_date(house: House) -> None:
    remember(house.settings)
    house.staged(changed(facts(), 3, value=13.5))  # a fetch that was never taken in stays so
    before = state(house)
    shutil.rmtree(house.settings.vintages_dir / FACTS)
    shutil.rmtree(house.settings.releases_dir)
    work = repaired(house)
    assert (work.lost, damage(house)) == ([], [])
    known = [record.known_from for record in house.vintages.deliveries(FACTS)]
    assert known == [NOON, NOON + DAY, NOON + 2 * DAY]
    assert state(house) == before


def test_repair_needs_no_folder_of_vintages_and_names_a_folder_that_is_none(house: House, tmp_path: Path) -> None:
    known = house.read(f"select * exclude (known_from) from ({house.vintages.known_sql(FACTS)}) order by all")
    shutil.rmtree(house.settings.vintages_dir)
    work = repaired(house)
    assert (work.lost, damage(house)) == ([], [])
    assert house.read(f"select * exclude (known_from) from ({house.vintages.known_sql(FACTS)}) order by all") == known
    with pytest.raises(NyckeltalError, match="no data folder"):
        Repair(house.settings.model_copy(update={"data_dir": tmp_path / "typo"}), CATALOGUE, TODAY).run()
    assert not (tmp_path / "typo").exists()


def test_a_copy_beside_a_delivery_is_moved_away(house: House) -> None:
    delivery = house.settings.vintages_dir / FACTS / "000001"
    before = state(house)
    shutil.copytree(delivery, delivery.with_name("000001.bak"))
    work = repaired(house)
    assert (work.lost, damage(house), state(house)) == ([], [], before)
    assert list(house.settings.damaged_dir.glob(f"*/vintages/{FACTS}/000001.bak"))


def test_exchanged_deliveries_of_which_one_is_damaged_are_mended_both(house: House) -> None:
    before, folder = state(house), house.settings.vintages_dir / FACTS
    flip(folder / "000002" / "changes.parquet")
    for name, to in (("000001", "x"), ("000002", "000001"), ("x", "000002")):
        (folder / name).rename(folder / to)
    work = repaired(house)
    assert (work.lost, damage(house), state(house)) == ([], [], before)


def test_what_the_archive_does_not_hold_any_more_is_named_and_left_as_it_is(house: House) -> None:
    flip(house.settings.vintages_dir / FACTS / "000002" / "changes.parquet")
    record = house.vintages.deliveries(FACTS)[1]
    object_ = house.archive.object_path(record.files[0].sha256)
    object_.unlink()
    before, current = state(house), release_pointer.pointed_folder(house.settings.releases_dir)
    flip(current / "nyckeltal.duckdb")
    work = repaired(house)
    assert {str(object_), str(house.settings.vintages_dir / FACTS / "000002")} <= {e.where for e in work.lost}
    assert all(error.remedy for error in work.lost)
    assert state(house) == before
    assert current.exists(), "no other release can be made, so readers keep what they have"


@pytest.mark.parametrize("name", [f"archive/fetches/{FACTS}/000002.json", "archive/objects", "releases"])
def test_what_repair_calls_lost_is_not_to_be_repaired_once_more(house: House, name: str) -> None:
    home = house.settings.data_dir / name
    shutil.rmtree(house.settings.snapshot_dir)
    for path in [home] if home.is_file() else [*home.rglob("*")]:
        if path.is_file() and not path.is_symlink():
            flip(path)
    if name == "releases":  # none can be made again
        flip(house.settings.archive_dir / "fetches" / FACTS / "000001.json")
    work = repaired(house)
    assert work.lost
    for error in work.lost:
        assert "nyckeltal repair" not in error.remedy
        assert "backup" in error.remedy


def test_bytes_of_the_archive_are_taken_again_from_the_embedded_figures(house: House) -> None:
    before = state(house)
    newest = house.archive.latest(FACTS)
    assert newest
    harmed = flip(house.archive.object_path(newest.files[0].sha256))
    assert repaired(house).lost == []
    assert state(house) == before
    assert kept(house, f"archive/objects/*/{newest.files[0].sha256}").read_bytes() == harmed


def test_what_can_be_made_again_is_moved_away_and_readers_get_the_newest_whole_release(house: House) -> None:
    settings = house.settings
    current = release_pointer.pointed_folder(settings.releases_dir)
    (staged,) = settings.staged_dir.glob("*/*/rows.parquet")
    for path in (current / "parquet" / "area.parquet", settings.builds_dir / ("a" * 16) / "build.duckdb", staged):
        flip(path)
    work = repaired(house)
    assert work.lost == []
    assert damage(house) == []
    (earlier,) = release_pointer.releases(settings.releases_dir)
    assert release_pointer.current_folder(settings.releases_dir).name == earlier.release_id != current.name
    for name in (f"releases/{current.name}", f"builds/{'a' * 16}", f"staged/{FACTS}"):
        assert kept(house, name).exists()
    assert "repair" in settings.run_log.with_name("state.jsonl").read_text()


def test_a_pointer_that_is_lost_names_the_newest_whole_release_again(house: House) -> None:
    releases = house.settings.releases_dir
    current = release_pointer.pointed_folder(releases)
    (releases / "current").unlink()
    assert damage(house) == [str(releases / "current")]
    repaired(house)
    assert release_pointer.current_folder(releases) == current


def test_where_no_release_is_whole_readers_get_none_until_one_is_made(house: House) -> None:
    settings = house.settings
    for folder in release_pointer.folders(settings.releases_dir):
        flip(folder / "release.json")
    work = repaired(house)
    assert "nyckeltal rebuild" in work.done[-1]
    assert damage(house) == []


def test_repair_looks_once_more_before_it_says_that_all_is_mended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = house.settings.releases_dir / "current"
    pointer.unlink()
    monkeypatch.setattr(Repair, "_point", lambda _: None)
    assert [error.where for error in repaired(house).lost] == [str(pointer)]
