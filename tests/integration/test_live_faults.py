"""What becomes of a live fetch of Kolada when the publisher, or the way to it, is at fault.

Each case ends in one of two ways: the same rows as without the fault, after asking again; or an error with a name, with
nothing recorded, nothing half written, and what was known standing. No case ends in fewer rows unseen.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Measure
from pipelines.errors import SourceError
from pipelines.quality.stage import HeldBackError, judge
from pipelines.settings import Settings
from pipelines.sources import origins
from pipelines.sources.http_client import Client, HttpRefusedError
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.database import connect
from pipelines.storage.files import fresh_folder
from pipelines.storage.vintages import Vintages
from tests.support.deliveries import failed
from tests.support.replicas import kolada_twists as twists
from tests.support.replicas.faults import FOREVER
from tests.support.replicas.kolada import KoladaReplica, Twist
from tests.support.replicas.kolada_store import Store, by_kpi, kpi_record
from tests.support.replicas.server import ReplicaServer, Reply, Request

MUNICIPALITY, KPI, GROUPS, VALUES = "kolada.municipality", "kolada.kpi", "kolada.kpi_groups", "kolada.values"
LISTS = (MUNICIPALITY, KPI, GROUPS)
USED = ("N00001", "N00002", "N00003")
AREAS = tuple(f"{n:04d}" for n in range(114, 144))
YEARS = (2021, 2022, 2023)
PAGE = 40  # items: 270 of values, 33 KPIs and 30 areas
FIRST_NIGHT = datetime(2026, 11, 16, 2, 15)  # noqa: DTZ001 - times are UTC without zone
A_WEEK_ON, A_DAY_ON = timedelta(days=7), timedelta(days=1)
KEY = ["series_id", "area_id", "year", "sex"]
SLOW = ("slow_drip", "slow_headers", "silent")
REFUSALS = ("moved", "400", "403", "404", "410", "422")
TRANSPORT = (
    "refused", "reset", "reset_mid_body", "cut_right_length", "cut_wrong_length", "500", "502", "503", "html",
    "gzip_broken", "429", "429_retry_after",
)  # fmt: skip
# Kind of page: the dataset that asks for it, what its address holds, and how long after the first night.
PAGES = {
    "values, first page": (VALUES, "/data/kpi/", A_WEEK_ON),
    "values, later page": (VALUES, "&page=2", A_WEEK_ON),
    "changed values": (VALUES, "from_date=", A_DAY_ON),
    "kpi": (KPI, "/kpi?", A_DAY_ON),
    "municipality": (MUNICIPALITY, "/municipality?", A_DAY_ON),
}


def store() -> Store:
    """Three KPIs that are used, for 30 areas and 3 years, and thirty that are only listed."""
    rows = [
        (kpi, area, year, sex, 10.0 + (7 * m + 3 * n + year + s) % 80)
        for n, kpi in enumerate(USED)
        for m, area in enumerate(AREAS)
        for year in YEARS
        for s, sex in enumerate("TKM")
    ]
    listed = [*USED, *(f"U{n:05d}" for n in range(30))]
    return Store(
        values=by_kpi(pl.DataFrame(rows, schema=[*KEY, "value"], orient="row")),
        kpis=[kpi_record(n, kpi, f"Nyckeltal {kpi}, antal") for n, kpi in enumerate(listed)],
        areas=[{"id": area, "title": f"Kommun {area}", "type": "K"} for area in AREAS],
        kpi_groups=[{"id": "G2KPI1", "title": "Alla", "members": [{"member_id": k, "member_title": k} for k in USED]}],
    )


class Publisher:
    """Kolada's replica of the test under way, its server, and one client; what they cost is paid once."""

    hosts = KoladaReplica.hosts

    def __init__(self) -> None:
        self.replica = KoladaReplica(store(), page_items=PAGE)
        self.server = ReplicaServer(self)
        self.settings = Settings(
            source="live",
            base_urls={"*": self.server.base_url},
            http_attempts=2,
            http_wait_seconds=1,  # told, not waited
            memory_limit_mb=300,
        )
        self.patient = Client(self.settings, 0, sleep=self.server.pause)
        self.client = self.patient
        self.sound: dict[str, pl.DataFrame] = {}

    def answer(self, request: Request) -> Reply:
        return self.replica.answer(request)

    def impatient(self, attempts: int) -> None:
        """Ask with short limits from now on."""
        quick = {"http_read_seconds": 0.3, "http_total_seconds": 0.6, "http_attempts": attempts}
        self.client = Client(self.settings.model_copy(update=quick), 0, sleep=self.server.pause)

    def anew(self) -> None:
        """As on the first night, without faults."""
        self.replica = KoladaReplica(store(), page_items=PAGE)
        self.client = self.patient
        self.server.faults.clear()
        self.server.start()
        self.server.clear_log()


