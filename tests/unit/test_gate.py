"""The gate: every fault has a check of its own, faulty rows are kept whole, and what is true passes."""

from __future__ import annotations

from datetime import timedelta
from math import nextafter
from pathlib import Path

import polars as pl
import pytest

from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Measure, ValidRange
from pipelines.datasets import datasets
from pipelines.sources.snapshot_writer import promise_of
from pipelines.storage.archive import Promise
from tests.support.deliveries import (
    AREAS,
    COUNTED,
    FACTS,
    NOON,
    SHARE,
    YEARS,
    House,
    changed,
    check,
    facts,
    failed,
)

GOOD = facts()
COUNTED_ROWS = GOOD.filter(pl.col("series_id") == COUNTED).height  # the first half


@pytest.fixture
def known(house: House) -> House:
    """A house that knows its areas."""
    house.knows_areas()
    return house


def without_row(frame: pl.DataFrame, row: int) -> pl.DataFrame:
    return pl.concat([frame.head(row - 1), frame.tail(frame.height - row)])


# ── what is true passes ───────────────────────────────────────────────────────────────────────────


def test_a_sound_delivery_passes_every_check_with_all_its_rows(known: House) -> None:
    staged = known.staged(GOOD)
    assert [c for c in staged.checks if not c.passed] == []
    assert (staged.rows, staged.held_back, staged.quarantine_path) == (GOOD.height, 0, None)
    assert pl.read_parquet(staged.rows_path).drop("source_file_sha256").equals(GOOD.cast({"year": pl.Int32}))
    assert {c.check_id.rsplit(".", 1)[0] for c in staged.checks} == {FACTS}


def test_a_published_missing_value_is_a_row_and_passes(known: House) -> None:
    staged = known.staged(changed(GOOD, 1, value=None))
    assert failed(staged.checks, "block", "hold_back", "warn") == set()
    assert pl.read_parquet(staged.rows_path)["value"].null_count() == 1
    assert staged.rows == GOOD.height


def test_a_series_of_missing_values_only_passes(known: House) -> None:
    values = pl.when(pl.col("series_id") == SHARE).then(None).otherwise(pl.col("value")).alias("value")
    staged = known.staged(GOOD.with_columns(values))
    assert failed(staged.checks, "block", "hold_back", "warn") == set()


def test_more_rows_than_promised_are_told_and_pass(known: House) -> None:
    staged = known.staged(GOOD, without_row(GOOD, 7))
    assert failed(staged.checks, "block", "hold_back", "warn") == {"rows_not_promised"}
    assert staged.rows == GOOD.height


def test_bounds_are_kept_but_for_noise(known: House) -> None:
    """0.7 is 0.699999988 in single precision: a value on the bound is within it, and so is one a last digit above."""
    measure = Measure(
        measure_id="m",
        title_sv="m",
        unit="andel",
        dataset=FACTS,
        series=COUNTED,
        valid_range=ValidRange(min=0.5, max=0.7),
    )
    catalogue = Catalogue(home=Path("x"), indicators=(), measures=(measure,))
    frame = facts([COUNTED], years=range(1990, 2022)).with_columns(value=pl.lit(0.7))
    edges = changed(changed(frame, 1, value=nextafter(0.5, 0)), 2, value=nextafter(0.7, 1))
    staged = known.staged(edges, catalogue=catalogue)
    assert staged.held_back == 0
    just_above = known.staged(changed(frame, 1, value=0.70000001), catalogue=catalogue)
    assert just_above.held_back == 1


def test_batches_of_any_size_give_the_same_checks(known: House) -> None:
    frame = changed(changed(GOOD, 3, value=-1.0), COUNTED_ROWS + 1, value=116.3)
    whole = known.staged(frame)
    known.settings = known.settings.model_copy(update={"gate_batch_rows": 1})
    assert known.staged(frame).checks == whole.checks


# ── faults of the key block, each by its own name ─────────────────────────────────────────────────


