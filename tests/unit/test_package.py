"""The forms of the package on figures made up by hand: no formulas, missing values told, changes in plain words."""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path

import msgspec
import openpyxl
import polars as pl
import pytest
import xlsxwriter
from pydantic import ValidationError
from python_calamine import CalamineWorkbook
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib import namespace as ns

from indicators.model import words
from indicators.model.vocabulary import Theme
from pipelines.release.package import contents, jsonstat, titles, workbook
from pipelines.release.package.change_notes import Changes
from pipelines.release.package.contents import File
from pipelines.release.package.dcat import Catalogue
from pipelines.release.package.delimited import EXCEL, PLAIN, Form, write_csv
from pipelines.release.package.identity import NO_PUBLISHER, Identity
from pipelines.release.package.sheet_rows import append_rows
from pipelines.release.package.workbook import Book, widened
from pipelines.settings import Settings
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.text.csv_values import readable

MADE = datetime.fromisoformat("2026-11-26T22:30:00")
STARTS = ["=1+1", "+46", "-x", "@a", "\tb", "\rc", "<r>d</r>", "0180", "'e", "å"]


def info(previous: str | None = None) -> ReleaseInfo:
    return ReleaseInfo(
        release_id="20261126T223000000000Z-abc", created_at=MADE, code_version="1", input_hash="a" * 64,
        knowledge_until=MADE, previous_release_id=previous, previous_knowledge_until=None, stale_sources=(), tables={},
    )  # fmt: skip


def identity(previous: str | None = None, **settings: str) -> Identity:
    return Identity.of(info(previous), Settings(**settings))  # type: ignore[arg-type]


# CSV and workbook


