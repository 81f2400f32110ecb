"""Staggered starts compared with those that are alike in covariates: Callaway and Sant'Anna's doubly robust effects.

Belongs here: the weights of those never treated that stand for a cohort, and the effects that follow. Does not belong
here: which made-up regions decide (`panel_study.py`), effects without covariates (`panel.py`).

Sources: Callaway and Sant'Anna (2021), effects by cohort and year against those never treated; Sant'Anna and Zhao
(2020), the doubly robust estimate: those never treated are weighted by the odds of belonging to the cohort (logistic
regression), and what the weights leave unlike is taken away by a regression of their changes. It is right when either
of the two is. Both are weights of those never treated, so that one set of weights gives every year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from indicators.statistics.permuted import Contrasts, Held, held_against_all
from indicators.statistics.prewhitened import Floats, Integers

_STEPS, _SETTLED = 50, 1e-8
_NOTHING = 1e-10  # of the design: too little to change a figure, and enough that no regression is without an answer
_NEARLY_CERTAIN = 0.995  # as in the authors' package: whoever is as likely as this to be treated stands for nobody


class Adjusted(NamedTuple):
    """Who is compared with whom, the covariates, and whether the logistic regressions of each treatment settled.

    `design`: m x (1 + covariates), scaled alike, with a constant, and without what other covariates say already.
    `settled`: draws; false where the covariates tell
    treated and others apart completely, so that nobody is alike.
    """

    held: Held
    design: Floats
    settled: Integers

    def contrasts(self, changes: Floats) -> Contrasts:
        """Estimates of changes (cohorts x m), and their spreads (White's, of what the regressions leave)."""
        estimates = self.held.estimates(changes)
        return Contrasts(estimates, np.sqrt((self.influences(changes) ** 2).sum(axis=1)))

    def influences(self, changes: Floats) -> Floats:
        """What each area adds to the error of each estimate; draws x m."""
        total = np.zeros(self.held.never.shape[1:])
        for change, treated, never, share in zip(
            changes, self.held.treated, self.held.never, self.held.shares, strict=True
        ):
            outside = (never != 0).astype(np.float64)
            left = change - _regressed(self.design, outside, change) @ self.design.T
            apart = left - (treated * left).sum(axis=1, keepdims=True)
            alone = np.maximum(1 - treated, np.finfo(np.float64).eps)
            total += share[:, None] * (treated * apart / np.sqrt(alone) - never * left)
        return total


def held_against_alike(labels: Integers, cohorts: int, covariates: Floats) -> Adjusted:
    """Each cohort against those never treated, weighted to be like it.

    Args:
        labels: draws x m, 0 for never, 1 for the first cohort … covariates: m x k, none missing.
    """
    apart = covariates - covariates.mean(axis=0)
    deviations = apart.std(axis=0)
    scaled = apart / np.where(deviations > 0, deviations, 1.0)
    # Directions that nobody differs in, such as a constant or the same covariate twice, say nothing.
    directions, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    design = np.column_stack(
        [np.ones(len(scaled)), np.sqrt(len(scaled)) * directions[:, sizes > _NOTHING * len(scaled)]]
    )
    plain = held_against_all(labels, cohorts)
    never, settled = np.empty(plain.treated.shape), np.ones(len(labels), dtype=np.int64)
    for place in range(cohorts):
        never[place], is_settled = _alike(design, plain.treated[place], (labels == 0).astype(np.float64))
        settled &= is_settled
    return Adjusted(plain._replace(never=never), design, settled)


def _alike(design: Floats, treated: Floats, outside: Floats) -> tuple[Floats, Integers]:
    """Weights (draws x m) of those never treated with which they are like the treated, and whether they are settled."""
    logits, settled = _logits((treated > 0).astype(np.float64), outside, design)
    likely = special.expit(logits)
    odds = np.where((outside > 0) & (likely < _NEARLY_CERTAIN), np.exp(np.clip(logits, -700, 700)), 0.0)
    totals = odds.sum(axis=1, keepdims=True)
    odds = np.where(totals > 0, odds / np.where(totals > 0, totals, 1.0), 0.0)
    unlike = (treated - odds) @ design
    solved = np.linalg.solve(_grams(design, outside), unlike[:, :, None])[:, :, 0]
    return odds + outside * (solved @ design.T), settled


def _logits(treated: Floats, outside: Floats, design: Floats) -> tuple[Floats, Integers]:
    """Log odds of being treated (draws x m) by Newton's method, for all draws at once, and whether it settled."""
    used, held = treated + outside, np.zeros((len(treated), design.shape[1]))
    moved = np.full(len(treated), np.inf)
    for _ in range(_STEPS):
        likely = special.expit(held @ design.T)
        slope = ((treated - likely) * used) @ design
        step = np.linalg.solve(_grams(design, likely * (1 - likely) * used), slope[:, :, None])[:, :, 0]
        held += step
        moved = np.abs(step).max(axis=1)
        if (moved < _SETTLED).all():
            break
    return held @ design.T, (moved < _SETTLED).astype(np.int64)


def _regressed(design: Floats, outside: Floats, change: Floats) -> Floats:
    solved = np.linalg.solve(_grams(design, outside), ((outside * change) @ design)[:, :, None])
    return np.asarray(solved[:, :, 0], dtype=np.float64)


def _grams(design: Floats, weights: Floats) -> Floats:
    """For each row of weights (draws x m), the sum over areas of weight times the design by itself."""
    m, k = design.shape
    products = (design[:, :, None] * design[:, None, :]).reshape(m, k * k)
    return np.asarray((weights @ products).reshape(-1, k, k) + _NOTHING * np.eye(k), dtype=np.float64)
