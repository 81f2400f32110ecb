"""The Kolada connector against its replica: what it asks, what it keeps, and what becomes rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Measure
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources import kolada
from pipelines.sources.fetch_context import Context
from pipelines.sources.http_client import Client
from pipelines.sources.kolada.places import find_rows
from pipelines.storage.archive import Archive, Fetch
from tests.support.replicas.kolada import KoladaReplica
from tests.support.replicas.server import ReplicaServer

NIGHT = datetime(2026, 11, 23, 2, 15)  # noqa: DTZ001 - times are UTC without zone
LISTS = ("kolada.municipality", "kolada.kpi", "kolada.kpi_groups", "kolada.ou")


class Night:
    """A data folder, a replica, and the passing of nights; what is fetched counts as taken in unless told otherwise."""

    def __init__(self, folder: Path, server: ReplicaServer, series: list[str]) -> None:
        self.server = server
        self.settings = Settings(
            data_dir=folder,
            source="live",
            base_urls={"*": server.base_url},
            requests_per_second=0,
            http_attempts=2,
            http_wait_seconds=0.001,
        )
        self.archive = Archive(self.settings.archive_dir)
        self.refused: set[str] = set()
        self.now = NIGHT
        measures = tuple(
            Measure(measure_id=s.lower(), title_sv=s, unit="antal", dataset="kolada.values", series=s) for s in series
        )
        self.catalogue = Catalogue(home=folder, indicators=(), measures=measures)

    def context(self) -> Context:
        client = Client(self.settings, 0, sleep=self.server.pause)
        return Context(self.settings, self.catalogue, self.archive, self.now, lambda _: client, self.taken_in)

    def taken_in(self, dataset: str) -> list[Fetch]:
        return [f for f in self.archive.fetches(dataset) if f.content_id not in self.refused]

    def fetch(self, dataset: str = "kolada.values", **settings: Any) -> Fetch | None:
        context = self.context()
        if settings:
            context = replace(context, settings=self.settings.model_copy(update=settings))
        return kolada.fetch(context, dataset)

    def lists(self) -> None:
        for dataset in LISTS:
            self.fetch(dataset)
        self.server.clear_log()

    def rows(self, fetched: Fetch | None) -> pl.DataFrame:
        assert fetched is not None
        target = self.settings.data_dir / "rows.parquet"
        kolada.parse(fetched, self.archive, target)
        return pl.read_parquet(target)

    def asked(self, part: str = "") -> list[str]:
        return [path for _, _, path in self.server.log if part in path]


def night(folder: Path, replica: KoladaReplica) -> Iterator[Night]:
    with ReplicaServer(replica) as server:
        found = Night(folder, server, sorted(replica.store.values))
        found.lists()
        yield found


@pytest.fixture
def replica() -> KoladaReplica:
    """30 KPIs, 40 areas, 4 years."""
    return KoladaReplica.dense(30, 40, 4, page_items=500)


@pytest.fixture
def small(tmp_path: Path, replica: KoladaReplica) -> Iterator[Night]:
    yield from night(tmp_path / "data", replica)


def test_a_sweep_brings_every_value_once_and_names_the_page_of_each(small: Night, replica: KoladaReplica) -> None:
    fetched = small.fetch()
    rows = small.rows(fetched)
    assert fetched is not None
    assert rows.height == 30 * 40 * 4 * 3 == fetched.promise.rows
    assert rows.select("series_id", "area_id", "year", "sex").is_unique().all()
    frame = replica.store.values["N00007"]
    expected = frame.select(pl.col("area", "gender").cast(pl.String), pl.col("period").cast(pl.Int32), "value")
    found = rows.filter(series_id="N00007").select(area="area_id", gender="sex", period="year", value="value")
    assert sorted(found.rows()) == sorted(expected.rows())
    assert set(rows["source_file_sha256"]) == {f.sha256 for f in fetched.files}
    assert fetched.promise.series["N00007"].rows == 40 * 4 * 3
    assert (fetched.promise.complete, fetched.promise.marks_withdrawals, fetched.way) == (True, True, "live")


def test_a_night_without_news_asks_for_the_newest_25_years_only_and_records_nothing(small: Night) -> None:
    first = small.fetch()
    small.server.clear_log()
    small.now += timedelta(days=1)

    assert small.fetch() is None

    assert len(small.asked()) == 2  # 30 KPIs, at most 25 in a request
    assert all("from_date=2026-11-22" in path for path in small.asked())
    years = small.asked()[0].split("/year/")[1].split("?")[0].split(",")
    assert (len(years), max(years), min(years)) == (25, "2026", "2002")
    assert small.archive.latest("kolada.values") == first


def test_a_delta_holds_what_changed_and_no_group_s_value(small: Night, replica: KoladaReplica) -> None:
    small.fetch()
    small.now += timedelta(days=1)
    day = small.now.date()
    replica.store.revise("N00001", "0114", 2023, "T", 1.5, on=day)
    replica.store.withdraw("N00002", "0115", 2024, "K", on=day)
    replica.store.give_status("N00003", "0116", 2024, "M", "Sekretess", on=day)
    replica.store.add("N00004", "0117", 2025, "T", None, on=day)

    fetched = small.fetch()

    assert fetched is not None
    assert (fetched.since, fetched.promise.complete) == (day - timedelta(days=2), False)
    rows = small.rows(fetched)
    assert not rows["area_id"].str.starts_with("G").any()
    of = {key: (value, status) for *key_, value, status in rows.select(
        "series_id", "area_id", "year", "sex", "value", "status").iter_rows() for key in [tuple(key_)]}  # fmt: skip
    assert of["N00001", "0114", 2023, "T"] == (1.5, None)
    assert of["N00002", "0115", 2024, "K"] == (None, "withdrawn")
    assert of["N00003", "0116", 2024, "M"][1] == "code:Sekretess"
    assert of["N00004", "0117", 2025, "T"] == (None, None)
    assert fetched.promise.rows == rows.height


def test_after_a_fetch_that_was_not_taken_in_everything_is_asked_for_again(
    small: Night, replica: KoladaReplica
) -> None:
    small.fetch()
    replica.store.revise("N00001", "0114", 2023, "T", 1.5, on=(small.now + timedelta(days=1)).date())
    small.now += timedelta(days=1)
    held = small.fetch()
    assert held is not None
    small.refused.add(held.content_id)
    small.now += timedelta(days=3)

    again = small.fetch()

    assert again is not None
    assert again.since is None
    assert (1.5,) in small.rows(again).filter(series_id="N00001").select("value").rows()


@pytest.mark.parametrize(("days", "swept"), [(1, False), (6, False), (7, True), (30, True)])
def test_a_full_sweep_comes_every_seventh_day(small: Night, days: int, swept: bool) -> None:
    small.fetch()
    small.server.clear_log()
    small.now += timedelta(days=days)
    small.fetch()
    assert bool(small.asked("/municipality/")) is swept


def test_a_full_sweep_comes_when_the_scope_has_grown(small: Night) -> None:
    whole = small.catalogue
    small.catalogue = replace(whole, measures=whole.measures[:20])
    small.fetch()
    small.server.clear_log()
    small.catalogue = whole
    fetched = small.fetch()
    assert fetched is not None
    assert len(fetched.promise.series) == 30


def test_an_interrupted_sweep_goes_on_where_it_was(small: Night) -> None:
    small.server.faults.add("503", match="/v3/data", times=10**9, after=5)
    with pytest.raises(SourceError, match="no whole answer"):
        small.fetch()
    assert small.archive.latest("kolada.values") is None
    came = set(small.asked()) - _failed(small)
    small.server.faults.clear()
    small.server.clear_log()
    small.now += timedelta(hours=2)

    rows = small.rows(small.fetch())

    assert rows.height == 30 * 40 * 4 * 3
    assert len(came) >= 5
    assert not (came & set(small.asked())), "a page that is archived is not fetched again"
    assert not small.archive.pending_path("kolada.values").exists()


def _failed(small: Night) -> set[str]:
    """Addresses that were asked as often as there are attempts, in vain."""
    asked = small.asked()
    return {path for path in asked if asked.count(path) > 1 or asked.index(path) >= 5}


def test_pages_of_an_interruption_too_long_ago_are_fetched_again(small: Night) -> None:
    small.server.faults.add("503", match="/v3/data", times=10**9, after=5)
    with pytest.raises(SourceError):
        small.fetch()
    asked = set(small.asked()[:5])
    small.server.faults.clear()
    small.server.clear_log()
    small.now += timedelta(hours=25)
    small.fetch()
    assert asked <= set(small.asked())


def test_a_scope_is_fetched_beside_the_catalogue(small: Night, replica: KoladaReplica) -> None:
    group = next(g for g in replica.store.kpi_groups if g["id"] == "G2KPI1")
    group["members"] = group["members"][:3]
    small.now += timedelta(days=8)
    small.fetch("kolada.kpi_groups")
    small.catalogue = replace(small.catalogue, measures=small.catalogue.measures[:2])

    assert sorted(small.rows(small.fetch())["series_id"].unique()) == ["N00001", "N00002"]
    small.server.clear_log()
    assert small.fetch("kolada.other_values") is None
    assert small.asked() == []
    for scope in ("group:G2KPI1", "group:alla nyckeltal", ""):  # found by id, by title, and remembered
        grouped = small.fetch("kolada.other_values", kolada_scope=scope, full_sweep_days=0)
        assert sorted(small.rows(grouped)["series_id"].unique()) == ["N00003"]
    everything = small.fetch("kolada.other_values", kolada_scope="all", full_sweep_days=0)
    assert small.rows(everything)["series_id"].n_unique() == 28
    with pytest.raises(SourceError, match=r"no such group[\s\S]*did you mean G2KPI1 \(Alla nyckeltal\)"):
        small.fetch("kolada.other_values", kolada_scope="group:alla nykeltal")
    assert small.archive.asked_for("kolada.other_values") == "group:G2KPI1"


def test_many_kpis_are_swept_in_blocks_and_each_value_comes_once(tmp_path: Path) -> None:
    replica = KoladaReplica.dense(301, 30, 1)
    for found in night(tmp_path / "data", replica):
        found.catalogue = replace(found.catalogue, measures=found.catalogue.measures[:1])
        fetched = found.fetch("kolada.other_values", kolada_scope="all")
        rows = found.rows(fetched)
        assert rows.height == 300 * 30 * 3
        assert rows.select("series_id", "area_id", "year", "sex").is_unique().all()
        assert all(len(path.split("/kpi/")[1].split("/")[0].split(",")) <= 25 for path in found.asked())


def test_a_kpi_that_is_no_longer_listed_is_not_asked_for_and_is_named(small: Night, replica: KoladaReplica) -> None:
    replica.store.remove_kpi("N00005")
    small.fetch("kolada.kpi")
    small.server.clear_log()
    fetched = small.fetch()
    assert fetched is not None
    assert fetched.promise.absent == {"N00005": "not in the publisher's list of KPIs"}
    assert not small.asked("N00005")


def test_lists_become_rows_whatever_form_their_flags_and_periods_have(small: Night, replica: KoladaReplica) -> None:
    forms = {type(k["publ_period"]) for k in replica.store.kpis} | {type(k["has_ou_data"]) for k in replica.store.kpis}
    assert {int, bool} <= forms
    rows = small.rows(small.archive.latest("kolada.kpi"))
    assert rows.height == 30
    assert rows.schema["publ_period"] == pl.Int32
    assert rows.schema["has_unit_values"] == pl.Boolean
    assert rows["has_unit_values"].null_count() == 0


def test_units_and_their_values(tmp_path: Path) -> None:
    replica = KoladaReplica.from_snapshot()
    for found in night(tmp_path / "data", replica):
        units = found.rows(found.archive.latest("kolada.ou"))
        assert dict(units.group_by("area_id").len().iter_rows())["1480"] == 2
        rows = found.rows(found.fetch("kolada.ou_values"))
        assert set(rows["area_id"]) == set(units["unit_id"])
        assert set(rows["series_id"]) == {k["id"] for k in replica.store.kpis if k["has_ou_data"] in (True, 1)}
        found.server.clear_log()
        assert found.fetch("kolada.ou_values") is None, "units are looked at with the full sweeps only"
        assert found.asked() == []


def test_the_whole_catalogue_costs_few_requests_and_a_quiet_night_at_most_twelve(tmp_path: Path) -> None:
    replica = KoladaReplica.dense(197, 312, 1)
    for found in night(tmp_path / "data", replica):
        found.fetch()
        assert len(found.asked()) <= 1.15 * 8 * 13  # 197 and 312 ids, 25 at most in a segment
        found.server.clear_log()
        found.now += timedelta(days=1)
        for dataset in ("kolada.municipality", "kolada.kpi", "kolada.municipality_groups", *LISTS[2:], "kolada.values"):
            found.fetch(dataset)
        asked = [path for path in found.asked() if "municipality_groups" not in path]  # not looked at before
        assert len(asked) <= 12


def test_every_row_is_found_where_it_stands_in_its_page(small: Night) -> None:
    fetched = small.fetch()
    rows = small.rows(fetched)
    assert fetched is not None
    for record in fetched.files:
        body = small.archive.read_path(record.sha256).read_bytes()
        page, found = json.loads(body), find_rows(body, "kolada.values")
        parsed = rows.filter(source_file_sha256=record.sha256)
        assert len(found) == parsed.height
        for series, area, year, sex, value in parsed.select("series_id", "area_id", "year", "sex", "value").rows():
            path, told = found[series, area, year, sex]
            item, place = (int(number) for number in re.findall(r"values\[(\d+)\]", path))
            assert told == page["values"][item]["values"][place]
            assert told["value"] == value


def test_members_and_areas_are_found_in_their_pages(small: Night) -> None:
    for dataset, sample in (("kolada.municipality", "id"), ("kolada.kpi_groups", "id")):
        fetched = small.archive.latest(dataset)
        assert fetched is not None
        body = small.archive.read_path(fetched.files[0].sha256).read_bytes()
        found = find_rows(body, dataset)
        assert found
        assert len(found) == sum(len(each.get("members", [1])) for each in json.loads(body)["values"])
        assert all(
            key[0] == json.loads(body)["values"][int(re.findall(r"\d+", path)[0])][sample]
            for key, (path, _) in [*found.items()][:20]
        )
