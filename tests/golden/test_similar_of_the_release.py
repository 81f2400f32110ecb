"""Similar municipalities of the release, held against other hands: scipy, R, the reader's own SQL, and recounts."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import cdist

from pipelines.reading import reader, similar_sql
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.database import literal

pytestmark = pytest.mark.slow

OURS = ("aldreomsorg", "befolkning", "socioekonomi", "behov_aldreomsorg")
TOLERANCE = 1e-6  # sums are kept to nine places


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with reader.open_release(folder) as con:
        yield con


def matrix(con: duckdb.DuckDBPyConnection, recipe: str, year: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The municipalities, their raw values by variable, and the weights; nothing of it standardised by us."""
    rows = con.execute(
        "select area_id, variable, value, weight from structure_value where recipe_id = $recipe and year = $year",
        {"recipe": recipe, "year": year},
    ).pl()
    wide = rows.pivot(on="variable", index="area_id", values="value").sort("area_id")
    weights = dict(rows.select("variable", "weight").unique().iter_rows())
    names = sorted(weights)
    return wide["area_id"].to_list(), wide.select(names).to_numpy(), np.array([weights[name] for name in names])


def judged(con: duckdb.DuckDBPyConnection, recipe: str, year: int, areas: list[str], distance: np.ndarray) -> None:
    """Each neighbour of the release beside a matrix of all distances."""
    at = {area: place for place, area in enumerate(areas)}
    pairs = np.sort(distance[np.triu_indices(len(areas), 1)])
    told = con.execute(
        "select area_id, rank, similar_area_id, distance, distance_percentile from similar_area "
        "where recipe_id = $recipe and year = $year",
        {"recipe": recipe, "year": year},
    ).fetchall()
    assert len(told) == 7 * len(areas)
    for area, rank, other, found, percentile in told:
        mine = distance[at[area], at[other]]
        assert found == pytest.approx(mine, abs=TOLERANCE)
        others = np.sort(np.delete(distance[at[area]], at[area]))
        assert found == pytest.approx(others[rank - 1], abs=TOLERANCE), (area, rank)
        low, high = (np.searchsorted(pairs, mine + sign * TOLERANCE) for sign in (-1, 1))
        share = (200 * low / (2 * len(pairs) - 1), 200 * high / (2 * len(pairs) - 1))
        assert share[0] - TOLERANCE <= percentile <= share[1] + TOLERANCE


@pytest.mark.parametrize("recipe", OURS)
def test_all_distances_are_those_of_scipy(con: duckdb.DuckDBPyConnection, recipe: str) -> None:
    years = [
        y for (y,) in con.execute("select distinct year from similar_area where recipe_id = $1", [recipe]).fetchall()
    ]
    assert {2020, 2021, 2022} <= set(years)
    for year in years:
        areas, values, weights = matrix(con, recipe, year)
        standardised = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
        apart = cdist(standardised, standardised, "sqeuclidean", w=weights / weights.sum())
        judged(con, recipe, year, areas, np.sqrt(apart))


R_DISTANCES = """
told <- read.csv(commandArgs(TRUE)[1], check.names = FALSE)
weights <- as.numeric(commandArgs(TRUE)[-(1:2)])
apart <- as.matrix(dist(sweep(scale(as.matrix(told)), 2, sqrt(weights / sum(weights)), "*")))
told <- format(apart, digits = 15)
write.table(told, commandArgs(TRUE)[2], sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE)
"""


@pytest.mark.parametrize("recipe", OURS)
def test_all_distances_are_those_of_r(con: duckdb.DuckDBPyConnection, recipe: str, tmp_path: Path) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("R is not installed here")
    areas, values, weights = matrix(con, recipe, 2022)
    asked, told, program = (tmp_path / name for name in ("values.csv", "distances.csv", "distances.R"))
    pl.DataFrame(values, schema=[f"v{n}" for n in range(len(weights))], orient="row").write_csv(asked)
    program.write_text(R_DISTANCES, encoding="utf-8")
    subprocess.run([rscript, program, asked, told, *map(str, weights)], check=True, capture_output=True)
    distance = np.loadtxt(told, delimiter=",")
    assert distance.shape == (len(areas), len(areas))
    judged(con, recipe, 2022, areas, distance)


