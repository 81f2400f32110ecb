"""What readers of PostgreSQL meet while releases are published, and what is left when a publication is killed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pipelines.errors import NyckeltalError
from pipelines.publish.postgres import Target, publish
from pipelines.settings import ROOT
from pipelines.storage import release_pointer
from tests.support.another_release import longer_by, publish_another
from tests.support.command import Place, Preloaded
from tests.support.postgres import Database

Session = psycopg.Connection[tuple[object, ...]]
NEW_IS_WRITTEN = "select count(*) > 0 from pg_namespace where nspname = 'nyckeltal__new'"
NONE_AT_WORK = "select count(*) = 0 from pg_stat_activity where application_name = 'nyckeltal publish'"


@pytest.fixture
def releases(place: Place) -> list[Path]:
    """Two releases that differ in some tables."""
    publish_another(place, longer_by(3))
    return [place.settings.releases_dir / r.release_id for r in release_pointer.releases(place.settings.releases_dir)]


def bring(folder: Path, database: Database, wait: float = 30) -> None:
    publish(folder, Target(database.dsn(), wait_seconds=wait), ROOT / "dbt_project", lambda _: None)


def standing(database: Database) -> str:
    ((release,),) = database.ask("select release_id from nyckeltal.release")
    return str(release)


# What takes time stands before what differs, so that a swap in between would be seen.
COUNTED = ("kostnad", "observation", "fixed_price", "price_index", "quarantine")
ONE_QUESTION = (
    "select (select release_id from nyckeltal.release), "
    + ", ".join(f"(select count(*) from nyckeltal.{name})" for name in COUNTED)
).encode()


def in_one_statement(con: Session) -> tuple[object, ...]:
    return con.execute(ONE_QUESTION).fetchall()[0]


def prepared(con: Session) -> tuple[object, ...]:
    return con.execute(ONE_QUESTION, prepare=True).fetchall()[0]


def in_a_transaction(con: Session) -> tuple[object, ...]:
    with con.transaction():
        ((release,),) = con.execute(b"select release_id from nyckeltal.release").fetchall()
        counts = [con.execute(f"select count(*) from nyckeltal.{n}".encode()).fetchall()[0][0] for n in COUNTED]
    return (release, *counts)


def in_a_repeatable_transaction(con: Session) -> tuple[object, ...]:
    con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return in_a_transaction(con)


READERS = [in_one_statement, prepared, in_a_transaction, in_a_repeatable_transaction]


@pytest.mark.slow
def test_readers_in_loops_see_whole_releases_and_no_error_while_others_are_published(
    releases: list[Path], database: Database
) -> None:
    truth: dict[object, tuple[object, ...]] = {}
    for folder in releases:
        bring(folder, database)
        with database.connect() as con:
            truth[folder.name] = in_one_statement(con)
    assert len({row[1:] for row in truth.values()}) == 2
    seen: dict[str, set[object]] = {read.__name__: set() for read in READERS}
    wrong: list[object] = []
    done = threading.Event()

    def loop(read: Callable[[Session], tuple[object, ...]]) -> None:
        with database.connect() as con:
            while not done.is_set():
                try:
                    found = read(con)
                except psycopg.Error as error:
                    wrong.append((read.__name__, repr(error)))
                    return
                seen[read.__name__].add(found[0])
                if found != truth.get(found[0]):
                    wrong.append((read.__name__, found))

    threads = [threading.Thread(target=loop, args=[read]) for read in READERS]
    for thread in threads:
        thread.start()
    try:
        for folder in itertools.islice(itertools.cycle(releases), 3):
            bring(folder, database)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert all(met == set(truth) for met in seen.values()), seen


def test_a_transaction_that_began_before_the_swap_and_read_nothing_finds_the_new_release_whole(
    releases: list[Path], database: Database
) -> None:
    bring(releases[0], database)
    with database.connect() as con:
        con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with con.transaction():
            con.execute(b"select now(), count(*) from pg_class")  # from here on it sees the database of this moment
            bring(releases[1], database)
            found = in_one_statement(con)
        assert found == in_one_statement(con)
    assert found[0] == releases[1].name


@contextmanager
def reading(database: Database, query: str = "select count(*) from nyckeltal.trend") -> Iterator[Session]:
    """Somebody in the middle of a transaction that has read."""
    with psycopg.connect(database.dsn(), application_name="langlasaren") as con:
        con.execute(query.encode())
        yield con


def test_a_reader_in_a_long_transaction_is_waited_for_and_never_ended(releases: list[Path], database: Database) -> None:
    bring(releases[0], database)
    with reading(database) as con:
        with pytest.raises(NyckeltalError, match="readers held what was published before") as told:
            bring(releases[1], database, wait=1)
        assert told.value.exit_code == 4
        assert "user utgivare, program langlasaren" in told.value.found
        assert database.ask(NEW_IS_WRITTEN) == [(False,)]
        # Neither the one that held it nor others notice anything.
        assert con.execute(b"select release_id from nyckeltal.release").fetchall() == [(releases[0].name,)]
        assert standing(database) == releases[0].name
    bring(releases[1], database)
    assert standing(database) == releases[1].name


def test_the_swap_comes_as_soon_as_the_reader_is_done(
    releases: list[Path], place: Place, database: Database, run_cli: Preloaded
) -> None:
    bring(releases[1], database)
    with reading(database) as con:
        run_cli.start(*PUBLISH, place.data_dir, env={"NYCKELTAL_POSTGRES_DSN": database.dsn()})
        database.until(NEW_IS_WRITTEN)
        assert con.execute(b"select release_id from nyckeltal.release").fetchall() == [(releases[1].name,)]
    assert run_cli.wait(60) == 0
    assert standing(database) == releases[0].name == place.current()


PUBLISH = ("publish", "postgres", "--reader-role", "svepets_lasare", "--data-dir")


def test_two_at_once_the_second_says_so_and_one_that_was_killed_leaves_nothing_in_the_way(
    releases: list[Path], place: Place, database: Database, run_cli: Preloaded
) -> None:
    bring(releases[1], database)
    with reading(database):
        pid = run_cli.start(*PUBLISH, place.data_dir, env={"NYCKELTAL_POSTGRES_DSN": database.dsn()})
        database.until(NEW_IS_WRITTEN)

        with pytest.raises(NyckeltalError, match="another publication is at work on this schema") as told:
            bring(releases[0], database)

        assert told.value.exit_code == 4
        assert "user utgivare" in told.value.found
        run_cli.kill(pid)  # while it waits for the reader, with everything written
        assert database.ask(NEW_IS_WRITTEN) == [(True,)]
        assert standing(database) == releases[1].name
    database.until(NONE_AT_WORK)
    bring(releases[0], database)
    assert standing(database) == releases[0].name
    assert database.ask(NEW_IS_WRITTEN) == [(False,)]


def test_killed_half_way_nothing_is_left_and_the_old_stands(
    releases: list[Path], place: Place, database: Database, run_cli: Preloaded
) -> None:
    bring(releases[1], database)
    with database.server.admin(database.name) as other, other.transaction():
        other.execute(b"create role svepets_lasare_2")  # holds up the other who creates it, after all tables
        argv = [a.replace("lasare", "lasare_2") for a in PUBLISH]
        pid = run_cli.start(*argv, place.data_dir, env={"NYCKELTAL_POSTGRES_DSN": database.dsn()})
        database.until(
            "select count(*) > 0 from pg_stat_activity "
            "where application_name = 'nyckeltal publish' and wait_event_type = 'Lock'"
        )
        run_cli.kill(pid)
        other.execute(b"drop role svepets_lasare_2")
    database.until(NONE_AT_WORK)
    assert database.ask(NEW_IS_WRITTEN) == [(False,)]
    assert standing(database) == releases[1].name
    bring(releases[0], database)
    assert standing(database) == releases[0].name
