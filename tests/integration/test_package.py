"""Each file of the package is read back by another library than wrote it, and equals the release, value for value."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from frictionless import Package
from pyjstat import pyjstat
from python_calamine import CalamineWorkbook
from rdflib import Graph, Literal, URIRef
from rdflib import namespace as ns

from indicators.model import words
from pipelines.release.package.release_data import TIDY
from pipelines.release.table_keys import table_keys
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.database import columns, identifier
from pipelines.storage.files import read_json, sha256_of
from pipelines.storage.release_pointer import DATABASE

pytestmark = pytest.mark.slow

KEY = ["indicator_id", "area_id", "sex", "year"]
THEMES = sorted(str(t) for t in words.THEMES)
CODES = {"total": "T", "women": "K", "men": "M"}
SERVED = "https://data.example.se/nyckeltal/"


@pytest.fixture(scope="module")
def folder(full_release: Settings) -> Path:
    """The folder of the full release."""
    return release_pointer.current_folder(full_release.releases_dir)


@pytest.fixture(scope="module")
def release(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its database: what every file is held against."""
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        con.execute("set enable_progress_bar = false")
        yield con


def truth(release: duckdb.DuckDBPyConnection, where: str, *more: str) -> pl.DataFrame:
    """Key, value and more of the release, in the order of the key."""
    wanted = columns([*KEY, "value", *more])
    return release.execute(f"select {wanted} from observation_wide where {where} order by {columns(KEY)}").pl()


# CSV


@pytest.mark.parametrize("theme", THEMES)
def test_plain_csv_read_by_duckdb_is_the_theme_row_for_row(
    folder: Path, release: duckdb.DuckDBPyConnection, theme: str
) -> None:
    described = {n: t for n, t, *_ in release.execute("describe observation_wide").fetchall()}
    kinds = {n: described[n] for n in TIDY}
    rows = f"select {columns(TIDY)} from observation_wide where theme = '{theme}'"
    # As it comes: DuckDB guesses the types. Codes are told otherwise in CSV, and an absent text is `none`.
    back = {
        "area_id": "regexp_replace(area_id, '^SE_', '')",
        "sex": "case sex when 'total' then 'T' when 'women' then 'K' when 'men' then 'M' end",
    }
    told = ", ".join(
        f"{back.get(n, n)}::{kinds[n]}" if n in back or kinds[n] != "VARCHAR" else f"nullif({n}, 'none')" for n in TIDY
    )
    file = f"select {told} from read_csv(?)"
    summed = "select count(*), bit_xor(hash(r)), sum(hash(r)::hugeint) from ({}) as r"

    read = release.execute(summed.format(file), [str(folder / "csv/plain" / f"{theme}.csv.gz")]).fetchone()
    assert read == release.execute(summed.format(rows)).fetchone()
    assert read is not None
    assert read[0] > 0


@pytest.mark.parametrize("theme", THEMES)
def test_csv_for_swedish_excel_read_by_pandas_has_every_value(
    folder: Path, release: duckdb.DuckDBPyConnection, theme: str
) -> None:
    read = pd.read_csv(
        folder / "csv/excel" / f"{theme}.zip", sep=";", decimal=",", encoding="utf-8-sig", engine="c",
        usecols=[*KEY, "value", "lower_95", "upper_95"], dtype={n: str for n in KEY if n != "year"},
        float_precision="round_trip",
    )  # fmt: skip
    expected = truth(release, f"theme = '{theme}'", "lower_95", "upper_95")
    read = read.assign(area_id=read["area_id"].str.removeprefix("SE_"), sex=read["sex"].replace(CODES)).sort_values(KEY)

    for name in KEY:
        assert read[name].to_list() == expected[name].to_list()
    for name in ("value", "lower_95", "upper_95"):
        np.testing.assert_array_equal(read[name].to_numpy(), expected[name].fill_null(np.nan).to_numpy())


def test_csv_for_swedish_excel_begins_with_a_byte_order_mark_and_the_plain_one_does_not(folder: Path) -> None:
    with gzip.open(folder / "csv/plain/samverkan.csv.gz") as file:
        plain = file.read(200)
    with zipfile.ZipFile(folder / "csv/excel/samverkan.zip") as packed, packed.open("samverkan.csv") as file:
        assert packed.namelist() == ["samverkan.csv"]
        excel = file.read(200)
    assert excel.startswith(b"\xef\xbb\xbfindicator_id;title_sv;")
    assert plain.startswith(b"indicator_id,title_sv,")


