"""Files that were handled wrongly once, each standing for a kind: `nyckeltal submit`, what it takes in and what not."""

from __future__ import annotations

import io
import json
import os
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.settings import Settings
from tests.support.command import Place, Preloaded
from tests.support.deliveries import NOON, House
from tests.support.shared import shared_file

BY_ID = {t.template_id: t for t in load_catalogue().templates}
AREAS = [
    ("0180", "Stockholm", "K"), ("0980", "Gotland", "K"), ("1440", "Ale", "K"), ("1480", "Göteborg", "K"),
]  # fmt: skip
SAMVERKAN = "1480;Göteborg;2022;4200;2100;800;500;300;600"
COST = "1440;Ale;2022;400;32000;;;"
KOMPETENS: list[Any] = ["1480", "Göteborg", 2022, "T", 1000, 50, 40, 80, 20, 900, 85]


@pytest.fixture(scope="module")
def municipal(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A data folder that knows some municipalities; files are only checked against it."""
    folder = tmp_path_factory.mktemp("municipal") / "data"
    house = House(Settings(data_dir=folder, memory_limit_mb=300))
    frame = pl.DataFrame(AREAS, schema=["area_id", "name", "area_type"], orient="row")
    house.absorb(house.parsed("kolada.municipality", frame), NOON - timedelta(days=1))
    return Place(folder)


def heads(template: str) -> list[str]:
    declared = BY_ID[template]
    return [*declared.heads, *(f.heading for f in declared.fields)]


def csv_file(row: str, template: str = "samverkan", before: str = "\ufeff") -> bytes:
    return f"{before}{';'.join(heads(template))}\r\n{row}\r\n".encode()


def workbook(row: list[Any], change: Callable[[openpyxl.Workbook], None] = lambda _: None) -> bytes:
    made = openpyxl.Workbook()
    made.active.append(heads("kompetens"))  # type: ignore[union-attr]
    made.active.append(row)  # type: ignore[union-attr]
    change(made)
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    body = io.BytesIO(workbook(KOMPETENS))
    with zipfile.ZipFile(body, "a") as packed:
        packed.writestr(name, content)
    return body.getvalue()


def replaced_part(name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(KOMPETENS))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, change(content) if member.filename == name else content)
    return out.getvalue()


def cell(place: str, value: Any) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        book.active[place] = value  # type: ignore[index]

    return change


def submit(run_cli: Preloaded, municipal: Place, folder: Path, name: str, body: bytes, *more: str) -> tuple[int, Any]:
    path = folder / name
    path.write_bytes(body)
    done = run_cli("submit", path, "--data-dir", municipal.data_dir, "--check", "--json", *more)
    return done.code, json.loads(done.out)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">'.encode() for n in range(9))
    + b"]><x>&j;</x>"
)
TAKEN = {
    "a name in decomposed letters": ("f.csv", csv_file(unicodedata.normalize("NFD", SAMVERKAN))),
    "everything in decomposed letters": (
        "f.csv", unicodedata.normalize("NFD", csv_file(SAMVERKAN).decode()).encode(),
    ),
    "decomposed letters in a workbook": (
        "f.xlsx", workbook([unicodedata.normalize("NFD", c) if isinstance(c, str) else c for c in KOMPETENS])
    ),
    "the line sep=;": ("f.csv", csv_file(SAMVERKAN, before="\ufeffsep=;\r\n")),
    "Region Gotland": ("f.csv", csv_file(SAMVERKAN.replace("1480;Göteborg", "0980;Region Gotland"))),
    "the noise of a sum": ("f.xlsx", workbook([*KOMPETENS[:4], 999.9999999999999, *KOMPETENS[5:]])),
    "two byte order marks": ("f.csv", csv_file(SAMVERKAN, before="\ufeff\ufeff")),
    "a code as a formula's text": ("f.csv", csv_file(SAMVERKAN.replace("1480;Göteborg", '="0180";Stockholm'))),
    "a code behind an apostrophe": ("f.csv", csv_file(SAMVERKAN.replace("1480;Göteborg", "'0180;Stockholms stad"))),
    "a code that lost its zero": ("f.csv", csv_file(SAMVERKAN.replace("1480;Göteborg", "180;Stockholm"))),
    "blanks and marks of direction": ("f.csv", csv_file(SAMVERKAN.replace("Göteborg", "\u200eGöteborg\u00a0 "))),
    "a usual cost": ("f.csv", csv_file(COST, "kostnad_hsl")),
}  # fmt: skip
REFUSED = {
    "kronor for thousands": ("f.csv", csv_file("1440;Ale;2022;400;12345678;;;", "kostnad_hsl"), "orimligt nyckeltal"),
    "thousands of thousands": ("f.csv", csv_file("1440;Ale;2022;400;32;;;", "kostnad_hsl"), "orimligt nyckeltal"),
    "a thousand times the year before": (
        "f.csv", csv_file("1440;Ale;2021;400;32000;;;\r\n1440;Ale;2022;40000;3200000;;;", "kostnad_hsl"),
        "många gånger större",
    ),
    "half a person": ("f.xlsx", workbook([*KOMPETENS[:4], 999.99, *KOMPETENS[5:]]), "inte ett heltal"),
    "a cell far out": ("f.xlsx", workbook(KOMPETENS, cell("XFD1048576", " ")), "långt utanför tabellen"),
    "an entity bomb in the properties": ("f.xlsx", replaced_part("docProps/core.xml", lambda _: BOMB), ""),
    "an entity bomb in the styles": ("f.xlsx", replaced_part("xl/styles.xml", lambda _: BOMB), ""),
    "an entity bomb in the workbook": ("f.xlsx", replaced_part("xl/workbook.xml", lambda _: BOMB), ""),
    "no properties of XML": ("f.xlsx", replaced_part("docProps/core.xml", lambda _: b"<a>" * 100_000), ""),
    "a bomb of a zip": ("f.xlsx", with_part("xl/worksheets/sheet9.xml", b" " * 70_000_000), "för stor"),
    "a file cut short": ("f.xlsx", workbook(KOMPETENS)[:-900], ""),
    "no zip": ("f.xlsx", b"PK\x03\x04 nothing of the kind" * 40, ""),
    "an old workbook renamed": ("f.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096, "fel filändelse"),
    "a picture": ("f.xlsx", with_part("xl/media/image1.png", b"\x89PNG"), "mallen saknar"),
    "an embedded file": ("f.xlsx", with_part("xl/embeddings/a.bin", b"x"), "mallen saknar"),
    "settings of a printer": ("f.xlsx", with_part("xl/printerSettings/printerSettings1.bin", b"x"), "mallen saknar"),
    "threaded comments": ("f.xlsx", with_part("xl/threadedComments/threadedComment1.xml", b"<a/>"), "mallen saknar"),
    "XML of somebody's own": ("f.xlsx", with_part("customXml/item1.xml", b"<a/>"), "mallen saknar"),
    "links to other files": ("f.xlsx", with_part("xl/externalLinks/externalLink1.xml", b"<a/>"), "mallen saknar"),
    "a part of no name": ("f.xlsx", with_part("anteckning.txt", b"x"), "mallen saknar"),
    "a comment in the code": (
        "f.xlsx", replaced_part("xl/styles.xml", lambda b: b.replace(b"</styleSheet>", b"<!-- x --></styleSheet>")),
        "mallen saknar",
    ),
    "bytes after the end": ("f.xlsx", workbook(KOMPETENS) + b"anteckning", "mallen saknar"),
}  # fmt: skip
PERSONAL = {
    "beside one another": ["811218", "9876"],
    "beside one another, with a bracket": ["811218", "(-9876)"],
    "beside one another, as numbers": [811218, 9876],
    "a date and four digits": ["1981-12-18", "-9876"],
    "marks of direction": ["81\u200e12\u202a18-98\u200b76"],
    "in brackets": ["811218 (-9876)"],
    "many blanks": ["811218      9876"],
    "a letter between": ["811218x9876"],
    "an en dash": ["811218–9876"],
    "a plus for a hundred years": ["121212+1212"],
    "an interim number": ["811218-T123"],
    "a reserve number": ["19811218-A12B", "19811218-K123"],
    "a coordination number": ["701063-2391"],
    "an e-mail address": ["skriv till anna.exempel@kommun.example"],
    "a telephone number": ["031-12 34 56"],
    "a mobile number": ["+46 (0)70 123 45 67"],
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_another_writing_of_the_same_is_taken_in(
    run_cli: Preloaded, municipal: Place, tmp_path: Path, case: str
) -> None:
    code, told = submit(run_cli, municipal, tmp_path, *TAKEN[case])
    assert (code, told["errors"]) == (0, [])


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused_in_words(
    run_cli: Preloaded, municipal: Place, tmp_path: Path, case: str
) -> None:
    name, body, words = REFUSED[case]
    before = municipal.state()
    code, told = submit(run_cli, municipal, tmp_path, name, body)
    assert code == 4
    assert not told["stored"]
    assert any(words in error["what"] for error in told["errors"]), told["errors"]
    assert municipal.state() == before


@pytest.mark.parametrize("case", PERSONAL)
def test_what_points_out_a_person_is_refused_whole(
    run_cli: Preloaded, municipal: Place, tmp_path: Path, case: str
) -> None:
    def beside(book: openpyxl.Workbook) -> None:
        for column, value in enumerate(PERSONAL[case], start=1):
            book.create_sheet("Anteckningar").cell(7, column, value) if column == 1 else book["Anteckningar"].cell(
                7, column, value
            )

    code, told = submit(run_cli, municipal, tmp_path, "f.xlsx", workbook(KOMPETENS, beside))
    assert code == 4
    assert "personnummer" in told["errors"][0]["what"]
    assert "Anteckningar" in told["errors"][0]["where"]
    assert not list(tmp_path.glob("*granskad*"))


def test_a_figure_that_looks_like_a_date_beside_another_figure_is_no_person(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    """Amounts in thousands: the template allows both, so 811 218 and 9 876 are what they say."""
    body = csv_file("1440;Ale;2022;9000;821094;811218;9876;0", "kostnad_hsl")
    code, told = submit(run_cli, municipal, tmp_path, "f.csv", body)
    assert (code, told["errors"]) == (0, [])


def test_an_unusual_value_says_the_cell_the_value_what_follows_and_how_to_confirm(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    name, body, _ = REFUSED["kronor for thousands"]
    _, told = submit(run_cli, municipal, tmp_path, name, body)
    (error,) = told["errors"]
    assert error["cell"] == "E2"
    assert "12345678" in error["found"]
    assert "30 864 195 kr/patient" in error["found"]
    assert "1 000 till 500 000 kr/patient" in error["expected"]
    assert "--confirm-unusual" in error["remedy"]
    code, told = submit(run_cli, municipal, tmp_path, name, body, "--confirm-unusual")
    assert code == 0
    assert "bekräftat" in told["notes"][0]["text"]


def test_hidden_rows_columns_and_sheets_are_told(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    def hide(book: openpyxl.Workbook) -> None:
        sheet = book.worksheets[0]
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["E"].hidden = True
        other = book.create_sheet("Mer")
        other["A1"], other.sheet_state = "anteckning", "hidden"

    code, told = submit(run_cli, municipal, tmp_path, "f.xlsx", workbook(KOMPETENS, hide))
    assert code == 0
    texts = " ".join(f"{n['sheet']} {n['cell']} {n['text']}" for n in told["notes"])
    assert "A2 raden är dold" in texts
    assert "E1 kolumnen är dold" in texts
    assert "Mer A1 bladet är dolt" in texts


def test_what_is_no_file_is_wrong_use(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rör.xlsx")
    (tmp_path / "mapp.xlsx").mkdir()
    (tmp_path / "länk.xlsx").symlink_to(tmp_path / "ingenting.xlsx")
    for name in ("rör.xlsx", "mapp.xlsx", "länk.xlsx"):
        assert run_cli("submit", tmp_path / name, "--data-dir", municipal.data_dir).code == 2


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("submit_nfd.xlsx", 0), ("submit_nfd_all.csv", 0), ("submit_nfd_name.csv", 0), ("submit_sep_line.csv", 0),
        ("submit_region_gotland.csv", 0), ("submit_float_sum.xlsx", 0), ("submit_bom_double.csv", 0),
        ("submit_quoted_code.csv", 0), ("submit_kr_as_tkr.csv", 4), ("submit_far_cell.xlsx", 4),
    ],
)  # fmt: skip
def test_the_recorded_files_come_out_right(
    run_cli: Preloaded, municipal: Place, tmp_path: Path, name: str, code: int
) -> None:
    body = shared_file(f"cases/{name}").read_bytes()
    assert submit(run_cli, municipal, tmp_path, name, body)[0] == code
