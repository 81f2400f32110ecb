"""What an index can bear: alpha and item-rest against psych's published output and R, intervals by hand, the rule."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.model.registers import Composite
from indicators.statistics.index_uncertainty import composite_tables, cronbach, random_weights

# R's `attitude`: 30 departments' ratings of their supervisors (Chatterjee and Price 1977, p. 60).
NAMES = ("rating", "complaints", "privileges", "learning", "raises", "critical", "advance")
ATTITUDE = np.array([
    [43, 51, 30, 39, 61, 92, 45], [63, 64, 51, 54, 63, 73, 47], [71, 70, 68, 69, 76, 86, 48],
    [61, 63, 45, 47, 54, 84, 35], [81, 78, 56, 66, 71, 83, 47], [43, 55, 49, 44, 54, 49, 34],
    [58, 67, 42, 56, 66, 68, 35], [71, 75, 50, 55, 70, 66, 41], [72, 82, 72, 67, 71, 83, 31],
    [67, 61, 45, 47, 62, 80, 41], [64, 53, 53, 58, 58, 67, 34], [67, 60, 47, 39, 59, 74, 41],
    [69, 62, 57, 42, 55, 63, 25], [68, 83, 83, 45, 59, 77, 35], [77, 77, 54, 72, 79, 77, 46],
    [81, 90, 50, 72, 60, 54, 36], [74, 85, 64, 69, 79, 79, 63], [65, 60, 65, 75, 55, 80, 60],
    [65, 70, 46, 57, 75, 85, 46], [50, 58, 68, 54, 64, 78, 52], [50, 40, 33, 34, 43, 64, 33],
    [64, 61, 52, 62, 66, 80, 41], [53, 66, 52, 50, 63, 80, 37], [40, 37, 42, 58, 50, 57, 49],
    [63, 54, 42, 48, 66, 75, 33], [66, 77, 66, 63, 88, 76, 72], [78, 75, 58, 74, 80, 78, 49],
    [48, 57, 44, 45, 51, 83, 38], [85, 85, 71, 71, 77, 74, 55], [82, 82, 39, 59, 64, 78, 39],
], dtype=float)  # fmt: skip
RSCRIPT = shutil.which("Rscript")
IN_R = """
    x <- cov(attitude); k <- ncol(x)
    a <- function(c) nrow(c) / (nrow(c) - 1) * (1 - sum(diag(c)) / sum(c))
    rest <- function(i) cor(attitude[, i], rowSums(attitude[, -i]))
    cat(a(x), sapply(1:k, rest), sapply(1:k, function(i) a(x[-i, -i])))
