"""The journal of a fetch under way: what came before a kill is gone on with, and nothing that is not whole."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.sources.fetch_journal import FetchJournal
from pipelines.storage.archive import Archive, Promise

DATASET = "kolada.values"
NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - UTC without zone, as everywhere
DAY = timedelta(hours=24)
PAGES = {f"https://api.example/page/{n}": f"sida {n}".encode() for n in range(1, 6)}
FIRST = next(iter(PAGES))
PROMISE = Promise(rows=5)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def opened(archive: Archive, plan: str = "sweep", now: datetime = NOON, resume: timedelta = DAY) -> FetchJournal:
    return FetchJournal(archive, DATASET, plan, now, resume)


def filled(archive: Archive, pages: int = 5) -> FetchJournal:
    """A journal with the first pages, as a fetch leaves it when it is interrupted."""
    pending = opened(archive)
    for key in list(PAGES)[:pages]:
        pending.add(key, key, PAGES[key])
    return pending


def known(pending: FetchJournal) -> list[str]:
    """The keys that need not be asked for again, each with the bytes that it was given."""
    found = [key for key in PAGES if pending.find(key) is not None]
    for key in found:
        record = pending.find(key)
        assert record is not None
        assert pending.body(record) == PAGES[key]
    return found


def journal(archive: Archive) -> Path:
    return archive.pending_path(DATASET)


def test_a_page_is_kept_with_where_it_is_from_and_under_which_terms(archive: Archive) -> None:
    pending = opened(archive)
    record = pending.add("key", "https://api.example/x", b"kropp", published_at="2026-03-01")
    assert pending.find("key") == record
    assert pending.body(record) == b"kropp"
    assert (record.dataset, record.source_id, record.url) == (DATASET, "kolada", "https://api.example/x")
    assert (record.fetched_at, record.published_at, record.bytes) == (NOON, "2026-03-01", 5)
    assert record.attribution == "Källa: Kolada"
    assert pending.find("another") is None


def test_an_interrupted_fetch_goes_on_where_it_was(archive: Archive) -> None:
    filled(archive, 3)
    later = opened(archive, now=NOON + timedelta(hours=5))
    assert known(later) == list(PAGES)[:3]
    for key in list(PAGES)[3:]:
        later.add(key, key, PAGES[key])
    fetch = later.finish(PAGES, PROMISE)
    assert [file.url for file in fetch.files] == list(PAGES)
    assert [file.fetched_at.hour for file in fetch.files] == [12, 12, 12, 17, 17]


def test_it_can_be_interrupted_twice(archive: Archive) -> None:
    filled(archive, 2)
    opened(archive).add(list(PAGES)[2], "-", PAGES[list(PAGES)[2]])
    assert known(opened(archive)) == list(PAGES)[:3]


@settings(max_examples=60)
@given(cut=st.integers(0, 2500))
def test_a_journal_cut_anywhere_gives_whole_pages_or_none(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    archive = Archive(tmp_path_factory.mktemp("cut"))
    filled(archive)
    whole = journal(archive).read_bytes()
    journal(archive).write_bytes(whole[:cut])
    lines = whole[:cut].split(b"\n")[:-1]  # those that still end
    pages = max(0, len(lines) - 1)
    if whole[cut : cut + 1] == b"\n":  # only the end of the line was lost
        pages = len(lines)
    again = opened(archive)
    assert known(again) == list(PAGES)[:pages]
    for key in list(PAGES)[pages:]:
        again.add(key, key, PAGES[key])
    assert known(opened(archive)) == list(PAGES)
    assert [f.url for f in again.finish(PAGES, PROMISE).files] == list(PAGES)


def test_a_journal_cut_in_the_midst_of_a_letter_is_gone_on_with(archive: Archive) -> None:
    filled(archive)
    whole = journal(archive).read_bytes()
    letter = whole.rindex("Källa".encode()) + 2  # between the two bytes of ä
    journal(archive).write_bytes(whole[:letter])
    assert known(opened(archive)) == list(PAGES)[:4]


@pytest.mark.parametrize("damage", [b"", b"another page", None])
def test_a_page_whose_bytes_are_damaged_is_asked_for_again(archive: Archive, damage: bytes | None) -> None:
    key = list(PAGES)[1]
    record = filled(archive).find(key)
    assert record is not None
    path = archive.object_path(record.sha256)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    again = opened(archive)
    assert known(again) == [k for k in PAGES if k != key]
    again.add(key, key, PAGES[key])
    assert path.read_bytes() == PAGES[key]


def test_bytes_that_are_damaged_while_the_fetch_runs_are_refused(archive: Archive) -> None:
    pending = filled(archive, 1)
    record = pending.find(FIRST)
    assert record is not None
    archive.object_path(record.sha256).write_bytes(b"another page")
    with pytest.raises(SourceError, match="not what was given"):
        pending.body(record)


@pytest.mark.parametrize(
    ("plan", "hours", "resumed"),
    [
        ("sweep", 24, True),
        ("sweep", 24.1, False),  # too old
        ("sweep", -0.1, False),  # from the future
        ("delta", 1, False),  # something else is fetched
        ("", 1, False),
    ],
)
def test_only_a_young_fetch_of_the_same_is_gone_on_with(
    archive: Archive, plan: str, hours: float, resumed: bool
) -> None:
    filled(archive)
    moment = NOON + timedelta(hours=hours)
    assert known(opened(archive, plan, moment)) == (list(PAGES) if resumed else [])
    # What was begun anew is the fetch under way from then on.
    assert opened(archive, plan, moment).find(FIRST) is not None or not resumed
    assert json.loads(journal(archive).read_text(encoding="utf-8").splitlines()[0])["plan"] == plan


def test_how_long_a_fetch_may_go_on_counts_from_its_beginning(archive: Archive) -> None:
    filled(archive, 2)
    assert known(opened(archive, now=NOON + timedelta(hours=20)))
    assert not known(opened(archive, now=NOON + timedelta(hours=40)))


def test_a_line_of_another_shape_is_a_page_to_ask_for_again(archive: Archive) -> None:
    filled(archive)
    lines = journal(archive).read_text(encoding="utf-8").splitlines()
    lines[2] = json.dumps({"key": list(PAGES)[1], "record": {"sha256": "0" * 64}})
    lines[3] = "null"
    journal(archive).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert known(opened(archive)) == [k for n, k in enumerate(PAGES) if n not in {1, 2}]


def test_threads_write_their_pages_down_side_by_side(archive: Archive) -> None:
    pending = opened(archive)
    pages = {f"page {n}": f"värde {n}".encode() * 50 for n in range(200)}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda key: pending.add(key, key, pages[key]), pages))
    again = opened(archive)
    for key, body in pages.items():
        record = again.find(key)
        assert record is not None
        assert again.body(record) == body
    assert len(journal(archive).read_bytes().splitlines()) == 201


def test_a_fetch_holds_its_pages_in_the_order_asked_for(archive: Archive) -> None:
    keys = list(PAGES)
    backwards = keys[::-1]
    pending = opened(archive)
    for key in keys:
        pending.add(key, key, PAGES[key])
    fetch = pending.finish(backwards, PROMISE)
    assert [file.url for file in fetch.files] == backwards
    assert fetch.way == "live"
    assert archive.latest(DATASET) == fetch
    assert not journal(archive).exists()


def test_pages_that_are_not_named_are_no_part_of_the_fetch(archive: Archive) -> None:
    keys = list(PAGES)
    assert [f.url for f in filled(archive).finish(keys[1:3], PROMISE).files] == keys[1:3]


def test_a_page_that_came_twice_is_the_later(archive: Archive) -> None:
    pending = filled(archive)
    key = FIRST
    pending.add(key, key, b"changed meanwhile")
    again = opened(archive)
    record = again.find(key)
    assert record is not None
    assert again.body(record) == b"changed meanwhile"


def test_the_same_bytes_at_two_addresses_are_two_pages_and_one_object(archive: Archive) -> None:
    pending = opened(archive)
    for key in ("a", "b"):
        pending.add(key, key, b"empty page")
    fetch = pending.finish(["a", "b"], PROMISE)
    assert [file.url for file in fetch.files] == ["a", "b"]
    assert len({file.sha256 for file in fetch.files}) == 1
    assert len([p for p in (archive.home / "objects").rglob("*") if p.is_file()]) == 1


def test_identical_content_gives_the_last_record(archive: Archive) -> None:
    first = filled(archive).finish(PAGES, PROMISE)
    later = opened(archive, now=NOON + timedelta(days=3))
    for key, body in PAGES.items():
        later.add(key, key, body)
    assert later.finish(PAGES, PROMISE) == first
    assert archive.fetches(DATASET) == [first]
    assert not journal(archive).exists()


def test_other_content_or_another_promise_is_another_record(archive: Archive) -> None:
    first = filled(archive).finish(PAGES, PROMISE)
    second = filled(archive).finish(PAGES, Promise(rows=6))
    pending = filled(archive)
    pending.add(FIRST, "-", b"revised")
    third = pending.finish(PAGES, Promise(rows=6))
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert archive.fetches(DATASET) == [first, second, third]


def test_a_fetch_that_was_recorded_before_the_kill_is_not_taken_for_unfinished(archive: Archive) -> None:
    pending = filled(archive)
    kept = journal(archive).read_bytes()
    pending.finish(PAGES, PROMISE)
    journal(archive).write_bytes(kept)  # as if the kill had come before the journal's end
    assert known(opened(archive, now=NOON + timedelta(hours=1))) == []


def test_a_fetch_that_is_forgotten_begins_anew_and_its_bytes_stay(archive: Archive) -> None:
    pending = filled(archive)
    pending.discard()
    pending.discard()
    assert known(opened(archive)) == []
    assert archive.latest(DATASET) is None
    assert len([p for p in (archive.home / "objects").rglob("*") if p.is_file()]) == len(PAGES)


def test_a_page_whose_line_a_disk_has_damaged_is_asked_for_again(archive: Archive) -> None:
    filled(archive)
    text = journal(archive).read_text(encoding="utf-8")
    assert text.count('"licence": "') == len(PAGES)
    journal(archive).write_text(text.replace('"licence": "', '"licence": "x', 1), encoding="utf-8")
    assert known(opened(archive)) == list(PAGES)[1:]
