"""Trends: whether a series rises or falls, in recent years and in the long run, and whether that is to the good.

Belongs here: which points of a series answer which of the two questions, the level, and the words for a trend. Does
not belong here: the test (`prewhitened.py`); breaks, which come with the points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from indicators.statistics.prewhitened import Floats, Integers, straight_lines

Flags: TypeAlias = NDArray[np.bool_]

LONG_RUN, RECENT = "long_run", "recent"  # the two questions, in the order of the rows
# The recent window, the same for all indicators: the last calendar years up to the indicator's newest. Seven is the
# longest that anyone calls recent, and power grows fast with length; a survey that skipped a year
# still has six.
RECENT_YEARS = 7
LEVEL = 0.05  # of the two-sided p, the same for all indicators and for both questions
# Points that a trend takes: four say nothing of their autocorrelation, and leave two degrees of freedom.
FEWEST = 5

KEYS = ("indicator_id", "area_id", "sex")
METHOD = "prewhitened"
_UP, _DOWN, _STILL = 1, 2, 3
_DIRECTIONS = (None, "increasing", "decreasing", "no_change")
_FEW, _AFTER_BREAK, _OVERLAPPING, _NO_LONGER = 1, 2, 3, 4
_REASONS = (None, "too_few_points", "too_few_points_after_break", "overlapping_means", "no_longer_than_recent")
_POLARITIES = ("higher_better", "lower_better", "no_judgement")
_VERDICTS = (  # a row a direction, a column a polarity
    *("kan inte bedömas",) * 3,
    *("ökar och förbättras", "ökar och försämras", "ökar, utan bedömning"),
    *("minskar och försämras", "minskar och förbättras", "minskar, utan bedömning"),
    *("ingen säkerställd förändring",) * 3,
)
_OTHER = {RECENT: "på lång sikt", LONG_RUN: "på senare år"}  # how a verdict names the other question
_TEXT, _YEAR, _NUMBER = pl.String(), pl.Int32(), pl.Float64()
SCHEMA = pl.Schema(
    dict.fromkeys((*KEYS, "horizon"), _TEXT)
    | {"first_year": _YEAR, "last_year": _YEAR, "n": pl.Int32(), "method": _TEXT}
    | dict.fromkeys(("autocorrelation", "slope", "lower_95", "upper_95", "p_value"), _NUMBER)
    | {"direction": _TEXT, "horizons_agree": pl.Boolean(), "verdict": _TEXT, "not_estimable_reason": _TEXT}
)


@dataclass(frozen=True)
class _Runs:
    """Every series' run by the method in force (columns an entry a series) and the points of all (an entry a point)."""

    keys: pl.DataFrame  # sorted
    polarity: Integers
    mean_of_years: Integers
    segment: Integers
    newest_year: Integers  # of the indicator: the last of the recent window
    start: Integers  # where the run's points begin
    length: Integers
    year: Integers
    value: Floats


