"""Trends that others have published or compute: NIST, OHID's markers, statsmodels, scipy, pymannkendall.

The cases with counts are those of OHID Fingertips, tests of the trend marker calculator.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.stattools import acf

from indicators.statistics.prewhitened import fitted, residual_autocorrelation
from indicators.statistics.trend import trends
from tests.calibration import trend_candidates

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


# NIST, Statistical Reference Datasets, Linear Regression, Norris: the certified values of the slope.
NORRIS_X = [
    0.2, 337.4, 118.2, 884.6, 10.1, 226.5, 666.3, 996.3, 448.6, 777.0, 558.2, 0.4, 0.6, 775.5, 666.9, 338.0, 447.5,
    11.6, 556.0, 228.1, 995.8, 887.6, 120.2, 0.3, 0.3, 556.8, 339.1, 887.2, 999.0, 779.0, 11.1, 118.3, 229.2, 669.1,
    448.9, 0.5,
]  # fmt: skip
NORRIS_Y = [
    0.1, 338.8, 118.1, 888.0, 9.2, 228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3, 0.1, 778.1, 668.8, 339.3, 448.9, 10.8,
    557.7, 228.3, 998.0, 888.8, 119.6, 0.3, 0.6, 557.6, 339.3, 888.0, 998.5, 778.9, 10.2, 117.6, 228.9, 668.4, 449.2,
    0.2,
]  # fmt: skip
NORRIS_SLOPE, NORRIS_ERROR = 1.00211681802045, 0.000429796848199937


def test_without_autocorrelation_slope_and_error_are_those_that_nist_certifies() -> None:
    found = fitted(np.array([NORRIS_Y]), np.array([NORRIS_X]), np.zeros(1))  # type: ignore[arg-type]
    error = (found.upper_95 - found.slope) / stats.t.isf(0.025, len(NORRIS_X) - 2)
    assert found.slope.item() == pytest.approx(NORRIS_SLOPE, rel=1e-13)
    assert error.item() == pytest.approx(NORRIS_ERROR, rel=1e-10)


runs = st.dictionaries(st.integers(1990, 2024), st.integers(-500, 500), min_size=6, max_size=30).filter(
    lambda points: len(set(points.values())) > 2
)


@given(runs, st.floats(0, 0.9))
def test_slope_limits_and_p_are_those_of_statsmodels(points: dict[int, int], autocorrelation: float) -> None:
    years = sorted(points)
    values = np.array([points[year] / 7 for year in years])
    n = np.arange(len(years))
    covariance = autocorrelation ** np.abs(n[:, None] - n)
    expected = sm.GLS(values, sm.add_constant(np.array(years) - years[0]), sigma=covariance).fit()
    found = fitted(values[None, :], np.array([years]), np.array([autocorrelation]))
    assert found.slope.item() == pytest.approx(expected.params[1], rel=1e-6, abs=1e-9)
    assert [found.lower_95.item(), found.upper_95.item()] == pytest.approx(expected.conf_int()[1], rel=1e-6, abs=1e-7)
    assert found.p_value.item() == pytest.approx(expected.pvalues[1], rel=1e-5, abs=1e-7)


@given(runs)
def test_the_autocorrelation_is_statsmodels_of_what_scipys_line_leaves(points: dict[int, int]) -> None:
    years = np.array(sorted(points))
    values = np.array([points[year] / 7 for year in years])
    line = stats.linregress(years, values)
    rest = values - line.intercept - line.slope * years
    if (rest**2).sum() < 1e-12:
        return
    found = residual_autocorrelation(values[None, :], years[None, :]).item()
    assert found == pytest.approx(acf(rest, nlags=1)[1], abs=1e-6)


def ohid(rows: list[Row]) -> np.ndarray:
    """The values in per cent of their counts."""
    return np.array([[100 * row[0] / row[1] for row in rows]])


OHID = pytest.mark.parametrize(
    ("rows", "marker"),
    [
        (RATE_RISING, "increasing"),
        (NOT_SIGNIFICANT, "no_change"),
        (DIABETES, "increasing"),
        (MMR, "decreasing"),
        (EYE_DISEASE, "increasing"),
        (UNCHANGED, "no_change"),
        (FALLING, "decreasing"),
    ],
)


def judged(rows: list[Row]) -> str:
    points = pl.DataFrame(
        {
            "indicator_id": "published",
            "area_id": "E92000001",
            "sex": "T",
            "year": range(2020, 2020 + len(rows)),
            "value": ohid(rows)[0],
            "segment": 0,
        }
    )
    declared = {"indicator_id": "published", "polarity": "no_judgement", "mean_of_years": 1}
    return str(trends(points, pl.DataFrame(declared)).filter(horizon="recent")["direction"].item())


@OHID
def test_no_trend_is_found_where_ohids_marker_finds_none_and_none_the_other_way(rows: list[Row], marker: str) -> None:
    """Their chi-square takes chance in counting persons as the only chance; here years may differ by more than that."""
    assert judged(rows) in {marker, "no_change"}


def test_of_ohids_seven_the_two_steadiest_are_trends_here_too() -> None:
    cases = (RATE_RISING, NOT_SIGNIFICANT, DIABETES, MMR, EYE_DISEASE, UNCHANGED, FALLING)
    assert [rows for rows in cases if judged(rows) != "no_change"] == [DIABETES, FALLING]


# The tests that calibration compares with ours: p of pymannkendall 1.4.3 (Hussain and Mahmud, Journal of Open Source
# Software 4 (39), 2019): hamed_rao_modification_test, pre_whitening_modification_test and
# trend_free_pre_whitening_modification_test.
GR_80 = [
    4.330982656029145, 4.334826852824282, 4.4793926773054515, 4.5727665537935245, 4.613320617043725, 4.639352959725876,
    4.668435983762061, 4.661559285924681, 4.652854461483469, 4.611469017169982, 4.576972810471263, 4.53580889274105,
    4.520534923534587, 4.490933008614077, 4.442392133362531, 4.378073952315391, 4.341279145755743, 4.306160418736512,
    4.301385906042031, 4.292843265772506, 4.295072827196357, 4.3396843061813115, 4.383798577285269, 4.471414671809298,
    4.614379010037958,
]  # fmt: skip
TEN = [3.1, 2.7, 4.4, 3.9, 5.2, 4.8, 4.1, 5.9, 6.3, 5.5]
FIFTEEN = [9.1, 8.7, 8.95, 8.2, 8.31, 7.4, 7.9, 6.6, 7.05, 6.2, 6.45, 5.8, 5.1, 5.33, 4.2]


@pytest.mark.parametrize(
    ("values", "hamed_rao", "prewhitened", "trend_free"),
    [
        (GR_80, 0.12028676147809603, 0.11812849523841984, 1.1315309361270565e-05),
        (TEN, 0.01226606138621289, 0.17530808080827365, 0.01648865672767008),
        (FIFTEEN, 0.0, 0.01600615515316317, 2.5008481938648686e-06),
    ],
)
def test_the_tests_that_are_compared_give_what_pymannkendall_gives(
    values: list[float], hamed_rao: float, prewhitened: float, trend_free: float
) -> None:
    series = np.array([values])
    assert trend_candidates.hamed_rao(series).item() == pytest.approx(hamed_rao, abs=1e-12)
    assert trend_candidates.prewhitened_kendall(series).item() == pytest.approx(prewhitened, rel=1e-9)
    assert trend_candidates.trend_free_kendall(series).item() == pytest.approx(trend_free, rel=1e-9)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30, unique=True))
def test_kendalls_exact_p_is_scipys(values: list[int]) -> None:
    expected = stats.kendalltau(range(len(values)), values, method="exact").pvalue
    assert trend_candidates.kendall(np.array([values], dtype=float)).item() == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.integers(0, 99), min_size=2, max_size=25))
def test_sens_slope_is_scipys(values: list[int]) -> None:
    expected = stats.theilslopes(values, range(len(values))).slope
    assert trend_candidates.sen_slope(np.array([values], dtype=float)).item() == pytest.approx(expected, abs=1e-12)
