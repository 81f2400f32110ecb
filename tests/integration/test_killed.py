"""Killed at any moment, the last release still answers, and the next refresh leaves no trace of it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import tarfile
from pathlib import Path

import polars as pl
import pytest

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.storage import release_pointer
from pipelines.storage.archive import Archive
from pipelines.storage.database import connect
from pipelines.storage.files import read_json, sha256_of
from pipelines.storage.vintages import Vintages
from tests.support.another_release import publish_another
from tests.support.command import Place, Preloaded
from tests.support.postgres import Database
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot, cell_of

pytestmark = pytest.mark.slow

# How often each command is killed; of a refresh in each of two chains, where each costs two refreshes. The variable
# NYCKELTAL_TEST_KILLS sets another number for all of them.
KILLS = {
    "refresh": 4,
    "rebuild": 2,
    "submit": 3,
    "releases rollback": 3,
    "releases prune": 3,
    "publish postgres": 3,
    "verify --deep": 2,
    "backup": 3,
}
SERIES = ("N00090", "N00205", "N20900", "U23420")
HEADS = (
    "Kommunkod;Kommun;År;Patienter i kommunal hälso- och sjukvård;Patienter med aktuell personcentrerad plan;"
    "Personer med genomförd SIP totalt;Personer med SIP vid utskrivning från sjukhus;Personer med SIP av annat skäl;"
    "Personer med uppföljd SIP"
)
# When it became known, and what follows from that: the next publication is the first one that is announced after it.
OF_THE_RUN = ("known_from", "source_file_sha256", "next_publication")


def news(snapshot: SmallSnapshot, chance: random.Random) -> None:
    """Something new to take in: a value revised by at most two per cent, which the gate believes."""
    series, year = chance.choice(SERIES), chance.choice([2020, 2021, 2022])
    (known,) = snapshot.read(VALUES).filter(cell_of(series, GOTEBORG, year, "T"))["value"]
    snapshot.set_value(series, GOTEBORG, year, round(known * chance.uniform(0.98, 1.02), 3))


@pytest.mark.parametrize("start", ["an empty folder", "a folder with a release"])
def test_killed_at_random_moments_nothing_is_lost_or_doubled_and_the_next_refresh_succeeds(
    start: str, base: Place, base_snapshot: SmallSnapshot, run_cli: Preloaded, tmp_path: Path
) -> None:
    chance = random.Random(start)  # noqa: S311 - no secret
    snapshot = base_snapshot.copy(tmp_path / "snapshot")
    place = base.copy(tmp_path / "data") if "release" in start else Place(tmp_path / "data")
    command = ("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder)
    longest = 0.8 * base.log()[-1]["seconds"]  # the first run parses dbt's project, which later ones need not
    kills, moments, left = 0, list[float](), list[int]()
    while kills < kills_of("refresh"):
        news(snapshot, chance)
        moment = chance.uniform(0, longest)
        left.append(run_cli.start(*command))
        if run_cli.wait(moment) is None:
            run_cli.kill(left[-1])
            kills += 1
            moments.append(round(moment, 2))
        for group in left[:-1]:  # what the last kill orphaned has met this run
            end(group)
        del left[:-1]
        answers(place)
    print(f"killed after {moments} seconds; a whole refresh takes {longest:.1f}")  # noqa: T201 - to repeat it

    news(snapshot, chance)
    done = run_cli(*command)

    assert done.code == 0, done.text
    for group in left:
        end(group)
    everything_is_whole(place)
    nothing_is_double(place, snapshot)
    undisturbed = base.copy(tmp_path / "undisturbed")
    assert run_cli("refresh", "--data-dir", undisturbed.data_dir, "--snapshot-dir", snapshot.folder).code == 0
    same_figures(place, undisturbed)


@pytest.mark.parametrize("command", sorted(KILLS.keys() - {"refresh"}))
def test_killed_in_any_other_command_everything_is_whole_and_it_succeeds_the_next_time(
    command: str, place: Place, run_cli: Preloaded, database: Database, tmp_path: Path
) -> None:
    chance = random.Random(command)  # noqa: S311 - no secret
    longest = 0.8 * place.log()[-1]["seconds"] if command == "rebuild" else 1.0
    before, kills, tries, moments = place.state(), 0, 0, list[float]()
    env = {"NYCKELTAL_POSTGRES_DSN": database.dsn()}
    while kills < kills_of(command):
        moment = chance.uniform(0, longest)
        tries += 1
        group = run_cli.start(*arguments(command, place, tries, tmp_path), env=env)
        if run_cli.wait(moment) is None:
            run_cli.kill(group)
            kills += 1
            moments.append(round(moment, 2))
        else:
            longest = moment  # it takes no longer than this
        end(group)
        answers(place)
        nothing_is_half(database, place)
        for path in tmp_path.glob("*.tar"):
            with tarfile.open(path) as copy:
                assert copy.getmembers(), path
        if command != "submit":
            assert place.state() == before
    print(f"{command} killed after {moments} seconds")  # noqa: T201 - to repeat it

    done = run_cli(*arguments(command, place, tries + 1, tmp_path), env=env)

    assert done.code == 0, done.text
    everything_is_whole(place)
    assert (nothing_is_half(database, place) == place.current()) == (command == "publish postgres")


def kills_of(command: str) -> int:
    """How often a command is killed."""
    return int(os.environ.get("NYCKELTAL_TEST_KILLS", KILLS[command]))


def arguments(command: str, place: Place, number: int, folder: Path) -> list[str | Path]:
    """A command with something to do; `number` makes what it does new."""
    argv: list[str | Path] = [*command.split(), "--data-dir", place.data_dir]
    if command in {"releases rollback", "releases prune"}:
        publish_another(place, lambda _: None)
    if command == "releases prune":
        argv += ["--keep", "1"]
    if command == "backup":
        argv.insert(1, folder / f"{number}.tar")
    if command == "submit":
        path = folder / "varden.csv"
        path.write_text(f"{HEADS}\r\n1440;Ale;2023;{400 + number};300;30;20;10;12\r\n", encoding="utf-8")
        argv.insert(1, path)
    return argv


def nothing_is_half(database: Database, place: Place) -> str | None:
    """The release that PostgreSQL holds, whole; None when it holds none."""
    if database.ask("select to_regclass('nyckeltal.release')") == [(None,)]:
        return None
    ((published,),) = database.ask("select release_id from nyckeltal.release")
    described = release_pointer.info(place.settings.releases_dir / str(published))
    for table, rows in described.tables.items():
        assert database.ask(f"select count(*) from nyckeltal.{table}") == [(rows,)], table
    return str(published)


def end(group: int) -> None:
    """End what a killed run left behind (each was the first of a process group of its own)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def answers(place: Place) -> None:
    """The last release answers, whole; when there was none, that is said in words."""
    try:
        assert place.sql("select release_id from release").item() == place.current()
        described = release_pointer.current(place.settings.releases_dir)
        assert described is not None
        assert place.sql("select count(*) from observation").item() == described.tables["observation"] > 0
    except NyckeltalError as error:
        assert "there is no release yet" in str(error)  # noqa: PT017
        assert not list(place.settings.releases_dir.glob("current"))


