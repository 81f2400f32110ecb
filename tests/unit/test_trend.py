"""Trends: which points answer which question, what the words say, and what never changes a trend."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.statistics.prewhitened import MARGIN, MOST_AUTOCORRELATION, fitted, residual_autocorrelation
from indicators.statistics.trend import FEWEST, LEVEL, LONG_RUN, RECENT, RECENT_YEARS, SCHEMA, trends

KEYS = ["indicator_id", "area_id", "sex"]
Points = dict[int, float]


def series(values: Points, indicator: str = "i", area: str = "0114", sex: str = "T", **columns: Any) -> pl.DataFrame:
    """Points of one series."""
    found = {
        "indicator_id": indicator,
        "area_id": area,
        "sex": sex,
        "year": pl.Series(list(values), dtype=pl.Int64),
        "value": pl.Series(list(values.values()), dtype=pl.Float64),
        "segment": 0,
    }
    return pl.select(**{k: pl.lit(v) if isinstance(v, str | int) else v for k, v in (found | columns).items()})


def declare(mean: int = 1, polarity: str = "higher_better", name: str = "i") -> pl.DataFrame:
    return pl.DataFrame({"indicator_id": [name], "polarity": [polarity], "mean_of_years": [mean]})


def both(points: pl.DataFrame, declared: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The two rows of the one series of the points, by horizon."""
    found = trends(points, declared)
    assert dict(found.schema) == dict(SCHEMA)
    assert found["horizon"].to_list() == [LONG_RUN, RECENT]
    return {row["horizon"]: row for row in found.to_dicts()}


def recent(values: Points, declared: pl.DataFrame | None = None) -> dict[str, Any]:
    return both(series(values), declare() if declared is None else declared)[RECENT]


def since(first: int, values: Any) -> Points:
    return {first + i: value for i, value in enumerate(values)}


NUMBERS = ("autocorrelation", "slope", "lower_95", "upper_95", "p_value")
RISING = since(2016, [20.0, 21.1, 21.9, 23.0, 24.2, 25.0, 25.9])
FALLING = {year: 45 - value for year, value in RISING.items()}
STILL = since(2016, [20.0, 25.0, 20.0, 25.0, 20.0, 25.0, 20.0])


def before(values: Points, step: float, years: int = 10) -> Points:
    """The same with years before it, that reach its first value by that step a year."""
    first, wave = min(values), (0.0, 0.3, -0.2)
    steps = range(years, 0, -1)
    return {first - k: values[first] - step * k + wave[k % 3] for k in steps} | values


# The test of one run


def test_equal_values_have_no_trend() -> None:
    found = recent(since(2016, [0.1] * 7))
    assert [found[k] for k in NUMBERS] == [None, 0, None, None, 1]  # years that never move do not say how sure that is
    assert found["direction"] == "no_change"


def test_noise_in_the_last_digits_is_no_trend() -> None:
    found = recent(since(2016, [1e6 + k * 1e-4 for k in range(7)]))
    assert (found["slope"], found["p_value"], found["direction"]) == (0, 1, "no_change")


def test_a_line_without_any_noise_is_a_trend_with_a_p_over_0() -> None:
    found = recent(since(2016, range(7)))
    assert 0 < found["p_value"] < 1e-10
    assert (found["slope"], found["direction"]) == (pytest.approx(1), "increasing")


def test_the_limits_leave_0_out_just_where_p_is_below_the_level() -> None:
    chance = np.random.default_rng(8)
    drawn = [
        recent(since(2016, chance.standard_normal(7) + 0.4 * np.arange(7) * (number % 3))) for number in range(300)
    ]
    assert {row["direction"] for row in drawn} == {"increasing", "decreasing", "no_change"}
    for row in drawn:
        significant = row["p_value"] < LEVEL
        assert significant == (row["direction"] != "no_change") == (row["lower_95"] > 0 or row["upper_95"] < 0)


def test_a_short_series_reckons_with_the_most_autocorrelation_and_a_long_one_with_its_own() -> None:
    chance = np.random.default_rng(2)
    noise = since(1990, chance.standard_normal(33))
    found = both(series(noise), declare())
    assert found[RECENT]["autocorrelation"] == MOST_AUTOCORRELATION
    values, years = np.array([list(noise.values())]), np.array([list(noise)])
    estimate = residual_autocorrelation(values, years)
    expected = (33 * estimate.item() + 2) / 29 + MARGIN / 33
    assert 0 < expected < MOST_AUTOCORRELATION
    assert found[LONG_RUN]["autocorrelation"] == pytest.approx(expected)
    by_itself = fitted(values, years, np.array([expected]))
    assert found[LONG_RUN]["p_value"] == pytest.approx(by_itself.p_value.item())
    jumping = both(series(since(1990, [(-1.0) ** k for k in range(33)])), declare())
    assert jumping[LONG_RUN]["autocorrelation"] == 0