class Nights:
    """A data folder, night after night."""

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.publisher, self.server, self.now = publisher, publisher.server, FIRST_NIGHT
        self.settings = publisher.settings.model_copy(update={"data_dir": folder})
        self.archive, self.vintages = Archive(self.settings.archive_dir), Vintages(self.settings)
        measures = tuple(
            Measure(measure_id=s.lower(), title_sv=s, unit="antal", dataset=VALUES, series=s) for s in USED
        )
        self.catalogue = Catalogue(home=folder, indicators=(), measures=measures)

    @property
    def replica(self) -> KoladaReplica:
        """What Kolada is tonight."""
        return self.publisher.replica

    def fetch(self, dataset: str) -> Fetch | None:
        """Ask for a dataset, as a run does."""
        with origins.context_of(self.settings, self.catalogue, self.now) as context:
            return origins.fetch(replace(context, client=lambda _: self.publisher.client), dataset)

    def rows(self, fetched: Fetch | None) -> pl.DataFrame:
        """The rows of a fetch."""
        assert fetched is not None
        target = self.settings.data_dir / "rows.parquet"
        origins.parse(self.settings, fetched, target)
        found = pl.read_parquet(target).drop("source_file_sha256")
        return found.sort(found.columns)

    def take_in(self, dataset: str) -> set[str]:
        """Fetch, judge and take in; the failed checks that warn or set rows aside.

        Raises:
            SourceError: it cannot be had. HeldBackError: it did not pass.
        """
        fetched = self.fetch(dataset)
        if fetched is None or fetched.content_id in {d.content_id for d in self.vintages.deliveries(dataset)}:
            return set()
        staged = judge(self.settings, self.catalogue, dataset, fetched, fresh_folder(self.settings.data_dir / "judged"))
        self.vintages.absorb(staged, self.now)
        return failed(staged.checks, "warn", "hold_back")

    def known(self) -> pl.DataFrame:
        """The values that are known and not withdrawn."""
        with connect(self.settings) as con:
            query = f"select {', '.join(KEY)}, value, status, change from ({self.vintages.known_sql(VALUES)})"
            return con.execute(query).pl().sort(KEY)

    def state(self) -> dict[str, str]:
        """What is recorded and known, with hashes; not pages that wait to be gone on with."""
        folders = (self.settings.archive_dir / "fetches", self.settings.vintages_dir)
        paths = [p for folder in folders for p in folder.rglob("*") if p.is_file() and p.name != "pending.jsonl"]
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}

    def half_written(self) -> list[Path]:
        """Files of the archive that are not what their name says."""
        objects = [p for p in (self.settings.archive_dir / "objects").rglob("*") if p.is_file()]
        return [p for p in objects if hashlib.sha256(p.read_bytes()).hexdigest() != p.name]


def expected(replica: KoladaReplica) -> pl.DataFrame:
    """The replica's values as rows."""
    frames = [
        frame.select(
            pl.lit(kpi).alias("series_id"),
            pl.col("area").cast(pl.String).alias("area_id"),
            pl.col("period").cast(pl.Int32).alias("year"),
            pl.col("gender").cast(pl.String).alias("sex"),
            pl.when(~pl.col("isdeleted")).then(pl.col("value")).alias("value"),
            pl.when(pl.col("isdeleted")).then(pl.lit("withdrawn")).otherwise(None).alias("status"),
        )
        for kpi, frame in replica.store.values.items()
    ]
    return pl.concat(frames).sort(KEY)


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    with made.server:
        yield made
    made.patient.close()


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory, publisher: Publisher) -> Path:
    """A data folder in which one night's lists and values have been taken in; only to be copied."""
    nights = Nights(tmp_path_factory.mktemp("first") / "data", publisher)
    for dataset in (*LISTS, VALUES):
        assert nights.take_in(dataset) == set()
    assert nights.known().drop("change").equals(expected(nights.replica))
    return nights.settings.data_dir


