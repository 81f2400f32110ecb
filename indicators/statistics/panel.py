"""Panels of areas and years: difference in differences, event studies, staggered starts, changes within areas.

Belongs here: estimates over many areas with errors clustered by area. Does not belong here: which areas are treated
(`panel_study.py`), made-up treatments (`permuted.py`).

Sources: Bertrand, Duflo and Mullainathan (2004) on clustering; Imbens and Kolesár (2016), errors and degrees of freedom
where few clusters carry the estimate; Sun and Abraham (2021), effects by cohort and year, averaged by the cohorts'
sizes; de Chaisemartin and D'Haultfoeuille (2020), the negative weights with which two-way fixed effects mislead.
Regressions are statsmodels'.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from indicators.statistics.adjusted import Adjusted
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.trend import Flags

FEWEST_TREATED, FEWEST_OTHERS, FEWEST_BEFORE = 5, 20, 3


class Estimate(NamedTuple):
    """An estimate in the value's unit (for a dose: in that unit per unit of dose), with a 95 % interval by clusters.

    It takes municipalities as independent, which those of a region are not: whether an estimate is told from chance is
    decided among made-up regions (`permuted.py`).
    """

    estimate: float
    standard_error: float
    lower_95: float
    upper_95: float
    p_value: float


class EventStudy(NamedTuple):
    """The mean effect after, one estimate a year against the last year before, and the tests of the years before."""

    mean: Estimate
    years: Integers  # calendar years, or years since the start; the reference year is not among them
    reference: int
    by_year: tuple[Estimate, ...]
    p_of_trends_before: float | None  # the smaller p of two tests; None with one year before
    negative_weights: float  # share of treated cells that two-way fixed effects would weight negatively


class _Clusters(NamedTuple):
    """How many areas carry an estimate, and how many means are taken of them.

    With 13 areas of 250 treated, chance is that of 13 areas: the errors by cluster are then too small by the mean that
    is taken away, and 249 degrees of freedom far too many.
    """

    effective: float
    means: int = 1

    @property
    def degrees(self) -> float:
        return self.effective - self.means

    @property
    def inflation(self) -> float:
        return self.effective / self.degrees


def _clusters(dose: Floats, means: int = 1, sizes: Floats | None = None) -> _Clusters:
    """Areas by how much of the dose's spread each has: nearly the treated where they are few, all where all differ."""
    weights = np.ones(len(dose)) if sizes is None else sizes
    apart = weights * (dose - np.average(dose, weights=weights)) ** 2
    return _Clusters(float(apart.sum() ** 2 / (apart**2).sum()), means)


def difference_in_differences(
    values: Floats, dose: Floats, years: Integers, first_after: int, sizes: Floats | None = None
) -> EventStudy:
    """Areas by dose (0 and 1, or an amount) before and after one common year.

    Args:
        values: m areas x t years, none missing. dose: m. years: t, in order.
        first_after: first year after; the year before it in `years` is the reference of the event study.
        sizes: m, what each area weighs, the same in all years; all alike when left out.

    Returns:
        Of one estimate a year, the reference not among them.

    Raises:
        ValueError: values missing, one dose for all, or no year before or after.
    """
    after = years >= first_after
    _check(values, after)
    if np.ptp(dose) == 0:
        raise ValueError("all areas have the same dose: there is nobody to compare with")
    within = _within(values, sizes)
    treatment = _within(dose[:, None] * after, sizes)
    clusters = _clusters(dose, sizes=sizes)
    mean = _estimates(within, [treatment], clusters, sizes)[0][0]
    reference = int(np.flatnonzero(~after)[-1])
    others = [place for place in range(len(years)) if place != reference]
    columns = [_within(dose[:, None] * (np.arange(len(years)) == place), sizes) for place in others]
    by_year, covariance = _estimates(within, columns, clusters, sizes)
    p_before = _p_before(by_year, covariance, years[others] - years[reference], clusters)
    return EventStudy(mean, years[others], int(years[reference]), by_year, p_before, 0.0)


def staggered_event_study(values: Floats, starts: Integers, years: Integers) -> EventStudy:
    """Groups that began in different years, against those that never did.

    Args:
        values: m x t, none missing. starts: m, each area's first year after; 0 for never.
        years: t, in order.

    Returns:
        Effects by year since the start (0 is the first year after; -1 is the reference), each the mean over cohorts by
        size, so that no area that has begun is a comparison for another. `mean` is over the years since the start for
        which all cohorts are seen.

    Raises:
        ValueError: values missing, or nobody that never began.
    """
    treated = starts > 0
    if not np.isfinite(values).all() or not treated.any() or treated.all():
        raise ValueError("values must be finite, with areas that began and areas that never did")
    cohorts, sizes = np.unique(starts[treated], return_counts=True)
    within = _within(values)
    cells, columns = [], []
    for cohort, size in zip(cohorts.tolist(), sizes.tolist(), strict=True):
        for since in sorted({int(year - cohort) for year in years} - {-1}):
            cells.append((since, size))
            columns.append(
                _within(((starts == cohort)[:, None] & (years - cohort == since)[None, :]).astype(np.float64))
            )
    clusters = _clusters(treated.astype(np.float64), len(cohorts))
    found, covariance = _estimates(within, columns, clusters)
    effects = np.array([e.estimate for e in found])
    since_of, size_of = (np.array(part) for part in zip(*cells, strict=True))
    seen_by_all = [k for k in np.unique(since_of) if (since_of == k).sum() == len(cohorts)]
    shares = np.array([np.where(since_of == k, size_of, 0) / sizes.sum() for k in seen_by_all])
    by_year = tuple(_combined(share, effects, covariance, clusters) for share in shares)
    after = [place for place, k in enumerate(seen_by_all) if k >= 0]
    if not after:
        raise ValueError("no year after the start is seen for all that began")
    mean = _combined(shares[after].mean(axis=0), effects, covariance, clusters)
    since_start = np.array(seen_by_all, dtype=np.int64)
    p_before = _p_before(by_year, shares @ covariance @ shares.T, since_start + 1, clusters)
    return EventStudy(mean, since_start, -1, by_year, p_before, _negative_weights(starts, years))


