"""Files that a person puts into the inbox: from bytes to rows, by the declared layouts of SKR and Socialstyrelsen."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.load.catalogue import Catalogue
from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.quality.stage import HeldBackError, judge
from pipelines.settings import Settings
from pipelines.sources import skr, socialstyrelsen
from pipelines.sources.cells import address, read_sheets
from pipelines.sources.fetch_context import Context
from pipelines.sources.http_client import Client
from pipelines.sources.layout_model import Layouts
from pipelines.sources.layout_reader import Reading, read_layout, read_workbook
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.files import fresh_folder
from pipelines.text.normalise import plain

NOW = datetime(2026, 11, 23)  # noqa: DTZ001 - times are UTC without zone
SWEDISH = st.text(st.sampled_from("abcåäöÅÄÖéÉ 0123456789%-"), min_size=1, max_size=12).filter(lambda t: t.strip() == t)


def workbook(**sheets: list[list[Any]]) -> bytes:
    """An .xlsx with these sheets (underscores in names stand for blanks)."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Inbox:
    """A data folder with an inbox."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, source="live")
        self.archive = Archive(self.settings.archive_dir)

    def put(self, dataset: str, name: str, body: bytes) -> None:
        target = self.settings.inbox_dir / dataset / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)

    def fetch(self, source: Any, dataset: str) -> Fetch | None:
        catalogue = Catalogue(home=self.settings.data_dir, indicators=(), measures=())
        client = Client(self.settings, 0)
        context = Context(self.settings, catalogue, self.archive, NOW, lambda _: client, self.archive.fetches)
        found: Fetch | None = source.fetch(context, dataset)
        return found

    def rows(self, source: Any, dataset: str) -> pl.DataFrame:
        fetched = self.fetch(source, dataset)
        assert fetched is not None
        target = self.settings.data_dir / "rows.parquet"
        source.parse(fetched, self.archive, target)
        return pl.read_parquet(target)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "data")


# ── text ──────────────────────────────────────────────────────────────────────────────────────────


@given(
    rows=st.lists(st.tuples(SWEDISH, SWEDISH, SWEDISH), min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    delimiter=st.sampled_from(";\t|"),
)
def test_swedish_text_comes_out_right_of_any_encoding_and_delimiter(
    rows: list[tuple[str, str, str]], encoding: str, delimiter: str
) -> None:
    body = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    (sheet,) = read_sheets(body, "prov.csv")
    assert sheet.rows == [[plain(cell) or None for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param("Ã…mÃ¥l;1\n".encode(), "garbled", id="garbled before it came"),
        pytest.param("å;1\n".encode("utf-16"), "encoding", id="UTF-16"),
        pytest.param(b"\x81;1\n", "encoding", id="undefined in Windows-1252"),
        pytest.param("ķ;1\n".encode("cp1257"), "encoding", id="another code page"),
        pytest.param(b"a;b,c\n1;2,3\n", "delimiter cannot be told", id="two readings"),
        pytest.param(b"a;b\n1;2;3\n", "3 in row 2", id="a row with another number of cells"),
        pytest.param(b"  \n", "empty", id="empty"),
    ],
)
def test_a_text_that_cannot_be_read_safely_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read_sheets(body, "prov.csv")


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("a.xlsx", b"kommun;1\n", "not what the file's ending says"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "locked"),
        ("a.xlsm", b"PK\x03\x04", "macros"),
        ("a.xlsx", b"PK\x03\x04half", "damaged"),
        ("a.pdf", b"%PDF", "unknown kind"),
    ],
)
def test_a_file_that_is_no_plain_workbook_is_refused(name: str, body: bytes, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read_sheets(body, name)


@pytest.mark.parametrize(("row", "column", "told"), [(7, 2, "B7"), (1, 26, "Z1"), (1, 27, "AA1"), (3, 703, "AAA3")])
def test_addresses_are_those_of_spreadsheets(row: int, column: int, told: str) -> None:
    assert address(row, column) == told


# ── layouts ───────────────────────────────────────────────────────────────────────────────────────

BASE: dict[str, Any] = {
    "file": r".*(?P<year>20\d{2})\.xlsx",
    "sheets": ["kommuner"],
    "sheets_left_out": ["information"],
    "header_rows": 2,
    "area": ["kommunkod"],
    "nation": ["riket"],
    "dimensions": {"alder": {"heads": ["ålder"], "words": {"-29": "unga", "30+": "aldre"}}},
    "values": [{"series": "personer_{alder}", "heads": [r"(personer \| )?antal"]}],
    "columns_left_out": ["kommun"],
    "rows_left_out": [r"\d{1,2}", "6666|8888|9999", r"\*.*"],
    "markers": {"..": "suppressed", "X": "suppressed", "-": "not_applicable", "–": "missing", "": "missing"},
    "text_numbers": True,
}
QUIRKY = [
    ["Tabell 1. Personer efter ålder"],
    [],
    ["", "", "", "Personer", ""],
    ["Kommunkod", "Kommun", "Ålder", "Antal"],
    ["Riket", "", "30+", 1000],
    ["14", "Västra Götalands län ", "30+", 500],
    [127, "Botkyrka ", -29, "1 234,5"],
    ["1480 ", "Göteborg", "30+", ".."],
    [1407, "Öckerö", "30+", "-"],
    [1407, "Öckerö", -29, "–"],
    [9999, "Okänd", "30+", 3],
    ["* Skattade värden"],
]


def test_the_quirks_of_real_sheets_are_read_as_declared() -> None:
    body = workbook(Information=[["Om"]], Kommuner=QUIRKY)
    frame = read_layout(body, "personer 2023.xlsx", Layouts.model_validate({"layouts": [BASE]}))
    assert frame.select("series_id", "area_id", "year", "value", "status").rows() == [
        ("personer_aldre", "0000", 2023, 1000.0, None),
        ("personer_unga", "0127", 2023, 1234.5, None),
        ("personer_aldre", "1480", 2023, None, "suppressed"),
        ("personer_aldre", "1407", 2023, None, "not_applicable"),
        ("personer_unga", "1407", 2023, None, None),
    ]


def test_next_year_s_layout_is_a_change_of_yaml_only() -> None:
    newer = BASE | {
        "years": [2024, 2030],
        "sheets": ["tabell 2"],
        "area": ["kod"],
        "values": [{"series": "personer_{alder}", "heads": ["antal personer"]}],
    }
    layouts = Layouts.model_validate({"layouts": [BASE | {"years": [2000, 2023]}, newer]})
    moved = workbook(Tabell_2=[["Rubrik"], ["Kod", "Ålder", "Antal personer"], ["1480", "30+", 7]])
    assert read_layout(moved, "personer 2024.xlsx", layouts)["value"].to_list() == [7.0]
    assert read_layout(workbook(Kommuner=QUIRKY), "personer 2023.xlsx", layouts).height == 5


def test_everything_that_the_layout_does_not_know_is_named_at_once() -> None:
    body = workbook(
        Kommuner=[
            ["Kommunkod", "Kommun", "Ålder", "Antal", "Nytt"],
            ["Göteborg", "", "30+", 1, None],
            ["1480", "", "31+", 1, None],
            ["1480", "", "30+", "saknas", None],
        ],
        Extra=[["?"]],
    )
    with pytest.raises(SourceError) as caught:
        read_layout(body, "personer 2023.xlsx", Layouts.model_validate({"layouts": [BASE]}))
    for told in (
        "new: sheet 'Extra', sheet 'Kommuner', column 'Nytt'",
        "Kommuner!A2: neither an area nor a row to leave out: 'Göteborg'",
        "Kommuner!C3: an unknown alder: '31+'",
        "Kommuner!D4: an unknown marker 'saknas'",
    ):
        assert told in str(caught.value)


def test_a_new_sheet_and_a_new_column_are_told_and_not_read() -> None:
    layouts = Layouts.model_validate({"layouts": [BASE]})
    as_it_was = read_workbook(workbook(Kommuner=QUIRKY), "personer 2023.xlsx", layouts, {})
    assert as_it_was.new == frozenset()
    fifth = [None, "Ny uppgift", *[7] * len(QUIRKY[4:])]
    wider = [[*row, *[None] * (4 - len(row)), more] for row, more in zip(QUIRKY[2:], fifth, strict=True)]
    new = read_workbook(workbook(Kommuner=wider, Nytt=[["Något"], [1]]), "personer 2023.xlsx", layouts, {})
    assert new.frame.equals(as_it_was.frame)
    assert new.new == {"sheet 'Nytt'", "sheet 'Kommuner', column 'Personer | Ny uppgift'"}


def test_a_renamed_column_is_told_as_one_that_is_lacking_and_one_that_is_new() -> None:
    body = workbook(Kommuner=[["Kommunkod", "Ålder", "Hur många"], ["1480", "30+", 1]])
    with pytest.raises(SourceError, match=r"no column personer_\{alder\}.*new: .*column 'Hur många'"):
        read_layout(body, "personer 2023.xlsx", Layouts.model_validate({"layouts": [BASE]}))


def test_where_no_header_is_found_the_heads_that_were_sought_and_what_stands_there_are_told() -> None:
    body = workbook(Kommuner=[["Något annat"], ["Namn", "Värde"], ["Ale", 1]])
    with pytest.raises(SourceError) as caught:
        read_layout(body, "personer 2023.xlsx", Layouts.model_validate({"layouts": [BASE]}))
    for told in ("no header row", "area (kommunkod)", "alder (ålder)", r"antal", "row 2: 'Namn', 'Värde'"):
        assert told in str(caught.value)


@pytest.mark.parametrize(
    "text", ["1.234,5,6", "12,3,4", "~5", "1 23", "1,5 kr", "ca 5", "−", "1e3", "٣", "5*", "x5", "12 34 567"]
)
def test_a_text_in_a_column_of_numbers_that_is_neither_a_number_nor_a_sign_is_an_error_with_its_cell(text: str) -> None:
    body = workbook(Kommuner=[["Kommunkod", "Ålder", "Antal"], ["1480", "30+", 1], ["1407", "30+", text]])
    with pytest.raises(SourceError, match="Kommuner!C3: an unknown marker"):
        read_layout(body, "personer 2023.xlsx", Layouts.model_validate({"layouts": [BASE]}))


@pytest.mark.parametrize("text", ["85.213", "0.855", "12.345", "85.2", "-1.234", "0.123.456", "1.234,", "0.123 %"])
def test_a_dot_that_may_mean_thousands_or_decimals_is_refused_by_name(text: str) -> None:
    body = workbook(Kommuner=[["Kommunkod", "Ålder", "Antal"], ["1480", "30+", 1], ["1407", "30+", text]])
    with pytest.raises(SourceError, match=r"Kommuner!C3: (a number with a dot, which may mean|an unknown marker)"):
        read_layout(body, "personer 2023.xlsx", Layouts.model_validate({"layouts": [BASE]}))


def test_a_price_index_with_a_decimal_point_is_refused(inbox: Inbox) -> None:
    inbox.put("skr.prisindex", "PKV 2024-10.csv", "År;PKV\n2023;105.213\n2024;109.100\n".encode())
    with pytest.raises(SourceError, match=r"a number with a dot.*'105\.213'"):
        inbox.rows(skr, "skr.prisindex")


def test_a_lacking_column_is_named() -> None:
    with pytest.raises(SourceError, match="no column personer_"):
        read_layout(
            workbook(Kommuner=[["Kommunkod", "Ålder", "Andel"], ["1480", "30+", 1]]),
            "personer 2023.xlsx",
            Layouts.model_validate({"layouts": [BASE]}),
        )


# ── the publishers' own ───────────────────────────────────────────────────────────────────────────


def test_each_issue_of_a_price_index_keeps_its_own_rows_and_tells_its_forecasts(inbox: Inbox) -> None:
    assert inbox.fetch(skr, "skr.prisindex") is None
    inbox.put(
        "skr.prisindex", "PKV 2024-10.xlsx", workbook(PKV=[["År", "PKV"], [2023, 110.1], [2024, 114.0], [2025, 117]])
    )
    inbox.put("skr.prisindex", "PKV 2025-02.xlsx", workbook(PKV=[["År", "PKV"], [2024, 113.2], [2025, 116.5]]))

    rows = inbox.rows(skr, "skr.prisindex")

    assert rows.select("index_id", "issue", "year", "value", "is_forecast").rows() == [
        ("pkv", "2024-10", 2023, 110.1, False),
        ("pkv", "2024-10", 2024, 114.0, True),
        ("pkv", "2024-10", 2025, 117.0, True),
        ("pkv", "2025-02", 2024, 113.2, False),
        ("pkv", "2025-02", 2025, 116.5, True),
    ]
    assert rows["source_file_sha256"].n_unique() == 2
    fetched = inbox.fetch(skr, "skr.prisindex")
    assert fetched is not None
    assert fetched.number == 1, "the same files are the same fetch"
    assert not fetched.promise.complete


def test_the_survey_of_units_and_of_users(inbox: Inbox) -> None:
    units = workbook(
        Information=[["Om undersökningen"]],
        **{
            "Hemtjänst,_enheter": [["Enhet"]],
            "Hemtjänst,_kommun,_län,_rike": [
                ["Enhetsundersökningen 2024"],
                ["Kommunkod", "Kommun", "Andel med aktuell genomförandeplan"],
                ["Riket", "", 81],
                ["14", "Västra Götalands län", 80],
                ["1480", "Göteborg", 79.5],
                ["1407", "Öckerö", "X"],
            ],
        },
    )
    inbox.put("socialstyrelsen.enhetsundersokning", "enhetsundersokningen 2024.xlsx", units)
    found = inbox.rows(socialstyrelsen, "socialstyrelsen.enhetsundersokning")
    assert found.select("area_id", "year", "value", "status").rows() == [
        ("0000", 2024, 81.0, None),
        ("1480", 2024, 79.5, None),
        ("1407", 2024, None, "suppressed"),
    ]
    users = workbook(Hemtjänst_kommun=[["Kommunkod", "F12 Trygghet", "F7 Bemötande"], ["1480", 85, 90]])
    inbox.put("socialstyrelsen.brukarundersokning", "2024 bilaga hemtjänst rike län kommun.xlsx", users)
    asked = inbox.rows(socialstyrelsen, "socialstyrelsen.brukarundersokning")
    assert asked.select("series_id", "value").rows() == [("bu_hemtjanst_f12", 85.0), ("bu_hemtjanst_f7", 90.0)]


UNITS, USERS, CARE = (
    f"socialstyrelsen.{name}" for name in ("enhetsundersokning", "brukarundersokning", "halso_och_sjukvard")
)
PRICES = "skr.prisindex"
SHEETS = {UNITS: "Hemtjänst, kommun, län, rike", USERS: "Hemtjänst", CARE: "Tabell 1", PRICES: "PKV"}
FILES = {UNITS: "EU 2024.xlsx", USERS: "2024 hemtjänst.xlsx", CARE: "KHS 2024.xlsx", PRICES: "PKV 2024-10.xlsx"}
PLAN = "Andel med aktuell genomförandeplan, %"
CARE_HEADS = ["Kommunkod", "Kommun", "Kön", "Ålder", "Antal personer"]


def read(dataset: str, rows: list[list[Any]], name: str | None = None, sheet: str | None = None) -> Reading:
    """What the publisher's layout reads out of a sheet with these rows."""
    layouts = Layouts.model_validate(datasets()[dataset].live)
    return read_workbook(workbook(**{sheet or SHEETS[dataset]: rows}), name or FILES[dataset], layouts, {})


