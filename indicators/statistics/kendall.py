"""Kendall's test of a trend over time, exact with ties, and the slope of Theil and Sen.

Belongs here: the test, its null distribution, the slope and its limits, for many series of one length at a time. Does
not belong here: which series are tested, and the words for a trend (`trend.py`).

Sources: Kendall, A new measure of rank correlation, Biometrika 30 (1938), and Rank Correlation Methods, 4th ed. (1970);
MacMahon, Combinatory Analysis (1915), for the inversions of a multiset; Sen, Estimates of the regression coefficient
based on Kendall's tau, JASA 63 (1968); Gilbert, Statistical Methods for Environmental Pollution Monitoring (1987),
chapter 16.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

Z_95 = 1.96  # as Gilbert's table has it
# Of one block's matrix of pairs; a few temporaries stand beside it. Larger blocks are measured to be no faster.
BLOCK_BYTES = 4 * 2**20
_EXACT_TO = 18  # 18! < 2**53: up to here the counts of arrangements are whole numbers in a float
_LEAST_P = float(np.finfo(np.float64).tiny)  # a probability may be too small for a float, but it is never 0


class KendallTrends(NamedTuple):
    """One array each, an entry a series: Kendall's S, its two-sided p, the slope and its 95 % limits."""

    s: Integers
    p_value: Floats
    slope: Floats
    lower_95: Floats
    upper_95: Floats