def test_a_key_that_comes_twice_with_another_value(known: House) -> None:
    error = known.held_back(pl.concat([GOOD, changed(GOOD, 1, value=55.5).head(1)]), GOOD)
    assert failed(error.checks, "block") == {"key_unique"}
    assert "N00001" in check(error.checks, "key_unique").sample
    assert "key_unique" in error.what
    assert "one row for each series_id, area_id, year, sex" in error.expected


@pytest.mark.parametrize(
    ("cells", "name", "told"),
    [
        ({"area_id": "9999"}, "area_id_known", "9999"),
        ({"area_id": "114"}, "area_id_known", "114"),
        ({"year": 1869}, "year_range", "1869"),
        ({"sex": "X"}, "sex_known", "X"),
        ({"sex": None}, "sex_present", "empty"),
        ({"area_id": None}, "area_id_present", "empty"),
        ({"series_id": "n00001"}, "series_id_pattern", "n00001"),
    ],
)
def test_a_cell_of_the_key_that_cannot_be_blocks_by_its_name(
    known: House, cells: dict[str, object], name: str, told: str
) -> None:
    frame = changed(GOOD, 1, **cells)
    error = known.held_back(frame, without_row(GOOD, 1))
    assert failed(error.checks, "block") == {name}
    found = check(error.checks, name)
    assert found.found == "1 rows"
    assert found.sample.startswith("row 1: ")
    assert told in found.sample


def test_an_unknown_list_of_areas_blocks_instead_of_letting_every_area_pass(house: House) -> None:
    assert "area_id_known" in failed(house.held_back(GOOD).checks, "block")


def test_areas_of_a_list_that_was_itself_held_back_are_not_known(known: House) -> None:
    area_list = pl.DataFrame(
        {"area_id": [*AREAS, "9999"], "name": [*AREAS, "Ingenstans"], "area_type": ["K"] * 5 + ["Q"]}
    )
    error = known.held_back(area_list, dataset="kolada.municipality")
    assert "area_type_known" in failed(error.checks, "hold_back")
    assert failed(error.checks, "block") == {"held_back_share"}
    error = known.held_back(changed(GOOD, 1, area_id="9999"), without_row(GOOD, 1))
    assert failed(error.checks, "block") == {"area_id_known"}


def test_a_new_area_is_known_when_the_list_of_the_same_run_names_it(known: House) -> None:
    area_list = pl.DataFrame({"area_id": [*AREAS, "9999"], "name": [*AREAS, "Nystad"], "area_type": ["K"] * 6})
    known.passed(area_list, "kolada.municipality")
    assert failed(known.staged(changed(GOOD, 1, area_id="9999"), without_row(GOOD, 1)).checks, "block") == set()


# ── coverage: fewer is a failure by name ──────────────────────────────────────────────────────────


def test_a_row_that_was_promised_and_did_not_come(known: House) -> None:
    error = known.held_back(without_row(GOOD, 2), GOOD)
    assert failed(error.checks, "block") == {"coverage_rows"}
    found = check(error.checks, "coverage_rows")
    assert found.found == "1 series"
    assert COUNTED in found.sample


def test_an_area_that_was_promised_and_did_not_come(known: House) -> None:
    error = known.held_back(GOOD.with_columns(area_id=pl.col("area_id").replace("0114", "0115")), GOOD)
    assert "coverage_areas" in failed(error.checks, "block")


def test_years_that_were_promised_and_did_not_come(known: House) -> None:
    late = known.held_back(facts(years=range(2013, 2022)), GOOD)
    assert {"coverage_rows", "coverage_first_year"} == failed(late.checks, "block")
    early = known.held_back(facts(years=range(2012, 2021)), GOOD)
    assert {"coverage_rows", "coverage_last_year"} == failed(early.checks, "block")