def test_a_running_number_before_the_code_leaves_no_row_out() -> None:
    """Codes of counties are left out where areas stand; a running number of two digits is none."""
    areas = [f"{code}" for code in range(1401, 1521)]
    rows = [[n, area, f"Kommun {n}", "Båda könen", "80+", n] for n, area in enumerate(areas, start=1)]
    county = [121, "14", "Västra Götalands län", "Båda könen", "80+", 7260]
    note = ["Källa: Socialstyrelsen", "", "publicerad"]
    found = read(CARE, [["Nr", *CARE_HEADS], *rows, county, note])
    assert found.frame["area_id"].to_list() == areas
    assert found.left_out == ("Tabell 1!A122 '14'",)


def test_a_county_without_a_code_is_left_out_and_told_and_a_municipality_without_one_is_a_fault() -> None:
    heads = ["Kommunkod", "Län/kommun", PLAN]
    found = read(UNITS, [heads, ["", "Västra Götalands län", 80], ["1440", "Ale", 81.5]])
    assert found.left_out == ("Hemtjänst, kommun, län, rike!A2 'Västra Götalands län'",)
    assert found.frame["area_id"].to_list() == ["1440"]
    with pytest.raises(SourceError, match=r"B2: neither an area.*'14'"):
        read(UNITS, [["Nr", *heads], [14, "", "Ale", 80], [15, "1480", "Göteborg", 81.5]])
    with pytest.raises(
        SourceError, match=r"B2: neither an area.*'14'"
    ):  # a running number and a value of nobody knows whom
        read(UNITS, [["Nr", *heads], [14, "", "", 80], [15, "1480", "Göteborg", 81.5]])
    with pytest.raises(SourceError, match=r"B2: neither an area.*'Västra Götalands län'"):
        read(UNITS, [["Län", *heads], ["Västra Götalands län", "", "Ale", 80], ["", "1480", "Göteborg", 81.5]])


