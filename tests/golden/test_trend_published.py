"""Trends that others have published or compute: Fingertips' calculator, the tables of Kendall's S, scipy, and counting.

The cases with counts are those of OHID Fingertips, tests of the trend marker calculator.
"""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from indicators.statistics import kendall
from indicators.statistics.kendall import exact_p, inversions_cdf, kendall_trends, s_variance, tie_counts
from indicators.statistics.trend import CHI2_998, proportion_trends, rate_trends, trends

Row = tuple[float, ...]  # count, denominator, value, lower, upper

RATE_RISING: list[Row] = [
    (994, 40299, 24.67, 23.16, 26.25),
    (1023, 41527, 24.6, 23.15, 26.19),
    (1199, 42811, 28, 26.44, 29.64),
    (1332, 44064, 30.2, 28.63, 31.9),
    (1367, 44701, 30.6, 28.98, 32.25),
]
NOT_SIGNIFICANT: list[Row] = [
    (209, 1017, 20.5506, 18.1803, 23.1427),
    (213, 1087, 19.5952, 17.3444, 22.0602),
    (213, 1119, 19.0349, 16.8421, 21.4394),
    (239, 1117, 21.3966, 19.0918, 23.8975),
    (210, 1139, 18.4372, 16.2925, 20.7941),
]
DIABETES: list[Row] = [
    (3455176, 48783947, 7.0826, 7.0754, 7.094),
    (3491868, 49122259, 7.1085, 7.1013, 7.1199),
    (3625401, 49956777, 7.2571, 7.2499, 7.2684),
    (3774801, 50649129, 7.4528, 7.4456, 7.4643),
    (3938080, 51441896, 7.6554, 7.6481, 7.6669),
]
EYE_DISEASE: list[Row] = [
    (1416, 48246126, 2.935, 2.7841, 3.0919),
    (935, 48440507, 1.93028, 1.8085, 2.058),
    (1344, 48753376, 2.7567, 2.6113, 2.9082),
    (1415, 49300918, 2.8701, 2.7225, 3.0237),
    (1502, 49866388, 3.0121, 2.8616, 3.1683),
]
MMR: list[Row] = [(57274, 61834), (55865, 60511), (53681, 59074), (51767, 57508), (53185, 59028)]
UNCHANGED: list[Row] = [(5405, 18095), (5500, 18170), (5435, 18005), (5480, 17890), (5315, 17860)]
FALLING: list[Row] = [(22435, 65880), (22445, 67900), (21365, 68705), (20955, 69835), (19055, 70910)]


def column(rows: list[Row], number: int) -> np.ndarray:
    return np.array([[row[number] for row in rows]], dtype=float)


def counter(rows: list[Row]) -> np.ndarray:
    return np.arange(1, len(rows) + 1)[None, :]


def rate_chi2(rows: list[Row]) -> float:
    return rate_trends(column(rows, 2), column(rows, 3), column(rows, 4), counter(rows)).chi2.item()


def proportion_chi2(rows: list[Row]) -> float:
    return proportion_trends(column(rows, 0), column(rows, 1), counter(rows)).chi2.item()


def judged(rows: list[Row], method: str) -> dict[str, object]:
    """The one trend of the rows; per cent of their counts, within a half, where no value was published."""
    per_cent = [100 * row[0] / row[1] for row in rows]
    value, lower, upper = zip(
        *(row[2:] or (v, v - 0.5, v + 0.5) for row, v in zip(rows, per_cent, strict=True)), strict=True
    )
    points = pl.DataFrame(
        {
            "indicator_id": "published",
            "area_id": "E92000001",
            "sex": "T",
            "year": range(2020, 2020 + len(rows)),
            "value": value,
            "numerator": [row[0] for row in rows],
            "denominator": [float(row[1]) for row in rows],
            "lower_95": lower,
            "upper_95": upper,
            "segment": 0,
        }
    )
    declared = {"indicator_id": "published", "polarity": "no_judgement", "interval_method": method, "mean_of_years": 1}
    found = trends(points, pl.DataFrame(declared)).to_dicts()
    assert len(found) == 1
    return found[0]


def test_chi_square_is_the_published_one_in_both_forms() -> None:
    assert rate_chi2(RATE_RISING) == pytest.approx(46.77, abs=0.005)
    assert proportion_chi2(RATE_RISING) == pytest.approx(47.90, abs=0.005)


def test_chi_square_of_proportions_is_the_published_one_to_four_decimals() -> None:
    assert proportion_chi2(UNCHANGED) == pytest.approx(0.0180, abs=0.00005)
    assert proportion_chi2(FALLING) == pytest.approx(978.2845, abs=0.00005)


def test_what_is_not_significant_is_so_in_both_forms() -> None:
    assert rate_chi2(NOT_SIGNIFICANT) < CHI2_998
    assert proportion_chi2(NOT_SIGNIFICANT) < CHI2_998


