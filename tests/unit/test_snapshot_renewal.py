"""The embedded figures renewed from a data folder: what comes of it, and what is refused by name. TEST FIGURES."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.errors import NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.sources import snapshot, snapshot_renewal
from pipelines.sources.snapshot_renewal import renew_snapshot
from pipelines.sources.snapshot_writer import promise_of
from pipelines.storage.files import sha256_of
from pipelines.storage.taken_in import remember
from tests.support.deliveries import CATALOGUE, COUNTED, FACTS, NOON, SHARE, House, facts
from tests.support.small_snapshot import known
from tests.unit.test_several_deliveries import run

AREAS = "kolada.municipality"
KEY = ["series_id", "area_id", "year", "sex"]
OCTOBER, NOVEMBER = datetime(2026, 10, 7, 3), datetime(2026, 11, 19, 3)  # noqa: DTZ001 - UTC without zone


def at(area: str, year: int) -> pl.Expr:
    return (
        (pl.col("series_id") == SHARE) & (pl.col("area_id") == area) & (pl.col("year") == year) & (pl.col("sex") == "T")
    )


def with_value(frame: pl.DataFrame, place: pl.Expr, value: float) -> pl.DataFrame:
    return frame.with_columns(value=pl.when(place).then(value).otherwise("value"))


def embedded(house: House, frame: pl.DataFrame, dataset: str = FACTS, file: str = "facts.parquet") -> Path:
    """A snapshot with one delivery of a dataset, of August 2024."""
    folder = house.settings.snapshot_dir
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / file) if file.endswith(".parquet") else frame.write_csv(folder / file)
    entry = {
        "file": file,
        "origin": "https://example.org",
        "published_at": "2024-08",
        "promise": promise_of(frame, dataset).model_dump(mode="json"),
    }
    manifest = {"about": "TEST FIGURES.", "datasets": {dataset: entry}}
    (folder / snapshot.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def learn(house: House, frame: pl.DataFrame, moment: datetime, dataset: str = FACTS) -> None:
    """Take in what a publisher says on a day, all of it."""
    promise = promise_of(frame, dataset)
    house.absorb(house.parsed(dataset, frame, promise, is_archived=True), moment)
    remember(house.settings)


def renewed(house: House, **more: str) -> snapshot_renewal.Renewal:
    folder = house.settings.snapshot_dir
    return renew_snapshot(house.settings, folder, folder, CATALOGUE, **more)


def state(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in folder.iterdir()}


def newest(house: House) -> pl.DataFrame:
    """What the folder knows, without what was withdrawn."""
    rows = house.read(
        f"select {', '.join(KEY)}, value from ({house.vintages.known_sql(FACTS)}) "
        "where change <> 'withdrawn' and coalesce(status, '') <> 'withdrawn'"
    )
    return pl.DataFrame(rows, schema=[*KEY, "value"], orient="row").sort(KEY)


def test_each_month_s_news_are_a_delivery_of_its_last_day_and_the_rest_stands(house: House, tmp_path: Path) -> None:
    """October revises a value, November brings a year and withdraws a value; each is known from its own day."""
    folder, first = embedded(house, facts()), state(house.settings.snapshot_dir)["facts.parquet"]
    october = with_value(facts(), at("0114", 2020), 50.0)
    learn(house, october, OCTOBER)
    year = facts(years=[2021]).with_columns(year=pl.lit(2022, pl.Int64))
    november = pl.concat([october.filter(~at("0115", 2019)), year])
    learn(house, november, NOVEMBER)

    done = renewed(house)

    assert done.written == {FACTS: ["facts_2026-10-07.parquet", "facts_2026-11-19.parquet"]}
    assert state(folder)["facts.parquet"] == first
    assert pl.read_parquet(folder / "facts_2026-10-07.parquet").select(*KEY, "value").rows() == [
        (SHARE, "0114", 2020, "T", 50.0)
    ]
    assert pl.read_parquet(folder / "facts_2026-11-19.parquet").height == year.height + 1
    other = House(Settings(data_dir=tmp_path / "elsewhere", snapshot_dir=folder, memory_limit_mb=300))
    days = [day for day, _ in run(other)]
    assert days == [datetime(2024, 8, 31), datetime(2026, 10, 7), datetime(2026, 11, 19)]  # noqa: DTZ001
    assert_frame_equal(newest(other), newest(house))
    told = other.read(
        f"select change, known_from from ({other.vintages.history_sql(FACTS)}) "
        f"where series_id = '{SHARE}' and area_id = '0115' and year = 2019 and sex = 'T' order by 2"
    )
    assert [change for change, _ in told] == ["new", "withdrawn"]


def test_a_second_time_there_is_nothing_new_and_a_day_s_later_news_join_those_of_the_day(house: House) -> None:
    folder = embedded(house, facts())
    learn(house, with_value(facts(), at("0114", 2020), 50.0), OCTOBER)
    renewed(house)
    before = state(folder)
    assert renewed(house).written == {}
    assert state(folder) == before
    learn(
        house, with_value(with_value(facts(), at("0114", 2020), 50.0), at("0117", 2018), 51.0), OCTOBER.replace(hour=9)
    )
    assert renewed(house).written == {FACTS: ["facts_2026-10-07.parquet"]}
    assert pl.read_parquet(folder / "facts_2026-10-07.parquet")["value"].to_list() == [50.0, 51.0]


def test_a_number_that_differs_by_noise_is_no_news(house: House) -> None:
    embedded(house, facts())
    learn(house, facts().with_columns(value=pl.col("value") * (1 + 1e-12)), OCTOBER)
    assert renewed(house).written == {}


def test_a_folder_that_knows_less_is_refused_by_name_and_changes_nothing(house: House) -> None:
    folder = embedded(house, facts())
    before = state(folder)
    learn(house, with_value(facts().filter(pl.col("area_id") != "0120"), at("0114", 2020), 50.0), OCTOBER)
    with pytest.raises(UsageError, match=f"{FACTS} {COUNTED}: 30 rows; {FACTS} {SHARE}: 30 rows.*--allow-fewer"):
        renewed(house)
    assert state(folder) == before

    done = renewed(house, allow_fewer="Kommunen har gått upp i en annan")
    assert done.rows == {FACTS: facts().height}
    assert "Kommunen har gått upp i en annan" in snapshot.read_manifest(folder).about
    assert known(FACTS, folder).filter(area_id="0120").height == 60


def test_a_row_that_came_and_is_held_back_is_no_loss_and_stays_embedded(house: House) -> None:
    """As a share of 101 per cent that is embedded as the publisher gave it: each installation judges it again."""
    folder = embedded(house, facts())
    held = facts().filter(at("0114", 2020))
    rest = with_value(facts().filter(~at("0114", 2020)), at("0115", 2020), 50.0)
    staged = house.parsed(FACTS, rest, promise_of(facts(), FACTS), held, is_archived=True)
    house.absorb(staged, OCTOBER)
    remember(house.settings)

    renewed(house)

    assert known(FACTS, folder).filter(at("0114", 2020)).height == 1
    assert known(FACTS, folder).filter(at("0115", 2020))["value"].to_list() == [50.0]


def test_a_dataset_that_the_folder_has_never_known_is_named(house: House) -> None:
    embedded(house, facts())
    with pytest.raises(UsageError, match=f"{FACTS}: nothing is known of it"):
        renewed(house)


def test_knowledge_that_is_older_than_what_is_embedded_is_refused(house: House) -> None:
    embedded(house, facts())
    learn(house, with_value(facts(), at("0114", 2020), 50.0), NOON)
    with pytest.raises(
        UsageError, match=r"older than what is embedded.*after 2024-08-31.*of 2024-08-01; 1 rows differ"
    ):
        renewed(house)


def test_a_damaged_folder_is_refused(house: House) -> None:
    folder = embedded(house, facts())
    before = state(folder)
    learn(house, with_value(facts(), at("0114", 2020), 50.0), OCTOBER)
    changes = next(house.settings.vintages_dir.glob(f"{FACTS}/*/changes.parquet"))
    changes.write_bytes(changes.read_bytes()[:-1] + b"x")
    with pytest.raises(NyckeltalError, match=r"changes\.parquet"):
        renewed(house)
    assert state(folder) == before


def test_series_that_need_not_be_embedded_are_left_out_where_all_would_be_too_large(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = embedded(house, facts([SHARE]))
    (raknade,) = CATALOGUE.measures
    catalogue = replace(CATALOGUE, measures=(raknade.model_copy(update={"embedded": False}),))
    learn(house, with_value(facts(), at("0114", 2020), 50.0), OCTOBER)

    whole = renew_snapshot(house.settings, folder, house.settings.data_dir / "whole", catalogue)
    monkeypatch.setattr(snapshot_renewal, "MOST_BYTES", whole.bytes - 1)
    done = renew_snapshot(house.settings, folder, house.settings.data_dir / "less", catalogue)
    assert (whole.left_out, done.left_out) == ((), (f"{FACTS} {COUNTED}",))
    assert known(FACTS, house.settings.data_dir / "less")["series_id"].unique().to_list() == [SHARE]

    monkeypatch.setattr(snapshot_renewal, "MOST_BYTES", 100)
    with pytest.raises(UsageError, match=r"too large.*at most 0\.0001 MB.*facts"):
        renewed(house)


def test_of_a_table_the_news_are_a_delivery_and_a_table_that_lost_rows_comes_whole(house: House) -> None:
    rows = [("0114", "Kommun 0114", "K"), ("0115", "Kommun 0115", "K")]
    schema = ["area_id", "name", "area_type"]
    folder = embedded(house, pl.DataFrame(rows, schema=schema, orient="row"), AREAS, "areas.csv")
    renamed = [("0114", "Kommun 0114", "K"), ("0115", "Ny  stad", "K"), ("0116", "Kommun 0116", "K")]
    learn(house, pl.DataFrame(renamed, schema=schema, orient="row"), OCTOBER, AREAS)
    assert renewed(house, allow_fewer="de andra").written == {AREAS: ["areas_2026-10-07.csv"]}
    assert (folder / "areas_2026-10-07.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "0115,Ny  stad,K",
        "0116,Kommun 0116,K",
    ]
    learn(house, pl.DataFrame(renamed[1:], schema=schema, orient="row"), NOVEMBER, AREAS)
    assert renewed(house, allow_fewer="de andra").written == {AREAS: ["areas.csv"]}
    entry = snapshot.read_manifest(folder).datasets[AREAS]
    assert (entry.later, entry.published_at, entry.promise.rows) == ((), "2026-11-19", 2)
    assert sorted(path.name for path in folder.iterdir()) == ["areas.csv", snapshot.MANIFEST]


values = st.one_of(st.none(), st.floats(0, 100).map(lambda v: round(v, 3)))
statements = st.dictionaries(st.tuples(st.sampled_from(["0114", "0115"]), st.sampled_from([2019, 2020])), values)


def frame_of(told: dict[tuple[str, int], float | None]) -> pl.DataFrame:
    rows = [(SHARE, area, year, "T", value, None) for (area, year), value in told.items()]
    kinds = [pl.String, pl.String, pl.Int64, pl.String, pl.Float64, pl.String]
    schema = dict(zip([*KEY, "value", "status"], kinds, strict=True))
    return pl.DataFrame(rows, schema=schema, orient="row")


@given(statements, statements, st.sets(st.tuples(st.sampled_from(["0114", "0115"]), st.sampled_from([2019, 2020]))))
def test_what_is_embedded_and_the_news_say_together_what_the_folder_knows(
    before: dict[tuple[str, int], float | None], now: dict[tuple[str, int], float | None], gone: set[tuple[str, int]]
) -> None:
    now = {place: value for place, value in now.items() if place not in gone}
    told = snapshot.Delivered(
        file="facts.parquet", origin="-", published_at="2024-08", promise=promise_of(frame_of(before), FACTS)
    )
    start = snapshot_renewal.with_delivery(pl.DataFrame(), frame_of(before), None, FACTS)
    dataset = snapshot_renewal._Dataset(FACTS, [told], start, {"facts.parquet": frame_of(before)})
    withdrawn = frame_of(dict.fromkeys(gone)).select(KEY)
    snapshot_renewal._renew(dataset, [snapshot_renewal._State(OCTOBER, frame_of(now), withdrawn)])
    stands = snapshot_renewal._standing(dataset.known).sort(KEY)
    expected = {place: value for place, value in before.items() if place not in gone} | now
    assert_frame_equal(stands.select(*KEY, "value"), frame_of(expected).sort(KEY).select(*KEY, "value"))
