"""How unequal the trends may be before an effect is no longer told from none.

Belongs here: the robust interval of an event study's mean effect, and where it comes to hold zero. Does not belong
here: the event study (`panel.py`), the spread that its effects have among made-up treatments (`permuted.py`).

Source: Rambachan and Roth (2023), bounds by relative magnitudes. From one year to the next, treated and others may
drift apart after at most M times as much as they did in the worst pair of years before. For each pair of years before,
and each direction, that drift is a linear combination of the event study's effects, and so are the ends of what it
allows; each end has an interval of its own, and the robust interval reaches from the lowest to the highest. The pair
that is the worst in truth is among them, so it holds the effect as often as each of them does: it is never too narrow.
The paper's conditional test leaves out pairs that are clearly not the worst, and is somewhat narrower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from indicators.statistics.effect_words import GREATEST
from indicators.statistics.prewhitened import Floats, Integers

MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0)
Reach = Callable[[Floats], float]  # half the width of the 95 per cent interval of a linear combination of the effects


class Robust(NamedTuple):
    """The 95 per cent interval of the mean effect where the drift after is at most `magnitude` times that before."""

    magnitude: float
    lower_95: float
    upper_95: float


class Sensitivity(NamedTuple):
    """The mean effect against the last year before, its intervals, and the greatest drift that leaves it different.

    `breakdown`: the greatest magnitude at which zero is outside; 0 where it is never; `GREATEST` where it still is
    there.
    """

    estimate: float
    intervals: tuple[Robust, ...]
    breakdown: float


def sensitivity(effects: Floats, since: Integers, reach: Reach) -> Sensitivity | None:
    """What is left of an event study's mean effect under unequal trends.

    Args:
        effects: k effects against the last year before. since: k, years since that year, in order; the year itself,
            where the effect is 0, is not among them.
        reach: half the width of the interval of any k weights of them.

    Returns:
        None with no year but one before, for then nothing says how much is usual.
    """
    before = since[since < 0]
    if not len(before) or not (since > 0).any():
        return None
    mean = (since > 0) / (since > 0).sum()
    drifts = _drifts(since) * float(since[since > 0].mean())

    def robust(magnitude: float) -> Robust:
        ends = [mean + way * magnitude * drift for drift in drifts for way in (-1, 1)]
        lower = min(float(end @ effects) - reach(end) for end in ends)
        return Robust(magnitude, lower, max(float(end @ effects) + reach(end) for end in ends))

    return Sensitivity(float(mean @ effects), tuple(robust(m) for m in MAGNITUDES), _breakdown(robust))


def _drifts(since: Integers) -> Floats:
    """For each pair of neighbouring years before, the weights of the effects that give the drift a year."""
    places = [*np.flatnonzero(since < 0).tolist(), None]  # the last year before has the effect 0
    rows = np.zeros((len(places) - 1, len(since)))
    for row, one, other in zip(rows, places[:-1], places[1:], strict=True):
        apart = (0 if other is None else since[other]) - since[one]
        row[one] = -1 / apart
        if other is not None:
            row[other] = 1 / apart
    return rows


def _breakdown(robust: Callable[[float], Robust]) -> float:
    def is_different(magnitude: float) -> bool:
        found = robust(magnitude)
        return found.lower_95 > 0 or found.upper_95 < 0

    if not is_different(0.0):
        return 0.0
    if is_different(GREATEST):
        return GREATEST
    low, high = 0.0, GREATEST
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if is_different(middle) else (low, middle)
    return low
