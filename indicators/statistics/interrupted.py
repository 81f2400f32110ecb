"""Interrupted time series: whether a series' level and slope changed at a known year.

Belongs here: segmented regression of one yearly series. Does not belong here: which series and years are analysed
(`studies.py`).

Sources: Wagner, Soumerai, Zhang and Ross-Degnan (2002), segmented regression; Newey and West (1987), standard errors
under autocorrelation, by statsmodels. In series of some twenty years the usual limits of Newey and West's statistic are
far too narrow (a 95 % interval holds the truth in 60 to 85 % of draws), so the statistic is judged by its own
distribution: the same regression on simulated series of the same years, without any change, with the autocorrelation
that the residuals show and the uncertainty of that autocorrelation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from indicators.statistics.prewhitened import Floats, Integers

FEWEST_BEFORE, FEWEST_AFTER = 8, 3
_DRAWS, _SEED = 999, 20221001
_GRID = np.linspace(0, 0.95, 39)  # grid of autocorrelations; a negative one is treated as zero


class Change(NamedTuple):
    """A change of level (unit of the value) or of slope (unit a year), with its 95 % interval and two-sided p."""

    estimate: float
    standard_error: float
    lower_95: float
    upper_95: float
    p_value: float


class Interrupted(NamedTuple):
    """Both changes; what each year would have been without them; the share of the variation that is explained."""

    level: Change
    slope: Change
    counterfactual: Floats
    r_squared: float
    autocorrelation: float


def interrupted_series(years: Integers, values: Floats, first_after: int) -> Interrupted:
    """Segmented regression with Newey and West's errors and simulated limits.

    Args:
        years: n calendar years in order; gaps are years that were not measured or are left out.
        values: n.
        first_after: first year of the new level and slope. At least `FEWEST_BEFORE` years lie before it and
            `FEWEST_AFTER` from it on.

    Raises:
        ValueError: fewer points than that, years out of order, or a number that is not finite.
    """
    # Two seconds to load, which a release whose studies are all refused does without.
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415

    design = _design(years, first_after)
    after = int(design[:, 2].sum())
    if len(years) - after < FEWEST_BEFORE or after < FEWEST_AFTER:
        raise ValueError(
            f"{len(years) - after} years before and {after} after; {FEWEST_BEFORE} and {FEWEST_AFTER} needed"
        )
    if (np.diff(years) <= 0).any() or not np.isfinite(values).all():
        raise ValueError("years must rise, and values be finite")
    lags = newey_west_lags(len(years))
    fit = OLS(values, design).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    residuals = np.asarray(fit.resid)
    rho = autocorrelation(residuals, design)
    null = np.abs(_simulated_statistics(design, rho, lags))
    level, slope = (_change(float(fit.params[k]), float(fit.bse[k]), null[:, k - 2]) for k in (2, 3))
    without = design[:, :2] @ np.asarray(fit.params)[:2]
    return Interrupted(level, slope, without, float(fit.rsquared), rho)


def newey_west_lags(n: int) -> int:
    """Lags by Newey and West's (1994) rule of thumb for Bartlett's kernel."""
    return max(1, int(4 * (n / 100) ** (2 / 9)))


def autocorrelation(residuals: Floats, design: Floats) -> float:
    """First-order autocorrelation, 0 to 0.95, corrected for what the regression takes away.

    The one of the errors at which the residuals' expected autocorrelation (as a ratio of expected moments) is what was
    seen.
    """
    n = len(residuals)
    spread = float(residuals @ residuals)
    if spread <= np.finfo(np.float64).eps * n:
        return 0.0
    seen = float(residuals[1:] @ residuals[:-1]) / spread
    return float(np.interp(seen, _expected(design.tobytes(), design.shape), _GRID))


@lru_cache(maxsize=64)
def _expected(design: bytes, shape: tuple[int, int]) -> Floats:
    """The residuals' expected autocorrelation at each of `_GRID`; the same for all series with the same years."""
    columns = np.frombuffer(design, dtype=np.float64).reshape(shape)
    maker = np.eye(shape[0]) - columns @ np.linalg.pinv(columns)
    covariances = (maker @ _ar1(shape[0], float(rho)) @ maker for rho in _GRID)
    return np.array([np.diag(each, 1).sum() / np.trace(each) for each in covariances])


def newey_west_statistics(values: Floats, design: Floats, lags: int) -> Floats:
    """Estimate through standard error of every coefficient of `design`: m series x n values give m x k."""
    n, k = design.shape
    weights = np.linalg.pinv(design)
    estimates = values @ weights.T
    residuals = values - estimates @ design.T
    found = np.empty_like(estimates)
    for place in range(k):
        parts = residuals * weights[place]
        variance = (parts**2).sum(axis=1)
        for lag in range(1, lags + 1):
            variance += 2 * (1 - lag / (lags + 1)) * (parts[:, lag:] * parts[:, :-lag]).sum(axis=1)
        found[:, place] = estimates[:, place] / np.sqrt(variance * n / (n - k))
    return found


def _design(years: Integers, first_after: int) -> Floats:
    since = (years - first_after).astype(np.float64)
    after = (since >= 0).astype(np.float64)
    return np.column_stack([np.ones_like(since), since, after, after * since])


def _simulated_statistics(design: Floats, rho: float, lags: int) -> Floats:
    """The statistics of level and slope in series without any change: `_DRAWS` x 2."""
    n = len(design)
    chance = np.random.default_rng(_SEED)
    spread = np.sqrt((1 - rho**2) / n)  # of an estimated autocorrelation, in large samples
    rhos = np.clip(rho + spread * chance.standard_normal(_DRAWS), 0, _GRID[-1])
    shocks = chance.standard_normal((_DRAWS, n))
    errors = np.empty_like(shocks)
    errors[:, 0] = shocks[:, 0] / np.sqrt(1 - rhos**2)
    for place in range(1, n):
        errors[:, place] = rhos * errors[:, place - 1] + shocks[:, place]
    return newey_west_statistics(errors, design, lags)[:, 2:]


def _change(estimate: float, error: float, null: Floats) -> Change:
    reach = float(np.quantile(null, 0.95, method="higher")) * error
    if error == 0:  # a series that its model fits exactly: no chance variation is left
        return Change(estimate, 0.0, estimate, estimate, 1.0 if estimate == 0 else 1 / (_DRAWS + 1))
    p = (1 + int((null >= abs(estimate / error)).sum())) / (_DRAWS + 1)
    return Change(estimate, error, estimate - reach, estimate + reach, p)


def _ar1(n: int, rho: float) -> Floats:
    places = np.arange(n)
    return np.asarray(rho ** np.abs(places[:, None] - places[None, :]), dtype=np.float64)