@pytest.fixture
def nights(first_night: Path, publisher: Publisher, tmp_path: Path) -> Nights:
    """The night after, Kolada as it was."""
    publisher.anew()
    return another_night(first_night, publisher, tmp_path)


def another_night(first_night: Path, publisher: Publisher, folder: Path) -> Nights:
    shutil.copytree(first_night, folder / "data")
    return Nights(folder / "data", publisher)


def without_fault(nights: Nights, page: str) -> pl.DataFrame:
    """The rows of this night's fetch when nothing is at fault."""
    kept = nights.publisher.sound
    if page not in kept:
        folder = nights.settings.data_dir.with_name("sound")
        sound = another_night(nights.settings.data_dir, nights.publisher, folder)
        sound.now = nights.now
        kept[page] = sound.rows(sound.fetch(PAGES[page][0]))
        nights.server.clear_log()
    return kept[page]


def ends_by_name(nights: Nights, act: Callable[[], Any]) -> SourceError:
    """The error that the act ends in; nothing may have been recorded, known or half written."""
    state = nights.state()
    with pytest.raises(SourceError) as caught:
        act()
    error = caught.value
    assert all([error.what, error.where, error.expected, error.found, error.remedy]), str(error)
    assert nights.state() == state
    assert nights.half_written() == []
    return error


def mends(nights: Nights, page: str, sound: pl.DataFrame) -> None:
    """When the fault is over, the same folder comes to the same rows as if it had never been."""
    nights.publisher.client = nights.publisher.patient
    nights.server.faults.clear()
    nights.server.start()
    nights.replica.untwist()
    nights.now += timedelta(hours=1)
    assert nights.rows(nights.fetch(PAGES[page][0])).equals(sound)


def night_of(nights: Nights, page: str) -> tuple[str, str]:
    """Go on to the night of this kind of page, something having changed; its dataset, and what the address holds."""
    dataset, match, later = PAGES[page]
    nights.now += later
    nights.replica.store.revise("N00002", "0120", 2023, "T", 99.5, on=nights.now.date())
    nights.replica.store.kpis[0]["title"] = "Nyckeltal med ny titel, antal"
    nights.replica.store.areas[0]["title"] = "Kommun med nytt namn"
    return dataset, match


# Each slow answer takes its time, so these are not tried of all pages.
TRIED = [(kind, page) for kind in TRANSPORT for page in PAGES]
TRIED_SLOWLY = [(kind, page) for kind in SLOW for page in ("values, later page", "municipality")]


@pytest.mark.parametrize(("kind", "page"), TRIED + TRIED_SLOWLY)
def test_a_broken_connection_that_heals_changes_nothing(nights: Nights, kind: str, page: str) -> None:
    dataset, match = night_of(nights, page)
    sound = without_fault(nights, page)
    if kind in SLOW:
        nights.publisher.impatient(attempts=20)
    nights.server.faults.add(kind, match=match, seconds=60 if kind == "refused" else 0)
    fetched = nights.fetch(dataset)
    assert len(nights.server.waits) >= 1, "the fault did not strike"
    assert nights.rows(fetched).equals(sound)
    assert nights.half_written() == []


def test_without_fault_everything_comes(nights: Nights) -> None:
    night_of(nights, "values, first page")
    assert without_fault(nights, "values, first page").equals(expected(nights.replica))


@pytest.mark.parametrize(("kind", "page"), TRIED + TRIED_SLOWLY + [(kind, page) for kind in REFUSALS for page in PAGES])
def test_a_broken_connection_that_does_not_heal_ends_by_name(nights: Nights, kind: str, page: str) -> None:
    dataset, match = night_of(nights, page)
    sound = without_fault(nights, page)
    if kind in SLOW:
        nights.publisher.impatient(attempts=2)
    nights.server.faults.add(kind, match=match, times=FOREVER, seconds=60 if kind == "refused" else 0)
    error = ends_by_name(nights, lambda: nights.fetch(dataset))
    said = {"moved": "HTTP 302", "refused": "", "html": "Driftstopp", "429_retry_after": "HTTP 429"}
    if kind.isdigit() or kind in said:
        assert said.get(kind, f"HTTP {kind}") in error.found
    if kind in {"moved", "400", "403", "404"}:
        assert isinstance(error, HttpRefusedError)
    if kind in REFUSALS:
        assert nights.server.waits == []
    if kind == "410":
        assert "v3" in error.expected
    if kind == "422":
        assert "25 ids" in error.expected
    mends(nights, page, sound)


