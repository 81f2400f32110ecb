"""Synthetic control: an area compared with the weighted mean of others that was most similar to it before.

Belongs here: weights of donors and of predictors, gaps, placebos and their interpretation. Does not belong here: which
areas are donors (`synthetic_study.py`).

Sources: Abadie and Gardeazabal (2003); Abadie, Diamond and Hainmueller (2010), weights, placebos and the ratio of mean
square gaps; Firpo and Possebom (2018), an interval by inverting the permutation test.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.statistics.prewhitened import Floats

_SEED, _LOG_RANGE = 20100101, 8.0  # no predictor counts less than e⁻⁸ of the one that counts most
FEWEST_BEFORE, FEWEST_DONORS = 8, 19  # with fewer donors than 19, no p can be 0.05


class Synthetic(NamedTuple):
    """Weights of n donors; gaps of every year (observed less synthetic); root mean square gap before."""

    weights: Floats
    gaps: Floats
    rmspe_before: float


class Judged(NamedTuple):
    """What the placebos say of a gap. The placebos of a group must be groups: a single area is met less closely before.

    `ratio` and `placebo_ratios`: root mean square gap after through before. `p_value`: share of all areas, the treated
    one included, whose ratio is as great. `lower_95` and `upper_95`: every constant effect that the same test would not
    reject; None when no constant effect agrees with the gaps. `reach`: for each year, how far a gap may lie from 0 by
    the same test of that year alone. `minimal_effect`: the least constant effect, up or down, with which four of five
    placebos, brought to the treated area's fit before, would have been significant.
    """

    ratio: float
    placebo_ratios: Floats
    p_value: float
    lower_95: float | None
    upper_95: float | None
    reach: Floats
    minimal_effect: float


def donor_weights(treated: Floats, donors: Floats, importance: Floats | None = None) -> Floats:
    """Weights, none below 0 and 1 in sum, with which the donors come closest to the treated area.

    Args:
        treated: k figures of the treated area. donors: k x n, the same of the donors.
        importance: k, how much each figure counts; all the same when left out.

    The least sum of squares under Σw = 1 is found without a penalty: scaling any w, the least of |Zw|² + (Σw - 1)² over
    w ≥ 0 has the direction of the w that makes |Zw|² least at Σw = 1, Z being donors less treated.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - loaded only where it is needed

    apart = donors - treated[:, None]
    if importance is not None:
        apart = apart * np.sqrt(importance)[:, None]
    largest = np.abs(apart).max()
    stacked = np.vstack([apart / (largest or 1.0), np.ones(donors.shape[1])])
    target = np.zeros(len(stacked))
    target[-1] = 1.0
    found, _ = nnls(stacked, target, maxiter=30 * stacked.shape[1])
    return np.asarray(found / found.sum(), dtype=np.float64)


def importance_of_predictors(treated: Floats, donors: Floats, before: Floats, donors_before: Floats) -> Floats:
    """How much each predictor counts, so that the outcome before is met best (Abadie and Gardeazabal's V).

    Args:
        treated, donors: predictors, k and k x n. before, donors_before: outcomes before, t and t x n.

    Returns:
        k numbers, 1 in sum. Both they and the predictors of `donor_weights` are to be scaled alike first
        (`scaled`).
    """
    from scipy.optimize import Bounds, differential_evolution  # noqa: PLC0415 - as above

    def loss(logs: Floats) -> float:
        weights = donor_weights(treated, donors, np.exp(logs - logs.max()))
        return float(((before - donors_before @ weights) ** 2).mean())

    # The loss has flat steps and many valleys, in which searches that go downhill end; so it is searched as a whole.
    bounds = Bounds(np.full(len(treated), -_LOG_RANGE), np.zeros(len(treated)))
    best = differential_evolution(loss, bounds, seed=_SEED, popsize=10, maxiter=40, tol=1e-8, polish=False).x
    importance = np.exp(best - best.max())
    return np.asarray(importance / importance.sum(), dtype=np.float64)


