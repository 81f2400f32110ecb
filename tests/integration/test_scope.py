"""All of Kolada beside the curated part: the command against a replica that holds KPIs which nobody has reviewed.

The KPIs, their units and all of their values are TEST FIGURES.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.release import package
from pipelines.settings import ROOT
from pipelines.site.rendering import build_site
from pipelines.storage import release_pointer
from pipelines.storage.archive import Archive
from tests.integration.test_live import Publishers
from tests.support.command import Place, Preloaded
from tests.support.replicas.kolada_store import by_kpi, kpi_record
from tests.support.small_snapshot import SmallSnapshot

pytestmark = pytest.mark.slow

NEEDED = (
    "kolada.values,kolada.other_values,kolada.ou,kolada.ou_values,kolada.other_ou_values,kolada.kpi,kolada.kpi_groups,"
    "kolada.municipality,kolada.municipality_groups,scb.population,scb.kpif"
)
GOTEBORG, STOCKHOLM, NATION = "1480", "0180", "0000"
UNIT = "V15E148001"
LISTED = pl.read_csv(ROOT / "data" / "snapshot" / "kolada_kpi.csv", infer_schema=False).height
# KPI, title, description.
OTHERS = {
    "N77701": ("Böcker på folkbiblioteken, antal/inv", "Antal böcker <script>alert(1)</script> per invånare."),
    "N77702": ('=HYPERLINK("http://x.invalid";"lekplatser"), andel (%)', "=cmd|' /C calc'!A0"),
    "N77703": ("Avslutad serie, kr/inv (-2021)", None),
    "N77704": ("Utan värden", ""),
}
GROUP, GROUP_TITLE = "G2KPI777", "Kultur och fritid, ett urval"


def add_others(publishers: Publishers) -> None:
    """KPIs that no declaration names, of which one has values for units."""
    store = publishers.kolada.store
    for number, (kpi, (title, description)) in enumerate(OTHERS.items()):
        has_units = kpi == "N77701"
        record = kpi_record(number, kpi, title, has_ou_data=has_units, operating_area="Kultur", perspective="Kvalitet")
        store.kpis.append(record | {"description": description})
    rows = [
        (kpi, area, year, sex, float(year - 2000 + place))
        for kpi in ("N77701", "N77702", "N77703")
        for place, area in enumerate((GOTEBORG, STOCKHOLM, "1407", "0014", NATION))
        for year in range(2019, 2023)
        for sex in ("T", "K", "M")
    ]
    schema = ["series_id", "area_id", "year", "sex", "value"]
    store.values |= by_kpi(pl.DataFrame(rows, schema=schema, orient="row"))
    store.values["N77704"] = store.values["N77703"].clear()
    units = [("N77701", UNIT, year, "T", 3.5) for year in (2021, 2022)]
    store.unit_values |= by_kpi(pl.DataFrame(units, schema=schema, orient="row"))
    store.kpi_groups.append(
        {
            "id": GROUP,
            "title": GROUP_TITLE,
            "members": [{"member_id": kpi, "member_title": kpi} for kpi in ("N77701", "N77702", "N20048")],
        }
    )
    store.version += 1


@pytest.fixture(scope="module")
def publishers(base_snapshot: SmallSnapshot) -> Iterator[Publishers]:
    with Publishers(base_snapshot.folder, NEEDED) as both:
        add_others(both)
        yield both


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory, run_cli: Preloaded, publishers: Publishers) -> Place:
    """A release without a word of scope; only to be read."""
    place = Place(tmp_path_factory.mktemp("curated") / "data")
    done = publishers.refresh(run_cli, place.data_dir)
    assert done.code == 0, done.text
    return place


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory, run_cli: Preloaded, publishers: Publishers, curated: Place
) -> Place:
    """The same folder after `--scope all`; only to be read."""
    place = curated.copy(tmp_path_factory.mktemp("all") / "data")
    done = publishers.refresh(run_cli, place.data_dir, "--scope", "all")
    assert done.code == 0, done.text
    return place


def test_every_kpi_becomes_an_indicator_with_the_sources_own_words(everything: Place) -> None:
    rows = everything.sql("select * from indicator where not curated order by indicator_id").to_dicts()
    assert len(rows) == LISTED + len(OTHERS)
    found = {row["indicator_id"]: row for row in rows}
    books = found["kolada_n77701"]
    assert (books["title_sv"], books["definition_sv"]) == OTHERS["N77701"]
    assert (books["unit"], books["polarity"], books["interval_method"]) == ("antal/inv", "no_judgement", None)
    assert (books["cost_concept"], books["theme"], books["source_series"]) == ("not_declared", "kolada", "N77701")
    assert (books["attribution"], books["value_type"]) == ("Källa: Kolada", None)
    assert (books["first_year"], books["last_year"]) == (2019, 2022)
    assert "Källans verksamhetsområde: Kultur." in books["notes"]
    assert found["kolada_n77702"]["unit"] == "%"
    closed = found["kolada_n77703"]
    assert (closed["series_ended"], closed["unit"]) == (2021, "kr/inv")
    assert closed["definition_sv"] == "Källan har ingen beskrivning av serien."
    empty = found["kolada_n77704"]
    assert (empty["unit"], empty["last_year"]) == ("", None)
    assert empty["no_values_sv"]


def test_values_are_those_of_the_source_for_all_areas_and_sexes(everything: Place) -> None:
    rows = everything.sql(
        "select area_id, area_type, year, sex, value, lower_95, interval_reason, break_before from observation "
        "join area using (area_id) where indicator_id = 'kolada_n77701' order by all"
    )
    assert rows.height == 5 * 4 * 3 + 2
    assert rows.filter(area_type="unit")["value"].to_list() == [3.5, 3.5]
    assert set(rows["area_type"]) == {"municipality", "region", "nation", "unit"}
    assert rows["lower_95"].null_count() == rows["break_before"].null_count() == rows.height
    assert set(rows["interval_reason"]) == {"n_unknown"}
    of_goteborg = rows.filter(area_id=GOTEBORG, sex="K").sort("year")["value"].to_list()
    assert of_goteborg == [19.0, 20.0, 21.0, 22.0]


def test_a_kpi_that_a_curated_indicator_publishes_is_there_too_and_names_it(everything: Place) -> None:
    notes = everything.sql("select notes from indicator where indicator_id = 'kolada_n20048'").item()
    assert "kostnad_aldreomsorg_per_inv_80" in notes
    both = everything.sql(
        "select indicator_id, area_id, year, sex, value from observation join area using (area_id) where indicator_id "
        "in ('kolada_n20048', 'kostnad_aldreomsorg_per_inv_80') and area_type = 'municipality'"
    )
    own, declared = both.partition_by("indicator_id", include_key=False)
    key = ["area_id", "year", "sex"]
    assert own.height > 50
    assert own.sort(key).equals(declared.sort(key))


def test_they_are_compared_but_never_judged(everything: Place) -> None:
    rows = everything.sql(
        "select area_id, nation, county_n, rank_from_highest, of_n, significance, change_1y, difference_to_nation "
        "from comparison where indicator_id = 'kolada_n77701' and year = 2022 and sex = 'T' order by area_id"
    ).to_dicts()
    assert [row["area_id"] for row in rows] == [STOCKHOLM, "1407", GOTEBORG]  # no unit and no region among them
    assert {row["nation"] for row in rows} == {26.0}
    assert [row["rank_from_highest"] for row in rows] == [2, 1, 3]
    assert {(row["significance"], row["change_1y"], row["difference_to_nation"]) for row in rows} == {
        ("not_estimable", None, None)
    }
    for table in ("trend", "equity", "plausibility", "composite_input"):
        assert everything.sql(f"select count(*) from {table} where indicator_id like 'kolada_%'").item() == 0, table


def test_what_is_curated_is_the_same_to_the_last_digit(everything: Place, curated: Place) -> None:
    tables = [row[0] for row in curated.sql("select table_name from duckdb_tables() order by 1").rows()]
    differing = []
    for table in sorted(set(tables) - {"release", "quality_result", "source_file", "revision", "area"}):
        columns = {row[0] for row in curated.sql(f"describe {table}").rows()}
        where = " where indicator_id not like 'kolada_%'" if "indicator_id" in columns else ""
        query = f"select * from {table}{where} order by all"
        if not curated.sql(query).equals(everything.sql(query)):
            differing.append(table)
    assert differing == []
    assert curated.sql("select count(*) from indicator where not curated").item() == 0
    revised = everything.sql("select count(*) from revision where indicator_id not like 'kolada_%'").item()
    assert revised == 0


def test_the_scope_is_remembered_until_another_is_stated(
    everything: Place, run_cli: Preloaded, publishers: Publishers, tmp_path: Path
) -> None:
    place = everything.copy(tmp_path / "data")
    publishers.kolada.store.revise("N77701", GOTEBORG, 2022, "T", 23.5)
    done = publishers.refresh(run_cli, place.data_dir)
    assert done.code == 0, done.text
    revised = place.sql("select new_value, change from revision where indicator_id = 'kolada_n77701'").rows()
    assert revised == [(23.5, "revised")]
    before = place.sql("select count(*) from observation_vintage where indicator_id = 'kolada_n77701'").item()
    assert before == 5 * 4 * 3 + 2 + 1
    again = run_cli("rebuild", "--data-dir", str(place.data_dir))
    assert again.code == 0, again.text
    assert place.sql("select count(*) from indicator where not curated").item() == LISTED + len(OTHERS)
    back = publishers.refresh(run_cli, place.data_dir, "--scope", "curated")
    assert back.code == 0, back.text
    assert place.sql("select count(*) from indicator where not curated").item() == 0
    publishers.kolada.store.revise("N77701", GOTEBORG, 2022, "T", 22.0)


def test_a_group_is_named_by_its_id_or_its_title_and_comes_beside_what_is_curated(
    curated: Place, run_cli: Preloaded, publishers: Publishers, tmp_path: Path
) -> None:
    place = curated.copy(tmp_path / "data")
    done = publishers.refresh(run_cli, place.data_dir, "--scope", f"group:{GROUP_TITLE.upper()}", "--full")
    assert done.code == 0, done.text
    found = place.sql("select indicator_id from indicator where not curated order by 1")["indicator_id"].to_list()
    assert found == ["kolada_n20048", "kolada_n77701", "kolada_n77702"]
    assert place.sql("select count(*) from indicator where curated").item() > 100
    assert Archive(place.settings.archive_dir).asked_for("kolada.other_values") == f"group:{GROUP}"


def test_a_group_that_does_not_exist_is_told_with_what_was_meant_and_nothing_else_is_held_back(
    curated: Place, run_cli: Preloaded, publishers: Publishers, tmp_path: Path
) -> None:
    place = curated.copy(tmp_path / "data")
    done = publishers.refresh(run_cli, place.data_dir, "--scope", "group:Kultur och fritit", "--full")
    assert done.code in {3, 4}, done.text  # 4 where nothing else brought news
    assert "no such group" in done.text
    assert f"did you mean {GROUP} ({GROUP_TITLE})" in done.text
    assert Archive(place.settings.archive_dir).asked_for("kolada.other_values") is None
    assert set(place.log()[-1]["held_back"]) <= {"kolada.other_values", "kolada.other_ou_values"}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--scope", "group:x"), "the embedded figures know no groups"),
        (("--scope", "everything"), "the setting kolada_scope is wrong"),
        (("--scope", "group:"), "the setting kolada_scope is wrong"),
        (("--scope", "all", "--only", "scb"), "--only leaves out"),
    ],
)
def test_a_scope_of_no_use_is_refused(
    options: tuple[str, ...], what: str, run_cli: Preloaded, tmp_path: Path, base_snapshot: SmallSnapshot
) -> None:
    data = tmp_path / "data"
    done = run_cli("refresh", "--data-dir", str(data), "--snapshot-dir", str(base_snapshot.folder), *options)
    assert done.code == 2
    assert what in done.text
    assert not data.exists()


def test_the_embedded_figures_show_what_it_looks_like_without_a_network(
    place: Place, snapshot: SmallSnapshot, run_cli: Preloaded
) -> None:
    argv = ("refresh", "--data-dir", str(place.data_dir), "--snapshot-dir", str(snapshot.folder))
    done = run_cli(*argv, "--scope", "all")
    assert done.code == 0, done.text
    first = place.current()
    rows = place.sql("select definition_sv, title_sv from indicator where not curated").rows()
    assert len(rows) == LISTED
    assert {definition for definition, _ in rows} == {"Källan har ingen beskrivning av serien."}
    for again in ((), ("--scope", "all")):
        assert run_cli(*argv, *again).code == 0
        assert place.current() == first, "the same scope again is nothing new"
    assert run_cli(*argv, "--scope", "catalogue").code == 0  # the word of earlier versions
    assert place.sql("select count(*) from indicator where not curated").item() == 0


def test_a_kpi_that_vanishes_or_is_renamed_keeps_its_values_and_says_so(
    everything: Place, run_cli: Preloaded, base_snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    place = everything.copy(tmp_path / "data")
    with Publishers(base_snapshot.folder, NEEDED) as later:
        add_others(later)
        later.kolada.store.remove_kpi("N77702")
        later.retitle("N77701", "E-böcker på folkbiblioteken, antal/inv")
        later.describe("N77701", "Nu räknas e-böcker.")
        # The same addresses as before, so that what the two say can be told from one another.
        done = later.refresh(run_cli, place.data_dir)
    assert done.code == 0, done.text
    vanished = place.sql("select title_sv, notes from indicator where indicator_id = 'kolada_n77702'").row(0)
    assert "lekplatser" in vanished[0]
    assert "finns inte längre i källans lista" in vanished[1]
    assert place.sql("select count(value) from observation where indicator_id = 'kolada_n77702'").item() == 60
    renamed = place.sql("select title_sv, definition_sv from indicator where indicator_id = 'kolada_n77701'").row(0)
    assert renamed == ("E-böcker på folkbiblioteken, antal/inv", "Nu räknas e-böcker.")
    told = json.loads(run_cli("status", "--data-dir", str(place.data_dir), "--json").out)
    assert {event["series_id"] for event in told["events"]}.isdisjoint(OTHERS)
    found = {(event["series_id"], event["kind"]) for event in told["uncurated_events"]}
    assert found == {("N77702", "vanished"), ("N77701", "renamed"), ("N77701", "described_anew")}
    assert "described_anew 1, renamed 1, vanished 1" in run_cli("status", "--data-dir", str(place.data_dir)).text


def test_values_that_an_uncurated_kpi_loses_hold_back_no_curated_one(
    everything: Place, run_cli: Preloaded, base_snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    place = everything.copy(tmp_path / "data")
    with Publishers(base_snapshot.folder, NEEDED) as later:
        add_others(later)
        later.kolada.store.drop("N77701", year=2022)
        later.kolada.store.revise("U21425", GOTEBORG, 2022, "T", 77.0)
        done = later.refresh(run_cli, place.data_dir, "--full")
    assert done.code == 3, done.text
    assert list(place.log()[-1]["held_back"]) == ["kolada.other_values"]
    assert place.sql("select count(value) from observation where indicator_id = 'kolada_n77701'").item() == 62
    revised = (
        "select distinct new_value from revision join indicator using (indicator_id) where source_series = 'U21425'"
    )
    assert place.sql(revised)["new_value"].to_list() == [77.0]


def _command(run_cli: Preloaded, place: Place, *argv: str) -> str:
    done = run_cli(*argv, "--data-dir", str(place.data_dir))
    assert done.code == 0, done.text
    return str(done.text)


def test_lists_and_searches_tell_them_apart_and_curated_ones_first(everything: Place, run_cli: Preloaded) -> None:
    plain = _command(run_cli, everything, "indicators", "list")
    assert "kolada_n77701" not in plain
    assert f"{LISTED + len(OTHERS)} ogranskade" in plain
    others = _command(run_cli, everything, "indicators", "list", "--uncurated")
    assert "kolada_n77701" in others
    assert "kostnad_aldreomsorg_per_inv_80 " not in others.replace("granskad: ", "")
    whole = _command(run_cli, everything, "indicators", "list", "--all")
    assert whole.index("trygghet_hemtjanst") < whole.index("kolada_n77701")
    found = _command(run_cli, everything, "indicators", "search", "N20048")
    assert found.index("kostnad_aldreomsorg_per_inv_80") < found.index("kolada_n20048")
    assert "kolada_n77701" in _command(run_cli, everything, "indicators", "search", "bocker bibliotek")
    shown = _command(run_cli, everything, "indicators", "show", "kolada_n77701")
    assert "<script>alert(1)</script>" in shown  # a terminal runs no scripts; nothing of the source is changed


def test_a_comparison_and_status_count_them_apart(everything: Place, curated: Place, run_cli: Preloaded) -> None:
    assert "kolada_n" not in _command(run_cli, everything, "compare", GOTEBORG)
    own = _command(run_cli, everything, "compare", GOTEBORG, "--theme", "kolada")
    assert "kolada_n77701" in own
    status = _command(run_cli, everything, "status")
    declared = curated.sql("select count(*) from indicator").item()
    assert f"{declared} indicators and {LISTED + len(OTHERS)} uncurated" in status
    assert "uncurated" not in _command(run_cli, curated, "status")


def test_a_value_is_explained_down_to_its_page(everything: Place, run_cli: Preloaded) -> None:
    for area in (GOTEBORG, UNIT):
        argv = ("explain", "kolada_n77701", area, "2022", "--recompute", "--json")
        told = json.loads(_command(run_cli, everything, *argv))
        assert told["arithmetic"]["holds"] is True
        assert told["arithmetic"]["value"] == (22.0 if area == GOTEBORG else 3.5)
        assert told["cite_sv"].startswith("Källa: Kolada")
        assert "/v3/" in told["files"][0]["url"]


def test_pages_and_the_workbook_hold_what_is_curated_alone(everything: Place, tmp_path: Path) -> None:
    folder = release_pointer.current_folder(everything.settings.releases_dir)
    build_site(folder, tmp_path / "site", None)
    texts = {path: path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert texts
    assert not [path for path, text in texts.items() if "kolada_n" in text or "alert(1)" in text]


def test_csv_holds_them_with_formulas_made_harmless(everything: Place, tmp_path: Path) -> None:
    place = everything.copy(tmp_path / "data")
    folder = release_pointer.current_folder(place.settings.releases_dir)
    package.write(folder, None)
    with gzip.open(folder / "csv/plain/kolada.csv.gz", "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(file.read())))
    published = place.sql("select count(*) from observation where indicator_id like 'kolada_%'").item()
    assert len(rows) == published
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@" and not _is_number(cell)]
    assert not list((folder / "json-stat").glob("kolada_*"))
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert f"{LISTED + len(OTHERS)} ogranskade nyckeltal ur Kolada" in readme
    listed = (folder / "indikatorer.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK" in listed.replace("”", '"')


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