def test_rows_with_values_that_are_left_out_are_one_warning(inbox: Inbox) -> None:
    body = workbook(**{SHEETS[UNITS]: [["Kommunkod", PLAN], ["14", 80], ["9999", 70], ["1480", 81.5], ["Källa: X"]]})
    inbox.put(UNITS, FILES[UNITS], body)
    fetched = inbox.fetch(socialstyrelsen, UNITS)
    assert fetched is not None
    catalogue = Catalogue(home=inbox.settings.data_dir, indicators=(), measures=())
    with pytest.raises(HeldBackError) as held:  # no list of areas is known here
        judge(inbox.settings, catalogue, UNITS, fetched, fresh_folder(inbox.settings.data_dir / "judged"))
    (told,) = [check for check in held.value.checks if check.check_id == f"{UNITS}.rows_left_out"]
    assert (told.level, told.passed, told.found) == ("warn", False, "2 rows with values were left out")
    assert "EU 2024.xlsx: Hemtjänst, kommun, län, rike!A2 '14'" in told.sample
    assert "A3 '9999'" in told.sample


AREA = [["Kommunkod", "Kommun", PLAN], ["1440", "Ale", 81.5]]


@pytest.mark.parametrize(
    ("name", "above", "told"),
    [
        ("EU 2023 (publicerad 20240115).xlsx", [], "several years.*2023, 2024"),
        ("EU 2023 publicerad 2024.xlsx", [], "several years.*2023, 2024"),
        ("2023-2024 EU.xlsx", [], "several years.*2023, 2024"),
        ("EU 2024 (publicerad 2025-02-01).xlsx", [["Enhetsundersökningen 2023"]], "says 2023, .* file 2024, 2025"),
        ("EU 2024.xlsx", [["Enhetsundersökningen 2023"]], "says 2023, the name of the file 2024"),
        ("EU 2023 och 2024.xlsx", [["Enhetsundersökningen 2023 och 2024"]], "several years.*2023, 2024"),
        ("EU 120245.xlsx", [], "no year"),
    ],
)
def test_a_year_that_name_and_sheet_do_not_settle_is_refused_by_name(
    name: str, above: list[list[Any]], told: str
) -> None:
    with pytest.raises(SourceError, match=told):
        read(UNITS, [*above, *AREA], name)


