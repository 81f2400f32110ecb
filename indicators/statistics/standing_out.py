"""What stands out, when all that was examined is judged together.

Belongs here: adjusting p-values for their number, and ends that last over years where chance is unknown. Does not
belong here: p-values (`funnel.py`), and which rows are examined together (`place_rows.py`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from indicators.statistics.funnel import Floats

LEVEL = 0.05  # of the expected share of chance among what is said to stand out
# Where chance is unknown: the part of the areas of about one size that are at an end, and in how many years running.
END, YEARS = 0.05, 3


def adjusted(p: Floats) -> Floats:
    """The smallest expected share of chance at which each p would stand out (Benjamini and Hochberg 1995).

    It holds for independent tests, and for those of one municipality too: their measured correlations keep it
    (docs/method.md); Benjamini and Yekutieli's, which holds for any, would find half as much.
    """
    from scipy.stats import false_discovery_control  # noqa: PLC0415 - half a second, and few commands need it

    return np.asarray(false_discovery_control(p, method="bh")) if len(p) else p


def lasting_ends(values: pl.DataFrame) -> pl.DataFrame:
    """Which areas lie at the same end among those of their size in each of the newest years.

    Args:
        values: a row for each indicator_id, area_id and year: size_group, value; segment: first year after the last
            break, 0 where there is none; mean_of_years. Years of a moving mean that share a year are used once.

    Returns:
        A row for each indicator_id and area_id that has a value in the newest year of its indicator: end ('higher',
        'lower' or 'no_difference'; null where there are fewer than YEARS years, or the area lacks one of them).
    """
    keys = ["indicator_id", "area_id"]
    newest = pl.col("year").max().over("indicator_id")
    in_force = pl.col("segment").max().over("indicator_id")
    used = (
        values.filter(pl.col("segment") == in_force, (newest - pl.col("year")) % pl.col("mean_of_years") == 0)
        .with_columns(back=pl.col("year").rank("dense", descending=True).over("indicator_id"), newest=newest)
        .filter(pl.col("back") <= YEARS)
    )
    field = ["indicator_id", "year", "size_group"]
    most = END * pl.len().over(field)
    told = used.with_columns(
        higher=pl.col("value").rank("max", descending=True).over(field) <= most,
        lower=pl.col("value").rank("max").over(field) <= most,
    )
    ends = told.group_by(keys).agg(
        pl.col("higher").all(), pl.col("lower").all(), years=pl.len(), is_new=(pl.col("year") == pl.col("newest")).any()
    )
    return ends.filter("is_new").select(
        *keys,
        end=pl.when(pl.col("years") == YEARS).then(
            pl.when("higher")
            .then(pl.lit("higher"))
            .when("lower")
            .then(pl.lit("lower"))
            .otherwise(pl.lit("no_difference"))
        ),
    )
