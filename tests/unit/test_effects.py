"""Studies on made-up figures: what is found, what is refused and why, and what no design may say."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.model.needed import Needed
from indicators.model.study import Study
from indicators.statistics.effect_rows import StudyRows
from indicators.statistics.figures import Figures
from indicators.statistics.regions import neighbourhood
from indicators.statistics.studies import run_study
from indicators.tables.effects import EFFECT_TABLES

YEARS = range(2003, 2023)
AREAS = tuple(f"{number:04d}" for number in range(101, 151))  # fifty municipalities
TREATED = AREAS[:10]
CAUSAL_WORDS = ("effekt", "påverk", "ledde till", "orsak", "på grund av", "tack vare", "besparing.", "minskade")


def figures(
    change: float = 0.0,
    *,
    at: int = 2020,
    breaks: tuple[int, ...] = (),
    without: tuple[int, ...] = (),
    spread: float = 1.0,
) -> Figures:
    """Fifty municipalities with levels, shared years and noise; the treated change by `change` from a year on."""
    chance = np.random.default_rng(12)
    levels = 100 + 5 * chance.standard_normal((len(AREAS), 1))
    values = (
        levels + chance.standard_normal((1, len(YEARS))) + spread * chance.standard_normal((len(AREAS), len(YEARS)))
    )
    values[: len(TREATED)] += change * (np.array(YEARS) >= at)
    rows = [
        ("matt", area, year, float(values[a, y]), 1.0)
        for a, area in enumerate(AREAS)
        for y, year in enumerate(YEARS)
        if year not in without
    ]
    rows += [
        ("matt", "GR", year, float(values[:10, y].mean()), 10.0) for y, year in enumerate(YEARS) if year not in without
    ]
    rows += [("annat", area, year, 50.0 + a, 1.0) for a, area in enumerate(AREAS) for year in YEARS]
    structure = pl.DataFrame(
        [(area, 2019, "storlek", 1.0, float(levels[a, 0])) for a, area in enumerate(AREAS)],
        schema=["area_id", "year", "variable", "weight", "standardised"],
        orient="row",
    )
    return Figures(
        pl.DataFrame(rows, schema=["indicator_id", "area_id", "year", "value", "size"], orient="row"),
        {"matt": frozenset(breaks)},
        {"matt": "kr", "annat": "kr"},
        {"GR": TREATED, "0000": AREAS},
        structure,
    )


def study(*analyses: dict[str, Any]) -> Study:
    common = {
        "analysis_id": "a", "indicators": ["matt"], "first_year": 2003, "last_year": 2022, "first_after": 2020,
        "assumptions_sv": ["Inga."],
    }  # fmt: skip
    return Study.model_validate(
        {
            "study_id": "provad", "title_sv": "Prövad", "question_sv": "Vad hände med måttet efteråt?",
            "design_sv": "Påhittade siffror vars sanning är känd av den som prövar.", "events": ["beslut"],
            "exclusions_sv": "Inga.", "caveats_sv": ["Påhittad."],
            "analyses": [{k: v for k, v in (common | a).items() if v is not None} for a in analyses],
        }
    )  # fmt: skip


DIFFERENCE = {"method": "difference_in_differences", "treated": ["GR"], "first_year": 2012}
SERIES = {"method": "interrupted_time_series", "areas": ["GR"]}
CONTROL = {
    "method": "synthetic_control", "treated": ["GR"], "excluded": ["GR"], "alike_in": 2019, "placebo_year": 2014,
    "donors": 30,
}  # fmt: skip
SYNTHETIC_DIFFERENCE = CONTROL | {"method": "synthetic_difference_in_differences"}
AUGMENTED = CONTROL | {"method": "augmented_synthetic_control"}
STAGGERED = {"method": "staggered_event_study", "starts": [{"area": "GR", "first_after": 2020}], "first_year": 2012}
ALIKE = STAGGERED | {"covariates": ["annat"], "covariate_years": [2017, 2018, 2019]}
BEFORE_AFTER = {"method": "before_after", "areas": ["0000"], "first_year": 2017}


NEED = Needed(
    need_id="saknas", what_sv="Det som inget tal svarar på.", figures_sv="Tal som ingen har, per kommun och år.",
    data_gaps=("lucka",), collectable="from_now_on", proxy="matt", proxy_years=(2010, 2019),
    proxy_because_sv="Det liknar det som saknas.", effect=1.0, effect_because_sv="Så mycket skulle märkas.",
)  # fmt: skip


def one(found: StudyRows) -> dict[str, Any]:
    (row,) = found.rows["effect_estimate"]
    return row


@pytest.mark.parametrize("design", [DIFFERENCE, STAGGERED, CONTROL, AUGMENTED])
def test_a_change_of_the_treated_is_found_with_its_size(design: dict[str, Any]) -> None:
    row = one(run_study(study(design), figures(change=6.0)))
    assert row["estimate"] == pytest.approx(6.0, abs=1.5)
    assert row["is_significant"] is True
    assert row["assumptions_met"] is True
    assert 0 < row["lower_95"] < row["estimate"] < row["upper_95"]
    assert row["verdict_sv"] == "Högre än jämförelsen, mer än slumpen brukar ge."


@pytest.mark.parametrize("design", [DIFFERENCE, STAGGERED, CONTROL, SERIES, SYNTHETIC_DIFFERENCE, AUGMENTED])
def test_nothing_is_found_where_nothing_happened(design: dict[str, Any]) -> None:
    for row in run_study(study(design), figures()).rows["effect_estimate"]:
        assert row["is_significant"] is False
        assert "slumpen" in row["verdict_sv"]


@pytest.mark.parametrize(
    ("design", "made", "reason"),
    [
        (SERIES | {"first_after": 2021}, {}, "too_few_points_after"),
        (SERIES | {"first_year": 2014}, {}, "too_few_points_before"),
        (SERIES | {"indicators": ["okant"]}, {}, "no_values"),
        (SERIES, {"breaks": (2010,)}, "break_in_window"),
        (DIFFERENCE | {"treated": ["0000"]}, {}, "all_treated_at_once"),
        (DIFFERENCE | {"treated": list(AREAS[:3])}, {}, "too_few_treated"),
        (DIFFERENCE | {"treated": list(AREAS[:35])}, {}, "no_comparison_areas"),
        (DIFFERENCE | {"treated": None, "dose_funding": "pengar"}, {}, "dose_unknown"),
        (CONTROL | {"excluded": list(AREAS[:40])}, {}, "no_comparison_areas"),
        (CONTROL | {"alike_in": 2018}, {}, "no_comparison_areas"),
        (CONTROL | {"poorest_fit_percent": 0.01}, {}, "poor_fit_before"),
        (CONTROL | {"last_year": 2019}, {}, "too_few_points_after"),
        (SYNTHETIC_DIFFERENCE | {"excluded": list(AREAS[:40])}, {}, "no_comparison_areas"),
        (AUGMENTED | {"excluded": list(AREAS[:40])}, {}, "no_comparison_areas"),
        (SYNTHETIC_DIFFERENCE | {"poorest_fit_percent": 0.01}, {}, "poor_fit_before"),
        (AUGMENTED | {"poorest_fit_percent": 0.01}, {}, "poor_fit_before"),
        (SYNTHETIC_DIFFERENCE | {"first_year": 2014, "placebo_year": 2016}, {}, "too_few_points_before"),
        (AUGMENTED | {"last_year": 2019}, {}, "too_few_points_after"),
        (ALIKE, {}, "nobody_alike"),  # the treated have the ten lowest values of the covariate
        (ALIKE | {"covariates": ["okant"]}, {}, "no_values"),
        (STAGGERED | {"starts": [{"area": "0101", "first_after": 2020}]}, {}, "too_few_treated"),
        (BEFORE_AFTER, {"without": (2020, 2021, 2022)}, "too_few_points_after"),
    ],
)
def test_what_a_design_cannot_carry_has_a_reason_and_no_number(
    design: dict[str, Any], made: dict[str, Any], reason: str
) -> None:
    row = one(run_study(study(design), figures(**made)))
    assert row["not_estimable_reason"] == reason
    assert row["estimate"] is row["lower_95"] is row["p_value"] is row["is_significant"] is None
    assert row["verdict_sv"].startswith("Går inte att skatta: ")


def test_a_break_at_the_first_year_of_the_window_is_none_inside_it() -> None:
    assert one(run_study(study(DIFFERENCE), figures(breaks=(2012,))))["not_estimable_reason"] is None


def test_a_year_that_was_not_measured_is_missing_and_said() -> None:
    found = run_study(study(DIFFERENCE | {"leave_out": [2021]}), figures(without=(2015,)))
    row = one(found)
    assert row["years_before"], row["years_after"] == (7, 2)
    assert "Inte mätt: 2015." in row["warnings_sv"]
    assert "Utelämnat: 2021." in row["warnings_sv"]
    assert "Pandemiår bland åren efter: 2020." in row["warnings_sv"]
    assert not {2015, 2021} & {point["year"] for point in found.rows["effect_series"]}


def test_areas_that_drifted_apart_before_are_not_called_an_effect() -> None:
    drifting = figures()
    frame = drifting._values["matt"].with_columns(
        value=pl.col("value")
        + pl.when(pl.col("area_id").is_in(TREATED)).then(0.8 * (pl.col("year") - 2012)).otherwise(0)
    )
    drifting._values["matt"] = frame
    row = one(run_study(study(DIFFERENCE), drifting))
    assert row["is_significant"] is True
    assert row["assumptions_met"] is False
    assert "förutsättningarna håller inte" in row["verdict_sv"]


def test_designs_that_disagree_say_so_in_each_estimate() -> None:
    late = DIFFERENCE | {"analysis_id": "b", "first_year": 2003, "last_year": 2016, "first_after": 2014}
    rows = run_study(study(DIFFERENCE, late), figures(change=6.0)).rows["effect_estimate"]
    assert [row["is_significant"] for row in rows] == [True, False]
    assert [row["others_agree"] for row in rows] == [False, False]
    assert all("oense" in row["warnings_sv"] for row in rows)
    assert rows[0]["verdict_sv"].endswith("ingen slutsats.")


def test_a_dose_is_told_per_unit_of_dose() -> None:
    made = figures()
    slope = pl.when(pl.col("year") >= 2020).then(0.5 * (pl.col("area_id").cast(pl.Float64) - 101)).otherwise(0)
    made._values["matt"] = (
        made._values["matt"].filter(pl.col("area_id") != "GR").with_columns(value=pl.col("value") + slope)
    )
    dose = DIFFERENCE | {"treated": None, "dose_indicator": "annat", "dose_years": [2016, 2017]}
    row = one(run_study(study(dose), made))
    assert row["estimand"] == "effect_per_dose"
    assert row["unit"] == "kr per enhet dos"
    assert row["estimate"] == pytest.approx(0.5, abs=0.05)


def test_what_only_describes_says_no_word_of_causes() -> None:
    payers = [
        {"payer": "Kommunerna", "indicator": "matt", "area": "GR"},
        {"payer": "Regionen", "indicator": "annat", "area": "0101"},
    ]
    view = {"analysis_id": "b", "method": "payer_view", "payers": payers, "indicators": None}
    for change in (6.0, -6.0, 0.0):
        rows = run_study(study(BEFORE_AFTER, view), figures(change=change)).rows["effect_estimate"]
        assert len(rows) == 4
        for row in rows:
            assert row["is_significant"] is row["p_placebo"] is None
            assert not [word for word in CAUSAL_WORDS if word in row["verdict_sv"].lower()], row["verdict_sv"]


def test_a_cost_that_moved_is_no_saving() -> None:
    made = figures(change=-20.0, spread=0.1)
    moved = pl.when((pl.col("year") >= 2020) & (pl.col("area_id") == "0101")).then(20.0).otherwise(0.0)
    made._values["annat"] = made._values["annat"].with_columns(value=pl.col("value") + moved)
    payers = [
        {"payer": "Kommunerna", "indicator": "matt", "area": "GR"},
        {"payer": "Regionen", "indicator": "annat", "area": "0101"},
    ]
    view = {"method": "payer_view", "payers": payers, "indicators": None}
    rows = {row["estimand"] + row["area_id"]: row for row in run_study(study(view), made).rows["effect_estimate"]}
    assert rows["change_of_payerGR"]["estimate"] == pytest.approx(-20, abs=1.5)
    assert rows["change_of_payer0101"]["estimate"] == pytest.approx(20, abs=1e-9)
    both = rows["change_of_all_payersGR, 0101"]
    assert both["estimate"] == pytest.approx(0, abs=1.5)
    assert "en flyttad kostnad är ingen besparing" in both["verdict_sv"]


def test_a_whole_is_split_into_what_one_payer_and_all_others_paid() -> None:
    """The whole fell by 6; the payer's own part, `annat`, did not: what fell is what the others paid."""
    payers = [
        {"payer": "Kommunerna", "indicator": "annat", "area": "0101"},
        {"payer": "Andra", "indicator": "matt", "less": "annat", "area": "0101"},
    ]
    made = figures(change=-6.0)
    found = run_study(study({"method": "payer_view", "payers": payers, "indicators": None}), made)
    rows = {row["indicator_id"]: row for row in found.rows["effect_estimate"]}
    cut = made.panel("matt", ["0101"], YEARS)
    whole = cut.values[0][cut.years >= 2020].mean() - cut.values[0][cut.years < 2020].mean()
    assert rows["annat"]["estimate"] == pytest.approx(0)
    assert rows["matt - annat"]["estimate"] == pytest.approx(whole)
    assert rows["annat, matt - annat"]["estimate"] == pytest.approx(whole)
    assert {row["area_id"] for row in rows.values()} == {"0101"}


