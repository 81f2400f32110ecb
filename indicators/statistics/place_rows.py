"""How sure places are, and what stands out: the rows of the tables `place` and `funnel`.

Belongs here: which areas are compared and judged together, what is not estimable and why, and the words for it. Does
not belong here: the methods (`rank_interval.py`, `funnel.py`, `standing_out.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from indicators.statistics import funnel
from indicators.statistics.funnel import Flags, Floats
from indicators.statistics.rank_interval import rank_intervals
from indicators.statistics.standing_out import LEVEL, adjusted

FEWEST = 30  # areas with an interval: fewer do not tell their spread
SIZES = ("small", "middle", "large")  # the thirds of the areas by inhabitants
ALL = "all"
KEYS = ("indicator_id", "area_id", "year", "sex")
FIELD = ("indicator_id", "year", "sex")
LIMITS = tuple(
    f"{of}_{side}_{level}" for of in ("chance", "spread") for level in ("95", "998") for side in ("lower", "upper")
)
_DECIMALS, _FIGURES = 3, 3  # as many as anyone can use: every digit is kept three times in a release
_RANKS = ("rank_lower", "rank_upper")
_NUMBERS = ("reliability", "target", *LIMITS, "z_score", "p_value", "q_among_areas")
PLACE_COLUMNS = (
    *KEYS, "size_group", *_RANKS, "place_interval_sv", "reason", *_NUMBERS, "outlier", "basis",
    "q_of_area", "stands_out"
)  # fmt: skip
FUNNEL_COLUMNS = (
    *FIELD, "size_group", "of_n", "target", "dispersion", "variance_between", "between_lower_95", "between_upper_95",
    "reliability", "outside_95", "expected_outside_95", "outliers"
)  # fmt: skip


def place_rows(values: pl.DataFrame, ends: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of `place` and of `funnel`.

    Args:
        values: a row a value, whole fields (an indicator's areas of one year and sex): the keys; value, lower_95,
            upper_95 (null without an interval), interval_reason (why there is none); is_share (in per cent, else a
            rate); rank_from_highest, rank_from_lowest, of_n; size_group (null where unknown); is_examined: whether the
            row is one of those that are judged together for its area.
        ends: indicator_id, area_id, end; of indicators whose examined year has no interval (`lasting_ends`).

    Returns:
        PLACE_COLUMNS, a row for each of `values`, in the order of the keys; FUNNEL_COLUMNS, a row for each field with
        FEWEST intervals or more, and for each third of it with as many.
    """
    rows = values.sort(*FIELD, "area_id")
    ranks = np.full((len(_RANKS), rows.height), np.nan)
    numbers = np.full((len(_NUMBERS), rows.height), np.nan)
    funnels: list[dict[str, Any]] = []
    has_field = np.zeros(rows.height, dtype=np.bool_)
    for start, field in _fields(rows):
        at = slice(start, start + field.height)
        if field["lower_95"].null_count() < field.height:
            has_field[at] = True
            funnels += _measure(field, ranks[:, at], numbers[:, at])
    found = _told(rows, has_field, ranks, numbers)
    found = _judged_by_area(found, ends)
    funnel_frame = pl.DataFrame(funnels, schema=_FUNNEL_SCHEMA).sort(*FIELD, "size_group")
    return found.select(PLACE_COLUMNS).sort(KEYS), funnel_frame


_FUNNEL_SCHEMA = pl.Schema(
    {"indicator_id": pl.String(), "year": pl.Int32(), "sex": pl.String(), "size_group": pl.String(), "of_n": pl.Int32()}
    | dict.fromkeys(FUNNEL_COLUMNS[5:11], pl.Float64())
    | {"outside_95": pl.Int32(), "expected_outside_95": pl.Float64(), "outliers": pl.Int32()}
)