def trends(points: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """Two trends of every series: of recent years, and of its newest run without a break.

    Args:
        points: a row a value, in any order: indicator_id, area_id, sex, year, value; segment: first year after the
            last break before this year, 0 when there is none. Whole indicators: the recent window ends with the newest
            year in which any area has a value.
        indicators: indicator_id, polarity ('higher_better', 'lower_better', 'no_judgement'), mean_of_years (at
            least 1).

    Returns:
        Two rows for each indicator_id, area_id and sex of `points`, sorted by them and by horizon. first_year,
        last_year and n are of the points used, or when none could be, of those there are (null and 0 without any);
        the autocorrelation that is reckoned with; slope and its limits in the unit of the value per calendar year;
        p_value (over 0), direction, horizons_agree (null unless both can be judged), verdict, not_estimable_reason.
        Where the other horizon can be judged and comes to something else, the verdict says so.

    Raises:
        ValueError: a null or non-finite number where one is needed, two values for a series and year, an indicator
            missing or declared twice, a polarity or mean_of_years that is none.
    """
    if points.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    _check(points, indicators)
    runs = _newest_runs(points, indicators)
    of = np.repeat(np.arange(len(runs.start)), runs.length)
    window_from = runs.newest_year - RECENT_YEARS + 1
    recent = _judged(runs, of, runs.year >= window_from[of], runs.segment > window_from)
    long_run = _judged(runs, of, np.ones(len(of), dtype=np.bool_), runs.segment > 0)
    # A run of no more years than the recent ones, those or earlier ones, says nothing of the long run.
    is_short = long_run.last - long_run.first < RECENT_YEARS
    long_run.forget((long_run.reason == 0) & is_short, _NO_LONGER)
    rows = [
        _frame(runs, LONG_RUN, long_run, recent),
        _frame(runs, RECENT, recent, long_run),
    ]
    return pl.concat(rows).sort(*KEYS, "horizon")


@dataclass(frozen=True)
class _Judged:
    """The answer to one question, one entry for each series; not estimable until set."""

    first: Integers
    last: Integers
    n: Integers
    reason: Integers
    direction: Integers
    numbers: Floats  # autocorrelation, slope, lower_95, upper_95, p_value: a row each

    def forget(self, series: Flags, reason: int) -> None:
        self.reason[series], self.direction[series] = reason, 0
        self.numbers[:, series] = np.nan


def _judged(runs: _Runs, of: Integers, chosen: Flags, after_break: Flags) -> _Judged:
    """Judge every series by the chosen of its points, which are its newest; `of` says whose each point is."""
    m = len(runs.start)
    if not len(of):
        nothing = np.zeros(m, dtype=np.int64)
        reason = np.where(after_break, _AFTER_BREAK, _FEW)
        return _Judged(nothing, nothing, nothing, reason, nothing.copy(), np.full((5, m), np.nan))
    # A series without a point has no years; what is read for it here is told of nobody.
    last = runs.year[np.maximum(runs.start + runs.length - 1, 0)]
    n = np.bincount(of[chosen], minlength=m)
    first = runs.year[np.minimum(runs.start + runs.length - n, len(of) - 1)]
    # Means that share a year depend on one another: of k-year means every k-th is used, from the newest back.
    used = chosen & ((last[of] - runs.year) % runs.mean_of_years[of] == 0)
    length = np.bincount(of[used], minlength=m)
    start = np.cumsum(length) - length
    reason = np.where(n >= FEWEST, _OVERLAPPING, np.where(after_break, _AFTER_BREAK, _FEW))
    found = _Judged(
        first, last, n, np.where(length >= FEWEST, 0, reason), np.zeros(m, dtype=np.int64), np.full((5, m), np.nan)
    )
    value, year = runs.value[used], runs.year[used]
    for size in np.unique(length[length >= FEWEST]).tolist():
        series = np.flatnonzero(length == size)
        at = start[series, None] + np.arange(size)
        fit = straight_lines(value[at], year[at])
        found.first[series], found.n[series] = year[at[:, 0]], size
        found.numbers[:, series] = np.stack(fit)
        moved = np.where(fit.slope > 0, _UP, _DOWN)
        found.direction[series] = np.where(fit.p_value < LEVEL, moved, _STILL)
    return found


def _frame(runs: _Runs, horizon: str, found: _Judged, other: _Judged) -> pl.DataFrame:
    """The rows of one horizon."""
    judged = pl.Series(found.reason == 0)
    there = pl.Series(found.n > 0)
    both = (found.direction > 0) & (other.direction > 0)
    numbers = pl.DataFrame(dict(zip(SCHEMA.names()[8:13], found.numbers, strict=True))).fill_nan(None)
    return runs.keys.with_columns(
        horizon=pl.lit(horizon),
        first_year=pl.when(there).then(pl.Series(found.first)),
        last_year=pl.when(there).then(pl.Series(found.last)),
        n=pl.Series(found.n),
        method=pl.when(judged).then(pl.lit(METHOD)),
        **numbers.to_dict(),
        direction=_words(_DIRECTIONS, found.direction),
        horizons_agree=pl.when(pl.Series(both)).then(pl.Series(found.direction == other.direction)),
        verdict=_verdict(runs, horizon, found, other),
        not_estimable_reason=_words(_REASONS, found.reason),
    ).cast(SCHEMA)


def _verdict(runs: _Runs, horizon: str, found: _Judged, other: _Judged) -> pl.Series:
    """The words. Where the series ended before the indicator did, with its years; where the other horizon comes to
    something else, with that, so that neither is told alone.
    """
    own, its = (_words(_VERDICTS, judged.direction * len(_POLARITIES) + runs.polarity) for judged in (found, other))
    differs = (other.direction > 0) & (other.direction != found.direction)
    spoken = pl.DataFrame(
        {"own": own, "its": its, "first": other.first, "last": other.last, "differs": differs,
         "from": found.first, "until": found.last, "is_old": (found.direction > 0) & (found.last < runs.newest_year)}
    ).with_columns(
        pl.col("its").str.strip_suffix(", utan bedömning"),
        own=pl.when("is_old").then(pl.format("{} ({}–{})", "own", "from", "until")).otherwise("own"),
    )  # fmt: skip
    both = pl.format("{}; {} ({}–{}): {}", "own", pl.lit(_OTHER[horizon]), "first", "last", "its")
    return spoken.select(verdict=pl.when("differs").then(both).otherwise("own"))["verdict"]


def _words(words: tuple[str | None, ...], codes: Integers) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(codes)


def _newest_runs(points: pl.DataFrame, indicators: pl.DataFrame) -> _Runs:
    names = {key: points[key].unique().sort() for key in KEYS}
    indicator, area, sex = (points[k].cast(pl.Enum(names[k])).to_physical().to_numpy().astype(np.int64) for k in KEYS)
    year = points["year"].to_numpy().astype(np.int64)
    span, since = int(np.ptp(year)) + 1, year - year.min()
    newest_year = np.zeros(len(names["indicator_id"]), dtype=np.int64)
    np.maximum.at(newest_year, indicator, year)
    # One whole number for series and year: sorting it is many times faster than sorting by four columns.
    moment = ((indicator * len(names["area_id"]) + area) * len(names["sex"]) + sex) * span + since
    order = np.argsort(moment)
    moment = moment[order]
    if (moment[1:] == moment[:-1]).any():
        raise ValueError("two values for one indicator, area, sex and year")
    first = np.flatnonzero(np.diff(moment // span, prepend=-1))
    of = np.repeat(np.arange(len(first)), np.diff(first, append=len(order)))
    # The method in force is that of the indicator's newest year. Who stopped before a break has no trend by it, and
    # none by the method that was given up, as little as those who went on.
    segment = points["segment"].to_numpy().astype(np.int64)
    in_force = np.zeros(len(names["indicator_id"]), dtype=np.int64)
    np.maximum.at(in_force, indicator, segment)
    newest = in_force[indicator[order[first]]]
    used = segment[order] == newest[of]
    length, which, order = np.bincount(of[used], minlength=len(first)), order[first], order[used]
    declared = names["indicator_id"].to_frame().join(indicators, on="indicator_id", how="left", maintain_order="left")
    declared = declared[indicator[which]]
    return _Runs(
        points.select(KEYS)[which],
        declared["polarity"].cast(pl.Enum(_POLARITIES)).to_physical().to_numpy().astype(np.int64),
        declared["mean_of_years"].to_numpy().astype(np.int64),
        newest,
        newest_year[indicator[which]],
        np.cumsum(length) - length,
        length,
        year[order],
        points["value"].cast(pl.Float64).to_numpy()[order],
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
        ~pl.col("polarity").is_in(_POLARITIES, nulls_equal=True) | ~(pl.col("mean_of_years") >= 1).fill_null(False)
    )
    if not strange.is_empty():
        raise ValueError(f"polarity or mean_of_years of {strange['indicator_id'].to_list()[:5]}")
