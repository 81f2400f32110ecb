"""Nothing is answered from a release's database that somebody has changed; an unchanged one is read once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.reading import reader
from pipelines.release.diff import diff
from pipelines.release.package.release_data import Figures
from pipelines.storage import kept_hashes, release_pointer, sealing
from pipelines.storage.files import sha256_of
from pipelines.storage.release_pointer import DATABASE
from pipelines.storage.release_sums import damage_of_release, sound_database
from pipelines.storage.sealing import DamagedError, file_state
from tests.support.deliveries import NOON, House
from tests.support.sealed_state import publish, sealed_state

QUERY = "select name, value from observation"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> House:
    return sealed_state(tmp_path_factory.mktemp("sealed"))


@pytest.fixture
def house(made: House, tmp_path: Path) -> House:
    shutil.copytree(made.settings.data_dir, tmp_path / "data", symlinks=True)
    return House(made.settings.model_copy(update={"data_dir": tmp_path / "data"}))


@pytest.fixture
def release(house: House) -> Path:
    """The folder of the current release of a data folder."""
    return release_pointer.current_folder(house.settings.releases_dir)


@pytest.fixture
def copied(release: Path, tmp_path: Path) -> Path:
    """The folder of a release in a reader's hands, without the data folder."""
    return shutil.copytree(release, tmp_path / "mine" / release.name)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read to hash them; those that were written a moment ago count as written long ago."""
    found: list[Path] = []

    def hash_of(path: Path) -> str:
        found.append(path)
        return sha256_of(path)

    monkeypatch.setattr(kept_hashes, "hash_of", hash_of)
    monkeypatch.setattr(kept_hashes, "_SETTLED_SECONDS", -1)
    return found


def change(release: Path, sql: str = "update observation set value = 2.5") -> Path:
    """Change the database of a release, as somebody would who has opened it for writing."""
    with duckdb.connect(str(release / DATABASE)) as con:
        con.execute(sql)
    return release / DATABASE


OPENED: dict[str, Callable[[Path], object]] = {
    "a query": lambda release: reader.query(release, QUERY),
    "a connection": reader.open_release,
    "the package": lambda release: Figures(release, release.parent / "spill"),
}


@pytest.mark.parametrize("way", OPENED)
def test_a_changed_database_is_refused_with_what_was_expected_and_found_and_what_to_do(release: Path, way: str) -> None:
    assert reader.query(release, QUERY).rows() == [("a", 1.5)]
    sealed = release_pointer.info(release).contents[DATABASE]
    path = change(release)
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.execute(QUERY).fetchall() == [("a", 2.5)], "it is a valid database, with another value"

    with pytest.raises(DamagedError, match="not what was written") as refused:
        OPENED[way](release)

    assert refused.value.where == str(path)
    told = {sealed.sha256: sha256_of(path), f"{sealed.bytes} bytes": f"{path.stat().st_size} bytes"}
    assert any(refused.value.expected.endswith(e) and refused.value.found.endswith(f) for e, f in told.items())
    assert "nyckeltal repair" in refused.value.remedy
    assert "copy of the release" in refused.value.remedy


@pytest.mark.parametrize("side", [0, 1])
def test_releases_are_not_compared_when_the_database_of_either_was_changed(house: House, side: int) -> None:
    newer, older = (
        house.settings.releases_dir / r.release_id for r in release_pointer.releases(house.settings.releases_dir)
    )
    path = change([older, newer][side])
    with pytest.raises(DamagedError, match="not what was written") as refused:
        diff(house.settings, older, newer)
    assert refused.value.where == str(path)


def test_a_change_is_seen_though_size_and_time_are_what_they_were(release: Path, reads: list[Path]) -> None:
    sealed = release_pointer.info(release).contents[DATABASE]
    reader.query(release, QUERY)
    path, before = release / DATABASE, (release / DATABASE).stat()
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    sealing.forget()  # as in another process
    with pytest.raises(DamagedError, match="not what was written") as refused:
        reader.query(release, QUERY)
    assert refused.value.expected == f"the SHA-256 {sealed.sha256}"
    assert len(reads) == 2


def test_an_unchanged_database_is_read_once_and_one_that_was_touched_once_more(
    release: Path, reads: list[Path]
) -> None:
    for _ in range(3):
        sealing.forget()
        assert reader.query(release, QUERY).rows() == [("a", 1.5)]
    assert reads == [release / DATABASE]
    (release / DATABASE).chmod(0o640)
    for _ in range(3):
        sealing.forget()
        assert reader.query(release, QUERY).rows() == [("a", 1.5)]
    assert len(reads) == 2


def test_nothing_is_kept_of_a_database_that_was_written_a_moment_ago(house: House, release: Path) -> None:
    path = release / DATABASE
    path.write_bytes(path.read_bytes())
    sound_database(release)
    assert not list(house.settings.cache_dir.glob("hashes/*"))


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"file": [1, 2, 3, 4]}', "{}"])
def test_a_kept_hash_that_cannot_be_read_is_computed_again(
    house: House, release: Path, reads: list[Path], torn: str
) -> None:
    sound_database(release)
    (kept,) = house.settings.cache_dir.glob("hashes/*")
    kept.write_text(torn, encoding="utf-8")
    assert sound_database(release) == release / DATABASE
    assert len(reads) == 2
    assert json.loads(kept.read_text(encoding="utf-8"))["sha256"] == sha256_of(release / DATABASE)


def test_who_may_not_write_in_the_data_folder_reads_the_database_each_time(
    house: House, release: Path, reads: list[Path]
) -> None:
    shutil.rmtree(house.settings.cache_dir)
    house.settings.cache_dir.write_text("no folder, so nothing can be written below it", encoding="utf-8")
    for times in (1, 2):
        assert reader.query(release, QUERY).rows() == [("a", 1.5)]
        assert len(reads) == times
    change(release)
    with pytest.raises(DamagedError):
        reader.query(release, QUERY)


def test_a_copied_release_is_checked_by_what_it_carries_and_nothing_is_written(copied: Path, reads: list[Path]) -> None:
    before = sorted(copied.parent.parent.rglob("*"))
    assert reader.query(copied, QUERY).rows() == [("a", 1.5)]
    assert sorted(copied.parent.parent.rglob("*")) == before
    assert reads == [copied / DATABASE]
    change(copied)
    with pytest.raises(DamagedError, match="not what was written"):
        reader.query(copied, QUERY)


def test_changes_that_lie_beside_the_database_are_refused(release: Path, tmp_path: Path) -> None:
    """What a program that was killed has left is read by DuckDB with the database, whose own bytes are unchanged."""
    other, changes = shutil.copy(release / DATABASE, tmp_path / "other.duckdb"), release / f"{DATABASE}.wal"
    with duckdb.connect(str(other)) as con:
        con.execute("update observation set value = 2.5")
        shutil.copy(f"{other}.wal", changes)
    with duckdb.connect(str(release / DATABASE), read_only=True) as con:
        assert con.execute(QUERY).fetchall() == [("a", 2.5)]
    with pytest.raises(DamagedError, match="lie beside it") as refused:
        reader.query(release, QUERY)
    assert refused.value.where == str(changes)


def test_a_deep_check_reads_the_database_whatever_is_kept_of_it(house: House, release: Path, reads: list[Path]) -> None:
    """A disk that damages tells of no change."""
    sound_database(release)
    (kept,) = house.settings.cache_dir.glob("hashes/*")
    path, whole = release / DATABASE, sha256_of(release / DATABASE)
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    kept.write_text(json.dumps({"file": list(file_state(path)), "sha256": whole}), encoding="utf-8")
    assert sound_database(release) == path
    assert [error.where for error in damage_of_release(release, deep=True)] == [str(path)]
    with pytest.raises(DamagedError):  # from then on
        sound_database(release)


def test_a_published_release_need_not_be_read_again(house: House, reads: list[Path]) -> None:
    publish(house, NOON.replace(year=2030))
    assert len(reads) == 1
    sound_database(release_pointer.current_folder(house.settings.releases_dir))
    assert len(reads) == 1


def test_a_release_from_before_seals_is_taken_as_it_is(release: Path) -> None:
    described = json.loads((release / "release.json").read_text(encoding="utf-8"))
    told = {key: value for key, value in described.items() if key not in {"seal", "sealed_before", "contents"}}
    (release / "release.json").write_text(json.dumps(told), encoding="utf-8")
    change(release)
    assert reader.query(release, QUERY).rows() == [("a", 2.5)]