"""


def test_alpha_is_what_psych_publishes_for_attitude() -> None:
    """psych::alpha(attitude): raw_alpha 0.84, Feldt 0.74 and 0.92, r.drop and raw_alpha if an item is dropped."""
    found = cronbach(ATTITUDE)
    assert found is not None
    assert (round(found.value, 2), round(found.lower, 2), round(found.upper, 2)) == (0.84, 0.74, 0.92)
    assert [round(r, 2) for r in found.item_rest] == [0.67, 0.74, 0.56, 0.71, 0.79, 0.27, 0.46]
    assert [round(a, 2) for a in found.without] == [0.81, 0.80, 0.83, 0.80, 0.80, 0.86, 0.84]


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed (.ci/system)")
def test_alpha_is_what_r_computes() -> None:
    assert RSCRIPT is not None
    told = subprocess.run([RSCRIPT, "-e", IN_R], capture_output=True, text=True, check=True).stdout.split()
    found = cronbach(ATTITUDE)
    assert found is not None
    # R prints seven digits.
    assert [found.value, *found.item_rest, *found.without] == pytest.approx([float(n) for n in told], rel=1e-6)


def test_two_inputs_that_do_not_hang_together_by_hand() -> None:
    """Variances 2.5 and 2.5, covariance 0.5: alpha is 2 (1 - 5 / 6) = 1/3, and the correlation 0.2."""
    found = cronbach(np.array([[1.0, 2], [2, 3], [3, 1], [4, 5], [5, 4]]) @ np.eye(2))
    assert found is not None
    covariance = np.cov(np.array([[1.0, 2], [2, 3], [3, 1], [4, 5], [5, 4]]), rowvar=False)[0, 1]
    assert found.value == pytest.approx(2 * (1 - 5 / (5 + 2 * covariance)))
    assert found.item_rest == pytest.approx((covariance / 2.5,) * 2)
    assert all(np.isnan(a) for a in found.without)


@pytest.mark.parametrize("items", [np.ones((5, 3)), np.ones((5, 1)), np.ones((2, 3)), np.zeros((0, 3))])
def test_what_says_nothing_has_no_alpha(items: np.ndarray) -> None:
    assert cronbach(items) is None


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(0.1, 50), st.floats(-100, 100))
def test_alpha_is_of_no_unit_and_no_order(seed: int, k: int, scale: float, shift: float) -> None:
    items = np.random.default_rng(seed).normal(size=(40, k)) + np.random.default_rng(seed + 1).normal(size=(40, 1))
    found, other = cronbach(items), cronbach(items[::-1, ::-1] * scale + shift)
    assert found is not None
    assert other is not None
    assert (other.value, *other.item_rest[::-1]) == pytest.approx((found.value, *found.item_rest), rel=1e-6, abs=1e-9)
    assert found.lower <= found.value <= found.upper <= 1


def recipe(**changes: object) -> Composite:
    inputs = [{"indicator": name, "weight": 1, "direction": "higher"} for name in ("a", "b", "c")]
    return Composite.model_validate({
        "composite_id": "index", "recipe_version": 1, "title_sv": "TEST", "theme": "kvalitet", "up_means_sv": "mer",
        "winsor_z": 3, "carry_years": 0, "min_coverage": 0.5, "inputs": inputs,
    } | changes)  # fmt: skip


def tables(
    used: dict[str, list[float | None]], half: dict[str, float] | None = None, persons: str | None = None,
    reason: str | None = None, **changes: object,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """TEST FIGURES: an index of three inputs with a standard deviation of 2, in 2020."""
    parts = [
        {"composite_id": "index", "year": 2020, "area_id": f"{i:04}", "indicator_id": name, "used": value,
         "weight": 1.0, "standard_deviation": 2.0, "half_width": (half or {}).get(name),
         "interval_reason": None if name in (half or {}) else reason, "persons": persons}
        for name, values in used.items() for i, value in enumerate(values) if value is not None
    ]  # fmt: skip
    frame = pl.DataFrame(parts, schema_overrides={
        "half_width": pl.Float64, "interval_reason": pl.String, "persons": pl.String, "year": pl.Int32,
    }, infer_schema_length=None)  # fmt: skip
    values = frame.group_by("composite_id", "year", "area_id").agg(value=100 + 10 * pl.col("used").mean())
    return composite_tables(frame, values, {"index": recipe(**changes)})


def alike(n: int = 100, noise: float = 0.05) -> dict[str, list[float | None]]:
    common = np.linspace(-2, 2, n)
    chance = np.random.default_rng(1).normal(size=(3, n)) * noise
    return {name: list(common + chance[i]) for i, name in enumerate("abc")}


def test_the_interval_of_chance_is_that_of_the_inputs_by_hand() -> None:
    """Half widths of 1.96 and 3.92 with standard deviations of 2 are errors of 0.5 and 1; the third has none. The
    index is a mean of three times ten: 10 / 3 * sqrt(0.25 + 1) = 3.7268, so 7.3044 to each side.
    """
    areas, _, inputs = tables(alike(), half={"a": 1.959963984540054, "b": 3.919927969080108}, reason="n_unknown")
    row = areas.row(0, named=True)
    assert row["sampling_upper_95"] - row["value"] == pytest.approx(1.959963984540054 * 3.72678, abs=1e-4)
    assert row["value"] - row["sampling_lower_95"] == pytest.approx(7.30435, abs=1e-4)
    assert row["sampling_known"] == pytest.approx(2 / 3)
    assert inputs.sort("indicator_id")["sampled_share"].to_list() == [1, 1, 0]


def test_answers_of_the_same_persons_may_go_together() -> None:
    """The same errors from the same persons: 10 / 3 * (0.5 + 1) = 5."""
    half = {"a": 1.959963984540054, "b": 3.919927969080108}
    areas, _, _ = tables(alike(), half=half, persons="answers", reason="n_unknown")
    row = areas.row(0, named=True)
    assert row["sampling_upper_95"] - row["value"] == pytest.approx(1.959963984540054 * 5, abs=1e-4)


def test_inputs_without_an_interval_contribute_none_and_it_is_said() -> None:
    areas, years, _ = tables(alike(), reason="n_unknown")
    assert areas["sampling_lower_95"].null_count() == areas.height
    assert areas["sampling_known"].to_list() == [0.0] * areas.height
    (year,) = years.to_dicts()
    assert not year["is_ranked"]
    assert "slumpen är okänd för 100 procent av vikterna" in year["reason_sv"]
    accounts, ranked, _ = tables(alike(), reason="accounts")
    assert accounts["sampling_known"].to_list() == [1.0] * accounts.height
    assert ranked["is_ranked"].to_list() == [True]


def test_an_index_whose_inputs_hang_together_is_ranked_and_another_is_not() -> None:
    areas, years, _ = tables(alike(), reason="accounts")
    assert years["is_ranked"].to_list() == [True]
    assert areas["not_ranked_reason_sv"].null_count() == areas.height
    assert areas.sort("value")["rank_from_highest"].to_list() == list(range(100, 0, -1))
    assert (areas["rank_lower_95"] <= areas["rank_upper_95"]).all()
    mixed = {name: list(np.random.default_rng(i).normal(size=100)) for i, name in enumerate("abc")}
    areas, years, _ = tables(mixed, reason="accounts")
    (year,) = years.to_dicts()
    assert not year["is_ranked"]
    assert "ingångarna hänger inte ihop" in year["reason_sv"]
    assert "mediankommunens plats är oviss" in year["reason_sv"]
    for column in ("rank_from_highest", "rank_lower_95", "rank_upper_95", "of_n"):
        assert areas[column].null_count() == areas.height
    assert set(areas["not_ranked_reason_sv"]) == {year["reason_sv"]}


def test_chance_alone_can_take_the_ranking_away() -> None:
    _, years, _ = tables(alike(), half=dict.fromkeys("abc", 8.0))
    (year,) = years.to_dicts()
    assert year["alpha"] > 0.9
    assert not year["is_ranked"]
    assert year["reason_sv"].startswith("Ingen rangordning: mediankommunens plats är oviss inom")


def test_an_alpha_just_below_the_limit_is_not_told_as_the_limit() -> None:
    _, years, _ = tables(alike(noise=1.0), reason="accounts", ranking={"least_alpha": 0.99999})
    alpha = years["alpha"].item()
    assert f"alfa {int(100 * alpha) / 100:.2f}".replace(".", ",") in years["reason_sv"].item()


def test_too_few_with_every_input_are_no_ground_for_alpha() -> None:
    few: dict[str, list[float | None]] = alike()
    few["c"] = [*few["c"][:29], *[None] * 71]
    _, years, inputs = tables(few, reason="accounts")
    assert years["alpha"].to_list() == [None]
    assert years["n"].to_list() == [29]
    assert "går inte att säga (29 kommuner har alla)" in years["reason_sv"].item()
    assert inputs["item_rest"].null_count() == 3


def test_the_weights_alone_move_what_its_inputs_disagree_about() -> None:
    """Where all inputs say the same no weight matters; where they differ the limits are between the extremes."""
    same = {name: list(np.linspace(-2, 2, 50)) for name in "abc"}
    areas, _, _ = tables(same, reason="accounts")
    assert (areas["weights_upper_95"] - areas["weights_lower_95"]).max() == pytest.approx(0, abs=1e-6)
    apart = same | {"a": list(np.linspace(2, -2, 50))}
    areas, _, _ = tables(apart, reason="accounts")
    assert (areas["weights_lower_95"] <= areas["value"]).all()
    assert (areas["weights_upper_95"] >= areas["value"]).all()
    assert areas["weights_upper_95"].max() <= 120
    # The share of one of three equal weights is Beta(1, 2): 1 - sqrt(0.975) and 1 - sqrt(0.025) at 2.5 and 97.5.
    outermost = areas.sort("area_id").row(0, named=True)
    assert outermost["weights_lower_95"] == pytest.approx(80 + 40 * (1 - 0.975**0.5), abs=0.6)
    assert outermost["weights_upper_95"] == pytest.approx(80 + 40 * (1 - 0.025**0.5), abs=1.5)


def test_random_weights_are_around_the_declared_ones_and_always_the_same() -> None:
    declared = np.array([2.0, 1, 1])
    drawn = random_weights(declared, (1, 2), draws=20_000)
    assert drawn.sum(axis=0) == pytest.approx(1)
    assert drawn.mean(axis=1) == pytest.approx(declared / 4, abs=0.01)
    assert (random_weights(declared, (1, 2)) == random_weights(declared, (1, 2))).all()
