"""What the documents show is written anew without a hand, and what needs one is named. TEST FIGURES."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import renew
from tests.support.documents import as_written
from tests.support.renew import CannotRenewError, renewed_answer, renewed_lines

SHOWN = [" year   value", " ─────────────", " 2021  284104", " 2022  290766"]
PRINTED = ["", " year   value", " ─────────────", " 2021  284104", " 2022  291000", " 2023  300000", ""]


def test_a_revised_value_and_a_newer_year_are_shown() -> None:
    assert renewed_lines(SHOWN, PRINTED) == ([*SHOWN[:3], " 2022  291000", " 2023  300000"], [])


def test_what_is_printed_as_it_is_shown_stays_with_what_was_left_out() -> None:
    shown = ["head", "kostnad_per_inv_80, 53:e högst", "  290 766", "…", "Release A, 0,1 hours old"]
    printed = [
        "head",
        "kostnad_per_inv_65, 9:e högst",
        " 74 082",
        "kostnad_per_inv_80, 53:e högst",
        "  290 766",
        "more",
    ]
    assert renewed_lines(shown, printed) == (shown, [])


def test_a_conclusion_in_other_words_takes_the_place_of_the_one_before() -> None:
    shown = ["Slutsats Ingen av fem metoder visar en skillnad.", "  1,5"]
    printed = ["Titel", "Slutsats En metod visar en ökning.", "", "Mer", "  1,6"]
    assert renewed_lines(shown, printed) == (["Slutsats En metod visar en ökning.", "  1,6"], [])


def test_a_digit_of_a_name_is_no_number() -> None:
    shown = ["andel_65, 3:e", "  1,5", "andel_80, 4:e", "  2,5"]
    printed = ["andel_80, 5:e", "  2,6", "andel_65, 3:e", "  1,5"]
    assert renewed_lines(shown, printed)[1] == ["andel_80, 4:e", "2,5"]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [(["tre rader", "två"], ["en rad"]), (["steg 1 av 2: klart"], ["något annat", "och mer"])],
)
def test_a_line_that_is_not_printed_any_more_is_named(shown: list[str], printed: list[str]) -> None:
    assert renewed_lines(shown, printed) == (shown, shown)


@pytest.mark.parametrize(
    ("value", "before", "expected"),
    [
        (7.66, "7,7", "7,7"), (7.66, "7.71", "7.66"), (32120.4, "31 999", "32 120"), (12000.0, "9999", "12 000"),
        (1285636.0, "1 263 946", "1 285 636"), (226.0, "221", "226"),
    ],
)  # fmt: skip
def test_a_number_is_written_like_the_one_before_it(value: float, before: str, expected: str) -> None:
    assert as_written(value, before) == expected


TABLE = "| område | värde | antal |\n|:--|--:|--:|\n| Ale | 12,5 | 22 |\n| Riket | 1\u202f133 | 40 |"


def test_an_answer_follows_its_table_and_small_numbers_are_only_named() -> None:
    now = TABLE.replace("12,5", "13,1").replace("1\u202f133", "1\u202f154").replace("| 22 |", "| 27 |")
    answer = "**Svar.** Ale har 12,5 och riket 1\u202f133; 22 nyckeltal, 2022 och 40."
    assert renewed_answer(answer, TABLE, now) == (
        "**Svar.** Ale har 13,1 och riket 1\u202f154; 22 nyckeltal, 2022 och 40.",
        ["22"],
    )


def test_a_minus_that_the_answer_has_stays_and_a_number_that_still_stands_is_not_touched() -> None:
    table = TABLE.replace("12,5", "−12,5")
    assert renewed_answer("Ale föll −12,5, alltså 12,5.", table, table) == ("Ale föll −12,5, alltså 12,5.", [])
    now = table.replace("−12,5", "−13,1")
    assert renewed_answer("Ale föll −12,5.", table, now) == ("Ale föll −13,1.", [])
    assert renewed_answer("Ale föll med 12,5.", table, now) == ("Ale föll med 13,1.", [])


def test_a_number_whose_row_is_gone_or_that_stood_twice_is_named() -> None:
    twice = TABLE.replace("| 40 |", "| 12,5 |")
    assert renewed_answer("Ale har 12,5.", twice, twice.replace("12,5", "13,1"))[1] == ["12,5"]
    assert renewed_answer("Ale har 12,5.", TABLE, TABLE.replace("Ale | 12,5", "Bor | 13,1"))[1] == ["12,5"]


def test_a_declared_figure_is_replaced_however_the_lines_are_broken(tmp_path: Path) -> None:
    figure = {"figure": "tried", "text": "rose by {32 120} kr in {five} years", "documents": []}
    text = "The cost rose\n  by 32 120 kr\nin five years. It rose by 1 kr."
    new = renew._with_figures(text, figure, ["33 000", "six"], braces=False)
    assert new == "The cost rose\n  by 33 000 kr\nin six years. It rose by 1 kr."
    with pytest.raises(CannotRenewError, match="tried"):
        renew._with_figures("something else", figure, ["33 000", "six"], braces=False)