def test_what_payers_paid_is_not_split_by_guess() -> None:
    payers = [{"payer": name, "indicator": "matt", "area": "0101", "is_known": False} for name in ("Ena", "Andra")]
    row = one(run_study(study({"method": "payer_view", "payers": payers, "indicators": None}), figures()))
    assert row["not_estimable_reason"] == "payer_unknown"
    assert row["estimate"] is None


def test_weights_series_and_placebos_belong_together() -> None:
    found = run_study(study(CONTROL | {"each_member": True}), figures(change=6.0))
    areas = {row["area_id"] for row in found.rows["effect_estimate"]}
    assert areas == {"GR", *TREATED}
    for area in areas:
        weights = [row["weight"] for row in found.rows["donor_weight"] if row["area_id"] == area]
        assert len(weights) == 30
        assert sum(weights) == pytest.approx(1)
        assert min(weights) >= 0
        placebos = [row for row in found.rows["placebo"] if row["area_id"] == area]
        assert sorted({row["kind"] for row in placebos}) == ["space", "time", "true"]
        assert sum(row["kind"] == "space" for row in placebos) == (199 if area == "GR" else 30)
    for point in found.rows["effect_series"]:
        assert point["gap"] == pytest.approx(point["observed"] - point["counterfactual"])


def test_the_same_figures_give_the_same_numbers() -> None:
    designs = (
        DIFFERENCE,
        SERIES | {"analysis_id": "b"},
        CONTROL | {"analysis_id": "c"},
        STAGGERED | {"analysis_id": "d"},
    )
    first, second = (run_study(study(*designs), figures(change=2.0)).rows for _ in range(2))
    assert first == second


