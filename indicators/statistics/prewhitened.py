"""A straight line through a short series of dependent years, and whether its slope is more than chance.

Belongs here: the test of a slope, pre-whitened, for many series of one length at a time, and how large an
autocorrelation it reckons with. Does not belong here: which points are tested, and the words for a trend (`trend.py`);
how the rule was chosen (`tests/calibration/trend_sizes.py`).

Sources: Prais and Winsten, Trend estimators and serial correlation, Cowles Commission Discussion Paper 383 (1954), for
the transformation, which keeps the first year; von Storch, Misuses of statistical analysis in climate research (1995),
for why a trend is tested on whitened years.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

# The largest autocorrelation that is reckoned with. Slow-moving series show more, but those can hardly be told from a
# trend: the nearer to 1, the less does any test find.
MOST_AUTOCORRELATION = 0.9
# Added to the estimated autocorrelation, through the number of points, because a short series shows too little of it.
# Chosen by `make calibrate`, with the most above: at 5 per cent, the size is at most 6 up to an autocorrelation of 0.6.
# With 4 it is not, and the more is added, the fewer trends are found.
MARGIN = 6.0
_EQUAL = 1e-9  # of the largest value: a spread below this is noise of computing, as everywhere in the warehouse
_LEAST_P = float(np.finfo(np.float64).tiny)  # a probability may be too small for a float, but it is never 0


class StraightLines(NamedTuple):
    """One array each, an entry a series: the autocorrelation reckoned with, slope, its 95 % limits, two-sided p."""

    autocorrelation: Floats
    slope: Floats
    lower_95: Floats
    upper_95: Floats
    p_value: Floats


def straight_lines(values: Floats, years: Integers) -> StraightLines:
    """The slope of each series, tested with the autocorrelation that it may have.

    Args:
        values: m series x n >= 5 points, finite, in the unit of the indicator.
        years: m x n, strictly ascending in every row. Points that follow one another count as neighbours also where
            a year between them is missing: they depend less on one another than is reckoned with.

    Returns:
        m entries each; slope and limits in the unit a year. The limits leave 0 out just where p is below 0.05. When
        all values are equal, the slope is 0 and p is 1, and there is neither an autocorrelation nor a limit (NaN):
        years that never move do not say how sure that is.
    """
    return fitted(values, years, _reckoned(values, years))


def fitted(values: Floats, years: Integers, autocorrelation: Floats) -> StraightLines:
    """Generalised least squares with a given autocorrelation of the first order; t with n - 2 degrees of freedom.

    With Gaussian years of just that autocorrelation, p is exact.

    Args:
        values, years: as of `straight_lines`; n >= 3.
        autocorrelation: m, each over -1 and below 1.
    """
    n = values.shape[1]
    # From the first value and year: large levels would cost digits.
    y, x = values - values[:, :1], (years - years[:, :1]).astype(np.float64)
    level, x, y = (_whitened(part, autocorrelation) for part in (np.ones_like(y), x, y))
    share = (level * x).sum(axis=1) / (level**2).sum(axis=1)
    x -= share[:, None] * level
    y -= ((level * y).sum(axis=1) / (level**2).sum(axis=1))[:, None] * level
    spread = (x**2).sum(axis=1)
    slope = (x * y).sum(axis=1) / spread
    error = np.sqrt(((y - slope[:, None] * x) ** 2).sum(axis=1) / (n - 2) / spread)
    still = np.ptp(values, axis=1) <= _EQUAL * np.abs(values).max(axis=1)
    slope, error = np.where(still, 0.0, slope), np.where(still, 0.0, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(n - 2, -np.abs(slope) / error)
    p = np.where(slope == 0, 1.0, np.clip(p, _LEAST_P, 1.0))
    reach = np.where(still, np.nan, stdtrit(n - 2, 0.975) * error)
    return StraightLines(np.where(still, np.nan, autocorrelation), slope, slope - reach, slope + reach, p)


def _reckoned(values: Floats, years: Integers) -> Floats:
    """The autocorrelation to reckon with: the estimate without its bias, and a margin, from 0 to the most."""
    n = values.shape[1]
    estimate = residual_autocorrelation(values, years)
    # Around a fitted line the expected estimate is r - (2 + 4r)/n to the first order.
    unbiased = (n * estimate + 2) / (n - 4)
    return np.asarray(np.clip(unbiased + MARGIN / n, 0.0, MOST_AUTOCORRELATION))


def residual_autocorrelation(values: Floats, years: Integers) -> Floats:
    """The first autocorrelation around the least-squares line, m entries; 0 where there is nothing around it."""
    rest = fitted_rest(values, years)
    whole = (rest**2).sum(axis=1)
    products = (rest[:, 1:] * rest[:, :-1]).sum(axis=1)
    return np.asarray(np.divide(products, whole, out=np.zeros(len(whole)), where=whole > 0))


def fitted_rest(values: Floats, years: Integers) -> Floats:
    """What least squares leaves of each series, m x n."""
    x = years - years.mean(axis=1, keepdims=True)
    y = values - values.mean(axis=1, keepdims=True)
    slope = (x * y).sum(axis=1) / (x**2).sum(axis=1)
    return np.asarray(y - slope[:, None] * x)


def _whitened(series: Floats, autocorrelation: Floats) -> Floats:
    """What of each point does not follow from the one before; the first is scaled to the same variance."""
    r = autocorrelation[:, None]
    return np.concatenate([np.sqrt(1 - r**2) * series[:, :1], series[:, 1:] - r * series[:, :-1]], axis=1)
