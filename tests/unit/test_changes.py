"""What a delivery changes of what is known: lost values block, gross revisions are set aside, large ones are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nextafter

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.datasets import datasets
from pipelines.quality.changes import Changes, judge_changes
from pipelines.storage.archive import Promise
from pipelines.storage.database import connect
from pipelines.storage.vintage_sql import same_number
from tests.support.deliveries import FACTS, NOON, House, failed

SERIES, OTHER, NEWEST, OLDEST = "N00001", "N00002", 2022, 2013
AREAS = [f"{n:04d}" for n in range(114, 134)]


def figures(series: tuple[str, ...] = (SERIES, OTHER)) -> pl.DataFrame:
    """Two series of 20 areas and 10 years, about 200 000 each, a few per cent up each year; no two values alike."""
    rows = [
        (s, area, year, "T", 200_000.0 * (1 + 0.02 * i) * 1.03 ** (year - OLDEST) * (1 + 0.001 * ((i * 7 + year) % 5)))
        for s in series
        for i, area in enumerate(AREAS)
        for year in range(OLDEST, NEWEST + 1)
    ]
    frame = pl.DataFrame(rows, schema=["series_id", "area_id", "year", "sex", "value"], orient="row")
    return frame.with_columns(status=pl.lit(None, pl.String))


GOOD = figures()


def of(series: str = SERIES, year: int | None = None, area: str | None = None) -> pl.Expr:
    found = pl.col("series_id") == series
    found &= pl.lit(True) if year is None else pl.col("year") == year
    return found & (pl.lit(True) if area is None else pl.col("area_id") == area)


def but(where: pl.Expr, value: pl.Expr | float | None, frame: pl.DataFrame = GOOD) -> pl.DataFrame:
    other = value if isinstance(value, pl.Expr) else pl.lit(value, pl.Float64)
    return frame.with_columns(value=pl.when(where).then(other).otherwise("value"))


def told(frame: pl.DataFrame, area: str, year: int = NEWEST) -> float:
    return float(frame.filter(of(SERIES, year, area))["value"].item())


def judged(
    house: House, frame: pl.DataFrame, night: int = 1, promise: Promise | None = None, lost: bool = False,
    revised: bool = False, breaks: tuple[tuple[str, int], ...] = (),
) -> Changes:  # fmt: skip
    """What is found of a delivery some nights after the first; nothing is taken in."""
    staged = house.parsed(FACTS, frame, promise or Promise(rows=frame.height))
    moment = NOON + timedelta(days=night)
    files = tuple(f.model_copy(update={"fetched_at": moment}) for f in staged.fetched.files)
    fetched = staged.fetched.model_copy(update={"files": files})
    with connect(house.settings) as con:
        return judge_changes(
            con, house.vintages, FACTS, datasets()[FACTS], fetched, staged.rows_path, breaks,
            accepts_lost=lost, accepts_revised=revised,
        )  # fmt: skip


def taken(house: House, frame: pl.DataFrame, night: int, *, accepted: bool = False) -> None:
    staged = house.parsed(FACTS, frame)
    moment = NOON + timedelta(days=night)
    files = tuple(f.model_copy(update={"fetched_at": moment}) for f in staged.fetched.files)
    fetched = staged.fetched.model_copy(update={"files": files})
    house.absorb(replace(staged, fetched=fetched, accepted=accepted), moment)


def names(found: Changes) -> set[str]:
    return failed(found.checks, "block", "hold_back", "warn")


def sample(found: Changes, name: str) -> str:
    (check,) = [c for c in found.checks if c.check_id == f"{FACTS}.{name}"]
    return check.sample


@pytest.fixture
def known(house: House) -> House:
    """A house that knows the good figures."""
    taken(house, GOOD, 0)
    return house


# ── what is true passes ───────────────────────────────────────────────────────────────────────────


def test_the_first_delivery_and_the_same_again_are_quiet(house: House) -> None:
    assert names(judged(house, GOOD)) == set()
    taken(house, GOOD, 0)
    assert names(judged(house, GOOD)) == set()


@pytest.mark.parametrize("to", [-1e300, 1e300])
def test_every_value_a_last_digit_up_or_down_is_nothing(known: House, to: float) -> None:
    noisy = GOOD.with_columns(pl.col("value").map_elements(lambda v: nextafter(v, to), pl.Float64))
    assert names(judged(known, noisy)) == set()
    assert known.absorb(known.parsed(FACTS, noisy), NOON + timedelta(days=1)).counts == {}


# ── lost values ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("where", "named"),
    [
        pytest.param(of(), f"{SERIES} {NEWEST}: 20 of 20 areas", id="a whole series"),
        pytest.param(of(year=NEWEST), f"{SERIES} {NEWEST}: 20 of 20 areas", id="a newest year"),
        pytest.param(of(year=OLDEST), f"{SERIES} {OLDEST}: 20 of 20 areas", id="an old year"),
        pytest.param(of(year=NEWEST) & pl.col("area_id").is_in(AREAS[:3]), "3 of 20 areas (0114, 0115, 0116)", id="3"),
        pytest.param(of(area=AREAS[0]), "1 of 20 areas (0114)", id="an area in all years"),
    ],
)
@pytest.mark.parametrize("status", [None, "missing", "suppressed", "code:Uppgift saknas"])
def test_known_values_that_come_as_none_are_lost(known: House, where: pl.Expr, named: str, status: str | None) -> None:
    lost = GOOD.with_columns(
        value=pl.when(where).then(None).otherwise("value"),
        status=pl.when(where).then(pl.lit(status, pl.String)).otherwise("status"),
    )
    found = judged(known, lost)
    assert names(found) == {"values_lost"}
    assert len(failed(found.checks, "block")) == 1
    assert named in sample(found, "values_lost")
    assert failed(judged(known, lost, lost=True).checks, "block") == set()


def test_rows_that_do_not_come_are_lost_as_well_unless_it_is_a_part(known: House) -> None:
    fewer = GOOD.filter(~(of(year=NEWEST) & pl.col("area_id").is_in(AREAS[:3])))
    assert names(judged(known, fewer)) == {"values_lost"}
    assert names(judged(known, fewer, promise=Promise(rows=1, complete=False))) == set()
    nulls = but(of(year=NEWEST), None).filter(of(year=NEWEST))
    assert names(judged(known, nulls, promise=Promise(rows=1, complete=False))) == {"values_lost"}


def test_a_mark_of_withdrawal_is_no_loss_and_two_single_values_are_told(known: House) -> None:
    marked = but(of(year=NEWEST), None).with_columns(status=pl.when(of(year=NEWEST)).then(pl.lit("withdrawn")))
    withdrawn = judged(known, marked)
    assert names(withdrawn) == {"few_values_withdrawn"}
    assert f"{SERIES} {NEWEST}: 20 areas" in sample(withdrawn, "few_values_withdrawn")
    assert failed(withdrawn.checks, "block", "hold_back") == set()
    few = judged(known, but(of(year=NEWEST) & pl.col("area_id").is_in(AREAS[:2]), None))
    assert names(few) == {"no_value_lost"}
    assert "2 of 20 areas (0114, 0115)" in sample(few, "no_value_lost")


def test_numbers_beside_a_status_that_says_that_there_is_none_are_no_values(known: House) -> None:
    where = of(year=NEWEST) & pl.col("area_id").is_in(AREAS[:2])
    zeros = but(where, 0.0).with_columns(status=pl.when(where).then(pl.lit("code:Hemlig")))
    found = judged(known, zeros)
    assert names(found) == {"no_value_lost", "number_beside_its_status"}
    assert f"{SERIES} 0114 {NEWEST} T: 0 is code:Hemlig" in sample(found, "number_beside_its_status")


def test_a_loss_in_small_steps_is_counted_together_until_a_person_accepts_it(known: House) -> None:
    def less(n: int) -> pl.DataFrame:
        return but(of(year=NEWEST) & pl.col("area_id").is_in(AREAS[:n]), None)

    assert names(judged(known, less(2), night=1)) == {"no_value_lost"}
    taken(known, less(2), 1)
    assert names(judged(known, less(2), night=2)) == {"no_value_lost"}
    third = judged(known, less(3), night=2)
    assert names(third) == {"values_lost"}
    assert "3 of 20 areas (0114, 0115, 0116)" in sample(third, "values_lost")
    taken(known, less(3), 2, accepted=True)
    assert names(judged(known, less(4), night=3)) == {"no_value_lost"}
    assert names(judged(known, GOOD, night=4)) == set(), "what comes back is not lost"


# ── revisions ─────────────────────────────────────────────────────────────────────────────────────

A, B, C = AREAS[3], AREAS[9], AREAS[15]


def swapped(*areas: str) -> pl.DataFrame:
    frame = GOOD
    for area, source in zip(areas, [*areas[1:], areas[0]], strict=True):
        frame = but(of(year=NEWEST, area=area), told(GOOD, source), frame)
    return frame


GROSS: dict[str, tuple[pl.DataFrame, str, int]] = {
    "a year in thousands": (but(of(year=2018), pl.col("value") / 1000), "revised_year_believable", 20),
    "a year a thousand times": (but(of(year=NEWEST), pl.col("value") * 1000), "revised_year_believable", 20),
    "a year of the other sign": (but(of(year=2018), -pl.col("value")), "revised_year_believable", 20),
    "a year of zeros": (but(of(year=2018), 0.0), "revised_year_believable", 20),
    "two areas swapped": (swapped(A, B), "values_in_their_places", 2),
    "three areas moved round": (swapped(A, B, C), "values_in_their_places", 3),
    "one value in another unit": (but(of(year=NEWEST, area=A), 1.5), "revision_believable", 1),
    "one value ten times": (but(of(year=2015, area=A), pl.col("value") * 10), "revision_believable", 1),
    "one value a tenth": (but(of(year=2015, area=A), pl.col("value") / 10), "revision_believable", 1),
    "one value of the other sign": (but(of(year=2015, area=A), -pl.col("value")), "revision_believable", 1),
    "one value to zero": (but(of(year=2015, area=A), 0.0), "revision_believable", 1),
}


@pytest.mark.parametrize("what", GROSS)
def test_a_gross_revision_is_set_aside_by_name_and_a_person_may_take_it(known: House, what: str) -> None:
    frame, check, rows = GROSS[what]
    found = judged(known, frame)
    assert check in names(found)
    assert len(found.held) == found.aside == rows
    where = frame.with_row_index("row", 1).filter(pl.col("row").is_in(list(found.held)))
    for series, area, year in where.select("series_id", "area_id", "year").iter_rows():
        reason = "; ".join(found.held[where.filter(of(series, year, area))["row"].item()])
        assert f"{series} {area} {year} T: " in reason
        assert f"{told(GOOD, area, year):.15g} → {told(frame, area, year):.15g}" in reason
    accepted = judged(known, frame, revised=True)
    assert accepted.held == {}
    assert check in failed(accepted.checks, "warn")


def test_what_mends_a_gross_error_is_taken_in_and_told(house: House) -> None:
    for number, what in enumerate(("one value in another unit", "a year in thousands")):
        other = House(house.settings.model_copy(update={"data_dir": house.settings.data_dir / str(number)}))
        wrong = GROSS[what][0]
        taken(other, wrong, 0)
        found = judged(other, GOOD)
        assert found.held == {}
        assert "revisions_small" in names(found)


def test_a_plausible_large_revision_and_a_whole_series_revised_are_named(known: House) -> None:
    one = judged(known, but(of(year=NEWEST, area=A), pl.col("value") * 1.46))
    assert (names(one), one.held) == ({"revisions_small"}, {})
    assert f"{SERIES} {A} {NEWEST} T: {told(GOOD, A):.15g} → {told(GOOD, A) * 1.46:.15g}" in sample(
        one, "revisions_small"
    )
    all_up = judged(known, but(of(), pl.col("value") * 1.04))
    assert (names(all_up), all_up.held) == ({"few_values_revised"}, {})
    assert f"{SERIES}: 200 of 200 values, 100% of them upward, median change +4 %" in sample(
        all_up, "few_values_revised"
    )
    assert names(judged(known, but(of(year=NEWEST, area=A), pl.col("value") * 1.1))) == set()


# ── new years ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "check", "rows"),
    [
        (pl.col("value") / 1000, "new_year_believable", 20),
        (pl.col("value") * 1000, "new_year_believable", 20),
        (-pl.col("value"), "new_year_believable", 20),
        (pl.col("value") * 3, "new_year_like_the_year_before", 0),
        (pl.when(pl.col("area_id") == A).then(pl.col("value") / 1000).otherwise("value"), "new_value_believable", 1),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_new_year_is_held_against_the_year_before(
    house: House, change: pl.Expr, check: str, rows: int, first: bool
) -> None:
    new = but(of(year=NEWEST), change)
    if not first:
        taken(house, GOOD.filter(pl.col("year") < NEWEST), 0)
        new = new.filter(pl.col("year") == NEWEST)
    found = judged(house, new, promise=Promise(rows=new.height, complete=first))
    assert names(found) == {check}
    assert f"{SERIES}" in sample(found, check)
    assert f"{NEWEST}" in sample(found, check)
    assert len(found.held) == rows
    if rows == 20:
        assert judged(house, new, breaks=((SERIES, NEWEST),)).held == {}, "a declared break is not compared"


# ── noise ─────────────────────────────────────────────────────────────────────────────────────────

numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e13, max_value=1e13))


@given(a=numbers, b=numbers)
@settings(max_examples=60)
def test_two_numbers_are_the_same_but_for_noise(a: float | None, b: float | None) -> None:
    query = f"select {same_number('a', 'b')}, {same_number('b', 'a')} from (select ?::double as a, ?::double as b)"
    row = duckdb.execute(query, [a, b]).fetchone()
    expected = a is b if a is None or b is None else abs(a - b) <= max(1e-9 * max(abs(a), abs(b)), 1e-12)
    assert row == (expected, expected)


def test_every_dataset_of_facts_has_limits_but_what_municipalities_hand_in() -> None:
    facts = {name: dataset for name, dataset in datasets().items() if dataset.kind == "facts"}
    assert [name for name, dataset in facts.items() if dataset.changes is None] == ["submissions.varden"]


# ── a new year beside the year before, and the sexes beside each other ────────────────────────────


def with_year(value: pl.Expr, year: int = NEWEST + 1, frame: pl.DataFrame = GOOD) -> pl.DataFrame:
    """The good figures, and of one series another year, made of its last one."""
    last = frame.filter(of(year=NEWEST)).sort("sex", "area_id")
    return pl.concat([frame, last.with_columns(value=value.over("sex"), year=pl.lit(year, last["year"].dtype))])


GROWN = pl.col("value") * 1.03


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(GROWN.reverse(), "the order of the areas is not that of the year before", id="in reverse"),
        pytest.param(
            GROWN.gather((pl.int_range(pl.len()) * 7) % pl.len()), "the order of the areas is not", id="at other areas"
        ),
        pytest.param(pl.col("value"), "100 per cent of the values are those of the year before", id="the same year"),
        pytest.param(GROWN.first(), "all areas have one value", id="one value for all"),
    ],
)
def test_a_new_year_at_the_wrong_areas_or_that_is_a_copy_is_set_aside(known: House, value: pl.Expr, why: str) -> None:
    found = judged(known, with_year(value))
    assert "new_year_in_order" in failed(found.checks, "hold_back")
    assert why in sample(found, "new_year_in_order")
    assert found.aside == 20
    accepted = judged(known, with_year(value), revised=True)
    assert "new_year_in_order" in failed(accepted.checks, "warn")
    assert accepted.aside == 0


def test_a_new_year_like_the_one_before_is_quiet_though_some_areas_change_places(known: House) -> None:
    noisy = GROWN * (1 + 0.04 * ((pl.int_range(pl.len()) * 13) % 5 - 2) / 2)
    assert names(judged(known, with_year(noisy))) == set()
    few = with_year(GROWN.reverse()).filter((pl.col("year") <= NEWEST) | pl.col("area_id").is_in(AREAS[:10]))
    assert names(judged(known, few)) == set(), "ten areas tell too little of an order"


def test_a_row_of_a_year_that_has_not_begun_is_set_aside(known: House) -> None:
    ahead = NOON.year + 1
    found = judged(known, with_year(GROWN, ahead))
    assert names(found) == {"year_has_begun"}
    assert found.aside == 20
    assert f"{SERIES} 0114 {ahead} T" in sample(found, "year_has_begun")


@pytest.mark.parametrize("stray_year", [NEWEST + 3, 2035])
def test_a_stray_row_of_a_later_year_frees_no_other_from_judgement(known: House, stray_year: int) -> None:
    """It may have been taken in before such years were set aside."""
    stray = with_year(GROWN, stray_year).filter((pl.col("year") <= NEWEST) | (pl.col("area_id") == AREAS[0]))
    taken(known, stray, 1)
    bad = pl.concat([stray, with_year(GROWN / 1000).filter(pl.col("year") == NEWEST + 1)])
    found = judged(known, bad, night=2)
    assert "new_year_believable" in failed(found.checks, "hold_back")
    assert found.aside >= 19


def of_sexes(of_all: pl.Expr) -> pl.DataFrame:
    """One series of women and men, and of all as told."""
    women = figures((SERIES,)).with_columns(sex=pl.lit("K"))
    men = women.with_columns(pl.col("value") * 0.8, sex=pl.lit("M"))
    whole = women.with_columns(value=of_all, sex=pl.lit("T"))
    return pl.concat([women, men, whole])


@pytest.mark.parametrize("of_all", [pl.col("value") * 0.9, pl.col("value") * 1.8], ids=["a mean", "a sum"])
@pytest.mark.parametrize(("sex", "factor"), [("T", 0.1), ("T", 0.05), ("K", 10.0), ("M", 0.0)])
def test_a_new_year_in_which_the_sexes_contradict_each_other_is_set_aside(
    house: House, of_all: pl.Expr, sex: str, factor: float
) -> None:
    frame = of_sexes(of_all)
    taken(house, frame, 0)
    year = pl.concat([with_year(GROWN, frame=frame)])
    assert names(judged(house, year)) == set()
    wrong = (pl.col("year") == NEWEST + 1) & (pl.col("sex") == sex)
    found = judged(house, year.with_columns(value=pl.when(wrong).then(pl.col("value") * factor).otherwise("value")))
    assert failed(found.checks, "hold_back") & {"sexes_agree", "new_year_believable"}
    assert found.aside >= 20


@pytest.mark.parametrize("of_all", [pl.col("value") * 0.9, pl.col("value") * 1.8], ids=["a mean", "a sum"])
@pytest.mark.parametrize("factor", [0.1, 8.0])
def test_one_area_whose_sexes_contradict_each_other_is_set_aside(house: House, of_all: pl.Expr, factor: float) -> None:
    frame = of_sexes(of_all)
    taken(house, frame, 0)
    year = with_year(GROWN, frame=frame)
    wrong = (pl.col("year") == NEWEST + 1) & (pl.col("sex") == "T") & (pl.col("area_id") == AREAS[3])
    found = judged(house, year.with_columns(value=pl.when(wrong).then(pl.col("value") * factor).otherwise("value")))
    assert names(found) == {"sexes_agree"}
    assert found.aside == 3
    assert AREAS[3] in sample(found, "sexes_agree")


def test_small_numbers_of_persons_need_not_add_up(house: House) -> None:
    """Publishers add a little chance to them, so that nobody can be found: all 3, women 7, men none."""
    frame = of_sexes(pl.col("value") * 1.8)
    taken(house, frame, 0)
    year = with_year(GROWN, frame=frame)
    place = (pl.col("year") == NEWEST + 1) & (pl.col("area_id") == AREAS[3])
    few = pl.col("sex").replace_strict({"T": 3.0, "K": 7.0, "M": 0.0})
    found = judged(house, year.with_columns(value=pl.when(place).then(few).otherwise("value")))
    assert "sexes_agree" not in names(found)
