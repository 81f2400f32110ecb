"""How often each test of a trend calls chance a trend, and how often it finds one that is there.

Belongs here: series made by chance with a seed, and the tables of docs/method.md, which a test holds against this. Does
not belong here: the tests (`indicators/statistics/prewhitened.py`, `trend_candidates.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from indicators.statistics.prewhitened import straight_lines
from indicators.statistics.trend import FEWEST, LEVEL, RECENT_YEARS
from tests.calibration import trend_candidates

Floats: TypeAlias = NDArray[np.float64]
Test: TypeAlias = Callable[[Floats], Floats]

SERIES, SERIES_OF_BOOTSTRAP = 20_000, 4_000
BEFORE = 100  # years made before the first one used, so that it is as any other
LENGTHS = (FEWEST, 6, RECENT_YEARS, 10, 15, 20, 25, 30)
PROMISED = (0.0, 0.2, 0.4, 0.6)  # up to the last of these the size is at most 6 per cent
BEYOND = (0.7, 0.8, 0.9)
RISE = 3.0  # of the straight line from the first to the last year, in standard deviations of a year
COMPARED = (7, 10, 15, 20, 25)


def in_use(values: Floats) -> Floats:
    """p of the test in use, for successive years."""
    return straight_lines(values, np.tile(np.arange(values.shape[1]), (len(values), 1))).p_value


TESTS: dict[str, tuple[Test, int]] = {
    "Kendall, exact (in use before)": (trend_candidates.kendall, SERIES),
    "Hamed and Rao": (trend_candidates.hamed_rao, SERIES),
    "Kendall, pre-whitened (von Storch)": (trend_candidates.prewhitened_kendall, SERIES),
    "Kendall, trend-free pre-whitened (Yue et al.)": (trend_candidates.trend_free_kendall, SERIES),
    "block bootstrap of the slope, blocks of 3": (trend_candidates.block_bootstrap, SERIES_OF_BOOTSTRAP),
    "straight line, always 0.6": (trend_candidates.always_the_most, SERIES),
    "**straight line, estimate and margin**": (in_use, SERIES),
}
DEPARTURES: dict[str, Callable[[Generator, int, float], Floats]] = {
    "rounded to half a standard deviation": lambda chance, n, r: np.round(2 * made(chance, n, r)),
    "rounded to a standard deviation": lambda chance, n, r: np.round(made(chance, n, r)),
    "with as much noise without autocorrelation": lambda chance, n, r: (
        made(chance, n, r) + chance.standard_normal((SERIES, n))
    ),
    "heavy tails (t, 3 degrees of freedom)": lambda chance, n, r: made(
        chance, n, r, lambda size: chance.standard_t(3, size)
    ),
    "skewed (exponential)": lambda chance, n, r: made(chance, n, r, lambda size: chance.exponential(size=size)),
}


def made(
    chance: Generator, n: int, r: float, draw: Callable[[tuple[int, int]], Floats] | None = None, m: int = SERIES
) -> Floats:
    """Stationary series of n years with first-order autocorrelation r; Gaussian unless drawn otherwise."""
    news = (draw or chance.standard_normal)((BEFORE + n, m)) * np.sqrt(1 - r**2)
    for year in range(1, BEFORE + n):
        news[year] += r * news[year - 1]
    return np.ascontiguousarray(news[BEFORE:].T)


def rejected(test: Test, n: int, r: float, rise: float = 0.0, m: int = SERIES) -> float:
    """Per cent of m series that a test calls a trend."""
    values = made(np.random.default_rng([n, round(100 * r)]), n, r, m=m) + rise * np.arange(n) / (n - 1)
    return per_cent(test(values))


def per_cent(p: Floats) -> float:
    """How many are significant."""
    return float(100 * (p < LEVEL).mean())


def size_table() -> Iterator[list[str]]:
    """The size of the test in use, by length and autocorrelation."""
    yield ["years", *(f"{r:g}" for r in (*PROMISED, *BEYOND))]
    for n in LENGTHS:
        yield [str(n), *(f"{rejected(in_use, n, r):.1f}" for r in (*PROMISED, *BEYOND))]


def power_table() -> Iterator[list[str]]:
    """The power of the test in use, by length and autocorrelation."""
    yield ["years", *(f"{r:g}" for r in (*PROMISED, 0.8))]
    for n in LENGTHS:
        yield [str(n), *(f"{rejected(in_use, n, r, RISE):.0f}" for r in (*PROMISED, 0.8))]


def comparison_table() -> Iterator[list[str]]:
    """The size of every test at the largest autocorrelation promised and at 0.8, and its power at 0.2."""
    yield ["test", *(f"size, {n}" for n in COMPARED), "at 0.8, 25", "power, 7", "power, 25"]
    for name, (test, m) in TESTS.items():
        sizes = [rejected(test, n, PROMISED[-1], m=m) for n in COMPARED] + [rejected(test, 25, 0.8, m=m)]
        power = [rejected(test, n, 0.2, RISE, m) for n in (7, 25)]
        yield [name, *(f"{size:.1f}" for size in sizes), *(f"{found:.0f}" for found in power)]


def departure_table() -> Iterator[list[str]]:
    """The size of the test in use at the largest autocorrelation promised, where years are not Gaussian."""
    lengths = (FEWEST, RECENT_YEARS, 10, 25)
    yield ["years that are", *(str(n) for n in lengths)]
    for name, draw in DEPARTURES.items():
        sizes = (per_cent(in_use(draw(np.random.default_rng(n), n, PROMISED[-1]))) for n in lengths)
        yield [name, *(f"{size:.1f}" for size in sizes)]


TABLES: dict[str, Callable[[], Iterator[list[str]]]] = {
    "size": size_table,
    "power": power_table,
    "comparison": comparison_table,
    "departures": departure_table,
}


def as_markdown(rows: Iterable[list[str]]) -> str:
    """The table as docs/method.md has it."""
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|---" * (head.count(" | ") + 1) + "|", *body])


def measure() -> None:
    """Print all tables."""
    for name, table in TABLES.items():
        print(f"{name}\n\n{as_markdown(table())}\n")