@pytest.mark.parametrize(
    ("name", "above", "year"),
    [
        ("EU 2024.xlsx", [], 2024),
        ("EU oktober 2024 (20241031).xlsx", [], 2024),
        ("EU 2024.xlsx", [["Enhetsundersökningen 2024, jämförd med 2023"], ["Publicerad 2025-01-15"]], 2024),
        ("EU 2023 (publicerad 20240115).xlsx", [["Enhetsundersökningen 2023"], ["Publicerad 2024-01-15"]], 2023),
        ("EU 2024 (2023).xlsx", [[2024]], 2024),
    ],
)
def test_the_year_is_the_one_that_the_name_tells_or_the_sheet_picks(
    name: str, above: list[list[Any]], year: int
) -> None:
    assert read(UNITS, [*above, *AREA], name).frame["year"].to_list() == [year]


def test_a_column_of_years_settles_what_the_name_leaves_open() -> None:
    layouts = Layouts.model_validate({"layouts": [BASE | {"file": r".*(?P<year>20\d{2}).*\.xlsx", "year": ["år"]}]})
    rows = [["Kommunkod", "År", "Ålder", "Antal"], ["1480", 2022, "30+", 1]]
    frame = read_layout(workbook(Kommuner=rows), "personer 2022-2023.xlsx", layouts)
    assert frame["year"].to_list() == [2022]


