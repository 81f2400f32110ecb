"""Whatever is damaged, `verify` names it; and of what is damaged nothing is used and nothing is served."""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.api.release_files import _opened
from pipelines.errors import NyckeltalError
from pipelines.reading import reader
from pipelines.sources.snapshot_writer import promise_of
from pipelines.storage import release_pointer, sealing
from pipelines.storage.release_sums import damage_of_release
from pipelines.storage.verification import check_state, verify
from tests.support.deliveries import FACTS, House, facts
from tests.support.sealed_state import files_of, sealed_state

FLIPS, HARMS = 200, 40
SHA256_LETTERS = 64


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = sealed_state(tmp_path_factory.mktemp("sealed"))
    assert [error for place in verify(house.settings, deep=True) for error in place.damage] == []
    return house


@pytest.fixture
def own(tmp_path: Path, whole: House) -> House:
    shutil.copytree(whole.settings.data_dir, tmp_path / "data", symlinks=True)
    return House(whole.settings.model_copy(update={"data_dir": tmp_path / "data"}))


def named(house: House, *, deep: bool = True) -> str:
    """What `verify` says of all places."""
    return "\n".join(str(error) for place in verify(house.settings, deep=deep) for error in place.damage)


def kinds(house: House) -> list[list[Path]]:
    """The files of state by their kind, so that each kind is damaged as often as another."""
    found = defaultdict(list)
    for path in files_of(house):
        home, *_ = path.relative_to(house.settings.data_dir).parts
        name = "record" if path.stem.isdigit() else "object" if len(path.name) == SHA256_LETTERS else path.name
        found[home, name].append(path)
    return list(found.values())


def used(house: House, path: Path) -> bool:
    """Whether anything of a damaged file is used: the state by a run, a release by its readers."""
    settings, current = house.settings, release_pointer.pointed_folder(house.settings.releases_dir)
    if path.is_relative_to(settings.vintages_dir) or path.is_relative_to(settings.archive_dir / "fetches"):
        return _goes_on(lambda: (check_state(settings), house.archive.looked_at(FACTS), _outcomes(house)))
    if path.is_relative_to(settings.archive_dir):
        return _goes_on(lambda: house.archive.read_path(path.name))
    if path.name == "release.json":
        return _goes_on(lambda: release_pointer.releases(settings.releases_dir))
    if path.is_relative_to(current) and path.suffix == ".duckdb":
        return _other_rows(current) or _served(current, path)
    return path.is_relative_to(current) and path.name != "SHA256SUMS" and _served(current, path)


def _outcomes(house: House) -> None:
    from pipelines.storage.fetch_outcomes import FetchOutcomes  # noqa: PLC0415

    FetchOutcomes(house.settings.archive_dir).of("scb.kpif")


def _other_rows(release: Path) -> bool:
    """Whether a query answers with anything else than what was written; free space in a database is nobody's row."""
    try:
        return reader.query(release, "select * from observation").rows() != [("a", 1.5)]
    except NyckeltalError:
        return False


def _served(release: Path, path: Path) -> bool:
    parts = path.relative_to(release)
    below, name = ("site", parts.relative_to("site")) if parts.parts[0] == "site" else ("", parts)
    return _goes_on(lambda: _opened(release, below, name.as_posix()))


def _goes_on(work: Callable[[], object]) -> bool:
    try:
        work()
    except (NyckeltalError, FileNotFoundError):
        return False
    return True


def test_each_of_200_flipped_bits_is_named_and_nothing_of_it_is_used(whole: House) -> None:
    drawn, among = random.Random(14), kinds(whole)  # noqa: S311 - the same flips in each run
    for number in range(FLIPS):
        path = drawn.choice(among[number % len(among)])
        body, place, bit = path.read_bytes(), 0, drawn.randrange(8)
        place = drawn.randrange(len(body))
        path.write_bytes(body[:place] + bytes([body[place] ^ (1 << bit)]) + body[place + 1 :])
        sealing.forget()
        try:
            told = f"{path}: byte {place}, bit {bit}"
            assert str(path) in named(whole) or (path.name == "SHA256SUMS" and path.parent.name in named(whole)), told
            assert not used(whole, path), told
        finally:
            path.write_bytes(body)
    assert named(whole) == ""


