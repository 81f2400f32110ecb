"""What a declaration of SCB's tables amounts to, and what their cells become."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.sources.pxweb_answers import Cells, Metadata, Variable
from pipelines.sources.scb.declared import Live, Table, live_of
from pipelines.sources.scb.parsing import described, facts, months
from pipelines.sources.scb.resolve import ResolvedPart, promise_of, resolve
from pipelines.storage.archive import SeriesPromise

SIGNS = {"..": "missing", ".": "not_applicable"}
REGIONS = {"00": "Riket", "14": "Västra Götalands län", "1480": "Göteborg", "1481": "Mölndal"}
AGES = {"80-84": "80-84 år", "100+": "100+ år", "100+5": "100+ år", "tot": "totalt ålder"}
SEXES = {"1": "män", "2": "kvinnor", "TotSa": "totalt, samtliga män och kvinnor"}
SUMMED = {"variable": "Kon", "T": "sum", "K": {"code": "2"}, "M": {"code": "1"}}
PUBLISHED = {**SUMMED, "T": {"code": "TotSa", "label": "^totalt"}}


def metadata(**changed: dict[str, str] | None) -> Metadata:
    """A table by region, age, sex, content and year; a variable may have other codes, or be gone (None)."""
    values: dict[str, dict[str, str] | None] = {
        "Region": REGIONS,
        "Alder": AGES,
        "Kon": SEXES,
        "Civilstand": {"G": "gifta", "OG": "ogifta"},
        "ContentsCode": {"N1": "Folkmängd", "N2": "Folkökning"},
        "Tid": {str(y): str(y) for y in range(2017, 2020)},
    }
    kept = {v: c for v, c in (values | changed).items() if c is not None}
    return Metadata("t", "2025-02-21", {v: Variable(v, c, eliminable=v == "Civilstand") for v, c in kept.items()})


def table(**changed: Any) -> Table:
    """A declaration that fits `metadata()`."""
    declared = {
        "table": "TAB1",
        "api": "v2",
        "areas": {"left_out": [r"\d{2}"]},
        "sexes": SUMMED,
        "pinned": {"ContentsCode": {"code": "N1", "label": "^folkmängd$"}},
        "eliminated": ["Civilstand"],
        "parts": [{"series": "folk_{Alder}", "words": {"Alder": {"80_84": {"code": "80-84", "label": "^80-84"}}}}],
    }
    return Table.model_validate(declared | changed)


def part(words: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"series": "folk_{Alder}", "words": {"Alder": words}, **more}]


def test_a_declaration_and_metadata_make_a_question() -> None:
    (asked,) = resolve(table(), metadata(), {})
    assert asked.query.codes == {
        "Alder": ("80-84",),
        "ContentsCode": ("N1",),
        "Region": ("00", "1480", "1481"),
        "Kon": ("2", "1"),
        "Tid": ("2017", "2018", "2019"),
    }
    assert asked.areas == {"00": "0000", "1480": "1480", "1481": "1481"}
    assert (asked.series_ids, asked.is_summed, asked.together) == (["folk_80_84"], True, {"Kon"})


def test_a_list_of_codes_stands_for_the_variable_s_own() -> None:
    lists = {"agg_5": Variable("agg_5", {"80-84": "80–84 år"})}
    declared = table(parts=part({"80_84": {"label": "^80.84"}}, codelists={"Alder": "agg_5"}))
    (asked,) = resolve(declared, metadata(Alder={"80": "80 år"}), lists)
    assert (asked.query.codes["Alder"], asked.query.codelists) == (("80-84",), {"Alder": "agg_5"})


def test_periods_are_those_of_the_part_whatever_their_order() -> None:
    found = metadata(Tid={str(y): str(y) for y in (2019, 2017, 2018)})
    asked = resolve(
        table(parts=[*part({"a": {"code": "tot"}}, last=2017), *part({"b": {"code": "tot"}}, first=2018)]), found, {}
    )
    assert [a.periods for a in asked] == [("2017",), ("2018", "2019")]


@pytest.mark.parametrize(
    ("changed", "found", "told"),
    [
        (
            {"parts": part({"a": {"code": "85-89", "label": "^100"}})},
            {},
            r"Alder has no such code.*code 85-89, label \^100.*found: 100\+ \(100\+ år\), 100\+5 \(100\+ år\)",
        ),
        ({"parts": part({"a": {"code": "80-84", "label": "^85"}})}, {}, r"no category with such a label.*80-84 år"),
        ({"parts": part({"a": {"label": r"^100\+ år"}})}, {}, r"more than one such category.*100\+.*100\+5"),
        ({"parts": part({"a": {"label": "^saknas"}})}, {}, "Alder has no category with such a label"),
        ({"parts": part({"a": {"code": "tot"}, "b": {"label": "^totalt"}})}, {}, "one and the same"),
        ({"parts": part({"a": {"code": "tot"}}, first=2025)}, {}, "no such period.*from 2025.*2017, 2018, 2019"),
        ({"sexes": PUBLISHED}, {"Kon": {"1": "män", "2": "kvinnor"}}, "Kon has no such code.*TotSa"),
        ({"pinned": {"ContentsCode": {"code": "000007ME"}}}, {}, "ContentsCode has no such code.*000007ME"),
        ({"pinned": {"Innehall": {"code": "N1"}}}, {}, "the table has no variable Innehall"),
        ({}, {"Region": {**REGIONS, "1480A": "en del"}}, r"no known kind.*1480A \(en del\)"),
        ({"areas": {"left_out": [r"\d+"], "nation": "x"}}, {}, "Region has no area"),
        ({}, {"Tid": {"2019": "2019", "2020K1": "kvartal"}}, "periods of another kind.*2020K1"),
        ({}, {"Fodelseland": {"1": "Sverige"}}, "variables that nobody chose.*Fodelseland"),
        ({"eliminated": ["Civilstand", "Kon"], "sexes": None}, {}, "Kon cannot be left out"),
        ({"eliminated": ["Civilstand"]}, {"Civilstand": None}, "the table has no variable Civilstand"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], found: dict[str, Any], told: str) -> None:
    with pytest.raises(SourceError, match=told) as caught:
        resolve(table(**changed), metadata(**found), {})
    assert "table TAB1" in caught.value.where
    assert caught.value.remedy


def test_areas_left_out_are_not_asked_for_though_they_look_like_municipalities() -> None:
    found = metadata(Region={**REGIONS, "99": "okänt län", "9999": "okänd kommun"})
    (asked,) = resolve(table(areas={"left_out": [r"\d{2}", "9999"]}), found, {})
    assert asked.query.codes["Region"] == ("00", "1480", "1481")


def test_a_promise_is_made_of_what_was_asked_for_across_tables() -> None:
    words = {"80_84": {"code": "80-84"}, "totalt": {"code": "tot"}}
    before = resolve(table(parts=part(words, last=2018)), metadata(), {})
    after = resolve(table(parts=part(words, first=2019), sexes=PUBLISHED), metadata(Region={"1480": "Göteborg"}), {})
    promise = promise_of([*before, *after])
    # 3 areas × 2 years × (women, men and both) before, 1 area × 1 year × 3 after.
    expected = SeriesPromise(rows=21, areas=3, first_year=2017, last_year=2019)
    assert promise.series == {"folk_80_84": expected, "folk_totalt": expected}
    assert (promise.rows, promise.complete) == (42, True)


def cells(asked: ResolvedPart, values: dict[tuple[str, str, str], tuple[float | None, str | None]]) -> pl.DataFrame:
    """Cells of age 80–84 by region, sex and year."""
    rows = [("80-84", "N1", region, sex, year, *cell) for (region, sex, year), cell in values.items()]
    schema = {"Alder": pl.String, "ContentsCode": pl.String, "Region": pl.String, "Kon": pl.String, "Tid": pl.String}
    return pl.DataFrame(rows, schema=schema | {"value": pl.Float64, "status": pl.String}, orient="row")


def rows_of(sexes: Any, values: dict[tuple[str, str, str], tuple[float | None, str | None]]) -> set[tuple[Any, ...]]:
    (asked,) = resolve(table(sexes=sexes), metadata(), {})
    frame = facts(asked, cells(asked, values), SIGNS, "t")
    assert frame["series_id"].unique().to_list() == ["folk_80_84"]
    return set(frame.drop("series_id").rows())


def test_women_and_men_make_the_total_where_it_is_so_declared() -> None:
    found = rows_of(SUMMED, {("00", "1", "2018"): (3, None), ("00", "2", "2018"): (4, None)})
    assert found == {("0000", 2018, "M", 3, None), ("0000", 2018, "K", 4, None), ("0000", 2018, "T", 7, None)}


def test_a_total_with_a_missing_half_is_missing_for_the_same_reason() -> None:
    found = rows_of(SUMMED, {("1480", "1", "2018"): (None, "."), ("1480", "2", "2018"): (4, None)})
    assert ("1480", 2018, "T", None, "not_applicable") in found


def test_a_published_total_is_read_and_not_made() -> None:
    values = {("00", "1", "2019"): (3.0, None), ("00", "2", "2019"): (4.0, None), ("00", "TotSa", "2019"): (8.0, None)}
    found = rows_of(PUBLISHED, values)  # type: ignore[arg-type]
    assert found == {("0000", 2019, "M", 3, None), ("0000", 2019, "K", 4, None), ("0000", 2019, "T", 8, None)}


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ((None, ".."), "missing"),
        ((None, "."), "not_applicable"),
        ((None, None), "missing"),
        ((None, "-"), "code:-"),
        ((0.0, None), None),
        ((0.0, "-"), "code:-"),
    ],
)
def test_signs_are_told_apart_and_none_becomes_a_zero(
    cell: tuple[float | None, str | None], status: str | None
) -> None:
    (row,) = rows_of(PUBLISHED, {("00", "TotSa", "2019"): cell})
    assert row == ("0000", 2019, "T", None if cell[1] else cell[0], status), "no sign beside a value leaves it plain"


def test_a_value_beside_a_sign_that_there_is_none_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"one or the other.*1 cells: folk_80_84 × 1480 × 2018"):
        rows_of(SUMMED, {("1480", "1", "2018"): (5, ".."), ("1480", "2", "2018"): (4, None)})


_cell = st.tuples(st.none() | st.integers(0, 10**6).map(float), st.none()) | st.tuples(
    st.none(), st.sampled_from("..-")
)


@given(st.lists(st.tuples(_cell, _cell), min_size=3, max_size=3))
def test_totals_are_exact_or_missing(pairs: list[Any]) -> None:
    years = ("2017", "2018", "2019")
    values = {("00", sex, y): pair[i] for y, pair in zip(years, pairs, strict=True) for i, sex in enumerate("12")}
    found = {(year, sex): value for _, year, sex, value, _ in rows_of(SUMMED, values)}
    for year in (2017, 2018, 2019):
        women, men = found[year, "K"], found[year, "M"]
        assert found[year, "T"] == (None if women is None or men is None else women + men)


def test_cells_are_described_by_series_area_and_year() -> None:
    (asked,) = resolve(table(), metadata(), {})
    codes = cells(asked, {("1480", s, y): (1, None) for s in "12" for y in ("2019", "2017")})
    assert described(asked, codes) == ["folk_80_84 × 1480 × 2017", "folk_80_84 × 1480 × 2019"]


def index(label: str = "KPIF, index, 2020=100") -> ResolvedPart:
    declared = {
        "table": "P",
        "api": "v1",
        "pinned": {"ContentsCode": {"label": r"index,? (?P<base>\d{4} ?= ?100)$"}},
        "parts": [{"series": "kpif"}],
    }
    values = {"ContentsCode": {"Z": label, "Y": "KPIF, förändring"}, "Tid": dict.fromkeys(["2023M12", "2024M01"], "")}
    found = Metadata("P", None, {v: Variable(v, c) for v, c in values.items()})
    (asked,) = resolve(Table.model_validate(declared), found, {})
    return asked


def month_cells(*values: tuple[str, float | None]) -> list[Cells]:
    rows = [(month, "Z", value, None if value else "..") for month, value in values]
    schema = {"Tid": pl.String, "ContentsCode": pl.String, "value": pl.Float64, "status": pl.String}
    return [Cells(pl.DataFrame(rows, schema=schema, orient="row"), None)]


def test_months_tell_their_base_and_those_to_come_are_no_rows() -> None:
    (frame,) = months(index(), month_cells(("2023M12", 117.5), ("2024M01", None)), "t")
    assert frame.rows() == [("kpif", 2023, 12, 117.5, "2020=100")]
    (spaced,) = months(index("KPIF, index 1987 = 100"), month_cells(("2024M01", 260.0)), "t")
    assert spaced["base"].to_list() == ["1987=100"]


def test_a_month_without_a_value_before_the_last_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"months without a value.*found: 2023M12"):
        months(index(), month_cells(("2023M12", None), ("2024M01", 117.5)), "t")
    with pytest.raises(SourceError, match="no month at all"):
        months(index(), month_cells(("2023M12", None)), "t")


def test_an_index_whose_label_tells_no_base_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"no category with such a label.*KPIF, index"):
        index("KPIF, index")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"statuses": {"..": "gone"}}, "no such status"),
        ({"tables": []}, "at least 1 item"),
        ({"rows": "years"}, "Input should be"),
        ({"tables": [{"table": "A", "api": "v1", "parts": [{"series": "x"}]}]}, "facts need areas"),
        ({"tables": [{"table": "A", "api": "v1", "areas": {}, "parts": [{"series": "x_{Alder}"}]}]}, "words are given"),
        ({"tables": [{"table": "A", "api": "v1", "areas": {}, "parts": []}]}, "at least 1 item"),
        ({"tables": [{"table": "A", "api": "v3", "areas": {}, "parts": [{"series": "x"}]}]}, "Input should be"),
        ({"tables": [{"table": "A", "api": "v1", "areas": {}, "parts": [{"series": "x"}]}] * 2}, "stands twice"),
        (
            {"tables": [{"table": "A", "api": "v1", "areas": {}, "pinned": {"B": {}}, "parts": [{"series": "x"}]}]},
            "by its code, its label, or both",
        ),
        (
            {"rows": "months", "tables": [{"table": "A", "api": "v1", "parts": [{"series": "x"}, {"series": "y"}]}]},
            "one part of one table",
        ),
    ],
)
def test_a_declaration_that_says_nothing_sound_is_refused(changed: dict[str, Any], told: str) -> None:
    sound = {"tables": [{"table": "A", "api": "v1", "areas": {}, "parts": [{"series": "x"}]}]}
    assert Live.model_validate(sound)
    with pytest.raises(ValidationError, match=told):
        Live.model_validate(sound | changed)


@pytest.mark.parametrize("dataset", [d for d in datasets() if d.startswith("scb.")])
def test_the_declared_datasets_are_sound(dataset: str) -> None:
    live = live_of(dataset)
    assert live.rows == ("facts" if datasets()[dataset].kind == "facts" else "months")


def test_only_exact_counts_are_added_up() -> None:
    """The noise of the cell key method adds up with every cell that is added."""
    noisy = next(t for t in live_of("scb.population").tables if t.table == "TAB5557")
    assert noisy.sexes is not None
    assert noisy.sexes.T != "sum"
    assert not noisy.eliminated
    assert "Civilstand" in noisy.pinned
