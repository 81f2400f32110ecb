"""A rounded number that could have been made of a finer one is no revision of it, and the finer one stays."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.overlay import DECIMALS, overlaid, says_the_same

KEY = ("series_id", "area_id")
SCHEMA = {"series_id": pl.String, "area_id": pl.String, "value": pl.Float64, DECIMALS: pl.Int32, "of": pl.String}
numbers = st.floats(min_value=-1e7, max_value=1e7, allow_nan=False).map(lambda x: round(x, 6))
decimals = st.integers(min_value=0, max_value=4)
ways = st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN])


def rounded(number: float, places: int, way: str) -> float:
    """A number as somebody wrote it down, by whichever rule of rounding, with arithmetic of its own."""
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-places), rounding=way))


def same(a: float, b: float, places: int) -> bool:
    frame = pl.DataFrame({"a": [a], "b": [b], "places": [places]})
    return bool(frame.select(says_the_same(pl.col("a"), pl.col("b"), pl.col("places"))).item())


def stated(*deliveries: tuple[float | None, int | None]) -> tuple[float | None, str]:
    """The value of one key after deliveries (value, decimals), and the number of the one that it is from."""
    frames = [
        pl.LazyFrame([("N00001", "0114", value, places, str(n))], schema=SCHEMA, orient="row")
        for n, (value, places) in enumerate(deliveries)
    ]
    known = frames[0]
    for later in frames[1:]:
        known = overlaid(known, later, KEY)
    (row,) = known.collect().iter_rows(named=True)
    return row["value"], row["of"]


@given(numbers, decimals, ways)
def test_a_number_says_the_same_as_itself_rounded_by_any_rule(number: float, places: int, way: str) -> None:
    assert same(number, rounded(number, places, way), places)
    assert same(rounded(number, places, way), number, places)


@given(numbers, decimals, st.floats(min_value=0.51, max_value=1000))
def test_what_differs_by_more_than_half_of_the_last_digit_is_another_number(n: float, places: int, far: float) -> None:
    assert not same(n, n + far / 10**places, places)


@given(numbers, decimals, ways)
def test_the_finer_number_stays_whichever_came_first(number: float, places: int, way: str) -> None:
    coarse = rounded(number, places, way)
    assert stated((number, None), (coarse, places)) == (number, "0")
    assert stated((coarse, places), (number, None)) == (number, "1")
    assert stated((number, 6), (coarse, places)) == (number, "0")
    assert stated((coarse, places), (number, 6)) == (number, "1")


@given(numbers, decimals, ways, st.integers(min_value=1, max_value=3))
def test_to_be_told_the_same_again_and_again_changes_nothing(number: float, places: int, way: str, n: int) -> None:
    coarse = (rounded(number, places, way), places)
    assert stated((number, None), *[coarse] * n) == (number, "0")
    assert stated(*[coarse] * (n + 1)) == (coarse[0], "0")


@given(numbers, decimals, st.floats(min_value=1.01, max_value=1000), st.sampled_from([-1, 1]))
def test_a_revision_is_the_later_number(number: float, places: int, far: float, sign: int) -> None:
    new = rounded(number + sign * far / 10**places, places, ROUND_HALF_EVEN)
    assert stated((number, None), (new, places)) == (new, "1")


@given(numbers, numbers)
def test_between_numbers_as_published_the_later_one_stands_whatever_the_difference(a: float, b: float) -> None:
    assert stated((a, None), (b, None)) == (b, "1")


@pytest.mark.parametrize(("a", "b"), [(None, 4.3), (4.3, None), (None, None)])
def test_a_missing_value_is_the_same_as_none_and_the_later_statement_stands(a: float | None, b: float | None) -> None:
    assert stated((a, None), (b, 1)) == (b, "1")


@pytest.mark.parametrize(("fine", "coarse", "kept"), [(4.25, 4.3, 4.25), (4.25, 4.2, 4.25), (4.35, 4.2, 4.2)])
def test_a_half_is_the_same_both_ways(fine: float, coarse: float, kept: float) -> None:
    assert math.isclose(stated((fine, None), (coarse, 1))[0] or 0, kept)


def test_what_a_later_delivery_does_not_mention_stands() -> None:
    rows = [("N00001", area, 1.25, None, "0") for area in ("0114", "0115", "0117")]
    later = [("N00001", "0115", 1.3, 1, "1"), ("N00001", "0117", 1.5, 1, "1"), ("N00002", "0114", 7.0, 1, "1")]
    known = overlaid(*(pl.LazyFrame(r, schema=SCHEMA, orient="row") for r in (rows, later)), KEY).collect()
    assert sorted(known.drop(DECIMALS).rows()) == [
        ("N00001", "0114", 1.25, "0"), ("N00001", "0115", 1.25, "0"), ("N00001", "0117", 1.5, "1"),
        ("N00002", "0114", 7.0, "1"),
    ]  # fmt: skip
