"""A submission is judged cell by cell: numbers as they are written, codes, years, sexes, sums, heads."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from hypothesis import assume, given
from hypothesis import strategies as st

from indicators.load import load_catalogue
from pipelines.archive import Promise
from pipelines.errors import NyckeltalError, UsageError
from pipelines.quality.rules import rules_for
from pipelines.sources.model import datasets
from pipelines.submissions.annotated import path_of_copy
from pipelines.submissions.examining import Examined, examine
from pipelines.submissions.numbers import NumberFault, number_in
from pipelines.submissions.templates import write_template
from pipelines.text import AreaNames

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
        ("−3", -3), (" 7 ", 7), ("12\u202f345\u202f678", 12345678),
    ],
)  # fmt: skip
def test_a_number_is_understood(text: str, number: float) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.345", "123,456", "-1.234"])
def test_a_number_that_may_be_two_is_never_guessed_at(text: str) -> None:
    found = number_in(text)
    assert isinstance(found, NumberFault)
    assert found.what == "talet kan betyda två olika saker"


@pytest.mark.parametrize("text", ["", "många", "12 st", "1e5", "NaN", "inf", "1 23", "1.23.4", "1.234.56", "--3", "+5"])
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


def test_a_per_cent_sign_that_is_only_written_beside_a_number_changes_nothing() -> None:
    made = book("kompetens", changed(KOMPETENS, K=85.5))
    made.active["K2"].number_format = '0.0"%"'  # type: ignore[index]
    examined = judged(saved(made))
    assert {f.value for f in examined.facts if f.series_id == "kompetens_digital_andel"} == {85.5}
    assert examined.notes == []


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
        (b"a;b;c\n1;2\n", "x.csv", "raderna har olika antal celler"),
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
        names = [rule.name for rule in rules_for(declared, Promise(rows=1), frozenset({"1440"}), frozenset())]
        assert len(set(names)) == len(names), dataset
