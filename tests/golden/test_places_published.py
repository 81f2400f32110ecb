"""Places and funnels that others have published or compute: csranks, FunnelPlotR, Benjamini and Hochberg, R."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from indicators.statistics import funnel
from indicators.statistics.rank_interval import HALF_LEVEL, rank_intervals
from indicators.statistics.standing_out import adjusted
from tests.calibration import place_candidates

# PISA 2018, mathematics, OECD: scores and standard errors as the R package csranks (1.2) carries them.
PISA = {
    "Australia": (491.3600252, 1.939833031), "Austria": (498.9423138, 2.970998694),
    "Belgium": (508.0703063, 2.262662011),
    "Canada": (512.0169429, 2.357475749), "Chile": (417.4065563, 2.41588757), "Colombia": (390.9322732, 2.989559274),
    "Czech Republic": (499.4676508, 2.460661531), "Denmark": (509.3983746, 1.735002337),
    "Estonia": (523.4145802, 1.743602224), "Finland": (507.3013618, 1.967920411), "France": (495.4075794, 2.320214487),
    "Germany": (500.0437805, 2.647083096), "Greece": (451.3703438, 3.091228197), "Hungary": (481.0826364, 2.319596741),
    "Iceland": (495.1873762, 1.953082603), "Ireland": (499.632894, 2.198621128), "Israel": (463.0345488, 3.498563228),
    "Italy": (486.5898573, 2.780045867), "Japan": (526.9732502, 2.471475318), "Korea": (525.933002, 3.121394315),
    "Latvia": (496.1263306, 1.962766789), "Lithuania": (481.1911884, 1.953282039),
    "Luxembourg": (483.421485, 1.097632409), "Mexico": (408.8014734, 2.493225544),
    "Netherlands": (519.2309824, 2.632277885), "New Zealand": (494.489676, 1.705942856),
    "Norway": (500.9637885, 2.219044878), "Poland": (515.6478747, 2.602085176), "Portugal": (492.4874062, 2.684570081),
    "Slovak Republic": (486.1648542, 2.555595707), "Slovenia": (508.8975441, 1.363877596),
    "Spain": (481.3926126, 1.462417763), "Sweden": (502.3877022, 2.654250935),
    "Switzerland": (515.3147131, 2.908003898),
    "Turkey": (453.5077774, 2.260406789), "United Kingdom": (501.7698992, 2.564428111),
    "United States": (478.2447174, 3.235444099),
}  # fmt: skip
SCORE, ERROR = np.array(list(PISA.values())).T
UK = list(PISA).index("United Kingdom")


def test_the_every_pair_candidate_gives_the_set_of_the_united_kingdom_that_csranks_publishes() -> None:
    """Its vignette: ranked 13, a marginal 95 per cent set of 8 to 23 (by bootstrap; its text says 7 to 23)."""
    first, last = place_candidates.every_pair(SCORE, ERROR)
    assert (SCORE[UK] < SCORE).sum() + 1 == 13
    assert first[UK] in {7, 8}
    assert last[UK] in {23, 24}


def test_our_interval_of_the_united_kingdom_lies_within_that_set_and_holds_the_simulated_one() -> None:
    variance = funnel.spread(SCORE, ERROR, float(np.median(SCORE)))
    first, last = rank_intervals(SCORE, ERROR, variance)
    every = place_candidates.every_pair(SCORE, ERROR)
    drawn = place_candidates.simulated(SCORE, ERROR, np.random.default_rng(1), draws=4000)
    assert every[0][UK] <= first[UK] <= drawn[0][UK]
    assert drawn[1][UK] <= last[UK] <= every[1][UK]
    assert (last - first + 1).sum() < (every[1] - every[0] + 1).sum()


def test_phi_is_that_of_funnelplotr() -> None:
    """Its own test figures through its functions (0.6.0, method CQC): z about 1 of roots of ratios, phi 2.3271783."""
    observed, expected = np.array([100, 150, 180, 80, 120, 225]), np.array([108, 112, 165, 95, 100, 220])
    z = (np.sqrt(observed / expected) - 1) * 2 * np.sqrt(expected)
    assert z == pytest.approx(
        [-0.784609690827, 3.328886939315, 1.142350572667, -1.604, 1.908902300207, 0.335], abs=2e-3
    )
    assert funnel.dispersion(z) == pytest.approx(2.32717825759412, rel=1e-9)


def test_the_scale_of_shares_is_that_of_funnelplotr() -> None:
    """The same figures as shares: z about the arc sine of the root of the pooled share, phi 5.4571290."""
    cases, of = np.array([100, 150, 180, 80, 120, 225]), np.array([208, 212, 365, 195, 300, 420])
    level, _ = funnel.stabilised(100 * cases / of, 100 * cases / of, 100 * cases / of, is_share=True)
    centre = np.arcsin(np.sqrt(cases.sum() / of.sum()))
    assert centre == pytest.approx(0.78833935683)
    assert funnel.dispersion((level - centre) * 2 * np.sqrt(of)) == pytest.approx(5.45712904402979, rel=1e-9)


def test_the_error_of_a_share_comes_from_its_interval_and_is_nearly_that_of_the_textbook() -> None:
    n, share = np.array([50.0, 200.0, 3000.0]), np.array([20.0, 85.0, 10.0])
    wilson = [
        stats.binomtest(round(s * m / 100), int(m)).proportion_ci(method="wilson")
        for s, m in zip(share, n, strict=True)
    ]
    low, high = (np.array([100 * getattr(one, end) for one in wilson]) for end in ("low", "high"))
    _, error = funnel.stabilised(share, low, high, is_share=True)
    assert error == pytest.approx(1 / (2 * np.sqrt(n)), rel=0.03)


def test_the_benjamini_hochberg_example_has_four_discoveries() -> None:
    """Benjamini and Hochberg (1995), section 3.2: 15 p-values, of which the first four at 5 per cent."""
    lowest = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    found = adjusted(np.array([*lowest, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]))
    assert (found <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert found[3] == pytest.approx(0.0095 * 15 / 4)


def test_the_constants_are_what_their_names_say() -> None:
    bound = stats.norm.ppf(1 - funnel.TAIL)
    cut, _ = integrate.quad(lambda z: min(z * z, bound**2) * stats.norm.pdf(z), -10, 10, points=[-bound, bound])
    assert pytest.approx(cut) == funnel.CUT_SQUARE
    assert stats.norm.ppf([0.975, 0.999, 1 - 0.025 / 2]) == pytest.approx(
        [funnel.NORMAL_95, funnel.NORMAL_998, HALF_LEVEL]
    )


def test_the_spread_is_the_textbook_s_where_nothing_is_far_out() -> None:
    """Without chance and with normal quantiles as levels, it is their variance."""
    level = stats.norm.ppf((np.arange(2000) + 0.5) / 2000) * 3 + 10
    assert funnel.spread(level, np.full(2000, 1e-9), 10.0) == pytest.approx(9, rel=2e-3)
    assert funnel.spread(level, np.full(2000, 2.0), 10.0) == pytest.approx(9 - 4, rel=4e-3)
    assert funnel.spread(level, np.full(2000, 3.2), 10.0) == 0
