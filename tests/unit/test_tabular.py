"""Cells come out as they went in, or the file is refused with the place and the reason."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets import Dataset
from pipelines.errors import SourceError
from pipelines.sources.tabular import conform, read_table, write_staged
from pipelines.text.normalise import plain

DATASET = Dataset.model_validate(
    {
        "title": "Prov",
        "kind": "table",
        "key": ["code"],
        "columns": {
            "code": {"type": "text", "nullable": True, "description": "A code."},
            "count": {"type": "integer", "nullable": True, "description": "A whole number."},
            "value": {"type": "number", "nullable": True, "description": "A number."},
            "day": {"type": "date", "nullable": True, "description": "A day."},
            "flag": {"type": "boolean", "nullable": True, "description": "Yes or no."},
        },
    }
)
HEADER = b"code,count,value,day,flag\n"
SCHEMA = {"code": pl.String, "count": pl.Int32, "value": pl.Float64, "day": pl.Date, "flag": pl.Boolean}
Cells = tuple[str | None, int | None, float | None, date | None, bool | None]

_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
_rows: st.SearchStrategy[list[Cells]] = st.lists(
    st.tuples(
        st.none() | _texts | st.sampled_from(["0180", "00", "=1+1", '"', ",", "NA", "null", " x ", "\r\n"]),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.dates(),
        st.none() | st.booleans(),
    ),
    max_size=8,
)


def read(path: Path, content: bytes | pl.DataFrame, name: str = "") -> list[tuple[Any, ...]]:
    """Rows of a file as they are staged, without their numbers."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.write_parquet(path)
    name = name or ("prov.csv" if isinstance(content, bytes) else "prov.parquet")
    target = path.with_suffix(".staged")
    write_staged(conform(read_table(path, name), DATASET, name), target, name)
    staged = pl.read_parquet(target)
    assert staged.columns == ["row", *DATASET.columns]
    assert staged["row"].to_list() == list(range(1, staged.height + 1))
    return staged.drop("row").rows()


def in_one_way(rows: list[Cells]) -> list[Cells]:
    """Rows with their texts as they are kept: `tests/unit/test_text.py` says how."""
    return [((plain(row[0]) or None) if row[0] is not None else None, *row[1:]) for row in rows]


def refused(path: Path, content: bytes | pl.DataFrame, name: str = "") -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(path, content, name)
    return caught.value


def read_or_reason(path: Path, content: bytes | pl.DataFrame) -> tuple[list[tuple[Any, ...]] | None, str]:
    """Rows of a file, or why it is refused."""
    try:
        return read(path, content), ""
    except SourceError as error:
        return None, str(error)


def as_csv(rows: list[Cells], quoting: int, ending: str = "\n") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator=ending)  # type: ignore[arg-type]
    writer.writerow(DATASET.columns)
    for code, count, value, day, flag in rows:
        writer.writerow(
            [
                code,
                count,
                None if value is None else repr(value),
                day,
                None if flag is None else str(flag).lower(),
            ]
        )
    return out.getvalue().encode()


@given(
    rows=_rows,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_every_cell_of_a_csv_comes_out_as_it_went_in(
    tmp_path: Path, rows: list[Cells], quoting: int, ending: str
) -> None:
    assert read(tmp_path / "f", as_csv(rows, quoting, ending)) == in_one_way(rows)


@given(rows=_rows)
def test_every_cell_of_a_parquet_comes_out_as_it_went_in(tmp_path: Path, rows: list[Cells]) -> None:
    assert read(tmp_path / "f", pl.DataFrame(rows, schema=SCHEMA, orient="row")) == in_one_way(rows)


@given(
    cell=st.text(alphabet="0123456789+-.eEx_ ,naif", max_size=8)
    | st.floats().map(str)
    | st.integers(-(2**70), 2**70).map(str)
)
def test_a_text_cell_becomes_the_number_it_spells_or_the_file_is_refused(tmp_path: Path, cell: str) -> None:
    for place, spelled in ((1, int), (2, float)):
        cells: list[str | None] = ["a", None, None, None, None]
        cells[place] = cell
        out = io.StringIO()
        csv.writer(out).writerow(cells)
        found, why = read_or_reason(tmp_path / "f", HEADER + out.getvalue().encode())
        if found is None:
            assert repr(cell) in why
        else:
            assert found[0][place] == (spelled(cell) if cell else None)


@given(cells=st.lists(st.none() | st.integers(-(2**63), 2**64 - 1), min_size=1, max_size=4))
def test_large_whole_numbers_are_kept_exactly_or_refused(tmp_path: Path, cells: list[int | None]) -> None:
    for column in ("count", "value"):
        empty = pl.DataFrame({c: pl.Series([None] * len(cells), dtype=t) for c, t in SCHEMA.items()})
        kind = pl.UInt64 if max(c or 0 for c in cells) >= 2**63 else pl.Int64
        if kind is pl.UInt64:
            cells = [None if c is None else abs(c) for c in cells]
        frame = empty.with_columns(pl.Series(column, cells, dtype=kind))
        found, why = read_or_reason(tmp_path / "f", frame)
        if found is None:
            assert f"of the column {column} are not of type" in why
        else:
            values = [row[list(SCHEMA).index(column)] for row in found]
            assert [None if v is None else int(v) for v in values] == cells


@pytest.mark.parametrize("column", ["count", "value", "day", "flag", "code"])
def test_a_categorical_column_is_read_by_its_labels(tmp_path: Path, column: str) -> None:
    cells = {"code": "0180", "count": "2020", "value": "5.5", "day": "2020-01-31", "flag": "true"}
    frame = pl.DataFrame({c: [text, None] for c, text in cells.items()}).with_columns(
        pl.col(column).cast(pl.Categorical)
    )
    assert read(tmp_path / "f", frame)[0] == ("0180", 2020, 5.5, date(2020, 1, 31), True)


def test_labels_that_are_no_numbers_are_refused_with_the_row(tmp_path: Path) -> None:
    frame = pl.DataFrame({c: pl.Series([None, None], dtype=t) for c, t in SCHEMA.items()})
    labels = pl.Series("value", ["7", "okänt"], dtype=pl.Enum(["okänt", "7"]))
    assert "row 2: 'okänt'" in str(refused(tmp_path / "f", frame.with_columns(labels)))


@pytest.mark.parametrize(
    ("column", "cell"), [("count", "tolv"), ("value", "12a"), ("day", "2020-02-30"), ("flag", "kanske")]
)
def test_a_cell_of_another_type_is_named_with_its_row_and_text(tmp_path: Path, column: str, cell: str) -> None:
    good: Cells = ("a", 1, 1.0, date(2020, 1, 1), True)
    lines = as_csv([good, good], csv.QUOTE_MINIMAL).decode().splitlines()
    cells = lines[2].split(",")
    cells[list(SCHEMA).index(column)] = cell
    error = refused(tmp_path / "f", "\n".join([*lines[:2], ",".join(cells), ""]).encode())
    assert f"column {column}" in error.what
    assert error.found == f"row 2: {cell!r}"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, number: float) -> None:
    frame = pl.DataFrame({c: pl.Series([None, None], dtype=t) for c, t in SCHEMA.items()})
    frame = frame.with_columns(pl.Series("value", [1.0, number]))
    assert f"row 2: {number!r}" in str(refused(tmp_path / "f", frame))
    cells = f"a,,{number},,\n".encode()
    assert f"row 1: '{number}'" in str(refused(tmp_path / "f", HEADER + cells))


