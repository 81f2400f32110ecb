"""Personal identity numbers are found in all their writings, wherever in a file; ordinary figures are let through."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from zipfile import ZipFile

import openpyxl
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.worksheet.header_footer import HeaderFooterItem

from pipelines.errors import SourceError
from pipelines.submissions import search
from pipelines.submissions.opening import open_file
from pipelines.submissions.parts import refuse_foreign_parts
from pipelines.submissions.personal import holds_personal_number, is_personal_number

FICTIVE = "19121212-1212"  # the example that forms and manuals use


def check_digit(nine: str) -> str:
    """Luhn's digit of nine: every other one doubled from the first on, digits added, up to the next ten."""
    added = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(nine))
    return str(-added % 10)


def numbers() -> st.SearchStrategy[str]:
    """Twelve digits of a personal identity number or, with 60 added to the day, of a coordination number."""

    def build(day: date, serial: int, is_coordination: bool) -> str:
        written = f"{day:%Y%m}{day.day + 60 if is_coordination else day.day:02d}{serial:03d}"
        return written + check_digit(written[2:])

    days = st.dates(date(1890, 1, 1), date(2026, 12, 31))
    return st.builds(build, days, st.integers(1, 999), st.booleans())


WRITINGS = {
    "twelve digits": lambda n: n,
    "ten digits": lambda n: n[2:],
    "long with a hyphen": lambda n: f"{n[:8]}-{n[8:]}",
    "short with a hyphen": lambda n: f"{n[2:8]}-{n[8:]}",
    "long with a plus": lambda n: f"{n[:8]}+{n[8:]}",
    "short with a plus": lambda n: f"{n[2:8]}+{n[8:]}",
    "long with a blank": lambda n: f"{n[:8]} {n[8:]}",
    "short with a blank": lambda n: f"{n[2:8]} {n[8:]}",
    "with a hard blank": lambda n: f"{n[:8]}\u00a0{n[8:]}",
    "with a dash": lambda n: f"{n[2:8]}–{n[8:]}",
    "with a hard hyphen": lambda n: f"{n[2:8]}\u2011{n[8:]}",
    "with blanks about the hyphen": lambda n: f"{n[2:8]} - {n[8:]}",
    "the date as ISO writes it": lambda n: f"{n[:4]}-{n[4:6]}-{n[6:8]}-{n[8:]}",
    "the date with blanks": lambda n: f"{n[:4]} {n[4:6]} {n[6:8]} {n[8:]}",
    "wide digits": lambda n: "".join(chr(ord(d) + 0xFEE0) for d in n),
    "with an invisible sign": lambda n: f"{n[:8]}\u200b{n[8:]}",
    "inside a text": lambda n: f"Se brukare{n[2:8]}-{n[8:]}, rum 12",
    "in a list": lambda n: f"{n},{n};{n}",
}


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS.keys())
@given(number=numbers())
def test_a_valid_number_is_found_in_every_writing(writing: object, number: str) -> None:
    assert callable(writing)
    assert holds_personal_number(writing(number))


@given(number=numbers())
def test_a_valid_number_is_found_as_a_number_of_a_spreadsheet(number: str) -> None:
    assert is_personal_number(int(number))
    assert is_personal_number(float(number))
    if number[2] != "0" or number[3] != "0":  # of the year 2000 more than one zero is lost
        assert is_personal_number(int(number[2:]))


@given(number=numbers(), other=st.integers(1, 9))
def test_a_wrong_check_digit_counts_only_in_the_typical_writing(number: str, other: int) -> None:
    wrong = number[:-1] + str((int(number[-1]) + other) % 10)
    assert holds_personal_number(f"{wrong[:8]}-{wrong[8:]}")
    assert holds_personal_number(f"({wrong[2:8]}-{wrong[8:]})")
    assert not holds_personal_number(wrong)
    assert not holds_personal_number(wrong[2:])
    assert not holds_personal_number(f"{wrong[2:8]} {wrong[8:]}")


@given(st.one_of(st.integers(-99_999_999, 99_999_999), st.decimals(0, 10**9, places=2), st.floats(0, 100)))
def test_counts_codes_years_shares_and_amounts_are_let_through(number: object) -> None:
    assert not holds_personal_number(f"{number}".replace(".", ","))
    if isinstance(number, int):
        assert not is_personal_number(number)


@given(st.integers(0, 99), st.integers(13, 99), st.integers(0, 999_999))
def test_ten_digits_that_begin_with_no_date_are_let_through(year: int, month: int, rest: int) -> None:
    assert not holds_personal_number(f"{year:02d}{month:02d}{rest:06d}")
    assert not holds_personal_number(f"{year:02d}{month:02d}{rest // 10000:02d}-{rest % 10000:04d}")


@pytest.mark.parametrize(
    "text",
    [
        "1440", "2024", "0114", "031-123 45 67", "070-123 45 67", "+46 31 123 45 67", "212000-1355", "12 345 678 901",
        "2024-01-01 - 2024-12-31", "20240101-20241231", "2024-01-01 08:15:00", "1212121212,50", "SE45500000000583982",
    ],
)  # fmt: skip
def test_what_only_resembles_a_number_is_let_through(text: str) -> None:
    assert not holds_personal_number(text)


