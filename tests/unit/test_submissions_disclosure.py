"""What can be found out of suppressed values: intervals by hand, and a judge that tries every table there can be.

The judge is written here by itself. It knows what a reader knows (the values that are shown, the template's words of
what is a part or a sum of what, and that none is told as none), and never asks the code that it judges.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import astuple

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indicators.load.catalogue import load_catalogue
from pipelines.disclosure.audit import (
    AmountOf,
    AtMost,
    Interval,
    Key,
    Relation,
    Seen,
    ShareOf,
    Sum,
    exposures,
    intervals,
)
from pipelines.disclosure.facts import Fact
from pipelines.quality.disclosure_check import check_of, disclosure_check
from pipelines.release.publication import PublicationRefusedError, _refuse_if_blocked
from pipelines.submissions.facts import facts_of
from pipelines.submissions.judging import Row

TEMPLATES = {t.template_id: t for t in load_catalogue().templates}
Shown = dict[Key, float | str | None]  # a value, "suppressed", or None when it was not given


MANAGERS: list[Relation] = [
    Sum(("chefer", "T"), (("chefer", "K"), ("chefer", "M"))),
    Sum(("utbildade", "T"), (("utbildade", "K"), ("utbildade", "M"))),
    *(AtMost(("utbildade", sex), ("chefer", sex)) for sex in "TKM"),
]


def table(**values: str) -> dict[Key, Seen]:
    """Cells by name: T, K and M, where x is suppressed and - was not given."""
    cells = {}
    for name, text in values.items():
        for sex, word in zip("TKM", text.split(), strict=True):
            cells[name, sex] = Seen(None, word == "x") if word in "x-" else Seen(float(word))
    return cells


@pytest.mark.parametrize(
    ("chefer", "utbildade", "key", "expected"),
    [
        # by hand
        ("10 x x", "9 9 0", ("chefer", "M"), (1, 1)),  # at least 9 women, at least one man
        ("10 x x", "x x 0", ("chefer", "M"), (1, 9)),
        ("x 9 x", "9 9 0", ("chefer", "M"), (1, 1e9 - 9)),
        ("20 x x", "16 x x", ("chefer", "M"), (1, 19)),
        ("20 10 10", "13 x x", ("utbildade", "M"), (3, 10)),
        ("30 27 -", "- - -", ("chefer", "M"), (3, 3)),
        ("30 - -", "12 7 x", ("chefer", "M"), (5, 23)),
    ],
)
def test_the_interval_that_a_reader_can_find(
    chefer: str, utbildade: str, key: Key, expected: tuple[float, float]
) -> None:
    found = intervals(table(chefer=chefer, utbildade=utbildade), MANAGERS, [key])
    assert found == {key: Interval(*expected)}


def test_a_rounded_share_tells_of_the_persons_behind_it() -> None:
    persons, share = ("n", "T"), ("x", "T")
    cells = {persons: Seen(None, suppressed=True, most=20), share: Seen(71.4, kind="share")}
    found = intervals(cells, [ShareOf(share, persons, 1)], [persons])
    assert found == {persons: Interval(7, 14)}  # five of seven, or ten of fourteen


def test_a_share_or_an_amount_that_is_shown_tells_that_five_persons_or_more_are_behind_it() -> None:
    persons, shares = ("n", "K"), ("x", "K")
    cells = {persons: Seen(None, suppressed=True, most=20), shares: Seen(0.0, kind="share")}
    assert intervals(cells, [ShareOf(shares, persons, 1)], [persons]) == {persons: Interval(5, 20)}
    cells[shares] = Seen(120.0, kind="amount")
    assert intervals(cells, [AmountOf(shares, persons)], [persons]) == {persons: Interval(5, 20)}
    cells[shares] = Seen(None, suppressed=True, kind="amount")
    assert intervals(cells, [AmountOf(shares, persons)], [persons]) == {persons: Interval(1, 20)}


def test_a_share_above_none_stands_for_five_persons_or_more() -> None:
    persons, share = ("n", "T"), ("x", "T")
    cells = {persons: Seen(None, suppressed=True, most=100), share: Seen(50.0, kind="share")}
    assert intervals(cells, [ShareOf(share, persons, 0)], [persons]) == {persons: Interval(10, 100)}


def test_that_a_share_is_shown_gives_nobody_away() -> None:
    """Of six who answered, the women's share is shown: so they are five at least, and one man is left."""
    names = ("kompetens_svarande_digitalt", "kompetens_digital_andel")
    empty = dict.fromkeys(f.series for f in TEMPLATES["kompetens"].fields)
    rows = [
        Row(1, "1440", 2023, sex, {**empty, names[0]: persons, names[1]: share})
        for sex, persons, share in (("T", 6.0, 16.7), ("K", 5.0, 0.0), ("M", 1.0, 100.0))
    ]
    told = facts_of(TEMPLATES["kompetens"], rows)
    cells = shown(told)
    refuse_what_is_known(
        dict(zip(((names[0], sex) for sex in "TKM"), (6, 5, 1), strict=True)), cells, possible_answers(cells, *names)
    )
    shows = [
        Fact(names[0], "1440", 2023, "T", 6.0, None), Fact(names[1], "1440", 2023, "K", 0.0, None),
        *(Fact(names[0], "1440", 2023, sex, None, "suppressed") for sex in "KM"),
        *(Fact(names[1], "1440", 2023, sex, None, "suppressed") for sex in "TM"),
    ]  # fmt: skip
    assert not check_of(list(TEMPLATES.values()), shows).passed
    assert check_of(list(TEMPLATES.values()), told).passed