def test_no_text_of_a_csv_begins_a_formula(folder: Path) -> None:
    begins = re.compile(r"[=+@\t\r]|-(?![\d,.])")
    with (
        gzip.open(folder / "csv/plain/samverkan.csv.gz", "rt", encoding="utf-8", newline="") as plain,
        zipfile.ZipFile(folder / "csv/excel/samverkan.zip") as packed,
        io.TextIOWrapper(packed.open("samverkan.csv"), encoding="utf-8-sig", newline="") as excel,
        (folder / "indikatorer.csv").open(encoding="utf-8", newline="") as indicators,
        (folder / "dictionary.csv").open(encoding="utf-8", newline="") as dictionary,
    ):
        for file in (plain, excel, indicators, dictionary):
            rows = csv.reader(file, delimiter=";" if file is excel else ",")
            assert [cell for row in rows for cell in row if begins.match(cell)] == []


# Workbook


@pytest.fixture(scope="module")
def workbook(folder: Path) -> CalamineWorkbook:
    """The workbook, opened."""
    return CalamineWorkbook.from_path(folder / "nyckeltal.xlsx")


def test_the_workbook_has_a_sheet_to_read_first_one_for_each_theme_and_one_of_definitions(
    workbook: CalamineWorkbook,
) -> None:
    assert workbook.sheet_names == ["Läs mig", *words.THEMES.values(), "Indikatorer"]


@pytest.mark.parametrize("theme", THEMES)
def test_a_sheet_read_by_calamine_has_every_value_of_the_theme_and_no_other(
    workbook: CalamineWorkbook, release: duckdb.DuckDBPyConnection, theme: str
) -> None:
    heads, *rows = workbook.get_sheet_by_name(words.THEMES[theme]).to_python()  # type: ignore[index]
    years = [h for h in heads if re.fullmatch(r"\d{4}", str(h))]
    at = {heading: heads.index(heading) for heading in ("Nyckeltalets id", "Områdeskod", "Kön", "Så anges källan")}
    sexes = {label: code for code, label in words.SEXES.items()}
    wide = pl.DataFrame(
        {
            "indicator_id": [r[at["Nyckeltalets id"]] for r in rows],
            "area_id": [r[at["Områdeskod"]] for r in rows],
            "sex": [sexes[r[at["Kön"]]] for r in rows],
            "attribution": [r[at["Så anges källan"]] for r in rows],
            **{str(y): [None if r[heads.index(y)] == "" else r[heads.index(y)] for r in rows] for y in years},
        },
        schema_overrides={str(y): pl.Float64 for y in years},
    )
    read = (
        wide.unpivot(on=years, index=["indicator_id", "area_id", "sex", "attribution"], variable_name="year")
        .drop_nulls("value").with_columns(pl.col("year").cast(pl.Int32)).sort(KEY)
    )  # fmt: skip
    expected = truth(release, f"theme = '{theme}' and value is not null", "attribution")

    assert read.select(*KEY, "attribution").equals(expected.select(*KEY, "attribution"))
    np.testing.assert_array_equal(read["value"].to_numpy(), expected["value"].to_numpy())


def test_every_series_of_the_release_has_a_row_and_missing_values_are_explained(
    workbook: CalamineWorkbook, release: duckdb.DuckDBPyConnection
) -> None:
    heads, *rows = workbook.get_sheet_by_name("Hälsofrämjande").to_python()
    series = release.execute("select count(distinct (indicator_id, area_id, sex)) from halsoframjande").fetchone()
    assert (len(rows),) == series
    at = heads.index("Anmärkning")
    told = {
        (r[heads.index("Nyckeltalets id")], r[heads.index("Områdeskod")], r[heads.index("Kön")])
        for r in rows
        if "saknas" in r[at]
    }
    missing = release.execute(
        "select distinct indicator_id, area_id, sex_label from halsoframjande where value is null"
    ).fetchall()
    assert told == set(missing)
    assert missing


def test_no_cell_of_the_workbook_is_a_formula_or_a_link_and_heads_stay_in_sight(folder: Path) -> None:
    with zipfile.ZipFile(folder / "nyckeltal.xlsx") as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == len(THEMES) + 2
        for name in sheets:
            content = book.read(name)
            assert b"<f>" not in content
            assert b"<hyperlink" not in content
            if name != "xl/worksheets/sheet1.xml":
                assert b'state="frozen"' in content
                assert b"<autoFilter" in content
        shown = set(re.findall(r'formatCode="([^"]+)"', book.read("xl/styles.xml").decode()))
        assert shown == {"#,##0", "#,##0.0", "#,##0.00", "#,##0.000"}


# JSON-stat and Parquet