def test_a_number_that_begins_within_what_is_none_is_found() -> None:
    assert not holds_personal_number("010101 1912")
    assert holds_personal_number("010101 1912/12/12/1212")


# ── wherever in a file ────────────────────────────────────────────────────────────────────────────


def book() -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.active.append(["Kommunkod", "Kommun", "År"])  # type: ignore[union-attr]
    made.active.append(["1440", "Ale", 2024])  # type: ignore[union-attr]
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def place_in(body: bytes, name: str = "x.xlsx") -> str | None:
    return search.in_name(name) or search.in_cells(open_file(body, name)) or search.in_bytes(body)


def test_a_file_without_any_is_let_through() -> None:
    assert place_in(saved(book())) is None


def test_a_cell_is_named_with_its_sheet_also_on_a_hidden_one() -> None:
    made = book()
    hidden = made.create_sheet("Gammalt")
    hidden["C7"] = f"brukare {FICTIVE}"
    hidden.sheet_state = "hidden"
    assert place_in(saved(made)) == "blad 2 (Gammalt), cell C7"


@pytest.mark.parametrize("value", [191212121212, 1212121212, 191212121212.0, 121212.1212])
def test_a_number_in_a_cell_is_found(value: float) -> None:
    made = book()
    made.active["D2"] = value  # type: ignore[index]
    assert str(place_in(saved(made))).endswith("cell D2")


def test_a_number_that_lost_its_zeros_is_found_by_its_format() -> None:
    number = "000202" + "238"
    made = book()
    made.active["D2"] = int(number + check_digit(number))  # type: ignore[index]
    made.active["D2"].number_format = "000000-0000"  # type: ignore[index]
    assert str(place_in(saved(made))).endswith("cell D2")


def test_a_comment_is_searched() -> None:
    made = book()
    made.active["B2"].comment = Comment(f"fråga om {FICTIVE}", "någon")  # type: ignore[index]
    assert place_in(saved(made)) == "en kommentar"


@pytest.mark.parametrize("field", ["title", "creator", "description", "keywords", "lastModifiedBy"])
def test_the_properties_are_searched(field: str) -> None:
    made = book()
    setattr(made.properties, field, FICTIVE)
    assert place_in(saved(made)) == "dokumentegenskaperna"


def test_names_of_sheets_and_files_and_a_head_of_a_page_and_a_formula_are_searched() -> None:
    made = book()
    made.create_sheet("191212-1212")
    assert place_in(saved(made)) == "namnet på blad 2"
    assert place_in(saved(book()), "lista 191212121212.xlsx") == "filens namn"
    made = book()
    made.active.oddHeader = HeaderFooterItem()  # type: ignore[union-attr]
    made.active.oddHeader.center.text = FICTIVE  # type: ignore[union-attr]
    assert "utanför cellernas värden" in str(place_in(saved(made)))
    made = book()
    made.active["D2"] = '=IF(A2="19121212-1212",1,2)'  # type: ignore[index]
    assert str(place_in(saved(made))).endswith("cell D2")


def test_text_that_is_cut_into_runs_of_different_form_is_joined() -> None:
    made = book()
    made.active["D2"] = "SPLIT"  # type: ignore[index]
    body, cut = io.BytesIO(), 0
    with ZipFile(io.BytesIO(saved(made))) as old, ZipFile(body, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            cut += content.count(b"<t>SPLIT</t>")
            runs = b"<r><t>191212</t></r><r><t>12-1212</t></r>"
            new.writestr(member, content.replace(b"<t>SPLIT</t>", runs))
    assert cut == 1
    assert str(place_in(body.getvalue())).endswith("cell D2")
    assert search.in_bytes(body.getvalue()) is not None


def test_an_old_workbook_is_searched_in_its_cells_and_in_its_bytes() -> None:
    made = xlwt.Workbook()
    sheet = made.add_sheet("Blad1")
    sheet.write(0, 0, "Kommunkod")
    sheet.write(1, 2, 191212121212)
    body = io.BytesIO()
    made.save(body)
    assert place_in(body.getvalue(), "x.xls") == "blad 1 (Blad1), cell C2"
    for text in ("åäö 19121212-1212", "åäö – 19121212-1212 €"):  # one byte a letter, and two
        made = xlwt.Workbook()
        made.add_sheet("Blad1").write(0, 0, text)
        body = io.BytesIO()
        made.save(body)
        assert search.in_bytes(body.getvalue()) == "filens innehåll"


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)))
def test_dates_of_cells_are_let_through(day: date) -> None:
    assert not holds_personal_number(day.isoformat())
    assert not holds_personal_number(f"{day:%Y%m%d}")
    assert not holds_personal_number(f"{day} - {day + timedelta(days=30)}")


def test_a_part_whose_packed_bytes_are_damaged_is_refused_in_words() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "<workbook>" + "a" * 5000 + "</workbook>")
    damaged = bytearray(body.getvalue())
    start = damaged.index(b"xl/workbook.xml") + len("xl/workbook.xml")
    damaged[start] = 0xFF  # no kind of block that deflate knows
    with pytest.raises(SourceError) as refused:
        refuse_foreign_parts(bytes(damaged), "f.xlsx")
    assert "f.xlsx" in str(refused.value)
