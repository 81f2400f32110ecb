"""What a cell of CSV says, and which row stands first; the real programs read whole files elsewhere."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text import csv_values
from pipelines.text.normalise import code


def cells(name: str, *values: Any, kind: Any = None) -> list[str | None]:
    made = csv_values.readable(pl.DataFrame({name: pl.Series(values, dtype=kind)}))
    return pl.read_csv(made.write_csv().encode(), infer_schema=False)[name].to_list()


@pytest.mark.parametrize("name", ["area_id", "county_id", "region_id", "group_id", "similar_area_id", "donor_area_id"])
def test_a_code_of_digits_keeps_its_zeros_and_comes_back(name: str) -> None:
    assert cells(name, "0180", "01", "0000", "GR", "V15E1234", None) == [
        "SE_0180", "SE_01", "SE_0000", "GR", "V15E1234", "none",
    ]  # fmt: skip
    assert [code(f"SE_{c}") for c in ("0180", "01")] == ["0180", "01"]
    assert code("SE_12a") == "SE_12a"


def test_codes_in_lists_and_sexes() -> None:
    assert cells("treated", "0014", "1480, 1481", "GR") == ["SE_0014", "SE_1480, SE_1481", "GR"]
    assert cells("sex", "T", "K", "M", None) == ["total", "women", "men", "none"]
    assert [csv_values.sex_of(word) for word in ("total", "women", "men", "K", "x")] == ["T", "K", "M", "K", "x"]


def test_an_absent_text_is_a_word_and_an_absent_number_an_empty_cell() -> None:
    assert cells("a", None, "", "x") == ["none", "none", "x"]
    assert cells("a", None, 1.5, float("nan"), float("inf"), 84.0) == [None, "1.5", None, None, "84.0"]
    assert cells("a", None, True, False) == [None, "TRUE", "FALSE"]


def test_a_time_says_that_it_is_utc() -> None:
    moment = datetime(2026, 11, 28, 18, 2, 22, 176160)  # noqa: DTZ001 - as the tables have it
    assert cells("a", moment) == ["2026-11-28T18:02:22.176160Z"]
    stockholm = moment.replace(tzinfo=timezone(timedelta(hours=1)))
    assert cells("a", stockholm) == ["2026-11-28T17:02:22.176160Z"]


@pytest.mark.parametrize(
    "text", ["Mark", "65+", "per 1 000 inv", "N00945", "normal", "none", "Ale", "%", "2 av 3", "Maj"]
)
def test_what_no_program_misreads_stays_as_it_is(text: str) -> None:
    assert cells("a", text) == [text]


@pytest.mark.parametrize(
    "text", ["1E5", "10-12", "MAR1", "2021:18", "NA", "T", "0180", "=1+1", "-1", "2024-08", "12 %"]
)
def test_what_a_program_would_misread_has_an_apostrophe(text: str) -> None:
    assert cells("a", text) == [f"'{text}"]


def test_a_quotation_mark_is_a_curved_one() -> None:
    assert cells("a", 'Källa: "Kolada"') == ["Källa: ”Kolada”"]


SHORT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=6)
NEAR = st.text("0123456789eE+-.,:/ TFNAaninfMAR%'", min_size=1, max_size=8)


@given(st.lists(st.one_of(SHORT, NEAR), min_size=1, max_size=40))
def test_any_text_is_read_as_a_text_by_pandas_polars_and_duckdb(texts: list[str]) -> None:
    frame = pl.DataFrame({f"c{n}": [text] * 2 for n, text in enumerate(texts)} | {"word": ["a", "b"]})
    written = "".join(csv_values.written(frame))
    said = csv_values.readable(frame).row(0)
    assert tuple(pd.read_csv(io.StringIO(written)).iloc[0]) == said
    read = pl.read_csv(written.encode())
    assert (read.row(0), set(read.dtypes)) == (said, {pl.String})


# Which row stands first


def test_a_number_that_comes_late_stands_first_and_the_rest_in_order() -> None:
    rare = [None] * 5_000 + [1.5] + [None] * 10
    frame = pl.DataFrame({"n": range(5_011), "rare": rare, "rarer": [*[None] * 5_010, 2]})
    moved = csv_values.fullest_first(frame)
    assert moved["n"].to_list() == [5_000, 5_010, *(n for n in range(5_011) if n not in {5_000, 5_010})]
    assert moved.columns == frame.columns
    text = "".join(csv_values.written(frame))
    assert pl.read_csv(text.encode()).schema["rare"] == pl.Float64


@pytest.mark.parametrize(
    "rare", [[1.5, *[None] * 5_000], [None] * 5_001, [None, *[1.5] * 5_000], [None] * 50 + [1.5] * 4_951]
)
def test_rows_stay_in_order_where_every_program_finds_the_numbers(rare: list[float | None]) -> None:
    frame = pl.DataFrame({"rare": pl.Series(rare, dtype=pl.Float64), "text": [None] * 5_000 + ["late"]})
    assert csv_values.fullest_first(frame).equals(frame)


def test_duckdb_reads_what_the_command_writes_with_its_kinds(tmp_path: Any) -> None:
    frame = pl.DataFrame({"area_id": ["0180"] * 3, "value": [None, None, 1.0], "holds": [None, True, None]})
    file = tmp_path / "a.csv"
    file.write_text("".join(csv_values.written(frame)), encoding="utf-8")
    with duckdb.connect() as con:
        kinds = [kind for _, kind, *_ in con.execute(f"describe from '{file}'").fetchall()]
    assert kinds == ["VARCHAR", "DOUBLE", "BOOLEAN"]