SPOILT_PAGES: dict[str, tuple[Twist, str]] = {
    # What is wrong, and a word of what the error has to say.
    "the next page is this one": (twists.endless, "endless"),
    "the next page is the first": (twists.back_to_the_first, "endless"),
    "the page is the same as the one before": (twists.same_as_before, "before"),
    "items shifted while paging": (twists.shifted, "before"),
    "an item twice on a page": (twists.one_item_twice, ""),
    "the next page lies on another host": (twists.another_host, "elsewhere.invalid"),
    "fewer items than the page counts": (twists.one_item_fewer, "counts"),
    "the list of items has another name": (twists.renamed_in_pages("values", "items"), "items"),
    "the address of the next page has another name": (twists.renamed_in_pages("next_url", "next_page"), "next_"),
    "a field of an item has another name": (twists.renamed_in_items("kpi", "kpi_id"), "kpi"),
    "the area has another name": (twists.renamed_in_items("municipality", "area"), "new: values[].area"),
    "a field of a value has another name": (twists.renamed("value", "val"), "new: values[].values[].val"),
    "the sex has another name": (twists.renamed("gender", "sex"), "new: values[].values[].sex"),
    "the mark of deletion has another name": (twists.renamed("isdeleted", "is_deleted"), "`isdeleted`"),
    "the status has another name": (twists.renamed("status", "state"), "`status`"),
    "a number as text": (twists.first_value(value="12.5"), "str"),
    "a number with a comma": (twists.first_value(value="12,5"), "str"),
    "a number that is true": (twists.first_value(value=True), "bool"),
    "a value that is no number": (twists.first_value(value=float("nan")), "JSON"),
    "a value without end": (twists.first_value(value=float("inf")), "JSON"),
    "a year as text": (twists.first_item(period="2023"), "str"),
    "no year": (twists.first_item(period=None), "null"),
    "values that are no list": (twists.first_item(values=None), "null"),
    "no sex": (twists.first_value(gender=None), "null"),
    "a mark of deletion as text": (twists.first_value(isdeleted="no"), "str"),
}


@pytest.mark.parametrize("what", SPOILT_PAGES)
def test_a_spoilt_page_of_values_ends_by_name(nights: Nights, what: str) -> None:
    twist, word = SPOILT_PAGES[what]
    night_of(nights, "values, first page")
    sound = without_fault(nights, "values, first page")
    nights.replica.twist(twist, match="/data/kpi/")
    error = ends_by_name(nights, lambda: nights.fetch(VALUES))
    assert word in error.found, error.found
    mends(nights, "values, first page", sound)


@pytest.mark.parametrize(
    "what", [w for w, (_, word) in SPOILT_PAGES.items() if word in {"endless", "counts", "JSON", "before"}]
)
def test_a_page_that_is_spoilt_once_is_asked_for_again(nights: Nights, what: str) -> None:
    night_of(nights, "values, first page")
    sound = without_fault(nights, "values, first page")
    nights.replica.twist(SPOILT_PAGES[what][0], match="&page=2", times=1)
    assert nights.rows(nights.fetch(VALUES)).equals(sound)
    addresses = [target for _, _, target in nights.server.log]
    assert len(addresses) > len(set(addresses)), "nothing was asked for again"


