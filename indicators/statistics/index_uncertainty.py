"""How much an index can bear: what chance and the choice of weights do to it, and whether its inputs hang together.

Belongs here: intervals of an index from sampling and from weights, Cronbach's alpha, each input's correlation with the
rest, and the rule by which municipalities are ranked by an index or not. Does not belong here: the index itself (dbt).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from indicators.model.registers import Composite

Floats: TypeAlias = NDArray[np.float64]

DRAWS = 500  # of weights and of chance, the same for all areas of an index and year
FEWEST = 30  # municipalities with every input, for a covariance to say anything
# Reasons without an interval that mean that there is no chance to speak of: accounts, and registers of everyone.
NOT_SAMPLED = frozenset({"accounts", "whole_population", "not_a_count"})
_SEED = 2008
_Z95 = 1.959963984540054
_SCALE = 10  # of the index: ten is one standard deviation of an input
_DECIMALS = 6
_NOISE = 1e-9  # what binary fractions leave: 0.7 times 100 is 70

PART_SCHEMA = pl.Schema(
    dict.fromkeys(("composite_id", "indicator_id"), pl.String()) | {"year": pl.Int32(), "n": pl.Int32()}
    | dict.fromkeys(("item_rest", "alpha_without", "sampled_share"), pl.Float64())
)  # fmt: skip
YEAR_SCHEMA = pl.Schema(
    {"composite_id": pl.String(), "year": pl.Int32(), "n": pl.Int32(), "inputs": pl.Int32()}
    | dict.fromkeys(("alpha", "alpha_lower_95", "alpha_upper_95", "sampling_known"), pl.Float64())
    | {"of_n": pl.Int32(), "median_places": pl.Int32(), "is_ranked": pl.Boolean(), "reason_sv": pl.String()}
)
AREA_SCHEMA = pl.Schema(
    dict.fromkeys(("composite_id", "area_id"), pl.String()) | {"year": pl.Int32()}
    | dict.fromkeys(
        ("value", "sampling_lower_95", "sampling_upper_95", "sampling_known", "weights_lower_95", "weights_upper_95"),
        pl.Float64(),
    )
    | dict.fromkeys(("rank_from_highest", "rank_lower_95", "rank_upper_95", "of_n"), pl.Int32())
    | {"not_ranked_reason_sv": pl.String()}
)  # fmt: skip


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha with Feldt's (1965) 95 per cent limits, and for each input what it is without it."""

    value: float
    lower: float
    upper: float
    item_rest: tuple[float, ...]  # each input's correlation with the sum of the others
    without: tuple[float, ...]  # alpha without the input; nan where one input would be left


def cronbach(items: Floats) -> Alpha | None:
    """Cronbach's (1951) alpha of the sum of `items`, an array of areas x inputs without gaps.

    Returns:
        None for fewer than two inputs, fewer than three areas, or a sum that never varies.
    """
    n, k = items.shape
    if n < 3 or k < 2:
        return None
    covariance = np.cov(items, rowvar=False)
    value = _alpha(covariance)
    if not np.isfinite(value):
        return None
    lower, upper = (1 - (1 - value) * float(stats.f.ppf(p, n - 1, (n - 1) * (k - 1))) for p in (0.975, 0.025))
    total, own = covariance.sum(axis=0), np.diag(covariance)
    rest = total - own
    spread_of_rest = covariance.sum() - 2 * total + own
    with np.errstate(divide="ignore", invalid="ignore"):
        item_rest = rest / np.sqrt(own * spread_of_rest)
    kept = [np.delete(np.delete(covariance, i, 0), i, 1) for i in range(k)]
    return Alpha(value, lower, upper, tuple(map(float, item_rest)), tuple(_alpha(c) for c in kept))


def _alpha(covariance: Floats) -> float:
    k, whole = len(covariance), float(covariance.sum())
    return k / (k - 1) * (1 - float(np.trace(covariance)) / whole) if k > 1 and whole > 0 else float("nan")


