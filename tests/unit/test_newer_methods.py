"""Weights of synthetic difference in differences and of augmented controls, covariates, and unequal trends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from indicators.statistics import permuted
from indicators.statistics.adjusted import held_against_alike
from indicators.statistics.augmented import augmented_synthetic_control
from indicators.statistics.panel import adjusted_event_study, staggered_event_study
from indicators.statistics.panel_study import Changes
from indicators.statistics.permuted import held_against_all
from indicators.statistics.sensitivity import GREATEST, MAGNITUDES, sensitivity
from indicators.statistics.synthetic import donor_weights
from indicators.statistics.synthetic_did import synthetic_did

BEFORE, YEARS = 12, 15


def drawn(seed: int, donors: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """A treated series and its donors, with a shared course, levels and noise."""
    chance = np.random.default_rng(seed)
    course = chance.standard_normal((YEARS, 2)).cumsum(axis=0)
    loads, levels = chance.standard_normal((2, donors + 1)), 20 * chance.standard_normal(donors + 1)
    everyone = course @ loads + levels + 0.3 * chance.standard_normal((YEARS, donors + 1))
    return everyone[:, 0], everyone[:, 1:]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-50, 50))
def test_a_level_changes_no_synthetic_difference(seed: int, level: float) -> None:
    treated, donors = drawn(seed)
    found = synthetic_did(treated, donors, BEFORE)
    assert found.weights.sum() == pytest.approx(1)
    assert found.year_weights.sum() == pytest.approx(1)
    assert min(found.weights.min(), found.year_weights.min()) >= 0
    assert found.gaps[:BEFORE] @ found.year_weights == pytest.approx(0, abs=1e-9)
    moved = synthetic_did(treated + level, donors - level / 3, BEFORE)
    assert moved.estimate == pytest.approx(found.estimate, abs=1e-5)


def test_a_constant_effect_is_added_to_the_estimate_and_to_nothing_else() -> None:
    treated, donors = drawn(3)
    after = np.arange(YEARS) >= BEFORE
    found, moved = (synthetic_did(treated + c * after, donors, BEFORE) for c in (0.0, 5.0))
    assert moved.estimate - found.estimate == pytest.approx(5)
    assert moved.weights == pytest.approx(found.weights)


def test_the_weights_are_those_that_the_papers_objective_asks_for() -> None:
    """Equations 4 to 6, by a general optimiser: an intercept, shares, and a penalty times the number of years."""
    treated, donors = drawn(5, donors=6)
    effective = 4.0
    found = synthetic_did(treated, donors, BEFORE, effective)
    noise = np.diff(donors[:BEFORE], axis=0).std(ddof=1)
    penalty = (effective * (YEARS - BEFORE)) ** 0.25 * noise

    def objective(point: np.ndarray) -> float:
        apart = point[0] + donors[:BEFORE] @ point[1:] - treated[:BEFORE]
        return float((apart**2).sum() + penalty**2 * BEFORE * (point[1:] ** 2).sum())

    best = minimize(
        objective, np.array([0.0, *np.full(6, 1 / 6)]), bounds=[(None, None), *[(0, 1)] * 6], method="SLSQP",
        constraints={"type": "eq", "fun": lambda point: point[1:].sum() - 1}, options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert found.weights == pytest.approx(best.x[1:], abs=1e-4)
    many, few = (synthetic_did(treated, donors, BEFORE, n).weights for n in (100.0, 1.0))
    assert (many**2).sum() < (few**2).sum()  # a mean of many is spread over more donors


def test_an_augmented_control_is_the_control_and_the_regressions_error_of_it() -> None:
    """Ben-Michael and others (2021), equation 6: weights and outcome model give the same, whatever the penalty."""
    treated, donors = drawn(8, donors=20)
    found = augmented_synthetic_control(treated, donors, BEFORE)
    assert found.weights.sum() == pytest.approx(1)
    weights = donor_weights(treated[:BEFORE], donors[:BEFORE])
    x, y = donors[:BEFORE].T, donors[BEFORE:].T
    x0, y0 = x - x.mean(axis=0), y - y.mean(axis=0)
    missed = treated[:BEFORE] - donors[:BEFORE] @ weights
    # The penalty with which the weights were made is found by trying all of them.
    tried = []
    for power in np.arange(21) / 20:
        penalty = np.linalg.norm(x0, 2) ** 2 * 1e-8**power
        slopes = np.linalg.solve(x0.T @ x0 + penalty * np.eye(BEFORE), x0.T @ y0)
        tried.append(treated[BEFORE:] - donors[BEFORE:] @ weights - missed @ slopes)
    assert min(np.abs(one - found.gaps[BEFORE:]).max() for one in tried) < 1e-8
    assert found.rmspe_before < np.sqrt((missed**2).mean())
    assert found.error_left_out > found.rmspe_before


def test_donors_that_are_all_alike_leave_nothing_to_a_regression() -> None:
    treated, _ = drawn(9)
    alike = np.repeat(np.arange(YEARS, dtype=np.float64)[:, None], 5, axis=1)
    found = augmented_synthetic_control(treated, alike, BEFORE)
    assert found.gaps == pytest.approx(treated - np.arange(YEARS))


@pytest.mark.parametrize("method", [synthetic_did, augmented_synthetic_control])
@pytest.mark.parametrize(("before", "broken"), [(2, False), (YEARS, False), (BEFORE, True)])
def test_figures_that_cannot_carry_weights_are_refused(method: object, before: int, broken: bool) -> None:
    treated, donors = drawn(1)
    if broken:
        donors[4, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        method(treated, donors, before)  # type: ignore[operator]


def starts_and_covariates() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """120 areas whose change grows with a covariate, those with much of it beginning oftener; the effect is 2."""
    chance, years = np.random.default_rng(11), np.arange(2012, 2023)
    covariates = chance.standard_normal((120, 2))
    begins = chance.random(120) < 1 / (1 + np.exp(1.5 - 1.2 * covariates[:, 0]))
    starts = np.where(begins, np.where(np.arange(120) % 2, 2018, 2019), 0)
    drift = (years - 2012)[None, :] * covariates[:, [0]]
    after = (starts > 0)[:, None] & (years >= starts[:, None])
    return drift + 2.0 * after + 0.2 * chance.standard_normal((120, len(years))), starts, covariates, years


def test_those_compared_are_made_alike_and_the_drift_of_the_unlike_is_taken_away() -> None:
    values, starts, covariates, years = starts_and_covariates()
    cohorts = np.array([2018, 2019])
    labels = np.where(starts > 0, 1 + np.searchsorted(cohorts, starts), 0)[None, :]
    adjusted = held_against_alike(labels, 2, covariates)
    for treated, never in zip(adjusted.held.treated, adjusted.held.never, strict=True):
        assert (treated - never) @ covariates == pytest.approx(np.zeros((1, 2)), abs=1e-8)
        assert never.sum() == pytest.approx(1)
        assert not never[0, starts > 0].any()
    changes = Changes.by_start(values, cohorts, years)
    found = adjusted_event_study(adjusted, changes.by_year, changes.since, starts, years)
    assert found.mean.estimate == pytest.approx(2, abs=0.3)
    assert found.mean.lower_95 < 2 < found.mean.upper_95
    assert (found.p_of_trends_before or 0) > 0.05
    unadjusted = staggered_event_study(values, starts, years)
    assert unadjusted.mean.estimate > 2.8
    assert (unadjusted.p_of_trends_before or 1) < 0.05
    assert found.years.tolist() == unadjusted.years.tolist()


def test_the_doubly_robust_weights_are_those_of_a_logistic_and_a_linear_regression() -> None:
    """Sant'Anna and Zhao (2020), equation 2.6, with statsmodels' regressions."""
    values, starts, covariates, _ = starts_and_covariates()
    change, began, never = values[:, -1] - values[:, 4], starts == 2018, starts == 0
    kept = began | never
    design = sm.add_constant(covariates)
    likely = sm.Logit(began[kept].astype(float), design[kept]).fit(disp=0).predict(design)
    expected = sm.OLS(change[never], design[never]).fit().predict(design)
    odds = np.where(never, likely / (1 - likely), 0)
    by_hand = (change - expected)[began].mean() - np.average(change - expected, weights=odds)
    labels = began[kept].astype(np.int64)[None, :]
    found = held_against_alike(labels, 1, covariates[kept]).held.estimates(change[None, kept])
    assert found[0] == pytest.approx(by_hand)


def test_a_covariate_that_says_nothing_changes_nothing_and_one_that_says_all_is_not_settled() -> None:
    values, starts, _, _ = starts_and_covariates()
    labels = (starts > 0).astype(np.int64)[None, :]
    change = (values[:, -1] - values[:, 0])[None, :]
    plain = held_against_all(labels, 1).estimates(change)
    telling = np.where(starts > 0, 10.0, -10.0)[:, None] + np.random.default_rng(1).uniform(-1, 1, (120, 1))
    assert not held_against_alike(labels, 1, telling).settled.any()
    halves = np.array([1.0, -1.0] * 60)
    halves[starts > 0] = [1.0, -1.0] * ((starts > 0).sum() // 2) + [0.0] * ((starts > 0).sum() % 2)
    halves[starts == 0] = [1.0, -1.0] * ((starts == 0).sum() // 2) + [0.0] * ((starts == 0).sum() % 2)
    assert held_against_alike(labels, 1, halves[:, None]).held.estimates(change) == pytest.approx(plain, abs=1e-8)


def test_covariates_that_say_the_same_or_nothing_are_no_trouble_and_change_nothing() -> None:
    values, starts, covariates, _ = starts_and_covariates()
    labels, change = (starts > 0).astype(np.int64)[None, :], (values[:, -1] - values[:, 0])[None, :]
    plain = held_against_alike(labels, 1, covariates)
    more = np.column_stack([covariates, covariates[:, 0] * 3 - 7, np.full(120, 5.0), np.zeros(120)])
    again = held_against_alike(labels, 1, more)
    assert again.settled.all()
    assert again.held.estimates(change) == pytest.approx(plain.held.estimates(change))
    assert again.contrasts(change).spreads == pytest.approx(plain.contrasts(change).spreads)
    only_theirs = (np.arange(120) == int(np.flatnonzero(starts > 0)[0])).astype(np.float64)[:, None]
    assert np.isfinite(held_against_alike(labels, 1, only_theirs).held.estimates(change)).all()
    assert held_against_alike(labels, 1, np.full((120, 1), 2.0)).held.estimates(change) == pytest.approx(
        held_against_all(labels, 1).estimates(change)
    )


SINCE = np.array([-4, -3, -1, 1, 2, 4])  # years that were not measured are steps of two


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=6, max_size=6), st.sampled_from(MAGNITUDES))
def test_without_chance_the_bounds_are_what_a_linear_programme_allows(effects: list[float], magnitude: float) -> None:
    """Every course of unequal trends that agrees with the years before and drifts at most so much a year after."""
    beta = np.array(effects)
    found = sensitivity(beta, SINCE, lambda _: 0.0)
    assert found is not None
    (one,) = [one for one in found.intervals if one.magnitude == magnitude]
    before = {-4: beta[0], -3: beta[1], -1: beta[2], 0: 0.0}
    times = sorted(before)
    worst = max(abs(before[b] - before[a]) / (b - a) for a, b in pairwise(times))
    # Trends in the years 1, 2, 3 and 4, each at most so far from that of the year before.
    steps = np.eye(4) - np.eye(4, k=-1)
    weights = np.array([1, 1, 0, 1]) / 3
    limits = np.full(8, magnitude * worst)
    ends = [
        linprog(way * weights, np.vstack([steps, -steps]), limits, bounds=[(None, None)] * 4).fun * way
        for way in (1, -1)
    ]
    assert one.lower_95 == pytest.approx(beta[3:].mean() - ends[1], abs=1e-6)
    assert one.upper_95 == pytest.approx(beta[3:].mean() - ends[0], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(-8, 8))
def test_more_drift_makes_a_wider_interval_and_the_breakdown_is_where_it_comes_to_hold_zero(
    seed: int, effect: float
) -> None:
    chance = np.random.default_rng(seed)
    root = chance.standard_normal((6, 6)) / 3
    beta = chance.standard_normal(6) + effect * (SINCE > 0)
    found = sensitivity(beta, SINCE, lambda c: 1.96 * float(np.linalg.norm(c @ root)))
    assert found is not None
    assert [one.magnitude for one in found.intervals] == list(MAGNITUDES)
    assert (np.diff([one.lower_95 for one in found.intervals]) <= 1e-9).all()
    assert (np.diff([one.upper_95 for one in found.intervals]) >= -1e-9).all()
    for one in found.intervals:
        excludes = one.lower_95 > 0 or one.upper_95 < 0
        assert excludes == (found.breakdown >= one.magnitude and found.breakdown > 0), one
    assert 0 <= found.breakdown <= GREATEST


def test_with_one_year_before_nothing_says_how_unequal_trends_may_be() -> None:
    assert sensitivity(np.array([1.0, 2.0]), np.array([1, 2]), lambda _: 1.0) is None
    assert sensitivity(np.array([1.0, 2.0]), np.array([-2, -1]), lambda _: 1.0) is None


def test_the_robust_interval_holds_the_truth_where_trends_are_as_unequal_as_allowed() -> None:
    """The worst drift allowed at 1, in 2 000 draws: never seldomer than 95 per cent."""
    chance, since = np.random.default_rng(21), np.array([-3, -2, -1, 1, 2])
    trends = np.array([-0.4, 0.1, 0.6, 0.6, 1.2])  # the worst pair before drifts 0.6 a year, and so does each after
    truth, root = 1.0, 0.3 * np.eye(5)
    held = []
    for _ in range(2000):
        beta = trends + truth * (since > 0) + root @ chance.standard_normal(5)
        found = sensitivity(beta, since, lambda c: 1.96 * float(np.linalg.norm(c @ root)))
        assert found is not None
        held.append(found.intervals[2].lower_95 <= truth <= found.intervals[2].upper_95)
    assert np.mean(held) >= 0.95


def test_a_combination_of_effects_reaches_as_far_as_the_made_up_ones_did() -> None:
    effects = np.random.default_rng(4).standard_normal((999, 3))
    made_up = permuted.MadeUp(effects, np.full(999, 0.5), permuted.weights_of([999]), 2.0)
    limit = np.sort(np.abs(effects[:, 0]))[::-1][49]  # 50 of 1 000, the real one among them, may be as great
    assert made_up.reach(np.array([1.0, 0.0, 0.0])) == pytest.approx(2.0 * limit / 0.5, rel=0.01)