def test_a_table_that_no_numbers_fit_has_no_intervals() -> None:
    cells = table(chefer="10 x x", utbildade="9 12 -")
    assert intervals(cells, MANAGERS, [("chefer", "K")]) is None


def test_what_is_given_away_is_named_and_its_number_is_not() -> None:
    found = exposures(table(chefer="10 x x", utbildade="9 9 0"), MANAGERS)
    assert {e.key for e in found} == {("chefer", "M")}
    assert not any(sign.isdigit() for e in found for sign in e.why)
    assert exposures(table(chefer="10 x x", utbildade="x x 0"), MANAGERS) == []
    assert exposures(table(chefer="30 27 -", utbildade="- - -"), MANAGERS) != []  # not given, but three men


def facts(chefer: str, utbildade: str) -> list[Fact]:
    cells = table(kompetens_chefer=chefer, kompetens_chefer_ledarutbildning=utbildade)
    return [
        Fact(series, "1440", 2023, sex, cell.value, "suppressed" if cell.suppressed else None)
        for (series, sex), cell in cells.items()
    ]


def test_a_release_that_gives_a_person_away_is_refused() -> None:
    with duckdb.connect() as con:
        con.execute(
            "create schema vintages; create table vintages.submissions__varden (series_id text, area_id text, "
            "year integer, sex text, value double, status text, known_from timestamp, change text)"
        )
        for day, of_all in ((1, "9 9 0"), (2, "x x 0"), (3, "9 9 0")):
            con.executemany(
                f"insert into vintages.submissions__varden values (?, ?, ?, ?, ?, ?, '2024-01-0{day}', 'new')",
                [astuple(fact) for fact in facts("10 x x", of_all)],
            )
            check = disclosure_check(con, list(TEMPLATES.values()))
            assert (check.check_id, check.level, check.subject) == ("submissions.disclosure", "block", "warehouse")
            assert check.passed == (day == 2)
            if not check.passed:
                assert "kompetens_chefer M 1440 2023" in check.sample
                with pytest.raises(PublicationRefusedError, match="blocking"):
                    _refuse_if_blocked([check])


# ── every template, every table that there can be ─────────────────────────────────────────────────

MOST = 12  # how far the judge counts; a reader has to reckon with more, so that only makes it stricter


def shown(facts: list[Fact]) -> Shown:
    return {(f.series_id, f.sex): f.status if f.status == "suppressed" else f.value for f in facts}


def fits(cells: Shown, key: Key, value: int) -> bool:
    """Whether a number may stand in a cell: the one that is told, any when it was not given, and else not none."""
    told = cells[key]
    return value >= 1 if told == "suppressed" else told is None or told == value


def pairs(cells: Shown, name: str) -> Iterator[tuple[int, int, int]]:
    """Numbers for all, for women and for men that fit."""
    for women, men in itertools.product(range(MOST + 1), repeat=2):
        numbers = (women + men, women, men)
        if all(fits(cells, (name, sex), n) for sex, n in zip("TKM", numbers, strict=True)):
            yield numbers


def possible_parts(cells: Shown, whole: str, part: str) -> dict[Key, set[int]]:
    """What every number can be, of a whole and its part for all, for women and for men."""
    found: dict[Key, set[int]] = {(name, sex): set() for name in (whole, part) for sex in "TKM"}
    parts = list(pairs(cells, part))
    for numbers in pairs(cells, whole):
        for of_them in parts:
            if all(p <= w for p, w in zip(of_them, numbers, strict=True)):
                for sex, p, w in zip("TKM", of_them, numbers, strict=True):
                    found[whole, sex].add(w)
                    found[part, sex].add(p)
    return found


