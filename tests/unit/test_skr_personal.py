"""SKR's "Tabell 10": areas by name, heads over several rows, counties among municipalities, a total to be met."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.settings import ROOT, Settings
from pipelines.sources import origins, skr
from pipelines.sources.area_names import municipalities
from pipelines.sources.layout_model import Layouts
from pipelines.sources.layout_reader import Reading, read_workbook
from pipelines.storage.archive import Archive
from tests.support.shared import shared_file

NAMES = {"Ale": "1440", "Botkyrka": "0127", "Malung-Sälen": "2023", "Gotland": "0980", "Upplands-Bro": "0139"}
LAYOUTS = Layouts.model_validate(datasets()["skr.personal"].live)
Rows = list[list[Any]]


def employees(name: str, number: int, older: float = 13.0) -> list[Any]:
    """A row of the table: number, six shares, an empty column, mean ages."""
    return [name, number, 10.05, 21.85, 26.79, 14.15, 14.12, older, "-", 45.62, 45.64, 45.53]


def table(year: int, malung: str = "Malung ", names_blank: bool = True) -> Rows:
    """A sheet as SKR makes it: of the first years the head of the numbers stands three rows above the others."""
    ages = [-29, "30-39", "40-49", "50-54", "55-59", "60-"]
    last = ["Kommun", None if year < 2012 else "Antal", *ages, None, "Totalt", "Kvinnor", "Män"]
    second = [None if year < 2012 else "Kommun", None, "därav i olika åldersgrupper, %"]
    return [
        ["Tabell 10", f"Antal anställda efter ålder och kommun nov {year}"],
        [None, "Anställda=månadsavlönade inkl lediga"],
        ["Län", "Antal", *[None] * 7, "Medelålder "],
        second,
        *([[]] if year < 2010 else []),
        last,
        employees("Stockholms län", 5900),
        employees("Botkyrka " if names_blank else "Botkyrka", 5661, 12.63),
        employees("Upplands-Bro", 239),
        [None, "  ", "   ", *[None] * 5, "-"],
        employees("Gotlands län*", 4000),
        employees("Gotland", 4000),
        employees(malung, 1042),
        employees("Alla kommuner", 5661 + 239 + 4000 + 1042),
        employees("Kommunalförbund ", 8215),
        employees("Riket", 717386),
        ["Kommungrupper"],
        employees("Storstäder ", 96810),
        ["* Från och med 2017 redovisas annat"],
    ]


def book(rows: Rows, sheet: str = "Tabell 10_08", **others: Rows) -> bytes:
    made = openpyxl.Workbook()
    made.worksheets[0].title = sheet
    for row in rows:
        made.worksheets[0].append(row)
    for title, more in others.items():
        extra = made.create_sheet(title)
        for row in more:
            extra.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(rows: Rows, year: int = 2008, sheet: str = "Tabell 10_08", **others: Rows) -> Reading:
    return read_workbook(book(rows, sheet, **others), f"Tabell10 {year}.xlsx", LAYOUTS, NAMES)


@pytest.mark.parametrize(
    ("year", "sheet", "malung"),
    [(2008, "Tabell 10_08", "Malung "), (2012, "Tabell 10_KP12", "Malung-Sälen"), (2014, "Blad1", "Malung-Sälen ")],
)
def test_a_table_is_read_with_its_areas_by_name(year: int, sheet: str, malung: str) -> None:
    found = read(table(year, malung), year, sheet, data1=[["KKOD", " KOMMUN"], ["A01 ", 1]])
    assert found.new == frozenset()
    assert found.differences == ()
    number = found.frame.filter(series_id="personal_manadsavlonade")
    assert number.select("area_id", "year", "sex", "value").rows() == [
        ("0127", year, "T", 5661.0), ("0139", year, "T", 239.0), ("0980", year, "T", 4000.0),
        ("2023", year, "T", 1042.0), ("0000", year, "T", 10942.0),
    ]  # fmt: skip
    botkyrka = found.frame.filter(area_id="0127").sort("series_id", "sex")
    assert botkyrka.select("series_id", "sex", "value").rows() == [
        ("personal_andel_30_39", "T", 21.85), ("personal_andel_40_49", "T", 26.79),
        ("personal_andel_50_54", "T", 14.15), ("personal_andel_55_59", "T", 14.12),
        ("personal_andel_60_plus", "T", 12.63), ("personal_andel_till_29", "T", 10.05),
        ("personal_manadsavlonade", "T", 5661.0), ("personal_medelalder", "K", 45.64),
        ("personal_medelalder", "M", 45.53), ("personal_medelalder", "T", 45.62),
    ]  # fmt: skip


def test_names_in_other_letters_and_blanks_are_the_same_areas() -> None:
    rows = [[unicodedata.normalize("NFD", c) if isinstance(c, str) else c for c in row] for row in table(2008)]
    rows[7][0] = "\u00a0Botkyrka\u200b "
    assert read(rows).frame.equals(read(table(2008)).frame)


def changed(place: tuple[int, int], value: Any, year: int = 2008) -> Rows:
    rows = table(year)
    rows[place[0]][place[1]] = value
    return rows


FAULTS: dict[str, tuple[Callable[[], Rows], str]] = {
    "a name that nobody knows": (lambda: changed((7, 0), "Bottkyrka"), r"A8.*'Bottkyrka' \(like Botkyrka 0127\)"),
    "no name": (lambda: changed((7, 0), None), r"A8: neither an area"),
    "a text in place of a number": (lambda: changed((7, 1), "5 66l"), r"B8: an unknown marker '5 66l'"),
    "a number as text": (lambda: changed((7, 1), "5661"), r"B8: an unknown marker '5661'"),
    "shares of a row divided by 100": (
        lambda: [
            [value / 100 if n == 7 and 2 <= c <= 7 else value for c, value in enumerate(row)]
            for n, row in enumerate(table(2008))
        ],
        r"C8: shares that make 0.9959, not 100",
    ),
    "shares of all rows divided by 100": (
        lambda: [
            [value / 100 if isinstance(value, float) and c <= 7 else value for c, value in enumerate(row)]
            for row in table(2008)
        ],
        r"C8: shares that make 0.9959, not 100.*C6: a column of per cent",
    ),
    "one share of a row ten times as large": (lambda: changed((7, 2), 100.5), r"C8: a share that is not from 0 to 100"),
    "a blank cell": (lambda: changed((7, 7), None), r"H8: a blank cell"),
    "a file of another year": (lambda: changed((0, 1), table(2009)[0][1]), r"the title says 2009.*2008"),
    "no title": (lambda: changed((0, 1), "Antal"), r"no title like"),
    "a column under another name": (lambda: changed((5, 7), "61-"), r"no column personal_andel_60_plus.*new:.*\| 61-"),
    "no header": (lambda: table(2008)[:2] + table(2008)[6:], r"no header row is found: sought area \(.*kommun\)"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_is_wrong_is_told_with_its_cell(what: str) -> None:
    rows, told = FAULTS[what]
    with pytest.raises(SourceError, match=told):
        read(rows())


def test_a_name_is_known_in_its_years_only() -> None:
    with pytest.raises(SourceError, match="'Malung'"):
        read(table(2012), 2012, "Tabell 10_KP12")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda rows: rows.pop(7), "5281 in 3 municipalities, 10942"),
        (lambda rows: rows[7].__setitem__(1, 5662), "10943 in 4 municipalities, 10942"),
        (lambda rows: rows.pop(13), r"0 rows of the nation"),
    ],
)
def test_municipalities_that_do_not_sum_to_the_total_are_told(spoil: Callable[[Rows], Any], told: str) -> None:
    rows = table(2008)
    spoil(rows)
    differences = read(rows).differences
    assert differences is not None
    assert told in differences[0]


TOTALS = {  # "Alla kommuner" of SKR's workbooks: monthly-paid employees, per cent of 60 years and older, mean age
    2008: (709171, 13.18, 45.98), 2009: (686058, 13.76, 46.28), 2010: (679043, 13.8, 46.2), 2011: (680589, 13.7, 46.2),
    2012: (680311, 13.8, 46.1), 2013: (682526, None, None), 2014: (694585, 13.6, 45.8), 2015: (715380, 13.3, 45.5),
    2016: (748472, 13.0, 45.0), 2017: (757804, 12.9, 44.9),
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("year", TOTALS)
def test_skr_s_own_workbooks_are_read_whole(year: int) -> None:
    path = shared_file(f"data/skr/tabell10/Tabell10 {year}.xlsx")
    names = municipalities_of_the_snapshot()
    found = read_workbook(path.read_bytes(), path.name, LAYOUTS, names)
    assert (found.new, found.differences) == (frozenset(), ())
    frame = found.frame
    assert frame.height == 291 * 10
    assert set(frame["area_id"]) == {*names.values(), "0000"}
    assert frame["value"].null_count() == 0
    number, older, age = TOTALS[year]
    total = dict(frame.filter(area_id="0000", sex="T").select("series_id", "value").rows())
    assert total["personal_manadsavlonade"] == number
    assert older is None or (total["personal_andel_60_plus"], total["personal_medelalder"]) == (older, age)
    # Every municipality's number and mean age of women, by another library.
    sheet = openpyxl.load_workbook(path, data_only=True, read_only=True).worksheets[0]
    told = {" ".join(str(r[0]).split()): r for r in sheet.iter_rows(values_only=True) if r[0] is not None}
    for name, code in names.items():
        row = told.get(name) or told["Malung"]
        own = {(s, x): v for s, x, v in frame.filter(area_id=code).select("series_id", "sex", "value").rows()}
        assert own["personal_manadsavlonade", "T"] == row[1]
        assert own["personal_medelalder", "K"] == row[10]
        assert own["personal_andel_till_29", "T"] == row[2]


def municipalities_of_the_snapshot() -> dict[str, str]:
    """The municipalities of the embedded figures, by name."""
    lines = (ROOT / "data" / "snapshot" / "kolada_municipality.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.rsplit(",", maxsplit=1)[0].split(",", maxsplit=1) for line in lines if line.endswith(",K")]
    return {name.strip('"'): code for code, name in rows}


def test_without_a_list_of_municipalities_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no list of names yet.*kolada\.municipality"):
        municipalities(Archive(tmp_path))
    assert skr.check("skr.personal") is None


@pytest.mark.parametrize("dataset", ["skr.personal", "skr.prisindex"])
def test_a_live_run_without_a_file_has_the_embedded_figures_where_there_are_some(tmp_path: Path, dataset: str) -> None:
    """The price indices have none, and files of the inbox are never undone by the embedded ones."""
    settings = Settings(data_dir=tmp_path, source="live")
    with origins.context_of(settings, load_catalogue(), datetime(2026, 11, 30)) as context:  # noqa: DTZ001
        found = origins.fetch(context, dataset)
        assert (found is not None and found.way) == (dataset == "skr.personal" and "snapshot")
        inbox = settings.inbox_dir / dataset
        inbox.mkdir(parents=True)
        (inbox / "Tabell10 2018.xlsx").write_bytes(book(table(2018, "Malung-Sälen")))
        newer = origins.fetch(context, dataset)
        assert newer is not None
        assert newer.way == "live"
    with origins.context_of(Settings(data_dir=tmp_path), load_catalogue(), datetime(2026, 11, 30)) as context:  # noqa: DTZ001
        if dataset == "skr.personal":
            assert origins.fetch(context, dataset) is None
            assert origins.is_unchanged(context.settings, context.archive, dataset)
