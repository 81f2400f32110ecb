"""Intervals of places: between which places an area's true level may lie.

Belongs here: the method. Does not belong here: its words, and which values take part (`place_rows.py`); what was tried
beside it (`tests/calibration/place_candidates.py`).

The five per cent are halved. One half is for the area's own level: its interval at 97.5 per cent. The other is for how
many of the others lie above a limit of it: each does with the probability that its own value and the spread between
areas give, and their number is taken at its limit of 97.5 per cent. So no value is drawn, and equal values give equal
places in every release. What simulating from the values alone (Goldstein and Spiegelhalter 1996) leaves out is that the
observed values are spread more than the true ones; comparing every pair at a joint level (Mogstad, Romano, Shaikh and
Wilhelm 2024) covers more than is promised. docs/method.md has the measured coverage of all three.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from indicators.statistics.funnel import Floats, Integers, reliability

HALF_LEVEL = 2.241402727604947  # the normal quantile that leaves out 2.5 per cent, half at each end

_CERTAIN = 40.0  # standard deviations


def rank_intervals(level: Floats, error: Floats, variance: float, unknown: int = 0) -> tuple[Integers, Integers]:
    """The first and the last place from the highest that an area's true level may have, at 95 per cent.

    Args:
        level, error: n each: values and their standard errors (over 0), on a scale where they are about normal.
        variance: between the true levels (`funnel.spread`).
        unknown: further areas whose errors are not known; each may lie wherever the spread lets it.

    Returns:
        n each, from 1 to n + unknown, 1 being the highest.
    """
    shrunk = reliability(error, variance)
    centre = pooled(level, error, variance)
    expected = centre + shrunk * (level - centre)
    deviation = np.sqrt(shrunk) * error
    above_upper, above_lower = (_above(level + step * error, expected, deviation) for step in (HALF_LEVEL, -HALF_LEVEL))
    if unknown:
        for step, found in ((HALF_LEVEL, above_upper), (-HALF_LEVEL, above_lower)):
            any_one = _chance(np.array([centre]), np.array([np.sqrt(variance)]), level + step * error)[:, 0]
            found[0] += unknown * any_one
            found[1] += unknown * any_one * (1 - any_one)
    most = len(level) + unknown - 1
    fewest_above = np.floor(above_upper[0] - HALF_LEVEL * np.sqrt(above_upper[1]))
    most_above = np.ceil(above_lower[0] + HALF_LEVEL * np.sqrt(above_lower[1]))
    first, last = (1 + np.clip(found, 0, most).astype(np.int64) for found in (fewest_above, most_above))
    return first, last


def pooled(level: Floats, error: Floats, variance: float) -> float:
    """The mean of the true levels, each value weighted by how well it is known."""
    weight = 1 / (error**2 + variance)
    return float((weight * level).sum() / weight.sum())


def _above(limit: Floats, expected: Floats, deviation: Floats) -> list[Floats]:
    """How many of the other areas are expected above each one's limit, and the variance of that number."""
    chance = _chance(expected, deviation, limit)
    np.fill_diagonal(chance, 0)
    return [chance.sum(axis=1), (chance * (1 - chance)).sum(axis=1)]


def _chance(expected: Floats, deviation: Floats, limit: Floats) -> Floats:
    """The probability of each area (a column) to lie above each limit (a row)."""
    distance = expected[None, :] - limit[:, None]
    known = np.broadcast_to(deviation[None, :], distance.shape)
    sure = _CERTAIN * np.sign(distance)  # where the spread is 0, all others lie at one known level
    return np.asarray(ndtr(np.divide(distance, known, out=sure, where=known > 0)))