def scaled(treated: Floats, donors: Floats) -> tuple[Floats, Floats]:
    """Predictors divided by their standard deviation over all areas, so that units do not matter.

    A constant one is unchanged: it does not distinguish areas.
    """
    deviation = np.column_stack([donors, treated]).std(axis=1, ddof=1)
    deviation[deviation == 0] = 1.0
    return treated / deviation, donors / deviation[:, None]


def synthetic_control(treated: Floats, donors: Floats, before: int, weights: Floats | None = None) -> Synthetic:
    """The gap between an area and its synthetic self.

    Args:
        treated: t outcomes in order of years. donors: t x n.
        before: how many of the years lie before.
        weights: n; when left out, those that come closest to the outcomes of all years before.

    Raises:
        ValueError: a number that is not finite, or no year before or after.
    """
    if not (np.isfinite(treated).all() and np.isfinite(donors).all()) or not 0 < before < len(treated):
        raise ValueError("outcomes must be finite, with years before and after")
    if weights is None:
        weights = donor_weights(treated[:before], donors[:before])
    gaps = treated - donors @ weights
    return Synthetic(weights, gaps, _root_mean_square(gaps[:before]))


def placebos_in_space(donors: Floats, before: int) -> list[Synthetic]:
    """Every donor treated as if it were the treated area, against the other donors."""
    others = np.arange(donors.shape[1])
    return [synthetic_control(donors[:, place], donors[:, others != place], before) for place in others]


def judge(found: Synthetic, placebos: list[Synthetic], before: int) -> Judged:
    """Rank a gap among those of the placebos, and invert the test into an interval."""
    after = found.gaps[before:]
    ratio = _ratio(after, found.rmspe_before)
    ratios = np.array([_ratio(p.gaps[before:], p.rmspe_before) for p in placebos])
    p_value = (1 + int((ratios >= ratio).sum())) / (1 + len(ratios))
    limit = _not_rejected(ratios)
    middle = float(after.mean())
    # mean((gap - c)²) = (middle - c)² + variance must not exceed (limit x RMSPE before)²
    room = (limit * found.rmspe_before) ** 2 - float(after.var())
    lower, upper = (middle - np.sqrt(room), middle + np.sqrt(room)) if room >= 0 else (None, None)
    by_year = np.array([np.abs(p.gaps) / max(p.rmspe_before, _LEAST) for p in placebos])
    reach = np.array([_not_rejected(by_year[:, year]) for year in range(by_year.shape[1])]) * found.rmspe_before
    return Judged(
        ratio, ratios, p_value, lower, upper, reach, found.rmspe_before * _minimal_effect(placebos, before, limit)
    )


def _minimal_effect(placebos: list[Synthetic], before: int, limit: float) -> float:
    """In RMSPE before: mean((gap ± c)²) = (middle ± c)² + variance must exceed limit² in four of five placebos."""
    gaps = np.stack([p.gaps[before:] / max(p.rmspe_before, _LEAST) for p in placebos])
    reach = np.sqrt(np.maximum(limit**2 - gaps.var(axis=1), 0))
    return float(max(np.quantile(reach + way * gaps.mean(axis=1), 0.8, method="higher") for way in (-1, 1)))


_LEAST = 1e-12  # an exact fit; the ratio is then as large as a float can be


def _ratio(after: Floats, rmspe_before: float) -> float:
    return _root_mean_square(after) / max(rmspe_before, _LEAST)


def _not_rejected(placebo_statistics: Floats) -> float:
    """The greatest statistic whose permutation p is still over 0.05."""
    n = len(placebo_statistics)
    allowed = int(np.floor(0.05 * (n + 1)))  # so many of n + 1 may be as great for p to be at most 0.05
    return float(np.sort(placebo_statistics)[::-1][max(allowed - 1, 0)]) if allowed else float("inf")


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt((values**2).mean()))