def unfolded(cube: dict[str, Any]) -> pl.DataFrame:
    """The cells of a JSON-stat cube by its specification: the last dimension moves fastest."""
    places = np.unravel_index(np.arange(int(np.prod(cube["size"]))), cube["size"])
    names = {
        d: np.array(cube["dimension"][d]["category"]["index"])[at] for d, at in zip(cube["id"], places, strict=True)
    }
    return pl.DataFrame({**names, "value": pl.Series(cube["value"], dtype=pl.Float64)})


def test_json_stat_has_every_value_and_status_and_nothing_else(
    folder: Path, release: duckdb.DuckDBPyConnection
) -> None:
    told_of = truth(release, "true", "status", "caution").with_columns(
        status=pl.when(pl.col("caution").is_null() | pl.col("value").is_null())
        .then(pl.col("status"))
        .when(pl.col("status") == "normal")
        .then("caution:" + pl.col("caution"))
        .otherwise(pl.col("status") + ", caution:" + pl.col("caution"))
    )
    expected = told_of.partition_by("indicator_id", as_dict=True)
    files = sorted((folder / "json-stat").glob("*.json"))
    assert [f.stem for f in files] == sorted(str(i) for (i,) in expected)
    for number, file in enumerate(files):
        cube = read_json(file)
        cells = unfolded(cube)
        if number % 8 == 0:  # pyjstat takes most of a minute for all of them
            read = pyjstat.Dataset.read(file.read_text(encoding="utf-8")).write("dataframe", naming="id")
            assert pl.from_pandas(read).select(cells.columns).equals(cells), file.stem
        rows = expected[(file.stem,)].rename({"area_id": "area"}).with_columns(pl.col("year").cast(pl.String))
        rows = rows.sort("area", "sex", "year")
        valued = rows.drop_nulls("value").select(cells.columns)
        assert cells.drop_nulls("value").sort("area", "sex", "year").equals(valued), file.stem
        told = cells[sorted(int(n) for n in cube["status"])].with_columns(
            status=pl.Series([cube["status"][n] for n in sorted(cube["status"], key=int)], dtype=pl.String)
        )
        strange = rows.filter(pl.col("status") != "normal").select(told.columns)
        assert told.sort("area", "sex", "year").equals(strange), file.stem


def test_json_stat_says_in_swedish_what_it_is(folder: Path) -> None:
    read = read_json(folder / "json-stat/brukare_sarskilt_boende_65.json")
    assert read["dimension"]["sex"]["category"]["label"]["K"] == "Kvinnor"
    assert read["dimension"]["area"]["category"]["label"]["1480"] == "Göteborg"
    assert read["role"] == {"time": ["year"], "geo": ["area"]}
    assert (read["extension"]["unit"], read["extension"]["break_before"]) == ("antal", [2007, 2013, 2021])
    assert "Brott i tidsserien före 2007, 2013, 2021" in " ".join(read["note"])


def test_parquet_read_by_polars_is_the_table_of_the_database(folder: Path, release: duckdb.DuckDBPyConnection) -> None:
    tables = release_pointer.info(folder).tables
    assert sorted(p.stem for p in folder.glob("parquet/*.parquet")) == sorted(tables)
    for table in tables:
        read = pl.read_parquet(folder / "parquet" / f"{table}.parquet")
        in_order = f"select * from {identifier(table)} order by {columns(table_keys(ROOT / 'dbt_project')[table])}"
        assert read.equals(release.execute(in_order).pl()), table


# Records


def test_the_data_package_is_valid_and_tells_each_file_by_its_hash(folder: Path) -> None:
    path = str(folder / "datapackage.json")
    report = Package.validate_descriptor(path)
    assert report.valid, report.errors
    package = Package(path)

    told = {r.path: (r.bytes, r.hash) for r in package.resources}
    records = {
        "datapackage.json",
        "dcat.ttl",
        "dcat.jsonld",
        "dataset.jsonld",
        "files.json",
        "SHA256SUMS",
    }
    held = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - records
    assert {n for n in held if not n.startswith("site/")} == set(told)
    for name, (size, found) in told.items():
        assert ((folder / name).stat().st_size, f"sha256:{sha256_of(folder / name)}") == (size, found), name


@pytest.mark.parametrize(
    "resource",
    [
        "csv-plain-halsoframjande",
        "csv-excel-samverkan",
        "indikatorer.csv",
        "dictionary.csv",
        "kodlista.csv",
        "parquet-area",
        "nyckeltal.xlsx",
    ],
)
def test_a_resource_of_the_data_package_holds_to_its_schema(folder: Path, resource: str) -> None:
    report = Package(str(folder / "datapackage.json")).get_resource(resource).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldNumber", "type", "note"])[:5]


