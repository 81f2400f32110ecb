"""What we knew, and when: for any sequence of deliveries, history says what each of them said."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.archive import Promise, SeriesPromise
from tests.support.deliveries import FACTS, NOON, House

Key = tuple[str, str]  # series, area; one year and one sex are enough
SERIES, AREAS = ("N00001", "N00002"), ("0114", "0115")
KEYS = [(s, a) for s in SERIES for a in AREAS]


@dataclass(frozen=True)
class Delivery:
    """Rows that passed, keys whose rows were held back, the series promised (none: the whole dataset)."""

    rows: dict[Key, float | None] = field(hash=False)
    held: frozenset[Key] = frozenset()
    scope: tuple[str, ...] = ()
    complete: bool = True

    @property
    def promise(self) -> Promise:
        one = SeriesPromise(rows=0, areas=0, first_year=2020, last_year=2020)
        return Promise(rows=len(self.rows), series=dict.fromkeys(self.scope, one), complete=self.complete)

    def covers(self, key: Key) -> bool:
        return self.complete and (not self.scope or key[0] in self.scope)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Delivery]:
    found = []
    for _ in range(draw(st.integers(1, 5))):
        scope = draw(st.sampled_from([(), SERIES, SERIES[:1], SERIES[1:]]))
        keys = [k for k in KEYS if not scope or k[0] in scope]
        came = draw(st.lists(st.sampled_from(keys), unique=True))
        held = frozenset(k for k in came if draw(st.integers(0, 3)) == 0)
        rows = {k: draw(st.sampled_from([None, 0.0, 1.0, 2.0])) for k in sorted(came) if k not in held}
        found.append(Delivery(rows, held, scope, draw(st.sampled_from([True, True, False]))))
    return found


def frame(rows: dict[Key, float | None]) -> pl.DataFrame:
    cells = [(series, area, 2020, "T", value) for (series, area), value in rows.items()]
    frame = pl.DataFrame(cells, schema=["series_id", "area_id", "year", "sex", "value"], orient="row")
    return frame.with_columns(status=pl.lit(None, pl.String))


def take_in(house: House, delivery: Delivery, moment: datetime) -> dict[str, int]:
    held = frame(dict.fromkeys(sorted(delivery.held), -1.0))
    return house.absorb(house.parsed(FACTS, frame(delivery.rows), delivery.promise, held), moment).counts


def as_of(house: House, moment: datetime) -> dict[Key, float | None]:
    """What was known at a moment, read from the history alone; withdrawn rows are not known."""
    found = house.read(
        f"select series_id, area_id, change, value from ({house.vintages.history_sql(FACTS)}) "
        f"where known_from <= timestamp '{moment}' "
        "qualify row_number() over (partition by series_id, area_id, year, sex order by known_from desc) = 1"
    )
    return {(series, area): value for series, area, change, value in found if change != "withdrawn"}


def now_known(house: House) -> dict[Key, tuple[str, float | None]]:
    found = house.read(f"select series_id, area_id, change, value from ({house.vintages.known_sql(FACTS)})")
    assert len({row[:2] for row in found}) == len(found), "a key is known twice"
    return {(series, area): (change, value) for series, area, change, value in found}


def expected_changes(
    before: dict[Key, tuple[str, float | None]], delivery: Delivery
) -> dict[Key, tuple[str, float | None]]:
    """What a delivery changes, said in Python: the change's name and the value, by key."""
    changes: dict[Key, tuple[str, float | None]] = {}
    for key, value in delivery.rows.items():
        if key not in before:
            changes[key] = ("new", value)
        elif before[key][0] == "withdrawn":
            changes[key] = ("restored", value)
        elif before[key][1] != value:
            changes[key] = ("revised", value)
    for key, (change, _) in before.items():
        lacks = key not in delivery.rows and key not in delivery.held
        if lacks and change != "withdrawn" and delivery.covers(key):
            changes[key] = ("withdrawn", None)
    return changes