HELD: dict[str, tuple[Callable[[Nights], Any], str]] = {
    # What Kolada does, and the check that has to stop it.
    "numbers beyond all bounds": (lambda n: n.replica.twist(twists.all_values(value=1e308), times=1), "held_back"),
    "a sex that is none": (lambda n: n.replica.twist(twists.first_value(gender="F"), times=1), "sex"),
    "a year beyond all bounds": (lambda n: n.replica.twist(twists.first_item(period=20023), times=1), "year"),
    "an area that nobody knows": (lambda n: n.replica.twist(twists.first_item(municipality="9999"), times=1), "area"),
    "a chain that ends early": (lambda n: n.replica.twist(twists.ends_early), "known_values_came"),
    "an empty list and 200": (lambda n: n.replica.twist(twists.none_at_all, "/data/kpi/"), "known_values_came"),
    "an area missing from one year": (lambda n: n.replica.store.drop(area="0120", year=2022), "known_values_came"),
    "a year missing": (lambda n: n.replica.store.drop(year=2022), "known_values_came"),
    "a KPI listed without data": (lambda n: n.replica.store.drop("N00002"), "known_values_came"),
}


@pytest.mark.parametrize("what", HELD)
def test_content_that_is_wrong_is_held_back_or_set_aside_and_what_was_known_stands(nights: Nights, what: str) -> None:
    spoil, check = HELD[what]
    nights.now += A_WEEK_ON
    spoil(nights)
    known = nights.known()
    with pytest.raises(HeldBackError) as caught:
        nights.take_in(VALUES)
    names = failed(caught.value.checks, "block")
    assert any(check in name for name in names), names
    assert nights.known().equals(known)
    assert nights.half_written() == []


def test_one_impossible_number_is_set_aside_and_told_and_the_one_that_was_known_stands(nights: Nights) -> None:
    nights.now += A_WEEK_ON
    known = nights.known()
    nights.replica.twist(twists.first_value(value=1e308), times=1)
    assert nights.take_in(VALUES) == {"value_range"}
    assert nights.known().equals(known)


def test_a_kpi_that_has_vanished_is_told_and_what_was_known_of_it_stands(nights: Nights) -> None:
    nights.now += A_WEEK_ON
    nights.replica.store.remove_kpi("N00002")
    known = nights.known()
    nights.take_in(KPI)
    nights.take_in(VALUES)
    assert nights.known().equals(known)
    newest = nights.archive.latest(VALUES)
    assert newest is not None
    assert "N00002" in newest.promise.absent
    assert not any("N00002" in target for _, _, target in nights.server.log if "/data/" in target)


def test_a_municipality_that_has_vanished_from_the_list_is_no_quiet_withdrawal(nights: Nights) -> None:
    nights.now += A_WEEK_ON
    nights.replica.store.areas = [a for a in nights.replica.store.areas if a["id"] != "0120"]
    known = nights.known()
    with pytest.raises(HeldBackError) as caught:  # noqa: PT012 - either of them may stop it
        nights.take_in(MUNICIPALITY)
        nights.take_in(VALUES)
    assert "0120" in str(caught.value)
    assert nights.known().equals(known)


def test_codes_that_are_marks_of_missing_values_are_kept(nights: Nights) -> None:
    nights.now += A_DAY_ON
    held = nights.replica.store
    held.give_status("N00001", "0114", 2023, "T", "Sekretess", on=nights.now.date())
    held.revise("N00001", "0115", 2023, "T", None, on=nights.now.date())
    held.give_status("N00001", "0115", 2023, "T", "Missing", on=nights.now.date())
    held.withdraw("N00001", "0116", 2023, "T", on=nights.now.date())
    nights.take_in(VALUES)
    known = {
        (series, area, year, sex): (value, status)
        for series, area, year, sex, value, status, _ in nights.known().iter_rows()
    }
    before = {row[:4]: row[4] for row in expected(KoladaReplica(store())).iter_rows()}
    assert known["N00001", "0114", 2023, "T"] == (before["N00001", "0114", 2023, "T"], "code:Sekretess")
    assert known["N00001", "0115", 2023, "T"] == (None, None)
    assert known["N00001", "0116", 2023, "T"] == (None, "withdrawn")


@pytest.mark.parametrize("period", ["2025", 2025, "", None])
@pytest.mark.parametrize("flag", [True, 1])
def test_years_and_flags_of_kpis_are_understood_in_each_form(nights: Nights, period: Any, flag: Any) -> None:
    nights.replica.twist(twists.all_items(publ_period=period, is_divided_by_gender=flag, has_ou_data=flag, later="new"))
    rows = nights.rows(nights.fetch(KPI))
    assert rows.height == len(nights.replica.store.kpis)
    assert set(rows["publ_period"]) == {int(period) if period else None}
    assert set(rows["is_divided_by_sex"]) == {True}
    assert set(rows["has_unit_values"]) == {True}


