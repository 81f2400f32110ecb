"""The methods of the studies on public data, against results that were published.

California's Proposition 99: packs of cigarettes sold per inhabitant in 39 states, 1970–2000, the data of Abadie,
Diamond and Hainmueller (2010, JASA 105:490), as they come with the Python libraries CausalPy and synthdid, and means of
their predictors. The law was passed in November 1988, so that 1989 is the first year after.

The Basque Country: gross domestic product per inhabitant (thousands of 1986 dollars) of seventeen Spanish regions, and
means of thirteen predictors over the 1960s, the data of Abadie and Gardeazabal (2003, AER 93:113).
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from indicators.statistics.panel import difference_in_differences
from indicators.statistics.synthetic import (
    donor_weights,
    importance_of_predictors,
    judge,
    placebos_in_space,
    scaled,
    synthetic_control,
)

HERE = Path(__file__).parent / "effects"
BEFORE = 19  # 1970–1988
Region = tuple[np.ndarray, dict[int, float]]


@pytest.fixture(scope="module")
def packs() -> dict[str, np.ndarray]:
    with (HERE / "prop99_packs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {state: np.array([float(row[state]) for row in rows]) for state in rows[0] if state != "year"}


def test_the_data_are_those_of_the_paper(packs: dict[str, np.ndarray]) -> None:
    assert len(packs) == 39
    assert packs["California"][0] == 123.0
    assert packs["California"][-1] == 41.6


def test_synthetic_california_on_all_years_before(packs: dict[str, np.ndarray]) -> None:
    """Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021, AER 111:4088), table 1: synthetic control −19.6."""
    others = [state for state in packs if state != "California"]
    found = synthetic_control(packs["California"], np.column_stack([packs[s] for s in others]), BEFORE)
    assert found.gaps[BEFORE:].mean() == pytest.approx(-19.6, abs=0.15)
    weights = dict(zip(others, found.weights, strict=True))
    assert sorted(weights, key=lambda s: -weights[s])[:4] == ["Utah", "Montana", "Nevada", "Connecticut"]
    assert sum(weights.values()) == pytest.approx(1)


def test_synthetic_california_by_predictors(packs: dict[str, np.ndarray]) -> None:
    """Abadie, Diamond and Hainmueller (2010), table 2: the donors and their weights, from seven predictors."""
    with (HERE / "prop99_predictors.csv").open(encoding="utf-8") as file:
        means = {row.pop("state"): [float(cell) for cell in row.values()] for row in csv.DictReader(file)}
    # The paper's table 1: ln income 10.08, beer 24.28, 15–24 years 17.40 per cent, retail price 89.42.
    assert means["California"] == pytest.approx([10.08, 24.28, 0.174, 89.42], rel=0.003)
    outcomes = {state: series[[5, 10, 18]] for state, series in packs.items()}  # 1975, 1980, 1988
    figures = {state: np.array([*means[state], *outcomes[state]]) for state in packs}
    others = [state for state in packs if state != "California"]
    own, donors = scaled(figures["California"], np.column_stack([figures[s] for s in others]))
    before = np.column_stack([packs[s][:BEFORE] for s in others])
    importance = importance_of_predictors(own, donors, packs["California"][:BEFORE], before)
    weights = dict(zip(others, donor_weights(own, donors, importance), strict=True))
    published = {"Utah": 0.334, "Nevada": 0.234, "Montana": 0.199, "Colorado": 0.164, "Connecticut": 0.069}
    assert {state for state, weight in weights.items() if weight > 0.01} == set(published)
    assert {state: weights[state] for state in published} == pytest.approx(published, abs=0.003)
    found = synthetic_control(
        packs["California"], np.column_stack([packs[s] for s in others]), BEFORE, np.array(list(weights.values()))
    )
    assert found.gaps[BEFORE:].mean() == pytest.approx(-19, abs=0.5)


def test_the_published_weights_give_the_published_gap(packs: dict[str, np.ndarray]) -> None:
    """Abadie, Diamond and Hainmueller (2010), table 2; by 2000 some 26 packs less, on average about 20."""
    weights = {"Utah": 0.334, "Nevada": 0.234, "Montana": 0.199, "Colorado": 0.164, "Connecticut": 0.069}
    donors = np.column_stack([packs[state] for state in weights])
    found = synthetic_control(packs["California"], donors, BEFORE, np.array(list(weights.values())))
    assert found.gaps[-1] == pytest.approx(-26, abs=0.5)
    assert found.gaps[BEFORE:].mean() == pytest.approx(-19, abs=0.5)


def test_difference_in_differences_of_california(packs: dict[str, np.ndarray]) -> None:
    """The same table 1 of 2021: difference in differences −27.3."""
    values = np.stack(list(packs.values()))
    treated = np.array([float(state == "California") for state in packs])
    found = difference_in_differences(values, treated, np.arange(1970, 2001), 1989)
    assert found.mean.estimate == pytest.approx(-27.3, abs=0.05)
    # One treated state says nothing of chance among treated states: no interval is claimed, and studies ask for five.
    assert found.mean.lower_95 < -1e6
    assert found.mean.upper_95 > 1e6


def test_california_is_extreme_among_states_that_fit_as_well(packs: dict[str, np.ndarray]) -> None:
    """Figure 7 of 2010: with states left out whose fit before is twice as poor, no gap is as great as California's."""
    others = [state for state in packs if state != "California"]
    donors = np.column_stack([packs[s] for s in others])
    own = synthetic_control(packs["California"], donors, BEFORE)
    placebos = placebos_in_space(donors, BEFORE)
    fit = [p for p in placebos if p.rmspe_before**2 < 2 * own.rmspe_before**2]
    assert len(fit) > 10
    assert all(abs(p.gaps[BEFORE:].mean()) < abs(own.gaps[BEFORE:].mean()) for p in fit)
    judged = judge(own, placebos, BEFORE)
    assert judged.p_value == pytest.approx(3 / 39)