@pytest.mark.parametrize("form", [PLAIN, EXCEL], ids=["plain", "excel"])
def test_no_cell_of_a_csv_begins_a_formula_and_numbers_stay_numbers(tmp_path: Path, form: Form) -> None:
    frame = pl.DataFrame({"title": STARTS, "value": [-1.5] * len(STARTS)})
    write_csv(readable(frame), tmp_path / "a.csv", form)

    with (tmp_path / "a.csv").open(encoding=form.encoding, newline="") as file:
        head, *rows = csv.reader(file, delimiter=form.delimiter)
    assert head == ["title", "value"]
    assert [t.lstrip("'") for t, _ in rows] == [t.lstrip("'") for t in STARTS]
    assert [t for t, _ in rows if t.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert {v for _, v in rows} == {"-1,5" if form == EXCEL else "-1.5"}


@pytest.mark.parametrize("form", [PLAIN, EXCEL], ids=["plain", "excel"])
def test_a_compressed_csv_is_the_same_csv_and_its_bytes_depend_on_nothing_else(tmp_path: Path, form: Form) -> None:
    frame = readable(pl.DataFrame({"title": STARTS, "value": range(len(STARTS))}))
    other = tmp_path / "other"
    other.mkdir()
    for folder in (tmp_path, other):
        write_csv(frame, folder / "a.csv", form)
        write_csv(frame, folder / f"a{form.ending}", form)
    plain, packed = ((tmp_path / name).read_bytes() for name in ("a.csv", f"a{form.ending}"))
    assert packed == (other / f"a{form.ending}").read_bytes()
    if form == PLAIN:
        assert gzip.decompress(packed) == plain
        assert packed[3:8] == bytes(5)  # neither a name nor a time in the header
    else:
        with zipfile.ZipFile(tmp_path / "a.zip") as opened:
            assert opened.namelist() == ["a.csv"]
            assert opened.getinfo("a.csv").date_time == (1980, 1, 1, 0, 0, 0)  # no time of writing
            assert opened.read("a.csv") == plain


ROWS = pl.DataFrame(
    {
        "indicator": [0, 0, 0, 1], "area": [0, 0, 1, 0], "year": [2020, 2021, 2021, 2021], "sex": ["T"] * 4,
        "value": [290766.0, None, -0.5, 12.25], "status": ["normal", "missing", "preliminary", "normal"],
        "missing_reason": [None, "published_missing", None, "unknown_code: X"],
        "is_preliminary": [False, False, True, False],
        "caution": [None] * 4,
        "break_before": [False, False, True, False], "price_basis": ["löpande priser"] * 3 + [None],
    },
    schema_overrides={"caution": pl.String},
)  # fmt: skip
INDICATORS = {"indicator_id": ["=a", "b"], "title_sv": ["=HYPERLINK(1)", "@b"], "unit": ["kr", "%"], "decimals": [0, 2]}
AREAS = {"area_id": ["0180", "GR"], "area_name": ["+Stockholm", "-GR"], "area_type": ["municipality", "group"]}
CITED = {"municipality": "Källa: Kolada", "group": "Egen beräkning; underlag: Kolada: N1"}


def labelled(rows: pl.DataFrame) -> pl.DataFrame:
    frames = [rows, pl.DataFrame(INDICATORS)[rows["indicator"]], pl.DataFrame(AREAS)[rows["area"]]]
    return pl.concat(frames, how="horizontal").with_columns(
        sex_label=pl.lit("Totalt"),
        cost_concept=pl.when(pl.col("unit") == "kr").then(pl.lit("andel_av_kostnad")),
        attribution=pl.col("area_type").replace_strict(CITED),
    )


def test_a_workbook_writes_text_as_text_and_years_as_columns(tmp_path: Path) -> None:
    book = Book(tmp_path / "a.xlsx", MADE)
    book.text_sheet("Läs mig", "Titel", [("=rubrik", STARTS)])
    book.theme_sheets("Kostnad", *widened(ROWS, labelled))
    book.close()

    read = CalamineWorkbook.from_path(tmp_path / "a.xlsx")
    heads, *rows = read.get_sheet_by_name("Kostnad").to_python()
    assert heads[:7] == ["Områdeskod", "Område", "Nyckeltal", "Kön", "Enhet", "2020", "2021"]
    assert [r[:7] for r in rows] == [
        ["0180", "+Stockholm", "=HYPERLINK(1)", "Totalt", "kr", 290766.0, ""],
        ["GR", "-GR", "=HYPERLINK(1)", "Totalt", "kr", "", -0.5],
        ["0180", "+Stockholm", "@b", "Totalt", "%", "", 12.25],
    ]
    assert [r[heads.index("Anmärkning")] for r in rows] == [
        "2021: saknas, källan har inget värde", "2021: preliminärt; 2021: brott i serien före",
        "2021: källans kod är okänd (X)",
    ]  # fmt: skip
    assert [r[heads.index("Så anges källan")] for r in rows] == [
        CITED["municipality"],
        CITED["group"],
        CITED["municipality"],
    ]
    costs = [r[heads.index("Kostnadsbegrepp")] for r in rows]
    assert costs == ["en kostnads andel av en annan", "en kostnads andel av en annan", ""]
    told = [row[0] for row in read.get_sheet_by_name("Läs mig").to_python()]
    assert [t for t in told if t][2:] == [" <r>d</r>" if s.startswith("<r>") else s for s in STARTS]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as parts:
        assert not any(b"<f>" in parts.read(n) or b"<hyperlink" in parts.read(n) for n in parts.namelist())


def test_a_sheet_looks_as_it_should_to_openpyxl(tmp_path: Path) -> None:
    book = Book(tmp_path / "a.xlsx", MADE)
    book.theme_sheets("Kostnad", *widened(ROWS, labelled))
    book.close()

    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Kostnad"]
    assert (sheet.dimensions, sheet.freeze_panes, sheet.auto_filter.ref) == ("A1:M4", "D2", "A1:M4")
    assert [round(sheet.column_dimensions[c].width) for c in "ABCF"] == [12, 23, 47, 11]
    head = sheet["A1"]
    assert (head.value, head.font.bold, head.fill.start_color.rgb) == ("Områdeskod", True, "FFEDEDED")
    shown = {cell.coordinate: (cell.value, cell.number_format) for cell in (sheet["F2"], sheet["G3"], sheet["G4"])}
    assert shown == {"F2": (290766, "#,##0"), "G3": (-0.5, "#,##0"), "G4": (12.25, "#,##0.00")}
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["G2"].value) == ("0180", "s", None)