@given(given_deliveries=deliveries())
@settings(max_examples=25)
def test_history_says_what_each_delivery_said(given_deliveries: list[Delivery]) -> None:
    with tempfile.TemporaryDirectory() as name:
        house = House(Settings(data_dir=Path(name), memory_limit_mb=300))
        state: dict[Key, tuple[str, float | None]] = {}
        said: list[tuple[datetime, dict[Key, float | None]]] = []
        last: Delivery | None = None
        for day, delivery in enumerate(given_deliveries):
            moment = NOON + timedelta(days=day)
            changes = {} if delivery == last else expected_changes(state, delivery)
            record_counts = take_in(house, delivery, moment)
            if delivery != last:
                names = [change for change, _ in changes.values()]
                assert record_counts == {n: names.count(n) for n in sorted(set(names))}
            state |= changes
            assert now_known(house) == state
            said.append((moment, {k: v for k, (change, v) in state.items() if change != "withdrawn"}))
            last = delivery
        for moment, knew in said:
            assert as_of(house, moment) == knew
            assert as_of(house, moment + timedelta(hours=23)) == knew
        assert as_of(house, NOON - timedelta(seconds=1)) == {}
        assert_intervals_follow_each_other(house)


def assert_intervals_follow_each_other(house: House) -> None:
    """A key's changes have different moments, so [known_from, next) never overlap; each changes something."""
    rows = house.read(
        "select known_from, lead(known_from) over w, change, lag(change) over w, "
        "value is distinct from lag(value) over w "
        f"from ({house.vintages.history_sql(FACTS)}) "
        "window w as (partition by series_id, area_id order by known_from)"
    )
    follows = {None: {"new"}, "withdrawn": {"restored"}}
    for known_from, known_to, change, before, differs in rows:
        assert known_to is None or known_from < known_to
        assert change in follows.get(before, {"revised", "withdrawn"})
        assert differs or change != "revised"