# Which points answer which question


def test_recent_is_the_last_seven_calendar_years_and_the_long_run_is_all() -> None:
    found = both(series(before(RISING, -1.0)), declare())
    assert RECENT_YEARS == 7
    assert [found[RECENT][k] for k in ("first_year", "last_year", "n")] == [2016, 2022, 7]
    assert [found[LONG_RUN][k] for k in ("first_year", "last_year", "n")] == [2006, 2022, 17]
    alone = recent(RISING)
    assert [found[RECENT][k] for k in (*NUMBERS, "direction")] == [alone[k] for k in (*NUMBERS, "direction")]


def test_no_value_before_the_window_changes_the_recent_trend_but_its_words_on_the_long_run() -> None:
    rows = [both(series(before(RISING, step)), declare())[RECENT] for step in (-3.0, 0.0, 1.0)]
    assert len({tuple(row[k] for k in (*NUMBERS, "direction", "n")) for row in rows}) == 1
    assert len({row["verdict"] for row in rows}) > 1


def test_the_window_ends_with_the_newest_year_of_the_indicator_not_of_the_area() -> None:
    elsewhere = series({2025: 1.0}, area="0115")
    found = trends(pl.concat([series(before(RISING, 1.0)), elsewhere]), declare()).filter(area_id="0114")
    old = found.row(by_predicate=pl.col("horizon") == RECENT, named=True)
    assert (old["first_year"], old["last_year"], old["n"]) == (2019, 2022, 4)
    assert old["not_estimable_reason"] == "too_few_points"
    assert found["n"].to_list() == [17, 4]


def test_an_area_without_any_recent_year_has_none_and_says_so() -> None:
    elsewhere = series({2040: 1.0}, area="0115")
    found = trends(pl.concat([series(RISING), elsewhere]), declare()).filter(area_id="0114", horizon=RECENT)
    assert found.select("first_year", "last_year", "n").row(0) == (None, None, 0)
    assert found["not_estimable_reason"].item() == "too_few_points"


def test_a_run_without_a_year_before_the_window_says_nothing_of_the_long_run() -> None:
    found = both(series(RISING), declare())
    assert found[RECENT]["direction"] == "increasing"
    assert found[LONG_RUN]["not_estimable_reason"] == "no_longer_than_recent"
    assert [found[LONG_RUN][k] for k in (*NUMBERS, "direction", "method")] == [None] * 7
    assert both(series({2015: 19.0} | RISING), declare())[LONG_RUN]["direction"] == "increasing"


def test_a_run_of_no_more_years_than_the_recent_ones_says_nothing_of_the_long_run_wherever_it_lies() -> None:
    elsewhere = series({2022: 1.0}, area="0115")
    for first, reason in ((2009, "no_longer_than_recent"), (2008, None)):
        ended = series({year: float(year + year % 3) for year in range(first, 2016)})
        found = trends(pl.concat([ended, elsewhere]), declare()).filter(area_id="0114", horizon=LONG_RUN)
        assert found["not_estimable_reason"].item() == reason


def test_who_stopped_before_a_break_has_no_trend_as_little_as_those_who_went_on() -> None:
    went_on = [series({2021: 5.0, 2022: 5.5}, area="0115", segment=2021)]
    stopped = series(since(2005, [float(n) for n in range(16)]))
    found = trends(pl.concat([stopped, *went_on]), declare())
    for row in found.iter_rows(named=True):
        assert (row["direction"], row["not_estimable_reason"]) == (None, "too_few_points_after_break")
    gone = found.filter(area_id="0114")
    assert gone.select("first_year", "last_year", "n").rows() == [(None, None, 0)] * 2
    assert trends(stopped, declare())["direction"].to_list() == ["increasing"] * 2


