"""Personal identity numbers are found in all their writings, wherever in a file; ordinary figures are let through."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape
from zipfile import ZipFile

import openpyxl
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.worksheet.header_footer import HeaderFooterItem

from pipelines.errors import SourceError
from pipelines.sources.cells import Cell, Sheet
from pipelines.submissions import personal_search
from pipelines.submissions.file_opening import Opened, open_file
from pipelines.submissions.personal import holds_contact, holds_personal_number, is_personal_number
from pipelines.submissions.workbook_parts import refuse_foreign_parts

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
    return (
        personal_search.in_name(name)
        or personal_search.in_cells(open_file(body, name))
        or personal_search.in_bytes(body)
    )


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
    assert personal_search.in_bytes(body.getvalue()) is not None


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
        assert personal_search.in_bytes(body.getvalue()) == "filens innehåll"


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


# ── writings of contacts, and what only resembles them ────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "tel.070-123 45 67", "070.123.45.67", "+46.70.123.45.67", "mobil/0701234567", "tfn0701234567", "tfn_0701234567",
        "0701234567,0707654321", "0701234567/0707654321", "031-12 34 56", "08-123 456 78", "070–123 45 67",
        "(031) 123 45 67", "+46 (0)70 123 45 67", "0701-234567", "070-123.45.67",
        "anna.exempel(a)kommun.se", "anna.exempel at kommun.se", "anna.exempel snabel-a kommun.se",
        "anna.exempel@kommun .se", "anna@kommun. se", "anna [at] kommun.se", "anna snabel-a kommun punkt se",
    ],
)  # fmt: skip
def test_a_contact_is_found_in_every_writing(text: str) -> None:
    assert holds_contact(text)
    assert holds_contact(f"Fråga Anna: {text}")


@pytest.mark.parametrize(
    "text",
    [
        "0123/2024", "Dnr KS 0123/2024", "KS 2024/0123456", "01234/2024", "0123/2024/05", "0180 0114 0115",
        "0510 0520 0530 0540", "0114 0115 0117 0120 0123", "0180-0114", "01-02-2024", "01.02.2024-31.03.2024",
        "08.15-16.30", "08.00 - 17.00", "01.02.03.04", "0.701234567", "12,0701234567", "2024-01-01 08:15:00",
        "SE0712345678", "212000-1355", "20 @ ton. Se nedan", "Kostnad (a) enl.bilaga",
    ],
)  # fmt: skip
def test_numbers_of_diaries_codes_days_and_times_are_no_contacts(text: str) -> None:
    assert not holds_contact(text)


@given(st.lists(st.integers(100, 2599).map(lambda n: f"{n:04d}"), min_size=1, max_size=8), st.sampled_from(" -/,"))
def test_codes_of_municipalities_are_no_telephone_numbers(codes: list[str], mark: str) -> None:
    assert not holds_contact(mark.join(codes))


# ── numbers in parts ──────────────────────────────────────────────────────────────────────────────

IN_PARTS = {
    "grouped in thousands": lambda n: f"{n[2]} {n[3:6]} {n[6:9]} {n[9:]}",
    "grouped in thousands, in a text": lambda n: f"se {n[2]}.{n[3:6]}.{n[6:9]}.{n[9:]} ovan",
    "twelve digits in thousands": lambda n: f"{n[:3]}\u00a0{n[3:6]}\u00a0{n[6:9]}\u00a0{n[9:]}",
    "the last four in two": lambda n: f"{n[2:8]} {n[8:10]} {n[10:]}",
    "the last four in two after a hyphen": lambda n: f"{n[:8]}-{n[8:10]} {n[10:]}",
    "in pairs": lambda n: " ".join(n[i : i + 2] for i in range(2, 12, 2)),
    "told in a sentence": lambda n: f"född {n[2:8]}, sista fyra {n[8:]}",
    "told in a sentence, the day as ISO writes it": lambda n: f"Född {n[:4]}-{n[4:6]}-{n[6:8]}, slutsiffror: {n[8:]}",
}


@pytest.mark.parametrize("writing", IN_PARTS.values(), ids=IN_PARTS.keys())
@given(number=numbers(), other=st.integers(1, 9))
def test_a_number_in_parts_is_found_when_its_check_digit_is_right(writing: object, number: str, other: int) -> None:
    assert callable(writing)
    assert holds_personal_number(writing(number))
    wrong = number[:-1] + str((int(number[-1]) + other) % 10)
    assert not holds_personal_number(writing(wrong))


def test_a_late_day_and_four_digits_among_words_count_with_a_right_check_digit_only() -> None:
    right = "241101" + "148" + check_digit("241101148")
    assert holds_personal_number(f"Version {right[:6]}-{right[6:]}")
    assert not holds_personal_number("Version 241101-1480")
    assert not holds_personal_number("Version 20241101-1480")
    assert holds_personal_number("brukare 811218-9875")  # mistyped, and still a person's
    assert holds_personal_number("brukare 241101+1480")


def beside(*rows: list[Cell]) -> str | None:
    return personal_search.in_neighbours(Opened([Sheet("Mer", list(rows))]), None)


@pytest.mark.parametrize(
    "rows",
    [
        [["811218", "9876"]], [[811218, 9876]], [["811218"], ["9876"]], [[date(1981, 12, 18), 9876]],
        [[datetime(1981, 12, 18), "9876"]], [[date(1981, 12, 18), None, 9876]], [["811218", "Anna", 9876]],  # noqa: DTZ001
        [[811218], [None], [9876]], [["811218", "-9875"]], [["811218", "(-9876)"]], [["811218-", "9875"]],
        [["811218", "T123"]], [["1981-12-18", "9876"]],
    ],
)  # fmt: skip
def test_a_day_and_four_digits_in_two_cells_are_a_number(rows: list[list[Cell]]) -> None:
    assert beside(*rows) == "blad 1 (Mer), cell A1 och cellen bredvid"


@pytest.mark.parametrize(
    "row",
    [
        [650412, 4321], ["650412", "4321"], ["241130", 9000], ["2024-11-01", "1480"], [date(2024, 11, 1), 1480],
        [811218, 12, 9876], ["811218", "12 st", 9876], [date(1981, 12, 18), 9875], [811218, None, None, 9876],
        [1231, 4567], [202, 2388], [811218, None, "x1", 9876],
    ],
)  # fmt: skip
def test_figures_and_days_beside_one_another_are_no_number(row: list[Cell]) -> None:
    assert beside(row) is None
    assert beside(*[[cell] for cell in row]) is None


@given(number=numbers(), other=st.integers(1, 9), apart=st.sampled_from([[], [None], ["Anna Exempel"]]))
def test_two_cells_are_a_number_when_the_check_digit_is_right(number: str, other: int, apart: list[Cell]) -> None:
    day = int(number[2:8])
    wrong = number[:-1] + str((int(number[-1]) + other) % 10)
    assert (beside([day, *apart, int(number[8:])]) is not None) == (day >= 10101)
    assert beside([day, *apart, int(wrong[8:])]) is None


# ── places of a file ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (701234567, "000-000 00 00"), (701234567, '000"-"000\\ 00\\ 00'), (701234567, "0000000000"),
        (12189874, "General"), (2022388, "000000-0000"), (12189874, "######-####"),
    ],
)  # fmt: skip
def test_a_number_is_searched_as_its_format_shows_it(value: int, form: str) -> None:
    made = book()
    made.active["D2"] = value  # type: ignore[index]
    made.active["D2"].number_format = form  # type: ignore[index]
    assert personal_search.in_cells(open_file(saved(made), "x.xlsx")) == "blad 1 (Sheet), cell D2"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (701234567, "General"), (701234567, "# ##0"), (701234567, "#,##0"), (701234567, "# ### ### ##0"),
        (12189873, "General"), (12189874, "#,##0"), (12189874, "# ##0"), (46701234, "General"), (180, "0000"),
    ],
)  # fmt: skip
def test_an_amount_is_no_number_of_a_person_or_a_telephone(value: int, form: str) -> None:
    made = book()
    made.active["D2"] = value  # type: ignore[index]
    made.active["D2"].number_format = form  # type: ignore[index]
    assert personal_search.in_cells(open_file(saved(made), "x.xlsx")) is None


def replaced(old: bytes, new: str) -> bytes:
    """A workbook in which some bytes of its parts are others."""
    body, cut = io.BytesIO(), 0
    with ZipFile(io.BytesIO(saved(book()))) as before, ZipFile(body, "w") as after:
        for member in before.namelist():
            content = before.read(member)
            cut += content.count(old)
            after.writestr(member, content.replace(old, new.encode()))
    assert cut
    return body.getvalue()


@pytest.mark.parametrize("code", ["&L", "&C", "&R", '&L&"Arial,Bold"&12 ', "&L&K000000&B"])
@pytest.mark.parametrize("place", ["oddHeader", "evenFooter"])
def test_what_is_printed_above_and_below_a_page_is_searched_without_its_codes(code: str, place: str) -> None:
    def printed(text: str) -> bytes:
        paper = f"<headerFooter><{place}>{escape(code + text)}</{place}></headerFooter></worksheet>"
        return replaced(b"</worksheet>", paper)

    assert "sidhuvud" in str(personal_search.in_bytes(printed("070-123 45 67")))
    assert "sidhuvud" in str(personal_search.in_bytes(printed("070-12&B3 45 67")))
    assert personal_search.in_bytes(printed("Sida &P av 12")) is None


@pytest.mark.parametrize("attribute", ["comment", "description", "help", "statusBar", "customMenu"])
def test_every_text_of_a_defined_name_is_searched(attribute: str) -> None:
    name = f'<definedNames><definedName name="a" {attribute}="skriv till anna@kommun.se">1</definedName></definedNames>'
    assert personal_search.in_bytes(replaced(b"<definedNames />", name)) is not None


FORMAT = '<numFmts count="1"><numFmt numFmtId="164" formatCode="{}"/></numFmts>'
FILTER = (
    '<autoFilter ref="A1:C2"><filterColumn colId="0"><filters><filter val="{}"/></filters></filterColumn></autoFilter>'
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<numFmts count="0" />', FORMAT.format("0&quot; 070-123 45 67&quot;")),
        (b'<numFmts count="0" />', FORMAT.format(r"\0\7\0\-\1\2\3\4\5\6\7")),
        (b'<name val="Calibri" />', '<name val="anna@kommun.se" />'),
        (b"<pageMargins", FILTER.format("070-123 45 67") + "<pageMargins"),
    ],
)
def test_formats_fonts_and_filters_are_searched(old: bytes, new: str) -> None:
    assert personal_search.in_bytes(replaced(old, new)) is not None


def old_workbook(header: str, text: str = "") -> bytes:
    made = xlwt.Workbook(encoding="utf-8")
    sheet = made.add_sheet("Blad1")
    sheet.header_str = header.encode()
    sheet.write(0, 3, text)
    for row in range(200):
        sheet.write(row, 0, f"{row + 100:04d}")
        sheet.write(row, 1, row * 1234.5)
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


@pytest.mark.parametrize("text", ["070-123 45 67", "anna.exempel@kommun.se"])
def test_an_old_workbook_is_searched_for_contacts_outside_its_cells(text: str) -> None:
    assert personal_search.in_bytes(old_workbook("&LSida 1, KS 0123/2024", "åäö – €")) is None
    assert personal_search.in_bytes(old_workbook(f"&L{text}")) == "filens innehåll"
    assert personal_search.in_bytes(old_workbook("", f"{text} – €")) == "filens innehåll"  # two bytes a letter


def test_bytes_of_any_kind_hold_no_contact() -> None:
    assert personal_search.in_bytes(random.Random(13).randbytes(300_000)) is None  # noqa: S311