def kendall_trends(values: Floats, years: Integers) -> KendallTrends:
    """Kendall's test and Sen's slope of series of one length.

    Args:
        values: m >= 1 series x n >= 2 points, finite, in the unit of the indicator. Only equal numbers are ties.
        years: m x n, strictly ascending in every row.

    Returns:
        m entries each. p is exact, with ties too. The slope is the median of the slopes of all pairs of points, in the
        unit of the indicator per year; its limits are Sen's (`slope_limits`). When all values are equal, p is 1 and
        slope and limits are 0. S may differ from 0 while the slope, of mostly tied pairs, is 0.
    """
    n = values.shape[1]
    rows = max(1, BLOCK_BYTES // (8 * n * (n - 1) // 2))
    blocks = [_block(values[at : at + rows], years[at : at + rows]) for at in range(0, len(values), rows)]
    return KendallTrends(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _block(values: Floats, years: Integers) -> KendallTrends:
    ties = tie_counts(values)
    s, slopes = _pairs(values, years)
    slopes.sort(axis=1)
    pairs = slopes.shape[1]
    # Adding 0 turns -0.0 into 0.0.
    middle = (slopes[:, (pairs - 1) // 2] + slopes[:, pairs // 2]) / 2 + 0.0
    lower, upper = slope_limits(slopes, s_variance(ties))
    return KendallTrends(s, exact_p(s, ties), middle, lower, upper)


def _pairs(values: Floats, years: Integers) -> tuple[Integers, Floats]:
    """S, and the slope of every pair of points (m x n(n-1)/2)."""
    m, n = values.shape
    slopes = np.empty((m, n * (n - 1) // 2))
    s = np.zeros(m, dtype=np.int64)
    at = 0
    for first in range(n - 1):
        rise = values[:, first + 1 :] - values[:, first, None]
        # Signs of the differences, not of the slopes: dividing the least float by the years would make it 0.
        s += np.count_nonzero(rise > 0, axis=1) - np.count_nonzero(rise < 0, axis=1)
        slopes[:, at : at + rise.shape[1]] = rise / (years[:, first + 1 :] - years[:, first, None])
        at += rise.shape[1]
    return s, slopes


def tie_counts(values: Floats) -> Integers:
    """How many points share each value.

    Args:
        values: m x n.

    Returns:
        m x n: in each row the sizes of the groups of equal values, ascending, after as many zeros as fill the row;
        they add up to n. Without ties all are 1.
    """
    m, n = values.shape
    ordered = np.sort(values, axis=1)
    group = np.zeros((m, n), dtype=np.int64)
    np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1, out=group[:, 1:])
    group += np.arange(m)[:, None] * n
    counts = np.bincount(group.ravel(), minlength=m * n).reshape(m, n)
    counts.sort(axis=1)
    return counts


def s_variance(ties: Integers) -> Floats:
    """Variance of S under no trend, corrected for ties: Kendall (1970), as in Gilbert (1987).

    Args:
        ties: m x n, as of `tie_counts`.

    Returns:
        m variances; 0 when all values are equal.
    """
    n = ties.shape[1]
    return np.asarray((n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum(axis=1)) / 18)


def slope_limits(slopes: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """95 % limits of Sen's slope: Sen (1968), as in Gilbert (1987).

    With N slopes and C = 1.96 sqrt(Var S), the limits are the slopes numbered (N - C)/2 and (N + C)/2 + 1, from the
    smallest. Between two whole numbers it is interpolated linearly, as Gilbert does; a number before the first or
    after the last slope means the first or the last, so five points give the smallest and the largest slope.

    Args:
        slopes: m x N, each row ascending.
        variance: m variances of S.

    Returns:
        m lower and m upper limits, in the unit of the slopes.
    """
    last = slopes.shape[1] - 1
    half = Z_95 * np.sqrt(variance) / 2
    rows = np.arange(len(slopes))

    def at(place: Floats) -> Floats:
        place = np.clip(place, 0, last)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, last)
        low, high = slopes[rows, below], slopes[rows, above]
        return np.asarray(low + (place - below) * (high - low) + 0.0)

    middle = (last + 1) / 2
    return at(middle - half - 1), at(middle + half)


def exact_p(s: Integers, ties: Integers) -> Floats:
    """P(|S| >= |s|) when every arrangement of the values over the years is equally likely.

    Args:
        s: m values of Kendall's S.
        ties: m x n, as of `tie_counts`.

    Returns:
        m probabilities, over 0 and at most 1.
    """
    first, pattern = _distinct_rows(ties)
    tables = [inversions_cdf(tuple(row[row > 0].tolist())) for row in ties[first]]
    start = np.cumsum([0, *(len(table) for table in tables)])[:-1]
    n = ties.shape[1]
    untied = n * (n - 1) // 2 - (ties * (ties - 1)).sum(axis=1) // 2
    # S = untied pairs - 2 * inversions, and both tails are equal; s = 0 is in both, which would come to more than 1.
    tail = np.concatenate(tables)[start[pattern] + (untied - np.abs(s)) // 2]
    return np.asarray(np.clip(2 * tail, _LEAST_P, 1.0))


def _distinct_rows(rows: Integers) -> tuple[Integers, Integers]:
    """Where each distinct row stands first, and which of them each row is; much faster than `np.unique(axis=0)`."""
    base = int(rows.max(initial=0)) + 1
    code = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        if int(code.max(initial=0)) >= 2**62 // base:
            code = np.unique(code, return_inverse=True)[1]  # renumbered, so that nothing overflows
        code = code * base + column
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return first, which


@lru_cache(maxsize=8192)
def inversions_cdf(ties: tuple[int, ...]) -> Floats:
    """P(inversions <= k), k = 0 … untied pairs, over all arrangements of a multiset.

    Source: MacMahon: the arrangements of a multiset with counts t1 … tk, by inversions, are the Gaussian multinomial
    prod_{i<=n} (1-q^i) / prod_j prod_{i<=tj} (1-q^i).

    Args:
        ties: the counts, each at least 1, ascending.

    Returns:
        An array of untied pairs + 1 probabilities. Each is a correctly rounded quotient of whole numbers up to 18
        points; beyond, only positive floats are added and multiplied, so the relative error stays at a few roundings.
    """
    cumulative = np.cumsum(_arrangements(ties))
    return np.asarray(cumulative / cumulative[-1])


@lru_cache(maxsize=8192)
def _arrangements(ties: tuple[int, ...]) -> Floats:
    """Arrangements by inversions: a product of Gaussian binomials, one a group (counts; beyond 18 points, in shares).

    Groups ascend, so patterns share all that comes of their untied points.
    """
    if not ties:
        return np.ones(1)
    factor = _gaussian_binomial(sum(ties), ties[-1])
    if sum(ties) > _EXACT_TO:
        factor = factor / factor.sum()  # no power of n! leaves the floats
    return np.convolve(_arrangements(ties[:-1]), factor)


@cache
def _gaussian_binomial(n: int, k: int) -> Floats:
    """Coefficients of [n choose k]_q, by [n, k] = [n-1, k-1] + q^k [n-1, k]: nothing is ever subtracted.

    All of them up to n = 60 together take some ten megabytes.
    """
    if k in (0, n):
        return np.ones(1)
    coefficients = np.zeros(k * (n - k) + 1)
    without, with_it = _gaussian_binomial(n - 1, k - 1), _gaussian_binomial(n - 1, k)
    coefficients[: len(without)] += without
    coefficients[k : k + len(with_it)] += with_it
    return coefficients
