"""The estimate of a panel among those of made-up treatments, which decides whether it is told from chance.

Belongs here: the estimate and its spread for many sets of municipalities at once, and what their distribution says of
the real one: p, interval, and the least effect that would have been found. Does not belong here: which sets
(`regions.py`), regressions (`panel.py`).

The statistic is the estimate through its own spread between municipalities, so that a set of few or of unlike ones is
not extreme by being small (Chung and Romano 2013, studentised permutation tests). No regression is run: with one common
year the estimate is a difference of mean changes, with different starts a mean of such differences by cohort.

Sources: Canay, Romano and Shaikh (2017) and MacKinnon and Webb (2020), randomisation inference where few clusters are
treated; Wagner and Dray (2015), surrogates of a dose with its spatial autocorrelation (Moran spectral randomisation).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.trend import Flags

DRAWS, LEVEL, POWER = 999, 0.05, 0.8
_SEED = 20210101
_SAME = 1 - 1e-12  # two sums of the same numbers in another order
LEAST = float(np.finfo(np.float64).tiny)


class Contrasts(NamedTuple):
    """Estimates and their spreads (standard errors, were municipalities independent); one for each treatment."""

    estimates: Floats
    spreads: Floats


class Permuted(NamedTuple):
    """What made-up treatments say of an estimate.

    `p_placebo`: share of all, the real one included, whose statistic is as great; of several kinds of made-up
    treatments, the mean of the shares of each. `rank` and `of_n` count them all alike. `lower_95`, `upper_95`: the
    effects that the same test would not reject; infinite with too few made-up treatments. `minimal_effect`: the least
    effect, up or down, that would have been called significant in `POWER` of the made-up treatments, each brought to
    the spread of the real one.
    """

    p_placebo: float
    rank: int
    of_n: int
    lower_95: float
    upper_95: float
    minimal_effect: float


def among(own: Contrasts, *kinds: Contrasts) -> Permuted:
    """Rank one estimate among made-up ones of one or several kinds, and invert the test.

    Each kind weighs the same: twenty counties, which are real regions, say as much as a thousand random sets.
    """
    estimate, spread = float(own.estimates[0]), max(float(own.spreads[0]), LEAST)
    signed = np.concatenate([one.estimates / np.maximum(one.spreads, LEAST) for one in kinds])
    weights = weights_of([len(one.estimates) for one in kinds])
    itself = 1 - float(weights.sum())
    as_great = np.abs(signed) >= abs(estimate) / spread * _SAME
    limit = greatest_not_significant(np.abs(signed), weights)
    least = limit + max(_weighted_quantile(way * signed, weights, POWER) for way in (-1, 1))
    return Permuted(
        itself + float(weights[as_great].sum()), 1 + int(as_great.sum()), len(signed) + 1, estimate - limit * spread,
        estimate + limit * spread, least * spread,
    )  # fmt: skip


class MadeUp(NamedTuple):
    """The effects of an event study where nothing happened: draws x k, their spreads and what each draw weighs.

    `spread`: that of the real estimate, to which each draw is brought.
    """

    effects: Floats
    spreads: Floats
    weights: Floats
    spread: float

    def reach(self, combination: Floats) -> float:
        """How far from its truth a combination of the effects (k) may lie by the test at `LEVEL`."""
        statistics = np.abs(self.effects @ combination) / np.maximum(self.spreads, LEAST)
        return self.spread * greatest_not_significant(statistics, self.weights)


def weights_of(numbers: Sequence[int]) -> Floats:
    """What each made-up treatment weighs where there are so many of each kind; what is left to 1 is the real one's."""
    return np.concatenate([np.full(n, 1 / (n + 1) / len(numbers)) for n in numbers])


def greatest_not_significant(statistics: Floats, weights: Floats) -> float:
    """The greatest statistic whose p among these, itself included, is not below `LEVEL`; infinite where none is."""
    order = np.argsort(-statistics, kind="stable")
    p_values = 1 - float(weights.sum()) + np.cumsum(weights[order])
    return float("inf") if p_values[0] - weights[order[0]] >= LEVEL else float(statistics[order[p_values >= LEVEL][0]])


def _weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum() >= share * _SAME
    return float(values[order[reached][0]])


def changes_of(values: Floats, after: Flags) -> Floats:
    """With one common year: each area's mean after less its mean before; 1 x m."""
    return np.asarray((values[:, after].mean(axis=1) - values[:, ~after].mean(axis=1))[None, :], dtype=np.float64)


def changes_by_start(values: Floats, cohorts: Integers, years: Integers) -> Floats:
    """For each start, each area's mean over the years since it that all starts have, less the last year before it.

    Returns:
        cohorts x m.
    """
    shared = min(int(years[-1] - cohort) for cohort in cohorts.tolist())
    since = [k for k in range(shared + 1) if all(cohort + k in years for cohort in cohorts.tolist())]
    at = {int(year): place for place, year in enumerate(years)}
    return np.stack(
        [
            values[:, [at[cohort + k] for k in since]].mean(axis=1) - values[:, at[cohort - 1]]
            for cohort in cohorts.tolist()
        ]
    )


def changes_by_year(values: Floats, bases: Integers, years: Integers, since: Integers) -> Floats:
    """For each number of years since its base, each area's value less that of the base year of each cohort.

    Returns:
        since x cohorts x m; the estimate of each is an effect of the event study.
    """
    at = {int(year): place for place, year in enumerate(years)}
    return np.stack(
        [np.stack([values[:, at[base + k]] - values[:, at[base]] for base in bases.tolist()]) for k in since.tolist()]
    )


