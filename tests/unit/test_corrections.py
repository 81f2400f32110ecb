"""Corrections of sources' errors: what may be declared, which values each speaks of, and when one is needless."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.errors import DeclarationError
from indicators.generate.declared_rows import declared_rows
from indicators.load.catalogue import Catalogue, load_catalogue
from indicators.model.corrections import Cell, Correction, cells_of, first_overlap
from indicators.tables.declared import TABLES
from pipelines.quality.controls import correction_checks
from pipelines.storage.vintages import CheckResult
from tests.support.declarations import INDICATOR, put, without, write_home

PUBLISHED = without(
    INDICATOR, "numerator", "denominator", "multiplier", "cost_concept", "price_basis",
    indicator_id="andel_provad", theme="kvalitet", kind="published", unit="%", value_type="proportion",
    dataset="kolada.values", series="U00001",
)  # fmt: skip
TWICE: dict[str, Any] = {
    "correction_id": "levererad_dubbelt",
    "dataset": "kolada.values",
    "series": "U00001",
    "area": "*",
    "years": {"first": 2019, "last": 2021},
    "action": "drop",
    "expected": {"equals_series": "N00001"},
    "reason_sv": "Serien är en annan series värden, levererade en gång till.",
    "reported_by": "Kommunens systemförvaltare",
    "reported_on": "2026-11-24",
}
ONE = without(TWICE, correction_id="fel_tal", area="1480", years=[2022], sex="K", expected={"value": 999})


def declared(home: Path, *corrections: dict[str, Any], file: str = "prov.yml") -> Catalogue:
    """Our two small indicators, and these corrections."""
    write_home(home, INDICATOR, PUBLISHED)
    put(home / "registers" / "corrections" / file, list(corrections))
    return load_catalogue(home)


def refused(home: Path, *corrections: dict[str, Any]) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        declared(home, *corrections)
    assert caught.value.file.endswith("registers/corrections/prov.yml")
    return caught.value


def only(catalogue: Catalogue) -> Correction:
    (correction,) = catalogue.corrections
    return correction


# ── what is declared ──────────────────────────────────────────────────────────────────────────────


def test_a_rule_for_every_area_speaks_of_each_year_and_sex(tmp_path: Path) -> None:
    correction = only(declared(tmp_path, TWICE))
    years, sexes = (2019, 2020, 2021), ("T", "K", "M")
    assert cells_of(correction) == [Cell(None, y, s, None) for y, s in itertools.product(years, sexes)]
    assert correction.expected.text() == "= N00001"


def test_a_single_wrong_value_is_that_of_its_area_year_and_sex(tmp_path: Path) -> None:
    assert cells_of(only(declared(tmp_path, ONE))) == [Cell("1480", 2022, "K", 999.0)]


def test_listed_wrong_values_are_the_only_ones_spoken_of(tmp_path: Path) -> None:
    wrong = [{"area": "1480", "year": 2019, "value": 1.5}, {"area": "0000", "year": 2020, "sex": "M", "value": 2}]
    correction = only(declared(tmp_path, without(TWICE, expected={"values": wrong})))
    assert cells_of(correction) == [Cell("1480", 2019, "T", 1.5), Cell("0000", 2020, "M", 2.0)]
    assert correction.expected.text() == "1480 2019 T: 1.5; 0000 2020 M: 2"


def test_an_indicator_stands_for_the_series_that_it_publishes(tmp_path: Path) -> None:
    correction = only(declared(tmp_path, without(TWICE, "dataset", "series", indicator="andel_provad")))
    assert (correction.dataset, correction.series) == ("kolada.values", "U00001")


def test_corrections_of_several_files_stand_in_the_order_of_their_ids(tmp_path: Path) -> None:
    write_home(tmp_path, INDICATOR, PUBLISHED)
    put(tmp_path / "registers" / "corrections" / "a.yml", [TWICE])
    put(tmp_path / "registers" / "corrections" / "b.yml", [ONE])
    catalogue = load_catalogue(tmp_path)
    assert [c.correction_id for c in catalogue.corrections] == ["fel_tal", "levererad_dubbelt"]
    assert {p.name for p in catalogue.files} >= {"a.yml", "b.yml"}


@pytest.mark.parametrize(
    ("spoiled", "key", "expected"),
    [
        (without(TWICE, "reason_sv"), "row 1: reason_sv", "this key to be there"),
        (without(TWICE, "reported_by"), "row 1: reported_by", "this key to be there"),
        (without(TWICE, "reported_on"), "row 1: reported_on", "this key to be there"),
        (without(TWICE, "expected"), "row 1: expected", "this key to be there"),
        (without(TWICE, orsak="fel"), "row 1: orsak", "one of the known keys"),
        (without(TWICE, action="remove"), "row 1: action", "'drop', 'override', 'scale', 'flag' or 'caution'"),
        (without(TWICE, area="Göteborg"), "row 1: area.constrained-str", "pattern"),
        (without(TWICE, years=[]), "row 1: years", "at least 1 item"),
        (without(TWICE, years={"first": 2022, "last": 2019}), "row 1: years", "first and last, in that order"),
        (without(TWICE, years={"from": 2019}), "row 1: years", "the keys first and last"),
        (without(TWICE, years={"first": 1, "last": 99999}), "row 1: years.0", "greater than or equal to 1900"),
        (without(TWICE, sex="F"), "row 1: sex.0", "'T', 'K' or 'M'"),
        (without(TWICE, "series"), "row 1: indicator", "dataset and series together"),
        (without(TWICE, indicator="andel_provad"), "row 1: indicator", "indicator alone"),
        (without(TWICE, expected={}), "row 1: expected", "one of value, values, equals_series and within"),
        (without(TWICE, expected={"value": 1, "equals_series": "N00001"}), "row 1: expected", "one of value, values"),
        (without(TWICE, expected={"within": {"min": 2, "max": 1}}), "row 1: expected.within", "min is not above max"),
        (without(TWICE, expected={"equals_series": "U00001"}), "row 1: expected", "another series"),
        (without(TWICE, value=5), "row 1: value", "belongs to action override"),
        (without(TWICE, factor=5), "row 1: factor", "belongs to action scale"),
        (without(ONE, action="override"), "row 1: value", "belongs to action override"),
        (without(TWICE, action="override", value=5), "row 1: area", "one area"),
        (without(ONE, action="override", value=float("nan")), "row 1: value", "finite"),
        (without(TWICE, action="scale", factor=1), "row 1: factor", "neither 0 nor 1"),
        (without(TWICE, action="scale", factor=0), "row 1: factor", "neither 0 nor 1"),
        (
            without(ONE, expected={"values": [{"area": "1481", "year": 2022, "sex": "K", "value": 1}]}),
            "row 1: expected",
            "unlike 1481 2022 K",
        ),
        (
            without(ONE, expected={"values": [{"area": "1480", "year": 2022, "value": 1}]}),
            "row 1: expected",
            "unlike 1480 2022 T",
        ),
        (without(TWICE, series="U99999"), "levererad_dubbelt: series", "that an indicator or a measure uses"),
        (without(TWICE, expected={"equals_series": "N99999"}), "levererad_dubbelt: series", "of kolada.values"),
        (without(TWICE, "dataset", "series", indicator="kostnad_provad"), "levererad_dubbelt: indicator", "published"),
        (without(TWICE, "dataset", "series", indicator="finns_inte"), "levererad_dubbelt: indicator", "indicator_id"),
    ],
)
def test_a_spoiled_correction_is_refused_with_its_key(
    tmp_path: Path, spoiled: dict[str, Any], key: str, expected: str
) -> None:
    error = refused(tmp_path, spoiled)
    assert error.key.startswith(key)
    assert expected in error.expected


def test_an_indicator_of_the_very_series_that_it_is_to_equal_is_refused(tmp_path: Path) -> None:
    spoiled = without(TWICE, "dataset", "series", indicator="andel_provad", expected={"equals_series": "U00001"})
    assert "another series" in refused(tmp_path, spoiled).expected


def test_an_id_stands_once_over_all_files(tmp_path: Path) -> None:
    write_home(tmp_path, INDICATOR, PUBLISHED)
    put(tmp_path / "registers" / "corrections" / "a.yml", [TWICE])
    error = refused(tmp_path, without(ONE, correction_id="levererad_dubbelt"))
    assert (error.key, error.expected) == ("correction_id", "each id once, in one file")


def test_a_value_is_corrected_once(tmp_path: Path) -> None:
    error = refused(tmp_path, TWICE, without(ONE, years=[2021]))
    assert (error.key, error.expected) == ("fel_tal", "one correction of a value")
    assert error.found == "U00001 1480 2021 K, also in levererad_dubbelt"


def test_a_file_that_is_no_list_or_has_another_ending_is_refused(tmp_path: Path) -> None:
    write_home(tmp_path, INDICATOR, PUBLISHED)
    put(tmp_path / "registers" / "corrections" / "prov.yml", TWICE)
    with pytest.raises(DeclarationError, match="a list of rows"):
        load_catalogue(tmp_path)
    (tmp_path / "registers" / "corrections" / "prov.yml").rename(tmp_path / "registers" / "corrections" / "prov.yaml")
    with pytest.raises(DeclarationError, match=r"corrections/<name>.yml"):
        load_catalogue(tmp_path)


AREAS = st.sampled_from(["*", "1480", "1481"])
YEARS = st.lists(st.sampled_from([2019, 2020, 2021]), min_size=1, max_size=3, unique=True)
SEXES = st.lists(st.sampled_from(["T", "K", "M"]), min_size=1, max_size=3, unique=True)


@given(st.lists(st.tuples(AREAS, YEARS, SEXES), min_size=2, max_size=4))
def test_an_overlap_is_found_just_when_two_speak_of_one_value(scopes: list[tuple[str, list[int], list[str]]]) -> None:
    made = [
        Correction.model_validate(without(TWICE, correction_id=f"c{n}", area=a, years=y, sex=s, expected={"value": 1}))
        for n, (a, y, s) in enumerate(scopes)
    ]
    values = [
        {(area, y, s) for area in (("1480", "1481", "other") if a == "*" else (a,)) for y in years for s in sexes}
        for a, years, sexes in scopes
    ]
    overlapping = any(a & b for a, b in itertools.combinations(values, 2))
    assert (first_overlap(made) is not None) == overlapping


# ── the declared tables ───────────────────────────────────────────────────────────────────────────


def test_the_table_of_corrections_names_every_indicator_that_the_series_is_a_part_of(tmp_path: Path) -> None:
    scale = without(
        TWICE, correction_id="i_tusental", series="N00001", action="scale", factor=1000, area="1480",
        sex=["T"], expected={"within": {"min": 1, "max": 999.5}},
    )  # fmt: skip
    rows = declared_rows(declared(tmp_path, TWICE, scale), _sources())
    told = [dict(zip(TABLES["correction"], row, strict=True)) for row in rows["correction"]]
    assert [(t["correction_id"], t["indicators"]) for t in told] == [
        ("i_tusental", "kostnad_provad"), ("levererad_dubbelt", "andel_provad")
    ]  # fmt: skip
    assert (told[0]["area_id"], told[0]["expected"], told[0]["factor"]) == ("1480", "1 – 999.5", 1000.0)
    assert (told[1]["area_id"], told[1]["years"], told[1]["sexes"]) == (None, "2019, 2020, 2021", "T, K, M")
    cells = [dict(zip(TABLES["correction_cell"], row, strict=True)) for row in rows["correction_cell"]]
    assert len(cells) == 3 + 9
    assert {(c["expected_min"], c["expected_max"]) for c in cells[:3]} == {(1.0, 999.5)}
    assert {c["expected_series"] for c in cells[3:]} == {"N00001"}


def _sources() -> Any:
    from indicators.generate.declared_rows import Source  # noqa: PLC0415

    return {name: Source(name, f"Källa: {name}", "fri") for name in ("kolada", "scb")}


# ── the guard ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def build() -> Iterator[duckdb.DuckDBPyConnection]:
    """What the guard reads of a build: two corrections, and nothing judged yet."""
    with duckdb.connect() as con:
        con.execute("create schema declared")
        con.execute("create schema intermediate")
        con.execute(
            "create table declared.correction as from (values "
            "('fel_tal', 'andel_provad', 'kolada.values', 'U00001', '999'), "
            "('levererad_dubbelt', 'andel_provad, kostnad_provad', 'kolada.values', 'U00002', '= N00001')"
            ") as t (correction_id, indicators, dataset, series, expected)"
        )
        con.execute(
            "create table intermediate.int_correction__judged (correction_id varchar, area_id varchar, year integer, "
            "sex varchar, known_to timestamp, expected double, value double, is_wrong boolean, stands boolean)"
        )
        yield con


def judged(con: duckdb.DuckDBPyConnection, *rows: tuple[Any, ...]) -> dict[str, CheckResult]:
    """The checks after these rows of correction, area, year, known_to, expected, value, is_wrong, stands."""
    for c, area, year, known_to, expected, value, wrong, stands in rows:
        con.execute(
            "insert into intermediate.int_correction__judged values (?, ?, ?, 'T', ?, ?, ?, ?, ?)",
            [c, area, year, known_to, expected, value, wrong, stands],
        )
    return {check.check_id: check for check in correction_checks(con)}


def test_an_error_that_stands_passes_and_old_rows_do_not_count(build: duckdb.DuckDBPyConnection) -> None:
    checks = judged(
        build,
        ("fel_tal", "1480", 2022, None, 999, 999, True, True),
        ("fel_tal", "1480", 2022, "2024-01-01", 999, 5, False, None),
    )
    assert checks["correction.fel_tal"].passed
    assert (checks["correction.fel_tal"].level, checks["correction.fel_tal"].subject) == ("block", "warehouse")
    assert checks["correction.fel_tal"].found.startswith("1 values")


def test_a_mended_error_blocks_and_names_correction_indicator_area_year_expected_and_found(
    build: duckdb.DuckDBPyConnection,
) -> None:
    checks = judged(
        build,
        ("levererad_dubbelt", "1480", 2021, None, 7.25, 7.25, True, True),
        ("levererad_dubbelt", "1482", 2021, None, 7.25, 8.5, False, False),
        ("levererad_dubbelt", "1481", 2022, None, 7.25, None, False, False),
    )
    check = checks["correction.levererad_dubbelt"]
    assert (check.passed, check.level, check.subject) == (False, "block", "warehouse")
    assert "remove the correction levererad_dubbelt" in check.expected
    assert "mended 2 values of andel_provad, kostnad_provad (kolada.values U00002)" in check.found
    assert check.sample == "1481 2022 T: expected 7.25, found no value; 1482 2021 T: expected 7.25, found 8.5"


def test_of_many_mended_values_a_few_are_named(build: duckdb.DuckDBPyConnection) -> None:
    rows = [("levererad_dubbelt", f"{1400 + n}", 2022, None, 1, 2, False, False) for n in range(50)]
    check = judged(build, *rows)["correction.levererad_dubbelt"]
    assert "50 values" in check.found
    assert len(check.sample.split(";")) == 5


def test_a_correction_that_nothing_known_calls_for_warns_and_blocks_nothing(build: duckdb.DuckDBPyConnection) -> None:
    check = judged(build)["correction.fel_tal"]
    assert (check.passed, check.level, check.found) == (False, "warn", "nothing known to correct")
