"""Damage to what lasts is seen before anything is read by it, whichever bit of whichever file it is."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.settings import Settings
from pipelines.storage.archive import Archive, Promise
from pipelines.storage.sealing import DamagedError
from pipelines.storage.vintages import Vintages
from tests.support.deliveries import FACTS, NOON, House, changed, facts, file_record

DATASET = "kolada.kpi"


def two_deliveries(home: Path) -> House:
    """Two deliveries taken in, with one row set aside, and two fetches archived."""
    house = House(Settings(data_dir=home / "data", snapshot_dir=home / "snapshot", memory_limit_mb=300))
    rows = facts()
    house.absorb(house.parsed(FACTS, rows), NOON)
    held = changed(rows, 7, value=-1.0)[6:7]
    house.absorb(house.parsed(FACTS, changed(rows, 1, value=11.5), held=held), NOON.replace(day=2))
    for content in (b"A", b"B"):
        house.archive.record(DATASET, [file_record(DATASET, content)], Promise(rows=1))
    return house


def everything_is_read(house: House) -> None:
    house.vintages.check()
    house.archive.check()


def files_of(house: House) -> list[Path]:
    homes = (house.settings.vintages_dir, house.settings.archive_dir)
    return sorted(path for home in homes for path in home.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def whole() -> House:
    return two_deliveries(Path(tempfile.mkdtemp()))


@given(data=st.data())
@settings(max_examples=60)
def test_no_flipped_bit_is_read(whole: House, data: st.DataObject) -> None:
    everything_is_read(whole)
    path = data.draw(st.sampled_from(files_of(whole)), label="file")
    body = path.read_bytes()
    place = data.draw(st.integers(0, len(body) - 1), label="byte")
    bit = data.draw(st.integers(0, 7), label="bit")
    path.write_bytes(body[:place] + bytes([body[place] ^ (1 << bit)]) + body[place + 1 :])
    try:
        with pytest.raises(DamagedError) as caught:
            everything_is_read(whole)
        assert str(path) in caught.value.where
        assert caught.value.expected
        assert caught.value.found
        assert "backup" in caught.value.remedy
        if path.is_relative_to(whole.settings.vintages_dir):
            with pytest.raises(DamagedError):
                whole.vintages.known_sql(FACTS)
    finally:
        path.write_bytes(body)


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "000002" / "changes.parquet").unlink(),
        lambda folder: (folder / "000002" / "delivery.json").unlink(),
        lambda folder: (folder / "000001" / "changes.parquet").write_bytes(b""),
        lambda folder: shutil.copy(folder / "000001" / "changes.parquet", folder / "000002" / "quarantine.parquet"),
        lambda folder: shutil.copy(folder / "000001" / "delivery.json", folder / "000002" / "delivery.json"),
        lambda folder: shutil.rmtree(folder / "000001"),
        lambda folder: (folder / "000001" / "added.parquet").write_bytes(b"x"),
    ],
    ids=["file gone", "record gone", "cut short", "exchanged", "record of another", "delivery gone", "file too many"],
)
def test_what_is_gone_exchanged_or_added_is_told_by_name(tmp_path: Path, harm: object) -> None:
    house = two_deliveries(tmp_path)
    folder = house.settings.vintages_dir / FACTS
    harm(folder)  # type: ignore[operator]
    with pytest.raises(DamagedError) as caught:
        house.vintages.history_sql(FACTS)
    assert str(folder) in caught.value.where


def unsealed(path: Path, *keys: str) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({k: v for k, v in record.items() if k not in keys}), encoding="utf-8")


def as_before_seals(house: House) -> None:
    """Records as they were written before there were seals."""
    for path in files_of(house):
        if path.suffix == ".json":
            unsealed(path, "seal", "sealed_before", "contents")


def test_records_from_before_seals_are_read_sealed_once_and_guarded_from_then_on(tmp_path: Path) -> None:
    house = two_deliveries(tmp_path)
    known = house.read(f"select * from ({house.vintages.known_sql(FACTS)}) order by all")
    as_before_seals(house)

    assert house.read(f"select * from ({house.vintages.known_sql(FACTS)}) order by all") == known
    house.vintages.seal_older()
    house.archive.seal_older()

    sealed = {path: path.read_bytes() for path in files_of(house)}
    everything_is_read(house)
    assert house.read(f"select * from ({house.vintages.known_sql(FACTS)}) order by all") == known
    house.vintages.seal_older()
    house.archive.seal_older()
    assert {path: path.read_bytes() for path in files_of(house)} == sealed, "sealed once"
    changes = house.settings.vintages_dir / FACTS / "000001" / "changes.parquet"
    changes.write_bytes(changes.read_bytes()[:-1] + b"X")
    with pytest.raises(DamagedError):
        everything_is_read(house)


def test_a_delivery_after_records_from_before_seals_seals_them(tmp_path: Path) -> None:
    house = two_deliveries(tmp_path)
    as_before_seals(house)
    house.absorb(house.parsed(FACTS, changed(facts(), 2, value=12.5)), NOON.replace(day=3))
    everything_is_read(house)
    assert all("seal" in json.loads(p.read_text()) for p in house.settings.vintages_dir.rglob("delivery.json"))


@pytest.mark.parametrize("lost", [("seal",), ("seal", "sealed_before"), ("contents",)])
def test_a_record_that_lost_its_seal_is_not_taken_for_an_older_one(tmp_path: Path, lost: tuple[str, ...]) -> None:
    house = two_deliveries(tmp_path)
    unsealed(house.settings.vintages_dir / FACTS / "000001" / "delivery.json", *lost)
    with pytest.raises(DamagedError):
        house.vintages.seal_older()


def test_what_cannot_be_sealed_for_it_is_no_record_is_told(tmp_path: Path) -> None:
    house = two_deliveries(tmp_path)
    as_before_seals(house)
    path = house.settings.vintages_dir / FACTS / "000001" / "delivery.json"
    path.write_text(path.read_text().replace('"known_from"', '"knovn_from"'))
    with pytest.raises(DamagedError, match="known_from"):
        Vintages(house.settings).latest(FACTS), house.vintages.deliveries(FACTS)
    assert Archive(house.settings.archive_dir).latest(DATASET) is not None