@pytest.mark.parametrize("recipe", OURS)
def test_a_choice_of_a_set_s_own_variables_gives_the_set(con: duckdb.DuckDBPyConnection, recipe: str) -> None:
    """The dbt models and the readers' SQL are two texts: equal to the last bit, for every municipality and year."""
    (variables,) = con.execute("select variables from similar_recipe where recipe_id = $1", [recipe]).fetchone() or (
        "",
    )
    years = con.execute("select distinct year from similar_area where recipe_id = $1 order by 1", [recipe]).fetchall()
    for (year,) in years:
        chosen = con.execute(
            f"select area_id, variable, value, standardised from structure_by({year}, {literal(variables)}) "
            "where standardised is not null order by all"
        ).fetchall()
        declared = con.execute(
            "select area_id, variable, value, standardised from structure_value "
            "where recipe_id = $recipe and year = $year order by all",
            {"recipe": recipe, "year": year},
        ).fetchall()
        assert chosen == declared
        # With the column for the municipality, the condition holds for each: the neighbours of all of them at once.
        everybody = similar_sql.neighbours("area_id", str(year), literal(variables), "7")
        wanted = "select rank, similar_area_id, distance, distance_percentile from"
        found = con.execute(f"{wanted} ({everybody}) order by all").fetchall()
        assert len(found) >= 7 * 288
        of_set = f"{wanted} similar_area where recipe_id = {literal(recipe)} and year = {year} order by all"
        assert found == con.execute(of_set).fetchall()
    told = con.execute(
        "select rank, similar_area_id, distance, distance_percentile from similar_area "
        "where recipe_id = $recipe and year = 2022 and area_id = '1480' order by rank",
        {"recipe": recipe},
    ).fetchall()
    macro = f"select * exclude (name) from similar_to('1480', 2022, {literal(variables)}) order by rank"
    assert con.execute(macro).fetchall() == told


def test_every_median_of_similar_municipalities_is_that_of_a_recount(con: duckdb.DuckDBPyConnection) -> None:
    """All of `comparison`, by numpy's median over the values of the neighbours that carry no caution."""
    areas = [
        a for (a,) in con.execute("select area_id from area where area_type = 'municipality' order by 1").fetchall()
    ]
    at = {area: place for place, area in enumerate(areas)}
    likes = {year: np.full((len(areas), 7), len(areas)) for year in range(2011, 2023)}  # the last place has no value
    for area, year, rank, other in con.execute(
        "select area_id, year, rank, similar_area_id from similar_area where recipe_id = 'aldreomsorg'"
    ).fetchall():
        likes[year][at[area], rank - 1] = at[other]
    observed = con.execute(
        "select indicator_id, year, sex, area_id, case when caution is null then value end as value from observation "
        "join area using (area_id) where area_type = 'municipality'"
    ).pl()
    told = con.execute(
        "select indicator_id, year, sex, area_id, similar_median, similar_n from comparison "
        "join area using (area_id) where area_type = 'municipality'"
    ).pl()
    cells = observed.partition_by("indicator_id", "year", "sex", as_dict=True)
    compared = 0
    for cell, rows in told.partition_by("indicator_id", "year", "sex", as_dict=True).items():
        values = np.full(len(areas) + 1, np.nan)
        of_cell = cells[cell].drop_nulls("value")
        values[[at[a] for a in of_cell["area_id"]]] = of_cell["value"].to_numpy()
        places = [at[a] for a in rows["area_id"]]
        beside = values[likes[cell[1]][places]] if cell[1] in likes else np.full((rows.height, 7), np.nan)
        n = np.isfinite(beside).sum(axis=1)
        assert rows["similar_n"].fill_null(0).to_list() == n.tolist(), cell
        expected = np.array([np.nanmedian(row) if count else np.nan for row, count in zip(beside, n, strict=True)])
        found = rows["similar_median"].to_numpy()
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-9, equal_nan=True), cell
        compared += int((n > 0).sum())
    assert compared > 700_000


def test_kolada_s_groups_are_those_that_it_names_after_the_municipality(con: duckdb.DuckDBPyConnection) -> None:
    names = dict(con.execute("select name, area_id from area where area_type = 'municipality'").fetchall())
    given: dict[str, set[str]] = {}
    with (ROOT / "data" / "snapshot" / "kolada_municipality_groups.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["group_title"].startswith("Liknande kommuner äldreomsorg, "):
                given.setdefault(names[row["group_title"].split(", ")[1]], set()).add(row["area_id"])
    told: dict[str, set[str]] = {}
    for area, member in con.execute(
        "select compared_area_id, area_id from area_membership where recipe_id = 'kolada_aldreomsorg'"
    ).fetchall():
        told.setdefault(area, set()).add(member)
    assert len(told) == 290
    assert told == given
    assert all(len(members) == 7 and area not in members for area, members in told.items())