def possible_plans(cells: Shown) -> dict[Key, set[int]]:
    """What every number can be, of patients, their plans and the persons with a SIP of one kind or another."""
    names = ["hsl_patienter", "personcentrerad_plan", "sip", "sip_utskrivning", "sip_ovriga", "sip_uppfoljda"]
    keys = [(f"samverkan_{name}", "T") for name in names]
    found: dict[Key, set[int]] = {key: set() for key in keys}
    every = range(MOST + 1)
    for patients, plans in itertools.product(every, repeat=2):
        if plans <= patients and fits(cells, keys[0], patients) and fits(cells, keys[1], plans):
            found[keys[0]].add(patients)
            found[keys[1]].add(plans)
    for some, others, followed in itertools.product(every, repeat=3):
        numbers = (some + others, some, others, followed)
        if followed <= some + others and all(map(fits, [cells] * 4, keys[2:], numbers)):
            for key, value in zip(keys[2:], numbers, strict=True):
                found[key].add(value)
    return found


def may_be_shown(cells: Shown, share: Key, persons: int, of_them: int) -> bool:
    """Whether a share may look as it does: shown of five or more only, and never when it stands for one to four."""
    told = cells[share]
    if told is None:
        return True
    if told == "suppressed":
        return persons >= 1
    return persons >= 5 and not 1 <= of_them <= 4 and round(100 * of_them / persons, 1) == told


def possible_answers(cells: Shown, answering: str, share: str) -> dict[Key, set[int]]:
    """What the numbers of those who answered can be, when shares of them are told or not."""
    found: dict[Key, set[int]] = {(answering, sex): set() for sex in "TKM"}
    for numbers in pairs(cells, answering):
        for women, men in itertools.product(range(numbers[1] + 1), range(numbers[2] + 1)):
            of_them = (women + men, women, men)
            if all(
                may_be_shown(cells, (share, sex), n, some) for sex, n, some in zip("TKM", numbers, of_them, strict=True)
            ):
                for sex, n in zip("TKM", numbers, strict=True):
                    found[answering, sex].add(n)
                break
    return found


def refuse_what_is_known(truth: dict[Key, int], cells: Shown, possible: dict[Key, set[int]]) -> None:
    for key, values in possible.items():
        is_small = 1 <= truth[key] <= 4
        if is_small and cells[key] is not None:
            assert cells[key] == "suppressed", (key, truth, cells)
        if is_small:
            assert truth[key] in values, "the judge is wrong"
            assert max(values) - min(values) >= 2, (key, values, truth, cells)
        if cells[key] == "suppressed":
            assert truth[key] != 0, "none is told as none"


number = st.one_of(st.integers(0, 6), st.integers(0, MOST))


not_given = st.sets(st.tuples(st.sampled_from(["whole", "part"]), st.sampled_from("TKM")), max_size=3)


@st.composite
def parts_of_a_whole(draw: st.DrawFn) -> dict[str, tuple[int, int, int]]:
    women, men = draw(number), draw(number)
    some_women, some_men = draw(st.integers(0, women)), draw(st.integers(0, men))
    return {"whole": (women + men, women, men), "part": (some_women + some_men, some_women, some_men)}


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("kompetens_chefer", "kompetens_chefer_ledarutbildning"),
        ("kompetens_sjukskoterskor", "kompetens_specialistsjukskoterskor"),
    ],
)
@given(
    numbers=parts_of_a_whole(), absent=st.sets(st.tuples(st.sampled_from(["whole", "part"]), st.sampled_from("TKM")))
)
@settings(max_examples=40, deadline=None)
def test_no_small_number_of_a_part_by_sex_can_be_told(
    whole: str, part: str, numbers: dict[str, tuple[int, int, int]], absent: set[tuple[str, str]]
) -> None:
    template = TEMPLATES["kompetens"]
    names = {"whole": whole, "part": part}
    truth = {(names[n], sex): v for n, values in numbers.items() for sex, v in zip("TKM", values, strict=True)}
    given_values = {key: None if any(key == (names[n], s) for n, s in absent) else float(v) for key, v in truth.items()}
    rows = [
        Row(1, "1440", 2023, sex, dict.fromkeys(f.series for f in template.fields)
            | {name: given_values[name, sex] for name in names.values()})
        for sex in "TKM"
    ]  # fmt: skip
    cells = shown(facts_of(template, rows))
    refuse_what_is_known(truth, cells, possible_parts(cells, whole, part))


