"""Live sources as a user meets them: the command against servers that behave as the publishers do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from indicators.load.catalogue import load_catalogue
from indicators.model.measured import digest
from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.archive import Archive
from tests.support.command import Done, Place, Preloaded
from tests.support.replicas.kolada import KoladaReplica
from tests.support.replicas.scb import ScbReplica
from tests.support.replicas.server import ReplicaServer
from tests.support.small_snapshot import SmallSnapshot

pytestmark = pytest.mark.slow

PLAIN, GOTEBORG, YEAR = "U21425", "1480", 2022
# Without politeness and waits: what is tried here is what comes, not how slowly.
QUICK = {"NYCKELTAL_REQUESTS_PER_SECOND": "0", "NYCKELTAL_HTTP_WAIT_SECONDS": "0.01", "NYCKELTAL_HTTP_ATTEMPTS": "2"}
NEEDED = "kolada.values,kolada.kpi,kolada.municipality,kolada.municipality_groups,scb.population,scb.kpif"
FEW = ("1480", "1407", "0180")
KEY = ["indicator_id", "area_id", "year", "sex"]


class Publishers:
    """Kolada and SCB, each on a server of its own, so that one can be unplugged; filled from a snapshot folder."""

    def __init__(self, folder: Path, only: str = NEEDED, municipalities: tuple[str, ...] | None = FEW) -> None:
        self.only = only
        self.kolada, self.scb = KoladaReplica.from_snapshot(folder), ScbReplica(municipalities)
        self.kolada_server, self.scb_server = ReplicaServer(self.kolada), ReplicaServer(self.scb)

    def __enter__(self) -> Publishers:
        self.kolada_server.start()
        self.scb_server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kolada_server.close()
        self.scb_server.close()

    def refresh(self, run_cli: Preloaded, data_dir: Path, *more: str) -> Done:
        """A live refresh of Kolada and SCB by the command."""
        bases = [f"kolada={self.kolada_server.base_url}", f"scb={self.scb_server.base_url}"]
        options = [word for base in bases for word in ("--base-url", base)]
        argv = ["refresh", "--source", "live", "--only", self.only, "--data-dir", str(data_dir), *options, *more]
        return run_cli(*argv, env=QUICK)

    def retitle(self, kpi: str, title: str) -> None:
        """Give a KPI another title, unannounced."""
        (record,) = [k for k in self.kolada.store.kpis if k["id"] == kpi]
        record["title"] = title

    def describe(self, kpi: str, description: str) -> None:
        """Give a KPI another description, unannounced."""
        (record,) = [k for k in self.kolada.store.kpis if k["id"] == kpi]
        record["description"] = description


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, run_cli: Preloaded) -> Iterator[tuple[Place, Publishers]]:
    """A data folder with one live release of everything the embedded figures hold; only to be read."""
    home = tmp_path_factory.mktemp("whole")
    with Publishers(ROOT / "data" / "snapshot", "kolada,scb", None) as publishers:
        done = publishers.refresh(run_cli, home / "data")
        assert done.code == 0, done.text
        yield Place(home / "data"), publishers


@pytest.fixture(scope="module")
def small_live(tmp_path_factory: pytest.TempPathFactory, run_cli: Preloaded, base_snapshot: SmallSnapshot) -> Place:
    """A data folder with one live release of the small snapshot; only to be read."""
    home = tmp_path_factory.mktemp("live")
    with Publishers(base_snapshot.folder) as publishers:
        done = publishers.refresh(run_cli, home / "data")
        assert done.code == 0, done.text
    return Place(home / "data")


@pytest.fixture
def live_place(small_live: Place, tmp_path: Path) -> Place:
    """A copy of `small_live`, to be changed."""
    return small_live.copy(tmp_path / "data")


@pytest.fixture
def publishers(base_snapshot: SmallSnapshot) -> Iterator[Publishers]:
    """Publishers that hold what `live_place` was made of, to be changed."""
    with Publishers(base_snapshot.folder) as both:
        yield both


def observation(settings: Settings) -> pl.DataFrame:
    """Kolada's series as they are published: key, value, status and reason."""
    folder = release_pointer.current_folder(settings.releases_dir)
    catalogue = load_catalogue(settings.declarations_dir)
    published = [i.indicator_id for i in catalogue.indicators if i.dataset == "kolada.values"]
    columns = ", ".join([*KEY, "value", "numerator", "denominator", "status", "missing_reason", "break_before"])
    # The replica's units are made up; the embedded figures have none.
    query = (
        f"select {columns} from observation join area using (area_id) "
        f"where list_contains($1, indicator_id) and area_type <> 'unit' order by {', '.join(KEY)}"
    )
    return reader.query(folder, query, [published])


