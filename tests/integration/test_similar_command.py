"""`nyckeltal similar`, `nyckeltal compare --similar` and `/api/v1/similar` on the release of all figures."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from statistics import median
from typing import Any

import polars as pl
import pytest

from pipelines.settings import Settings
from tests.support.command import Preloaded
from tests.support.served import ServedApi

pytestmark = pytest.mark.slow
SIMILAR = "/api/v1/similar"


@pytest.fixture(scope="module")
def api(full_release: Settings) -> Iterator[ServedApi]:
    with ServedApi(full_release.releases_dir) as served:
        yield served


def asked(run_cli: Preloaded, settings: Settings, *words: str) -> Any:
    done = run_cli(*words, "--json", "--data-dir", settings.data_dir)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_default_set_is_that_of_the_table(run_cli: Preloaded, full_release: Settings) -> None:
    """Göteborg is most like Malmö, at 0.48 standard deviations, and all but Malmö are far."""
    told = asked(run_cli, full_release, "similar", "Göteborg", "--year", "2022")

    assert (told["recipe_id"], told["n"], told["compared"], told["left_out"]) == ("aldreomsorg", 7, 290, [])
    nearest = told["neighbours"][0]
    assert (nearest["name"], round(nearest["distance"], 2), nearest["is_near"]) == ("Malmö", 0.48, True)
    assert sum(part["contribution_pct"] for part in nearest["variables"]) == pytest.approx(100)
    assert nearest["variables"][0]["variable"] == "andel_utrikes_fodda"
    assert "De närmaste ligger långt bort: bara 1 av 7" in " ".join(told["warnings"])


def test_a_person_reads_who_how_near_and_what_makes_the_difference(run_cli: Preloaded, full_release: Settings) -> None:
    done = run_cli(
        "similar", "1384", "--year", "2022", "--variable", "invanare:log=2", "--variable", "tatortsgrad", "--n", "3",
        "--data-dir", full_release.data_dir, env={"COLUMNS": "140"},
    )  # fmt: skip
    assert done.code == 0, done.err
    for part in ("Kungsbacka (1384), 2022", "De 3 mest lika av 289", "Egna variabler", "invanare:log", "sd", "vikt"):
        assert part in done.out
    sets = run_cli("similar", "--data-dir", full_release.data_dir)
    assert "kolada_aldreomsorg" in sets.out
    assert "används när ingen annan väljs" in sets.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["1480", "--set", "aldreomsor"], "did you mean aldreomsorg"),
        (["1480", "--variable", "invanar:log"], "did you mean invanare"),
        (["1480", "--variable", "andel_80"], "an indicator is no variable"),
        (["1480", "--variable", "invanare=-1"], "at least 0"),
        (["1480", "--set", "aldreomsorg", "--variable", "invanare"], "either a standard set or variables"),
        (["1480", "--year", "1990"], "one of the years 2011–2022"),
        (["1480", "--n", "0"], "1 to 50"),
        (["GR"], "only municipalities have similar ones"),
        (["Götebrg"], "did you mean 1480"),
        (["1480", "--set", "kolada_aldreomsorg", "--year", "2022"], "2024 or later"),
    ],
)
def test_what_cannot_be_answered_says_why(
    run_cli: Preloaded, full_release: Settings, words: list[str], told: str
) -> None:
    done = run_cli("similar", *words, "--data-dir", full_release.data_dir, env={"COLUMNS": "300"})
    assert done.code == 2
    assert told in done.err


def test_a_comparison_with_another_set_has_its_medians(run_cli: Preloaded, full_release: Settings) -> None:
    rows = asked(run_cli, full_release, "compare", "1480", "--similar", "socioekonomi", "--theme", "kostnad")
    usual = asked(run_cli, full_release, "compare", "1480", "--theme", "kostnad")
    likes = asked(run_cli, full_release, "similar", "1480", "--set", "socioekonomi", "--year", "2022")
    cost = next(row for row in rows if row["indicator_id"] == "kostnad_aldreomsorg_per_inv_80")
    areas = ", ".join(f"'{n['area_id']}'" for n in likes["neighbours"])
    sql = (
        "select value from observation where indicator_id = 'kostnad_aldreomsorg_per_inv_80' and year = 2022 "
        f"and sex = 'T' and area_id in ({areas})"
    )
    values = [row["value"] for row in asked(run_cli, full_release, "sql", sql)]

    assert (cost["year"], cost["similar_n"], cost["similar_by"]) == (2022, 7, "socioekonomi")
    assert cost["similar_median"] == pytest.approx(median(values))
    same = [{k: v for k, v in row.items() if not k.startswith("similar")} for row in rows]
    assert same == [{k: v for k, v in row.items() if not k.startswith("similar")} for row in usual]
    by_default = asked(run_cli, full_release, "compare", "1480", "--similar", "aldreomsorg", "--theme", "kostnad")
    assert [r["similar_median"] for r in by_default] == [r["similar_median"] for r in usual]
    assert [r["similar_n"] for r in by_default] == [r["similar_n"] for r in usual]


def test_a_comparison_says_what_its_choice_measures_itself_and_when_kolada_s_sets_hold(
    run_cli: Preloaded, full_release: Settings
) -> None:
    place = ("--theme", "behov", "--data-dir", full_release.data_dir)
    done = run_cli("compare", "1480", "--similar", "invanare_80:invanare=1", *place, env={"COLUMNS": "400"})
    assert done.code == 0, done.err
    (line,) = [line for line in done.out.splitlines() if "själva mäter" in line]
    assert "andel_80" in line
    assert "medelalder_hemtjanst" not in line
    kolada = run_cli("compare", "1480", "--similar", "kolada_aldreomsorg", *place, env={"COLUMNS": "400"})
    assert "gäller från 2024-01-01" in kolada.out
    refused = run_cli("compare", "1480", "--similar", "kolada_aldreomsorg", "--theme", "kostnad", *place[2:])
    assert refused.code == 2
    assert "does not hold for that year" in refused.err.replace("\n", " ")
    mistyped = run_cli("compare", "1480", "--similar", "socioekonomin", *place)
    assert "did you mean socioekonomi" in mistyped.err


def test_the_api_answers_as_the_command(run_cli: Preloaded, full_release: Settings, api: ServedApi) -> None:
    for words, query in (
        (["1480"], "area=1480"),
        (
            ["1480", "--set", "socioekonomi", "--n", "3", "--year", "2020"],
            "area=G%C3%B6teborg&set=socioekonomi&n=3&year=2020",
        ),
        (
            ["0180", "--variable", "invanare:log=1", "--variable", "tatortsgrad=0.5"],
            "area=0180&variable=invanare:log%3D1,tatortsgrad%3D0.5",
        ),
        (["1480", "--set", "kolada_aldreomsorg"], "area=1480&set=kolada_aldreomsorg"),
    ):
        told = api.http.get(f"{SIMILAR}?{query}").json()
        told.pop("release_id")
        assert told == asked(run_cli, full_release, "similar", *words), query


def test_the_api_has_tables_tags_and_problems(api: ServedApi) -> None:
    rows = pl.read_csv(io.BytesIO(api.http.get(f"{SIMILAR}.csv?area=1480&year=2022").content))
    table = pl.read_parquet(io.BytesIO(api.http.get(f"{SIMILAR}.parquet?area=1480&year=2022").content))
    assert (rows.height, table.height) == (56, 56)
    assert table.filter(rank=1)["contribution_pct"].sum() == pytest.approx(100)
    assert table.filter(rank=1)["similar_area_id"].unique().to_list() == ["1280"]
    assert pl.read_csv(io.BytesIO(api.http.get(f"{SIMILAR}.csv?area=1480&set=kolada_aldreomsorg").content)).height == 7
    first = api.http.get(f"{SIMILAR}?area=1480")
    again = api.http.get(f"{SIMILAR}?area=1480", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert api.http.head(f"{SIMILAR}?area=1480").status_code == 200
    for query, told in {
        "": "the parameter area is missing",
        "area=1480&omrade=1": "unknown parameter",
        "area=1480&area=1481": "has one value",
        "area=1480&set=alder": "there is no such set",
        "area=1480&variable=invanar": "did you mean invanare",
        "area=1480&variable=invanare=-1": "at least 0",
        "area=1480&year=1990": "2011–2022",
        "area=1480&n=500": "1 to 50",
        "area=1480&n=x": "the parameter n is wrong",
        "area=Gotheburg": "there is no such area",
        "area=0014": "only municipalities",
    }.items():
        problem = api.http.get(f"{SIMILAR}?{query}")
        assert problem.status_code == 400, query
        assert problem.headers["content-type"] == "application/problem+json"
        assert told in problem.json()["detail"], query
    assert api.http.get(f"{SIMILAR}.jsonstat?area=1480").status_code == 406