def test_a_name_with_years_of_two_layouts_is_refused_though_a_column_tells_the_year() -> None:
    """Which of the two layouts it has cannot be known."""
    named = BASE | {"file": r".*(?P<year>20\d{2}).*\.xlsx", "year": ["år"]}
    layouts = Layouts.model_validate({"layouts": [named | {"years": [2015, 2022]}, named | {"years": [2023, 2030]}]})
    rows = [["Kommunkod", "År", "Ålder", "Antal"], ["1480", 2022, "30+", 1]]
    assert read_layout(workbook(Kommuner=rows), "personer 2021-2022.xlsx", layouts)["year"].to_list() == [2022]
    with pytest.raises(SourceError, match=r"several years.*2022, 2023"):
        read_layout(workbook(Kommuner=rows), "personer 2022-2023.xlsx", layouts)


def test_a_name_with_two_issues_is_refused() -> None:
    with pytest.raises(SourceError, match=r"several issues.*2024-02, 2024-10"):
        read(PRICES, [["År", "PKV"], [2023, 110.1]], "PKV 2024-02 och 2024-10.xlsx")
    assert read(PRICES, [["År", "PKV"], [2023, 110.1]], "PKV 1980-2027 2024-10.xlsx").frame["issue"].to_list() == [
        "2024-10"
    ]