@dataclass(frozen=True)
class _Year:
    """One index and year: areas x inputs. `used` is turned and cut z, nan where there is none; `error` a standard error
    of it, 0 where none is known; `known` whether that is all of its chance.
    """

    recipe: Composite
    year: int
    areas: tuple[str, ...]
    inputs: tuple[str, ...]
    weights: Floats
    used: Floats
    error: Floats
    known: NDArray[np.bool_]
    persons: tuple[str, ...]  # inputs of the same persons have the same name

    @property
    def present(self) -> Floats:
        return (~np.isnan(self.used)).astype(float)

    def values(self, weights: Floats) -> Floats:
        """The index of each area for each column of weights (inputs x draws); areas x draws."""
        return 100 + _SCALE * (np.nan_to_num(self.used) @ weights) / (self.present @ weights)

    def standard_errors(self) -> Floats:
        """Of each area's index. Answers of the same persons are added as if they went together, which is the most that
        they can; others as independent (a sum of variances).
        """
        weighted = self.weights * self.error
        of_persons = [
            weighted[:, [i for i, name in enumerate(self.persons) if name == each]].sum(axis=1)
            for each in dict.fromkeys(self.persons)
        ]
        whole = self.present @ self.weights
        return np.asarray(_SCALE * np.sqrt(np.sum(np.square(of_persons), axis=0)) / whole, dtype=np.float64)

    def sampling_known(self) -> Floats:
        """The part of each area's weights whose chance is known, or that have none."""
        return np.asarray((self.present * self.known) @ self.weights / (self.present @ self.weights), dtype=np.float64)


