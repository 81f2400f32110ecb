"""Embedded figures that came more than once: each delivery has its own date, and stands on those before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.assets.run_log import with_those_of_its_fetch
from pipelines.errors import SourceError
from pipelines.processes.helper import Worker
from pipelines.sources import snapshot
from pipelines.sources.snapshot_writer import promise_of
from pipelines.steps.stage import stage
from pipelines.steps.take_in import take_in, take_in_earlier
from pipelines.steps.workspace import Workspace
from pipelines.storage.archive import Fetch
from pipelines.storage.staged import StagedDeliveries
from tests.support.deliveries import CATALOGUE, COUNTED, FACTS, SHARE, House, facts, failed
from tests.unit.test_releases import released

NOW = datetime(2026, 11, 22, 21)  # noqa: DTZ001 - dates of knowledge are UTC without zone
FIRST, SECOND = datetime(2024, 8, 31), datetime(2026, 8, 31)  # noqa: DTZ001
FINE, SAME, NEW = 42.26, 42.3, 50.0  # a value, the same rounded to one decimal, and a revision: TEST FIGURES


class Here(Worker):
    """Judges in this process: a helper process for each would take seconds to start."""

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)


def earlier() -> pl.DataFrame:
    at = pl.col("area_id") == "0114"
    return facts().with_columns(value=pl.when(at).then(FINE).otherwise("value"))


def later() -> pl.DataFrame:
    """Of one area and sex: all years told again with fewer digits, one of them revised, and a year more."""
    told = earlier().filter(area_id="0114", sex="T", series_id=SHARE).with_columns(value=pl.lit(SAME))
    told = told.with_columns(value=pl.when(pl.col("year") == 2020).then(NEW).otherwise("value"))
    return pl.concat([told, told.filter(year=2021).with_columns(year=pl.lit(2022, pl.Int64))])


def last() -> pl.DataFrame:
    return later().filter(year=2022).with_columns(year=pl.lit(2023, pl.Int64))


def whole(*frames: pl.DataFrame) -> pl.DataFrame:
    """What they say together."""
    key = ["series_id", "area_id", "year", "sex"]
    return reduce(lambda known, rows: pl.concat([known.join(rows, on=key, how="anti"), rows]), frames)


def write(house: House, *days: str, decimals: int | None = 1) -> Path:
    folder = house.settings.snapshot_dir
    folder.mkdir(parents=True, exist_ok=True)
    frames, entries = (earlier(), later(), last()), []
    for number, day in enumerate(days):
        frames[number].write_parquet(folder / f"{number}.parquet")
        promise = promise_of(whole(*frames[: number + 1]), FACTS)
        entries.append(
            {
                "file": f"{number}.parquet", "origin": "https://example.org", "published_at": day,
                "decimals": decimals if number else None, "promise": promise.model_dump(mode="json"),
            }
        )  # fmt: skip
    entry = entries[0] | {"later": entries[1:]}
    (folder / snapshot.MANIFEST).write_text(json.dumps({"about": "-", "datasets": {FACTS: entry}}), encoding="utf-8")
    return folder


TODAY = datetime(2026, 11, 22, tzinfo=UTC)


def fetched(house: House, on: datetime = TODAY) -> Fetch:
    return snapshot.fetch(house.settings.snapshot_dir, FACTS, house.archive, on)


def run(
    house: House, as_of: datetime | None = None, fetched_on: datetime = TODAY
) -> list[tuple[datetime, dict[str, int]]]:
    """What a run takes in: dates and counts of all deliveries."""
    if not house.vintages.latest("kolada.municipality"):
        house.knows_areas()
    fetched(house, fetched_on)
    workspace = Workspace(house.settings, moment=NOW, as_of=as_of)
    workspace.__dict__["catalogue"], workspace.worker = CATALOGUE, Here()
    try:
        take_in_earlier(workspace, FACTS)
        verdict, _ = stage(workspace, FACTS)
        assert verdict is None or verdict.passed, verdict
        take_in(workspace, FACTS)
    finally:
        workspace.close()
    return [(record.known_from, record.counts) for record in house.vintages.deliveries(FACTS)]


def history(house: House, year: int) -> list[tuple[datetime, float, str]]:
    return house.read(
        f"select known_from, value, change from ({house.vintages.history_sql(FACTS)}) "
        f"where series_id = '{SHARE}' and area_id = '0114' and year = {year} and sex = 'T' order by 1"
    )


def test_each_delivery_is_known_from_its_own_day_and_tells_only_what_it_changed(house: House) -> None:
    write(house, "2024-08", "2026-08")
    assert run(house) == [(FIRST, {"new": 300}), (SECOND, {"new": 1, "revised": 1})]
    assert history(house, 2019) == [(FIRST, FINE, "new")], "a number with fewer digits is no revision"
    assert history(house, 2020) == [(FIRST, FINE, "new"), (SECOND, NEW, "revised")]
    assert history(house, 2022) == [(SECOND, SAME, "new")]


def test_without_the_declared_precision_every_rounded_number_would_be_a_revision(house: House) -> None:
    write(house, "2024-08", "2026-08", decimals=None)
    assert run(house)[1] == (SECOND, {"new": 1, "revised": 10})


def test_a_run_tells_what_all_that_it_took_in_has_changed(house: House) -> None:
    write(house, "2024-08", "2026-08")
    run(house)
    told = with_those_of_its_fetch(house.vintages.deliveries(FACTS))
    assert (told.number, told.counts) == (2, {"new": 301, "revised": 1})


def test_a_run_tells_nothing_of_what_an_earlier_one_took_in(house: House) -> None:
    write(house, "2024-08")
    run(house, fetched_on=datetime(2026, 11, 20, tzinfo=UTC))
    write(house, "2024-08", "2026-08")
    run(house)
    assert with_those_of_its_fetch(house.vintages.deliveries(FACTS)).counts == {"new": 1, "revised": 1}


def test_what_a_later_delivery_does_not_mention_is_not_lost(house: House) -> None:
    write(house, "2024-08", "2026-08")
    run(house)
    record = house.vintages.latest(FACTS)
    assert record is not None
    assert record.rows == 301
    assert not failed(record.checks, "block", "hold_back")
    assert not failed(record.checks, "warn") & {"no_value_lost", "values_lost"}
    assert [file.decimals for file in record.files] == [None, 1]


def test_a_second_run_finds_nothing_new(house: House) -> None:
    folder = write(house, "2024-08", "2026-08")
    first = run(house)
    assert snapshot.is_unchanged(folder, FACTS, house.archive)
    assert (run(house), len(house.archive.fetches(FACTS))) == (first, 2)


def test_a_data_folder_that_knows_the_first_delivery_learns_the_second(house: House) -> None:
    write(house, "2024-08")
    assert run(house) == [(FIRST, {"new": 300})]
    folder = write(house, "2024-08", "2026-08")
    assert not snapshot.is_unchanged(folder, FACTS, house.archive)
    assert run(house) == [(FIRST, {"new": 300}), (SECOND, {"new": 1, "revised": 1})]


def test_a_data_folder_that_knows_something_else_gets_the_newest_alone(house: House) -> None:
    """It is dated by its own day; what an older delivery would have said before that is not told afterwards."""
    rows = facts([COUNTED, SHARE], range(2012, 2021))
    house.knows_areas()
    house.absorb(house.staged(rows), NOW.replace(year=2025))
    write(house, "2024-08", "2026-08")
    assert [day for day, _ in run(house)] == [NOW.replace(year=2025), SECOND]
    assert len(house.archive.fetches(FACTS)) == 2


def test_three_deliveries_are_known_from_three_days(house: House) -> None:
    write(house, "2024-02", "2024-08", "2026-08")
    days = [datetime(2024, 2, 29), FIRST, SECOND]  # noqa: DTZ001
    assert [day for day, _ in run(house)] == days


def test_deliveries_of_days_that_a_release_has_spoken_of_come_as_one_that_is_known_from_the_run(house: House) -> None:
    """What a release has said of a day is not told otherwise afterwards, and a run has only one moment."""
    write(house, "2024-02")
    run(house)
    released(house.settings, 1, knowledge_until=datetime(2026, 10, 31))  # noqa: DTZ001 - another dataset's day
    write(house, "2024-02", "2024-08", "2026-08")
    assert run(house)[1:] == [(NOW, {"new": 2, "revised": 1})]


def test_as_of_dates_one_delivery_that_says_what_both_say(house: House) -> None:
    write(house, "2024-08", "2026-08")
    day = datetime(2025, 1, 1)  # noqa: DTZ001
    assert run(house, as_of=day) == [(day, {"new": 301})]


def test_a_file_that_is_cut_short_is_held_back(house: House) -> None:
    folder = write(house, "2024-08", "2026-08")
    later().head(5).write_parquet(folder / "1.parquet")
    with pytest.raises(AssertionError):
        run(house)
    newest = house.archive.latest(FACTS)
    assert newest
    verdict = StagedDeliveries(house.settings.staged_dir).latest(FACTS, newest.content_id)
    assert verdict
    assert "coverage_rows" in failed(verdict.checks, "block")


@pytest.mark.parametrize("days", [("2026-08", "2024-08"), ("2024-08", "2024-08-31")])
def test_deliveries_out_of_order_are_refused(house: House, days: tuple[str, str]) -> None:
    write(house, *days)
    with pytest.raises(SourceError, match="manifest cannot be read") as caught:
        fetched(house)
    assert "in the order of their days" in caught.value.found


def test_a_later_file_that_is_missing_is_named(house: House) -> None:
    (write(house, "2024-08", "2026-08") / "1.parquet").unlink()
    with pytest.raises(SourceError, match="missing") as caught:
        fetched(house)
    assert caught.value.expected == "1.parquet"
