"""The tests of a trend that were tried, each as it was published: p of many series of one length at a time.

Belongs here: tests that calibration compares with the one in use. Does not belong here: the one in use
(`indicators/statistics/prewhitened.py`).

Sources: Kendall, A new measure of rank correlation, Biometrika 30 (1938); Hamed and Rao, A modified Mann-Kendall trend
test for autocorrelated data, Journal of Hydrology 204 (1998); von Storch, Misuses of statistical analysis in climate
research (1995); Yue, Pilon, Phinney and Cavadias, The influence of autocorrelation on the ability to detect trend in
hydrological series, Hydrological Processes 16 (2002); Künsch, The jackknife and the bootstrap for general stationary
observations, Annals of Statistics 17 (1989). The three modified ones as in pymannkendall (Hussain and Mahmud 2019).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from indicators.statistics.prewhitened import fitted, fitted_rest

Floats: TypeAlias = NDArray[np.float64]

DRAWS, BLOCK = 199, 3


def kendall(values: Floats) -> Floats:
    """Kendall's S with its exact distribution; without ties."""
    n = values.shape[1]
    inversions = np.ones(1)
    for size in range(2, n + 1):
        inversions = np.convolve(inversions, np.full(size, 1 / size))
    below = (n * (n - 1) // 2 - np.abs(_s(values))) // 2
    return np.asarray(np.minimum(1, 2 * np.cumsum(inversions)[below.astype(np.int64)]))


def hamed_rao(values: Floats) -> Floats:
    """Kendall's S with a variance corrected for the significant autocorrelations of the ranks around Sen's line."""
    n = values.shape[1]
    ranks = (values - sen_slope(values)[:, None] * np.arange(n)).argsort(axis=1).argsort(axis=1) + 1.0
    ranks -= (n + 1) / 2
    correction = np.ones(len(values))
    for lag in range(1, n):
        r = (ranks[:, lag:] * ranks[:, :-lag]).sum(axis=1) / (ranks**2).sum(axis=1)
        weight = (n - lag) * (n - lag - 1) * (n - lag - 2)
        correction += 2 * weight * np.where(np.abs(r) > ndtri(0.975) / np.sqrt(n), r, 0) / (n * (n - 1) * (n - 2))
    # A variance below 0 is no variance; pymannkendall gives no p for it.
    return _normal(_s(values), n, np.maximum(correction, np.finfo(np.float64).tiny))


def prewhitened_kendall(values: Floats) -> Floats:
    """Kendall's S of what of each year does not follow from the one before."""
    r = _first(values)[:, None]
    return _normal(_s(values[:, 1:] - r * values[:, :-1]), values.shape[1] - 1)


def trend_free_kendall(values: Floats) -> Floats:
    """The same with Sen's line taken away before and put back after."""
    n = values.shape[1]
    line = sen_slope(values)[:, None] * np.arange(1, n + 1)
    rest = values - line
    r = _first(rest)[:, None]
    return _normal(_s(rest[:, 1:] - r * rest[:, :-1] + line[:, 1:]), n - 1)


def block_bootstrap(values: Floats) -> Floats:
    """The least-squares slope among those of series put together of blocks of what the line leaves, with a seed."""
    m, n = values.shape
    chance = np.random.default_rng(n)
    years = np.arange(n) - (n - 1) / 2
    rest = fitted_rest(values, np.tile(np.arange(n), (m, 1)))
    slope = np.abs(values @ years)
    larger = np.ones(m)
    for _ in range(DRAWS):
        begins = chance.integers(0, n - BLOCK + 1, size=(m, -(-n // BLOCK)))
        places = (begins[:, :, None] + np.arange(BLOCK)).reshape(m, -1)[:, :n]
        larger += np.abs(np.take_along_axis(rest, places, axis=1) @ years) >= slope
    return np.asarray(larger / (DRAWS + 1))


def always_the_most(values: Floats) -> Floats:
    """Generalised least squares that always reckons with 0.6, exact at that autocorrelation."""
    m, n = values.shape
    return fitted(values, np.tile(np.arange(n), (m, 1)), np.full(m, 0.6)).p_value


def sen_slope(values: Floats) -> Floats:
    """The median of the slopes of all pairs of years."""
    first, second = np.triu_indices(values.shape[1], 1)
    return np.asarray(np.median((values[:, second] - values[:, first]) / (second - first), axis=1))


def _s(values: Floats) -> Floats:
    first, second = np.triu_indices(values.shape[1], 1)
    return np.asarray(np.sign(values[:, second] - values[:, first]).sum(axis=1))


def _first(values: Floats) -> Floats:
    rest = values - values.mean(axis=1, keepdims=True)
    return np.asarray((rest[:, 1:] * rest[:, :-1]).sum(axis=1) / (rest**2).sum(axis=1))


def _normal(s: Floats, n: int, correction: Floats | float = 1.0) -> Floats:
    z = (s - np.sign(s)) / np.sqrt(n * (n - 1) * (2 * n + 5) / 18 * correction)
    return np.asarray(2 * ndtr(-np.abs(z)))
