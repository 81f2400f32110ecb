"""The newer methods of the studies on public data, against the results of their authors.

California's Proposition 99: as in `test_effects_published.py`. Kansas: the logarithm of gross state product per
inhabitant of fifty states, 1990 to the first quarter of 2016, as it comes with the authors' R package augsynth (MIT
licence); taxes were cut in the second quarter of 2012. Minimum wages: the logarithm of teenage employment in 500
counties of the United States 2003–2007, their first year of a higher minimum wage and their population, the public
figures (QWI) that come with the R package did. Medicaid: the event study of insured childless adults in the README of
the authors' R package HonestDiD (MIT licence), its seven effects and their covariance.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from indicators.statistics.adjusted import held_against_alike
from indicators.statistics.augmented import augmented_synthetic_control
from indicators.statistics.panel import adjusted_event_study
from indicators.statistics.permuted import changes_by_year, held_against_all
from indicators.statistics.sensitivity import sensitivity
from indicators.statistics.synthetic import synthetic_control
from indicators.statistics.synthetic_did import SyntheticDid, synthetic_did

HERE = Path(__file__).parent / "effects"
YEARS = np.arange(2003, 2008)


def columns(name: str) -> dict[str, np.ndarray]:
    with (HERE / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {head: np.array([float(row[head]) for row in rows]) for head in rows[0]}


def of_california(packs: dict[str, np.ndarray]) -> tuple[list[str], SyntheticDid]:
    others = [state for state in packs if state not in ("year", "California")]
    return others, synthetic_did(packs["California"], np.column_stack([packs[state] for state in others]), 19)


def test_synthetic_difference_in_differences_of_california() -> None:
    """Arkhangelsky and others (2021), table 1: −15.6; by their R package synthdid −15.604."""
    others, found = of_california(columns("prop99_packs.csv"))
    assert found.estimate == pytest.approx(-15.604, abs=0.005)
    assert found.gaps[19:].mean() == found.estimate
    weights = dict(zip(others, found.weights, strict=True))
    # The weights that the package's vignette prints; those of years are 0.366, 0.206 and 0.427 for 1986–1988.
    largest = {state: round(weights[state], 3) for state in sorted(weights, key=lambda s: -weights[s])[:4]}
    assert largest == pytest.approx(
        {"Nevada": 0.124, "New Hampshire": 0.105, "Connecticut": 0.078, "Delaware": 0.070}, abs=0.0015
    )
    assert found.year_weights[16:] == pytest.approx([0.366, 0.206, 0.427], abs=0.0015)
    assert found.year_weights[:16] == pytest.approx(np.zeros(16), abs=1e-3)


def test_the_placebos_of_california_vary_about_as_much_as_the_paper_says() -> None:
    """Table 1 tells a standard error of 8.4, from placebos drawn at random; here each state is one once."""
    packs = columns("prop99_packs.csv")
    states = np.column_stack([packs[state] for state in packs if state not in ("year", "California")])
    others = np.arange(states.shape[1])
    placebos = [synthetic_did(states[:, place], states[:, others != place], 19).estimate for place in others]
    assert 7.5 < np.std(placebos) < 10


def test_augmented_synthetic_control_of_kansas() -> None:
    """The vignette of augsynth: −0.0294 and an imbalance of 0.083 without, −0.0401 and 0.062 with ridge regression."""
    product = columns("kansas_log_product.csv")
    before = int((product["quarter"] < 2012.25).sum())
    donors = np.column_stack([series for state, series in product.items() if state not in ("quarter", "Kansas")])
    assert (before, donors.shape) == (89, (105, 49))

    plain = synthetic_control(product["Kansas"], donors, before)
    assert plain.gaps[before:].mean() == pytest.approx(-0.0294, abs=5e-5)
    assert np.linalg.norm(plain.gaps[:before]) == pytest.approx(0.083, abs=5e-4)

    found = augmented_synthetic_control(product["Kansas"], donors, before)
    assert found.gaps[before:].mean() == pytest.approx(-0.0401, abs=5e-5)
    assert np.linalg.norm(found.gaps[:before]) == pytest.approx(0.062, abs=5e-4)
    by_quarter = [-22, -47, -43, -30, -41, -59, -45, -58, -55, -41, -29, -40, -30, -33, -29, -38]
    assert 1000 * found.gaps[before:] == pytest.approx(by_quarter, abs=0.51)
    assert np.abs(found.weights).max() == pytest.approx(0.316, abs=5e-4)


@pytest.fixture(scope="module")
def counties() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Employment (m x t), first years of treatment, and log population."""
    read = columns("minimum_wage_counties.csv")
    values = np.column_stack([read[str(year)] for year in YEARS])
    return values, read["first_treat"].astype(np.int64), read["log_population"]