@given(
    contents=st.lists(
        st.dictionaries(st.sampled_from(KEYS), st.sampled_from([None, 1.0, 2.0]), min_size=1),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=12)
def test_after_a_whole_delivery_exactly_its_rows_are_known(contents: list[dict[Key, float | None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        house = House(Settings(data_dir=Path(name), memory_limit_mb=300))
        for day, rows in enumerate(contents):
            take_in(house, Delivery(rows), NOON + timedelta(days=day))
            assert {k: v for k, (change, v) in now_known(house).items() if change != "withdrawn"} == rows
        for day, rows in enumerate(contents):
            assert as_of(house, NOON + timedelta(days=day)) == rows


A, B = ("N00001", "0114"), ("N00001", "0115")


def test_new_revised_withdrawn_and_restored_are_named(house: House) -> None:
    steps: list[tuple[dict[Key, float | None], dict[str, int]]] = [
        ({A: 1.0, B: 2.0}, {"new": 2}),
        ({A: 1.5, B: 2.0}, {"revised": 1}),
        ({A: None, B: 2.0}, {"revised": 1}),  # a published missing value is a value
        ({B: 2.0}, {"withdrawn": 1}),
        ({A: 1.5, B: 2.0}, {"restored": 1}),
        ({A: 1.5, B: 2.0, KEYS[2]: 0.0}, {"new": 1}),
        ({KEYS[2]: 1.0}, {"revised": 1, "withdrawn": 2}),
    ]
    for day, (rows, counts) in enumerate(steps):
        assert take_in(house, Delivery(rows), NOON + timedelta(days=day)) == counts


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_content_twice_writes_nothing(house: House) -> None:
    for rows in ({A: 1.0}, {A: 1.0, B: 2.0}):
        take_in(house, Delivery(dict(rows)), NOON + timedelta(days=len(rows)))
    before = files_below(house.vintages.home)
    take_in(house, Delivery({A: 1.0, B: 2.0}), NOON + timedelta(days=9))
    assert files_below(house.vintages.home) == before


def test_vintages_only_grow(house: House) -> None:
    before: dict[str, bytes] = {}
    for day, rows in enumerate([{A: 1.0}, {A: 2.0}, {B: 2.0}, {A: 2.0}]):
        take_in(house, Delivery(dict(rows)), NOON + timedelta(days=day))
        now = files_below(house.vintages.home)
        assert before.items() <= now.items()
        before = now


def test_another_file_with_the_same_rows_changes_no_row(house: House) -> None:
    take_in(house, Delivery({A: 1.0}), NOON)
    record = house.absorb(house.parsed(FACTS, frame({A: 1.0}), Promise(rows=0)), NOON + timedelta(days=1))
    assert (record.number, record.counts) == (2, {})
    assert len(house.read(house.vintages.history_sql(FACTS))) == 1


def test_a_partial_fetch_never_withdraws(house: House) -> None:
    take_in(house, Delivery({A: 1.0, B: 2.0}), NOON)
    assert take_in(house, Delivery({A: 3.0}, complete=False), NOON + timedelta(days=1)) == {"revised": 1}
    assert now_known(house)[B] == ("new", 2.0)


def test_a_whole_fetch_of_one_series_leaves_the_others(house: House) -> None:
    other = KEYS[3]
    take_in(house, Delivery({A: 1.0, B: 2.0, other: 3.0}), NOON)
    assert take_in(house, Delivery({A: 1.0}, scope=("N00001",)), NOON + timedelta(days=1)) == {"withdrawn": 1}
    assert now_known(house)[other] == ("new", 3.0)


def test_a_row_held_back_is_not_withdrawn_and_is_kept_beside_the_delivery(house: House) -> None:
    take_in(house, Delivery({A: 1.0, B: 2.0}), NOON)
    assert take_in(house, Delivery({A: 1.0}, held=frozenset({B})), NOON + timedelta(days=1)) == {}
    assert now_known(house)[B] == ("new", 2.0)
    ((record, path),) = house.vintages.quarantine_files()
    assert (record.number, record.held_back) == (2, 1)
    assert pl.read_parquet(path).select("area_id", "value", "reason").rows() == [("0115", -1.0, "tried")]


def test_a_row_held_back_at_first_is_new_when_it_comes_whole(house: House) -> None:
    take_in(house, Delivery({A: 1.0}, held=frozenset({B})), NOON)
    assert B not in now_known(house)
    assert take_in(house, Delivery({A: 1.0, B: 2.0}), NOON + timedelta(days=1)) == {"new": 1}


@pytest.mark.parametrize("earlier", [timedelta(0), timedelta(days=-1)])
def test_knowledge_cannot_be_dated_at_or_before_what_is_known(house: House, earlier: timedelta) -> None:
    take_in(house, Delivery({A: 1.0}), NOON)
    before = files_below(house.vintages.home)
    with pytest.raises(NyckeltalError, match="dated before"):
        take_in(house, Delivery({A: 2.0}), NOON + earlier)
    assert files_below(house.vintages.home) == before


def test_every_change_names_the_file_that_told_it(house: House) -> None:
    for day, rows in enumerate([{A: 1.0, B: 2.0}, {A: 1.0}]):
        take_in(house, Delivery(dict(rows)), NOON + timedelta(days=day))
    told = dict(house.read(f"select change, source_file_sha256 from ({house.vintages.history_sql(FACTS)})"))
    first, second = (d.files[0].sha256 for d in house.vintages.deliveries(FACTS))
    assert told == {"new": first, "withdrawn": second}


def test_a_delivery_without_rows_withdraws_all_and_a_first_one_is_nothing(house: House) -> None:
    assert take_in(house, Delivery({}), NOON) == {}
    assert now_known(house) == {}
    take_in(house, Delivery({A: 1.0}), NOON + timedelta(days=1))
    assert take_in(house, Delivery({}), NOON + timedelta(days=2)) == {"withdrawn": 1}


def test_a_crash_while_writing_leaves_what_was_known_and_the_next_try_does_it_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(house, Delivery({A: 1.0}), NOON)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.storage.vintages.write_sealed", killed)
        with pytest.raises(KeyboardInterrupt):
            take_in(house, Delivery({A: 2.0}), NOON + timedelta(days=1))
    assert now_known(house) == {A: ("new", 1.0)}
    assert take_in(house, Delivery({A: 2.0}), NOON + timedelta(days=1)) == {"revised": 1}


def test_the_state_s_identity_changes_with_every_delivery_and_stays_without(house: House) -> None:
    seen = [house.vintages.state_id()]
    for day, rows in enumerate([{A: 1.0}, {A: 2.0}, {A: 2.0}]):
        take_in(house, Delivery(dict(rows)), NOON + timedelta(days=day))
        seen.append(house.vintages.state_id())
    assert seen[2] == seen[3]
    assert len({tuple(s) for s in seen}) == 3
    assert house.vintages.knowledge_until() == NOON + timedelta(days=1)