def adjusted_event_study(
    adjusted: Adjusted, by_year: Floats, since: Integers, starts: Integers, years: Integers
) -> EventStudy:
    """Groups that began in different years, against those that never did and are alike in covariates.

    Args:
        adjusted: of the one real treatment. by_year: k x cohorts x m, changes since the last year before.
        since: k, years since that year. starts: m, each area's first year after; 0 for never. years: t, in order.

    Returns:
        As `staggered_event_study`.

    Raises:
        ValueError: no year after the start is seen for all that began.
    """
    after = since > 0
    if not after.any():
        raise ValueError("no year after the start is seen for all that began")
    clusters = _clusters((starts > 0).astype(np.float64), by_year.shape[1])
    effects = adjusted.held.estimates(by_year)[0]
    influences = np.stack([adjusted.influences(changes)[0] for changes in by_year])
    covariance = influences @ influences.T * clusters.inflation
    told = tuple(_combined(one, effects, covariance, clusters) for one in np.eye(len(since)))
    mean = _combined(after / after.sum(), effects, covariance, clusters)
    p_before = _p_before(told, covariance, since, clusters)
    return EventStudy(mean, since - 1, -1, told, p_before, _negative_weights(starts, years))


def change_within(values: Floats, after: Integers) -> Estimate:
    """Mean over areas of the mean of the years after less the mean of the years before; interval by Student's t.

    Args:
        values: m x t, none missing. after: t, 1 for the years after. Says nothing of why anything changed.
    """
    _check(values, after.astype(bool))
    changes = values[:, after == 1].mean(axis=1) - values[:, after == 0].mean(axis=1)
    m = len(changes)
    if m == 1:
        return Estimate(float(changes[0]), float("nan"), float("nan"), float("nan"), float("nan"))
    error = float(changes.std(ddof=1) / np.sqrt(m))
    return _told(float(changes.mean()), error, m - 1)


def _check(values: Floats, after: Flags) -> None:
    if not np.isfinite(values).all() or not after.any() or after.all():
        raise ValueError("values must be finite, with years before and after")


def _within(values: Floats, sizes: Floats | None = None) -> Floats:
    """Less the area's mean and the year's, plus the mean of all: what two-way fixed effects leave of a whole panel."""
    by_year = np.average(values, axis=0, weights=sizes)
    return np.asarray(values - values.mean(axis=1, keepdims=True) - by_year + by_year.mean(), dtype=np.float64)


def _estimates(
    within: Floats, columns: list[Floats], clusters: _Clusters, sizes: Floats | None = None
) -> tuple[tuple[Estimate, ...], Floats]:
    # Two seconds to load, which a release whose studies are all refused does without.
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415

    m, t = within.shape
    groups = np.repeat(np.arange(m), t)
    # Weighted least squares: each row by the root of its area's size.
    roots = np.ones((m, 1)) if sizes is None else np.sqrt(sizes / sizes.mean())[:, None]
    design = np.column_stack([(roots * column).ravel() for column in columns])
    # Every column sums to zero within an area, so there is no constant, and no second decomposition looks for one.
    fit = OLS((roots * within).ravel(), design, hasconst=False).fit(cov_type="cluster", cov_kwds={"groups": groups})
    covariance = np.asarray(fit.cov_params(), dtype=np.float64) * clusters.inflation
    errors = np.sqrt(np.diag(covariance))
    told = tuple(_told(float(b), float(e), clusters.degrees) for b, e in zip(fit.params, errors, strict=True))
    return told, covariance


def _told(estimate: float, error: float, degrees: float) -> Estimate:
    reach = float(special.stdtrit(degrees, 0.975)) * error
    p = float(2 * special.stdtr(degrees, -abs(estimate / error))) if error > 0 else float(estimate == 0)
    return Estimate(estimate, error, estimate - reach, estimate + reach, p)


def _combined(weights: Floats, effects: Floats, covariance: Floats, clusters: _Clusters) -> Estimate:
    return _told(float(weights @ effects), float(np.sqrt(weights @ covariance @ weights)), clusters.degrees)


def _p_before(found: tuple[Estimate, ...], covariance: Floats, since: Integers, clusters: _Clusters) -> float | None:
    """The smaller p of two tests of the years before (`since` < 0; the reference is 0 and has the effect 0).

    That none of them differs from the reference: Hotelling's test, which cannot be made when as many years as areas are
    asked about. That the areas did not drift apart in a straight line, which a test of many years easily misses.
    """
    places = np.flatnonzero(since < 0)
    if not len(places):
        return None
    effects, spread = np.array([found[k].estimate for k in places]), covariance[np.ix_(places, places)]
    line = since[places] - since[places].sum() / (len(places) + 1)
    p = _combined(line, effects, spread, clusters).p_value
    room = clusters.degrees - len(places) + 1
    if room < 1:
        return p
    f = float(effects @ np.linalg.pinv(spread, hermitian=True) @ effects) / len(places) * room / clusters.degrees
    return min(p, float(special.fdtrc(len(places), room, f)))


def _negative_weights(starts: Integers, years: Integers) -> float:
    """Share of treated cells with a negative weight in the two-way fixed effects' estimate."""
    treated = ((starts > 0)[:, None] & (years[None, :] >= starts[:, None])).astype(np.float64)
    residual = _within(treated)
    return float((residual[treated == 1] < 0).mean())