def composite_tables(
    parts: pl.DataFrame, values: pl.DataFrame, recipes: dict[str, Composite]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What the indices can bear, by area (`AREA_SCHEMA`), by year (`YEAR_SCHEMA`) and by input (`PART_SCHEMA`).

    Args:
        parts: a row an input of an area's index: `composite_id, year, area_id, indicator_id, used` (turned, cut z),
            `weight, standard_deviation` (of the input), `half_width` (of its 95 per cent interval, in its own unit;
            null where it has none), `interval_reason` (why it has none) and `persons` (what counts the persons asked).
        values: the indices that have a value: `composite_id, year, area_id, value`.
    """
    found = parts.join(values, on=["composite_id", "year", "area_id"], how="inner")
    areas: list[tuple[object, ...]] = []
    years: list[tuple[object, ...]] = []
    inputs: list[tuple[object, ...]] = []
    for one, value in _years(found, recipes):
        alpha, n = _reliability(one)
        verdict, rows = _judged(one, value, alpha, n)
        areas += rows
        years.append(verdict)
        inputs += _input_rows(one, alpha, n)
    return (
        pl.DataFrame(areas, schema=AREA_SCHEMA, orient="row"),
        pl.DataFrame(years, schema=YEAR_SCHEMA, orient="row"),
        pl.DataFrame(inputs, schema=PART_SCHEMA, orient="row"),
    )


def _years(found: pl.DataFrame, recipes: dict[str, Composite]) -> Iterator[tuple[_Year, Floats]]:
    error = pl.col("half_width") / _Z95 / pl.col("standard_deviation")
    known = pl.col("half_width").is_not_null() | pl.col("interval_reason").is_in(sorted(NOT_SAMPLED))
    rows = found.with_columns(error=error.fill_null(0.0), known=known).sort("composite_id", "year", "area_id")
    for (composite, year), group in rows.group_by("composite_id", "year", maintain_order=True):
        recipe = recipes[str(composite)]
        named = [part.indicator for part in recipe.inputs if part.indicator in set(group["indicator_id"])]
        first = group.unique("indicator_id", keep="first", maintain_order=True)
        persons = dict(zip(first["indicator_id"], first["persons"].fill_null("") + "", strict=True))
        weight = dict(zip(first["indicator_id"], first["weight"], strict=True))
        used, errors, knowns = (
            group.pivot(on="indicator_id", index="area_id", values=column).sort("area_id").select(named)
            for column in ("used", "error", "known")
        )
        by_area = group.unique("area_id", keep="first", maintain_order=True).sort("area_id")
        yield (
            _Year(
                recipe, int(str(year)), tuple(by_area["area_id"]), tuple(named),
                np.array([weight[name] for name in named]),
                used.to_numpy().astype(float), np.nan_to_num(errors.to_numpy().astype(float)),
                knowns.fill_null(False).to_numpy().astype(bool), tuple(persons[name] or name for name in named),
            ),
            by_area["value"].to_numpy().astype(float),
        )  # fmt: skip


def _reliability(one: _Year) -> tuple[Alpha | None, int]:
    """Alpha of the weighted inputs over the municipalities that have all of the year's, and how many these are."""
    complete = one.used[one.present.all(axis=1)] * one.weights
    return (cronbach(complete) if len(complete) >= FEWEST else None), len(complete)


def random_weights(declared: Floats, seed: tuple[int, ...], draws: int = DRAWS) -> Floats:
    """Weights by chance around the declared ones (inputs x draws, each adding up to 1): Dirichlet with the declared
    weights as mean. Where these are equal, every set of weights is equally likely.
    """
    rng = np.random.default_rng(seed)
    return np.asarray(rng.dirichlet(len(declared) * declared / declared.sum(), size=draws).T, dtype=np.float64)


def _judged(
    one: _Year, value: Floats, alpha: Alpha | None, n: int
) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    seed = (_SEED, zlib.crc32(one.recipe.composite_id.encode()), one.year)
    drawn = one.values(random_weights(one.weights, seed))
    error, known = one.standard_errors(), one.sampling_known()
    noise = np.random.default_rng((*seed, 1)).standard_normal(drawn.shape) * error[:, None]
    of_n = len(value)
    places = 1 + np.argsort(np.argsort(-np.round(drawn + noise, _DECIMALS), axis=0, kind="stable"), axis=0)
    first, last = np.quantile(places, [0.025, 0.975], axis=1, method="nearest").astype(int)
    lower, upper = np.quantile(drawn, [0.025, 0.975], axis=1)
    median = int(np.median(last - first + 1))
    reason = _reason(one.recipe, alpha, n, median, of_n, float(np.median(known)))
    rank = stats.rankdata(-np.round(value, _DECIMALS), method="min").astype(int)
    rows = [
        (
            one.recipe.composite_id, area, one.year, _told(value[i]),
            _told(value[i] - _Z95 * error[i]) if error[i] > 0 else None,
            _told(value[i] + _Z95 * error[i]) if error[i] > 0 else None,
            _told(known[i]), _told(lower[i]), _told(upper[i]),
            *((None,) * 4 if reason else (int(rank[i]), int(first[i]), int(last[i]), of_n)), reason,
        )
        for i, area in enumerate(one.areas)
    ]  # fmt: skip
    limits = (alpha.value, alpha.lower, alpha.upper) if alpha else (None, None, None)
    verdict = (
        one.recipe.composite_id, one.year, n, len(one.inputs), *map(_told, limits), _told(float(np.median(known))),
        of_n, median, reason is None, reason or "Kommunerna kan rangordnas.",
    )  # fmt: skip
    return verdict, rows


def _reason(recipe: Composite, alpha: Alpha | None, n: int, median: int, of_n: int, known: float) -> str | None:
    """Why municipalities are not ranked by an index in a year, in Swedish; None where they may be."""
    rule = recipe.ranking
    said = []
    if alpha is None:
        said.append(f"om ingångarna hänger ihop går inte att säga ({n} kommuner har alla)")
    elif alpha.value < rule.least_alpha:
        said.append(
            f"ingångarna hänger inte ihop (alfa {_swedish(alpha.value)}, minst {_swedish(rule.least_alpha)} krävs)"
        )
    most = int(rule.most_places * of_n)
    if median > most:
        said.append(f"mediankommunens plats är oviss inom {median} av {of_n} platser (högst {most} får vara)")
    if known < rule.least_known:
        said.append(
            f"slumpen är okänd för {round(100 * (1 - known))} procent av vikterna (högst "
            f"{round(100 * (1 - rule.least_known))} får vara)"
        )
    return f"Ingen rangordning: {'; '.join(said)}." if said else None


def _input_rows(one: _Year, alpha: Alpha | None, n: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for i, name in enumerate(one.inputs):
        rest = _told(alpha.item_rest[i]) if alpha else None
        without = _told(alpha.without[i]) if alpha else None
        has = one.present[:, i] > 0
        sampled = float(np.mean(one.error[has, i] > 0)) if has.any() else None
        rows.append((one.recipe.composite_id, name, one.year, n, rest, without, _told(sampled)))
    return rows


def _told(number: float | None) -> float | None:
    return None if number is None or not np.isfinite(number) else round(float(number), _DECIMALS)


def _swedish(number: float) -> str:
    """Two decimals, cut and not rounded: 0.696 is below 0.70 and has to read so."""
    return f"{math.floor(100 * number + _NOISE) / 100:.2f}".replace(".", ",").replace("-", "−")