def test_a_series_that_ended_before_the_indicator_is_told_with_its_years() -> None:
    elsewhere = series({2023: 1.0}, area="0115")
    found = trends(pl.concat([series(before(RISING, 1.0)), elsewhere]), declare()).filter(area_id="0114")
    assert found.filter(horizon=LONG_RUN)["verdict"].item().startswith("ökar och förbättras (2006–2022)")
    assert both(series(before(RISING, 1.0)), declare())[LONG_RUN]["verdict"] == "ökar och förbättras"


def test_a_survey_that_skipped_a_year_is_judged_by_its_six() -> None:
    skipped = {year: value for year, value in RISING.items() if year != 2021}
    found = recent(skipped)
    assert (found["n"], found["first_year"], found["direction"]) == (6, 2016, "increasing")
    # The slope is of calendar years: without noise it is the same with a gap.
    line = recent({year: 2.5 * year for year in skipped})
    assert line["slope"] == pytest.approx(2.5)


def test_four_points_are_not_judged_and_five_are() -> None:
    five = {year: value for year, value in RISING.items() if year not in (2017, 2021)}
    assert (recent(five)["n"], recent(five)["direction"]) == (FEWEST, "increasing")
    found = recent({year: value for year, value in five.items() if year != 2019})
    assert (found["n"], found["not_estimable_reason"]) == (4, "too_few_points")


def test_means_that_overlap_are_thinned_from_the_newest_back_and_too_few_for_the_recent_years() -> None:
    values = {year: float((year - 2024) ** 2) for year in range(2004, 2025)}
    found = both(series(values), declare(mean=3))
    thinned = both(series({year: values[year] for year in range(2006, 2025, 3)}), declare())
    same = ("first_year", "last_year", "n", *NUMBERS, "direction")
    assert [found[LONG_RUN][k] for k in same] == [thinned[LONG_RUN][k] for k in same]
    assert [found[LONG_RUN][k] for k in same[:3]] == [2006, 2024, 7]
    assert found[RECENT]["not_estimable_reason"] == "overlapping_means"


@pytest.mark.parametrize(
    ("n", "mean", "segment", "reasons"),
    [
        (4, 1, 0, ("too_few_points", "too_few_points")),
        (4, 1, 2019, ("too_few_points_after_break", "too_few_points_after_break")),
        (7, 3, 0, ("overlapping_means", "overlapping_means")),
        (12, 3, 0, ("overlapping_means", "overlapping_means")),
        (12, 3, 2011, ("overlapping_means", "overlapping_means")),
        (7, 1, 2016, ("no_longer_than_recent", None)),
        (1, 1, 0, ("too_few_points", "too_few_points")),
    ],
)
def test_what_cannot_be_judged_says_why(n: int, mean: int, segment: int, reasons: tuple[str | None, ...]) -> None:
    values = since(2023 - n, range(20, 20 + n))
    found = both(series(values, segment=segment), declare(mean))
    assert (found[LONG_RUN]["not_estimable_reason"], found[RECENT]["not_estimable_reason"]) == reasons
    for row in found.values():
        if row["not_estimable_reason"]:
            assert [row[k] for k in ("method", *NUMBERS, "direction", "horizons_agree")] == [None] * 8
            assert row["last_year"] == 2022
            assert row["verdict"].startswith("kan inte bedömas")
        else:
            assert (row["method"], row["verdict"]) == ("prewhitened", "ökar och förbättras")


def test_a_break_before_the_window_does_not_excuse_too_few_recent_years() -> None:
    points = series({2008: 1.0, 2010: 2.0, 2018: 2.5, 2022: 2.0}, segment=2008)
    assert both(points, declare())[RECENT]["not_estimable_reason"] == "too_few_points"
    assert both(points, declare())[LONG_RUN]["not_estimable_reason"] == "too_few_points_after_break"


# The words


@pytest.mark.parametrize(
    ("polarity", "up", "down"),
    [
        ("higher_better", "ökar och förbättras", "minskar och försämras"),
        ("lower_better", "ökar och försämras", "minskar och förbättras"),
        ("no_judgement", "ökar, utan bedömning", "minskar, utan bedömning"),
    ],
)
def test_the_verdict_follows_direction_and_polarity(polarity: str, up: str, down: str) -> None:
    for values, verdict in ((RISING, up), (FALLING, down), (STILL, "ingen säkerställd förändring")):
        assert recent(values, declare(polarity=polarity))["verdict"] == verdict


