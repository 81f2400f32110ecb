"""The gate on finished figures: what cannot be trusted is marked where it is shown, and stands in no mean or rank."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from indicators.model.vocabulary import Caution
from indicators.model.words import CAUTIONS
from pipelines.settings import ROOT, Settings
from pipelines.storage.release_pointer import DATABASE
from tests.support.command import Place, Preloaded
from tests.support.declarations import put
from tests.support.small_snapshot import GOTEBORG, SmallSnapshot

pytestmark = pytest.mark.slow

ALE, KUNGSBACKA, LERUM, HARRYDA = "1440", "1384", "1441", "1401"
COST, SHARE = "kostnad_aldreomsorg_per_inv_80", "andel_aldreomsorg_av_omsorgskostnad"
YEAR = 2022
# What the source would say and is wrong: series, area, year, the wrong value.
WRONG = (
    ("N20048", ALE, YEAR, 0.0),  # nobody else is near zero, nor is Ale in other years
    ("N20001", GOTEBORG, YEAR, 0.0289),  # kronor told as millions: shares of it are thousands of per cent
    ("N21023", KUNGSBACKA, YEAR, -5.0),
    ("N20048", LERUM, 2021, 2_000_000.0),
)
KNOWN = ("N21023", HARRYDA, YEAR)  # declared to be wrong as it stands


def _wrongs(snapshot: SmallSnapshot) -> list[dict[str, Any]]:
    """Corrections that put the wrong values in the place of the right ones."""
    rows = snapshot.read("kolada.values")

    def found(series: str, area: str, year: int) -> float:
        (value,) = rows.filter(series_id=series, area_id=area, year=year, sex="T")["value"].to_list()
        return float(value)

    told = {
        "dataset": "kolada.values", "sex": "T", "reason_sv": "Prövas av sviten, som vet vad som är rätt.",
        "reported_by": "Sviten", "reported_on": "2026-11-28",
    }  # fmt: skip
    given = [
        told | {"correction_id": f"fel_{n}", "series": series, "area": area, "years": [year], "action": "override",
                "value": value, "expected": {"value": found(series, area, year)}}
        for n, (series, area, year, value) in enumerate(WRONG)
    ]  # fmt: skip
    series, area, year = KNOWN
    known = {"correction_id": "kant_fel", "series": series, "area": area, "years": [year], "action": "caution",
             "expected": {"value": found(series, area, year)}}  # fmt: skip
    return [*given, told | known]


@pytest.fixture(scope="module")
def declarations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("declarations")
    for name in ("catalogue", "registers"):
        shutil.copytree(ROOT / "indicators" / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def doubted(
    base: Place,
    base_snapshot: SmallSnapshot,
    run_cli: Preloaded,
    declarations: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    """A release of the small snapshot with wrong values in it."""
    put(declarations / "registers" / "corrections" / "prov.yml", _wrongs(base_snapshot))
    place = base.copy(tmp_path_factory.mktemp("doubted") / "data")
    done = run_cli(
        "refresh", "--data-dir", place.data_dir, "--snapshot-dir", base_snapshot.folder,
        env={"NYCKELTAL_DECLARATIONS_DIR": str(declarations)},
    )  # fmt: skip
    assert done.code == 0, done.text
    return place


def caution(place: Place, indicator: str, area: str, year: int = YEAR) -> tuple[float | None, str | None]:
    query = (
        "select value, caution from observation where indicator_id = $1 and area_id = $2 and year = $3 and sex = 'T'"
    )
    (row,) = place.sql(query, [indicator, area, year]).rows()
    return row


@pytest.mark.parametrize(
    ("indicator", "area", "year", "why"),
    [
        (COST, ALE, YEAR, "zero_among_large"),
        (f"{COST}_fasta_priser", ALE, YEAR, "beyond_plausible"),
        ("kostnad_aldreomsorg_totalt", ALE, YEAR, "input_cautioned"),
        (COST, "GR", YEAR, "input_cautioned"),
        (SHARE, GOTEBORG, YEAR, "share_outside_0_100"),
        ("kostnad_aldre_funktionsnedsattning_per_inv", GOTEBORG, YEAR, "unlike_own_years"),
        ("kostnad_korttidsvard_per_inv_80", KUNGSBACKA, YEAR, "negative"),
        ("andel_kostnad_korttidsvard", KUNGSBACKA, YEAR, "share_outside_0_100"),
        ("kostnad_korttidsvard_per_inv_80", HARRYDA, YEAR, "known_error"),
        ("andel_kostnad_korttidsvard", HARRYDA, YEAR, "input_cautioned"),
        (COST, LERUM, 2021, "beyond_plausible"),
        ("kostnad_aldreomsorg_per_inv", LERUM, 2021, "beyond_plausible"),
    ],
)
def test_a_wrong_figure_stands_with_why_and_in_no_comparison(
    doubted: Place, indicator: str, area: str, year: int, why: str
) -> None:
    value, told = caution(doubted, indicator, area, year)

    assert (value is not None, told) == (True, why)
    of_it = "indicator_id = $1 and area_id = $2 and year = $3 and sex = 'T'"
    assert doubted.sql(f"select count(*) from comparison where {of_it}", [indicator, area, year]).item() == 0


def test_a_release_of_wrong_figures_holds_them_back_from_every_mean_and_rank(doubted: Place) -> None:
    holds_without_cautions(folder_of(doubted))
    of_n = doubted.sql(
        f"select distinct of_n from comparison where indicator_id = '{COST}' and year = {YEAR} and rank > 0"
    )
    with_value = doubted.sql(
        f"select count(*) from observation join area using (area_id) where indicator_id = '{COST}' and year = {YEAR} "
        "and area_type = 'municipality' and value is not null"
    ).item()
    assert of_n.item() == with_value - 1


def test_the_caution_is_shown_wherever_the_figure_is(doubted: Place, run_cli: Preloaded) -> None:
    compared = run_cli("compare", GOTEBORG, "--data-dir", doubted.data_dir)
    assert compared.code == 0
    assert f"varning för Göteborg: {CAUTIONS['share_outside_0_100']}" in compared.text
    as_json = json.loads(run_cli("compare", GOTEBORG, "--json", "--data-dir", doubted.data_dir).out)
    (row,) = [r for r in as_json if r["indicator_id"] == SHARE]
    assert (row["caution"], row["rank"], row["similar_median"]) == ("share_outside_0_100", None, None)
    status = json.loads(run_cli("status", "--json", "--data-dir", doubted.data_dir).out)
    told = dict(
        doubted.sql("select caution, count(value) from observation where caution is not null group by 1").rows()
    )
    assert {c["caution"]: c["n"] for c in status["cautions"]} == told
    assert len(told) >= 6
    for table in ("observation", "observation_vintage", "observation_wide", "kostnad", "fixed_price", "measure_value"):
        assert "caution" in doubted.sql(f"select * from {table} limit 0").columns


def test_the_pages_and_files_of_the_release_tell_a_caution(whole: Place) -> None:
    folder = folder_of(whole)
    newest = whole.sql(
        "select o.area_id, o.caution from observation as o join (select indicator_id, area_id, max(year) as year "
        "from observation where sex = 'T' and value is not null group by all) as n using (indicator_id, area_id, year) "
        "join area as a using (area_id) where o.sex = 'T' and o.caution is not null and o.value is not null "
        "and a.area_type = 'municipality' order by all limit 3"
    ).rows()
    assert newest
    for area, why in newest:
        page = (folder / "site" / "omrade" / f"{area}.html").read_text(encoding="utf-8")
        assert f"varning: {CAUTIONS[why]}" in page
    columns = [pl.read_csv(path, n_rows=0).columns for path in sorted(folder.glob("csv/plain/*.csv.gz"))]
    assert columns
    assert all("caution" in named for named in columns)


def test_too_many_doubted_figures_of_a_newest_year_refuse_the_release(
    base: Place, base_snapshot: SmallSnapshot, run_cli: Preloaded, declarations: Path, tmp_path: Path
) -> None:
    spoiled = tmp_path / "declarations"
    shutil.copytree(declarations, spoiled)
    path = spoiled / "catalogue" / "kostnad" / f"{COST}.yml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    # As if every municipality's newest figures came in another unit: all of them are beyond what is plausible.
    put(path, declared | {"plausible_range": {"min": 45, "max": 450}})
    place = base.copy(tmp_path / "data")
    before = folder_of(place)

    done = run_cli(
        "refresh", "--data-dir", place.data_dir, "--snapshot-dir", base_snapshot.folder,
        env={"NYCKELTAL_DECLARATIONS_DIR": str(spoiled)},
    )  # fmt: skip

    assert done.code == 4, done.text
    for named in ("caution.newest_year", COST, "N20048"):
        assert named in done.text
    assert folder_of(place) == before


@pytest.fixture(scope="module")
def whole(full_release: Settings) -> Place:
    """The release of the embedded figures."""
    return Place(full_release.data_dir)


def test_the_release_of_the_embedded_figures_has_no_caution_in_any_mean(whole: Place) -> None:
    holds_without_cautions(folder_of(whole))


def test_the_embedded_figures_have_few_cautions_and_hammaro_s_zero_is_one(whole: Place) -> None:
    doubted, of_n = whole.sql(
        "select count(case when value is not null then caution end), count(value) from observation"
    ).row(0)
    assert 0 < doubted < of_n / 500
    assert caution(whole, COST, "1761", 2007) == (0.0, "known_error")
    assert caution(whole, "kostnad_aldreomsorg_totalt", "1761", 2007) == (0.0, "input_cautioned")


def test_what_cannot_be_and_zeros_that_are_no_zeros_carry_a_caution(whole: Place) -> None:
    """As the source gives them: 980 respondents of 878 users, nobody met in 14 days of help, one year of three."""
    value, why = caution(whole, "svarande_hemtjanst_per_100_hemtjansttagare", "0580", 2022)
    assert (round(value or 0, 1), why) == (111.6, "beyond_plausible")
    assert caution(whole, "personalkontinuitet_hemtjanst", "1814", 2009) == (0.0, "beyond_plausible")
    assert caution(whole, "andel_sarskilt_boende_80", "2582", 2006) == (0.0, "beyond_plausible")
    assert caution(whole, "fallskador_80", "1260", 2021) == (3051.5, "known_error")
    assert caution(whole, "fallskador_80", "1260", 2022) == (4745.6, None)
    assert caution(whole, "hemtjansttimmar_per_hemtjansttagare", "0160", 2019)[1] == "low_coverage"
    above = "value > 100 and indicator_id = 'svarande_hemtjanst_per_100_hemtjansttagare' and caution is null"
    assert whole.sql(f"select count(*) from observation where {above}").item() == 0


def test_no_group_has_a_value_where_a_member_has_none(whole: Place) -> None:
    """Hammarö's cost of 2007 is known to be wrong: shares of it have no value, and so has its county's."""
    found = whole.sql(
        "select g.indicator_id, g.area_id, g.year, g.sex from observation as g "
        "join indicator as i on i.indicator_id = g.indicator_id and i.denominator is not null "
        "join area_membership as m on m.group_id = g.area_id and m.valid_to is null "
        "join observation as o on o.indicator_id = g.indicator_id and o.area_id = m.area_id and o.year = g.year "
        "and o.sex = g.sex join area as a on a.area_id = g.area_id "
        "where a.area_type in ('county', 'group') and g.value is not null and o.value is null"
    )
    assert found.rows() == []
    told = whole.sql(
        "select value, missing_reason from observation where indicator_id = 'andel_kostnad_ordinart_boende' "
        "and area_id = '17' and year = 2007 and sex = 'T'"
    )
    assert told.row(0) == (None, "incomplete_members")


def test_hours_of_too_few_give_no_value_and_hours_of_nearly_all_stand_for_all(whole: Place) -> None:
    rows = whole.sql(
        """
        select o.area_id, o.year, o.value, o.missing_reason, o.caution, o.denominator, r.value / u.value as covered,
            12 * h.value * r.value as hours
        from observation as o
        join measure_value as r on r.measure_id = 'hemtjansttagare_timregistrerade_65' and r.area_id = o.area_id
            and r.year = o.year and r.sex = o.sex
        join measure_value as u on u.measure_id = 'hemtjansttagare_65' and u.area_id = o.area_id
            and u.year = o.year and u.sex = o.sex
        join measure_value as h on h.measure_id = 'beviljade_timmar_per_hemtjansttagare' and h.area_id = o.area_id
            and h.year = o.year and h.sex = o.sex
        where o.indicator_id = 'kostnad_hemtjanst_per_beviljad_timme'
        """
    ).drop_nulls("covered")
    few, enough = rows.filter(pl.col("covered") < 0.8), rows.filter(pl.col("covered") >= 0.8).drop_nulls("value")

    assert enough.height > 1000
    assert few.height > 100
    assert few.select("value", "missing_reason", "caution").unique().rows() == [(None, "low_coverage", "low_coverage")]
    for row in enough.iter_rows(named=True):
        assert math.isclose(row["denominator"], row["hours"] / min(1, row["covered"]), rel_tol=1e-9)


def test_no_figure_stands_for_nobody(whole: Place) -> None:
    assert whole.sql("select count(*) from observation where denominator = 0 and value is not null").item() == 0


def test_the_reasons_are_a_closed_list_with_words(doubted: Place) -> None:
    used = doubted.sql("select distinct caution from observation where caution is not null")["caution"].to_list()

    assert set(used) <= {c.value for c in Caution} == set(CAUTIONS)


def folder_of(place: Place) -> Path:
    return (place.data_dir / "releases" / "current").resolve()


def holds_without_cautions(folder: Path) -> None:
    """Every mean of `comparison` beside the same, computed anew of the values that carry no caution."""
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        values = con.execute(
            "select o.indicator_id, o.area_id, o.year, o.sex, o.value from observation as o "
            "join area as a on o.area_id = a.area_id and a.area_type = 'municipality' "
            "where o.value is not null and o.caution is null"
        ).pl()
        members = con.execute("select group_id, group_type, area_id from area_membership where valid_to is null").pl()
        similar = con.execute(
            "select area_id, similar_area_id, year from similar_area "
            "join similar_recipe using (recipe_id) where is_default"
        ).pl()
        compared = con.execute(
            "select c.* from comparison as c join area as a on c.area_id = a.area_id and a.area_type = 'municipality'"
        ).pl()
        doubted = con.execute(
            "select indicator_id, area_id, year, sex from observation where value is not null and caution is not null"
        ).pl()
    key = ["indicator_id", "area_id", "year", "sex"]
    assert compared.join(doubted, on=key, how="semi").is_empty()
    assert compared.height == values.height
    cell = ["indicator_id", "year", "sex"]
    own = members.join(members.group_by("group_id").len(), on="group_id").filter(pl.col("len") > 1)
    for kind, mean, n, how in (
        ("county", "county_mean", "county_n", pl.col("value").mean()),
        ("kommungrupp", "kommungrupp_median", "kommungrupp_n", pl.col("value").median()),
    ):
        of_kind = own.filter(group_type=kind)
        groups = values.join(of_kind, on="area_id").group_by("group_id", *cell).agg(again=how, n=pl.len())
        beside = compared.join(of_kind, on="area_id").join(groups, on=["group_id", *cell])
        _agree(beside, mean, n)
        assert beside.height == compared.drop_nulls(mean).height
    gr = members.filter(group_type="gr")
    of_gr = values.join(gr, on="area_id").group_by(cell).agg(again=pl.col("value").mean(), n=pl.len())
    _agree(compared.join(of_gr, on=cell), "gr_unweighted", "gr_n")
    alike = (
        similar.join(values.rename({"area_id": "similar_area_id"}), on=["similar_area_id", "year"])
        .group_by("area_id", *cell)
        .agg(again=pl.col("value").median(), n=pl.len())
    )
    beside = compared.join(alike, on=key)
    _agree(beside, "similar_median", "similar_n")
    assert beside.height == compared.drop_nulls("similar_median").height > 0
    ranked = values.group_by(cell).agg(n=pl.len())
    assert compared.join(ranked, on=cell).filter(pl.col("of_n") != pl.col("n")).is_empty()


def _agree(beside: pl.DataFrame, mean: str, n: str) -> None:
    assert beside.filter(pl.col(n) != pl.col("n")).is_empty(), mean
    far = (pl.col(mean) - pl.col("again")).abs() > 1e-6 * (1 + pl.col("again").abs())
    assert beside.filter(far | pl.col(mean).is_null()).is_empty(), mean