def everything_is_whole(place: Place) -> None:
    """Each file of archive, vintages and releases can be read, and nothing lies under a temporary name."""
    settings = place.settings
    for home in (settings.archive_dir, settings.vintages_dir, settings.releases_dir):
        assert list(home.rglob(".*")) == []
        for path in home.rglob("*"):
            if path.suffix == ".json":
                assert read_json(path)
            if path.suffix == ".parquet":
                assert pl.read_parquet(path).width
    for path in (settings.archive_dir / "objects").glob("*/*"):
        assert sha256_of(path) == path.name
    archive = Archive(settings.archive_dir)
    for dataset in datasets():
        fetches = archive.fetches(dataset)
        assert [f.number for f in fetches] == list(range(1, len(fetches) + 1))
        assert all(archive.object_path(file.sha256).is_file() for fetch in fetches for file in fetch.files)
    assert all(line["outcome"] for line in place.log())


def nothing_is_double(place: Place, snapshot: SmallSnapshot) -> None:
    """Each key is there once at each moment; what is known now is what the source says now."""
    vintages = Vintages(place.settings)
    with connect(place.settings) as con:
        for dataset, declared in datasets().items():
            history = vintages.history_sql(dataset)
            key = ", ".join(declared.key)
            doubles = con.execute(
                f"select {key}, known_from from ({history}) group by all having count(*) > 1"
            ).fetchall()
            assert doubles == [], dataset
            unchanged = con.execute(
                f"with h as ({history}) select count(*) from (select value, lag(value) over (partition by {key} "
                f"order by known_from) as before, change from h) where change = 'revised' and value = before"
                if declared.kind == "facts"
                else "select 0"
            ).fetchall()
            assert unchanged == [(0,)], dataset
        known = f"({vintages.known_sql(VALUES)}) where change <> 'withdrawn'"
        current = con.execute(f"select series_id, area_id, year, sex, value from {known}").pl()
    order = ["series_id", "area_id", "year", "sex"]
    given = snapshot.read(VALUES).with_columns(pl.col("year").cast(pl.Int32))
    assert current.sort(order).equals(given.select(current.columns).sort(order))


def same_figures(place: Place, undisturbed: Place) -> None:
    """The release tells what that of a folder without kills tells, but for when it became known."""
    for table in ("observation", "comparison", "indicator", "area", "area_membership", "price_index", "data_gap"):
        ours, theirs = (p.sql(f"select * from {table}").drop(*OF_THE_RUN, strict=False) for p in (place, undisturbed))
        assert ours.sort(pl.all()).equals(theirs.sort(pl.all())), table
    for p in (place, undisturbed):
        assert p.sql("select count(*) from quality_result where not passed and level = 'block'").item() == 0
