"""The intervals that the warehouse computes, against published figures, oracles, and what has to hold of any interval.

The macros themselves are rendered and run by DuckDB, so what is tried here is what fills the tables.
"""

from __future__ import annotations

from functools import cache

import duckdb
import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from indicators.statistics.intervals import EXACT_BELOW, exact_poisson_limits
from pipelines.settings import ROOT

Z95, Z998 = 1.959963984540054, 3.090232306167813


@cache
def macros() -> jinja2.environment.TemplateModule:
    text = (ROOT / "dbt_project" / "macros" / "intervals.sql").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=False).from_string(text).module  # noqa: S701 - SQL, no page


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def run(expression: str) -> float:
    found = connection().execute(f"select {expression}").fetchone()
    assert found is not None
    return float(found[0])


def wilson(share: float, n: float, z: float = Z95) -> tuple[float, float]:
    lower, upper = (run(macros().wilson(f"{share!r}::double", f"{n!r}::double", z, s)) for s in (-1, 1))  # type: ignore[attr-defined]
    return lower, upper


def byar(events: float, z: float = Z95) -> tuple[float, float]:
    lower, upper = (run(macros().byar(f"{events!r}::double", z, s)) for s in (-1, 1))  # type: ignore[attr-defined]
    return lower, upper


@pytest.mark.parametrize(
    ("events", "n", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombe_s_published_limits(events: int, n: int, lower: float, upper: float) -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3 (score without continuity correction).
    assert wilson(events / n, n) == pytest.approx((lower, upper), abs=0.00005)


@pytest.mark.parametrize(
    ("events", "lower", "upper"), [(0, 0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (9, 4.115, 17.085)]
)
def test_small_counts_have_garwood_s_exact_limits(events: int, lower: float, upper: float) -> None:
    # Garwood (1936), Biometrika 28; the table of Poisson limits that textbooks reprint.
    limits = {row[0]: row[1:3] for row in exact_poisson_limits()}
    assert limits[events] == pytest.approx((lower, upper), abs=0.0005)


def test_small_counts_are_chi_square_quantiles_at_both_levels() -> None:
    rows = list(exact_poisson_limits())
    assert [row[0] for row in rows] == list(range(EXACT_BELOW))
    for events, *limits in rows:
        expected = []
        for tail in (0.025, 0.001):
            expected += [
                stats.chi2.ppf(tail, 2 * events) / 2 if events else 0,
                stats.chi2.isf(tail, 2 * events + 2) / 2,
            ]
        assert limits == pytest.approx(expected, rel=1e-9)


@given(st.integers(1, 10**6), st.floats(0, 1), st.sampled_from([(Z95, 0.05), (Z998, 0.002)]))
def test_wilson_is_statsmodels_wilson(n: int, share: float, level: tuple[float, float]) -> None:
    z, alpha = level
    assert wilson(share, n, z) == pytest.approx(proportion_confint(share * n, n, alpha, "wilson"), abs=1e-9)


@given(st.integers(10, 10**6))
def test_byar_is_near_the_exact_limits_from_ten_events_on(events: int) -> None:
    exact = (stats.chi2.ppf(0.025, 2 * events) / 2, stats.chi2.isf(0.025, 2 * events + 2) / 2)
    assert byar(events) == pytest.approx(exact, rel=0.01)


@given(st.floats(0, 1), st.integers(1, 10**5), st.integers(2, 50))
def test_an_interval_holds_the_share_stays_possible_and_shrinks_with_n(share: float, n: int, times: int) -> None:
    lower, upper = wilson(share, n)
    assert 0 <= lower <= share + 1e-12
    assert share - 1e-12 <= upper <= 1
    more = wilson(share, n * times)
    assert more[1] - more[0] < upper - lower
    wide = wilson(share, n, Z998)
    assert wide[0] <= lower
    assert upper <= wide[1]


@given(st.floats(10, 10**6), st.floats(1.1, 50))
def test_a_rate_s_interval_holds_its_events_and_shrinks_relatively(events: float, times: float) -> None:
    lower, upper = byar(events)
    assert 0 < lower < events < upper
    more = byar(events * times)
    assert (more[1] - more[0]) / (events * times) < (upper - lower) / events