# What DCAT-AP-SE 3.0.1 demands (https://docs.dataportal.se/dcat/3.0.1/sv/), and what there may be one of.
MANDATORY = {
    ns.DCAT.Catalog: [
        ns.DCTERMS.title,
        ns.DCTERMS.description,
        ns.DCTERMS.publisher,
        ns.DCTERMS.license,
        ns.DCAT.dataset,
    ],
    ns.DCAT.Dataset: [ns.DCTERMS.title, ns.DCTERMS.description, ns.DCTERMS.publisher],
    ns.DCAT.Distribution: [ns.DCAT.accessURL, ns.DCTERMS["format"]],
    ns.FOAF.Agent: [ns.FOAF.name, ns.DCTERMS.type],
    ns.DCTERMS.ProvenanceStatement: [ns.DCTERMS.description],
}
AT_MOST_ONE = {
    ns.DCAT.Catalog: [ns.DCTERMS.publisher, ns.DCTERMS.license, ns.DCTERMS.issued, ns.DCTERMS.modified],
    ns.DCAT.Dataset: [ns.DCTERMS.publisher, ns.DCTERMS.issued, ns.DCTERMS.modified],
    ns.DCAT.Distribution: [ns.DCAT.accessURL, ns.DCTERMS["format"], ns.DCTERMS.license, ns.DCAT.byteSize],
    ns.FOAF.Agent: [ns.DCTERMS.type],
}


@pytest.fixture(scope="module")
def graph(folder: Path) -> Graph:
    """The catalogue record, read as a harvester does that fetched it from a server."""
    return Graph().parse(folder / "dcat.ttl", publicID=f"{SERVED}{folder.name}/dcat.ttl")


def test_turtle_and_json_ld_are_one_graph(folder: Path, graph: Graph) -> None:
    other = Graph().parse(folder / "dcat.jsonld", format="json-ld", publicID=f"{SERVED}{folder.name}/dcat.jsonld")
    assert set(other) == set(graph)
    assert len(graph) > 100


def test_the_catalogue_has_all_that_the_profile_demands(graph: Graph) -> None:
    for kind, demanded in MANDATORY.items():
        found = list(graph.subjects(ns.RDF.type, kind))
        assert found, kind
        for thing in found:
            assert [p for p in demanded if graph.value(thing, p, any=True) is None] == [], thing
            assert [p for p in AT_MOST_ONE.get(kind, []) if len(list(graph.objects(thing, p))) > 1] == [], thing
    (catalogue,) = graph.subjects(ns.RDF.type, ns.DCAT.Catalog)
    assert graph.value(catalogue, ns.DCTERMS.license) == URIRef("http://creativecommons.org/publicdomain/zero/1.0/")
    (dataset,) = graph.objects(catalogue, ns.DCAT.dataset)
    assert {t.language for t in graph.objects(dataset, ns.DCTERMS.title) if isinstance(t, Literal)} == {"sv", "en"}
    assert graph.value(dataset, ns.DCTERMS.publisher) == graph.value(catalogue, ns.DCTERMS.publisher)
    assert set(graph.objects(dataset, ns.DCAT.distribution)) == set(graph.subjects(ns.RDF.type, ns.DCAT.Distribution))


def test_the_catalogue_leads_to_every_file_of_data_where_it_is_served(folder: Path, graph: Graph) -> None:
    home = f"{SERVED}{folder.name}/"
    for address in graph.objects(None, ns.DCAT.accessURL):
        assert re.fullmatch(r"https?://.+", str(address))
        assert (folder / str(address).removeprefix(home)).is_file()
    downloads = {str(a).removeprefix(home) for a in graph.objects(None, ns.DCAT.downloadURL)}
    patterns = ("csv/*/*.csv.gz", "csv/*/*.zip", "json-stat/*.json", "parquet/*.parquet", "*.duckdb", "*.xlsx")
    assert downloads == {p.relative_to(folder).as_posix() for pattern in patterns for p in folder.glob(pattern)}


def test_schema_org_says_what_search_engines_ask_for(folder: Path, release: duckdb.DuckDBPyConnection) -> None:
    read = read_json(folder / "dataset.jsonld")
    assert (read["@context"], read["@type"]) == ("https://schema.org/", "Dataset")
    assert 50 <= len(read["description"]) <= 5000  # as Google asks
    for name in ("name", "identifier", "license", "publisher", "temporalCoverage", "spatialCoverage", "distribution"):
        assert read[name], name
    assert read["version"] == folder.name
    indicators = [i for (i,) in release.execute("select indicator_id from indicator order by 1").fetchall()]
    assert [v["propertyID"] for v in read["variableMeasured"]] == indicators
    assert all((folder / url).is_file() for d in read["distribution"] for url in d["contentUrl"])