def test_every_row_has_the_columns_of_its_table() -> None:
    declared = study(DIFFERENCE, SERIES | {"analysis_id": "b", "against_others": True}, CONTROL | {"analysis_id": "c"})
    found = run_study(declared.model_copy(update={"needed": (NEED,)}), figures())
    for table, rows in found.rows.items():
        assert rows
        for row in rows:
            assert set(row) == set(EFFECT_TABLES[table].columns)


def figures_with_regions(effect: float) -> Figures:
    """Twenty-five counties of six municipalities in a row along a road, each county with a shock of its own in 2020."""
    chance = np.random.default_rng(21)
    areas = [f"{county:02d}{number:02d}" for county in range(1, 26) for number in range(6)]
    shocks = np.repeat(chance.standard_normal(25), 6)[:, None] * 3.0
    shocks[:6] = 4.0 + effect  # the treated county's own shock is larger than most, and no larger than some
    values = 100 + shocks * (np.array(YEARS) >= 2020) + 0.3 * chance.standard_normal((len(areas), len(YEARS)))
    rows = [("matt", a, year, float(values[n, y]), 1.0) for n, a in enumerate(areas) for y, year in enumerate(YEARS)]
    return Figures(
        pl.DataFrame(rows, schema=["indicator_id", "area_id", "year", "value", "size"], orient="row"),
        {}, {"matt": "kr"}, {"01": tuple(areas[:6]), "0000": tuple(areas)},
        pl.DataFrame(schema=["area_id", "year", "variable", "weight", "standardised"]),
        neighbourhood(pairwise(areas)),
    )  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
