"""What pages are made of: Swedish numbers, the small lines, breaks out of their text, the ledger's order."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.load.catalogue import load_catalogue
from indicators.model import words
from indicators.model.vocabulary import CostConcept, Polarity, Theme
from pipelines.settings import Settings
from pipelines.site import swedish_text
from pipelines.site.pages.indicators import breaks_of
from pipelines.site.pages.outstanding import outstanding
from pipelines.site.pages.records import corrections_told, heading_of, suites_of
from pipelines.site.pages.reform import _last_years, _ledger
from pipelines.site.sparkline import sparkline
from pipelines.text import swedish_numbers

NB = "\u00a0"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (290766.048, 0, f"290{NB}766"),
        (12.34, 1, "12,3"),
        (-4.0, 0, "−4"),
        (-0.01, 1, "0,0"),
        (0.0, 0, "0"),
        (None, 1, "–"),
        (float("nan"), 1, "–"),
        (1234567.5, 2, f"1{NB}234{NB}567,50"),
    ],
)
def test_numbers_are_swedish(value: float | None, decimals: int, text: str) -> None:
    assert swedish_text.number(value, decimals) == text


@given(st.floats(-1e12, 1e12), st.integers(0, 3))
def test_a_number_reads_back_as_it_was_rounded(value: float, decimals: int) -> None:
    text = swedish_text.number(value, decimals).replace(NB, "").replace(",", ".").replace("−", "-")
    assert float(text) == pytest.approx(round(value, decimals), abs=1.1 * 10**-decimals)
    assert "−0" not in swedish_text.number(value, 0)


@pytest.mark.parametrize(("value", "text"), [(1457.0, f"+1{NB}457"), (-887.0, "−887"), (0.2, "0"), (None, "–")])
def test_differences_have_their_sign(value: float | None, text: str) -> None:
    assert swedish_text.signed(value) == text


@pytest.mark.parametrize(("value", "text"), [(6778.0, f"6{NB}778"), (7.5, "7,5"), (3430.25, f"3{NB}430,25")])
def test_amounts_have_the_decimals_that_they_have(value: float, text: str) -> None:
    assert swedish_text.amount(value) == text


def test_every_declared_code_has_a_word() -> None:
    assert set(words.THEMES) == {t.value for t in Theme}
    assert set(words.POLARITIES) == {p.value for p in Polarity}
    assert set(words.COST_CONCEPTS) == {c.value for c in CostConcept} | {"not_declared"}  # of uncurated indicators
    declared = [analysis.method for study in load_catalogue(Settings().declarations_dir).studies
                for analysis in study.analyses]  # fmt: skip
    assert set(declared) <= set(words.METHODS)


def test_a_code_without_a_word_is_shown_as_it_stands() -> None:
    assert words.said(words.LEVELS, "another") == "another"
    assert words.missing_reason("corrected_drop: x") == "källans värde är fel och borttaget här (x)"
    assert words.missing_reason("another") == "another"


def test_what_payers_paid_together_is_named_by_titles() -> None:
    titles = {"a": "Kostnad", "b": "Nettokostnad"}
    assert words.paid_together("b, a - b", titles) == "Nettokostnad + Kostnad − Nettokostnad"
    assert words.paid_together("a", titles) == "Kostnad"


def lines(svg: str) -> list[str]:
    (path,) = re.findall(r'<path d="([^"]*)"', svg)
    return [run for run in path.split("M") if run]


def test_the_small_line_is_not_drawn_over_a_break_nor_over_a_missing_value() -> None:
    years, whole = [2015, 2016, 2017, 2018, 2019, 2020], [False] * 6
    assert len(lines(sparkline(years, [1.0, 2, 3, 4, 5, 6], whole))) == 1
    assert len(lines(sparkline(years, [1.0, 2, 3, 4, 5, 6], [*[False] * 3, True, False, False]))) == 2
    assert len(lines(sparkline(years, [1.0, 2, None, 4, 5, 6], whole))) == 2
    assert len(lines(sparkline([2015, 2016, 2019, 2020], [1.0, 2, 3, 4], [False] * 4))) == 2


def test_the_small_line_has_its_highest_value_on_top_and_ends_with_a_dot() -> None:
    svg = sparkline([2019, 2020, 2021], [10.0, 20.0, 10.0], [False] * 3)
    assert lines(svg) == ["3 21L48 3L93 21"]
    assert '<circle class="last" cx="93" cy="21"' in svg


def test_nothing_known_is_no_line() -> None:
    assert sparkline([2019], [None], [False]) == ""


def test_breaks_come_out_of_their_text_with_reasons_that_hold_signs_themselves() -> None:
    text = "2007: Ny källa; färre svar.; 2013: Kl. 12: räknas om."
    assert breaks_of({"breaks": text}) == {2007: "Ny källa; färre svar.", 2013: "Kl. 12: räknas om."}
    assert breaks_of({"breaks": None}) == {}


def test_each_amount_is_followed_by_its_parts() -> None:
    def row(name: str, parent: str | None) -> dict[str, str | None]:
        return {"funding_id": name, "parent_id": parent}

    ledger = _ledger([row("a2", "a"), row("b", None), row("a", None), row("a21", "a2")])
    assert [(r["funding_id"], r["depth"]) for r in ledger] == [("b", 0), ("a", 0), ("a2", 1), ("a21", 2)]


@pytest.mark.parametrize(
    ("check", "heading"),
    [
        ("control.rikets_kostnad", "Jämförbarhet och samanvändbarhet"),
        ("release.observation_rows", "Tillgänglighet och tydlighet"),
        ("kolada.values.value_range", "Tillförlitlighet"),
        ("kolada.values.coverage_last_year", "Aktualitet och punktlighet"),
        ("kolada.kpi.coverage_rows", "Relevans"),
    ],
)
def test_a_check_stands_under_its_heading(check: str, heading: str) -> None:
    assert heading_of(check) == heading


def line(number: int, **told: Any) -> dict[str, Any]:
    """A row of a profile, TEST FIGURES: nothing of it stands out unless told."""
    usual: dict[str, Any] = {
        "indicator_id": f"i{number:02d}", "title": "Titel", "unit": "%", "decimals": 0, "polarity": "higher_better",
        "value": 90.0, "year": 2022, "nation": 85.0, "place_sv": "3:e högst av 290", "place_interval_sv": None,
        "target": 85.0, "basis": "interval", "p_value": 0.5, "q_of_area": 0.9, "stands_out": "no_difference",
        "size_group": "small",
    }  # fmt: skip
    return usual | told


def test_what_stands_out_says_how_much_was_examined_and_tells_the_clearest_first() -> None:
    far = [line(n, p_value=0.001, q_of_area=0.02 + n / 1000, stands_out="lower") for n in range(10)]
    near = [line(20, p_value=0.04), line(21), line(22, p_value=None, q_of_area=None, stands_out="not_estimable")]
    found = outstanding({"kvalitet": [*near, *far[::-1]]})
    assert found is not None
    told = found["by_interval"]
    assert (told["examined"], told["outside"], told["found"], told["by_chance"]) == (12, 11, 10, pytest.approx(0.6))
    assert [row["indicator_id"] for row in told["told"]] == [f"i{n:02d}" for n in range(8)]
    assert found["by_years"]["examined"] == 0


def test_ends_that_last_are_told_apart_two_of_a_theme_and_what_is_not_estimable_is_not_counted() -> None:
    years = {"basis": "years", "p_value": None, "q_of_area": None}
    costs = [line(n, stands_out="higher", **years) for n in range(4)]
    others = [line(8, stands_out="no_difference", **years), line(9, stands_out="not_estimable", **years)]
    found = outstanding({"kostnad": costs, "behov": others})
    assert found is not None
    told = found["by_years"]
    assert (told["examined"], told["found"]) == (5, 4)
    assert [row["indicator_id"] for row in told["told"]] == ["i00", "i01"]
    assert told["by_chance"] == pytest.approx(5 * 2 * 0.05**3)


def test_a_municipality_of_which_nothing_was_examined_has_no_section() -> None:
    not_examined = {"basis": None, "p_value": 0.001, "stands_out": None}
    assert (
        outstanding(
            {"kvalitet": [line(1, **not_examined), line(2, basis="years", stands_out="not_estimable", p_value=None)]}
        )
        is None
    )


def test_less_than_a_thousandth_is_not_nothing() -> None:
    assert [swedish_text.chance(p) for p in (0.0004, 0.0234, None)] == ["< 0,001", "0,023", "–"]


def test_a_title_that_ends_with_its_unit_says_it_once() -> None:
    assert swedish_text.measured("Väntan, dagar", "dagar") == "Väntan, dagar"
    assert swedish_text.measured("Kostnad", "kr") == "Kostnad, kr"


@pytest.mark.parametrize(
    ("value", "decimals", "unit", "text"),
    [
        (54.5, 1, "%", f"54,5{NB}%"),
        (2.0, 0, "0–2", f"2{NB}(0–2)"),
        (71.3, 0, "index 0–100", f"71{NB}(index 0–100)"),
        (1.0, 0, "ja/nej (1/0)", f"1{NB}(ja/nej (1/0))"),
        (12.0, 0, "per 100 000 inv 65+", f"12{NB}per 100 000 inv 65+"),
        (None, 0, "0–2", "–"),
    ],
)
def test_a_unit_that_is_a_scale_does_not_run_into_the_number(
    value: float | None, decimals: int, unit: str, text: str
) -> None:
    assert swedish_text.with_unit(value, decimals, unit) == text


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        ([], ""),
        (["override"], "Ett fel hos en källa är känt: 1 är rättat här."),
        (
            ["drop", "caution", "caution"],
            "3 fel hos källor är kända: 1 är borttaget här, "
            "2 är bara utmärkta, värdena står kvar med en varning.",
        ),
        (["scale", "override", "flag"], "3 fel hos källor är kända: 2 är rättade här, "
         "1 är bara utpekat för en människa, värdet står kvar."),
    ],
)  # fmt: skip
def test_what_is_only_marked_is_not_said_to_be_mended(actions: list[str], told: str) -> None:
    assert corrections_told([{"action": action} for action in actions]) == told


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (2.15, 1, "2,2"), (2.675, 2, "2,68"), (1.005, 2, "1,01"), (0.5, 0, "1"), (2.5, 0, "3"), (-2.5, 0, "−3"),
        (-0.04, 1, "0,0"), (-0.05, 1, "−0,1"), (1e22, 0, NB.join(["10", *["000"] * 7])), (3, 1, "3,0"),
    ],
)  # fmt: skip
def test_a_half_is_rounded_away_from_zero_as_the_number_is_written(value: float, decimals: int, text: str) -> None:
    assert swedish_text.number(value, decimals) == text


@pytest.mark.parametrize(
    ("estimates", "limits", "decimals"),
    [
        ([-4.67], (-9.29, -0.04), 2),
        ([-4670.0, 3.0], (-9290.0, -40.0), 0),
        ([-4670.0], (-9290.0, -0.4), 1),  # a limit below zero is not shown as zero
        ([0.01], (0.0004, 0.02), 4),
        ([1.0], (0.0, 2.0), 2),
        ([None, 1.0], (None, None), 2),
    ],
)
def test_the_limit_of_an_effect_is_not_rounded_onto_zero(
    estimates: list[float | None], limits: tuple[float | None, float | None], decimals: int
) -> None:
    assert swedish_numbers.effect_decimals(estimates, *limits) == decimals


def test_a_chance_is_not_rounded_up_to_the_limit_of_a_test() -> None:
    assert [swedish_numbers.chance(p) for p in (0.04999, 0.0496, 0.05, 0.0504, 0.001)] == [
        "0,04999", "0,0496", "0,050", "0,050", "0,001"
    ]  # fmt: skip


def test_checks_are_shown_by_suite_deliveries_first_and_none_is_left_out() -> None:
    ids = [
        "release.area_rows",
        "warehouse.b",
        "kolada.values.key_unique",
        "new.kind",
        "warehouse.a",
        "scb.kpif.columns",
    ]
    found = [(suite, [c["rule"] for c in checks]) for suite, checks in suites_of([{"check_id": i} for i in ids])]
    assert found == [
        ("kolada.values", ["key_unique"]),
        ("new", ["kind"]),
        ("scb.kpif", ["columns"]),
        ("warehouse", ["a", "b"]),
        ("release", ["area_rows"]),
    ]


@pytest.mark.parametrize(
    ("years", "last", "usual"),
    [((2022, 2022, 2025, None), 2025, 2022), ((2022, 2022), 2022, 2022), ((2021, 2022), 2022, 2022), ((None,), 0, 0)],
)
def test_the_year_with_which_most_indicators_end_is_told_beside_the_last_of_all(
    years: tuple[int | None, ...], last: int, usual: int
) -> None:
    tables: Any = SimpleNamespace(indicators={str(n): {"last_year": year} for n, year in enumerate(years)})
    assert _last_years(tables) == {"last_year": last, "usual_last_year": usual}