def test_where_the_two_agree_nothing_is_added() -> None:
    found = both(series(before(RISING, 1.0)), declare())
    assert {row["verdict"] for row in found.values()} == {"ökar och förbättras"}
    assert {row["horizons_agree"] for row in found.values()} == {True}


def test_where_the_two_disagree_each_sentence_says_what_the_other_is() -> None:
    found = both(series(before(RISING, -0.8)), declare())
    assert found[RECENT]["verdict"] == "ökar och förbättras; på lång sikt (2006–2022): ingen säkerställd förändring"
    assert found[LONG_RUN]["verdict"] == "ingen säkerställd förändring; på senare år (2016–2022): ökar och förbättras"
    assert {row["horizons_agree"] for row in found.values()} == {False}
    found = both(series(before(RISING, -1.5, years=20)), declare(polarity="no_judgement"))
    assert found[RECENT]["verdict"] == "ökar, utan bedömning; på lång sikt (1996–2022): minskar"
    assert found[LONG_RUN]["verdict"] == "minskar, utan bedömning; på senare år (2016–2022): ökar"


def test_where_recent_years_cannot_be_judged_the_long_run_is_told_as_that() -> None:
    values = {year: value for year, value in before(RISING, 1.0).items() if year not in (2017, 2019, 2021)}
    found = both(series(values), declare())
    assert found[RECENT]["verdict"] == "kan inte bedömas; på lång sikt (2006–2022): ökar och förbättras"
    assert found[LONG_RUN]["verdict"] == "ökar och förbättras"
    assert {row["horizons_agree"] for row in found.values()} == {None}


# What never changes a trend


def test_each_indicator_and_series_is_judged_by_itself() -> None:
    """A frame of many series gives each the rows that it gets alone, in the order of the keys."""
    rng = np.random.default_rng(3)
    parts, declared = [], []
    for name, mean in (("b", 1), ("a", 2), ("c", 3)):
        declared.append(declare(mean, name=name))
        parts += [
            series({2024: 1.0} | since(2005, rng.integers(1, 99, rng.integers(1, 18)).astype(float)), name, area, sex)
            for area in ("0115", "0114")
            for sex in ("T", "K", "M")
        ]
    found = trends(pl.concat(parts), pl.concat(declared))
    alone = [trends(part, pl.concat(declared)) for part in parts]
    assert found.equals(pl.concat(alone).sort(*KEYS, "horizon"))
    assert set(found["method"]) == {None, "prewhitened"}


@st.composite
def many(draw: st.DrawFn) -> pl.DataFrame:
    """Series of one indicator, with holes, ties and breaks."""
    parts = []
    for area in ("0114", "0115", "0117")[: draw(st.integers(1, 3))]:
        values = draw(st.dictionaries(st.integers(2004, 2024), st.integers(0, 20), min_size=1, max_size=21))
        broken = draw(st.sampled_from([0, 2012, 2016]))
        segment = pl.Series([broken if year >= broken else 0 for year in values])
        parts.append(series({k: v / 10 for k, v in values.items()}, area=area, segment=segment))
    return pl.concat(parts)


declared = st.builds(declare, st.integers(1, 3))


@given(many(), declared)
def test_every_series_has_two_rows_with_a_true_probability(points: pl.DataFrame, declared: pl.DataFrame) -> None:
    found = trends(points, declared)
    series = points.select(KEYS).unique().sort(KEYS)
    for horizon in (LONG_RUN, RECENT):
        assert found.filter(horizon=horizon).select(KEYS).equals(series)
    assert ((found["p_value"] > 0) & (found["p_value"] <= 1)).all()
    assert found["autocorrelation"].drop_nulls().is_between(0, MOST_AUTOCORRELATION).all()
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
        (series(RISING, value=pl.Series([None] * 7, dtype=pl.Float64)), declare(), "value"),
        (series(RISING, value=pl.Series([float("nan")] * 7)), declare(), "value"),
        (series(RISING, area_id=pl.lit(None, pl.String)), declare(), "area_id"),
        (series(RISING, year=pl.Series([2020] * 7)), declare(), "two values"),
        (series(RISING, "other"), declare(), "other"),
        (series(RISING), pl.concat([declare(), declare()]), "twice"),
        (series(RISING), declare(polarity="better"), "polarity"),
        (series(RISING), declare(mean=0), "mean_of_years"),
    ],
)
def test_points_and_declarations_that_cannot_be_are_refused(
    points: pl.DataFrame, declared: pl.DataFrame, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        trends(points, declared)