@pytest.mark.slow
def test_a_sheet_is_opened_by_libreoffice_with_every_text_and_number(tmp_path: Path) -> None:
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("there is no LibreOffice on this machine")
    book = Book(tmp_path / "a.xlsx", MADE)
    book.theme_sheets("Kostnad", *widened(ROWS, labelled))
    book.close()
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    convert = [soffice, profile, "--headless", "--convert-to", "ods", "--outdir", tmp_path, tmp_path / "a.xlsx"]
    subprocess.run(convert, capture_output=True, check=True, timeout=300)

    opened, given = (
        CalamineWorkbook.from_path(tmp_path / name).get_sheet_by_name("Kostnad").to_python()
        for name in ("a.ods", "a.xlsx")
    )
    assert opened == given
    assert len(given) == 4


def test_more_rows_than_a_sheet_may_have_go_on_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 2)
    book = Book(tmp_path / "a.xlsx", MADE)
    book.theme_sheets("Behov", *widened(ROWS, labelled))
    book.close()

    read = CalamineWorkbook.from_path(tmp_path / "a.xlsx")
    assert [len(read.get_sheet_by_name(n).to_python()) for n in ("Behov", "Behov 2")] == [3, 2]


AWKWARD = [
    "=1+1", "+46", "-x", "@a", "\tb", "\rc", "0180", "å ", " x", "a & b < c", '"', "_x0041_", "\x01\ufffe",
    "två\nrader", "Å" * 32_767, None,
]  # fmt: skip
NUMBERS = [0.1 + 0.2, 62.301798074673954, 1e-7, 1e20, -0.5, 0.0, 290766.0, None, math.nan, math.inf]