def test_integer_codes_are_refused_because_their_zeros_are_lost(tmp_path: Path) -> None:
    frame = pl.DataFrame({c: pl.Series([None], dtype=t) for c, t in SCHEMA.items()}).with_columns(code=pl.lit(180))
    error = refused(tmp_path / "f", frame)
    assert "column code" in error.what
    assert "leading zeros" in error.remedy


def test_a_missing_and_an_unknown_column_are_named(tmp_path: Path) -> None:
    error = refused(tmp_path / "f", b"code,count,varde,day,flag\n")
    assert error.found == "missing: value; unknown: varde"
    assert "twice: 'value'" in str(refused(tmp_path / "f", b"code,count,value,value,day,flag\n"))


@pytest.mark.parametrize(
    "line",
    [
        b"b,2,2.0,2020-01-01\n",
        b"b,2\n",
        b"b,2,2.0,2020-01-01,true,more\n",
        b"\n",
        b"b,2,2.0,2020-01-0",
        b'"b,2,2.0,,\n',
    ],
)
def test_a_csv_row_with_too_few_or_too_many_cells_is_refused_and_never_filled_up(tmp_path: Path, line: bytes) -> None:
    error = refused(tmp_path / "f", HEADER + b"a,1,1.0,2020-01-01,true\n" + line)
    assert "prov.csv" in error.where


def test_a_short_csv_row_is_named_by_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path / "f", HEADER + b'"two\nlines",1,1.0,,\nb,2\n')
    assert error.where == "prov.csv, line 4"
    assert (error.expected, error.found) == ("5 cells, as in the header", "2 cells")


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    assert read(tmp_path / "f", b"\xef\xbb\xbf" + HEADER + b"a,1,,,\n") == [("a", 1, None, None, None)]


def test_a_csv_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path / "f", HEADER + b"a,1,,,\n" + "å,2,,,\n".encode("latin-1"))
    assert error.where == "prov.csv, line 3"
    assert error.found == "byte 0xe5"


@pytest.mark.parametrize("name", ["prov.csv", "prov.parquet"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path / "f", b"", name).what == "the file is empty"


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    assert ".parquet or .csv" in refused(tmp_path / "f", b"x", "prov.txt").expected


def test_a_parquet_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "whole.parquet"
    rows: list[Cells] = [(f"{i:04d}", i, i / 3, date(2020, 1, 1), True) for i in range(500)]
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(path)
    whole = path.read_bytes()
    for share in range(1, 20):
        error = refused(tmp_path / "f", whole[: len(whole) * share // 20], "prov.parquet")
        assert error.where == "prov.parquet"


def test_nothing_half_written_stays_when_a_file_turns_out_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    rows: list[Cells] = [(f"{i:04d}", i, i / 3, date(2020, 1, 1), True) for i in range(20_000)]
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(path, row_group_size=5_000)
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4 :][: len(content) // 8] = b""
    middle = len(content) * 3 // 4
    content[middle : middle + 2_000] = b"\xff" * 2_000
    target = tmp_path / "staged.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        write_staged(conform(read_table(path, "d.parquet"), DATASET, "d.parquet"), target, "d.parquet")
    assert not target.exists()


def test_names_in_decomposed_letters_are_the_same_rows(tmp_path: Path) -> None:
    composed = HEADER + "Göteborg,1,,,\nLilla Edet,2,,,\n".encode()
    decomposed = HEADER + unicodedata.normalize("NFD", "Göteborg,1,,,\n\u200eLilla\u00a0 Edet ,2,,,\n").encode()
    assert read(tmp_path / "a", decomposed) == read(tmp_path / "b", composed)
