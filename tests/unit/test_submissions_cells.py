"""A submission is judged cell by cell: numbers as they are written, codes, years, sexes, sums, heads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlwt
from hypothesis import assume, given
from hypothesis import strategies as st

from indicators.load.catalogue import load_catalogue
from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError, UsageError
from pipelines.quality.rules import rules_for
from pipelines.sources.cells import Sheet
from pipelines.submissions.annotated import path_of_copy
from pipelines.submissions.examining import Examined, examine
from pipelines.submissions.file_opening import open_file
from pipelines.submissions.judging import Row, judge, shares_of_all
from pipelines.submissions.number_cells import NumberFault, number_in
from pipelines.submissions.recognising import recognise
from pipelines.submissions.template_files import write_template
from pipelines.text.normalise import AreaNames

TEMPLATES = load_catalogue().templates
BY_ID = {t.template_id: t for t in TEMPLATES}
MUNICIPALITIES = {"0114": "Upplands Väsby", "1440": "Ale", "1480": "Göteborg", "1384": "Kungsbacka", "0184": "Solna"}
TODAY = date(2025, 3, 1)
SAMVERKAN = ["1440", "Ale", 2023, 400, 300, 30, 20, 10, 12]
KOMPETENS = ["1440", "Ale", 2023, "T", 600, 30, 22, 40, 8, 300, 85.5]


def heads(template: str) -> list[str]:
    declared = BY_ID[template]
    return [*declared.heads, *(f.heading for f in declared.fields)]


def book(template: str, *rows: list[Any], above: int = 0) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    for _ in range(above):
        made.active.append(["Uppgifter från kommunen"])  # type: ignore[union-attr]
    for row in (heads(template), *rows):
        made.active.append(row)  # type: ignore[union-attr]
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def as_csv(template: str, *rows: list[Any], encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([heads(template), *rows])
    return text.getvalue().encode(encoding)


def judged(body: bytes, name: str = "x.xlsx") -> Examined:
    return examine(body, name, TEMPLATES, MUNICIPALITIES, TODAY)


def faults(examined: Examined) -> dict[str, str]:
    """What is wrong by cell; the first of several."""
    told: dict[str, str] = {}
    for fault in examined.faults:
        told.setdefault(fault.cell, fault.what)
    return told


def changed(row: list[Any], **cells: Any) -> list[Any]:
    """A row with other cells, by their letters."""
    return [cells.get(chr(ord("A") + place), value) for place, value in enumerate(row)]


def one_fault(row: list[Any], template: str = "samverkan") -> tuple[str, str]:
    """The cell and the words of the only fault of a row."""
    examined = judged(saved(book(template, row)))
    assert not examined.facts
    (fault,) = examined.faults
    assert fault.remedy
    return fault.cell, fault.what


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12,5", 12.5), ("12.5", 12.5), ("1234,5", 1234.5), ("1 234", 1234), ("1\u00a0234,5", 1234.5), ("0,234", 0.234),
        ("0.234", 0.234), ("1.234.567", 1234567), ("1.234,56", 1234.56), ("1,234.56", 1234.56), ("1234.567", 1234.567),
        ("−3", -3), (" 7 ", 7), ("'9000", 9000), ("\u20199 000,5", 9000.5), ("'-3", -3),
        ("12\u202f345\u202f678", 12345678),
    ],
)  # fmt: skip
def test_a_number_is_understood(text: str, number: float) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.345", "123,456", "-1.234"])
def test_a_number_that_may_be_two_is_never_guessed_at(text: str) -> None:
    found = number_in(text)
    assert isinstance(found, NumberFault)
    assert found.what == "talet kan betyda två olika saker"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "många",
        "12 st",
        "1e5",
        "NaN",
        "inf",
        "1 23",
        "1.23.4",
        "1.234.56",
        "--3",
        "+5",
        "60'000",
        "6,00E+04",
        "''7",
        "7'",
    ],
)
def test_a_text_that_is_no_number_is_refused(text: str) -> None:
    assert isinstance(number_in(text), NumberFault)


@given(st.integers(-(10**9), 10**9), st.integers(0, 99), st.sampled_from(",."), st.sampled_from(["", " ", "\u00a0"]))
def test_a_number_comes_back_as_it_was_written(whole: int, hundredths: int, mark: str, blank: str) -> None:
    text = f"{whole:,}".replace(",", blank) + f"{mark}{hundredths:02d}"
    expected = float(f"{whole}.{hundredths:02d}")
    assert number_in(text) == expected
    assert number_in(f"{whole:,}".replace(",", blank)) == float(whole)


@given(st.text(st.sampled_from("0123456789., -"), max_size=12))
def test_whatever_is_taken_for_a_number_has_its_digits_and_no_other(text: str) -> None:
    found = number_in(text)
    assume(not isinstance(found, NumberFault))
    written = "".join(c for c in text if c.isdigit())
    assert f"{abs(Decimal(repr(found))):f}".replace(".", "").strip("0") == written.strip("0")


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_sound_file_gives_a_fact_for_each_cell() -> None:
    examined = judged(saved(book("samverkan", SAMVERKAN)))
    assert (examined.faults, examined.notes) == ([], [])
    assert {f.series_id: f.value for f in examined.facts} == {
        "samverkan_hsl_patienter": 400, "samverkan_personcentrerad_plan": 300, "samverkan_sip": 30,
        "samverkan_sip_utskrivning": 20, "samverkan_sip_ovriga": 10, "samverkan_sip_uppfoljda": 12,
    }  # fmt: skip
    assert {(f.area_id, f.year, f.sex, f.status) for f in examined.facts} == {("1440", 2023, "T", None)}


@pytest.mark.parametrize(
    ("cells", "cell", "what"),
    [
        ({"A": "9999"}, "A2", "kommunkoden finns inte"),
        ({"A": "144"}, "A2", "kommunkoden finns inte"),
        ({"A": None}, "A2", "en obligatorisk cell är tom"),
        ({"B": None}, "B2", "en obligatorisk cell är tom"),
        ({"B": "Partille"}, "B2", "kod och namn hör inte ihop"),
        ({"C": 2026}, "C2", "året ligger i framtiden"),
        ({"C": 1999}, "C2", "året är för tidigt för mallen"),
        ({"C": "år 2023"}, "C2", "året går inte att läsa"),
        ({"C": None}, "C2", "en obligatorisk cell är tom"),
        ({"D": None}, "D2", "en obligatorisk cell är tom"),
        ({"D": "många"}, "D2", "cellen innehåller text där ett tal väntades"),
        ({"D": "1.234"}, "D2", "talet kan betyda två olika saker"),
        ({"D": "#REF!"}, "D2", "formeln i cellen ger ett fel"),
        ({"D": "=D1+1"}, "D2", "cellen innehåller en formel i stället för ett värde"),
        ({"D": True}, "D2", "cellen innehåller sant eller falskt"),
        ({"D": datetime(2023, 5, 1)}, "D2", "cellen innehåller ett datum eller en tid"),  # noqa: DTZ001
        ({"D": 500_000}, "D2", "värdet är orimligt"),
        ({"E": -1}, "E2", "värdet är negativt"),
        ({"E": 12.5}, "E2", "antalet är inte ett heltal"),
        ({"E": ".."}, "E2", "cellen innehåller ett tecken för att värdet saknas"),
        ({"E": 401}, "E2", "värdet är större än det som det är en del av"),
        ({"F": 31}, "F2", "summan stämmer inte"),
        ({"G": None, "F": 9}, "F2", "summan stämmer inte"),
    ],
)  # fmt: skip
def test_a_faulty_cell_is_named(cells: dict[str, Any], cell: str, what: str) -> None:
    row = changed(SAMVERKAN, **cells)
    if cells == {"G": None, "F": 9}:
        row = changed(row, I=5)
    assert one_fault(row) == (cell, what)


def test_every_fault_is_told_at_once() -> None:
    rows = [changed(SAMVERKAN, A="9999", D="x"), changed(SAMVERKAN, C=2030, E=-5), changed(SAMVERKAN, H="1.000")]
    told = faults(judged(saved(book("samverkan", *rows))))
    assert set(told) == {"A2", "D2", "C3", "E3", "H4"}


def test_a_lost_zero_is_put_back_only_when_the_name_says_the_same() -> None:
    examined = judged(saved(book("samverkan", changed(SAMVERKAN, A=114, B="Upplands Väsby kommun"))))
    assert not examined.faults
    assert {f.area_id for f in examined.facts} == {"0114"}
    (note,) = examined.notes
    assert (note.cell, "0114" in note.text) == ("A2", True)
    examined = judged(saved(book("samverkan", changed(SAMVERKAN, A=114, B="Ale"))))
    assert faults(examined) == {"A2": "kommunkoden har tre siffror"}


@pytest.mark.parametrize("name", ["Göteborg", "göteborg ", "Göteborgs stad", "Göteborgs kommun", "Göteborg stad"])
def test_a_name_may_say_what_kind_it_is(name: str) -> None:
    names = AreaNames(MUNICIPALITIES)
    assert names.is_named(name, "1480")
    assert not names.is_named(name, "1440")


def test_the_same_row_twice_is_refused() -> None:
    examined = judged(saved(book("samverkan", SAMVERKAN, SAMVERKAN)))
    (fault,) = examined.faults
    assert (fault.cell, fault.found) == ("A3", "också på rad 2")


def test_a_share_above_a_hundred_a_fraction_and_one_of_nobody_are_refused() -> None:
    assert one_fault(changed(KOMPETENS, K=101), "kompetens") == ("K2", "andelen är över 100 procent")
    assert one_fault(changed(KOMPETENS, K=0.85), "kompetens") == ("K2", "andelen kan betyda två olika saker")
    assert one_fault(changed(KOMPETENS, K="0,85"), "kompetens") == ("K2", "andelen kan betyda två olika saker")
    assert one_fault(changed(KOMPETENS, J=0), "kompetens") == ("K2", "en andel av ingen går inte att räkna")
    assert one_fault(changed(KOMPETENS, J=None), "kompetens") == ("J2", "antalet personer bakom ett värde saknas")


@pytest.mark.parametrize(("written", "value"), [("85,5 %", 85.5), ("0,85 %", 0.85), ("85", 85), (85, 85), (0, 0)])
def test_a_share_is_understood(written: Any, value: float) -> None:
    examined = judged(saved(book("kompetens", changed(KOMPETENS, J=3000, K=written))))  # 0.85 % of 300 would be too few
    assert examined.faults == []
    assert {f.value for f in examined.facts if f.series_id == "kompetens_digital_andel"} == {value}


def test_a_number_in_the_format_of_percentages_is_mended_and_told() -> None:
    made = book("kompetens", changed(KOMPETENS, K=0.855))
    made.active["K2"].number_format = "0.0%"  # type: ignore[index]
    examined = judged(saved(made))
    assert {f.value for f in examined.facts if f.series_id == "kompetens_digital_andel"} == {85.5}
    assert [note.cell for note in examined.notes] == ["K2"]


@pytest.mark.parametrize("literal", ['0.0" %"', r"0.0\%", r"0.0\ \%", '0.0"procent, %"', "0.0[$ %]", r'0.0" %";-0.0\%'])
def test_a_literal_per_cent_sign_of_a_format_multiplies_nothing(literal: str) -> None:
    made = book("kompetens", changed(KOMPETENS, K=81.5))
    made.active["K2"].number_format = literal  # type: ignore[index]
    assert open_file(saved(made), "x.xlsx").percent == {}
    made.active["K2"].number_format = f"0.0%;{literal}"  # type: ignore[index]
    assert open_file(saved(made), "x.xlsx").percent == {"Sheet": {(1, 10)}}


def test_a_share_whose_format_has_a_literal_per_cent_sign_is_what_it_says() -> None:
    made = book("kompetens", changed(KOMPETENS, K=81.5), [*KOMPETENS[:2], 2022, *KOMPETENS[3:-1], 0.5])
    made.active["K2"].number_format = made.active["K3"].number_format = '0.0" %"'  # type: ignore[index]
    assert faults(judged(saved(made))) == {"K3": "andelen kan betyda två olika saker"}


def test_a_percentage_above_a_hundred_is_told_as_it_is_shown() -> None:
    made = book("kompetens", changed(KOMPETENS, K=81.5))
    made.active["K2"].number_format = "0.0%"  # type: ignore[index]
    (fault,) = judged(saved(made)).faults
    assert (fault.what, fault.found) == ("andelen är över 100 procent", "8150 % (81,5 i procentformat)")


SHARES_DIFFER = "andelen för alla stämmer inte med kvinnors och mäns"


@pytest.mark.parametrize(
    ("persons", "shares", "what"),
    [
        # by hand: (3000 x 92 + 1000 x 95) / 4000 = 92.75
        ((4000, 3000, 1000), (81.5, 92, 95), {"K2": SHARES_DIFFER}),
        ((4000, 3000, 1000), (92.75, 92, 95), {}),
        ((4000, 3000, 1000), (92.8, 92, 95), {}),
        ((4000, 3000, 1000), (93, 92, 95), {}),  # 92.75 may be off by a half, as all three
        ((4000, 3000, 1000), (93.9, 92.0, 95.0), {"K2": SHARES_DIFFER}),
        ((4000, 3000, 1000), (94.5, 92.1, 95.2), {"K2": SHARES_DIFFER}),  # between them, but not where it has to be
        ((4000, 3000, 1000), (92.9, 92.1, 95.2), {}),  # 92.875
        ((1000, 600, 400), (66.67, 33.33, None), {"K2": SHARES_DIFFER}),  # 40 men of 100 cannot make up for it
        ((1000, 600, 400), (50.0, 33.33, None), {}),
        ((1000, 1000, 0), (66.7, 66.7, None), {}),
        ((1000, 600, 400), (50.0, None, None), {}),
        ((1000, 600, 400), (None, 50.0, 60.0), {}),
        ((1000, "x", 400), (81.5, 92, 95), {"J3": "cellen innehåller text där ett tal väntades", "K2": SHARES_DIFFER}),
        ((1000, "x", 400), (92.4, 92, 95), {"J3": "cellen innehåller text där ett tal väntades"}),
    ],
)  # fmt: skip
def test_the_share_of_all_is_the_mean_of_women_s_and_men_s(
    persons: tuple[Any, ...], shares: tuple[Any, ...], what: dict[str, str]
) -> None:
    rows = [
        changed(KOMPETENS, D=sex, E=employed, F=employed, G=None, H=None, I=None, J=n, K=share)
        for sex, employed, n, share in zip("TKM", (20, 10, 10), persons, shares, strict=True)
    ]
    found = recognise([Sheet("Uppgifter", [heads("kompetens"), *rows])], TEMPLATES)
    assert found.table
    told = judge(found.table, MUNICIPALITIES, TODAY).faults
    assert {fault.cell: fault.what for fault in told} == what


@given(st.integers(0, 3000), st.integers(0, 3000), st.data(), st.integers(0, 2))
def test_shares_that_are_rounded_are_never_said_to_differ(women: int, men: int, data: st.DataObject, to: int) -> None:
    some = [data.draw(st.integers(0, n)) for n in (women, men)]
    counted = zip((women + men, women, men), (sum(some), *some), strict=True)
    rows = {
        sex: Row(1, "1440", 2023, sex, {
            "kompetens_svarande_digitalt": float(n), "kompetens_digital_andel": round(100 * k / n, to) if n else None,
        })
        for sex, (n, k) in zip("TKM", counted, strict=True)
    }  # fmt: skip
    declared = next(f for f in BY_ID["kompetens"].fields if f.kind == "share")
    low, high = shares_of_all(declared, rows)
    of_all = rows["T"].values[declared.series]
    assert of_all is None or low <= of_all <= high


def test_women_and_men_come_together_and_add_up() -> None:
    women, men = changed(KOMPETENS, D="kvinnor", E=560), changed(KOMPETENS, D="M", E=40)
    examined = judged(saved(book("kompetens", changed(KOMPETENS, F=None), women)))
    assert "ett kön saknas" in {f.what for f in examined.faults}
    halves = [changed(r, F=15, G=11, H=20, I=4, J=150) for r in (women, men)]
    assert judged(saved(book("kompetens", KOMPETENS, *halves))).faults == []
    halves[1][5] = 16
    assert faults(judged(saved(book("kompetens", KOMPETENS, *halves)))) == {"F2": "summan stämmer inte"}
    assert one_fault(changed(KOMPETENS, D="okänt"), "kompetens") == ("D2", "könet känns inte igen")


def test_amounts_may_be_rounded_before_they_are_added() -> None:
    row = ["1440", "Ale", 2023, 400, 100_000, 60_000, 30_000.5, 10_000]
    assert judged(saved(book("kostnad_hsl", row))).faults == []
    assert one_fault(changed(row, H=10_100), "kostnad_hsl") == ("E2", "summan stämmer inte")


# ── heads and files ───────────────────────────────────────────────────────────────────────────────


def test_the_head_may_stand_lower_and_be_written_without_its_unit() -> None:
    made = book("samverkan", changed(SAMVERKAN, D="x"), above=3)
    made.active["D4"] = "  patienter i kommunal hälso- och SJUKVÅRD "  # type: ignore[index]
    assert set(faults(judged(saved(made)))) == {"D5"}


@pytest.mark.parametrize(
    ("template", "cell", "head", "is_sound"),
    [
        ("kostnad_hsl", "E1", "Kostnad totalt (kr)", False),
        ("kostnad_hsl", "E1", "Kostnad totalt (mnkr)", False),
        ("kostnad_hsl", "E1", "kostnad totalt ( SEK )", False),
        ("kostnad_hsl", "E1", "kostnad_hsl_totalt (kr)", False),
        ("kostnad_hsl", "E1", "Kostnad totalt (Tkr)", True),
        ("kostnad_hsl", "E1", "Kostnad totalt (tusen kronor)", True),
        ("kostnad_hsl", "E1", "Kostnad totalt (1 000 kr)", True),
        ("kostnad_hsl", "E1", "Kostnad totalt ()", True),
        ("kostnad_hsl", "E1", "Kostnad totalt", True),
        ("kostnad_hsl", "D1", "Patienter som kostnaden avser (procent)", False),
        ("kostnad_hsl", "D1", "Patienter som kostnaden avser (st)", True),
        ("kostnad_hsl", "C1", "År (fyra siffror)", True),
        ("kompetens", "K1", "Medarbetare med tillräcklig digital kompetens (antal)", False),
        ("kompetens", "K1", "Medarbetare med tillräcklig digital kompetens (procent)", True),
        ("kompetens", "E1", "Medarbetare (årsarbetare)", False),
    ],
)
def test_another_unit_in_a_head_is_refused_by_name(template: str, cell: str, head: str, is_sound: bool) -> None:
    row = KOMPETENS if template == "kompetens" else ["1440", "Ale", 2023, 400, 32000, None, None, None]
    told = recognise([Sheet("Uppgifter", [changed(heads(template), **{cell[0]: head}), row])], TEMPLATES).faults
    if is_sound:
        assert told == []
    else:
        (fault,) = told
        assert (fault.cell, fault.what, fault.found) == (cell, "rubriken har en annan enhet än mallen", head)
        assert fault.expected


def test_columns_unknown_twice_and_missing_are_named() -> None:
    made = book("samverkan", [*SAMVERKAN, "mer"])
    made.active["J1"] = "Anteckning"  # type: ignore[index]
    made.active["I1"] = "Kommun"  # type: ignore[index]
    told = faults(judged(saved(made)))
    assert told == {"J1": "okänd kolumn", "I1": "kolumnen finns två gånger", "K1": "en kolumn saknas"}


def test_another_file_an_empty_template_and_two_sheets_of_values_are_refused() -> None:
    made = openpyxl.Workbook()
    made.active.append(["Datum", "Belopp"])  # type: ignore[union-attr]
    assert faults(judged(saved(made))) == {"A1": "filen känns inte igen som någon av mallarna"}
    assert faults(judged(saved(book("samverkan")))) == {"A2": "det finns inga rader att läsa"}
    made = book("samverkan", SAMVERKAN)
    made.copy_worksheet(made.active)  # type: ignore[arg-type]
    assert "filen har två blad med värden" in faults(judged(saved(made))).values()
    made = book("samverkan", SAMVERKAN)
    made.create_sheet("Arbetsblad")["A1"] = "räknat så"
    examined = judged(saved(made))
    assert not examined.faults
    assert [note.sheet for note in examined.notes] == ["Arbetsblad"]


def test_formulas_without_a_result_and_results_that_are_errors_are_seen_in_both_kinds_of_workbook() -> None:
    made = book("samverkan", SAMVERKAN)
    made.active["E2"] = "=D2-100"  # type: ignore[index]
    made.active["H2"] = "#DIV/0!"  # type: ignore[index]
    made.active["H2"].data_type = "e"  # type: ignore[index]
    told = faults(judged(saved(made)))
    assert told == {
        "E2": "cellen innehåller en formel i stället för ett värde", "H2": "formeln i cellen ger ett fel",
    }  # fmt: skip
    old = xlwt.Workbook()
    sheet = old.add_sheet("Uppgifter")
    for row, cells in enumerate((heads("samverkan"), SAMVERKAN)):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    body = io.BytesIO()
    old.save(body)
    assert judged(body.getvalue(), "x.xls").faults == []
    old = xlwt.Workbook()
    sheet = old.add_sheet("Uppgifter")
    for row, cells in enumerate((heads("samverkan"), changed(SAMVERKAN, E=None))):
        for column, cell in enumerate(cells):
            if cell is not None:
                sheet.write(row, column, cell)
    sheet.row(1).set_cell_error(4, "#REF!")
    body = io.BytesIO()
    old.save(body)
    assert faults(judged(body.getvalue(), "x.xls")) == {"E2": "formeln i cellen ger ett fel"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_of_each_encoding_is_understood(encoding: str) -> None:
    row = changed(SAMVERKAN, A="0114", B="Upplands Väsby")
    examined = judged(as_csv("samverkan", row, encoding=encoding), "väsby.csv")
    assert examined.faults == []
    assert {f.area_id for f in examined.facts} == {"0114"}


def test_a_formula_in_csv_is_refused() -> None:
    body = as_csv("samverkan", changed(SAMVERKAN, E="=1+1", H="@SUM(A1)"))
    told = faults(judged(body, "x.csv"))
    assert told["E2"] == "cellen innehåller en formel i stället för ett värde"
    assert "H2" in told


@pytest.mark.parametrize(
    ("body", "name", "what"),
    [
        (b"", "x.csv", "filen är tom"),
        (b"\xef\xbb\xbf", "x.csv", "filen är tom"),
        (b"\xef\xbb\xbf\r\n  \r\n", "x.csv", "filen är tom"),
        (b"a;b;c\n1;2\n", "x.csv", "raderna har olika antal celler"),
        (b'a;b\n1;2\n3;"4\n5;6\n', "x.csv", "ett citattecken är inte avslutat"),
        (b'a;b\n1;"2" 3\n', "x.csv", "ett citattecken står inne i en cell"),
        (b"a;b\n1;" + b"x" * 140_000 + b"\n", "x.csv", "en cell har fler än 131 072 tecken"),
        ("a;b\nå;ä\n".encode("utf-16"), "x.csv", "textens teckenkod går inte att avgöra"),
        ("a;b\nÃ¥;2\n".encode(), "x.csv", "bokstäverna å, ä och ö är förvanskade"),
        (b"PK\x03\x04 inget", "x.xlsx", "filen är skadad"),
        (b"a;b;c", "x.xlsx", "innehållet är något annat än filändelsen säger"),
    ],
)
def test_what_cannot_be_read_is_told_in_swedish(body: bytes, name: str, what: str) -> None:
    with pytest.raises(NyckeltalError) as caught:
        judged(body, name)
    assert caught.value.what == what
    assert caught.value.remedy
    refuse_words_of_programs(str(caught.value))


def refuse_words_of_programs(text: str) -> None:
    """No names of classes, and no sentences of libraries, in what is told to a municipality."""
    assert not re.search(
        r"Error|Exception|<class|expected <|\b(the|file|is not|of|error|invalid|found in)\b", plain_words(text)
    )


def plain_words(text: str) -> str:
    """What is told, without its labels and the names of files and formats."""
    return re.sub(r"\b(where|expected|found|what to do): |\S*\.(xlsx|csv|xml)|Strict Open XML", "", text)


def changed_parts(**parts: Callable[[bytes], bytes]) -> bytes:
    """A sound workbook with other content in some of its parts, named by the last word of their names."""
    body, done = io.BytesIO(), set()
    with ZipFile(io.BytesIO(saved(book("samverkan", SAMVERKAN)))) as old, ZipFile(body, "w") as new:
        for member in old.namelist():
            name = member.rpartition("/")[2].removesuffix(".xml")
            done |= {name} & set(parts)
            new.writestr(member, parts.get(name, bytes)(old.read(member)))
    assert done == set(parts)
    return body.getvalue()


def test_a_workbook_in_strict_open_xml_is_told_so() -> None:
    def strict(content: bytes) -> bytes:
        main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        return content.replace(main, b"http://purl.oclc.org/ooxml/spreadsheetml/main")

    with pytest.raises(NyckeltalError) as caught:
        judged(changed_parts(workbook=strict, sheet1=strict, styles=strict))
    assert "Strict Open XML" in caught.value.what
    assert "Spara som" in caught.value.remedy
    refuse_words_of_programs(str(caught.value))


@pytest.mark.parametrize("part", ["workbook", "sheet1", "styles", "core"])
@pytest.mark.parametrize("content", [b"<a><b></a>", b"<a/>"])
def test_no_words_of_programs_are_told_of_a_damaged_part(part: str, content: bytes) -> None:
    try:
        judged(changed_parts(**{part: lambda _: content}))
    except NyckeltalError as error:
        refuse_words_of_programs(str(error))


def test_a_duration_is_called_so() -> None:
    made = book("samverkan", SAMVERKAN)
    made.active["D2"] = timedelta(days=9000)  # type: ignore[index]
    (fault,) = judged(saved(made)).faults
    assert (fault.cell, fault.what) == ("D2", "cellen innehåller ett datum eller en tid")
    assert fault.found == "en tidslängd"


def test_a_file_that_cannot_be_read_is_searched_all_the_same() -> None:
    with pytest.raises(NyckeltalError) as caught:
        judged(b"a;b;c\n19121212-1212;2\n", "x.csv")
    assert "personnummer" in caught.value.what
    assert "1212" not in str(caught.value)


# ── templates ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("template", TEMPLATES, ids=[t.template_id for t in TEMPLATES])
def test_a_template_is_recognised_and_lacks_nothing_but_rows(template: Any, tmp_path: Path) -> None:
    for name in ("mall.xlsx", "mall.csv"):
        write_template(template, tmp_path / name)
        examined = judged((tmp_path / name).read_bytes(), name)
        assert examined.table is not None
        assert examined.table.template == template
        assert [fault.what for fault in examined.faults] == ["det finns inga rader att läsa"]
    assert (tmp_path / "mall.csv").read_bytes().startswith(b"\xef\xbb\xbfKommunkod;Kommun;")


def test_a_template_holds_units_help_and_checks_and_a_guide_with_every_definition(tmp_path: Path) -> None:
    write_template(BY_ID["kompetens"], tmp_path / "mall.xlsx")
    made = openpyxl.load_workbook(tmp_path / "mall.xlsx")
    values, guide = made["Uppgifter"], made["Läs mig"]
    assert values.freeze_panes == "E2"
    assert [cell.value for cell in values[1]] == heads("kompetens")
    assert all(cell.comment for cell in values[1])
    assert values["A2"].number_format == "@"
    checks = {str(check.sqref): check for check in values.data_validations.dataValidation}
    assert checks["D2:D301"].formula1 == '"T,K,M"'
    assert (checks["K2:K301"].type, checks["K2:K301"].formula1, checks["K2:K301"].formula2) == ("decimal", "0", "100")
    told = {str(cell.value) for row in guide.iter_rows() for cell in row}
    for declared in BY_ID["kompetens"].fields:
        assert {declared.heading, declared.help_sv, declared.series} <= told


def test_a_template_is_never_written_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "mall.xlsx").write_bytes(b"ifylld")
    with pytest.raises(UsageError, match="finns redan"):
        write_template(BY_ID["samverkan"], tmp_path / "mall.xlsx")
    assert (tmp_path / "mall.xlsx").read_bytes() == b"ifylld"


def test_the_copy_is_never_written_over_the_file_itself_or_over_somebody_s_work(tmp_path: Path) -> None:
    assert path_of_copy(tmp_path / "a.xls") == tmp_path / "a.granskad.xlsx"
    assert path_of_copy(tmp_path / "a.granskad.xlsx") == tmp_path / "a.granskad-2.xlsx"
    openpyxl.Workbook().save(tmp_path / "a.granskad.xlsx")
    assert path_of_copy(tmp_path / "a.csv") == tmp_path / "a.granskad-2.xlsx"


def test_no_two_rules_of_a_dataset_have_one_name() -> None:
    for dataset, declared in datasets().items():
        names = [rule.name for rule in rules_for(declared)]
        assert len(set(names)) == len(names), dataset
