"""Exact limits of small counts.

Belongs here: the quantiles that SQL cannot say. Does not belong here: the formulas of Wilson and Byar, which the
warehouse computes for all rows at once (`dbt_project/macros/intervals.sql`).
"""

from __future__ import annotations

from collections.abc import Iterator

EXACT_BELOW = 10  # from ten events on, Byar's approximation is within a per cent of the exact limits
_TAIL_95, _TAIL_998 = 0.025, 0.001


def exact_poisson_limits() -> Iterator[tuple[int, float, float, float, float]]:
    """The exact two-sided limits of the mean number of events behind 0, 1 … 9 counted ones.

    Returns:
        events, lower_95, upper_95, lower_998, upper_998; in events.

    Source: Garwood (1936), by the gamma quantiles that equal half the chi-square quantiles with 2n and 2n + 2 degrees
    of freedom; as prescribed in PHE, Technical Guide: Confidence intervals (2018).
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - half a second, and few commands need it

    def limits(events: int, tail: float) -> tuple[float, float]:
        lower = float(gammaincinv(events, tail)) if events else 0.0
        return lower, float(gammaincinv(events + 1, 1 - tail))

    for events in range(EXACT_BELOW):
        yield (events, *limits(events, _TAIL_95), *limits(events, _TAIL_998))
