"""A series that its publisher describes otherwise than when it was reviewed is told until it was read."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from indicators.model.measured import digest
from pipelines.datasets import Way
from pipelines.errors import SourceError
from pipelines.quality.described_anew import DescribedAnew, described_anew
from pipelines.storage.archive import Archive, FileRecord, Promise, Taken

LIST = "kolada.kpi"
START = datetime.fromisoformat("2026-04-30")
OLD, NEW = "Antal personer 65 år och äldre.", "Antal personer. Fr.o.m. 2026 ingår alla åldrar."  # TEST FIGURES


def file_record(archive: Archive, body: bytes) -> FileRecord:
    """A page, stored in the archive."""
    return FileRecord(
        sha256=archive.store_bytes(body), source_id="kolada", dataset=LIST, url="http://localhost/kpi",
        fetched_at=START, published_at=None, bytes=len(body), licence="", attribution="",
    )  # fmt: skip


def archived(home: Path, *descriptions: str | None, way: Way = "live") -> Archive:
    """An archive of one list a night, each with the description of N00001 on that night; all were taken in."""
    archive, taken = Archive(home), []
    for night, text in enumerate(descriptions):
        values = [{"id": "N00001", "title": "Personer", "description": text}, {"id": "N00002", "description": OLD}]
        body = json.dumps({"values": values, "night": night}).encode()
        fetched = archive.record(LIST, [file_record(archive, body)], Promise(rows=2), way=way)
        moment = START + timedelta(days=night)
        taken.append(Taken(number=night + 1, content_id=fetched.content_id, known_from=moment))
    archive.note_taken_in(LIST, taken)
    return archive


@pytest.mark.parametrize(("nights", "first"), [((OLD, OLD, NEW), 2), ((OLD, NEW, NEW, NEW), 1), ((NEW, NEW), 0)])
def test_another_description_is_told_from_the_night_on_which_it_came(
    tmp_path: Path, nights: tuple[str, ...], first: int
) -> None:
    found = described_anew(archived(tmp_path, *nights), LIST, {"N00001": digest(OLD), "N00002": digest(OLD)})
    assert found == {"N00001": DescribedAnew(START + timedelta(days=first), digest(OLD), digest(NEW))}


@pytest.mark.parametrize("nights", [(OLD,), (NEW, OLD), (f" {OLD}\n",)], ids=["the same", "back again", "white space"])
def test_the_description_that_was_reviewed_is_not_told(tmp_path: Path, nights: tuple[str, ...]) -> None:
    assert described_anew(archived(tmp_path, *nights), LIST, {"N00001": digest(OLD)}) == {}


def test_it_is_told_no_more_once_the_new_description_is_declared(tmp_path: Path) -> None:
    archive = archived(tmp_path, OLD, NEW)
    assert described_anew(archive, LIST, {"N00001": digest(NEW)}) == {}


def test_a_description_that_was_taken_away_is_told(tmp_path: Path) -> None:
    found = described_anew(archived(tmp_path, OLD, None), LIST, {"N00001": digest(OLD)})
    assert found["N00001"].now == digest(None)


def test_of_the_embedded_figures_and_of_vanished_series_nothing_is_told(tmp_path: Path) -> None:
    assert described_anew(archived(tmp_path / "a", NEW, way="snapshot"), LIST, {"N00001": digest(OLD)}) == {}
    assert described_anew(archived(tmp_path / "b", OLD), LIST, {"N00009": digest(NEW)}) == {}
    assert described_anew(Archive(tmp_path / "c"), LIST, {"N00001": digest(OLD)}) == {}


def test_bytes_that_are_not_what_was_given_are_named(tmp_path: Path) -> None:
    archive = archived(tmp_path, OLD)
    (path,) = [p for p in (tmp_path / "objects").rglob("*") if p.is_file()]
    path.write_bytes(b"[]")
    with pytest.raises(SourceError, match="not what was given"):
        described_anew(archive, LIST, {"N00001": digest(OLD)})


@pytest.mark.parametrize("body", [b"[]", b"{}", b"{", b'{"values": [1]}', b'{"values": [{"title": "Personer"}]}'])
def test_a_page_that_is_no_list_of_series_is_named(tmp_path: Path, body: bytes) -> None:
    archive = Archive(tmp_path)
    record = file_record(archive, body)
    fetched = archive.record(LIST, [record], Promise(rows=1), way="live")
    archive.note_taken_in(LIST, [Taken(number=1, content_id=fetched.content_id, known_from=START)])
    with pytest.raises(SourceError, match="cannot be read"):
        described_anew(archive, LIST, {"N00001": digest(OLD)})