def test_an_empty_folder_gets_the_same_observations_as_from_the_embedded_figures(
    whole: tuple[Place, Publishers], full_release: Settings
) -> None:
    live, embedded = observation(whole[0].settings), observation(full_release)
    assert live.height > 500_000
    assert live["indicator_id"].n_unique() == embedded["indicator_id"].n_unique()
    assert live.equals(embedded)


def test_every_page_is_a_source_file_and_every_value_names_its_own(whole: tuple[Place, Publishers]) -> None:
    place, publishers = whole
    pages = place.sql("select sha256, url from source_file where dataset = 'values'")
    assert pages.height > 60
    assert pages["url"].n_unique() == pages.height
    assert pages["url"].str.contains("/v3/data/kpi/").all()
    named = place.sql(
        "select distinct source_file_sha256 as sha256 from observation join indicator using (indicator_id) "
        "where source_series = $1 and length(area_id) = 4",
        [PLAIN],
    )
    assert named.height > 1
    assert set(named["sha256"]) <= set(pages["sha256"])
    asked = [path for _, _, path in publishers.kolada_server.log if "/v3/data/kpi/" in path and "G" not in path]
    assert sorted(asked) == sorted(url.split("api.kolada.se", 1)[1] for url in pages["url"])


def test_one_revised_one_withdrawn_and_one_new_value_are_three_revisions(
    live_place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    catalogue = load_catalogue(Settings().declarations_dir)
    (indicator,) = [i.indicator_id for i in catalogue.indicators if i.series == PLAIN]
    where = f"indicator_id = '{indicator}' and sex = 'T' and year = {YEAR}"
    old = dict(
        live_place.sql(f"select area_id, value from observation where {where} and area_id in ('1480', '0180')").rows()
    )
    publishers.kolada.store.revise(PLAIN, GOTEBORG, YEAR, "T", 12.25)
    publishers.kolada.store.withdraw(PLAIN, "0180", YEAR, "T")
    publishers.kolada.store.add(PLAIN, GOTEBORG, 2023, "T", 50.5)

    done = publishers.refresh(run_cli, live_place.data_dir)

    assert done.code == 0, done.text
    found = live_place.sql("select * exclude (known_from) from revision order by year, area_id").rows()
    assert found == [
        (indicator, "0180", YEAR, "T", old["0180"], None, "withdrawn"),
        (indicator, GOTEBORG, YEAR, "T", old[GOTEBORG], 12.25, "revised"),
        (indicator, GOTEBORG, 2023, "T", None, 50.5, "new"),
    ]
    gone = live_place.sql(f"select value, status, missing_reason from observation where {where} and area_id = '0180'")
    assert gone.rows() == [(None, "withdrawn", "withdrawn_by_source")]


def test_a_night_with_nothing_new_asks_little_and_writes_one_line(
    live_place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    before = live_place.listing()
    lines = len(live_place.log())

    done = publishers.refresh(run_cli, live_place.data_dir)

    assert done.code == 0, done.text
    assert "Nothing new" in done.text
    assert len(publishers.kolada_server.log) <= 12, publishers.kolada_server.log
    assert len(publishers.scb_server.log) <= 12, publishers.scb_server.log
    after = live_place.listing()
    assert len(live_place.log()) == lines + 1
    files = {path for path in after if after[path][1] and after[path] != before.get(path)}
    assert {path for path in files if not path.startswith(("logs/", "lock", "dagster/"))} == set()


def test_an_unplugged_publisher_is_stale_and_the_other_one_is_fresh(
    live_place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    publishers.scb_server.stop()
    publishers.kolada.store.revise(PLAIN, GOTEBORG, YEAR, "T", 12.25)

    done = publishers.refresh(run_cli, live_place.data_dir)

    assert done.code == 3, done.text
    assert live_place.sql("select count(*) from revision").item() == 1
    stale = live_place.sql("select stale_sources from release").item().split(", ")
    assert {"scb.population", "scb.kpif"} <= set(stale)
    assert not [name for name in stale if name.startswith("kolada.")]
    status = run_cli("status", "--data-dir", live_place.data_dir)
    assert "stale" in status.text
    assert "scb.population" in status.text
    told = json.loads(run_cli("status", "--data-dir", live_place.data_dir, "--json").out)
    assert "no whole answer" in told["last_run"]["held_back"]["scb.population"]

    publishers.scb_server.start()
    mended = publishers.refresh(run_cli, live_place.data_dir)
    assert mended.code == 0, mended.text
    assert live_place.sql("select stale_sources from release").item() == ""


def test_values_that_vanish_without_a_mark_are_held_back_until_a_person_accepts_it(
    live_place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    publishers.kolada.store.drop(PLAIN, area=GOTEBORG, year=YEAR)

    held = publishers.refresh(run_cli, live_place.data_dir, "--full")

    assert held.code in {3, 4}, held.text
    assert "known_values_came" in held.text
    assert f"{PLAIN} {YEAR}: {GOTEBORG}" in held.text
    where = f"join indicator using (indicator_id) where source_series = '{PLAIN}' and area_id = '{GOTEBORG}'"
    value = live_place.sql(f"select value from observation {where} and year = {YEAR} and sex = 'T'").item()
    assert value is not None

    accepted = publishers.refresh(run_cli, live_place.data_dir, "--full", "--accept-missing", "kolada.values")

    assert accepted.code == 0, accepted.text
    status = live_place.sql(f"select status from observation {where} and year = {YEAR} and sex = 'T'").item()
    assert status == "withdrawn"


def test_a_renamed_a_closed_and_a_vanished_kpi_are_told(
    live_place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    publishers.retitle(PLAIN, "Ett annat namn, andel (%)")
    publishers.retitle("U23420", "Läkemedel i särskilt boende (-2023)")
    publishers.kolada.store.remove_kpi("N00090")

    done = publishers.refresh(run_cli, live_place.data_dir)

    assert done.code == 0, done.text
    told = json.loads(run_cli("status", "--data-dir", live_place.data_dir, "--json").out)["events"]
    newest = {(event["kind"], event["series_id"]) for event in told if event["before"]}
    assert ("renamed", PLAIN) in newest
    assert ("closed", "U23420") in newest
    assert ("vanished", "N00090") in newest
    kept = live_place.sql(
        "select count(value) from observation join indicator using (indicator_id) where source_series = 'N00090'"
    ).item()
    assert kept > 100, "what is known of a series that is no longer listed stands"


def test_a_kpi_that_is_described_anew_is_told(live_place: Place, publishers: Publishers, run_cli: Preloaded) -> None:
    declared = load_catalogue().measured["kolada.values", PLAIN].description_sha256
    publishers.describe(PLAIN, "TEST FIGURES. Fr.o.m. 2026 ingår personer i alla åldrar.")

    done = publishers.refresh(run_cli, live_place.data_dir)

    assert done.code == 0, done.text
    published = live_place.sql(f"select ages, description_sha256 from source_series where series = '{PLAIN}'").rows()
    assert published == [("75+", declared)]
    assert live_place.sql("select count(*) from source_series").item() == len(load_catalogue().measured)
    moment = live_place.sql("select max(created_at) from release").item()
    told = json.loads(run_cli("status", "--data-dir", live_place.data_dir, "--json").out)["events"]
    anew = {event["series_id"]: event for event in told if event["kind"] == "described_anew"}
    event = anew[PLAIN]
    assert (event["before"], event["after"]) == (
        declared,
        digest("TEST FIGURES. Fr.o.m. 2026 ingår personer i alla åldrar."),
    )
    assert event["indicators"] == ["tio_eller_fler_lakemedel_hemtjanst"]
    assert told[0] == event, "the newest comes first; the replica describes the others otherwise from the first load on"
    assert event["known_from"] > max(e["known_from"] for s, e in anew.items() if s != PLAIN)
    assert event["known_from"][:10] == moment.isoformat()[:10]
    text = run_cli("status", "--data-dir", live_place.data_dir).text
    assert f"described_anew {PLAIN} {declared} → {event['after']}" in text


def test_a_damaged_list_of_series_is_told_in_the_status(live_place: Place, run_cli: Preloaded) -> None:
    archive = Archive(live_place.settings.archive_dir)
    archived = archive.latest("kolada.kpi")
    assert archived is not None
    path = archive.object_path(archived.files[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"{}")

    told = json.loads(run_cli("status", "--data-dir", live_place.data_dir, "--json").out)

    assert [(d["what"], d["where"]) for d in told["damaged"]] == [
        ("the archived bytes are not what was given", str(path))
    ]
    assert told["release"]["release_id"] == live_place.current()


def test_live_figures_are_not_undone_by_the_older_embedded_ones(live_place: Place, run_cli: Preloaded) -> None:
    done = run_cli("refresh", "--data-dir", live_place.data_dir, "--snapshot-dir", ROOT / "data" / "snapshot")
    assert done.code == 2, done.text
    assert "live" in done.text
