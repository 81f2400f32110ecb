"""Augmented synthetic control: a synthetic control whose poor fit before is mended by ridge regression.

Belongs here: the weights and their penalty. Does not belong here: donors and made-up regions (`synthetic_regions.py`).

Source: Ben-Michael, Feller and Rothstein (2021), ridge augmented synthetic control. The weights still add up to 1, but
may be negative: the method leaves the range of the donors as far as the penalty lets it. The penalty is chosen by
leaving out each year before in turn: the greatest of twenty-one whose mean square error is within one standard error of
the least, which keeps the weights near the synthetic control's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.statistics.prewhitened import Floats
from indicators.statistics.synthetic import donor_weights, synthetic_control

_PENALTIES, _LEAST_OF_GREATEST = 21, 1e-8


class Augmented(NamedTuple):
    """Weights of n donors; gaps of every year (observed less synthetic); root mean square gap before.

    `error_left_out`: the same of years that the weights have not seen, each left out in turn. A regression meets the
    years before better than it foretells others, so that this one, not the gap before, says how far a gap may lie.
    """

    weights: Floats
    gaps: Floats
    rmspe_before: float
    error_left_out: float


def augmented_synthetic_control(treated: Floats, donors: Floats, before: int) -> Augmented:
    """The gap between an area and its augmented synthetic self.

    Args:
        treated: t outcomes in order of years. donors: t x n.
        before: how many of the years lie before; three at least, so that one may be left out.

    Raises:
        ValueError: a number that is not finite, fewer than three years before, or none after.
    """
    if not (np.isfinite(treated).all() and np.isfinite(donors).all()) or not 2 < before < len(treated):
        raise ValueError("outcomes must be finite, with three years before and one after")
    means = donors[:before].mean(axis=1)
    own, others = treated[:before] - means, donors[:before] - means[:, None]
    penalty, error = _penalty(own, others)
    weights = _augmented(own, others, np.array([penalty]))[0]
    return Augmented(*synthetic_control(treated, donors, before, weights), error)


def _augmented(own: Floats, others: Floats, penalties: Floats) -> Floats:
    """Weights for each penalty (p x n): the synthetic control's, and what ridge regression adds for what it missed."""
    weights = donor_weights(own, others)
    missed = own - others @ weights
    values, vectors = np.linalg.eigh(others @ others.T)
    along = vectors.T @ missed
    added = (along / (np.maximum(values, 0) + penalties[:, None])) @ vectors.T @ others
    return np.asarray(weights + added, dtype=np.float64)


def _penalty(own: Floats, others: Floats) -> tuple[float, float]:
    """The penalty, and the root mean square error of years left out that it gives."""
    # Where the donors are all alike, regression adds nothing, whatever its penalty.
    greatest = float(np.linalg.norm(others, 2)) ** 2 or 1.0
    penalties = greatest * _LEAST_OF_GREATEST ** (np.arange(_PENALTIES) / (_PENALTIES - 1))
    errors = np.empty((len(own), _PENALTIES))
    for year in range(len(own)):
        kept = np.arange(len(own)) != year
        errors[year] = (own[year] - _augmented(own[kept], others[kept], penalties) @ others[year]) ** 2
    means, spread = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    least = int(np.argmin(means))
    chosen = int(np.flatnonzero(means <= means[least] + spread[least])[0])  # from the greatest down
    return float(penalties[chosen]), float(np.sqrt(means[chosen]))