# The reference page of `att_gt`: without covariates, and with the logarithm of population, doubly robust.
GROUP_TIME = {
    (2004, 2004): (-0.0105, -0.0145), (2004, 2005): (-0.0704, -0.0764), (2004, 2006): (-0.1373, -0.1404),
    (2004, 2007): (-0.1008, -0.1069), (2006, 2006): (-0.0046, 0.0010), (2006, 2007): (-0.0412, -0.0413),
    (2007, 2007): (-0.0261, -0.0288),
}  # fmt: skip
# The same page before the start, where each year is compared with the one before: the last year before with that one.
LAST_BEFORE = {2006: (-0.0028, -0.0062), 2007: (-0.0311, -0.0284)}


@pytest.mark.parametrize(("cohort", "year"), GROUP_TIME)
def test_group_time_effects_of_minimum_wages(
    counties: tuple[np.ndarray, np.ndarray, np.ndarray], cohort: int, year: int
) -> None:
    values, starts, population = counties
    kept = (starts == cohort) | (starts == 0)
    labels = (starts[kept] == cohort).astype(np.int64)[None, :]
    changes = changes_by_year(values[kept], np.array([cohort - 1]), YEARS, np.array([year - cohort + 1]))
    plain, with_population = GROUP_TIME[cohort, year]
    assert held_against_all(labels, 1).estimates(changes)[0, 0] == pytest.approx(plain, abs=5.1e-5)
    adjusted = held_against_alike(labels, 1, population[kept][:, None])
    assert adjusted.settled.all()
    assert adjusted.held.estimates(changes)[0, 0] == pytest.approx(with_population, abs=5.1e-5)

    if cohort in LAST_BEFORE:
        back = changes_by_year(values[kept], np.array([cohort - 1]), YEARS, np.array([-1]))
        assert -held_against_all(labels, 1).estimates(back)[0, 0] == pytest.approx(LAST_BEFORE[cohort][0], abs=5.1e-5)
        assert -adjusted.held.estimates(back)[0, 0] == pytest.approx(LAST_BEFORE[cohort][1], abs=5.1e-5)


def test_the_event_study_with_covariates_is_made_of_the_group_time_effects(
    counties: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Cohorts by their size, in the first year after of all three; the error as in the package's example, 0.012."""
    values, starts, population = counties
    cohorts, sizes = np.unique(starts[starts > 0], return_counts=True)
    labels = np.where(starts > 0, 1 + np.searchsorted(cohorts, starts), 0)[None, :]
    adjusted = held_against_alike(labels, 3, population[:, None])
    since = np.array([1])
    changes = changes_by_year(values, cohorts - 1, YEARS, since)
    found = adjusted_event_study(adjusted, changes, since, starts, YEARS)
    by_hand = np.average([-0.0145, 0.0010, -0.0288], weights=sizes)
    assert found.mean.estimate == pytest.approx(by_hand, abs=5e-5)
    assert found.mean.standard_error == pytest.approx(0.012, abs=0.001)
    assert found.by_year[0].estimate == pytest.approx(found.mean.estimate)


# The README of HonestDiD: hybrid conditional and least favourable intervals for 2014, and for both years together the
# plain one at 0.
PUBLISHED = {0.5: (0.0241, 0.0673), 1.0: (0.0171, 0.0720), 1.5: (0.00859, 0.0796), 2.0: (-0.00107, 0.0883)}


def test_the_sensitivity_of_the_medicaid_expansion_holds_what_its_authors_publish() -> None:
    """Never narrower than the authors' interval, which drops pairs of years that are not the worst; little wider."""
    read = columns("medicaid_event_study.csv")
    covariance = np.column_stack([read[f"with_{year:.0f}"] for year in read["year"]])[:6, :6]
    since = (read["year"][:6] - 2013).astype(np.int64)
    found = sensitivity(read["effect"][:6], since, lambda c: 1.959964 * float(np.sqrt(c @ covariance @ c)))
    assert found is not None
    assert found.estimate == pytest.approx(0.0466, abs=5e-5)
    by_magnitude = {one.magnitude: one for one in found.intervals}
    assert by_magnitude[0.0].lower_95 == pytest.approx(0.0466 - 1.96 * np.sqrt(8.427849e-05), abs=5e-5)
    for magnitude, (lower, upper) in PUBLISHED.items():
        one = by_magnitude[magnitude]
        assert lower - 0.006 < one.lower_95 <= lower
        assert upper <= one.upper_95 < upper + 0.006
    assert 1.5 < found.breakdown < 2  # published: 2, told from a grid of four