def test_a_series_that_vanished_though_promised(known: House) -> None:
    error = known.held_back(facts([SHARE]), GOOD)
    assert "coverage_rows" in failed(error.checks, "block")
    assert COUNTED in check(error.checks, "coverage_rows").sample


def test_a_series_that_vanished_from_the_promise_too_is_missed_by_the_catalogue(known: House) -> None:
    error = known.held_back(facts([SHARE]))
    assert failed(error.checks, "block") == {"series_declared"}
    assert COUNTED in check(error.checks, "series_declared").expected + check(error.checks, "series_declared").found


def test_no_rows_at_all(known: House) -> None:
    assert "coverage_rows" in failed(known.held_back(GOOD.head(0), GOOD).checks, "block")
    empty_list = pl.DataFrame(schema={"area_id": pl.String, "name": pl.String, "area_type": pl.String})
    assert "coverage_rows" in failed(known.held_back(empty_list, dataset="kolada.municipality").checks, "block")


def test_a_table_with_fewer_rows_than_promised(known: House) -> None:
    area_list = pl.DataFrame({"area_id": list(AREAS), "name": list(AREAS), "area_type": ["K"] * 5})
    error = known.held_back(area_list, Promise(rows=6), dataset="kolada.municipality")
    assert failed(error.checks, "block") == {"coverage_rows"}


def absorbed(house: House, frame: pl.DataFrame) -> House:
    """A house that knows these rows already."""
    house.absorb(house.parsed(FACTS, frame, promise_of(frame, FACTS)), NOON)
    return house


def test_much_fewer_rows_than_what_is_known_even_if_no_more_were_promised(known: House) -> None:
    absorbed(known, GOOD)
    error = known.held_back(facts(years=list(YEARS)[2:]))
    assert failed(error.checks, "block") == {"rows_against_last", "values_lost"}
    assert "2 series" in check(error.checks, "rows_against_last").found


def test_a_few_rows_fewer_than_what_is_known_pass_and_are_withdrawn(known: House) -> None:
    absorbed(known, GOOD)
    staged = known.staged(without_row(GOOD, 1))
    assert known.absorb(staged, NOON + timedelta(days=1)).counts == {"withdrawn": 1}


def test_a_partial_delivery_is_not_measured_by_the_whole_of_what_is_known(known: House) -> None:
    absorbed(known, GOOD)
    newest = facts(years=[2021])
    staged = known.staged(
        changed(newest, 1, value=11.5), promise_of(newest, FACTS).model_copy(update={"complete": False})
    )
    assert known.absorb(staged, NOON + timedelta(days=1)).counts == {"revised": 1}


# ── faulty values: held back row by row, kept whole ───────────────────────────────────────────────


@pytest.mark.parametrize(("value", "name"), [(-1.0, "value_not_too_low"), (1000.5, "value_not_too_high")])
def test_an_impossible_value_is_held_back_with_its_reason_and_its_row_kept_whole(
    known: House, value: float, name: str
) -> None:
    frame = changed(GOOD, 17, value=value)
    staged = known.staged(frame)
    assert failed(staged.checks, "block", "hold_back") == {name}
    assert staged.quarantine_path is not None
    aside = pl.read_parquet(staged.quarantine_path)
    assert aside.drop("reason", "row", "source_file_sha256").rows() == [frame.row(16)]
    assert aside["row"].to_list() == [17]
    (reason,) = aside["reason"].to_list()
    assert reason.startswith(f"{name}: expected no value")
    assert str(value) in reason
    went_on = pl.read_parquet(staged.rows_path).drop("source_file_sha256")
    assert sorted(went_on.rows()) == sorted(without_row(frame, 17).rows())
    assert (staged.rows, staged.held_back) == (GOOD.height - 1, 1)


def test_a_held_row_s_earlier_value_stands(known: House) -> None:
    absorbed(known, GOOD)
    assert known.absorb(known.staged(changed(GOOD, 1, value=-5.0)), NOON + timedelta(days=1)).counts == {}