class Held(NamedTuple):
    """Who is compared with whom, for each treatment: weights of the treated, and of those never treated.

    `treated`, `never`: cohorts x draws x m, each 1 in sum over the areas. `shares`: cohorts x draws, what each cohort
    weighs.
    """

    treated: Floats
    never: Floats
    shares: Floats

    def estimates(self, changes: Floats) -> Floats:
        """The mean change of the treated of each cohort less that of those never treated, cohorts by their weight.

        Args:
            changes: cohorts x m, what would be each area's change with that cohort's start; or any x cohorts x m.

        Returns:
            draws; or draws x any.
        """
        apart = np.einsum("cd,cdm->dcm", self.shares, self.treated - self.never).reshape(self.shares.shape[1], -1)
        return np.asarray(apart @ changes.reshape(*changes.shape[:-2], -1).T, dtype=np.float64)


def held_against_all(labels: Integers, cohorts: int, sizes: Floats | None = None) -> Held:
    """Each cohort against all that are never treated.

    Args:
        labels: draws x m, 0 for never, 1 for the first cohort … sizes: m, what each area weighs; all the same when left
            out.
    """
    size = np.ones(labels.shape[1]) if sizes is None else sizes
    never = np.where(labels == 0, size, 0.0)
    never /= never.sum(axis=1, keepdims=True)
    treated = np.stack([np.where(labels == cohort + 1, size, 0.0) for cohort in range(cohorts)])
    totals = treated.sum(axis=2)
    treated /= totals[:, :, None]
    return Held(treated, np.broadcast_to(never, treated.shape), totals / totals.sum(axis=0))


def contrasts(changes: Floats, held: Held) -> Contrasts:
    """Estimates of changes (cohorts x m), and their spreads: White's, without the bias of a mean of few (HC2)."""
    variances, compared = np.zeros(held.shares.shape[1]), np.zeros(held.never.shape[1:])
    for change, weights, share in zip(changes, held.treated, held.shares, strict=True):
        variances += share**2 * _variance(np.broadcast_to(change, weights.shape), weights)
        compared += share[:, None] * change
    return Contrasts(held.estimates(changes), np.sqrt(variances + _variance(compared, held.never[0])))


def _variance(changes: Floats, weights: Floats) -> Floats:
    """The variance of a weighted mean of independent changes, for each row."""
    apart = changes - (weights * changes).sum(axis=1, keepdims=True)
    alone = np.maximum(1 - weights, np.finfo(np.float64).eps)
    return np.asarray((weights**2 * apart**2 / alone).sum(axis=1), dtype=np.float64)


def slopes(change: Floats, doses: Floats, groups: Integers) -> Contrasts:
    """The slope of the change (m) on each row of doses (draws x m), with a spread clustered by `groups` (m, 0 and up).

    A dose that whole counties share meets the shocks that they share, so the spread is that between counties (Liang and
    Zeger 1986).
    """
    centred = doses - doses.mean(axis=1, keepdims=True)
    squares = (centred**2).sum(axis=1)
    estimates = centred @ change / squares
    apart = change - change.mean() - estimates[:, None] * centred
    joined = (centred * apart) @ np.eye(int(groups.max()) + 1)[groups]
    return Contrasts(estimates, np.sqrt((joined**2).sum(axis=1)) / squares)


def slopes_only(changes: Floats, doses: Floats) -> Floats:
    """The slopes of several changes (k x m) on each row of doses, without their spreads; draws x k."""
    centred = doses - doses.mean(axis=1, keepdims=True)
    return np.asarray(centred @ changes.T / (centred**2).sum(axis=1, keepdims=True), dtype=np.float64)


@lru_cache(maxsize=8)
def doses_at_random(dose: tuple[float, ...], pairs: frozenset[tuple[int, int]]) -> Floats:
    """Surrogates of a dose that is spread over the map as it is: `DRAWS` x m, with its mean and its variance.

    Moran spectral randomisation, the singleton procedure: the dose is taken apart into the patterns of the map of
    neighbours, from the smoothest to the most ragged, and each pattern is kept with its weight and a sign at random.

    Args:
        pairs: places of neighbours in `dose`.
    """
    m = len(dose)
    joined = np.zeros((m, m))
    for one, other in pairs:
        joined[one, other] = joined[other, one] = 1
    centre = np.eye(m) - 1 / m
    _, patterns = np.linalg.eigh(centre @ joined @ centre)
    # The constant is no pattern of the map: whichever of its eigenvalue's vectors holds it, its part is taken away.
    given = np.array(dose)
    weights = patterns.T @ (given - given.mean())
    signs = np.random.default_rng(_SEED).choice([-1.0, 1.0], size=(DRAWS, m))
    surrogates = (signs * weights) @ patterns.T
    surrogates += given.mean() - surrogates.mean(axis=1, keepdims=True)
    surrogates.flags.writeable = False  # it is shared
    return np.asarray(surrogates, dtype=np.float64)


@lru_cache(maxsize=8)
def county_doses_at_random(dose: tuple[float, ...], counties: tuple[int, ...]) -> Floats:
    """The counties' mean doses dealt out among counties, each area as far from its county's mean as it is.

    Returns:
        `DRAWS` x m.
    """
    given, of = np.array(dose), np.array(counties)
    means = np.bincount(of, given) / np.bincount(of)
    chance = np.random.default_rng(_SEED)
    dealt = np.stack([chance.permutation(means)[of] for _ in range(DRAWS)]) + (given - means[of])
    dealt.flags.writeable = False  # it is shared
    return np.asarray(dealt, dtype=np.float64)