def test_each_of_40_torn_missing_or_swapped_files_is_named_and_nothing_of_it_is_used(whole: House) -> None:
    drawn, among, files = random.Random(14), kinds(whole), files_of(whole)  # noqa: S311
    # A step without a record counts as not done, a lost refusal is judged again, and the next run writes again what it
    # tells of looks and of what was taken in: none of these is missed.
    unmissed = {"warehouse.json", "refused.json", "looked.json", "outcome.json", "taken_in.json"}
    for number in range(HARMS):
        path = drawn.choice(among[number % len(among)])
        body, other = path.read_bytes(), drawn.choice([f for f in files if f.read_bytes() != path.read_bytes()])
        harm = ["torn", "missing", "swapped"][number % 3]
        if harm == "missing" and path.name not in unmissed:
            path.unlink()
        else:
            path.write_bytes(other.read_bytes() if harm == "swapped" else body[: drawn.randrange(len(body))])
        sealing.forget()
        try:
            told = named(whole)
            assert str(path.parent) in told, f"{harm}: {path}"
            assert not used(whole, path), f"{harm}: {path}"
        finally:
            path.write_bytes(body)
    assert named(whole) == ""


def test_the_quick_check_names_what_is_missing_cut_short_or_too_many_and_reads_no_large_file(own: House) -> None:
    current = release_pointer.pointed_folder(own.settings.releases_dir)
    harmed = [current / "parquet" / "area.parquet", current / "site" / "index.html", current / "nyckeltal.duckdb"]
    harmed[0].unlink()
    harmed[1].write_bytes(harmed[1].read_bytes()[:-1])
    harmed[2].write_bytes(bytes([harmed[2].read_bytes()[0] ^ 1]) + harmed[2].read_bytes()[1:])
    (current / "added.csv").write_text("TEST FIGURES")
    quick = [error.where for error in damage_of_release(current, deep=False)]
    assert quick == [str(current / "added.csv"), str(harmed[0]), str(harmed[1])]
    assert len(damage_of_release(current, deep=True)) == 4


def test_a_delivery_that_is_lost_with_every_release_that_stood_on_it_is_missed(own: House) -> None:
    shutil.rmtree(own.settings.vintages_dir / FACTS / "000003")
    shutil.rmtree(own.settings.releases_dir)
    assert "deliveries are missing that were taken in" in named(own)
    assert str(own.settings.vintages_dir / FACTS) in named(own)
    with pytest.raises(NyckeltalError, match="deliveries are missing"):
        check_state(own.settings)


def test_a_fetch_that_was_never_taken_in_is_not_missed(own: House) -> None:
    own.fetch(FACTS, facts(["N00001"]), promise_of(facts(["N00001"]), FACTS))
    assert own.archive.fetches(FACTS)[-1].number == 4
    assert named(own) == ""


def test_other_rows_are_another_state_whatever_else_is_the_same(own: House) -> None:
    before, folder = own.vintages.state_id(), own.settings.vintages_dir / FACTS / "000002"
    record = json.loads((folder / "delivery.json").read_text())
    content = {key: value for key, value in record.items() if key not in {"seal", "sealed_before", "contents"}}
    rows = pl.read_parquet(folder / "changes.parquet")
    rows.with_columns(value=pl.col("value") + 1).write_parquet(folder / "changes.parquet")
    contents = {path.name: sealing.file_seal(path).model_dump() for path in folder.glob("*.parquet")}
    sealing.write_sealed(
        folder / "delivery.json", content | {"contents": contents}, folder.parent / "000001/delivery.json"
    )
    (folder.parent / "000003" / "delivery.json").unlink()  # it was sealed after the other
    (folder.parent / "000003").rename(own.settings.data_dir / "aside")
    after = own.vintages.state_id()
    assert len(after) == len(before)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
