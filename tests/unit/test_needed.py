"""What a question would need: sizes from the books, the spread of the nearest figure, and words that follow."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from indicators.model.needed import Needed
from indicators.model.study import Study
from indicators.statistics.figures import Figures
from indicators.statistics.needed import municipalities_for, need_row, sufficient
from indicators.statistics.panel_study import Changes, by_region
from indicators.statistics.regions import neighbourhood
from indicators.statistics.studies import run_study

COUNTIES, EACH, YEARS = 20, 8, range(2010, 2020)
AREAS = tuple(f"{county:02d}{place:02d}" for county in range(1, COUNTIES + 1) for place in range(1, EACH + 1))
REGION = AREAS[:EACH]
DECLARED = {
    "need_id": "saknas", "what_sv": "Det som inget tal svarar på.", "figures_sv": "Tal som ingen har, per kommun.",
    "data_gaps": ["lucka"], "collectable": "from_now_on", "proxy": "matt", "proxy_years": [2010, 2019],
    "proxy_because_sv": "Det liknar det som saknas.", "effect": 2.0, "effect_because_sv": "Så mycket skulle märkas.",
}  # fmt: skip


def need(**held: Any) -> Needed:
    return Needed.model_validate(DECLARED | held)


def figures(
    *, times: float = 1.0, shared: float = 0.0, areas: int = len(AREAS), breaks: tuple[int, ...] = ()
) -> Figures:
    """Counties of municipalities in a row along a road; a level of 100 and independent noise of 2 each year."""
    chance = np.random.default_rng(7)
    values = 100 + 2 * chance.standard_normal((len(AREAS), len(YEARS)))
    values += shared * np.repeat(chance.standard_normal((COUNTIES, len(YEARS))), EACH, axis=0)
    rows = [
        ("matt", area, year, times * float(values[a, y]), 1.0)
        for a, area in enumerate(AREAS[:areas])
        for y, year in enumerate(YEARS)
    ]
    return Figures(
        pl.DataFrame(rows, schema=["indicator_id", "area_id", "year", "value", "size"], orient="row"),
        {"matt": frozenset(breaks)}, {"matt": "%"}, {"GR": REGION, "0000": AREAS},
        pl.DataFrame(schema=["area_id", "year", "variable", "weight", "standardised"]),
        neighbourhood(pairwise(AREAS)),
    )  # fmt: skip


# Cohen (1988), Statistical Power Analysis, table 2.4.1: 80 per cent at a two-sided 0.05, n of each group.
@pytest.mark.parametrize(("standardised", "each"), [(0.2, 394), (0.5, 64), (0.8, 26), (1.0, 17)])
def test_how_many_municipalities_are_enough_is_as_in_the_book(standardised: float, each: int) -> None:
    # 0.2 is 393 in the table, which rounds to the nearest; 393.4 of each are needed.
    assert municipalities_for(standardised * 3.0, 3.0) == 2 * each


def test_the_spread_is_that_of_a_difference_of_means() -> None:
    found = sufficient(need(measurements=2), figures())
    assert found.spread == pytest.approx(2 * np.sqrt(1 / 2 + 1 / 2), rel=0.1)
    assert (found.treated, found.others) == (EACH, len(AREAS) - EACH)


def test_a_region_finds_what_is_said_to_be_the_least_and_not_half_of_it() -> None:
    """The least effect, put into each county in turn, is told from chance in most of them; a third of it in few."""
    made = figures(shared=1.0)
    least = sufficient(need(measurements=2), made).least
    assert least is not None
    cut = made.panel("matt", AREAS, YEARS)
    years = cut.years[3:7]
    seen = {}
    for share in (1 / 3, 1.0):
        found = []
        for county in range(COUNTIES):
            there = set(AREAS[county * EACH : (county + 1) * EACH])
            added = share * least * np.outer([area in there for area in AREAS], [0, 0, 1, 1])
            changes = Changes.at_once(cut.values[:, 3:7] + added, years, int(years[2]))
            decided = by_region(cut, changes, [there], AREAS, made)
            assert decided is not None
            found.append(decided.found.p_placebo < 0.05)
        seen[share] = sum(found)
    assert seen[1.0] >= 13  # 16 of 20 expected
    assert seen[1 / 3] <= 8


def test_what_counties_share_makes_a_region_worse_and_more_measurements_make_it_better() -> None:
    apart, together = sufficient(need(), figures()).least, sufficient(need(), figures(shared=2.0)).least
    assert apart is not None
    assert together is not None
    assert together > 1.5 * apart
    longer = sufficient(need(measurements=4), figures()).least
    assert longer is not None
    assert longer < apart


def test_the_measurements_that_are_needed_are_the_fewest() -> None:
    by_length = {k: sufficient(need(measurements=k), figures()).least for k in (1, 2, 3)}
    between = (by_length[1] + by_length[2]) / 2  # type: ignore[operator]
    assert sufficient(need(effect=between, measurements=2), figures()).measurements == 2
    assert sufficient(need(effect=between, measurements=3), figures()).measurements == 2
    assert sufficient(need(effect=between, measurements=1), figures()).measurements == 2
    assert sufficient(need(effect=0.01), figures()).measurements is None


@settings(max_examples=10, deadline=None)
@given(times=st.floats(0.01, 1000))
def test_an_effect_in_per_cent_does_not_depend_on_the_unit(times: float) -> None:
    plain, scaled = (sufficient(need(effect_in="percent"), figures(times=t)) for t in (1.0, times))
    assert scaled.municipalities == plain.municipalities
    assert scaled.least == pytest.approx(plain.least)


@pytest.mark.parametrize("known", [{"areas": 20}, {"breaks": (2015,)}, {"areas": 0}])
def test_where_the_nearest_figure_cannot_say_there_is_no_number(known: dict[str, Any]) -> None:
    row = need_row("provad", need(), figures(**known))
    assert (row["minimal_effect"], row["municipalities_needed"], row["measurements_needed"]) == (None, None, None)
    assert "går inte att säga" in row["needed_sv"]


def test_the_words_say_what_the_numbers_say() -> None:
    row = need_row("provad", need(), figures())
    assert f"räcker {row['municipalities_needed']} kommuner" in row["needed_sv"]
    assert f"i {EACH} kommuner mot {len(AREAS) - EACH} andra" in row["needed_sv"]
    assert "2 procentenheter" in row["needed_sv"]
    assert "1 procentenhet " in need_row("provad", need(effect=1), figures())["needed_sv"]
    assert need_row("provad", need(collectable="never"), figures())["needed_sv"].startswith(
        "Talen kan inte fås i efterhand"
    )
    assert "räcker inte ens alla kommuner" in need_row("provad", need(effect=0.1), figures())["needed_sv"]


@pytest.mark.parametrize(
    ("treated", "told"), [(["0101"], "Med 1 kommun mot 159 andra"), (["0000"], "Med 160 kommuner mot 0 andra")]
)
def test_what_no_study_could_be_made_of_has_no_least_effect(treated: list[str], told: str) -> None:
    row = need_row("provad", need(treated=treated), figures())
    assert (row["minimal_effect"], row["measurements_needed"]) == (None, None)
    assert row["needed_sv"].startswith(f"{told} kan inget prövas: minst fem behöver beröras")
    assert f"räcker {row['municipalities_needed']} kommuner för 2 procentenheter" in row["needed_sv"]


def test_a_question_that_no_figure_answers_is_a_study_all_the_same() -> None:
    declared = Study.model_validate(
        {
            "study_id": "utan_tal", "title_sv": "Utan tal", "question_sv": "Vad hände med det som ingen mäter?",
            "design_sv": "Ingen serie svarar på frågan, så här står vad som skulle behövas.", "events": ["beslut"],
            "exclusions_sv": "Inga.", "caveats_sv": ["Påhittad."], "needed": [DECLARED],
        }
    )  # fmt: skip
    found = run_study(declared, figures()).rows
    (told,) = found["study_conclusion"]
    assert (told["status"], told["designs"]) == ("not_estimable", 0)
    assert told["conclusion_sv"].startswith("Frågan kan inte besvaras")
    assert [row["need_id"] for row in found["study_need"]] == ["saknas"]
    assert found["effect_estimate"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"effect": 0}, {"proxy_years": [2018, 2019]}, {"data_gaps": []}, {"measurements": 6}, {"collectable": "yes"}],
)
def test_a_need_that_says_too_little_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        need(**wrong)


def test_a_study_has_analyses_or_says_what_they_would_need() -> None:
    plain = {
        "study_id": "tom", "title_sv": "Tom", "question_sv": "Vad hände med det som ingen mäter?",
        "design_sv": "Ingen serie svarar på frågan, så här står vad som skulle behövas.", "events": ["beslut"],
        "exclusions_sv": "Inga.", "caveats_sv": ["Påhittad."],
    }  # fmt: skip
    with pytest.raises(ValidationError, match="needed"):
        Study.model_validate(plain)
    with pytest.raises(ValidationError, match="each need_id once"):
        Study.model_validate(plain | {"needed": [DECLARED, DECLARED]})
