"""Socialstyrelsen's statistics interface: asked by words, and not trusted to filter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from indicators.load.catalogue import Catalogue
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources import socialstyrelsen
from pipelines.sources.fetch_context import Context
from pipelines.sources.http_client import Client
from pipelines.storage.archive import Archive, Fetch
from tests.support.replicas.server import ReplicaServer
from tests.support.replicas.socialstyrelsen import WORDS, Change, SocialstyrelsenReplica

DATASET = "socialstyrelsen.statistik"
NOW = datetime(2026, 11, 23)  # noqa: DTZ001 - times are UTC without zone


class Asking:
    """A data folder, and the interface that it asks."""

    def __init__(self, folder: Path, server: ReplicaServer, statistics: SocialstyrelsenReplica) -> None:
        self.statistics = statistics
        self.settings = Settings(
            data_dir=folder, source="live", base_urls={"*": server.base_url}, requests_per_second=0, http_attempts=2,
            http_wait_seconds=0.001,
        )  # fmt: skip
        self.archive = Archive(self.settings.archive_dir)

    def fetch(self) -> Fetch | None:
        client = Client(self.settings, 0)
        catalogue = Catalogue(home=self.settings.data_dir, indicators=(), measures=())
        context = Context(self.settings, catalogue, self.archive, NOW, lambda _: client, self.archive.fetches)
        return socialstyrelsen.fetch(context, DATASET)


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    statistics = SocialstyrelsenReplica()
    with ReplicaServer(statistics) as server:
        yield Asking(tmp_path / "data", server, statistics)


def test_every_series_comes_with_regions_sexes_and_numbers_as_they_are_meant(asking: Asking) -> None:
    fetched = asking.fetch()
    assert fetched is not None
    target = asking.settings.data_dir / "rows.parquet"
    socialstyrelsen.parse(fetched, asking.archive, target)
    rows = pl.read_parquet(target)
    assert rows.height == 3 * 3 * 3 * 2 == fetched.promise.rows
    assert set(rows["series_id"]) == {"fallskador_80_84", "fallskador_85_plus", "lakemedel_antipsykotika_80_84"}
    one = rows.filter(series_id="fallskador_80_84", year=2023).sort("area_id", "sex")
    assert one.select("area_id", "sex", "value").rows() == [
        ("0000", "K", 1234.5), ("0000", "M", 1234.5), ("0000", "T", 1234.5),
        ("0001", "K", 3.0), ("0001", "M", 2.0), ("0001", "T", 4.0),
        ("0014", "K", 16.0), ("0014", "M", 15.0), ("0014", "T", 17.0),
    ]  # fmt: skip
    assert asking.fetch() is None, "looked at with the full sweeps only"


def test_a_filter_that_did_not_take_effect_is_named(asking: Asking) -> None:
    asking.statistics.ignored = {"alder"}
    with pytest.raises(SourceError, match="the filter on alder did not take effect"):
        asking.fetch()
    assert asking.archive.latest(DATASET) is None


def test_a_word_that_is_not_listed_is_named_with_those_that_are(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WORDS, "diagnos", {7: "Fall", 8: "Trafikolyckor"})
    with pytest.raises(SourceError, match=r"does not list 'Fallolyckor'.*Fall, Trafikolyckor"):
        asking.fetch()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda page: page.update(nasta_sida=None), "said to be the last", id="ends too early"),
        pytest.param(
            lambda page: page.update(nasta_sida="http://elsewhere.invalid/"), "lies elsewhere", id="elsewhere"
        ),
        pytest.param(lambda page: page.update(rader=page.pop("data")), "another shape", id="a field renamed"),
        pytest.param(lambda page: page.update(data=[], sidor=1, nasta_sida=None), "no rows", id="no rows"),
    ],
)
def test_pages_that_make_no_whole_end_by_name(asking: Asking, change: Change, told: str) -> None:
    asking.statistics.change = change
    with pytest.raises(SourceError, match=told):
        asking.fetch()
    assert asking.archive.latest(DATASET) is None


def test_an_endless_chain_ends_by_name(asking: Asking) -> None:
    first: list[str] = []

    def back(page: dict[str, Any]) -> None:
        first.append(page["nasta_sida"] or first[0])
        page["nasta_sida"] = first[0]

    asking.statistics.change = back
    with pytest.raises(SourceError, match=r"endless chain|the same as one before"):
        asking.fetch()


def test_a_text_that_is_no_number_is_refused_with_its_place(asking: Asking) -> None:
    asking.statistics.change = lambda page: page["data"][0].update(varde="cirka 5")
    fetched = asking.fetch()
    assert fetched is not None
    with pytest.raises(SourceError, match=r"no number.*row 1.*cirka 5"):
        socialstyrelsen.parse(fetched, asking.archive, asking.settings.data_dir / "rows.parquet")


def test_new_fields_are_told_and_the_rows_are_the_same(asking: Asking) -> None:
    sound = rows_of(asking, asking.fetch())

    def change(page: dict[str, Any]) -> None:
        page["publicerad"] = True
        for row in page["data"]:
            row["kvalitet"] = "A"

    asking.statistics.change = change
    asking.settings = asking.settings.model_copy(update={"data_dir": asking.settings.data_dir / "other"})
    asking.archive = Archive(asking.settings.archive_dir)
    fetched = asking.fetch()
    assert fetched is not None
    assert fetched.new_fields == ("data[].kvalitet", "publicerad")
    assert rows_of(asking, fetched).equals(sound)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: row.update(varden=row.pop("varde")), r"lacking: data\[\].varde; new: data\[\].varden"),
        (lambda row: row.update(region=row.pop("regionId")), r"lacking: data\[\].regionId; new: data\[\].region"),
        (lambda row: row.update(varde=0), "varde is 0"),
        (lambda row: row.update(konId=None), "konId is None"),
        (lambda row: row.update(ar=True), "ar is True"),
    ],
)
def test_a_field_of_rows_that_lacks_or_is_another_is_named(asking: Asking, change: Any, told: str) -> None:
    asking.statistics.change = lambda page: change(page["data"][0])
    with pytest.raises(SourceError, match=told):
        asking.fetch()
    assert asking.archive.latest(DATASET) is None


@pytest.mark.parametrize("text", ["1,5,0", "1 23", "1e3", "x5", "5*", "٣", "−5", "1.5", "0.123"])
def test_a_text_that_is_neither_a_number_nor_a_declared_sign_is_refused(asking: Asking, text: str) -> None:
    asking.statistics.change = lambda page: page["data"][0].update(varde=text)
    with pytest.raises(SourceError, match="a value is no number"):
        rows_of(asking, asking.fetch())


@pytest.mark.parametrize("text", ["12.345", "1.234", "0.855", "-1.234"])
def test_a_dot_that_may_mean_thousands_or_decimals_is_refused(asking: Asking, text: str) -> None:
    asking.statistics.change = lambda page: page["data"][0].update(varde=text)
    with pytest.raises(SourceError, match=r"a number with a dot, which may mean thousands or decimals"):
        rows_of(asking, asking.fetch())


@pytest.mark.parametrize(
    ("text", "value"), [("1.234.567", 1234567.0), ("1.234,5", 1234.5), ("1\u00a0234,5", 1234.5), ("1 234", 1234.0)]
)
def test_thousands_that_can_mean_nothing_else_are_read(asking: Asking, text: str, value: float) -> None:
    asking.statistics.change = lambda page: page["data"][0].update(varde=text)
    assert value in rows_of(asking, asking.fetch())["value"].to_list()


def rows_of(asking: Asking, fetched: Fetch | None) -> pl.DataFrame:
    """The rows of a fetch, without their files."""
    assert fetched is not None
    target = asking.settings.data_dir / "rows.parquet"
    socialstyrelsen.parse(fetched, asking.archive, target)
    return pl.read_parquet(target).drop("source_file_sha256")
