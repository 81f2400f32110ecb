"""Other methods for the interval of a place, to be compared with the one in use.

Belongs here: what was tried and is not used. Does not belong here: the method in use
(`indicators/statistics/rank_interval.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.special import ndtr

from indicators.statistics.funnel import Floats, Integers, reliability
from indicators.statistics.rank_interval import pooled

_TAIL = 0.025
_HALVINGS = 14


def simulated(
    level: Floats, error: Floats, chance: Generator, variance: float | None = None, draws: int = 500
) -> tuple[Integers, Integers]:
    """Places of values drawn about the observed ones (Goldstein and Spiegelhalter 1996).

    With a variance between areas, about what is left of them when they are shrunken to their mean (Lin et al. 2006).
    """
    centre, deviation = level, error
    if variance is not None:
        shrunk = reliability(error, variance)
        mean = pooled(level, error, variance)
        centre, deviation = mean + shrunk * (level - mean), np.sqrt(shrunk) * error
    drawn = centre + deviation * chance.standard_normal((draws, len(level)))
    places = len(level) - np.argsort(np.argsort(drawn, axis=1), axis=1)
    low, high = (np.quantile(places, q, axis=0, method=m) for q, m in ((_TAIL, "lower"), (1 - _TAIL, "higher")))
    return low.astype(np.int64), high.astype(np.int64)


def every_pair(level: Floats, error: Floats) -> tuple[Integers, Integers]:
    """Whoever differs from an area at a level that holds for all its pairs together lies above or below it.

    Mogstad, Romano, Shaikh and Wilhelm (2024), marginal sets in one step, with the exact critical value of independent
    normal values in place of a bootstrap. It is read off between eight errors from the least to the largest.
    """
    grid = np.quantile(error, np.linspace(0, 1, 8))
    critical = np.interp(error, grid, [critical_value(one, error) for one in grid])
    z = (level[:, None] - level[None, :]) / np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)
    return 1 + (z < -critical[:, None]).sum(axis=1), len(level) - (z > critical[:, None]).sum(axis=1)


def critical_value(own: float, error: Floats) -> float:
    """What the largest of an area's distances to all others exceeds with 5 per cent, when all are equal."""
    others = np.delete(error, np.abs(error - own).argmin())
    together = np.sqrt(own**2 + others**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    low, high = 1.5, 5.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above, below = ((s * middle * together + own * nodes[:, None]) / others for s in (1, -1))
        inside = np.exp(np.log(np.maximum(ndtr(above) - ndtr(below), 1e-300)).sum(axis=1))
        low, high = (middle, high) if (weights * inside).sum() / weights.sum() < 1 - 2 * _TAIL else (low, middle)
    return high
