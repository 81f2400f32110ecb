"""Parts of the query interface by themselves: cursors, forms, years, fingerprints, JSON-stat's cube."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.api import cursors, formats, sql_process
from pipelines.api.current_release import ResponseCache
from pipelines.api.guard import _name, _without_ending
from pipelines.api.parameters import AsOf, Observations, fingerprint, year_ranges
from pipelines.api.problems import ApiError

FORMS = (*formats.TABULAR, formats.JSONSTAT)
TEXT = st.text(max_size=30)


@given(release=TEXT, question=TEXT, text=TEXT, year=st.integers(0, 9999))
def test_a_cursor_gives_back_its_key(release: str, question: str, text: str, year: int) -> None:
    cursor = cursors.write(release, question, [text, year])
    assert cursors.read(cursor, release, question, [str, int]) == (text, year)
    assert all(letter.isalnum() or letter in "-_" for letter in cursor)  # nothing to be quoted in an address


@given(st.one_of(TEXT, st.binary(max_size=30).map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_what_is_no_cursor_is_refused_with_words(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        cursors.read(text, "r", "q", [str])
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("release", "question", "key", "status"),
    [("other", "q", ["a"], 410), ("r", "other", ["a"], 400), ("r", "q", [1], 400), ("r", "q", ["a", "b"], 400)],
)
def test_a_cursor_is_good_for_its_question_in_its_release_only(
    release: str, question: str, key: list[Any], status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        cursors.read(cursors.write(release, question, key), "r", "q", [str])
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("accept", "ending"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        ("application/vnd.apache.parquet", "parquet"),
        ("application/vnd.json-stat+json", "jsonstat"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),  # a browser
        ("text/csv;q=0.5, application/json;q=0.4", "csv"),
        ("application/json;q=0, */*;q=0.1", "csv"),
        ("*/*;q=0.1, text/csv;q=0", "json"),
        ("TEXT/CSV ; Q=1", "csv"),
    ],
)
def test_the_form_follows_accept(accept: str, ending: str) -> None:
    assert formats.choose(None, accept, FORMS).ending == ending


@pytest.mark.parametrize(
    ("ending", "accept"),
    [(None, "text/html"), (None, "application/json;q=0"), (None, "text/csv;q=x"), ("xlsx", "*/*"), ("", "*/*")],
)
def test_a_form_that_is_not_given_is_406_with_those_that_are(ending: str | None, accept: str) -> None:
    with pytest.raises(ApiError) as refused:
        formats.choose(ending, accept, FORMS)
    assert refused.value.status == 406
    assert all(form.media_type in refused.value.expected for form in FORMS)


def test_an_ending_wins_over_accept() -> None:
    assert formats.choose("csv", "application/json", FORMS) is formats.CSV


FRAME = pl.DataFrame(
    {
        "text": ["=1+1", 'å, "ä"\nö', "", None],
        "number": [1.5, None, float("nan"), -2.0],
        "when": [datetime(2026, 1, 2, 3, 4, 5, 6), None, datetime(2026, 1, 2), None],  # noqa: DTZ001 - as the tables have it
        "day": [date(2026, 1, 2), None, None, None],
        "exact": [Decimal(10) ** 20, None, None, None],
        "whole": [True, False, None, None],
    },
    schema_overrides={"exact": pl.Decimal(38, 0)},
)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5])
def test_json_holds_every_row_with_null_for_what_is_missing(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "BATCH", batch)
    found = json.loads(b"".join(formats.write_json({"next": None}, FRAME)))
    assert found["next"] is None
    assert found["rows"] == [
        {"text": "=1+1", "number": 1.5, "when": "2026-01-02T03:04:05.000006", "day": "2026-01-02", "exact": 10**20,
         "whole": True},
        {"text": "å, \"ä\"\nö", "number": None, "when": None, "day": None, "exact": None, "whole": False},
        {"text": "", "number": None, "when": "2026-01-02T00:00:00.000000", "day": None, "exact": None, "whole": None},
        {"text": None, "number": -2.0, "when": None, "day": None, "exact": None, "whole": None},
    ]  # fmt: skip


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_csv_holds_every_row_and_no_formula(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "BATCH", batch)
    text = b"".join(formats.write_csv(FRAME.rename({"whole": "@whole"})))
    assert text.splitlines()[0].decode() == "text,number,when,day,exact,'@whole"
    rows = list(csv.reader(io.StringIO(text.decode())))[1:]
    assert [row[0] for row in rows] == ["'=1+1", "å, ”ä”\nö", "none", "none"]
    assert [row[4] for row in rows] == ["100000000000000000000", "", "", ""]
    assert text.splitlines()[-2:] == [
        b"none,,2026-01-02T00:00:00.000000Z,,,",
        b"none,-2.0,,,,",
    ]


def test_an_empty_frame_is_an_answer_too() -> None:
    nothing = FRAME.clear()
    assert json.loads(b"".join(formats.write_json({}, nothing)))["rows"] == []
    assert b"".join(formats.write_csv(nothing)) == b"text,number,when,day,exact,whole\n"
    assert pl.read_parquet(b"".join(formats.write_parquet(nothing))).schema == nothing.schema


def test_the_same_answer_is_the_same_bytes_also_when_it_is_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", iter(range(1000)).__next__)
    first, second = (b"".join(formats.gzipped(formats.write_csv(FRAME))) for _ in range(2))
    assert first == second
    assert gzip.decompress(first) == b"".join(formats.write_csv(FRAME))


def test_years_and_spans() -> None:
    assert year_ranges(["2022", "2018-2020", "2018-", "-2005"]) == [(2022, 2022), (2018, 2020), (2018, 9999), (0, 2005)]


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-11-22", "2026-11-22"),
        ("2026-11-22T21:28:00", "2026-11-22 21:28:00.000000"),
        ("2026-11-22 21:28", "2026-11-22 21:28:00.000000"),
        ("2026-11-22T21:28:00Z", "2026-11-22 21:28:00.000000"),
        ("2026-11-22T22:28:00+01:00", "2026-11-22 21:28:00.000000"),
    ],
)
def test_moments_are_days_or_utc(given: str, moment: str) -> None:
    assert AsOf(moment=given).moment == moment


@pytest.mark.parametrize("given", ["", "yesterday", "2026-13-01", "20261122x", "2026-11-22T21:28:00 01:00"])
def test_what_is_no_moment_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="moment"):
        AsOf(moment=given)


def test_a_question_is_the_same_whatever_the_order_page_and_limit() -> None:
    one = Observations(area=["1480", "0180", "1480"], sex=["T"], limit=3, cursor="x")
    assert fingerprint("/a", one) == fingerprint("/a", Observations(sex=["T"], area=["0180", "1480"]))
    others = [Observations(area=["1480"]), Observations(group=["1480", "0180"], sex=["T"]), Observations(labels=True)]
    assert len({fingerprint("/a", o) for o in [one, *others]} | {fingerprint("/b", one)}) == 5


@pytest.mark.parametrize(
    ("path", "stripped", "ending"),
    [
        ("/api/v1/observations.csv", "/api/v1/observations", "csv"),
        ("/api/v1/indicators/a_b.json", "/api/v1/indicators/a_b", "json"),
        ("/api/v1/observations", "/api/v1/observations", None),
        ("/api/v1/a.b/c", "/api/v1/a.b/c", None),
        ("/utgava/release.json", "/utgava/release.json", None),
    ],
)
def test_endings_are_taken_off_addresses_of_the_interface(path: str, stripped: str, ending: str | None) -> None:
    found = _without_ending({"path": path})
    assert (found["path"], found.get("nyckeltal.ending")) == (stripped, ending)


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1:8000", "127.0.0.1"), ("LOCALHOST", "localhost"), ("[::1]:80", "::1"), ("", ""), ("[x", ""),
     ("127.0.0.1.evil.example", "127.0.0.1.evil.example")],
)  # fmt: skip
def test_the_name_of_a_host(host: str, name: str) -> None:
    assert _name(host) == name


def test_answers_are_kept_as_long_as_there_is_room() -> None:
    kept = ResponseCache(10)
    for tag in ("a", "b"):
        kept.put(tag, b"12345", None)
    kept.put("a", b"once is enough", "/next")
    assert kept.get("a") == (b"12345", None)
    kept.put("c", b"123", "/next")  # there is no room for three, and b was not asked for the longest
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ((b"12345", None), None, (b"123", "/next"))
    kept.put("d", b"x" * 2_000_000, None)
    assert kept.get("d") is None


def test_a_process_for_sql_has_loaded_what_carries_results_before_its_query_comes() -> None:
    with sql_process._processes().Pool(1) as pool:
        assert pool.apply(eval, ("{'duckdb', 'polars', 'pyarrow'} <= set(__import__('sys').modules)",))
