"""The archive only grows, finds bytes by their content, and tells every change of what was given."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.storage.archive import Archive, Promise
from pipelines.storage.files import sha256_of
from tests.support.deliveries import file_record

DATASET = "kolada.kpi"


def give(archive: Archive, content: bytes, folder: Path, promise: Promise | None = None) -> int:
    """Archive a delivery of these bytes; the number of its record."""
    path = folder / "delivery"
    path.write_bytes(content)
    archive.store(path)
    return archive.record(DATASET, [file_record(DATASET, content)], promise or Promise(rows=1)).number


def everything(home: Path) -> dict[str, bytes]:
    return {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}


@settings(max_examples=50)
@given(contents=st.lists(st.binary(max_size=3) | st.sampled_from([b"A", b"B"]), min_size=1, max_size=8))
def test_every_change_is_recorded_once_and_nothing_written_ever_changes(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = Archive(folder / "archive")
        before: dict[str, bytes] = {}
        for content in contents:
            give(archive, content, folder)
            now = everything(archive.home)
            assert {path: now.get(path) for path in before} == before
            before = now
        given_in_turn = [content for content, _ in itertools.groupby(contents)]
        fetches = archive.fetches(DATASET)
        assert [f.files[0].sha256 for f in fetches] == [hashlib.sha256(c).hexdigest() for c in given_in_turn]
        assert [f.number for f in fetches] == list(range(1, len(given_in_turn) + 1))
        assert archive.latest(DATASET) == fetches[-1]
        objects = list((archive.home / "objects").rglob("*"))
        assert len([p for p in objects if p.is_file()]) == len(set(contents))
        assert all(archive.object_path(hashlib.sha256(c).hexdigest()).read_bytes() == c for c in contents)


def test_a_delivery_that_comes_back_is_a_fetch_of_its_own(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    assert [give(archive, content, tmp_path) for content in (b"A", b"B", b"A")] == [1, 2, 3]
    assert [f.files[0].bytes for f in archive.fetches(DATASET)] == [1, 1, 1]


def test_the_same_twice_is_recorded_once_and_the_second_time_gives_the_first_record(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    give(archive, b"A", tmp_path)
    before = everything(archive.home)
    assert give(archive, b"A", tmp_path) == 1
    assert everything(archive.home) == before


def test_the_same_bytes_with_another_promise_are_a_new_fetch(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    give(archive, b"A", tmp_path, Promise(rows=1))
    assert give(archive, b"A", tmp_path, Promise(rows=2)) == 2


def test_records_are_kept_apart_by_dataset(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    give(archive, b"A", tmp_path)
    assert archive.latest("kolada.values") is None
    assert archive.fetches("kolada.values") == []


def test_numbers_go_on_in_order_beyond_one_digit(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    for number in range(1, 13):
        assert give(archive, str(number).encode(), tmp_path) == number
    assert [f.number for f in archive.fetches(DATASET)] == list(range(1, 13))


def test_a_record_survives_being_written_and_read(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    promise = Promise.model_validate(
        {
            "rows": 2,
            "series": {"N00001": {"rows": 2, "areas": 1, "first_year": 2020, "last_year": 2021}},
            "complete": False,
        }
    )
    written = archive.record(DATASET, [file_record(DATASET, b"A")], promise)
    assert archive.latest(DATASET) == written
    assert written.promise == promise


def test_bytes_are_found_by_their_hash(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc" * 1_000_000)
    digest = Archive(tmp_path / "archive").store(path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest() == sha256_of(path)


def test_archived_bytes_that_no_longer_have_their_hash_are_never_read_as_data(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    give(archive, b"given", tmp_path)
    digest = hashlib.sha256(b"given").hexdigest()
    assert archive.read_path(digest).read_bytes() == b"given"
    archive.object_path(digest).write_bytes(b"gibem")
    with pytest.raises(SourceError, match="not what was given"):
        archive.read_path(digest)
    archive.object_path(digest).unlink()
    with pytest.raises(SourceError, match="not what was given"):
        archive.read_path(digest)


def test_storing_the_bytes_again_mends_a_damaged_object(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    give(archive, b"given", tmp_path)
    digest = hashlib.sha256(b"given").hexdigest()
    archive.object_path(digest).write_bytes(b"gib")
    give(archive, b"given", tmp_path)
    assert archive.read_path(digest).read_bytes() == b"given"
