"""Trends: by which rule a run is judged, which points count, and what never changes a trend."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from indicators.statistics.trend import CHI2_998, SCHEMA, proportion_trends, rate_trends, trends

KEYS = ["indicator_id", "area_id", "sex"]
Points = dict[int, float]

five = st.lists(st.floats(1, 99), min_size=5, max_size=5)
widths = st.lists(st.floats(0.1, 10), min_size=5, max_size=5)
populations = st.lists(st.integers(20, 10**6), min_size=5, max_size=5)


def row(values: Any) -> np.ndarray:
    return np.array([values], dtype=float)


def years(n: int) -> np.ndarray:
    return np.arange(2001, 2001 + n)[None, :]


def series(values: Points, indicator: str = "i", area: str = "0114", sex: str = "T", **columns: Any) -> pl.DataFrame:
    """Points of one series. Limits are a half to each side, unless named."""
    found = {
        "indicator_id": indicator,
        "area_id": area,
        "sex": sex,
        "year": pl.Series(list(values), dtype=pl.Int64),
        "value": pl.Series(list(values.values()), dtype=pl.Float64),
        "numerator": pl.lit(None, pl.Float64),
        "denominator": pl.lit(1000.0),
        "lower_95": pl.Series(list(values.values()), dtype=pl.Float64) - 0.5,
        "upper_95": pl.Series(list(values.values()), dtype=pl.Float64) + 0.5,
        "segment": 0,
    }
    return pl.select(**{k: pl.lit(v) if isinstance(v, str | int) else v for k, v in (found | columns).items()})


def declare(method: str | None = None, mean: int = 1, polarity: str = "higher_better", name: str = "i") -> pl.DataFrame:
    found = {"indicator_id": [name], "polarity": [polarity], "interval_method": [method], "mean_of_years": [mean]}
    return pl.DataFrame(found, schema_overrides={"interval_method": pl.String})


def one(points: pl.DataFrame, declared: pl.DataFrame) -> dict[str, Any]:
    found = trends(points, declared)
    assert dict(found.schema) == dict(SCHEMA)
    assert len(found) == 1
    return found.to_dicts()[0]


def since(first: int, values: Any) -> Points:
    return {first + i: value for i, value in enumerate(values)}


# Kendall's test over a run


def test_equal_values_have_no_trend() -> None:
    found = one(series(since(2015, [0.1] * 6)), declare())
    assert [found[k] for k in ("slope", "lower_95", "upper_95", "p_value")] == [0, 0, 0, 1]
    assert found["direction"] == "no_change"


def test_a_trend_among_mostly_equal_values_has_a_direction_and_no_slope() -> None:
    found = one(series(since(2010, [0] * 8 + [1, 1])), declare())
    assert (found["p_value"], found["slope"]) == (pytest.approx(2 / 45), 0)
    assert found["direction"] == "increasing"


def test_significant_is_below_five_per_cent() -> None:
    # Three twos and four threes after a one, two pairs exchanged: P is exactly 14/280.
    at_five_per_cent = one(series(since(2010, [1, 2, 2, 3, 3, 2, 3, 3])), declare())
    assert (at_five_per_cent["p_value"], at_five_per_cent["direction"]) == (0.05, "no_change")
    rising, falling = (one(series(since(2010, v)), declare()) for v in ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]))
    assert (rising["direction"], falling["direction"]) == ("increasing", "decreasing")


# Fingertips' rule


@given(five, widths, populations)
def test_both_forms_are_the_published_sums(values: list[float], width: list[float], population: list[int]) -> None:
    t, v, n = np.arange(1, 6), np.array(values), np.array(population, dtype=float)
    w = (3.92 / (2 * np.array(width))) ** 2

    def slope(w: np.ndarray, y: np.ndarray) -> float:
        top = w.sum() * (w * y * t).sum() - (w * t).sum() * (w * y).sum()
        return top / (w.sum() * (w * t * t).sum() - (w * t).sum() ** 2)

    def stable(w: np.ndarray, y: np.ndarray) -> bool:
        slopes = [slope(w * kept, y) for kept in (np.ones(5), *(1 - np.eye(5)))]
        assume(min(map(abs, slopes)) > 1e-6)
        return all(s > 0 for s in slopes) or all(s < 0 for s in slopes)

    rate = rate_trends(row(v), row(v - width), row(v + width), years(5))
    beta = np.sqrt(w.sum() / (w.sum() * (w * t * t).sum() - (w * t).sum() ** 2))
    assert rate.slope.item() == pytest.approx(slope(w, v), rel=1e-6, abs=1e-9)
    assert rate.chi2.item() == pytest.approx((slope(w, v) / beta) ** 2, rel=1e-6, abs=1e-9)
    assert rate.stable.item() == stable(w, v)

    r = v / 100 * n
    share = proportion_trends(row(r), row(n), years(5))
    top = n.sum() * (n.sum() * (r * t).sum() - r.sum() * (n * t).sum()) ** 2
    below = r.sum() * (n.sum() - r.sum()) * (n.sum() * (n * t * t).sum() - (n * t).sum() ** 2)
    assert share.slope.item() == pytest.approx(slope(n, r / n), rel=1e-6, abs=1e-9)
    assert share.chi2.item() == pytest.approx(top / below, rel=1e-6, abs=1e-9)
    assert share.stable.item() == stable(np.ones(5), np.log(r / (n - r)))


RISING = since(2015, [20.0, 21.0, 22.5, 23.0, 24.0])


@pytest.mark.parametrize(("method", "form"), [("wilson", "fingertips_proportion"), ("poisson", "fingertips_rate")])
def test_slope_limits_and_p_belong_to_one_chi_square(method: str, form: str) -> None:
    sizes = pl.Series([500.0, 800.0, 900.0, 700.0, 20.0])
    values = pl.Series(list(RISING.values()))
    points = series(RISING, denominator=sizes, lower_95=values - 100 / sizes, upper_95=values + 100 / sizes)
    found = one(points, declare(method))
    w = sizes if method == "wilson" else sizes**2
    expected = np.polyfit(list(RISING), values, 1, w=np.sqrt(w))[0]
    chi2 = stats.chi2.isf(found["p_value"], 1)
    error = (found["upper_95"] - found["lower_95"]) / 2 / 1.96
    assert found["method"] == form
    assert found["slope"] == pytest.approx(expected)
    assert (found["slope"] / error) ** 2 == pytest.approx(chi2)
    assert (found["lower_95"] + found["upper_95"]) / 2 == pytest.approx(expected)


def test_only_the_last_five_points_count_and_only_kendall_takes_all() -> None:
    longer = {2010: 90.0, 2011: 95.0, 2012: 85.0, **RISING}
    found = one(series(longer), declare("poisson"))
    assert found == one(series(RISING), declare("poisson"))
    assert (found["first_year"], found["last_year"], found["n"]) == (2015, 2019, 5)
    whole = one(series(longer), declare())
    assert (whole["first_year"], whole["last_year"], whole["n"], whole["method"]) == (2010, 2019, 8, "kendall_exact")


def test_one_year_that_turns_the_slope_makes_no_trend() -> None:
    points = since(2015, [20, 20, 20, 20, 30])
    found = one(series(points), declare("poisson"))
    assert stats.chi2.isf(found["p_value"], 1) > CHI2_998
    assert found["direction"] == "no_change"
    # Without the last year the slope is 0 but for rounding: a minute rise before makes it a trend.
    found = one(series(points | {2015: 19.99}), declare("poisson"))
    assert found["direction"] == "increasing"


def test_what_is_significant_at_95_per_cent_only_is_no_trend() -> None:
    wide = {k: pl.Series(list(RISING.values())) + add for k, add in (("lower_95", -2.5), ("upper_95", 2.5))}
    found = one(series(RISING, **wide), declare("poisson"))
    assert 0.002 < found["p_value"] < 0.05
    assert found["direction"] == "no_change"


@pytest.mark.parametrize("method", ["wilson", "poisson"])
def test_equal_values_with_intervals_have_no_trend(method: str) -> None:
    found = one(series(since(2015, [33.3] * 5)), declare(method))
    assert (found["slope"], found["p_value"], found["direction"]) == (0, 1, "no_change")
    assert found["upper_95"] == -found["lower_95"] > 0


def test_a_p_too_small_for_a_float_is_not_zero() -> None:
    found = one(series(RISING, denominator=pl.lit(1e9)), declare("wilson"))
    assert 0 < found["p_value"] < 1e-300


NONE = pl.Series([None] + [900.0] * 4)


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        ([0, 1, 2, 3, 4], {}),
        ([96, 97, 98, 99, 100], {}),
        ([20, 21, 22, 23, 24], {"denominator": NONE}),
        ([20, 21, 22, 23, 24], {"denominator": pl.lit(0.0)}),
    ],
)
def test_proportions_without_counts_or_logits_take_the_form_of_rates(values: Any, columns: dict[str, Any]) -> None:
    points = series(since(2015, values), **columns)
    assert one(points, declare("wilson"))["method"] == "fingertips_rate"
    assert one(points, declare("wilson")) == one(points, declare("poisson"))


@pytest.mark.parametrize(
    "columns",
    [
        {"upper_95": pl.Series([None] * 4 + [25.0])},
        {"lower_95": pl.Series([None] + [0.0] * 4)},
        {"upper_95": pl.Series([25.0] * 4 + [float("inf")])},
        {"upper_95": pl.Series([20.0] * 5), "lower_95": pl.Series([20.0] + [1.0] * 4)},
        {"upper_95": pl.Series([1.0] + [99.0] * 4), "lower_95": pl.Series([2.0] * 5)},
    ],
)
@pytest.mark.parametrize("method", ["wilson", "poisson"])
def test_five_true_intervals_or_kendall(columns: dict[str, Any], method: str) -> None:
    found = one(series(RISING, **columns), declare(method))
    assert (found["method"], found["direction"]) == ("kendall_exact", "increasing")


def test_a_year_that_others_measured_may_not_be_missing() -> None:
    gap = {2013: 18.0, **{year: value for year, value in RISING.items() if year != 2016}}
    elsewhere = series({2016: 50.0}, area="0115", sex="K")
    found = trends(pl.concat([series(gap), elsewhere]), declare("poisson")).filter(area_id="0114")
    assert found["method"].item() == "kendall_exact"
    # A year that none measured is no gap, and counts as the year it is.
    found = trends(
        pl.concat([series(gap), series({2016: 5.0}, "other")]), pl.concat([declare("poisson"), declare(name="other")])
    )
    found = found.filter(indicator_id="i")
    assert found["method"].item() == "fingertips_rate"
    assert found["slope"].item() == pytest.approx(np.polyfit(list(gap), list(gap.values()), 1)[0])
    assert (found["first_year"].item(), found["last_year"].item()) == (2013, 2019)


# Which points, which reason, which words


def test_means_that_overlap_are_thinned_from_the_newest_back() -> None:
    values = {year: float((year - 2024) ** 2) for year in range(2010, 2025)}
    found = one(series(values), declare("wilson", mean=3))
    thinned = one(series({year: values[year] for year in range(2012, 2025, 3)}), declare())
    assert found == thinned
    assert (found["first_year"], found["last_year"], found["n"]) == (2012, 2024, 5)


@pytest.mark.parametrize(
    ("n", "mean", "segment", "reason"),
    [
        (4, 1, 0, "too_few_points"),
        (4, 1, 2015, "too_few_points_after_break"),
        (4, 3, 0, "too_few_points"),
        (12, 3, 0, "overlapping_means"),
        (12, 3, 2015, "overlapping_means"),
        (1, 1, 0, "too_few_points"),
    ],
)
@pytest.mark.parametrize("method", ["wilson", None])
def test_what_cannot_be_judged_says_why(n: int, mean: int, segment: int, reason: str, method: str | None) -> None:
    found = one(series(since(2015, range(20, 20 + n)), segment=segment), declare(method, mean))
    assert found["not_estimable_reason"] == reason
    assert (found["first_year"], found["last_year"], found["n"]) == (2015, 2014 + n, n)
    assert [found[k] for k in ("method", "slope", "lower_95", "upper_95", "p_value", "direction")] == [None] * 6
    assert found["verdict"] == "kan inte bedömas"


def test_what_can_be_judged_has_no_reason() -> None:
    assert one(series(RISING), declare())["not_estimable_reason"] is None


@pytest.mark.parametrize(
    ("polarity", "up", "down"),
    [
        ("higher_better", "ökar och förbättras", "minskar och försämras"),
        ("lower_better", "ökar och försämras", "minskar och förbättras"),
        ("no_judgement", "ökar, utan bedömning", "minskar, utan bedömning"),
    ],
)
@pytest.mark.parametrize("method", ["wilson", "poisson", None])
def test_the_verdict_follows_direction_and_polarity(polarity: str, up: str, down: str, method: str | None) -> None:
    for values, verdict in (([20, 25, 30, 35, 40], up), ([40, 35, 30, 25, 20], down)):
        assert one(series(since(2015, values)), declare(method, polarity=polarity))["verdict"] == verdict
    still = one(series(since(2015, [20, 25, 20, 25, 20])), declare(method, polarity=polarity))
    assert still["verdict"] == "ingen säkerställd förändring"


def test_each_indicator_and_series_is_judged_by_itself() -> None:
    """A frame of many series gives each the row that it gets alone, in the order of the keys."""
    rng = np.random.default_rng(3)
    parts, declared = [], []
    for name, method, mean in (("b", "wilson", 1), ("a", None, 1), ("d", "poisson", 1), ("c", None, 2)):
        declared.append(declare(method, mean, name=name))
        parts += [
            series(since(2005, rng.integers(1, 99, rng.integers(1, 18)).astype(float)), name, area, sex)
            for area in ("0115", "0114")
            for sex in ("T", "K", "M")
        ]
    found = trends(pl.concat(parts), pl.concat(declared))
    alone = [trends(part, pl.concat(declared)) for part in parts]
    assert found.equals(pl.concat(alone).sort(KEYS))
    assert set(found["method"]) == {None, "fingertips_proportion", "fingertips_rate", "kendall_exact"}


# What never changes a trend


@st.composite
def many(draw: st.DrawFn) -> pl.DataFrame:
    """Series of one indicator, with holes, ties and breaks."""
    parts = []
    for area in ("0114", "0115", "0117")[: draw(st.integers(1, 3))]:
        values = draw(st.dictionaries(st.integers(2008, 2024), st.integers(0, 20), min_size=1, max_size=17))
        broken = draw(st.sampled_from([0, 2012, 2016]))
        segment = pl.Series([broken if year >= broken else 0 for year in values])
        parts.append(series({k: v / 10 for k, v in values.items()}, area=area, segment=segment))
    return pl.concat(parts)


declared = st.builds(declare, st.sampled_from([None, "wilson", "poisson"]), st.integers(1, 3))


@given(many(), declared)
def test_every_series_has_one_row_with_a_true_probability(points: pl.DataFrame, declared: pl.DataFrame) -> None:
    found = trends(points, declared)
    assert found.select(KEYS).equals(points.select(KEYS).unique().sort(KEYS))
    assert ((found["p_value"] > 0) & (found["p_value"] <= 1)).all()
    assert (found["method"].is_null() == found["not_estimable_reason"].is_not_null()).all()
    assert (found["p_value"].is_null() == found["method"].is_null()).all()


@given(many(), declared, st.integers(0, 99))
def test_the_order_of_the_rows_means_nothing(points: pl.DataFrame, declared: pl.DataFrame, seed: int) -> None:
    assert trends(points.sample(fraction=1, shuffle=True, seed=seed), declared).equals(trends(points, declared))


@given(many(), declared, st.data())
def test_no_value_before_a_break_changes_anything(
    points: pl.DataFrame, declared: pl.DataFrame, data: st.DataObject
) -> None:
    newest = pl.col("segment").max().over(KEYS)
    other = data.draw(st.lists(st.integers(0, 90), min_size=len(points), max_size=len(points)))
    changed = points.with_columns(
        value=pl.when(pl.col("segment") < newest).then(pl.Series(other, dtype=pl.Float64)).otherwise("value")
    )
    assert trends(changed, declared).equals(trends(points, declared))


@given(many())
def test_the_mirror_image_of_a_series_has_the_mirror_image_of_its_trend(points: pl.DataFrame) -> None:
    found, mirrored = trends(points, declare()), trends(points.with_columns(-pl.col("value")), declare())
    turned = {"increasing": "decreasing", "decreasing": "increasing", "no_change": "no_change"}
    assert mirrored["p_value"].equals(found["p_value"])
    assert mirrored["direction"].equals(found["direction"].replace(turned))
    for mine, its in (("slope", "slope"), ("lower_95", "upper_95"), ("upper_95", "lower_95")):
        assert mirrored[mine].to_list() == pytest.approx((-found[its]).to_list(), abs=1e-12)


def test_no_points_give_no_trends() -> None:
    assert trends(series({}), declare()).schema == SCHEMA


# What is refused


@pytest.mark.parametrize(
    ("points", "declared", "message"),
    [
        (series(RISING, value=pl.Series([None] * 5, dtype=pl.Float64)), declare(), "value"),
        (series(RISING, value=pl.Series([float("nan")] * 5)), declare(), "value"),
        (series(RISING, area_id=pl.lit(None, pl.String)), declare(), "area_id"),
        (series(RISING, year=pl.Series([2020] * 5)), declare(), "two values"),
        (series(RISING, "other"), declare(), "other"),
        (series(RISING), pl.concat([declare(), declare()]), "twice"),
        (series(RISING), declare(polarity="better"), "polarity"),
        (series(RISING), declare("exact"), "interval_method"),
        (series(RISING), declare(mean=0), "mean_of_years"),
    ],
)
def test_points_and_declarations_that_cannot_be_are_refused(
    points: pl.DataFrame, declared: pl.DataFrame, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        trends(points, declared)
