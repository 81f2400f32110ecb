"""Weights of donors, placebos and what they say, for any figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indicators.statistics.synthetic import donor_weights, judge, placebos_in_space, scaled, synthetic_control

NUMBERS = st.floats(-1000, 1000, width=32)
FIGURES = st.integers(1, 12).flatmap(
    lambda k: st.integers(2, 12).flatmap(
        lambda n: st.tuples(arrays(np.float64, k, elements=NUMBERS), arrays(np.float64, (k, n), elements=NUMBERS))
    )
)


def squares(treated: np.ndarray, donors: np.ndarray, weights: np.ndarray) -> float:
    return float(((treated - donors @ weights) ** 2).sum())


@given(FIGURES)
def test_weights_are_shares_and_nobody_comes_closer(figures: tuple[np.ndarray, np.ndarray]) -> None:
    treated, donors = figures
    weights = donor_weights(treated, donors)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    n = donors.shape[1]
    reached = squares(treated, donors, weights)
    spread = float(np.abs(donors - treated[:, None]).max()) ** 2
    for other in (*np.eye(n), np.full(n, 1 / n)):
        assert reached <= squares(treated, donors, other) + 1e-6 * (1 + spread)


def test_an_area_that_is_a_mixture_of_donors_is_met_exactly() -> None:
    donors = np.random.default_rng(1).standard_normal((15, 6))
    shares = np.array([0.5, 0.0, 0.3, 0.0, 0.2, 0.0])
    assert donor_weights(donors @ shares, donors) == pytest.approx(shares, abs=1e-7)


def test_a_predictor_that_is_the_same_everywhere_tells_nobody_apart() -> None:
    own, others = scaled(np.array([1.0, 5.0]), np.array([[2.0, 3.0, 4.0], [5.0, 5.0, 5.0]]))
    assert np.isfinite(own).all()
    assert np.isfinite(others).all()


def test_a_gap_is_what_was_added_and_the_interval_holds_it() -> None:
    chance = np.random.default_rng(3)
    donors = 100 + chance.standard_normal((20, 25)).cumsum(axis=0)
    treated = donors[:, :3].mean(axis=1) + 0.1 * chance.standard_normal(20)
    treated[15:] += 8
    found = synthetic_control(treated, donors, 15)
    judged = judge(found, placebos_in_space(donors, 15), 15)
    assert found.gaps[15:].mean() == pytest.approx(8, abs=1)
    assert judged.p_value == pytest.approx(1 / 26)
    assert judged.lower_95 is not None
    assert judged.upper_95 is not None
    assert judged.lower_95 < 8 < judged.upper_95
    assert judged.lower_95 > 0


def test_years_before_and_after_are_needed() -> None:
    donors = np.ones((5, 3))
    for before in (0, 5):
        with pytest.raises(ValueError, match="before and after"):
            synthetic_control(np.ones(5), donors, before)
