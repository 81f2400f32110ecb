"""Synthetic difference in differences: areas and years weighted so that the years before run alike, then compared.

Belongs here: the weights and the estimate of one block of treatment. Does not belong here: donors and made-up regions
(`synthetic_regions.py`), weights without a penalty (`synthetic.py`).

Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), algorithm 1. A level that differs in all years is taken
away, so only the course before has to be met, and the years before count by how well they tell the years after.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.statistics.prewhitened import Floats
from indicators.statistics.synthetic import donor_weights

_OF_YEARS = 1e-6  # the paper's penalty on the weights of years, in standard deviations: only so that they are unique


class SyntheticDid(NamedTuple):
    """Weights of n donors and of the years before, each 1 in sum; gaps of every year, whose weighted mean before is 0.

    `estimate` is the mean gap after.
    """

    weights: Floats
    year_weights: Floats
    gaps: Floats
    estimate: float


def synthetic_did(treated: Floats, donors: Floats, before: int, n_treated: float = 1.0) -> SyntheticDid:
    """The gap between an area and its weighted donors, less the same gap in the weighted years before.

    Args:
        treated: t outcomes in order of years. donors: t x n.
        before: how many of the years lie before; three at least.
        n_treated: how many areas `treated` is the mean of; where they weigh unequally, 1 through the sum of their
            squared shares.

    Raises:
        ValueError: a number that is not finite, fewer than three years before, or none after.
    """
    if not (np.isfinite(treated).all() and np.isfinite(donors).all()) or not 2 < before < len(treated):
        raise ValueError("outcomes must be finite, with three years before and one after")
    after = len(treated) - before
    noise = float(np.diff(donors[:before], axis=0).std(ddof=1))
    penalty = (n_treated * after) ** 0.25 * noise
    weights = _penalised(treated[:before], donors[:before], penalty)
    year_weights = _penalised(donors[before:].mean(axis=0), donors[:before].T, _OF_YEARS * noise)
    apart = treated - donors @ weights
    gaps = apart - year_weights @ apart[:before]
    return SyntheticDid(weights, year_weights, gaps, float(gaps[before:].mean()))


def _penalised(target: Floats, columns: Floats, penalty: float) -> Floats:
    """Shares w that make |target - intercept - columns @ w|² / rows + penalty² |w|² least.

    Centring takes the place of the intercept, and rows of zeros to be met by √rows · penalty · w that of the penalty.
    """
    rows, n = columns.shape
    ridge = np.sqrt(rows) * penalty * np.eye(n)
    centred = np.vstack([columns - columns.mean(axis=0), ridge])
    return donor_weights(np.concatenate([target - target.mean(), np.zeros(n)]), centred)
