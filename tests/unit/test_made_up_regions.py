"""Made-up regions and what they decide: how sets grow, and the arithmetic of the test, its interval and its power."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from indicators.load.catalogue import load_catalogue
from indicators.statistics import permuted
from indicators.statistics.panel import difference_in_differences, staggered_event_study
from indicators.statistics.permuted import (
    Contrasts,
    among,
    changes_by_start,
    changes_of,
    contrasts,
    held_against_all,
    slopes,
)
from indicators.statistics.regions import Ground, counties_at_random, neighbourhood, parts_of, regions_at_random

NEAR = neighbourhood(
    (row.area_id, other) for row in load_catalogue().neighbours for other in (*row.borders, *row.over_water)
)
EVERYONE = tuple(sorted([*NEAR, "0980"]))
GR = ("1384", "1401", "1402", "1407", "1415", "1419", "1440", "1441", "1462", "1480", "1481", "1482", "1489")
YEARS = np.arange(2012, 2023)


def ground(without: tuple[str, ...] = GR, unmeasured: tuple[str, ...] = ()) -> Ground:
    areas = tuple(area for area in EVERYONE if area not in without)
    return Ground(areas, frozenset(areas) - set(unmeasured), NEAR)


def test_every_made_up_region_hangs_together_and_has_the_size_and_nobody_treated() -> None:
    for (drawn,) in regions_at_random(ground(), [13], 50):
        assert len(drawn) == 13
        assert not set(drawn) & set(GR)
        assert len(parts_of(drawn, NEAR)) == 1


def test_a_set_fills_one_county_before_it_goes_into_the_next() -> None:
    """Of thirteen municipalities, few counties: not one for each border that is near."""
    counties = [len({area[:2] for area in drawn}) for (drawn,) in regions_at_random(ground(), [13], 200)]
    assert np.mean(counties) < 2.2


def test_municipalities_that_are_not_measured_are_passed_and_not_counted() -> None:
    unmeasured = ("0180", "1280", "0580", "2480", "1880")
    found = regions_at_random(ground(unmeasured=unmeasured), [13], 100)
    assert all(len(drawn) == 13 and not set(drawn) & set(unmeasured) for (drawn,) in found)
    assert any(len(parts_of(drawn, NEAR)) > 1 for (drawn,) in found)  # joined through one that does not count


def test_parts_of_a_draw_do_not_overlap_and_scattered_ones_are_single() -> None:
    for one, other in regions_at_random(ground(), [10, 7], 50):
        assert (len(one), len(other)) == (10, 7)
        assert not set(one) & set(other)
    drawn = regions_at_random(ground(), [1] * 13, 50)
    assert all(len({area for part in parts for area in part}) == 13 for parts in drawn)
    assert np.mean([len(parts_of([a for (a,) in parts], NEAR)) for parts in drawn]) > 10


def test_the_same_ground_gives_the_same_sets_and_one_too_small_gives_none() -> None:
    assert regions_at_random(ground(), [13], 5) == regions_at_random(ground(), [13], 5)
    assert regions_at_random(Ground(GR, frozenset(GR), NEAR), [14], 5) == []
    assert regions_at_random(Ground(("0980", *GR[:4]), frozenset(("0980", *GR[:4])), {}), [2], 5) == []


def test_whole_counties_are_made_up_regions_but_those_of_few_municipalities() -> None:
    found = counties_at_random(ground(()), 1)
    assert len(found) == 20  # all but Gotland
    assert sum(len(county) for (county,) in found) == 289
    for one, other in counties_at_random(ground(()), 2):
        assert one != other


def panel(areas: int = 60) -> np.ndarray:
    chance = np.random.default_rng(5)
    return np.asarray(50 + 5 * chance.standard_normal((areas, 1)) + chance.standard_normal((areas, len(YEARS))))


def test_the_estimate_without_a_regression_is_that_of_the_regression() -> None:
    values = panel()
    dose = (np.arange(60) < 8).astype(np.float64)
    found = contrasts(changes_of(values, YEARS >= 2020), held_against_all(dose[None, :].astype(np.int64), 1))
    whole = difference_in_differences(values, dose, YEARS, 2020).mean
    assert found.estimates[0] == pytest.approx(whole.estimate)
    amount = np.random.default_rng(6).uniform(0, 3, 60)
    slope = slopes(changes_of(values, YEARS >= 2020)[0], amount[None, :], np.arange(60)).estimates[0]
    assert slope == pytest.approx(difference_in_differences(values, amount, YEARS, 2020).mean.estimate)

    starts = np.where(np.arange(60) < 7, 2018, np.where(np.arange(60) < 17, 2019, 0))
    labels = np.where(starts == 2018, 1, np.where(starts == 2019, 2, 0))
    cohorts = changes_by_start(values, np.array([2018, 2019]), YEARS)
    staggered = contrasts(cohorts, held_against_all(labels[None, :], len(cohorts))).estimates[0]
    assert staggered == pytest.approx(staggered_event_study(values, starts, YEARS).mean.estimate)


def test_staggered_effects_by_year_are_group_time_effects_against_those_that_never_began() -> None:
    """Callaway and Sant'Anna (2021), without covariates: mean changes from the last year before, cohorts by size."""
    values = panel()
    starts = np.where(np.arange(60) < 7, 2018, np.where(np.arange(60) < 17, 2019, 0))
    found = staggered_event_study(values, starts, YEARS)
    at = {int(year): place for place, year in enumerate(YEARS)}
    for since, one in zip(found.years.tolist(), found.by_year, strict=True):
        by_hand = 0.0
        for start, size in ((2018, 7), (2019, 10)):
            change = values[:, at[start + since]] - values[:, at[start - 1]]
            by_hand += size / 17 * (change[starts == start].mean() - change[starts == 0].mean())
        assert one.estimate == pytest.approx(by_hand)


