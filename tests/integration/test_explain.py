"""`nyckeltal explain`: every step from a published value down to the archived bytes, and the arithmetic anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.commands.explain_formulas import exact
from pipelines.errors import ExitCode
from pipelines.storage.files import sha256_of
from pipelines.text.swedish_numbers import number
from tests.support.command import Place, Preloaded
from tests.support.explained import COST, FALLS, FIXED, INDEX, SAFETY, SHARE, TOTAL, WRONG, explain, measures
from tests.support.served import ServedApi
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot

REVISED, GONE = "N20001", ("U21505", "1401", 2022)


def the_file(place: Place, told: dict[str, Any], sha256: str) -> Path:
    """An archived file that an explanation names, once its hash is seen to be the one that is told."""
    (file,) = (each for each in told["files"] if each["sha256"] == sha256)
    path: Path = place.data_dir / file["path"]
    assert sha256_of(path) == sha256
    assert file["hash_stands"] is True
    assert file["bytes"] == path.stat().st_size
    assert file["url"].startswith("https://")
    return path


@pytest.mark.parametrize("recompute", [[], ["--recompute"]])
def test_a_published_value_is_followed_to_its_row_in_the_archived_file(
    run_cli: Preloaded, base: Place, recompute: list[str]
) -> None:
    done, told = explain(run_cli, base, SAFETY, GOTEBORG, "2022", *recompute)

    assert done.code == 0, done.text
    assert (told["explained"], told["area"]["name"], told["formula"]["kind"]) == ("indicator", "Göteborg", "published")
    (row,) = measures(told["made_of"])["U21505"]["history"]
    assert (row["change"], row["revision"], row["delivery"]) == ("new", 1, 1)
    (found,) = row["places"]
    number = int(found["where"].removeprefix("row "))
    cells = pl.read_parquet(the_file(base, told, row["source_file_sha256"])).row(number - 1, named=True)
    assert found["precision"] == "row"
    assert (cells["series_id"], cells["area_id"], cells["year"], cells["sex"]) == ("U21505", GOTEBORG, 2022, "T")
    assert cells == found["content"]
    assert cells["value"] == told["published"]["value"] == told["arithmetic"]["value"]
    assert told["arithmetic"]["holds"] is True
    assert told["arithmetic"]["numbers_from"] == ("archived_bytes" if recompute else "vintages")
    assert told["faults"] == []


@pytest.mark.parametrize(
    ("indicator", "area", "year"),
    [(SHARE, GOTEBORG, "2022"), (COST, "0000", "2021"), (TOTAL, GOTEBORG, "2022"), (FIXED, GOTEBORG, "2019"),
     (SHARE, "GR", "2022"), (SAFETY, "GR", "2022"), (TOTAL, "GR", "2020"), (FIXED, "GR", "2019"), (FALLS, "GR", "2022"),
     (INDEX, GOTEBORG, "2022"), (FALLS, GOTEBORG, "2022")],
)  # fmt: skip
def test_a_value_is_computed_anew_from_the_archived_bytes(
    run_cli: Preloaded, base: Place, indicator: str, area: str, year: str
) -> None:
    done, told = explain(run_cli, base, indicator, area, year, "--recompute")
    assert done.code == 0, done.text
    assert told["arithmetic"] == {
        "numbers_from": "archived_bytes", "value": pytest.approx(told["published"]["value"], rel=1e-9), "holds": True
    }  # fmt: skip


def test_a_ratio_shows_its_terms_and_fixed_prices_their_twelve_months(run_cli: Preloaded, base: Place) -> None:
    _, told = explain(run_cli, base, SHARE, GOTEBORG, "2022")
    parts: dict[str, float] = {}
    for term in told["made_of"]["terms"]:
        product = term["coefficient"]
        for measure in term["measures"]:
            product *= measure["value"]
        assert product == pytest.approx(term["value"])
        parts[term["part"]] = parts.get(term["part"], 0) + product
    multiplier = told["formula"]["multiplier"]
    assert multiplier * parts["numerator"] / parts["denominator"] == pytest.approx(told["published"]["value"])

    _, told = explain(run_cli, base, FIXED, GOTEBORG, "2019")
    deflator = told["made_of"]["deflator"]
    assert (deflator["price_year"]["year"], deflator["own_year"]["year"]) == (2022, 2019)
    months = [row["value"] for row in deflator["own_year"]["made_of"]]
    assert len(months) == 12
    assert sum(months) / 12 == pytest.approx(deflator["own_year"]["value"])
    csv = the_file(base, told, deflator["own_year"]["made_of"][0]["source_file_sha256"])
    (place,) = deflator["own_year"]["made_of"][0]["places"]
    line = csv.read_text(encoding="utf-8").splitlines()[int(place["where"].removeprefix("line ")) - 1]
    assert line.startswith("kpif,2019,1,")


def test_a_group_shows_its_sum_over_the_members_and_each_member_s_terms(run_cli: Preloaded, base: Place) -> None:
    _, told = explain(run_cli, base, SHARE, "Göteborgsregionen", "2022")
    made_of = told["made_of"]
    assert (made_of["members"], made_of["members_with_value"], len(made_of["of"])) == (13, 13, 13)
    top, bottom = (sum(member[side] for member in made_of["of"]) for side in ("numerator", "denominator"))
    assert 100 * top / bottom == pytest.approx(told["published"]["value"])
    assert all(member["terms"] for member in made_of["of"])
    assert {member["member_of_by"]["places"][0]["content"]["group_id"] for member in made_of["of"]} == {"G96190"}

    few = run_cli("explain", SHARE, "GR", "2022", "--data-dir", base.data_dir)
    everyone = run_cli("explain", SHARE, "GR", "2022", "--all", "--data-dir", base.data_dir)
    assert "13 medlemmar, alla med värde" in few.text
    assert "… och 10 till: --all visar alla" in few.text
    assert "Öckerö (1407)" not in few.text
    assert "Öckerö (1407)" in everyone.text


def test_a_group_that_lacks_a_member_says_how_many_have_a_value(run_cli: Preloaded, base: Place) -> None:
    done, told = explain(run_cli, base, SHARE, "14", "2022", "--recompute")  # a county, of which few are embedded here
    assert done.code == 0, done.text
    assert (told["published"]["value"], told["published"]["missing_reason"]) == (None, "incomplete_members")
    assert told["made_of"]["members"] == 49
    assert 0 < told["made_of"]["members_with_value"] < 49
    text = run_cli("explain", SHARE, "14", "2022", "--data-dir", base.data_dir).text
    assert "Inget värde: saknas (värde saknas för någon i gruppen)" in text


def test_an_index_shows_each_input_standardised(run_cli: Preloaded, base: Place) -> None:
    _, told = explain(run_cli, base, INDEX, GOTEBORG, "2022")
    inputs = base.sql(
        f"select * from composite_input where composite_id = '{INDEX}' and area_id = '{GOTEBORG}' and year = 2022"
    )
    assert told["explained"] == "composite"
    assert len(told["made_of"]["inputs"]) == inputs.height > 2
    for each in told["made_of"]["inputs"]:
        (row,) = inputs.filter(indicator_id=each["indicator_id"]).to_dicts()
        for column in ("input_year", "value", "mean", "standard_deviation", "z", "used_z", "turn", "weight"):
            assert each[column] == pytest.approx(row[column], rel=1e-8), column
        assert each["made_of"]["terms"][0]["measures"][0]["history"][0]["places"]
    text = run_cli("explain", INDEX, GOTEBORG, "2022", "--data-dir", base.data_dir).text
    assert "100 + 10 × vägt medel av z" in text


def test_a_moving_mean_is_told_to_be_the_source_s_own(run_cli: Preloaded, base: Place) -> None:
    done = run_cli("explain", FALLS, GOTEBORG, "2022", "--data-dir", base.data_dir)
    assert "källans eget värde, serien N20402 (källans medelvärde av 3 år)" in done.text


def test_a_correction_is_told_and_applied(run_cli: Preloaded, base: Place) -> None:
    done, told = explain(run_cli, base, WRONG, GOTEBORG, "2022", "--recompute")
    assert done.code == 0, done.text
    correction = "olampliga_lakemedel_sabo_ej_egna"
    assert (told["published"]["value"], told["correction"]["correction_id"]) == (None, correction)
    measure = measures(told["made_of"])["U23421"]
    assert measure["value"] is None
    assert measure["stated_value"] > 0
    assert measure["correction"]["action"] == "drop"
    text = run_cli("explain", WRONG, GOTEBORG, "2022", "--data-dir", base.data_dir).text
    assert f"Rättelse {correction}: värdet tas bort." in text
    assert "källans värde är fel och borttaget här" in text


def test_a_missing_value_says_why_and_a_year_without_measurement_too(run_cli: Preloaded, base: Place) -> None:
    done, told = explain(run_cli, base, "effektivitetsindex_aldreomsorg", GOTEBORG, "2020", "--recompute")
    assert done.code == 0, done.text
    assert told["arithmetic"] == {"numbers_from": "archived_bytes", "value": None, "holds": True}
    (measure,) = measures(told["made_of"]).values()
    assert measure["reason"] == "published_missing"
    assert measure["history"][0]["places"][0]["content"]["value"] is None

    done, told = explain(run_cli, base, SAFETY, GOTEBORG, "2021")
    assert (done.code, told) == (ExitCode.WRONG_USE, {})
    assert "the release has no row of this value" in done.text
    assert "2021: Socialstyrelsen frågade inte de äldre 2021" in done.text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("kostnad_aldreomsorg_per_inv80", GOTEBORG, "2022"), COST),
        ((COST, "Götebord", "2022"), "did you mean 1480 (Göteborg)"),
        ((COST, GOTEBORG, "1999"), "rows for 2019"),
        ((COST, GOTEBORG, "2022", "--sex", "X"), "expected: T, K, M"),
        ((INDEX, "GR", "2022"), "a municipality and a year of the table composite"),
        ((COST, GOTEBORG, "2022", "--format", "xml"), "expected: text or json"),
    ],
)
def test_what_does_not_exist_is_told(run_cli: Preloaded, base: Place, asked: tuple[str, ...], told: str) -> None:
    done = run_cli("explain", *asked, "--data-dir", base.data_dir)
    assert done.code == ExitCode.WRONG_USE
    assert told in done.text


def test_a_group_s_value_is_said_to_be_computed_here(run_cli: Preloaded, base: Place) -> None:
    text = run_cli("explain", SAFETY, "GR", "2022", "--data-dir", base.data_dir).text
    assert (
        "formel: räknat här ur medlemmarnas värden i källans serie U21505; för gruppen summan av värde × vikt" in text
    )
    assert "källans eget värde" not in text
    _, told = explain(run_cli, base, SAFETY, "GR", "2022")
    first = told["made_of"]["of"][0]
    assert f"värde × vikt: {first['value']:.0f} × {first['denominator']:.0f} = " in text
    assert "← vikt svarande_hemtjanst = " in text
    assert told["of_members"] is True
    assert told["cite_sv"].startswith("Egen beräkning av gruppvärde")
    assert told["release"]["release_id"] in told["cite_sv"]


def test_a_sum_of_a_group_says_no_number_twice(run_cli: Preloaded, base: Place) -> None:
    _, told = explain(run_cli, base, TOTAL, "GR", "2022")
    text = run_cli("explain", TOTAL, "GR", "2022", "--data-dir", base.data_dir).text
    assert f"= summan {' '.join(exact(told['published']['value']).split())} ← 13 medlemmar" in text
    assert "täljare" not in text


def test_the_interval_the_number_of_answers_and_how_to_cite_are_told(run_cli: Preloaded, base: Place) -> None:
    _, told = explain(run_cli, base, SAFETY, GOTEBORG, "2022")
    row = told["published"]
    text = run_cli("explain", SAFETY, GOTEBORG, "2022", "--data-dir", base.data_dir).text
    low, high = (number(row[side], 1) for side in ("lower_95", "upper_95"))
    answers = " ".join(number(row["denominator"]).split())
    assert f"95 % konfidensintervall: {low}–{high}; n = {answers} (svarande_hemtjanst)" in text
    assert "Så citeras det: Källa: Kolada" in text


def test_an_index_tells_the_state_of_its_inputs(run_cli: Preloaded, base: Place) -> None:
    _, told = explain(run_cli, base, INDEX, GOTEBORG, "2022")
    assert (told["history"], told["correction"]) == ([], None)
    for each in told["made_of"]["inputs"]:
        assert (each["status"], each["caution"]) == ("normal", None)
        assert each["known_from"]
        assert [b["year"] for b in told["breaks"] if b["indicator_id"] == each["indicator_id"]] == [
            b["year"] for b in each["breaks"]
        ]
    text = run_cli("explain", INDEX, GOTEBORG, "2022", "--data-dir", base.data_dir).text
    assert text.count("slutligt, känt från") == len(told["made_of"]["inputs"])


def test_price_indices_of_a_group_are_told_once(run_cli: Preloaded, base: Place) -> None:
    text = run_cli("explain", FIXED, "GR", "2019", "--all", "--data-dir", base.data_dir).text
    assert text.count("← kpif 2022 = ") == text.count("← kpif 2019 = ") == 1


def test_an_indicator_without_any_value_says_what_it_waits_for(run_cli: Preloaded, base: Place) -> None:
    done = run_cli("explain", "andel_chefer_ledarutbildning", "GR", "2022", "--data-dir", base.data_dir)
    assert done.code == ExitCode.WRONG_USE
    assert "väntar på kommunernas egna uppgifter" in done.text
    assert "nyckeltal sql" not in done.text


@pytest.mark.slow
def test_a_revised_and_a_withdrawn_value_tell_what_was_known_before(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    before = snapshot.set_value(REVISED, GOTEBORG, 2022, 21_591.0)
    series, area, year = GONE
    is_gone = (pl.col("series_id") == series) & (pl.col("area_id") == area) & (pl.col("year") == year)
    snapshot.change(VALUES, lambda rows: rows.filter(~is_gone))
    first = place.current()
    more = ("--accept-missing", VALUES)
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, *more)
    assert done.code == 0, done.text

    done, told = explain(run_cli, place, SHARE, GOTEBORG, "2022", "--recompute")
    assert done.code == 0, done.text
    assert [row["change"] for row in told["history"]] == ["new", "revised"]
    old, new = measures(told["made_of"])[REVISED]["history"]
    assert (old["value"], new["value"], old["known_to"], new["known_to"]) == (before, 21_591, new["known_from"], None)
    assert old["source_file_sha256"] != new["source_file_sha256"]
    assert [old["places"][0]["content"]["value"], new["places"][0]["content"]["value"]] == [before, 21_591]
    text = run_cli("explain", SHARE, GOTEBORG, "2022", "--data-dir", place.data_dir).text
    assert "Version 1 (ny)" in text
    assert "Version 2 (ändrad)" in text

    done, told = explain(run_cli, place, SAFETY, area, str(year), "--recompute")
    assert done.code == 0, done.text
    assert (told["published"]["value"], told["published"]["status"]) == (None, "withdrawn")
    _, gone = measures(told["made_of"])[series]["history"]
    assert (gone["change"], gone["value"], gone["places"]) == ("withdrawn", None, [])

    run_cli("releases", "rollback", first, "--data-dir", place.data_dir)
    done, told = explain(run_cli, place, SHARE, GOTEBORG, "2022", "--recompute")
    assert done.code == 0, done.text  # an earlier release is explained by what was known when it was made
    assert told["release"]["release_id"] == first
    assert len(measures(told["made_of"])[REVISED]["history"]) == 1


def test_the_api_answers_with_the_same_explanation_and_tells_nothing_of_the_machine(
    run_cli: Preloaded, base: Place
) -> None:
    _, told = explain(run_cli, base, SHARE, "GR", "2022")
    with ServedApi(base.settings.releases_dir, provenance=base.settings) as api:
        answer = api.get(f"/api/v1/explain/{SHARE}/GR/2022.json")
        assert answer.status_code == 200
        assert answer.json() == told
        assert answer.headers["nyckeltal-release"] == told["release"]["release_id"]
        described = api.get("/api/v1/openapi.json").json()["paths"]
        (said,) = described["/api/v1/explain/{indicator_id}/{area_id}/{year}"].values()
        assert said["summary"]
        assert all(parameter["description"] for parameter in said["parameters"])
        assert "GET /api/v1/explain/" in api.get("/api/").text
        assert str(base.data_dir) not in answer.text
        assert api.get(f"/api/v1/explain/{COST}/{GOTEBORG}/2022?sex=K").status_code == 404  # costs have no sex
        assert api.get(f"/api/v1/explain/nope/{GOTEBORG}/2022").status_code == 404
        assert api.get(f"/api/v1/explain/{COST}/{GOTEBORG}/2022?sex=X").status_code == 400
        assert api.get(f"/api/v1/explain/{COST}/{GOTEBORG}/2022?foo=1").json()["type"] == "/api/#okand-parameter"
    with ServedApi(base.settings.releases_dir) as api:
        assert api.get(f"/api/v1/explain/{COST}/{GOTEBORG}/2022").json()["type"] == "/api/#inget-arkiv"