@pytest.fixture(scope="module")
def regions() -> dict[str, Region]:
    """Each region's predictors, and its product in the years that are kept of it."""
    with (HERE / "basque_predictors.csv").open(encoding="utf-8") as file:
        predictors = {row.pop("region"): np.array([float(c) for c in row.values()]) for row in csv.DictReader(file)}
    with (HERE / "basque_gdp.csv").open(encoding="utf-8") as file:
        products = {row.pop("region"): {int(y): float(c) for y, c in row.items() if c} for row in csv.DictReader(file)}
    return {region: (predictors[region], products[region]) for region in predictors}


def test_the_synthetic_basque_country(regions: dict[str, Region]) -> None:
    """Abadie and Gardeazabal (2003), p. 118: Catalonia 0.8508 and Madrid 0.1492; later a tenth less."""
    others = [region for region in regions if region != "Pais Vasco"]
    sixties = {
        region: np.array([product[year] for year in range(1960, 1970)]) for region, (_, product) in regions.items()
    }
    own, donors = scaled(regions["Pais Vasco"][0], np.column_stack([regions[region][0] for region in others]))
    importance = importance_of_predictors(
        own, donors, sixties["Pais Vasco"], np.column_stack([sixties[region] for region in others])
    )
    weights = dict(zip(others, donor_weights(own, donors, importance), strict=True))
    assert weights["Cataluna"] == pytest.approx(0.8508, abs=0.0005)
    assert weights["Madrid"] == pytest.approx(0.1492, abs=0.0005)

    years = range(1955, 1998)
    series = {r: np.array([regions[r][1][year] for year in years]) for r in ("Pais Vasco", "Cataluna", "Madrid")}
    found = synthetic_control(
        series["Pais Vasco"], np.column_stack([series["Cataluna"], series["Madrid"]]), 15,
        np.array([weights["Cataluna"], weights["Madrid"]]),
    )  # fmt: skip
    relative = found.gaps / (series["Pais Vasco"] - found.gaps)
    assert relative[25:].mean() == pytest.approx(-0.10, abs=0.01)  # from 1980 on