@pytest.mark.parametrize(
    ("rows", "method", "form", "direction"),
    [
        (RATE_RISING, "poisson", "fingertips_rate", "increasing"),
        ([row[:2] for row in RATE_RISING], "wilson", "fingertips_proportion", "increasing"),
        (NOT_SIGNIFICANT, "wilson", "fingertips_proportion", "no_change"),
        (NOT_SIGNIFICANT, "poisson", "fingertips_rate", "no_change"),
        (DIABETES, "wilson", "fingertips_proportion", "increasing"),
        (MMR, "wilson", "fingertips_proportion", "decreasing"),
        (EYE_DISEASE, "poisson", "fingertips_rate", "increasing"),
        (UNCHANGED, "wilson", "fingertips_proportion", "no_change"),
        (FALLING, "wilson", "fingertips_proportion", "decreasing"),
    ],
)
def test_the_direction_is_the_published_one(rows: list[Row], method: str, form: str, direction: str) -> None:
    found = judged(rows, method)
    assert (found["method"], found["direction"], found["n"]) == (form, direction, 5)


@pytest.mark.parametrize(
    ("n", "s", "arrangements", "of"),
    [
        (5, 10, 2, 120),
        (5, 8, 10, 120),
        (5, 6, 28, 120),
        (5, 0, 120, 120),
        (6, 13, 12, 720),
        (8, 28, 2, 40320),
        (8, 26, 16, 40320),
        (10, 45, 2, 3628800),
        (10, 43, 20, 3628800),
    ],
)
def test_p_is_that_of_the_table_of_kendalls_s(n: int, s: int, arrangements: int, of: int) -> None:
    for sign in (1, -1):
        p = exact_p(np.array([sign * s]), np.ones((1, n), dtype=np.int64)).item()
        assert p == pytest.approx(arrangements / of, rel=1e-14)


@pytest.mark.parametrize(
    ("values", "s", "p"),
    [
        # 1 1 2 3 4: 60 arrangements, 1 with no inversion, 3 more with one.
        ([1, 1, 2, 3, 4], 9, 2 / 60),
        ([1, 1, 2, 4, 3], 7, 8 / 60),
        # 1 1 1 2 2 has 10 arrangements: 1 with no inversion, 1 with one, 2 with two.
        ([1, 1, 1, 2, 2], 6, 2 / 10),
        ([1, 1, 2, 1, 2], 4, 4 / 10),
        ([1, 1, 2, 2, 1], 2, 8 / 10),
        ([1, 2, 1, 2, 1], 0, 1),
    ],
)
def test_p_with_ties_is_counted_by_hand(values: list[float], s: int, p: float) -> None:
    row = np.array([values], dtype=float)
    assert exact_p(np.array([s]), tie_counts(row)).item() == pytest.approx(p, rel=1e-14)


distinct = st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30, unique=True)
tied = st.lists(st.integers(0, 4), min_size=2, max_size=7)


def row(values: Any) -> np.ndarray:
    return np.array([values], dtype=float)


def years(n: int) -> np.ndarray:
    return np.arange(2001, 2001 + n)[None, :]


def s_of(values: Any) -> int:
    return sum((b > a) - (b < a) for a, b in itertools.combinations(values, 2))


@given(distinct)
def test_without_ties_p_is_scipys(values: list[int]) -> None:
    expected = stats.kendalltau(range(len(values)), values, method="exact").pvalue
    found = kendall_trends(row(values), years(len(values)))
    assert found.s.item() == s_of(values)
    assert found.p_value.item() == pytest.approx(expected, rel=1e-9)


@cache
def counted(values: tuple[int, ...]) -> Counter[int]:
    return Counter(s_of(arranged) for arranged in itertools.permutations(values))


@given(tied)
def test_with_ties_p_is_what_counting_all_arrangements_gives(values: list[int]) -> None:
    found = counted(tuple(sorted(values)))
    extreme = sum(count for s, count in found.items() if abs(s) >= abs(s_of(values)))
    p = kendall_trends(row(values), years(len(values))).p_value.item()
    assert p == pytest.approx(extreme / found.total(), rel=1e-12)


@given(tied)
def test_the_variance_of_s_is_that_of_all_arrangements(values: list[int]) -> None:
    found = counted(tuple(sorted(values)))
    expected = Fraction(sum(count * s * s for s, count in found.items()), found.total())
    assert s_variance(tie_counts(row(values))).item() == pytest.approx(float(expected))


