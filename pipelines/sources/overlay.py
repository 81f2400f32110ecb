"""One delivery on top of another: what is stated after both, when the later one's values may be rounded.

Belongs here: when a rounded number says the same as a finer one, and which of two statements stands. Does not belong
here: reading files (`tabular.py`), or what counts as noise of a computation (`storage/vintage_sql.py`).

A publisher's figures reach us with all their digits, or rounded by whoever kept the copy. A rounded number that could
have been made of the known one is no revision of it: it says the same with fewer digits, so that the finer one stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

DECIMALS = "decimals"  # of a row's value; null for a value as it was published
_BINARY = 1e-14  # relative; a decimal fraction is stored as the nearest binary one


def says_the_same(a: pl.Expr, b: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """Whether two numbers differ by no more than half of the last digit of the coarser one, which has `decimals`.

    Null where either number is null. Exactly a half is the same, whichever way it was rounded.
    """
    half = 0.5 * pl.lit(10.0).pow(-decimals.cast(pl.Float64))
    return (a - b).abs() <= half + _BINARY * pl.max_horizontal(a.abs(), b.abs(), pl.lit(1.0))


def overlaid(earlier: pl.LazyFrame, later: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """The rows of both, one statement a key: the later one's, unless it says the same as a finer earlier one.

    Args:
        earlier, later: the same columns, `decimals` among them, and `value` where there are numbers.
    """
    columns = later.collect_schema().names()
    if "value" in columns:
        later = later.join(_kept(earlier, later, key), on=list(key), how="anti")
    stated = later.select(key)
    return pl.concat([earlier.join(stated, on=list(key), how="anti").select(columns), later])


def _kept(earlier: pl.LazyFrame, later: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """The keys whose earlier statement stands: it is finer, and the later one says the same."""
    finest = pl.lit(99)
    was, is_now = (pl.col(name).fill_null(finest) for name in ("was_decimals", DECIMALS))
    both = later.join(earlier.select(*key, was_value="value", was_decimals=DECIMALS), on=list(key), how="inner")
    coarser = pl.min_horizontal(was, is_now)
    same = says_the_same(pl.col("value"), pl.col("was_value"), coarser).fill_null(value=False)
    return both.filter((was >= is_now) & (coarser < finest) & same).select(key)