@given(
    numbers=parts_of_a_whole(), absent=st.sets(st.tuples(st.sampled_from(["whole", "part"]), st.sampled_from("TKM")))
)
@example(numbers={"whole": (6, 5, 1), "part": (1, 0, 1)}, absent=set())
@settings(max_examples=60, deadline=None)
def test_no_small_number_of_those_who_answered_can_be_told(
    numbers: dict[str, tuple[int, int, int]], absent: set[tuple[str, str]]
) -> None:
    template = TEMPLATES["kompetens"]
    answering, share = "kompetens_svarande_digitalt", "kompetens_digital_andel"
    truth, rows = {}, []
    for sex, persons, some in zip("TKM", numbers["whole"], numbers["part"], strict=True):
        truth[answering, sex] = persons
        of_them = None if not persons or ("part", sex) in absent else round(100 * some / persons, 1)
        answered = None if of_them is None and ("whole", sex) in absent else float(persons)
        values = dict.fromkeys(f.series for f in template.fields) | {answering: answered, share: of_them}
        rows.append(Row(1, "1440", 2023, sex, values))
    cells = shown(facts_of(template, rows))
    refuse_what_is_known(truth, cells, possible_answers(cells, answering, share))


@st.composite
def plans(draw: st.DrawFn) -> dict[Key, int]:
    patients, some, others = draw(number), draw(number), draw(number)
    numbers = {
        "hsl_patienter": patients,
        "personcentrerad_plan": draw(st.integers(0, patients)),
        "sip": some + others,
        "sip_utskrivning": some,
        "sip_ovriga": others,
        "sip_uppfoljda": draw(st.integers(0, min(MOST, some + others))),
    }
    return {(f"samverkan_{name}", "T"): value for name, value in numbers.items()}


@given(truth=plans(), absent=st.sets(st.integers(1, 5), max_size=2))
@settings(max_examples=60, deadline=None)
def test_no_small_number_of_plans_can_be_told(truth: dict[Key, int], absent: set[int]) -> None:
    values = {key[0]: None if i in absent else float(value) for i, (key, value) in enumerate(truth.items())}
    cells = shown(facts_of(TEMPLATES["samverkan"], [Row(1, "1440", 2023, "T", dict(values))]))
    refuse_what_is_known(truth, cells, possible_plans(cells))


@given(patients=st.integers(0, 12), costs=st.tuples(*[st.integers(0, 900)] * 3), absent=st.sets(st.integers(0, 2)))
def test_costs_are_told_of_five_patients_or_more(patients: int, costs: tuple[int, int, int], absent: set[int]) -> None:
    names = ("sjukskoterskor", "rehabilitering", "ovrigt")
    values: dict[str, float | None] = {
        "kostnad_hsl_patienter": float(patients),
        "kostnad_hsl_totalt": float(sum(costs)),
    }
    for place, (name, cost) in enumerate(zip(names, costs, strict=True)):
        values[f"kostnad_hsl_{name}"] = None if place in absent else float(cost)
    cells = shown(facts_of(TEMPLATES["kostnad_hsl"], [Row(1, "1440", 2023, "T", values)]))
    for key, value in cells.items():
        if patients < 5 and values[key[0]] is not None and key[0] != "kostnad_hsl_patienter":
            assert value == "suppressed"
        if patients >= 5:
            assert value == values[key[0]]


# ── what was told before ──────────────────────────────────────────────────────────────────────────


def given_nurses(**numbers: float | None) -> list[Row]:
    empty = dict.fromkeys(f.series for f in TEMPLATES["kompetens"].fields)
    return [Row(1, "1440", 2023, sex, {**empty, "kompetens_sjukskoterskor": number}) for sex, number in numbers.items()]


def nurses(facts: list[Fact]) -> dict[str, float | str | None]:
    return {sex: value for (series, sex), value in shown(facts).items() if series == "kompetens_sjukskoterskor"}


def test_what_was_told_before_is_not_suppressed_in_vain() -> None:
    template = TEMPLATES["kompetens"]
    first = facts_of(template, given_nurses(T=None, K=27.0, M=None))
    assert nurses(first) == {"T": None, "K": 27, "M": None}
    # That the women are 27 is known already, so it is the whole that may not be told.
    assert nurses(facts_of(template, given_nurses(T=30.0, K=27.0, M=3.0), first)) == {
        "T": "suppressed", "K": 27, "M": "suppressed",
    }  # fmt: skip
    assert nurses(facts_of(template, given_nurses(T=30.0, K=27.0, M=3.0))) == {
        "T": 30, "K": "suppressed", "M": "suppressed",
    }  # fmt: skip


def test_a_total_alone_gives_nothing_away_of_what_was_suppressed_before() -> None:
    template = TEMPLATES["kompetens"]
    first = facts_of(template, given_nurses(T=None, K=27.0, M=3.0))
    assert nurses(first) == {"T": None, "K": 27, "M": "suppressed"}
    assert nurses(facts_of(template, given_nurses(T=30.0), first)) == {"T": "suppressed"}
    assert nurses(facts_of(template, given_nurses(T=40.0), first)) == {"T": 40}