def _fields(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Each field with the number of its first row."""
    start = 0
    for field in rows.partition_by(FIELD, maintain_order=True):
        yield start, field
        start += field.height


def _measure(field: pl.DataFrame, ranks: Floats, numbers: Floats) -> Iterator[dict[str, Any]]:
    """Fill in the numbers of one field, and yield its rows of `funnel`."""
    known = field["lower_95"].is_not_null().to_numpy()
    if known.sum() < FEWEST:
        return
    is_share = bool(field["is_share"][0])
    value, lower, upper = (field[name].cast(pl.Float64).to_numpy()[known] for name in ("value", "lower_95", "upper_95"))
    level, error = funnel.stabilised(value, lower, upper, is_share=is_share)
    variance = funnel.spread(level, error, float(np.median(level)))
    _fill_ranks(field, known, ranks, rank_intervals(level, error, variance, int((~known).sum())))
    size = field["size_group"].to_numpy()[known]
    columns = np.full((numbers.shape[0], len(level)), np.nan)
    columns[0] = funnel.reliability(error, variance)
    thirds = [(name, size == name) for name in SIZES]
    kept = [(name, of, *_third(level, error, of, columns, is_share)) for name, of in thirds if of.sum() >= FEWEST]
    judged = np.isfinite(columns[-2])
    columns[-1, judged] = adjusted(columns[-2, judged])
    numbers[:, known] = columns
    everyone = np.ones(len(level), dtype=np.bool_)
    keys = {name: field[name][0] for name in FIELD}
    for name, of, centre, between in [(ALL, everyone, float(np.median(level)), variance), *kept]:
        yield keys | {"size_group": name} | _summary(level[of], error[of], columns[:, of], centre, between, is_share)


def _third(level: Floats, error: Floats, of: Flags, columns: Floats, is_share: bool) -> tuple[float, float]:
    """Fill in target, limits, z and p of the areas of one size; their centre and the variance between them."""
    centre = float(np.median(level[of]))
    between = funnel.spread(level[of], error[of], centre)
    wide = np.sqrt(error[of] ** 2 + between)
    z = (level[of] - centre) / wide
    columns[1, of] = funnel.in_unit(np.full(of.sum(), centre), is_share=is_share)
    columns[2:10, of] = [
        *funnel.limits(centre, error[of], is_share=is_share),
        *funnel.limits(centre, wide, is_share=is_share),
    ]
    columns[10, of] = z
    columns[11, of] = _significant(funnel.two_sided(level[of], error[of], centre, between, is_share=is_share))
    return centre, between


def _summary(
    level: Floats, error: Floats, columns: Floats, centre: float, between: float, is_share: bool
) -> dict[str, Any]:
    p, q = columns[11], columns[12]
    half = funnel.NORMAL_95 * np.sqrt(between)
    levels = np.array([centre, centre - half, centre + half])
    target, low, high = funnel.in_unit(levels, is_share=is_share).round(_DECIMALS)
    mean_error = np.array([np.sqrt((error**2).mean())])
    return {
        "of_n": len(level),
        "target": target,
        "dispersion": round(funnel.dispersion((level - centre) / error), _DECIMALS),
        "variance_between": between,
        "between_lower_95": low,
        "between_upper_95": high,
        "reliability": round(float(funnel.reliability(mean_error, between)[0]), _DECIMALS),
        "outside_95": int((p < LEVEL).sum()),
        "expected_outside_95": round(LEVEL * int(np.isfinite(p).sum()), _DECIMALS),
        "outliers": int((_significant(q) <= LEVEL).sum()),
    }


def _fill_ranks(field: pl.DataFrame, known: Flags, ranks: Floats, found: tuple[Any, Any]) -> None:
    """The interval, and the place that the value has, which a shrunken field may leave just outside of it."""
    observed = field["rank_from_highest"].to_numpy()[known]
    last = (field["of_n"] - field["rank_from_lowest"] + 1).to_numpy()[known]
    ranks[0, known] = np.minimum(found[0], observed)
    ranks[1, known] = np.maximum(found[1], last)


def _told(rows: pl.DataFrame, has_field: Flags, ranks: Floats, numbers: Floats) -> pl.DataFrame:
    """The rows with their numbers, and with the words of their places and of the outliers of their fields."""
    columns = {name: pl.Series(of).fill_nan(None) for name, of in zip(_NUMBERS, numbers, strict=True)}
    places = {name: pl.Series(of).fill_nan(None).cast(pl.Int32) for name, of in zip(_RANKS, ranks, strict=True)}
    return (
        rows.with_columns(**columns, **places, has_field=pl.Series(has_field))
        .with_columns(
            pl.col("reliability", "target", *LIMITS, "z_score").round(_DECIMALS),
            q_among_areas=pl.col("q_among_areas").round_sig_figs(_FIGURES),
        )
        .with_columns(
            place_interval_sv=_interval_words(),
            reason=pl.when(pl.col("rank_lower").is_null()).then(
                pl.coalesce("interval_reason", pl.lit("too_few_areas"))
            ),
            outlier=_side(pl.col("q_among_areas")),
        )
    )


def _judged_by_area(rows: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """What stands out among all that was examined of an area: by interval, else by years."""
    examined = rows.filter("is_examined", pl.col("p_value").is_not_null()).sort("area_id", "indicator_id")
    q = [adjusted(of["p_value"].to_numpy()) for of in examined.partition_by("area_id", maintain_order=True)]
    together = np.concatenate(q) if q else np.zeros(0)
    adjusted_rows = examined.select(KEYS).with_columns(q_of_area=pl.Series(together, dtype=pl.Float64))
    return (
        rows.join(adjusted_rows, on=KEYS, how="left")
        .join(ends, on=["indicator_id", "area_id"], how="left")
        .with_columns(
            q_of_area=pl.col("q_of_area").round_sig_figs(_FIGURES),
            basis=pl.when("is_examined").then(pl.when("has_field").then(pl.lit("interval")).otherwise(pl.lit("years"))),
        )
        .with_columns(
            stands_out=pl.when(pl.col("basis") == "interval")
            .then(_side(pl.col("q_of_area")))
            .when(pl.col("basis") == "years")
            .then(pl.coalesce("end", pl.lit("not_estimable")))
        )
    )


def _side(q: pl.Expr) -> pl.Expr:
    return (
        pl.when(q.is_null())
        .then(pl.lit("not_estimable"))
        .when(q > LEVEL)
        .then(pl.lit("no_difference"))
        .when(pl.col("z_score") > 0)
        .then(pl.lit("higher"))
        .otherwise(pl.lit("lower"))
    )


def _significant(q: Floats) -> Floats:
    return pl.Series(q).round_sig_figs(_FIGURES).to_numpy()


def _interval_words() -> pl.Expr:
    """The interval in words, counted from the end that place_sv is counted from."""
    is_high = pl.col("rank_from_highest") <= pl.col("rank_from_lowest")
    lower, upper, of_n = pl.col("rank_lower"), pl.col("rank_upper"), pl.col("of_n")
    first = pl.when(is_high).then(lower).otherwise(of_n - upper + 1)
    last = pl.when(is_high).then(upper).otherwise(of_n - lower + 1)
    end = pl.when(is_high).then(pl.lit("högst")).otherwise(pl.lit("lägst"))
    return (
        pl.when((lower == 1) & (upper == of_n))
        .then(pl.lit("kan ligga var som helst"))
        .when(lower == upper)
        .then(pl.format("säkert {} {}", _ordinal(first), end))
        .otherwise(pl.format("mellan {} och {} {}", _ordinal(first), _ordinal(last), end))
    )


def _ordinal(number: pl.Expr) -> pl.Expr:
    is_a = (number % 10).is_in([1, 2]) & ~(number % 100).is_in([11, 12])
    return pl.format("{}:{}", number, pl.when(is_a).then(pl.lit("a")).otherwise(pl.lit("e")))
