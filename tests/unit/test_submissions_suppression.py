"""Small numbers: what is suppressed, and that nothing of it can be computed from what is told."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.load.catalogue import load_catalogue
from indicators.model.submission_template import SubmissionTemplate
from pipelines.disclosure.audit import FEWEST, Key, ShareOf, Sum
from pipelines.disclosure.suppression import Cell, suppressed
from pipelines.submissions.facts import facts_of
from pipelines.submissions.judging import Row

TEMPLATES = {t.template_id: t for t in load_catalogue().templates}
SEXES = ("T", "K", "M")


def counted(**values: float | None) -> dict[Key, Cell]:
    """Numbers of persons, all of them T."""
    return {(name, "T"): Cell(value, value) for name, value in values.items()}


def hidden(cells: dict[Key, Cell], *sums: Sum) -> str:
    """Names of the suppressed cells."""
    return " ".join(sorted(name for name, _ in suppressed(cells, sums)))


def total(name: str, *parts: str) -> Sum:
    return Sum((name, "T"), tuple((part, "T") for part in parts))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # by hand; s is the sum of a, b and c
        ({"s": 20, "a": 3, "b": 7, "c": 10}, "a b"),  # the next smallest hides the small one
        ({"s": 20, "a": 5, "b": 5, "c": 10}, ""),
        ({"s": 20, "a": 0, "b": 10, "c": 10}, ""),  # none is told as none
        ({"s": 13, "a": 3, "b": 0, "c": 10}, "a c"),  # a nothing would hide nobody
        ({"s": 12, "a": 1, "b": 1, "c": 10}, "a b c"),  # both are one when their sum is two
        ({"s": 15, "a": 3, "b": 2, "c": 10}, "a b"),  # five together
        ({"s": 3, "a": 3, "b": 0, "c": 0}, "a s"),  # the sum is small itself
        ({"s": 6, "a": 6, "b": 0, "c": 0}, ""),
        ({"s": 13, "a": None, "b": 3, "c": 10}, "b c"),  # 3 is left for a and b
        ({"s": 23, "a": None, "b": 10, "c": 10}, "b"),  # what was not given would be told as 3
        ({"s": 30, "a": None, "b": 10, "c": 10}, ""),
        ({"s": None, "a": 3, "b": 10, "c": 10}, "a"),  # without the sum nothing follows
    ],
)
def test_what_is_suppressed_of_a_sum(cells: dict[str, float | None], expected: str) -> None:
    assert hidden(counted(**cells), total("s", "a", "b", "c")) == expected


def test_a_value_goes_with_the_number_of_persons_behind_it() -> None:
    few, enough, nobody_knows = (Cell(1234.5, persons, "amount") for persons in (4, 5, None))
    cells = {
        ("few", "T"): few,
        ("enough", "T"): enough,
        ("unknown", "T"): nobody_knows,
        ("none", "T"): Cell(None, 2, "amount"),
    }
    assert hidden(cells) == "few unknown"


def test_an_amount_of_nothing_is_not_told_by_a_sum_of_nothing() -> None:
    cells = {("s", "T"): Cell(0.0, 9, "amount"), ("a", "T"): Cell(0.0, 3, "amount"), ("b", "T"): Cell(0.0, 9, "amount")}
    assert hidden(cells, total("s", "a", "b")) == "a s"


def test_one_cell_that_two_sums_give_away_is_hidden_in_both() -> None:
    cells = counted(s=30, a=3, b=12, c=15, u=40, d=20, e=17)
    sums = [total("s", "a", "b", "c"), total("u", "a", "d", "e")]
    assert hidden(cells, *sums) == "a b d"  # one more in each sum, in the order of their names


def test_of_a_share_of_all_of_women_and_of_men_none_is_suppressed_alone() -> None:
    shares = Sum(("x", "T"), (("x", "K"), ("x", "M")), weighted=True)
    persons = Sum(("n", "T"), (("n", "K"), ("n", "M")))
    relations = [shares, persons, *(ShareOf(("x", sex), ("n", sex), 1) for sex in SEXES)]
    numbers = {"T": 103.0, "K": 100.0, "M": 3.0}
    cells = {("n", sex): Cell(n, n) for sex, n in numbers.items()}
    given = {"T": 78.6, "K": 79.0, "M": 66.7}
    cells |= {("x", sex): Cell(share, numbers[sex], "share") for sex, share in given.items()}
    assert suppressed(cells, relations) == {(name, sex) for name in "xn" for sex in "KM"}
    cells["x", "M"] = Cell(None, 3, "share")  # not given, but it would follow
    assert suppressed(cells, relations) == {("n", "M"), ("n", "K"), ("x", "K")}
    cells |= {("n", "T"): Cell(105, 105), ("n", "M"): Cell(5, 5), ("x", "M"): Cell(100.0, 5, "share")}
    cells["x", "T"] = Cell(80.0, 105, "share")
    assert suppressed(cells, relations) == frozenset()


# ── properties ────────────────────────────────────────────────────────────────────────────────────

few_or_many = st.one_of(st.integers(0, 9), st.integers(0, 60))


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[Key, Cell], list[Sum]]:
    """Parts for women and men, their totals and the sum of both; some cells were not given."""
    parts = draw(st.integers(2, 4))
    values: dict[Key, int] = {}
    for sex in ("K", "M"):
        for part in range(parts):
            values[f"p{part}", sex] = draw(few_or_many)
        values["s", sex] = sum(values[f"p{part}", sex] for part in range(parts))
    names = [*(f"p{part}" for part in range(parts)), "s"]
    for name in names:
        values[name, "T"] = values[name, "K"] + values[name, "M"]
    absent = draw(st.sets(st.sampled_from(sorted(values)), max_size=3))
    cells = {
        key: Cell(None if key in absent else float(v), None if key in absent else float(v)) for key, v in values.items()
    }
    sums = [Sum(("s", sex), tuple((f"p{part}", sex) for part in range(parts))) for sex in SEXES]
    sums += [Sum((name, "T"), ((name, "K"), (name, "M"))) for name in names]
    return cells, sums


def determined(unknown: list[Key], sums: list[Sum]) -> set[Key]:
    """Unknown cells that follow from the sums, in exact arithmetic: those alone in a row of the reduced form."""
    rows = []
    for one in sums:
        row = [Fraction((key in one.parts) - (key == one.total)) for key in unknown]
        rows.append(row)
    pivots, top = [], 0
    for column in range(len(unknown)):
        found = next((r for r in range(top, len(rows)) if rows[r][column]), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        rows[top] = [value / rows[top][column] for value in rows[top]]
        for r in range(len(rows)):
            if r != top and rows[r][column]:
                rows[r] = [a - rows[r][column] * b for a, b in zip(rows[r], rows[top], strict=True)]
        pivots.append(column)
        top += 1
    return {unknown[column] for r, column in enumerate(pivots) if sum(map(bool, rows[r])) == 1}


@given(tables())
def test_no_suppressed_value_follows_from_what_is_told(table: tuple[dict[Key, Cell], list[Sum]]) -> None:
    cells, sums = table
    hidden_keys = suppressed(cells, sums)
    unknown = sorted(key for key, cell in cells.items() if key in hidden_keys or cell.value is None)

    assert hidden_keys.isdisjoint(determined(unknown, sums))


@given(tables())
def test_every_small_number_is_suppressed_and_nothing_without_a_reason(
    table: tuple[dict[Key, Cell], list[Sum]],
) -> None:
    cells, sums = table
    hidden_keys = suppressed(cells, sums)
    small = {key for key, cell in cells.items() if cell.value is not None and 1 <= cell.value < FEWEST}

    assert small <= hidden_keys
    assert not {key for key in hidden_keys if cells[key].value is None}
    if not small and all(cell.value is not None for cell in cells.values()):
        assert not hidden_keys


@given(tables())
def test_what_a_sum_hides_is_nobody_or_at_least_five(table: tuple[dict[Key, Cell], list[Sum]]) -> None:
    cells, sums = table
    hidden_keys = suppressed(cells, sums)
    for one in sums:
        whole = cells[one.total].value
        if whole is None or one.total in hidden_keys:
            continue
        rest = whole - sum(cells[key].value or 0 for key in one.parts if key not in hidden_keys)
        assert rest == 0 or rest >= FEWEST, (one, rest)


@given(st.lists(few_or_many, min_size=2, max_size=4))
def test_for_each_suppressed_part_another_value_is_possible(parts: list[int]) -> None:
    cells = counted(s=sum(parts), **{f"p{i}": value for i, value in enumerate(parts)})
    names = [(f"p{i}", "T") for i in range(len(parts))]
    hidden_keys = suppressed(cells, [Sum(("s", "T"), tuple(names))])
    secret = [key for key in names if key in hidden_keys]
    if not secret or ("s", "T") in hidden_keys:
        return
    rest = int(sum(cells[key].value or 0 for key in secret))
    possible: dict[Key, set[int]] = {key: set() for key in secret}
    for found in itertools.product(range(1, rest + 1), repeat=len(secret) - 1):  # a suppressed number is not none
        if rest - sum(found) >= 1:
            for key, value in zip(secret, (*found, rest - sum(found)), strict=True):
                possible[key].add(value)
    assert all(len(values) >= 2 for values in possible.values()), possible


# ── as a template has it ──────────────────────────────────────────────────────────────────────────


def row(template: SubmissionTemplate, sex: str = "T", **values: float) -> Row:
    given_values: dict[str, float | None] = dict.fromkeys(f.series for f in template.fields)
    return Row(1, "1440", 2023, sex, given_values | values)


def test_a_missing_value_is_a_fact_of_its_own_and_a_suppressed_one_has_no_value() -> None:
    template = TEMPLATES["samverkan"]
    values = {"samverkan_hsl_patienter": 400.0, "samverkan_sip": 30.0, "samverkan_sip_utskrivning": 27.0}
    facts = facts_of(template, [row(template, **values, samverkan_sip_ovriga=3.0)])
    told = {fact.series_id: (fact.value, fact.status) for fact in facts}
    assert told == {
        "samverkan_hsl_patienter": (400.0, None),
        "samverkan_personcentrerad_plan": (None, "missing"),
        "samverkan_sip": (30.0, None),
        "samverkan_sip_ovriga": (None, "suppressed"),
        "samverkan_sip_uppfoljda": (None, "missing"),
        "samverkan_sip_utskrivning": (None, "suppressed"),
    }


def test_costs_of_few_patients_are_suppressed_and_so_is_their_number() -> None:
    template = TEMPLATES["kostnad_hsl"]
    facts = facts_of(template, [row(template, kostnad_hsl_patienter=4.0, kostnad_hsl_totalt=900.0)])
    assert {f.series_id for f in facts if f.status == "suppressed"} == {"kostnad_hsl_patienter", "kostnad_hsl_totalt"}
    assert all(f.value is None for f in facts)


def test_the_small_number_of_men_is_hidden_by_that_of_women() -> None:
    template = TEMPLATES["kompetens"]
    rows = [
        row(template, sex, kompetens_medarbetare=100.0, kompetens_chefer=n)
        for sex, n in zip("TKM", (20.0, 17.0, 3.0), strict=True)
    ]
    rows[0].values["kompetens_medarbetare"] = 200.0
    facts = facts_of(template, rows)
    assert [(f.sex, f.value, f.status) for f in facts if f.series_id == "kompetens_chefer"] == [
        ("K", None, "suppressed"), ("M", None, "suppressed"), ("T", 20.0, None),
    ]  # fmt: skip