WRONG_HEADS = [
    (CARE, [*CARE_HEADS[:4], "Antal personer per 1 000 invånare"], "no column khs_personer"),
    (CARE, [*CARE_HEADS[:4], "Antal personer (tusental)"], r"no column khs_personer.*new: .*tusental"),
    (CARE, [*CARE_HEADS, "Personer, antal"], "several: 'Antal personer', 'Personer, antal'"),
    (CARE, ["Kod", *CARE_HEADS], "several: 'Kod', 'Kommunkod'"),
    (UNITS, ["Kommunkod", "Andel som saknar aktuell genomförandeplan, %"], "no column eu_.*new: .*saknar"),
    (UNITS, ["Kommunkod", "Andel utan aktuell genomförandeplan"], "no column eu_.*new: .*utan"),
    (UNITS, ["Kommunkod", "Antal med aktuell genomförandeplan"], "no column eu_.*new: .*Antal med"),
    (UNITS, ["Kommunkod", PLAN, "Andel med aktuell genomförandeplan"], "several: "),
    (USERS, ["Kommunkod", "F1. Antal svar"], "no column bu_"),
    (USERS, ["Kommunkod", "F1 positiva", "F1 mycket positiva"], "several: 'F1 positiva', 'F1 mycket positiva'"),
    (PRICES, ["År", "Prisindex för kommunal verksamhet exkl. löner"], "no column pkv.*new: .*exkl. löner"),
    (PRICES, ["År", "PKV", "Prisindex för kommunal verksamhet"], "several: 'PKV', 'Prisindex"),
]