def sheet_of(path: Path, rows: pl.DataFrame, cell_by_cell: bool) -> list[str]:
    """The XML of a sheet with these rows below a heading, written in one of two ways; every other part is a number."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        shown = [book.add_format({"num_format": code}) for code in ("#,##0", "#,##0.0")]
        sheet.write_string(0, 0, "rubrik", book.add_format({"bold": True}))
        if not cell_by_cell:
            append_rows(sheet, rows, 1, pl.Series(range(rows.height)) % 2, dict(enumerate(shown)))
        for number, row in enumerate(rows.iter_rows() if cell_by_cell else []):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number + 1, column, value)
                elif value is not None and math.isfinite(value):
                    sheet.write_number(number + 1, column, value, shown[number % 2])
    with zipfile.ZipFile(path) as parts:
        return re.split("<v>|</v>", parts.read("xl/worksheets/sheet1.xml").decode())


def test_a_large_sheet_is_what_xlsxwriter_writes_cell_by_cell_and_keeps_every_digit(tmp_path: Path) -> None:
    numbers = [*NUMBERS, *[None] * (len(AWKWARD) - len(NUMBERS))]
    rows = pl.DataFrame({"a": AWKWARD, "b": numbers, "c": AWKWARD[::-1]}, strict=False)
    made, expected = (sheet_of(tmp_path / "a.xlsx", rows, slow) for slow in (False, True))
    assert made[::2] == expected[::2]
    assert [float(n) for n in made[1::2]] == [n for n in NUMBERS if n is not None and math.isfinite(n)]
    assert [float(n) for n in made[1::2]] == pytest.approx([float(n) for n in expected[1::2]], rel=1e-15)


# JSON-stat


def test_a_cube_tells_missing_from_what_is_not_there() -> None:
    described = dict.fromkeys(jsonstat.DESCRIBED) | {
        "indicator_id": "=a",
        "title_sv": "=HYPERLINK(1)",
        "breaks": None,
    }
    read = json.loads(
        jsonstat.dataset(labelled(ROWS.filter(pl.col("indicator") == 0)), described, "2026-11-26T22:30:00Z")
    )

    assert (read["version"], read["class"], read["id"], read["size"]) == (
        "2.0",
        "dataset",
        ["area", "year", "sex"],
        [2, 2, 1],
    )
    assert read["value"] == [290766.0, None, None, -0.5]
    assert read["status"] == {"1": "missing", "3": "preliminary"}  # there is no row for GR in 2020
    assert read["extension"]["missing_reason"] == {"published_missing": [1]}
    assert (read["extension"]["preliminary"], read["extension"]["break_before"]) == ([3], [2021])
    assert read["source"] == "Kommun: Källa: Kolada. Grupp: Egen beräkning; underlag: Kolada: N1."
    assert msgspec.json.encode(float("nan")) == b"null"  # what the empty cells rest on


def test_the_status_of_a_cell_says_the_caution_of_a_value_that_stands() -> None:
    rows = pl.DataFrame(
        [
            (1.0, "normal", None, None), (0.0, "normal", "known_error", "caution:known_error"),
            (None, "missing", "low_coverage", "missing"), (2.0, "preliminary", None, "preliminary"),
            (2.0, "preliminary", "negative", "preliminary, caution:negative"),
        ],
        schema={"value": pl.Float64, "status": pl.String, "caution": pl.String, "told": pl.String},
        orient="row",
    )  # fmt: skip
    assert rows.select(said=jsonstat.status_of_cell())["said"].to_list() == rows["told"].to_list()
    assert jsonstat.status_labels(["preliminary, caution:negative", "missing"]) == {
        "missing": "saknas",
        "preliminary, caution:negative": "preliminärt, varning: ett antal eller belopp under noll",
    }


def test_every_theme_has_a_name_and_so_a_place_in_the_package() -> None:
    assert set(words.THEMES) == set(Theme)


# Changes

REVISED = pl.DataFrame(
    {
        "indicator_id": ["a", "a", "b"], "title_sv": ["Kostnad", "Kostnad", "Andel"], "decimals": [0, 0, 1],
        "area": ["Göteborg", "Ale", "Tjörn"], "year": [2022, 2021, 2020], "sex": ["T", "K", "M"],
        "old_value": [290766.0, None, 12.34], "new_value": [291000.0, 5.0, None],
        "change": ["revised", "new", "withdrawn"],
    }
)  # fmt: skip
DEFINED = pl.DataFrame({"indicator_id": ["a", "b"], "title_sv": ["Kostnad", "Andel"], "definition_version": [1, 1]})


def test_changes_are_told_by_indicator_with_the_largest() -> None:
    now = pl.DataFrame({"indicator_id": ["b", "c"], "title_sv": ["Andel", "Ny"], "definition_version": [2, 1]})
    text = Changes(REVISED, now, DEFINED).text(identity("före"))

    assert (
        "3 värden skiljer sig från utgåvan före, före: 1 ändrade, 0 med annan status, 1 nya, 1 borttagna, 0 återkomna."
        in text
    )
    assert "| Kostnad (`a`) | 1 | 0 | 1 | 0 | 0 | Göteborg 2022, totalt: 290 766 → 291 000 |" in text
    assert "| Andel (`b`) | 0 | 0 | 0 | 1 | 0 | Tjörn 2020, män: 12,3 → – |" in text
    assert "Nya nyckeltal:\n\n- Ny (`c`)\n" in text
    assert "Nyckeltal som har tagits bort:\n\n- Kostnad (`a`)\n" in text
    assert "Nyckeltal med ny definition:\n\n- Andel (`b`)\n" in text


def test_a_first_release_and_one_without_changes_say_so() -> None:
    first = Changes(REVISED[:0], DEFINED, None).text(identity())
    assert "Detta är den första utgåvan: det finns ingen före att jämföra med." in first
    assert "## Definitioner" not in first
    same = Changes(REVISED[:0], DEFINED, DEFINED).text(identity("före"))
    assert "Inga värden har ändrats i källorna sedan utgåvan före, före." in same
    assert "Inga nyckeltal är nya, borttagna eller omdefinierade." in same


# Who publishes, and where

VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
FORMS = contents.distributions(
    [
        File("nyckeltal.xlsx", 7, "b"),
        File("csv/plain/behov.csv.gz", 1, "c"),
        File("csv/plain/kostnad.csv.gz", 1, "d"),
    ]
)


def test_without_an_address_the_record_names_files_relative_to_itself_and_no_publisher_is_made_up() -> None:
    made = Catalogue(identity(), (1994, 2022), "", FORMS).turtle()
    graph = Graph().parse(data=made, publicID="https://any.example.se/a/dcat.ttl")

    assert {str(o) for o in graph.objects(None, ns.DCAT.downloadURL)} == {
        "https://any.example.se/a/nyckeltal.xlsx", "https://any.example.se/a/csv/plain/behov.csv.gz",
        "https://any.example.se/a/csv/plain/kostnad.csv.gz",
    }  # fmt: skip
    packed = URIRef("https://www.iana.org/assignments/media-types/application/gzip")
    (csv_files,) = graph.subjects(ns.DCAT.compressFormat, packed)
    assert graph.value(csv_files, ns.DCTERMS["format"]) == Literal("text/csv")
    (agent,) = graph.subjects(ns.RDF.type, ns.FOAF.Agent)
    assert graph.value(agent, ns.FOAF.name) == Literal(NO_PUBLISHER, lang="sv")
    assert list(graph.objects(None, ns.DCAT.contactPoint)) == []
    assert identity().cite().startswith(f"{titles.TITLE_SV}. Utgåva ")
    assert identity(publisher_name="Göteborgsregionen").cite().startswith(f"Göteborgsregionen: {titles.TITLE_SV}. ")


def test_with_settings_the_record_says_where_who_and_how_to_write_to_them() -> None:
    told = identity(
        public_url="https://data.example.se/n/", publisher_name="Exempelkommunen", publisher_type="LocalAuthority",
        publisher_email="data@example.se",
    )  # fmt: skip
    graph = Graph().parse(data=Catalogue(told, (1994, 2022), "", FORMS).json_ld(), format="json-ld")

    home = "https://data.example.se/n/20261126T223000000000Z-abc/"
    assert URIRef(f"{home}nyckeltal.xlsx") in set(graph.objects(None, ns.DCAT.accessURL))
    (agent,) = graph.subjects(ns.RDF.type, ns.FOAF.Agent)
    assert graph.value(agent, ns.DCTERMS.type) == URIRef("http://purl.org/adms/publishertype/LocalAuthority")
    (contact,) = graph.objects(None, ns.DCAT.contactPoint)
    assert graph.value(contact, VCARD.hasEmail) == URIRef("mailto:data@example.se")
    assert graph.value(contact, VCARD.fn) == Literal("Exempelkommunen")
    assert told.cite().startswith("Exempelkommunen: ")
    assert told.cite().endswith(home)


@pytest.mark.parametrize(
    ("name", "value"), [("public_url", "data.example.se"), ("publisher_email", "nobody"), ("publisher_type", "Kommun")]
)
def test_settings_that_a_catalogue_could_not_say_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("published_missing", "källan har inget värde"),
        ("corrected_drop: x", "källans värde är fel och borttaget här (x)"),
        ("something_else", "something_else"),
        (None, "utan angivet skäl"),
    ],
)
def test_a_reason_is_told_in_swedish(code: str | None, said: str) -> None:
    assert words.missing_reason(code) == said
