"""Trends: whether a series rises or falls, how fast, and whether that is to the good.

Belongs here: which points of a series are tested, by which rule, the rule of Fingertips, and the words for a trend.
Does not belong here: Kendall's test (`kendall.py`); breaks and intervals, which come with the points.

Source of the rule for values with intervals: Office for Health Improvement and Disparities (OHID), Fingertips, Recent
trends, and its published calculator: five successive years, chi-square over the 99.8 % point, and a slope whose sign no
single year decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from indicators.statistics.kendall import Floats, Integers, kendall_trends

Flags: TypeAlias = NDArray[np.bool_]

CHI2_998 = 9.54953570608324  # as Fingertips writes it; the 99.8 % point of chi-square with 1 degree of freedom
SIGNIFICANT = 0.05  # of Kendall's p
FEWEST = 5  # points that a trend takes, with either rule
_Z, _LEAST_P = 1.96, float(np.finfo(np.float64).tiny)

KEYS = ("indicator_id", "area_id", "sex")
_PROPORTION, _RATE, _KENDALL = 1, 2, 3
_METHODS = (None, "fingertips_proportion", "fingertips_rate", "kendall_exact")
_UP, _DOWN, _STILL = 1, 2, 3
_DIRECTIONS = (None, "increasing", "decreasing", "no_change")
_REASONS = (None, "too_few_points", "too_few_points_after_break", "overlapping_means")
_POLARITIES = ("higher_better", "lower_better", "no_judgement")
_INTERVALS = (None, "wilson", "poisson")
_LIMITS = ("lower_95", "upper_95")
_VERDICTS = (  # a row a direction, a column a polarity
    *("kan inte bedömas",) * 3,
    *("ökar och förbättras", "ökar och försämras", "ökar, utan bedömning"),
    *("minskar och försämras", "minskar och förbättras", "minskar, utan bedömning"),
    *("ingen säkerställd förändring",) * 3,
)
_TEXT, _YEAR, _NUMBER = pl.String(), pl.Int32(), pl.Float64()
SCHEMA = pl.Schema(
    dict.fromkeys(KEYS, _TEXT)
    | {"first_year": _YEAR, "last_year": _YEAR, "n": pl.Int32(), "method": _TEXT}
    | dict.fromkeys(("slope", *_LIMITS, "p_value"), _NUMBER)
    | dict.fromkeys(("direction", "verdict", "not_estimable_reason"), _TEXT)
)


class LinearTrends(NamedTuple):
    """One array each, an entry a series: slope a year, its standard error, chi-square, whether every sign agrees."""

    slope: Floats
    standard_error: Floats
    chi2: Floats
    stable: Flags


@dataclass(frozen=True)
class _Runs:
    """The newest unbroken run of every series (columns an entry a series) and their points (an entry a point)."""

    keys: pl.DataFrame  # sorted
    polarity: Integers
    has_interval: Flags
    wilson: Flags
    mean_of_years: Integers
    segment: Integers
    start: Integers  # where the run's points begin
    length: Integers
    year: Integers
    measured: Integers  # number of the year among the years in which the indicator was measured
    value: Floats
    denominator: Floats
    lower: Floats
    upper: Floats


def trends(points: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """The trend of every series, over its newest run without a break.

    Args:
        points: a row a value, in any order: indicator_id, area_id, sex, year, value; denominator, lower_95, upper_95
            (may be null); segment: first year after the last break before this year, 0 when there is none. Values of an
            indicator with interval_method 'wilson' are in per cent. Whole indicators: a year counts as measured when
            any area has a value.
        indicators: indicator_id, polarity ('higher_better', 'lower_better', 'no_judgement'), interval_method ('wilson',
            'poisson' or null), mean_of_years (at least 1).

    Returns:
        A row for each indicator_id, area_id and sex of `points`, sorted by them: first_year, last_year and n of the
        points used (when none could be: of the points of the newest segment), method, slope and its limits lower_95 and
        upper_95 (unit of the value per calendar year), p_value (over 0), direction, verdict, not_estimable_reason.
        Fingertips' rule when its conditions hold, else Kendall's exact test over the whole run. 'no_change' by
        Fingertips' rule may go with a small p_value: one year that turns the slope, or chi-square below 99.8 %.

    Raises:
        ValueError: a null or non-finite number where one is needed, two values for a series and year, an indicator
            missing or declared twice, a polarity, interval_method or mean_of_years that is none.
    """
    if points.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    _check(points, indicators)
    runs = _newest_runs(points, indicators)
    found = _Found(runs)
    _judge_by_fingertips(runs, found)
    _judge_by_kendall(runs, found)
    return found.frame()


def proportion_trends(events: Floats, population: Floats, years: Integers) -> LinearTrends:
    """Chi-square for a trend in proportions (Cochran 1954, Armitage 1955), as in Fingertips' calculator.

    Args:
        events: m series x n years, over 0 and below population.
        population: m x n.
        years: m x n, calendar years.

    Returns:
        m entries. The slope is the least-squares slope of events/population, weighted by population; its standard error
        sqrt(p(1-p) / Sxx), p being all events through all population, is the one with which chi-square is
        (slope / standard error)^2, also when the slope is 0. Stable: by the unweighted slope of the logit.
    """
    slope, spread = _slope(events / population, population, years)
    mean = events.sum(axis=1) / population.sum(axis=1)
    error = np.sqrt(mean * (1 - mean) / spread)
    logit = np.log(events / (population - events))
    return LinearTrends(slope, error, (slope / error) ** 2, _stable(logit, np.ones_like(logit), years))


def rate_trends(values: Floats, lower: Floats, upper: Floats, years: Integers) -> LinearTrends:
    """Chi-square for a trend in values with 95 % limits, as in Fingertips' calculator.

    Args:
        values, lower, upper: m series x n years, of one unit, upper > lower.
        years: m x n, calendar years.

    Returns:
        m entries. The slope is weighted by 1/s^2, s = (upper - lower)/3.92; its standard error is sqrt(1 / Sxx).
    """
    deviation = (upper - lower) / (2 * _Z)
    least = deviation.min(axis=1, keepdims=True)  # weights are relative to the largest, so none can overflow
    weights = (least / deviation) ** 2
    slope, spread = _slope(values, weights, years)
    error = least[:, 0] / np.sqrt(spread)
    return LinearTrends(slope, error, (slope / error) ** 2, _stable(values, weights, years))


def _slope(y: Floats, weights: Floats, years: Integers) -> tuple[Floats, Floats]:
    """Weighted least-squares slope, and the weighted sum of squares of the centred years (m entries each)."""
    from_mean = years - years[:, :1] + 0.0
    from_mean -= ((weights * from_mean).sum(axis=1) / weights.sum(axis=1))[:, None]
    spread = (weights * from_mean**2).sum(axis=1)
    parts = weights * from_mean * y
    total = parts.sum(axis=1)
    # A sum that is 0 but for rounding is 0: else chance would give it a sign.
    total[np.abs(total) <= 1e-13 * np.abs(parts).sum(axis=1)] = 0.0
    return total / spread, spread


def _stable(y: Floats, weights: Floats, years: Integers) -> Flags:
    """Whether the slope has one sign with all years and without any one of them; 0 is neither sign."""
    n = y.shape[1]
    signs = [np.sign(_slope(y, weights * kept, years)[0]) for kept in (np.ones(n), *(1 - np.eye(n)))]
    return np.asarray(np.abs(np.sum(signs, axis=0)) == n + 1)


def _judge_by_fingertips(runs: _Runs, found: _Found) -> None:
    may = runs.has_interval & (runs.mean_of_years == 1) & (runs.length >= FEWEST)
    series = np.flatnonzero(may)
    last_five = (runs.start + runs.length)[series, None] - FEWEST + np.arange(FEWEST)
    measured, lower, upper = (column[last_five] for column in (runs.measured, runs.lower, runs.upper))
    meets = (measured[:, -1] - measured[:, 0] == FEWEST - 1) & (np.isfinite(upper - lower) & (upper > lower)).all(
        axis=1
    )
    series, last_five = series[meets], last_five[meets]
    population = runs.denominator[last_five]
    events = runs.value[last_five] / 100 * population
    counted = ((events > 0) & (events < population)).all(axis=1)
    proportion = counted & runs.wilson[series]

    at = last_five[proportion]
    fit = proportion_trends(events[proportion], population[proportion], runs.year[at])
    per_cent = fit._replace(slope=fit.slope * 100, standard_error=fit.standard_error * 100)
    found.keep_linear(series[proportion], _PROPORTION, runs.year[at], per_cent)
    at = last_five[~proportion]
    fit = rate_trends(runs.value[at], runs.lower[at], runs.upper[at], runs.year[at])
    found.keep_linear(series[~proportion], _RATE, runs.year[at], fit)


def _judge_by_kendall(runs: _Runs, found: _Found) -> None:
    last = runs.year[runs.start + runs.length - 1]
    of = np.repeat(np.arange(len(last)), runs.length)
    # Means that share a year depend on one another: of k-year means every k-th is used, from the newest back.
    used = (found.method[of] == 0) & ((last[of] - runs.year) % runs.mean_of_years[of] == 0)
    length = np.bincount(of[used], minlength=len(last))
    start = np.cumsum(length) - length
    value, year = runs.value[used], runs.year[used]
    few = (found.method == 0) & (length < FEWEST)
    found.reason[few] = np.where(runs.length >= FEWEST, 3, np.where(runs.segment > 0, 2, 1))[few]
    for n in np.unique(length[length >= FEWEST]).tolist():
        series = np.flatnonzero(length == n)
        at = start[series, None] + np.arange(n)
        fit = kendall_trends(value[at], year[at])
        direction = np.where(fit.p_value < SIGNIFICANT, np.where(fit.s > 0, _UP, _DOWN), _STILL)
        found.keep(series, _KENDALL, year[at], np.stack(fit[1:]), direction)


class _Found:
    """The results, one entry for each series of `runs`; not estimable until set."""

    def __init__(self, runs: _Runs) -> None:
        m = len(runs.start)
        self.runs = runs
        self.method, self.direction, self.reason = (np.zeros(m, dtype=np.int64) for _ in range(3))
        self.first, self.last = runs.year[runs.start], runs.year[runs.start + runs.length - 1]
        self.n = runs.length.copy()
        self.numbers = np.full((4, m), np.nan)  # p_value, slope, lower_95, upper_95

    def keep(self, series: Integers, method: int, years: Integers, numbers: Floats, direction: Integers) -> None:
        self.method[series], self.direction[series] = method, direction
        self.first[series], self.last[series], self.n[series] = years[:, 0], years[:, -1], years.shape[1]
        self.numbers[:, series] = numbers

    def keep_linear(self, series: Integers, method: int, years: Integers, fit: LinearTrends) -> None:
        # 1 - CDF of chi-square with 1 degree of freedom; math's erfc, because scipy takes half a second to import.
        p = np.array([math.erfc(root) for root in np.sqrt(fit.chi2 / 2).tolist()])
        reach = _Z * fit.standard_error
        numbers = np.stack([np.maximum(p, _LEAST_P), fit.slope, fit.slope - reach, fit.slope + reach])
        moved = np.where(fit.slope > 0, _UP, _DOWN)
        self.keep(series, method, years, numbers, np.where(fit.stable & (fit.chi2 > CHI2_998), moved, _STILL))

    def frame(self) -> pl.DataFrame:
        p_value, *slope = (pl.Series(row).fill_nan(None) for row in self.numbers)
        direction, verdict = self.direction, self.direction * len(_POLARITIES) + self.runs.polarity
        coded = ((_METHODS, self.method), (_DIRECTIONS, direction), (_VERDICTS, verdict), (_REASONS, self.reason))
        method, *judged = (pl.Series(words, dtype=pl.String).gather(codes) for words, codes in coded)
        columns = (*self.runs.keys, self.first, self.last, self.n, method, *slope, p_value, *judged)
        return pl.DataFrame(dict(zip(SCHEMA, columns, strict=True)), schema=SCHEMA)


def _newest_runs(points: pl.DataFrame, indicators: pl.DataFrame) -> _Runs:
    names = {key: points[key].unique().sort() for key in KEYS}
    indicator, area, sex = (points[k].cast(pl.Enum(names[k])).to_physical().to_numpy().astype(np.int64) for k in KEYS)
    year = points["year"].to_numpy().astype(np.int64)
    span, since = int(np.ptp(year)) + 1, year - year.min()
    # One whole number for series and year: sorting it is many times faster than sorting by four columns.
    moment = ((indicator * len(names["area_id"]) + area) * len(names["sex"]) + sex) * span + since
    order = np.argsort(moment)
    moment = moment[order]
    if (moment[1:] == moment[:-1]).any():
        raise ValueError("two values for one indicator, area, sex and year")
    first = np.flatnonzero(np.diff(moment // span, prepend=-1))
    of = np.repeat(np.arange(len(first)), np.diff(first, append=len(order)))
    segment = points["segment"].to_numpy().astype(np.int64)[order]
    newest = np.maximum.reduceat(segment, first)
    used = segment == newest[of]
    length, which, order = np.bincount(of[used]), order[first], order[used]
    declared = names["indicator_id"].to_frame().join(indicators, on="indicator_id", how="left", maintain_order="left")
    declared = declared[indicator[which]]
    values = (points[name].cast(pl.Float64).to_numpy()[order] for name in ("value", "denominator", *_LIMITS))
    return _Runs(
        points.select(KEYS)[which],
        declared["polarity"].cast(pl.Enum(_POLARITIES)).to_physical().to_numpy().astype(np.int64),
        declared["interval_method"].is_not_null().to_numpy(),
        declared["interval_method"].eq_missing("wilson").to_numpy(),
        declared["mean_of_years"].to_numpy().astype(np.int64),
        newest,
        np.cumsum(length) - length,
        length,
        year[order],
        np.unique(indicator * span + since, return_inverse=True)[1][order],
        *values,
    )


def _check(points: pl.DataFrame, indicators: pl.DataFrame) -> None:
    needed = points.select(*KEYS, "year", "segment", "value")
    empty = [column for column in needed.columns if needed[column].has_nulls()]
    if empty or not points["value"].is_finite().all():
        raise ValueError(f"points: null or not a finite number in {empty or ['value']}")
    if indicators["indicator_id"].is_duplicated().any():
        raise ValueError("an indicator is declared twice")
    undeclared = set(points["indicator_id"].unique()) - set(indicators["indicator_id"])
    if undeclared:
        raise ValueError(f"indicators not declared: {sorted(undeclared)[:5]}")
    strange = indicators.filter(
        ~pl.col("polarity").is_in(_POLARITIES, nulls_equal=True)
        | ~pl.col("interval_method").is_in(_INTERVALS, nulls_equal=True)
        | ~(pl.col("mean_of_years") >= 1).fill_null(False)
    )
    if not strange.is_empty():
        raise ValueError(f"polarity, interval_method or mean_of_years of {strange['indicator_id'].to_list()[:5]}")
