"""Formats of records: older state is read as it is, a newer format is refused by name, one place brings up to date."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.release import publication
from pipelines.storage import release_pointer, state_records
from pipelines.storage.sealing import write_sealed
from pipelines.storage.state_records import NewerFormatError, StateRecord, read_record
from pipelines.storage.verification import check_state, verify
from tests.support.deliveries import FACTS, House
from tests.support.sealed_state import files_of, sealed_state

NEW = {"format", "seal", "sealed_before"}
UNSEALED = {"looked.json", "refused.json", "release.json"}  # without seals, at 26279d5


@pytest.fixture
def house(tmp_path: Path) -> House:
    return sealed_state(tmp_path)


def as_26279d5_wrote(house: House, *, with_seals: bool) -> None:
    """State as it was before formats, lists of releases, and seals of releases, refusals and looks."""
    for home in (house.settings.staged_dir, house.settings.builds_dir):
        shutil.rmtree(home)  # were not kept
    before: dict[Path, Path] = {}
    for path in files_of(house):
        if path.name in {"SHA256SUMS", "outcome.json", "taken_in.json"}:
            path.unlink()
        elif path.suffix == ".json" and path.name != "files.json":
            is_sealed = with_seals and path.name not in UNSEALED
            content = {key: value for key, value in json.loads(path.read_text()).items() if key not in NEW}
            if not is_sealed:
                content.pop("contents", None)
                path.write_text(json.dumps(content))
                continue
            chain = path.parents[1 if path.name == "delivery.json" else 0]
            write_sealed(path, content, before.get(chain))
            before[chain] = path


@pytest.mark.parametrize("with_seals", [True, False])
def test_state_that_an_earlier_version_wrote_is_read_as_it_was_and_goes_on(house: House, with_seals: bool) -> None:
    known = house.read(f"select * from ({house.vintages.known_sql(FACTS)}) order by all")
    state, planned = house.vintages.state_id(), publication.plan(house.settings)
    releases = [(r.release_id, r.tables) for r in release_pointer.releases(house.settings.releases_dir)]

    as_26279d5_wrote(house, with_seals=with_seals)

    check_state(house.settings)
    assert [error for place in verify(house.settings, deep=True) for error in place.damage] == []
    assert house.read(f"select * from ({house.vintages.known_sql(FACTS)}) order by all") == known
    assert [(r.release_id, r.tables) for r in release_pointer.releases(house.settings.releases_dir)] == releases
    assert house.archive.looked_at(FACTS) is not None
    assert [r.is_proven for r in house.vintages.refusals(FACTS)] == [True]
    assert house.vintages.state_id() == state, "sealed or not, it is the same state"
    again = publication.plan(house.settings)
    assert again
    assert planned
    assert again.input_hash == planned.input_hash
    house.vintages.seal_older(), house.archive.seal_older()
    check_state(house.settings)
    assert house.vintages.state_id() == state


def test_a_record_of_a_newer_format_is_refused_by_name_whatever_its_kind(house: House) -> None:
    first = {"000001.json", "000002.json", "000001/delivery.json", "000002/delivery.json"}  # others follow on these
    kinds = [p for p in files_of(house) if p.suffix == ".json" and not any(p.match(f"*/{name}") for name in first)]
    kinds = [path for path in kinds if path.name != "files.json"]
    assert len({path.name for path in kinds}) == len({"000003.json", "delivery.json", "warehouse.json", *UNSEALED}) + 3
    for path in kinds:
        body = path.read_bytes()
        content = {k: v for k, v in json.loads(body).items() if k not in {"seal", "sealed_before"}}
        before = {"000003.json": path.with_name("000002.json"), "delivery.json": path.parents[1] / "000002" / path.name}
        write_sealed(path, content | {"format": content["format"] + 1}, before.get(path.name))
        told = [e for place in verify(house.settings, deep=True) for e in place.damage if e.where == str(path)]
        assert isinstance(told[0], NewerFormatError), path
        assert "newer nyckeltal" in told[0].remedy
        path.write_bytes(body)
    assert [error for place in verify(house.settings, deep=True) for error in place.damage] == []


class Room(StateRecord):
    """A kind of record whose second format renamed a key."""

    format: int = 2
    place: str


def test_an_older_format_is_brought_up_to_date_in_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sealed(tmp_path / "old.json", {"room": "kitchen"}, None)
    write_sealed(tmp_path / "new.json", Room(place="cellar").model_dump(), None)
    monkeypatch.setitem(state_records.MIGRATIONS, ("Room", 1), lambda content: {"place": content["room"]})
    assert read_record(tmp_path / "old.json", Room, "a room") == Room(place="kitchen")
    assert read_record(tmp_path / "new.json", Room, "a room") == Room(place="cellar")
