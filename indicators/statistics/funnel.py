"""Funnels: how far from the middle a value may lie by chance, and by chance and the usual spread together.

Belongs here: the scale on which chance is equally large at all levels, the spread between areas, limits, reliability.
Does not belong here: which areas are compared, and what is said of them (`place_rows.py`).

Sources: Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine 24 (2005), for the
scales, the winsorised dispersion and limits with an added variance between areas. The variance itself is that of Huber
(1964), Proposal 2, about a given centre: winsorising alone makes a variance a third too small.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc, gammaincc, stdtr

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Integers: TypeAlias = NDArray[np.int64]

NORMAL_95, NORMAL_998 = 1.959963984540054, 3.090232306167813  # two-sided quantiles of the normal distribution
TAIL = 0.1  # of the areas at each end, whose distance counts no more than that of the one where they begin
_BOUND = 1.2815515655446004  # the normal quantile of that tail
# The mean of the square of a standard normal that is cut at the bound.
CUT_SQUARE = 0.6786545589528744
# What a variance so estimated is worth, in degrees of freedom for each area, where chance is little (normal levels).
FREEDOM = 0.63
_HALVINGS = 60
_FAR = 1.5  # standard deviations: nearer, no p is small
_SMALL = 0.2  # of the spread: so little chance adds nothing to its tails
_GRID = 8  # standard deviations of the spread each way, eight steps in each
_TINY = 1e-9


def stabilised(value: Floats, lower_95: Floats, upper_95: Floats, *, is_share: bool) -> tuple[Floats, Floats]:
    """Values on the scale where chance is equally large at all levels, and its standard error there.

    Args:
        value, lower_95, upper_95: n each; a share in per cent, or a rate in any unit, with its 95 per cent interval.

    Returns:
        The arc sine of the root of the share (in radians), or the root of the rate; and half the width of the interval
        on that scale in units of the normal quantile. So whatever an interval takes account of is in the error too.
    """
    level, low, high = (_forth(of, is_share=is_share) for of in (value, lower_95, upper_95))
    return level, (high - low) / (2 * NORMAL_95)


def in_unit(level: Floats, *, is_share: bool) -> Floats:
    """Levels in the unit of the values: per cent, or that of the rate."""
    if is_share:
        return np.asarray(100 * np.sin(np.clip(level, 0, np.pi / 2)) ** 2)
    return np.asarray(np.maximum(level, 0) ** 2)


def dispersion(z: Floats) -> float:
    """Spiegelhalter's phi: the mean square of distances in standard errors, after winsorising a tenth at each end.

    1 is no more than chance, without the cut; chance alone gives about 0.7 with it.
    """
    low, high = np.quantile(z, [TAIL, 1 - TAIL])
    return float((np.clip(z, low, high) ** 2).mean())


def spread(level: Floats, error: Floats, centre: float) -> float:
    """The variance between areas that remains when chance is taken away; 0 where chance explains all.

    It is the variance with which the distances from the centre, cut at the bound, are as large as those of a normal
    distribution, so that a few areas far out neither make it nor are hidden by it.
    """
    square, chance = (level - centre) ** 2, error**2
    low, high = 0.0, float(square.max()) / _BOUND**2

    def excess(variance: float) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(square > 0, square / (chance + variance), 0.0)
        return float(np.minimum(ratio, _BOUND**2).mean()) - CUT_SQUARE

    if excess(low) <= 0:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def reliability(error: Floats, variance: float) -> Floats:
    """The part of the variance between observed values that is between areas and not chance, 0 to 1; by area."""
    total = variance + error**2
    return np.divide(variance, total, out=np.zeros_like(error), where=total > 0)


def two_sided(level: Floats, error: Floats, centre: float, variance: float, *, is_share: bool) -> Floats:
    """The probability of a value at least as far out, by chance and the usual spread about the centre alone.

    Twice the smaller tail. The spread is taken as Student's t, since its variance is estimated from the same areas.
    Far out, where it decides and where a smooth distribution makes the tails of few persons too thin, it is the
    binomial (of a rate: the Poisson) tail over that spread, of as many persons as the error corresponds to.

    Args:
        level, error: n each, on the scale of `stabilised`. centre, variance: of the spread there.
    """
    z = (level - centre) / np.sqrt(error**2 + variance)
    freedom = FREEDOM * len(level)
    found = 2 * stdtr(freedom, -np.abs(z))
    counted = (np.abs(z) > _FAR) & (error > _SMALL * np.sqrt(variance))
    if counted.any():
        persons = 1 / (4 * error[counted] ** 2)
        value = in_unit(level[counted], is_share=is_share)
        grid = np.linspace(-_GRID, _GRID, 16 * _GRID + 1)
        true = in_unit(centre + np.sqrt(variance) * grid, is_share=is_share)
        weight = (1 + grid**2 / freedom) ** (-(freedom + 1) / 2)
        tails = _tails(value, persons, true, weight / weight.sum(), is_share=is_share)
        beyond = stdtr(freedom, -_GRID)  # what the grid leaves out, so that no p is 0
        found[counted] = np.minimum(1, 2 * (np.where(z[counted] > 0, tails[1], tails[0]) + beyond))
    return np.asarray(found)


def _tails(value: Floats, persons: Floats, levels: Floats, weight: Floats, *, is_share: bool) -> tuple[Floats, Floats]:
    """The probability of as low a number and of as high a one, over true levels in their unit with their weights."""
    n, true = persons[:, None], levels[None, :]
    if is_share:
        events = np.clip(value / 100, 0, 1)[:, None] * n
        low = np.where(events < n, betainc(np.maximum(n - events, _TINY), events + 1, 1 - true / 100), 1.0)
        high = np.where(events > 0, betainc(np.maximum(events, _TINY), n - events + 1, true / 100), 1.0)
    else:
        events = value[:, None] * n
        low = gammaincc(events + 1, true * n)
        high = np.where(events > 0, gammainc(np.maximum(events, _TINY), true * n), 1.0)
    return (low * weight).sum(axis=1), (high * weight).sum(axis=1)


def limits(centre: float, deviation: Floats, *, is_share: bool) -> list[Floats]:
    """Where values are expected, in their unit: lower_95, upper_95, lower_998, upper_998."""
    steps = (-NORMAL_95, NORMAL_95, -NORMAL_998, NORMAL_998)
    return [in_unit(centre + step * deviation, is_share=is_share) for step in steps]


def _forth(value: Floats, *, is_share: bool) -> Floats:
    if is_share:
        return np.asarray(np.arcsin(np.sqrt(np.clip(value / 100, 0, 1))))
    return np.asarray(np.sqrt(np.maximum(value, 0)))