def whole_numbers(ties: tuple[int, ...]) -> list[int]:
    """MacMahon's quotient of products in whole numbers, by inversions."""
    pairs = sum(ties) * (sum(ties) - 1) // 2
    found = [1] + [0] * pairs
    for i in range(1, sum(ties) + 1):
        for at in range(pairs, i - 1, -1):
            found[at] -= found[at - i]
    for i in (i for t in ties for i in range(1, t + 1)):
        for at in range(i, pairs + 1):
            found[at] += found[at - i]
    return found[: pairs - sum(t * (t - 1) // 2 for t in ties) + 1]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12).map(sorted))
@settings(max_examples=30)
def test_a_long_run_loses_no_accuracy(ties: list[int]) -> None:
    ties = [1] * max(0, 20 - sum(ties)) + ties
    expected = list(itertools.accumulate(whole_numbers(tuple(ties))))
    found = inversions_cdf(tuple(ties))
    assert len(found) == len(expected)
    for a, b in zip(found.tolist(), expected, strict=True):
        assert a == pytest.approx(b / expected[-1], rel=1e-12)


def test_a_run_of_more_points_than_factorials_fit_in_a_float() -> None:
    values = np.random.default_rng(4).permutation(200) + np.arange(200) * 0.1234567
    expected = stats.kendalltau(range(200), values, method="exact").pvalue
    assert 0 < expected < 0.1
    assert kendall_trends(row(values), years(200)).p_value.item() == pytest.approx(expected, rel=1e-6)
    assert 0 < kendall_trends(row(range(200)), years(200)).p_value.item() < 1e-300


def test_patterns_that_differ_in_their_smallest_groups_only_are_told_apart() -> None:
    # 18 and 17 groups of 47 points, the last 16 the same: 16 digits to base 16 fill a whole number by themselves.
    ties = np.array([[0] * 29 + [1, 1] + [2] * 15 + [15], [0] * 30 + [2] + [2] * 15 + [15]])
    s = 47 * 46 // 2 - (ties * (ties - 1)).sum(axis=1) // 2 - 2 * 300
    alone = [exact_p(s[i : i + 1], ties[i : i + 1]).item() for i in range(2)]
    assert alone[0] != alone[1]
    assert exact_p(s, ties).tolist() == alone


def test_each_series_has_the_p_of_its_own_ties_also_where_the_patterns_are_many() -> None:
    values = np.random.default_rng(1).integers(0, 30, size=(400, 45)).astype(float)
    ties = tie_counts(values)
    assert len(np.unique(ties, axis=0)) > 100
    s = np.array([s_of(line) for line in values.tolist()])
    alone = [exact_p(s[i : i + 1], ties[i : i + 1]).item() for i in range(len(s))]
    assert exact_p(s, ties).tolist() == alone


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).integers(0, 9, size=(50, 7)).astype(float)
    whole = kendall_trends(values, np.tile(years(7), (50, 1)))
    monkeypatch.setattr(kendall, "BLOCK_BYTES", 8 * 21 * 3)
    for a, b in zip(whole, kendall_trends(values, np.tile(years(7), (50, 1))), strict=True):
        assert a.tolist() == b.tolist()


@given(st.dictionaries(st.integers(1990, 2024), st.integers(0, 50), min_size=2, max_size=20))
def test_the_slope_is_scipys_and_lies_within_its_limits(points: dict[int, int]) -> None:
    at = sorted(points)
    values = [points[year] / 7 for year in at]
    found = kendall_trends(row(values), np.array([at]))
    assert found.slope.item() == pytest.approx(stats.theilslopes(values, at).slope, abs=1e-12)
    slopes = sorted((points[b] - points[a]) / 7 / (b - a) for a, b in itertools.combinations(at, 2))
    half = 1.96 * float(np.sqrt(s_variance(tie_counts(row(values))).item())) / 2
    places = [len(slopes) / 2 - half - 1, len(slopes) / 2 + half]
    expected = np.interp(places, range(len(slopes)), slopes)
    assert [found.lower_95.item(), found.upper_95.item()] == pytest.approx(expected.tolist(), abs=1e-12)
    assert found.lower_95.item() - 1e-12 <= found.slope.item() <= found.upper_95.item() + 1e-12


def test_the_limits_of_a_small_case_are_those_worked_out_by_hand() -> None:
    # 1 2 4 7 11 16: 15 slopes, Var(S) = 6*5*17/18 = 28.33, C = 10.433: the 2.284th and the 13.716th slope.
    # Ascending: 1, 1.5, 2, 2, 2.5, 2.5, 3, 3, 3, 3.5, 3.5, 4, 4, 4.5, 5.
    found = kendall_trends(row([1, 2, 4, 7, 11, 16]), years(6))
    assert found.slope.item() == 3
    assert found.lower_95.item() == pytest.approx(1.5 + 0.2837 * 0.5, abs=1e-4)
    assert found.upper_95.item() == pytest.approx(4 + 0.7163 * 0.5, abs=1e-4)