def test_the_dictionary_describes_every_table_and_column(folder: Path, release: duckdb.DuckDBPyConnection) -> None:
    with (folder / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    real = release.execute(
        "select table_name, column_name, lower(data_type) from information_schema.columns where table_schema = 'main'"
    ).fetchall()
    assert sorted((r["table"], r["column"], r["type"]) for r in rows if r["column"] != "none") == sorted(real)
    assert {r["table"] for r in rows if r["column"] == "none"} == {table for table, _, _ in real}
    assert [r for r in rows if not r["description"]] == []


def test_the_table_of_indicators_is_given_whole(folder: Path, release: duckdb.DuckDBPyConnection) -> None:
    read = pd.read_csv(folder / "indikatorer.csv", dtype=str, keep_default_na=False)
    expected = release.execute("select * from indicator order by indicator_id").pl()
    assert list(read.columns) == expected.columns
    for name in ("indicator_id", "title_sv", "definition_sv", "attribution", "rights", "unit"):
        assert read[name].to_list() == expected[name].fill_null("none").str.replace_all('"', "”").to_list()


# The whole


def test_the_readme_names_the_release_how_to_cite_it_and_files_that_are_there(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    info = release_pointer.info(folder)
    for said in (
        info.release_id,
        f"{info.created_at:%Y-%m-%d}",
        info.input_hash,
        "## Villkor",
        "## Så citeras utgåvan",
    ):
        assert said in text
    table = text.split("## Filer")[1].split("\n## ")[0]
    named = [n for row in re.findall(r"(?m)^\| `([^`]+)` \|", table) for n in row.split(", ")]
    assert len(named) > 10
    assert [n for n in named if not (folder / n).exists()] == []


def test_the_python_of_the_readme_runs_where_the_files_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(folder)
    exec(code, {})  # noqa: S102 - the document's own example


def test_no_file_tells_where_it_was_made(folder: Path) -> None:
    temporary = f".{folder.name}."
    for name in (
        "README.md",
        "CHANGES.md",
        "datapackage.json",
        "dcat.ttl",
        "dcat.jsonld",
        "dataset.jsonld",
        "files.json",
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert str(folder.parent) not in text
        assert temporary not in text


def test_attribution_follows_processing_in_every_form(folder: Path, workbook: CalamineWorkbook) -> None:
    """Only what is unchanged names Kolada or SCB as its source: a published value, but not the mean of a group."""
    source = re.compile(r"Källa: (?:Kolada|SCB)")
    rows = pd.read_csv(folder / "csv/plain/samverkan.csv.gz", usecols=["area_type", "processing_level", "attribution"])
    named = rows["attribution"].str.contains(source.pattern)
    assert set(rows[named]["processing_level"]) == {"published"}
    assert set(rows[named]["area_type"]).isdisjoint({"group", "county"})
    assert rows[~named]["attribution"].str.match("Egen beräkning|Källa: kommunens egna").all()

    for name, levels in (
        ("fallskador_80", {"published", "computed"}),
        ("andel_aldreomsorg_av_omsorgskostnad", {"computed"}),
    ):
        cube = read_json(folder / f"json-stat/{name}.json")
        cited: dict[str, Any] = cube["extension"]["attribution"]
        unchanged = {kind for kind, text in cited.items() if source.search(text)}
        assert bool(unchanged) == ("published" in levels)
        assert unchanged.isdisjoint({"group", "county"})
        assert all(text in cube["source"] for text in cited.values())

    heads, *indicators = workbook.get_sheet_by_name("Indikatorer").to_python()
    level, how = heads.index("Bearbetning"), heads.index("Så anges källan")
    assert {bool(source.search(r[how])) for r in indicators if r[level] == "egen beräkning"} == {False}

    rule = "får inte anges med Kolada eller SCB som källa"
    first_sheet = " ".join(str(c) for row in workbook.get_sheet_by_name("Läs mig").to_python() for c in row)
    texts = [
        (folder / n).read_text(encoding="utf-8")
        for n in ("README.md", "datapackage.json", "dcat.ttl", "dataset.jsonld")
    ]
    assert all(rule in text for text in [first_sheet, *texts])
    assert all(
        f["description"] for r in json.loads(texts[1])["resources"] for f in r.get("schema", {}).get("fields", [])
    )