@pytest.mark.parametrize(("dataset", "heads", "told"), WRONG_HEADS)
def test_a_head_that_says_something_else_or_too_much_is_refused_by_name(
    dataset: str, heads: list[str], told: str
) -> None:
    words = {"Kommunkod": "1440", "Kod": "1440", "Kommun": "Ale", "Kön": "Kvinnor", "Ålder": "80+", "År": 2023}
    with pytest.raises(SourceError, match=told):
        read(dataset, [heads, [words.get(head, 15) for head in heads]])


@pytest.mark.parametrize(
    ("dataset", "heads", "series"),
    [
        (UNITS, ["Kommunkod", PLAN, "Andel utan aktuell genomförandeplan"], {"eu_hemtjanst_genomforandeplan_aktuell"}),
        (USERS, ["Kommunkod", "F1. Får du?", "F1. Antal svar", "F1 negativa"], {"bu_hemtjanst_f1"}),
        (CARE, [*CARE_HEADS, "Antal personer per 1 000 invånare", "Andel, %"], {"khs_personer_80_plus"}),
        (PRICES, ["År", "PKV", "PKV förändring %"], {"pkv"}),
    ],
)  # fmt: skip
def test_what_is_left_out_is_not_read_though_it_begins_as_a_column_does(
    dataset: str, heads: list[str], series: set[str]
) -> None:
    words = {"Kommunkod": "1440", "Kommun": "Ale", "Kön": "Kvinnor", "Ålder": "80+", "År": 2023}
    found = read(dataset, [heads, [words.get(head, 15 + n) for n, head in enumerate(heads)]])
    assert set(found.frame["series_id"]) == series
    assert found.frame["value"].to_list()[0] == 15 + next(n for n, head in enumerate(heads) if head not in words)


def test_a_head_that_may_be_two_columns_is_refused() -> None:
    both = BASE | {"values": [*BASE["values"], {"series": "alla", "heads": ["antal"], "optional": True}]}
    with pytest.raises(SourceError, match=r"'Antal' may be personer_\{alder\} or alla"):
        read_layout(
            workbook(Kommuner=[["Kommunkod", "Ålder", "Antal"], ["1480", "30+", 1]]),
            "personer 2023.xlsx",
            Layouts.model_validate({"layouts": [both]}),
        )