def test_a_whole_weighs_its_municipalities_and_equal_weights_change_nothing() -> None:
    values, sizes = panel(), np.random.default_rng(10).uniform(1, 50, 60)
    treated = np.arange(60) < 8
    dose, labels = treated.astype(np.float64), treated[None, :].astype(np.int64)
    changes = changes_of(values, YEARS >= 2020)
    by_hand = np.average(changes[0][treated], weights=sizes[treated]) - np.average(
        changes[0][~treated], weights=sizes[~treated]
    )
    whole = difference_in_differences(values, dose, YEARS, 2020, sizes)
    assert contrasts(changes, held_against_all(labels, len(changes), sizes)).estimates[0] == pytest.approx(by_hand)
    assert whole.mean.estimate == pytest.approx(by_hand)

    alike, plain = (difference_in_differences(values, dose, YEARS, 2020, w) for w in (np.full(60, 7.0), None))
    assert tuple(alike.mean) == pytest.approx(tuple(plain.mean))
    assert alike.p_of_trends_before == pytest.approx(plain.p_of_trends_before)


def test_the_spread_of_a_difference_is_that_of_two_means_and_of_a_slope_that_between_groups() -> None:
    """Welch: each group's variance, with n - 1, through its number. Liang and Zeger: sums of scores by group."""
    change = np.random.default_rng(7).standard_normal(40)
    treated = np.arange(40) < 9
    by_hand = np.sqrt(change[treated].var(ddof=1) / 9 + change[~treated].var(ddof=1) / 31)
    assert contrasts(change[None, :], held_against_all(treated[None, :].astype(np.int64), 1)).spreads[
        0
    ] == pytest.approx(by_hand)

    dose, groups = np.random.default_rng(8).uniform(0, 3, 40), np.arange(40) // 8
    fit = OLS(change, np.column_stack([np.ones(40), dose])).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    assert slopes(change, dose[None, :], groups).spreads[0] == pytest.approx(fit.bse[1])


def placebos(n: int) -> Contrasts:
    return Contrasts(np.random.default_rng(n).standard_normal(n), np.ones(n))


@pytest.mark.parametrize("kinds", [(999,), (999, 19), (199, 19), (399,)])
def test_the_interval_holds_just_the_effects_that_the_test_does_not_reject(kinds: tuple[int, ...]) -> None:
    made_up = [placebos(n) for n in kinds]
    own = Contrasts(np.array([1.5]), np.array([0.7]))
    found = among(own, *made_up)
    for shift, rejected in ((-1e-6, True), (1e-6, False)):
        at_limit = Contrasts(own.estimates - (found.lower_95 + shift), own.spreads)
        assert (among(at_limit, *made_up).p_placebo < permuted.LEVEL) is rejected


