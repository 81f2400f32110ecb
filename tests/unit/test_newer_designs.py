"""Studies by the newer designs on made-up figures: what is published of them, and what they refuse to conclude."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.statistics.studies import run_study
from tests.unit.test_effects import (
    ALIKE,
    AREAS,
    AUGMENTED,
    CONTROL,
    DIFFERENCE,
    STAGGERED,
    SYNTHETIC_DIFFERENCE,
    YEARS,
    figures,
    one,
    study,
)


@pytest.mark.parametrize("design", [SYNTHETIC_DIFFERENCE, AUGMENTED])
def test_a_gap_is_the_observation_less_donors_and_weighted_years_before(design: dict[str, Any]) -> None:
    """All that a reader needs to make the gaps again is published, and the mean gap after is the estimate."""
    made = figures(change=6.0)
    found = run_study(study(design), made)
    weights = {row["donor_area_id"]: row["weight"] for row in found.rows["donor_weight"]}
    assert len(weights) == 30
    assert sum(weights.values()) == pytest.approx(1)
    assert (min(weights.values()) < 0) is (design is AUGMENTED)
    donors = made.panel("matt", list(weights), YEARS).values
    apart = {
        row["year"]: row["observed"] - float(np.array(list(weights.values())) @ donors[:, row["year"] - YEARS[0]])
        for row in found.rows["effect_series"]
    }
    before = {row["year"]: row["year_weight"] for row in found.rows["effect_series"] if row["year_weight"] is not None}
    if design is SYNTHETIC_DIFFERENCE:
        assert sorted(before) == list(range(2003, 2020))
        assert sum(before.values()) == pytest.approx(1)
    level = sum(weight * apart[year] for year, weight in before.items())
    for row in found.rows["effect_series"]:
        assert row["gap"] == pytest.approx(apart[row["year"]] - level)
        assert row["gap"] == pytest.approx(row["observed"] - row["counterfactual"])
        assert row["lower_95"] < row["gap"] < row["upper_95"]
    after = [row["gap"] for row in found.rows["effect_series"] if row["is_after"]]
    assert one(found)["estimate"] == pytest.approx(np.mean(after))
    true, *others = sorted(found.rows["placebo"], key=lambda row: row["kind"] != "true")
    assert true["rank"] == one(found)["placebo_rank"] == 1
    assert len(others) + 1 == one(found)["placebo_of_n"]


def test_a_change_is_found_with_its_size_by_synthetic_difference_in_differences() -> None:
    row = one(run_study(study(SYNTHETIC_DIFFERENCE), figures(change=6.0)))
    assert row["estimate"] == pytest.approx(6.0, abs=1.5)
    assert row["is_significant"] is True
    assert 0 < row["lower_95"] < row["estimate"] < row["upper_95"]
    assert row["standard_error"] is None


def test_the_newer_designs_of_one_municipality_are_held_against_its_donors() -> None:
    for design in (SYNTHETIC_DIFFERENCE, AUGMENTED):
        row = one(run_study(study(design | {"treated": ["0101"], "excluded": []}), figures(change=25.0, spread=0.5)))
        assert (row["placebo_kind"], row["placebo_of_n"]) == ("areas", 31)
        assert row["is_significant"] is True


def test_a_year_made_up_before_that_gives_a_difference_leaves_nothing_to_conclude() -> None:
    for design in (SYNTHETIC_DIFFERENCE, AUGMENTED):
        row = one(run_study(study(design | {"poorest_fit_percent": 30}), figures(change=9.0, at=2014)))
        assert row["assumptions_met"] is False
        assert "Redan ett påhittat år (2014) ger en skillnad" in row["warnings_sv"]


@pytest.mark.parametrize("design", [DIFFERENCE, STAGGERED])
def test_how_unequal_trends_an_estimate_bears_is_told_beside_it(design: dict[str, Any]) -> None:
    found = run_study(study(design), figures(change=9.0, spread=0.3))
    breakdown = one(found)["breakdown"]
    assert breakdown > 1
    rows = sorted(found.rows["effect_sensitivity"], key=lambda row: row["magnitude"])
    assert [row["magnitude"] for row in rows] == [0, 0.5, 1, 1.5, 2]
    for row in rows:
        assert row["lower_95"] < row["estimate"] < row["upper_95"]
        assert row["excludes_zero"] is (breakdown >= row["magnitude"])
        assert row["unit"] == "kr"
    assert rows[0]["estimate"] == pytest.approx(9, abs=0.5)
    assert one(run_study(study(design), figures()))["breakdown"] == 0
    assert one(run_study(study(CONTROL), figures()))["breakdown"] is None


def test_a_covariate_that_some_lack_leaves_them_out_and_says_so() -> None:
    made = figures(change=6.0)
    chance = np.random.default_rng(3)
    known = pl.DataFrame(
        [("ort", area, year, float(chance.uniform(0, 9)), 1.0) for area in AREAS[:-2] for year in range(2017, 2020)],
        schema=["indicator_id", "area_id", "year", "value", "size"], orient="row",
    )  # fmt: skip
    made._values["ort"] = known
    row = one(run_study(study(ALIKE | {"covariates": ["ort"]}), made))
    assert row["estimate"] == pytest.approx(6, abs=1.5)
    assert row["is_significant"] is True
    assert (row["areas_treated"], row["areas_compared"]) == (10, 38)
    assert "2 områden saknar kovariat och är inte med." in row["warnings_sv"]
