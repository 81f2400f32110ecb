"""Methods of the studies on made-up data whose truth is known: a 95 per cent interval holds it in 92–98 per cent."""

from __future__ import annotations

import numpy as np
import pytest

from indicators.statistics.interrupted import interrupted_series
from indicators.statistics.panel import difference_in_differences, staggered_event_study

pytestmark = pytest.mark.slow

DRAWS = 500
LEVEL, SLOPE = 3.0, -0.4


def autocorrelated(chance: np.random.Generator, n: int, rho: float) -> np.ndarray:
    errors = np.empty(n)
    errors[0] = chance.standard_normal() / np.sqrt(1 - rho**2)
    for place, shock in enumerate(chance.standard_normal(n - 1), start=1):
        errors[place] = rho * errors[place - 1] + shock
    return errors


@pytest.mark.parametrize(
    ("rho", "first", "last", "change"),
    [(0.0, 1990, 2021, 2010), (0.3, 1990, 2021, 2010), (0.5, 1990, 2021, 2010), (0.5, 2003, 2022, 2020)],
)
def test_an_interrupted_series_interval_covers_the_true_change(rho: float, first: int, last: int, change: int) -> None:
    """Thirty-two years, and the window of the first study: seventeen before and three after."""
    chance = np.random.default_rng(1)
    years = np.arange(first, last + 1)
    since = years - change
    true = 50 + 0.2 * since + (LEVEL + SLOPE * since) * (since >= 0)
    held = np.zeros((DRAWS, 2), dtype=bool)
    for draw in range(DRAWS):
        found = interrupted_series(years, true + autocorrelated(chance, len(years), rho), change)
        held[draw] = [
            found.level.lower_95 <= LEVEL <= found.level.upper_95,
            found.slope.lower_95 <= SLOPE <= found.slope.upper_95,
        ]
    assert ((held.mean(axis=0) >= 0.92) & (held.mean(axis=0) <= 0.98)).all(), held.mean(axis=0)


def made_up_panel(chance: np.random.Generator, areas: int, years: int) -> np.ndarray:
    """Levels of areas, years common to all, and errors that stay on from year to year."""
    errors = np.stack([autocorrelated(chance, years, 0.5) for _ in range(areas)])
    return np.asarray(10 * chance.standard_normal((areas, 1)) + chance.standard_normal((1, years)) + errors)


def test_a_difference_in_differences_interval_covers_the_true_effect() -> None:
    chance = np.random.default_rng(2)
    years = np.arange(2010, 2022)
    dose = (np.arange(80) < 20).astype(np.float64)
    effects = np.where(years >= 2018, 1.0 + 0.5 * (years - 2018), 0.0)
    held, by_year = 0, np.zeros(len(years) - 1)
    for _ in range(DRAWS):
        found = difference_in_differences(made_up_panel(chance, 80, 12) + dose[:, None] * effects, dose, years, 2018)
        held += found.mean.lower_95 <= effects[years >= 2018].mean() <= found.mean.upper_95
        truth = effects[np.isin(years, found.years)]
        by_year += [one.lower_95 <= true <= one.upper_95 for one, true in zip(found.by_year, truth, strict=True)]
    assert 0.92 <= held / DRAWS <= 0.98, held
    assert ((by_year / DRAWS >= 0.92) & (by_year / DRAWS <= 0.98)).all(), by_year


@pytest.mark.parametrize(("treated", "areas"), [(5, 100), (13, 250)])
def test_few_treated_areas_have_intervals_as_wide_as_few_areas_need(treated: int, areas: int) -> None:
    """GR is 13 municipalities of some 250, and five is the fewest: chance is that of the few, not of the many."""
    chance = np.random.default_rng(6)
    years = np.arange(2012, 2023)
    dose = (np.arange(areas) < treated).astype(np.float64)
    held, drifted, by_year = 0, 0, np.zeros(len(years) - 1)
    for _ in range(DRAWS):
        found = difference_in_differences(made_up_panel(chance, areas, 11), dose, years, 2020)
        held += found.mean.lower_95 <= 0 <= found.mean.upper_95
        by_year += [one.lower_95 <= 0 <= one.upper_95 for one in found.by_year]
        drifted += found.p_of_trends_before is not None and found.p_of_trends_before < 0.05
    assert 0.92 <= held / DRAWS <= 0.98, held
    assert ((by_year / DRAWS >= 0.92) & (by_year / DRAWS <= 0.98)).all(), by_year
    assert drifted / DRAWS <= 0.12, drifted  # two tests at 5 per cent each


