"""Intervals of places, funnels and what stands out: what holds of any figures, and each reason for saying nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.statistics import funnel
from indicators.statistics.place_rows import FEWEST, FUNNEL_COLUMNS, PLACE_COLUMNS, SIZES, place_rows
from indicators.statistics.rank_interval import rank_intervals
from indicators.statistics.standing_out import END, YEARS, adjusted, lasting_ends

NO_ENDS = pl.DataFrame(schema={"indicator_id": pl.String, "area_id": pl.String, "end": pl.String})
LEVELS = st.lists(st.floats(0.2, 1.4), min_size=5, max_size=40)


def field(values: Any, n: float = 400.0, **columns: Any) -> pl.DataFrame:
    """A field of shares in per cent, TEST FIGURES, each of n persons; every third area of each size."""
    share = pl.Series("value", [float(v) for v in values])
    p, z = share / 100, 1.96
    half = z * (z * z + 4 * n * p * (1 - p)).sqrt()
    frame = pl.DataFrame({"value": share}).with_columns(
        lower_95=100 * (2 * n * p + z * z - half) / (2 * (n + z * z)),
        upper_95=100 * (2 * n * p + z * z + half) / (2 * (n + z * z)),
        area_id=pl.Series([f"{number:04d}" for number in range(len(share))]),
        size_group=pl.Series([SIZES[number % 3] for number in range(len(share))]),
        rank_from_highest=share.rank("min", descending=True).cast(pl.Int32),
        rank_from_lowest=share.rank("min").cast(pl.Int32),
        of_n=pl.lit(len(share), dtype=pl.Int32),
    )
    told = {"indicator_id": "i", "year": pl.lit(2022, dtype=pl.Int32), "sex": "T", "is_share": True,
            "is_examined": True, "interval_reason": pl.lit(None, dtype=pl.String)} | columns  # fmt: skip
    return frame.with_columns(**{k: v if isinstance(v, pl.Expr) else pl.lit(v) for k, v in told.items()})


def spread_out(n: int = 120, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(80, 6, n).clip(40, 99).round(1)


def rows(values: pl.DataFrame, ends: pl.DataFrame = NO_ENDS) -> pl.DataFrame:
    found, _ = place_rows(values, ends)
    assert tuple(found.columns) == PLACE_COLUMNS
    return found


# Intervals of places


@given(LEVELS, st.floats(0.001, 0.3), st.floats(0, 0.1), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_an_interval_lies_among_the_places_there_are(
    level: list[float], error: float, variance: float, unknown: int
) -> None:
    first, last = rank_intervals(np.array(level), np.full(len(level), error), variance, unknown)
    assert (first >= 1).all()
    assert (first <= last).all()
    assert (last <= len(level) + unknown).all()


@given(LEVELS, st.floats(0.001, 0.3), st.floats(0.0001, 0.1))
@settings(max_examples=60, deadline=None)
def test_counted_from_the_other_end_the_interval_is_the_same(level: list[float], error: float, variance: float) -> None:
    errors = np.full(len(level), error)
    first, last = rank_intervals(np.array(level), errors, variance)
    mirrored_first, mirrored_last = rank_intervals(2 - np.array(level), errors, variance)
    assert np.abs(first - (len(level) + 1 - mirrored_last)).max() <= 1  # a rounding of the number above, at most
    assert np.abs(last - (len(level) + 1 - mirrored_first)).max() <= 1


def test_values_known_for_sure_have_one_place_and_values_of_nothing_but_chance_any() -> None:
    level = np.linspace(0.3, 1.2, 50)
    first, last = rank_intervals(level, np.full(50, 1e-7), 0.05)
    assert first.tolist() == last.tolist() == list(range(50, 0, -1))
    chance = np.random.default_rng(2).normal(0.8, 0.1, 50)
    first, last = rank_intervals(chance, np.full(50, 0.1), 0.0)
    assert ((first == 1) & (last == 50)).mean() > 0.9


def test_fewer_persons_give_wider_intervals() -> None:
    widths = [
        (found["rank_upper"] - found["rank_lower"]).median()
        for found in (rows(field(spread_out(), n)) for n in (2000, 400, 80))
    ]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_the_interval_always_holds_the_place_of_the_value_itself() -> None:
    values = field([50.0] * 20 + list(spread_out(100)))
    both = values.join(rows(values), on="area_id")
    assert (both["rank_lower"] <= both["rank_from_highest"]).all()
    assert (both["rank_upper"] >= both["of_n"] - both["rank_from_lowest"] + 1).all()


def test_the_words_count_from_the_end_that_the_place_is_counted_from() -> None:
    values = field(spread_out(), 2000)
    told = values.join(rows(values), on="area_id").filter(pl.col("rank_lower") < pl.col("rank_upper"))
    high = told.filter(pl.col("rank_from_highest") <= pl.col("rank_from_lowest"))
    low = told.filter(pl.col("rank_from_highest") > pl.col("rank_from_lowest"))
    assert high.height > 20
    assert low.height > 20
    for row in high.to_dicts():
        assert row["place_interval_sv"] == f"mellan {said(row['rank_lower'])} och {said(row['rank_upper'])} högst"
    for row in low.to_dicts():
        first, last = row["of_n"] - row["rank_upper"] + 1, row["of_n"] - row["rank_lower"] + 1
        assert row["place_interval_sv"] == f"mellan {said(first)} och {said(last)} lägst"


def said(number: int) -> str:
    return f"{number}:{'a' if number % 10 in (1, 2) and number % 100 not in (11, 12) else 'e'}"


def test_a_place_that_is_sure_and_one_that_may_be_any_say_so() -> None:
    sure = rows(field([float(v) for v in range(10, 90)], 1e7))
    assert set(sure["place_interval_sv"].str.slice(0, 6)) == {"säkert"}
    any_place = rows(field(np.random.default_rng(3).binomial(50, 0.8, 60) * 2.0, 50))
    assert "kan ligga var som helst" in any_place["place_interval_sv"].to_list()


# Where nothing is said, and why


def test_too_few_areas_have_no_interval_and_say_so() -> None:
    found = rows(field(spread_out(FEWEST - 1)))
    assert found["rank_lower"].null_count() == found.height
    assert set(found["reason"]) == {"too_few_areas"}
    assert set(found["outlier"]) == set(found["stands_out"]) == {"not_estimable"}


def test_a_value_without_an_interval_keeps_its_reason_and_widens_those_of_the_others() -> None:
    values = field(spread_out())
    some = pl.col("area_id").is_in([f"{number:04d}" for number in range(20)])
    partly = values.with_columns(
        pl.when(~some).then("lower_95").alias("lower_95"),
        pl.when(~some).then("upper_95").alias("upper_95"),
        interval_reason=pl.when(some).then(pl.lit("n_unknown")),
    )
    found = rows(partly)
    without = found.filter(some)
    assert set(without["reason"]) == {"n_unknown"}
    assert (
        without.select("rank_lower", "rank_upper", "p_value", "place_interval_sv").null_count().sum_horizontal()[0]
        == 80
    )
    assert (found.filter(~some)["rank_upper"] <= 120).all()
    assert found.filter(~some)["reason"].null_count() == 100


def test_money_has_no_interval_and_no_p_and_is_judged_by_years_alone() -> None:
    values = field(spread_out(), is_share=False).with_columns(
        lower_95=pl.lit(None, dtype=pl.Float64),
        upper_95=pl.lit(None, dtype=pl.Float64),
        interval_reason=pl.lit("accounts"),
    )
    ends = pl.DataFrame({"indicator_id": ["i"] * 2, "area_id": ["0003", "0004"], "end": ["higher", None]})
    found, funnels = place_rows(values, ends)
    assert funnels.is_empty()
    assert tuple(funnels.columns) == FUNNEL_COLUMNS
    assert set(found["reason"]) == {"accounts"}
    assert set(found["basis"]) == {"years"}
    assert found.filter(pl.col("p_value").is_not_null()).is_empty()
    told = dict(found.select("area_id", "stands_out").iter_rows())
    assert (told["0003"], told["0004"], told["0005"]) == ("higher", "not_estimable", "not_estimable")


def test_a_row_that_is_not_examined_has_no_verdict_of_its_area() -> None:
    found = rows(field(spread_out(), is_examined=False))
    assert found["basis"].null_count() == found["stands_out"].null_count() == found["q_of_area"].null_count() == 120
    assert found["q_among_areas"].null_count() == 0


def test_an_area_whose_inhabitants_are_not_known_has_an_interval_and_no_verdict() -> None:
    unknown = pl.col("area_id") == "0007"
    values = field(spread_out()).with_columns(pl.when(~unknown).then("size_group").alias("size_group"))
    (row,) = rows(values).filter(unknown).to_dicts()
    assert row["rank_lower"] is not None
    assert (row["outlier"], row["stands_out"], row["size_group"]) == ("not_estimable", "not_estimable", None)


# What stands out


def test_one_far_out_is_told_and_the_others_are_not() -> None:
    values = [*spread_out(119).clip(70, 90), 20.0]
    found = rows(field(values))
    told = found.filter(pl.col("outlier").is_in(["higher", "lower"]))
    assert told.select("area_id", "outlier", "stands_out").rows() == [("0119", "lower", "lower")]
    mirrored = rows(field([100 - v for v in values])).filter(pl.col("outlier") == "higher")
    assert mirrored["area_id"].to_list() == ["0119"]


def test_many_indicators_of_one_area_raise_what_it_takes_to_stand_out() -> None:
    """One p of 0.01 among twenty indicators is what chance gives."""
    alone, among = adjusted(np.array([0.01])), adjusted(np.array([0.01, *np.linspace(0.1, 1, 19)]))
    assert alone[0] == 0.01
    assert among[0] > 0.05


def test_a_share_of_zero_or_a_hundred_is_no_error() -> None:
    found = rows(field([0.0, 100.0, *spread_out(118)]))
    assert found.select(pl.col("z_score", "p_value", "spread_lower_95").is_finite().all()).row(0) == (True, True, True)


def test_equal_values_have_no_spread_and_nobody_stands_out() -> None:
    found, funnels = place_rows(field([80.0] * 120), NO_ENDS)
    assert set(found["outlier"]) == {"no_difference"}
    assert funnels["variance_between"].to_list() == [0.0] * 4
    assert funnels["reliability"].to_list() == [0.0] * 4


@given(st.floats(0.05, 0.95), st.floats(0.001, 0.2))
def test_limits_are_nested_and_there_and_back_is_the_same(share: float, deviation: float) -> None:
    value = np.array([100 * share])
    level, _ = funnel.stabilised(value, value, value, is_share=True)
    assert funnel.in_unit(level, is_share=True) == pytest.approx(value)
    lower_95, upper_95, lower_998, upper_998 = funnel.limits(level[0], np.array([deviation]), is_share=True)
    assert lower_998 <= lower_95 <= value <= upper_95 <= upper_998


# Ends that last


def years(of: dict[int, list[float]], segment: int = 0, mean: int = 1, size: str = "small") -> pl.DataFrame:
    """Values of forty areas by year."""
    return pl.concat(
        pl.DataFrame({"area_id": [f"{number:04d}" for number in range(len(values))], "value": values}).with_columns(
            indicator_id=pl.lit("i"), year=pl.lit(year), segment=pl.lit(segment), mean_of_years=pl.lit(mean),
            size_group=pl.lit(size),
        )
        for year, values in of.items()
    )  # fmt: skip


RISING = [float(number) for number in range(40)]


def ends_of(values: pl.DataFrame) -> dict[str, str | None]:
    return dict(lasting_ends(values).select("area_id", "end").iter_rows())


def test_an_end_of_three_years_stands_out_and_one_of_two_does_not() -> None:
    found = ends_of(years({2020: RISING, 2021: RISING, 2022: RISING}))
    assert YEARS == 3
    assert {area for area, end in found.items() if end == "higher"} == {"0038", "0039"}
    assert {area for area, end in found.items() if end == "lower"} == {"0000", "0001"}
    assert len({a for a, e in found.items() if e == "higher"}) == END * 40
    assert set(ends_of(years({2020: RISING[::-1], 2021: RISING, 2022: RISING})).values()) == {"no_difference"}
    assert set(ends_of(years({2021: RISING, 2022: RISING})).values()) == {None}


def test_years_before_a_break_or_that_share_a_year_do_not_count() -> None:
    before = years({2019: RISING, 2020: RISING})
    after = years({2021: RISING, 2022: RISING}, segment=2021)
    assert set(ends_of(pl.concat([before, after])).values()) == {None}
    three_year_means = dict.fromkeys(range(2018, 2023), RISING)
    assert set(ends_of(years(three_year_means, mean=3)).values()) == {None}
    assert "higher" in ends_of(years({2016: RISING, 2019: RISING, 2022: RISING}, mean=3)).values()


def test_an_area_without_the_newest_year_is_not_told_and_one_without_an_earlier_is_not_estimable() -> None:
    of = {2020: RISING, 2021: RISING[:-1], 2022: RISING}
    assert ends_of(years(of))["0039"] is None
    assert "0039" not in ends_of(years({2020: RISING, 2021: RISING, 2022: RISING[:-1]}))


def test_equal_values_at_an_end_are_more_than_a_twentieth_and_nobody_stands_out() -> None:
    assert set(ends_of(years(dict.fromkeys(range(2020, 2023), [1.0] * 30 + [0.0] * 10))).values()) == {"no_difference"}


def test_the_order_of_the_rows_changes_nothing() -> None:
    values = pl.concat([field(spread_out()), field(spread_out(seed=2), indicator_id="j")])
    place, funnels = place_rows(values, NO_ENDS)
    again = place_rows(values.sample(fraction=1, shuffle=True, seed=3), NO_ENDS)
    assert place.equals(again[0])
    assert funnels.equals(again[1])