def formatted(rows: list[list[Any]], formats: dict[str, str], change: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """The sheet of the survey of units, with number formats by cell, and a change of what is written in its file."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEETS[UNITS]
    for row in rows:
        sheet.append(row)
    for cell, number_format in formats.items():
        sheet[cell].number_format = number_format
    out, changed = io.BytesIO(), io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as packed, zipfile.ZipFile(changed, "w") as again:
        for member in packed.namelist():
            again.writestr(member, packed.read(member).replace(*change) if change[0] else packed.read(member))
    return changed.getvalue()


def units(body: bytes) -> Reading:
    return read_workbook(body, FILES[UNITS], Layouts.model_validate(datasets()[UNITS].live), {})


@pytest.mark.parametrize(
    ("number_format", "written", "meant"),
    [
        ("0.0%", 0.852, 85.2),
        ("0%", 0.285, 28.5),
        ('0.0%;-0.0%;"–"', 1, 100.0),
        ('0.0"%"', 85.2, 85.2),
        ("0.0\\%", 85.2, 85.2),
        ('0.0" procent (%)"', 85.2, 85.2),
        ("General", 85.2, 85.2),
    ],
)
def test_a_share_is_read_as_the_workbook_shows_it(number_format: str, written: float, meant: float) -> None:
    found = units(formatted([["Kommunkod", PLAN], ["1440", written]], {"B2": number_format}))
    assert found.frame["value"].to_list() == [meant]


SHARES = [["Kommunkod", PLAN], ["0000", 0.852], ["1440", 0.815], ["1480", 1]]


@pytest.mark.parametrize(
    ("rows", "formats", "told"),
    [
        pytest.param(SHARES, {}, "B1: a column of per cent whose numbers are at most 1", id="divided by 100"),
        pytest.param(SHARES, {"B2": "0.0%"}, "B1: a column of per cent whose", id="some shown as per cent"),
        pytest.param([*SHARES, ["1481", "0,5"]], {}, "B1: a column of per cent whose", id="with a text"),
        pytest.param([SHARES[0], ["1440", 85.2]], {"B2": "0%"}, "B2: a share that is not from 0 to 100", id="8520 %"),
        pytest.param([SHARES[0], ["1440", 852]], {}, "B2: a share that is not from 0 to 100 per cent: 852", id="852"),
        pytest.param([SHARES[0], ["1440", "-1,5"]], {}, "B2: a share that is not from 0 to 100", id="negative"),
    ],
)
def test_shares_that_are_no_per_cent_are_refused_with_their_cell(
    rows: list[list[Any]], formats: dict[str, str], told: str
) -> None:
    with pytest.raises(SourceError, match=told):
        units(formatted(rows, formats))


def test_a_text_with_a_per_cent_sign_is_the_share_that_it_says() -> None:
    rows = [["Kommunkod", PLAN], ["1440", "0,5 %"], ["1480", "0 %"]]
    assert units(formatted(rows, {})).frame["value"].to_list() == [0.5, 0.0]


@pytest.mark.parametrize("written", ["12 %", 0.12])
def test_per_cent_in_a_column_of_numbers_of_persons_is_refused(written: Any) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(Tabell_1=[CARE_HEADS, ["1440", "Ale", "Män", "80+", written]])))
    book.worksheets[0]["E2"].number_format = "0%"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(SourceError, match=r"E2: (a number in per cent, in a column|an unknown marker '12 %')"):
        read_workbook(out.getvalue(), FILES[CARE], Layouts.model_validate(datasets()[CARE].live), {})


@pytest.mark.parametrize(
    ("last", "change", "told"),
    [
        ("=80+1.5", (b"", b""), r"B3: an unknown marker '=80\+1.5'"),
        (81.5, (b'<c r="B3" t="n"><v>81.5</v>', b'<c r="B3" t="e"><v>#N/A</v>'), "B3: an unknown marker '#N/A'"),
        (
            "=1/0",
            (b'<c r="B3"><f>1/0</f><v />', b'<c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v>'),
            "B3: an unknown marker '#DIV/0!'",
        ),
    ],
)  # fmt: skip
def test_an_error_and_a_formula_without_a_result_are_told_with_their_cell(
    last: Any, change: tuple[bytes, bytes], told: str
) -> None:
    with pytest.raises(SourceError, match=told):
        units(formatted([["Kommunkod", PLAN], ["0000", 85.2], ["1440", last]], {}, change))


def test_a_formula_with_a_result_is_its_result_also_when_that_is_a_blank_text() -> None:
    written, computed = b'<c r="B%d"><f>%s</f><v />', b'<c r="B%d" t="str"><f>%s</f><v>%s</v>'
    rows = [["Kommunkod", PLAN], ["1440", "=80+1.5"], ["1480", '=""']]
    number = (written % (2, b"80+1.5"), (written % (2, b"80+1.5")).replace(b"<v />", b"<v>81.5</v>"))
    body = formatted(rows, {}, number)
    with pytest.raises(SourceError, match="B3: an unknown marker"):
        units(body)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as packed, zipfile.ZipFile(out, "w") as again:
        for member in packed.namelist():
            text = packed.read(member).replace(written % (3, b'""'), computed % (3, b'""', b""))
            again.writestr(member, text)
    assert units(out.getvalue()).frame["value"].to_list() == [81.5, None]