def test_a_region_is_held_against_regions_and_not_against_its_municipalities(weighted: bool) -> None:
    """Its shock is nothing unusual for a county; errors by municipality take it for a certain effect."""
    design = DIFFERENCE | {"treated": ["01"], "weighted": weighted}
    row = one(run_study(study(design), figures_with_regions(0.0)))
    assert row["p_value"] < 0.001
    assert row["is_significant"] is False
    assert row["placebo_kind"] == "regions"
    assert row["lower_95"] < 0 < row["upper_95"]
    assert row["minimal_effect"] > row["upper_95"] - row["estimate"]

    found = one(run_study(study(design), figures_with_regions(40.0)))
    assert found["is_significant"] is True
    assert found["lower_95"] > 0


def test_scattered_municipalities_are_held_against_scattered_ones() -> None:
    made = figures_with_regions(0.0)
    scattered = [area for area in made.members["0000"] if area.endswith("03")][:8]
    row = one(run_study(study(DIFFERENCE | {"treated": scattered}), made))
    assert (row["placebo_kind"], row["is_significant"]) == ("scattered", False)
    assert row["placebo_of_n"] == 1000


def test_a_whole_whose_weights_are_not_known_is_not_estimated() -> None:
    made = figures()
    made._values["matt"] = made._values["matt"].with_columns(size=pl.lit(None, pl.Float64))
    row = one(run_study(study(DIFFERENCE | {"weighted": True}), made))
    assert row["not_estimable_reason"] == "size_unknown"


def test_each_study_has_one_conclusion_that_follows_its_estimates() -> None:
    for change, told in ((0.0, "visar ingen skillnad"), (6.0, "Utfallet är högre"), (-6.0, "Utfallet är lägre")):
        (row,) = run_study(study(DIFFERENCE), figures(change=change)).rows["study_conclusion"]
        assert told in row["conclusion_sv"]
        assert (row["designs"], row["designs_significant"]) == (1, int(change != 0))