def test_areas_that_drift_apart_in_a_straight_line_before_are_seen() -> None:
    """A drift that no single year shows: it is found in most draws, and in far fewer by a test of the years alone."""
    chance = np.random.default_rng(7)
    years = np.arange(2012, 2023)
    dose = (np.arange(250) < 13).astype(np.float64)
    drift = 0.2 * dose[:, None] * (years - 2019)
    seen = [
        difference_in_differences(made_up_panel(chance, 250, 11) + drift, dose, years, 2020).p_of_trends_before
        for _ in range(50)
    ]
    assert sum(p is not None and p < 0.05 for p in seen) >= 40, seen


def test_the_tests_before_are_not_led_by_units() -> None:
    """Kronor or thousands of kronor, and any level: the same p."""
    values = made_up_panel(np.random.default_rng(8), 60, 11)
    years, dose = np.arange(2012, 2023), (np.arange(60) < 8).astype(np.float64)
    one, other = (difference_in_differences(v, dose, years, 2020) for v in (values, 1000 * values + 5e4))
    assert one.p_of_trends_before == pytest.approx(other.p_of_trends_before, rel=1e-6)
    assert 1000 * one.mean.standard_error == pytest.approx(other.mean.standard_error)


def test_an_amount_is_read_as_a_dose() -> None:
    chance = np.random.default_rng(3)
    years = np.arange(2010, 2020)
    held = 0
    for _ in range(DRAWS):
        dose = chance.uniform(0, 4, 80)
        values = made_up_panel(chance, 80, 10) + 0.7 * dose[:, None] * (years >= 2016)
        found = difference_in_differences(values, dose, years, 2016)
        held += found.mean.lower_95 <= 0.7 <= found.mean.upper_95
    assert 0.92 <= held / DRAWS <= 0.98, held


def test_staggered_starts_are_not_taken_for_one_another() -> None:
    """Effects that grow with time mislead two-way fixed effects; the cohorts' own means stay unbiased."""
    chance = np.random.default_rng(4)
    years = np.arange(2010, 2022)
    starts = np.where(np.arange(90) < 20, 2015, np.where(np.arange(90) < 45, 2018, 0))
    since = years[None, :] - starts[:, None]
    effect = np.where((starts > 0)[:, None] & (since >= 0), 1.0 + since, 0.0)
    truth = np.mean([1.0 + k for k in range(2021 - 2018 + 1)])
    held, total = 0, 0.0
    for _ in range(DRAWS):
        found = staggered_event_study(made_up_panel(chance, 90, 12) + effect, starts, years)
        held += found.mean.lower_95 <= truth <= found.mean.upper_95
        total += found.mean.estimate
    assert 0.92 <= held / DRAWS <= 0.98, held
    assert total / DRAWS == pytest.approx(truth, abs=0.03)


def test_two_way_fixed_effects_are_warned_of_where_they_weight_negatively() -> None:
    years = np.arange(2010, 2022)
    values = made_up_panel(np.random.default_rng(5), 60, 12)
    early = np.where(np.arange(60) < 40, 2012, np.where(np.arange(60) < 50, 2019, 0))
    few = np.where(np.arange(60) < 5, 2015, np.where(np.arange(60) < 10, 2018, 0))
    assert staggered_event_study(values, early, years).negative_weights > 0
    assert staggered_event_study(values, few, years).negative_weights == 0