SPOILT_LISTS: dict[str, tuple[str, Twist]] = {
    "a KPI without a title": (KPI, twists.first_item(title=None)),
    "a KPI whose id has another name": (KPI, twists.renamed_in_items("id", "kpi_id")),
    "a KPI whose year is a word": (KPI, twists.first_item(publ_period="snart")),
    "a KPI whose flag is a word": (KPI, twists.first_item(has_ou_data="ibland")),
    "a KPI whose date is none": (KPI, twists.first_item(publication_date="2026-13-45")),
    "a KPI whose id is none": (KPI, twists.first_item(id="hej")),
    "a KPI twice": (KPI, twists.one_item_twice),
    "no KPIs at all": (KPI, twists.none_at_all),
    "no group of KPIs at all": (GROUPS, twists.none_at_all),
    "a group without members' ids": (GROUPS, twists.first_item(members=[{"member_title": "N00001"}])),
    "a municipality whose type is none": (MUNICIPALITY, twists.first_item(type="X")),
    "a municipality whose code is a number": (MUNICIPALITY, twists.first_item(id=114)),
    "a municipality without its zero": (MUNICIPALITY, twists.first_item(id="114")),
    "a municipality twice": (MUNICIPALITY, twists.one_item_twice),
    "no municipalities at all": (MUNICIPALITY, twists.none_at_all),
}


@pytest.mark.parametrize("what", SPOILT_LISTS)
def test_a_spoilt_list_ends_by_name_and_the_one_that_was_known_stands(nights: Nights, what: str) -> None:
    dataset, twist = SPOILT_LISTS[what]
    nights.now += A_WEEK_ON
    before = nights.vintages.deliveries(dataset)
    nights.replica.twist(twist)
    with pytest.raises(SourceError) as caught:
        nights.take_in(dataset)
    error = caught.value
    assert all([error.what, error.where, error.expected, error.found, error.remedy]), str(error)
    assert nights.vintages.deliveries(dataset) == before
    assert nights.half_written() == []


def test_a_list_whose_chain_ends_early_is_held_back(nights: Nights) -> None:
    nights.replica.page_items = 20  # of 30 areas
    nights.now += A_WEEK_ON
    nights.replica.twist(twists.ends_early)
    with pytest.raises(HeldBackError):
        nights.take_in(MUNICIPALITY)


NEW_FIELDS: dict[str, tuple[str, Twist, str]] = {
    "of a value": (VALUES, twists.all_values(publication_status="final"), "values[].values[].publication_status"),
    "of one value only": (VALUES, twists.first_value(interval=[1, 2]), "values[].values[].interval"),
    "of an item": (VALUES, twists.all_items(quality={"a": 1}), "values[].quality"),
    "of a page": (VALUES, lambda page, seen: page.update(total=1), "total"),
    "of a KPI": (KPI, twists.all_items(later="new"), "values[].later"),
    "of an area": (MUNICIPALITY, twists.all_items(county="01"), "values[].county"),
    "of a group's member": (
        GROUPS,
        lambda page, seen: page["values"][0]["members"][0].update(since=2020),
        "values[].members[].since",
    ),
}


@pytest.mark.parametrize("what", NEW_FIELDS)
def test_a_new_field_is_taken_in_and_told_once_and_nothing_is_a_revision(nights: Nights, what: str) -> None:
    dataset, twist, place = NEW_FIELDS[what]
    nights.now += A_WEEK_ON
    nights.replica.twist(twist)
    fetched = nights.fetch(dataset)
    assert fetched is not None
    staged = judge(
        nights.settings, nights.catalogue, dataset, fetched, fresh_folder(nights.settings.data_dir / "judged")
    )
    (told,) = [c for c in staged.checks if not c.passed]
    assert (told.check_id, told.level, told.subject) == (f"{dataset}.fields_known", "warn", dataset)
    assert told.found == f"1 new, which are not read: {place}"
    assert nights.vintages.absorb(staged, nights.now).counts == {}