def test_more_than_half_a_per_cent_held_back_blocks_the_dataset(known: House) -> None:
    error = known.held_back(changed(changed(GOOD, 1, value=-1.0), 2, value=-1.0))
    assert failed(error.checks, "block") == {"held_back_share"}
    assert check(error.checks, "held_back_share").found == f"2 of {GOOD.height} rows"


def test_faults_too_many_to_list_block_whatever_their_share(known: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is not listed cannot be set aside; it must not pass for that."""
    monkeypatch.setattr("pipelines.quality.gate._MAX_LISTED", 1)
    monkeypatch.setattr("tests.support.deliveries.judge", patched_share(0.5))
    error = known.held_back(changed(changed(GOOD, 1, value=-1.0), 2, value=-1.0))
    assert failed(error.checks, "block") == {"held_back_share"}


def patched_share(share: float):  # type: ignore[no-untyped-def]
    from pipelines.quality import stage as staging  # noqa: PLC0415

    def stage(*args: object) -> object:
        declared = datasets()
        lenient = declared | {FACTS: declared[FACTS].model_copy(update={"max_held_back": share})}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(staging, "datasets", lambda: lenient)
            return staging.judge(*args)  # type: ignore[arg-type]

    return stage


# ── what is strange but true is told and passes ───────────────────────────────────────────────────


@pytest.mark.parametrize("value", [116.3, -0.5])
def test_a_share_outside_0_to_100_is_told_and_passes(known: House, value: float) -> None:
    staged = known.staged(changed(GOOD, COUNTED_ROWS + 1, value=value))
    assert failed(staged.checks, "block", "hold_back", "warn") == {"percent_within_0_100"}
    assert SHARE in check(staged.checks, "percent_within_0_100").sample
    assert staged.rows == GOOD.height


def test_a_series_whose_median_jumps_is_told_and_held_back(known: House) -> None:
    absorbed(known, GOOD)
    ten_times = pl.when(pl.col("series_id") == COUNTED).then(pl.col("value") * 10).otherwise(pl.col("value"))
    error = known.held_back(GOOD.with_columns(value=ten_times))
    assert failed(error.checks, "block") == {"held_back_share"}
    assert failed(error.checks, "hold_back", "warn") == {"median_against_last", "revised_year_believable"}
    assert COUNTED in check(error.checks, "median_against_last").sample


def test_a_series_with_many_more_missing_values_is_told_and_held_back(known: House) -> None:
    absorbed(known, GOOD)
    gone = pl.when(pl.col("year") > 2015).then(None).otherwise(pl.col("value"))
    error = known.held_back(GOOD.with_columns(value=gone))
    assert "missing_against_last" in failed(error.checks, "warn")
    assert failed(error.checks, "block", "hold_back") == {"values_lost"}


# ── what cannot be read is held back with the place ───────────────────────────────────────────────

CSV = GOOD.write_csv().encode()
LINES = CSV.split(b"\n")


def with_line(number: int, line: bytes) -> bytes:
    return b"\n".join([*LINES[: number - 1], line, *LINES[number:]])


def test_a_csv_is_read_as_a_parquet_is(known: House) -> None:
    assert known.staged(CSV).rows == known.staged(GOOD).rows


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(changed(GOOD, 9, value=float("nan")), "row 9: nan", id="nan"),
        pytest.param(changed(GOOD, 9, value=float("inf")), "row 9: inf", id="inf"),
        pytest.param(changed(GOOD, 9, value=float("-inf")), "row 9: -inf", id="-inf"),
        pytest.param(with_line(10, b"N00001,0114,2014,M,saknas,"), "row 9: 'saknas'", id="text in a number column"),
        pytest.param(with_line(10, b"N00001,0114,tjugo,M,1,"), "row 9: 'tjugo'", id="text in an integer column"),
        pytest.param(GOOD.rename({"value": "varde"}), "missing: value; unknown: varde", id="renamed column"),
        pytest.param(GOOD.drop("sex"), "missing: sex", id="column gone"),
        pytest.param(GOOD.cast({"area_id": pl.Int64}), "leading zeros", id="codes that lost their zeros"),
        pytest.param(b"", "0 bytes", id="empty file"),
        pytest.param(with_line(10, "N00001,0114,2014,M,1 % å".encode("latin-1")), "line 10", id="not UTF-8"),
        pytest.param(CSV[:-9], "cells", id="CSV cut short"),
    ],
)
def test_what_cannot_be_read_as_declared_is_held_back_with_the_place(
    known: House, content: pl.DataFrame | bytes, found: str
) -> None:
    error = known.held_back(content, GOOD)
    assert failed(error.checks, "block") == {"readable"}
    assert found in str(error)
    assert found in check(error.checks, "readable").found
    assert error.dataset == FACTS


def test_a_parquet_cut_short_is_held_back(known: House) -> None:
    GOOD.write_parquet(known.settings.snapshot_dir.with_suffix(".parquet"))
    whole = known.settings.snapshot_dir.with_suffix(".parquet").read_bytes()
    for share in (0.1, 0.5, 0.99):
        fetched = known.fetch(FACTS, whole[: int(len(whole) * share)], promise_of(GOOD, FACTS), "values.parquet")
        with pytest.raises(Exception, match="whole Parquet file") as caught:
            known.stage(FACTS, fetched)
        assert failed(caught.value.checks, "block") == {"readable"}  # type: ignore[attr-defined]


def test_a_delivery_held_back_changes_nothing_that_is_known(known: House) -> None:
    absorbed(known, GOOD)
    before = known.vintages.state_id()
    known.held_back(GOOD.head(3), GOOD)
    assert known.vintages.state_id() == before
    assert known.staged(GOOD).rows == GOOD.height


# ── the other kinds of datasets ───────────────────────────────────────────────────────────────────


def test_a_table_s_faulty_code_blocks_and_its_faulty_value_is_held_back(known: House) -> None:
    rows = 400
    kpif = pl.DataFrame(
        {
            "index_id": ["kpif"] * rows,
            "year": [1987 + i // 12 for i in range(rows)],
            "month": [1 + i % 12 for i in range(rows)],
            "value": [100.0 + i for i in range(rows)],
            "base": ["1987=100"] * rows,
        }
    )
    assert known.staged(kpif, dataset="scb.kpif").rows == rows
    staged = known.staged(changed(kpif, 5, value=10_000.0), dataset="scb.kpif")
    assert failed(staged.checks, "block", "hold_back") == {"value_range"}
    assert staged.held_back == 1
    assert failed(known.held_back(changed(kpif, 5, month=13), dataset="scb.kpif").checks, "block") == {"month_range"}
    twice = changed(kpif, 2, month=1)
    assert failed(known.held_back(twice, dataset="scb.kpif").checks, "block") == {"key_unique"}


def test_an_empty_cell_where_none_may_be_is_held_back(known: House) -> None:
    frame = pl.DataFrame({"area_id": [f"{i:04d}" for i in range(300)], "name": ["A"] * 300, "area_type": ["K"] * 300})
    staged = known.staged(changed(frame, 8, name=None), dataset="kolada.municipality")
    assert failed(staged.checks, "block", "hold_back") == {"name_present"}
    assert staged.quarantine_path is not None
    assert pl.read_parquet(staged.quarantine_path).select("area_id", "name").rows() == [("0007", None)]


def test_a_new_column_is_told_and_not_read(known: House) -> None:
    staged = known.staged(GOOD.with_columns(publication_status=pl.lit("final")))
    assert pl.read_parquet(staged.rows_path).drop("source_file_sha256").equals(GOOD.cast({"year": pl.Int32}))
    told = check(staged.checks, "fields_known")
    assert (told.passed, told.level) == (False, "warn")
    assert told.found == "1 new, which are not read: column publication_status"