def test_p_is_the_share_of_as_great_ones_and_of_two_kinds_the_mean_of_their_shares() -> None:
    own = Contrasts(np.array([3.0]), np.array([1.0]))
    sets = Contrasts(np.array([*np.zeros(97), -3.0, 4.0]), np.ones(99))
    counties = Contrasts(np.array([*np.zeros(18), 5.0]), np.ones(19))
    assert among(own, sets).p_placebo == pytest.approx(3 / 100)
    assert among(own, sets, counties).p_placebo == pytest.approx((3 / 100 + 2 / 20) / 2)
    assert among(own, sets, counties).rank == 4


def test_a_spread_that_is_greater_makes_an_estimate_less_extreme() -> None:
    made_up = placebos(199)
    near, far = (among(Contrasts(np.array([2.0]), np.array([s])), made_up).p_placebo for s in (0.5, 2.0))
    assert near < 0.05 < far


def test_the_minimal_effect_is_found_in_four_of_five_made_up_treatments() -> None:
    made_up, own = placebos(999), Contrasts(np.array([0.2]), np.array([2.0]))
    least = among(own, made_up).minimal_effect
    limit = permuted.greatest_not_significant(np.abs(made_up.estimates), np.full(999, 1 / 1000))
    shares = [np.mean(way * made_up.estimates + least / 2 > limit) for way in (-1, 1)]
    assert min(shares) == pytest.approx(0.8, abs=0.005)
    assert max(shares) >= min(shares)
    assert least > among(own, made_up).upper_95 - 0.2  # more than half the interval's width


def test_too_few_made_up_treatments_tell_nothing() -> None:
    found = among(Contrasts(np.array([9.0]), np.array([1.0])), placebos(18))
    assert found.p_placebo > 0.05
    assert found.lower_95 == -np.inf


def test_surrogates_of_a_dose_are_spread_over_the_map_as_it_is() -> None:
    """A dose by county stays one that neighbours share; dealt out at random it does not."""
    at = {area: place for place, area in enumerate(EVERYONE)}
    pairs = frozenset((at[a], at[b]) for a in NEAR for b in NEAR[a])
    by_county = np.random.default_rng(8).standard_normal(26)
    dose = np.array([by_county[int(area[:2])] for area in EVERYONE])
    surrogates = permuted.doses_at_random(tuple(dose.tolist()), pairs)
    one, other = np.array(sorted(pairs)).T

    def alike(doses: np.ndarray) -> np.ndarray:
        apart = doses - doses.mean(axis=-1, keepdims=True)
        return np.asarray((apart[..., one] * apart[..., other]).mean(axis=-1) / (apart**2).mean(axis=-1))

    assert surrogates.mean(axis=1) == pytest.approx(np.full(permuted.DRAWS, dose.mean()))
    assert surrogates.std(axis=1) == pytest.approx(np.full(permuted.DRAWS, dose.std()), rel=0.01)
    assert alike(surrogates) == pytest.approx(np.full(permuted.DRAWS, alike(dose)), abs=0.02)
    assert np.abs(np.corrcoef(surrogates[:50])[np.triu_indices(50, 1)]).mean() < 0.3, "drawn anew each time"
    assert alike(dose) > 0.5
    assert abs(alike(np.random.default_rng(9).permutation(dose))) < 0.2


def test_doses_of_counties_are_dealt_among_counties_and_keep_what_is_within_them() -> None:
    dose, counties = np.random.default_rng(11).uniform(0, 3, 30), np.arange(30) % 5
    dealt = permuted.county_doses_at_random(tuple(dose.tolist()), tuple(counties.tolist()))
    means = np.array([dose[counties == county].mean() for county in range(5)])
    for county in range(5):
        inside = dealt[:, counties == county]
        assert inside - inside.mean(axis=1, keepdims=True) == pytest.approx(
            np.broadcast_to(dose[counties == county] - means[county], inside.shape)
        )
        assert all(np.isclose(means, one).any() for one in inside.mean(axis=1))
