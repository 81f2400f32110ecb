"""One rule for text and codes: what counts as the same area, the same name, the same number."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.normalise import (
    AreaNames,
    code,
    folded,
    holds_words,
    name_key,
    number,
    padded,
    plain,
    swedish_number,
    unwrapped,
    whole,
    without_preamble,
)

NAMES = {
    "0000": "Riket", "0009": "Region Gotland", "0012": "Region Skåne", "09": "Gotlands län", "0114": "Upplands Väsby",
    "0139": "Upplands-Bro", "0180": "Stockholm", "0305": "Håbo", "0643": "Habo", "0980": "Gotland", "1180": "Nowhere",
    "1438": "Dals-Ed", "1462": "Lilla Edet", "1480": "Göteborg", "1880": "Örebro", "2023": "Malung-Sälen",
    "2080": "Falun", "GR": "Göteborgsregionen",
}  # fmt: skip
AREAS = AreaNames(NAMES)
UNSEEN = "\ufeff\u200b\u200c\u200d\u2060\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c"
BLANKS = " \u00a0\u202f\u2007\u2009\u3000\t\n\r\u2028\u2800"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Göteborg", "Göteborg"),
        (unicodedata.normalize("NFD", "Göteborg"), "Göteborg"),
        ("\ufeff\ufeffGöteborg", "Göteborg"),
        ("Göte\u00adborg\u200b", "Göteborg"),
        ("\u202aGöteborg\u202c", "Göteborg"),
        (" Lilla\u00a0 \u202fEdet\n", "Lilla Edet"),
        ("Lilla\r\nEdet", "Lilla Edet"),
        ("km²", "km²"),
        ("½ tjänst", "½ tjänst"),
        ("", ""),
    ],
)
def test_a_text_is_written_in_one_way(written: str, meant: str) -> None:
    assert plain(written) == meant


@given(st.text())
def test_what_is_plain_stays_so(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert plain(unicodedata.normalize("NFD", text)) == once == plain(unicodedata.normalize("NFC", text))
    assert not any(unicodedata.category(c) == "Cf" for c in once)
    assert "  " not in once
    assert folded(folded(text)) == folded(text)


@given(st.sampled_from(sorted(NAMES.values())), st.lists(st.sampled_from(UNSEEN), max_size=4), st.data())
def test_no_unseen_mark_makes_a_name_another(name: str, marks: list[str], data: st.DataObject) -> None:
    written = data.draw(st.sampled_from(["NFC", "NFD"]))
    text = unicodedata.normalize(written, name)
    for mark in marks:
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + mark + text[at:]
    around = data.draw(st.text(st.sampled_from(BLANKS), max_size=3))
    text = around + text.replace(" ", data.draw(st.text(st.sampled_from(BLANKS), min_size=1, max_size=3))) + around
    assert plain(text) == name
    assert AREAS.code_of(text) == AREAS.code_of(name)


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("0180", "0180"),
        ('="0180"', "0180"),
        ('= "0180"', "0180"),
        ("'0180", "0180"),
        ("\u20190180", "0180"),
        ('"0180"', "0180"),
        (180.0, "180"),
        (180, "180"),
        ("180.0", "180"),
        ("180,0", "180"),
        ("1480.00", "1480"),
        (1479.9999999999998, "1480"),
        ("\u00a00180 \u200e", "0180"),
        ("１４８０", "1480"),
        ("1\u00a0480", "1480"),
        (None, ""),
        (True, ""),
        ("GR", "GR"),
        ("V15E148000101", "V15E148000101"),
        ("kommun 0180", "kommun 0180"),
        (180.5, "180.5"),
    ],
)
def test_a_code_comes_out_of_any_cell(cell: object, meant: str) -> None:
    assert code(cell) == meant


def test_lost_zeros_are_put_back_before_anything_else_is_thought_of() -> None:
    assert padded("180", NAMES) == ["0180"]
    assert padded(180.0, NAMES) == ["0180"]
    assert padded("9", NAMES) == ["09", "0009"]
    assert padded("0180", NAMES) == padded("77", NAMES) == padded("GR", NAMES) == []
    assert AREAS.near("180") == ["0180"]
    assert AREAS.near("0180") == ["0180"]
    assert AREAS.near("1481") == ["1480"] or "1480" in AREAS.near("1481")


@pytest.mark.parametrize(
    ("name", "area"),
    [
        ("Region Gotland", "0980"),
        ("Gotlands kommun", "0980"),
        ("Gotland", "0980"),
        ("Göteborgs kommun", "1480"),
        ("göteborgs stad", "1480"),
        ("GÖTEBORG ", "1480"),
        ("Stockholm stad", "0180"),
        ("lilla-edet", "1462"),
        ("Dals Ed", "1438"),
        ("Dals–Ed", "1438"),
        ("Upplands Bro kommun", "0139"),
        ("Falu kommun", "2080"),
        ("Faluns kommun", "2080"),
        ("Malung", "2023"),
        ("Håbo", "0305"),
        ("Habo kommun", "0643"),
        ("Region Skåne", "0012"),
        ("Sverige", "0000"),
        ("Goteborg", None),
        ("", None),
        ("1480", None),
    ],
)
def test_an_area_is_known_by_its_name_and_its_forms(name: str, area: str | None) -> None:
    assert AREAS.code_of(name) == area
    assert not name or area is None or AREAS.is_named(name, area)


def test_what_was_probably_meant_is_suggested() -> None:
    assert AREAS.near("Goteborg")[0] == "1480"
    assert set(AREAS.near("upplands")) == {"0114", "0139"}
    assert AREAS.near("region gotland") == ["0980"]
    assert AREAS.near("") == []
    assert name_key("Dals-Ed") == name_key("dals  ed")


@pytest.mark.parametrize("value", [999.9999999999999, 1000.0000000000001, 1000.0, sum([0.1] * 10000)])
def test_the_noise_of_a_sum_is_no_fraction(value: float) -> None:
    assert whole(value) == 1000


@pytest.mark.parametrize("value", [999.99, 999.9999, 1000.5, float("nan"), float("inf"), -float("inf"), 1e300])
def test_what_is_no_whole_number_is_none(value: float) -> None:
    assert whole(value) is None


@given(st.integers(-(10**8), 10**8), st.floats(-0.9e-9, 0.9e-9))
def test_a_whole_number_is_found_through_noise(value: int, noise: float) -> None:
    assert whole(value * (1 + noise)) == value


@given(st.decimals(-(10**9), 10**9, places=3, allow_nan=False, allow_infinity=False))
def test_a_number_as_a_spreadsheet_shows_it_is_kept(value: Decimal) -> None:
    assert number(float(value)) == float(value)


def test_noise_beyond_the_digits_of_a_spreadsheet_is_taken_away() -> None:
    assert number(0.1 + 0.2) == 0.3
    assert number(85.30000000000001) == 85.3


def test_the_line_that_names_the_delimiter_is_no_row() -> None:
    assert without_preamble("\ufeffsep=;\r\na;b\r\n") == ("a;b\r\n", ";")
    assert without_preamble('"sep=,"\na,b') == ("a,b", ",")
    assert without_preamble("SEP=\t\n\ufeffa\tb") == ("a\tb", "\t")
    assert without_preamble("\ufeff\ufeffa;b") == ("a;b", None)
    assert without_preamble("separat;b\n1;2") == ("separat;b\n1;2", None)


def test_a_formula_that_is_a_text_is_that_text_and_no_other_is() -> None:
    assert unwrapped('="01""80"') == '01"80'
    for formula in ("=A1", '="a"&"b"', "=1", '=""+1'):
        assert unwrapped(formula) == formula


def test_every_word_is_sought_without_dots() -> None:
    assert holds_words("Kostnad för hemtjänst per inv 80+", "hemtjanst KOSTNAD")
    assert holds_words("Kostnad", unicodedata.normalize("NFD", "\ufeffkostnad"))
    assert not holds_words("Kostnad för hemtjänst", "kostnad boende")


@given(st.integers(-(10**9), 10**9), st.text("0123456789", max_size=3), st.sampled_from([" ", "\u00a0", "\u202f", "."]))
def test_a_swedish_number_is_read_with_and_without_groups(whole_part: int, decimals: str, group: str) -> None:
    tail = f",{decimals}" if decimals else ""
    meant = float(f"{whole_part}.{decimals}" if decimals else whole_part)
    grouped = f"{whole_part:,}".replace(",", group) + tail
    assert swedish_number(f"{whole_part}{tail}") == meant
    ambiguous = grouped.count(".") == 1 and not tail
    assert swedish_number(grouped) == (None if ambiguous else meant)


@given(st.integers(0, 10**6), st.text("0123456789", min_size=1, max_size=6))
def test_a_text_with_one_dot_and_no_comma_is_never_a_number(whole_part: int, decimals: str) -> None:
    assert swedish_number(f"{whole_part}.{decimals}") is None
    assert swedish_number(f"-{whole_part}.{decimals}") is None
