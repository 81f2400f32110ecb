"""What stands in PostgreSQL after `nyckeltal publish postgres`: the release, value for value, and who may read it."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
import sqlalchemy

from pipelines.publish.postgres import Target, publish
from pipelines.reading import reader
from pipelines.release.table_keys import table_keys
from pipelines.settings import ROOT
from pipelines.storage import release_pointer
from tests.support.another_release import publish_another
from tests.support.command import Done, Place, Preloaded
from tests.support.cookbook import questions
from tests.support.postgres import PASSWORD, PUBLISHER, Database, Server, create_database

READER = "nyckeltal_reader"
KEYS = table_keys(ROOT / "dbt_project")
Command = Callable[..., Done]


@pytest.fixture
def command(run_cli: Preloaded, base: Place) -> Command:
    """`nyckeltal publish postgres` of the small release, with the connection string in the environment."""

    def run(database: Database | str, *argv: str, place: Place = base) -> Done:
        dsn = database if isinstance(database, str) else database.dsn()
        env = {"NYCKELTAL_POSTGRES_DSN": dsn}
        done = run_cli("publish", "postgres", "--data-dir", place.data_dir, *argv, env=env)
        assert PASSWORD not in done.out + done.err
        return done

    return run


@pytest.fixture(scope="module")
def published(postgres_server: Server, base: Place) -> Database:
    """A database with the small release, only to be read."""
    database = create_database(postgres_server, "published")
    folder = release_pointer.current_folder(base.settings.releases_dir)
    done = publish(folder, Target(database.dsn(), reader_role=READER), ROOT / "dbt_project", lambda _: None)
    assert done.is_new
    database.do(f"create role kalle login password '{PASSWORD}' in role {READER}")
    database.do("create schema hemlig; create table hemlig.lista (namn text)")
    return database


def release_of(place: Place) -> duckdb.DuckDBPyConnection:
    return reader.open_release(release_pointer.current_folder(place.settings.releases_dir))


def names(con: duckdb.DuckDBPyConnection, kind: str) -> list[str]:
    rows = con.execute(
        "select table_name from information_schema.tables where table_schema = 'main' and table_type = ? order by 1",
        [kind],
    )
    return [str(name) for (name,) in rows.fetchall()]


def sorted_rows(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: tuple((v is None, str(v)) for v in row))


def test_every_table_holds_the_release_value_for_value(published: Database, base: Place) -> None:
    with release_of(base) as con, published.connect() as pg:
        tables = names(con, "BASE TABLE")
        assert len(tables) > 40
        rows = 0
        for table in tables:
            wanted = con.execute(f"select * from {table}")
            columns = [d[0] for d in wanted.description]
            found = pg.execute(f"select * from nyckeltal.{table}".encode())
            assert [d.name for d in found.description or []] == columns, table
            expected = sorted_rows(wanted.fetchall())
            assert sorted_rows(found.fetchall()) == expected, table
            rows += len(expected)
        assert rows > 10_000


def test_every_view_answers_as_the_release_s(published: Database, base: Place) -> None:
    with release_of(base) as con, published.connect() as pg:
        views = names(con, "VIEW")
        assert {"observation_wide", "kostnad", "kvalitet", "fixed_price"} <= set(views)
        for view in views:
            expected = sorted_rows(con.execute(f"select * from {view}").fetchall())
            assert sorted_rows(pg.execute(f"select * from nyckeltal.{view}".encode()).fetchall()) == expected, view


def test_tables_views_and_columns_are_described_as_in_the_release(published: Database, base: Place) -> None:
    described = """
        select c.relname, coalesce(a.attname, ''), d.description
        from pg_class as c join pg_description as d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass
        left join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
        where c.relnamespace = 'nyckeltal'::regnamespace
    """
    found = {(str(table), str(column)): text for table, column, text in published.ask(described)}
    with release_of(base) as con:
        tables = con.execute("select table_name, comment from duckdb_tables()").fetchall()
        columns = con.execute(
            "select table_name, column_name, comment from duckdb_columns() where comment is not null"
        ).fetchall()
        views = con.execute("select view_name, comment from duckdb_views() where not internal").fetchall()
        all_columns = con.execute("select table_name, column_name from duckdb_columns() where not internal").fetchall()
    expected = {(name, ""): text for name, text in tables + views} | {(t, c): text for t, c, text in columns}
    assert expected.items() <= found.items()
    assert {(str(t), str(c)) for t, c in all_columns} <= found.keys()  # views by theme are described too
    (about,) = published.ask("select obj_description('nyckeltal'::regnamespace, 'pg_namespace')")
    assert base.current() in str(about)


def test_the_keys_that_the_release_is_tested_for_are_keys_and_codes_refer(published: Database, base: Place) -> None:
    keys = """
        select c.relname, i.indisprimary, array_agg(a.attname::text order by k.place)
        from pg_index as i join pg_class as c on c.oid = i.indrelid
        cross join unnest(i.indkey) with ordinality as k(attnum, place)
        join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
        where i.indisunique and c.relnamespace = 'nyckeltal'::regnamespace group by 1, 2
    """
    found = {str(table): (primary, columns) for table, primary, columns in published.ask(keys)}
    with release_of(base) as con:
        assert {t: list(KEYS[t]) for t in names(con, "BASE TABLE")} == {t: c for t, (_, c) in found.items()}
    assert {table for table, (primary, _) in found.items() if not primary} <= {"structure_value", "quarantine"}
    refer = "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint where contype = 'f'"
    pairs = {(str(a).removeprefix("nyckeltal."), str(b).removeprefix("nyckeltal.")) for a, b in published.ask(refer)}
    for table in ("observation", "comparison", "trend", "observation_vintage"):
        assert {(table, "indicator"), (table, "area")} <= pairs


def test_a_question_of_one_area_or_one_indicator_finds_its_rows_by_an_index(published: Database) -> None:
    for where in ("area_id = '1480' and year = 2022", "indicator_id = 'trygghet_hemtjanst' and area_id = '1480'"):
        for table in ("observation", "comparison", "observation_vintage", "observation_as_of('2100-01-01')"):
            plan = "\n".join(str(r) for (r,) in published.ask(f"explain select * from nyckeltal.{table} where {where}"))
            assert "Index" in plan, (table, where, plan)
            assert "Function Scan" not in plan


STRANGE = ["", "åäö ÅÄÖ é − – …", "citat \"så\" och 'så'", "rad ett\n\\.\nrad tre\r\n", "\\N", "a,b;c\td", "NULL", " "]
NUMBERS = [0.0, -0.0, 1 / 3, 0.1, 1e-300, 5e-324, 1.7976931348623157e308, -12_951_161_999.99, math.inf, -math.inf]


def strange(con: duckdb.DuckDBPyConnection) -> None:
    """Texts and numbers that are easily lost on the way, and an observation with a history."""
    for i, text in enumerate([*STRANGE, None]):
        con.execute("insert into quarantine values ('test', 'test', ?, ?, 'tried', null)", [i, text])
    for i, value in enumerate([*NUMBERS, math.nan, None]):
        another = "select * replace (? as index_id, ? as value, null as issue) from price_index limit 1"
        con.execute(f"insert into price_index by name {another}", [f"p{i:02}", value])
    history = """
        insert into observation_vintage by name
        select * replace (
            'andrad' as sex, ?::timestamp as known_from, ?::timestamp as known_to, ? as value, ? as revision
        )
        from observation_vintage where indicator_id = 'trygghet_hemtjanst' limit 1
    """
    steps = ["2030-01-01 10:00:00", "2030-01-02 00:00:00", "2030-01-02 10:00:00.000001", None]
    for i, (known_from, known_to) in enumerate(itertools.pairwise(steps)):
        con.execute(history, [known_from, known_to, float(i), i + 1])


DAYS = ["2029-12-31", "2030-01-01", "2030-01-02", "2030-01-03"]
TIMES = [
    "2030-01-01 09:59:59.999999", "2030-01-01 10:00:00", "2030-01-01 23:59:59.999999", "2030-01-02 00:00:00",
    "2030-01-02 10:00:00", "2030-01-02 10:00:00.000001",
]  # fmt: skip
# A moment may be written as a text, or as a day or time of the database's own.
WAYS = [(day, form) for day in DAYS for form in ("'{}'", "date '{}'")]
WAYS += [(time, form) for time in TIMES for form in ("'{}'", "timestamp '{}'", "timestamptz '{}+00'")]


def test_what_is_easily_lost_arrives_and_any_moment_is_answered_as_in_the_release(
    place: Place, database: Database, command: Command
) -> None:
    publish_another(place, strange)

    assert command(database, place=place).code == 0

    texts = 'select source_row, "row" from {}quarantine order by source_row'
    numbers = "select index_id, value, year, known_from from {}price_index where index_id like 'p%' order by index_id"
    as_of = "select * from {}observation_as_of({}) where sex = 'andrad'"
    known = set()
    with release_of(place) as con, database.connect() as pg:
        for query, of in ((texts, STRANGE), (numbers, NUMBERS)):
            found = pg.execute(query.format("nyckeltal.").encode()).fetchall()
            assert list(map(repr, found)) == list(map(repr, con.execute(query.format("")).fetchall()))
            assert len(found) > len(of)
        pg.execute(b"set timezone to 'Europe/Stockholm'; set datestyle to 'German'")
        for moment, form in WAYS:
            ours = con.execute(as_of.format("", "$1"), [moment]).fetchall()
            asked = as_of.format("nyckeltal.", form.format(moment))
            assert pg.execute(asked.encode()).fetchall() == ours, asked
            known.add(tuple(row[4] for row in ours))
    assert known == {(), (0.0,), (1.0,), (2.0,)}


def test_the_reader_role_may_select_and_nothing_else(published: Database, base: Place) -> None:
    with published.connect("kalle") as kalle, release_of(base) as con:
        for name in (*names(con, "BASE TABLE"), *names(con, "VIEW"), "observation_as_of('2100-01-01')"):
            kalle.execute(f"select * from nyckeltal.{name} limit 1".encode())
        for forbidden in (
            "insert into nyckeltal.release select * from nyckeltal.release",
            "update nyckeltal.observation set value = 0",
            "delete from nyckeltal.observation",
            "truncate nyckeltal.observation",
            "drop table nyckeltal.release",
            "alter schema nyckeltal rename to mitt",
            "create table nyckeltal.mitt (x int)",
            "create view nyckeltal.mitt as select 1",
            "create function nyckeltal.mitt() returns int language sql return 1",
            "create table public.mitt (x int)",
            "create schema mitt",
            "create role mitt",
            "select * from hemlig.lista",
            "begin; lock table nyckeltal.release in exclusive mode",
            "comment on table nyckeltal.release is 'mitt'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                kalle.execute(forbidden.encode())
            kalle.execute(b"rollback")
    ((role,),) = published.ask(
        "select rolsuper or rolcanlogin or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls "
        f"from pg_roles where rolname = '{READER}'"
    )
    assert role is False


def test_the_reader_reads_the_next_release_too_and_an_existing_role_is_left_as_it_is(
    place: Place, database: Database, command: Command
) -> None:
    database.do(f"create role egen_lasare login connection limit 3 password '{PASSWORD}'")
    for _ in range(2):
        assert command(database, "--reader-role", "egen_lasare", place=place).code == 0
        with database.connect("egen_lasare") as con:
            assert con.execute(b"select release_id from nyckeltal.release").fetchall() == [(place.current(),)]
        publish_another(place, lambda _: None)
    assert database.ask("select rolcanlogin, rolconnlimit from pg_roles where rolname = 'egen_lasare'") == [(True, 3)]


def test_the_same_release_again_is_told_and_nothing_written(database: Database, base: Place, command: Command) -> None:
    first = command(database)
    assert first.code == 0, first.text
    assert f"Release {base.current()} stands in {database.name}, schema nyckeltal" in first.text
    tables = "select array_agg(oid order by oid) from pg_class where relnamespace = 'nyckeltal'::regnamespace"
    before = database.ask(tables)

    again = command(database)

    assert again.code == 0
    assert "was there already" in again.text
    assert database.ask(tables) == before
    told = json.loads(command(database, "--json").out)
    assert (told["is_new"], told["rows"], told["release_id"]) == (False, 0, base.current())
    # A reader role that is asked for later gets its rights all the same.
    assert command(database, "--reader-role", "sen_lasare").code == 0
    assert database.ask("select has_table_privilege('sen_lasare', 'nyckeltal.observation', 'select')") == [(True,)]


def test_another_schema_stands_beside_it(database: Database, base: Place, command: Command) -> None:
    assert command(database).code == 0
    told = json.loads(command(database, "--schema", "prov_1", "--json").out)

    with release_of(base) as con:
        wanted = {t: con.execute(f"select count(*) from {t}").fetchone() for t in names(con, "BASE TABLE")}
    assert told["rows"] == sum(n for (n,) in wanted.values() if n)
    assert told["tables"] == len(wanted)
    for schema in ("nyckeltal", "prov_1"):
        assert database.ask(f"select count(*) from {schema}.kostnad")[0][0]


@pytest.mark.parametrize("name", ["public", "pg_mitt", "information_schema", "Stor", "med blank", 'a"; drop', "x" * 51])
def test_a_schema_that_may_not_be_called_so_is_refused(name: str, database: Database, command: Command) -> None:
    done = command(database, "--schema", name)
    assert done.code == 2
    assert "the schema cannot be called so" in done.text


def test_what_was_not_published_from_here_is_never_replaced(database: Database, command: Command) -> None:
    database.do(f"create schema nyckeltal authorization {PUBLISHER}")
    assert command(database).code == 0  # an empty schema, made for us
    database.do(f"create schema eget authorization {PUBLISHER}; create table eget.viktigt (x int)")
    database.do(f"alter table eget.viktigt owner to {PUBLISHER}")

    done = command(database, "--schema", "eget")

    assert done.code == 2
    assert "was not published from here" in done.text
    assert database.ask("select count(*) from eget.viktigt") == [(0,)]


def test_what_is_built_on_the_tables_is_not_taken_away(place: Place, database: Database, command: Command) -> None:
    assert command(database, place=place).code == 0
    first = place.current()
    database.do("create view public.min_vy as select * from nyckeltal.observation")
    publish_another(place, lambda _: None)

    done = command(database, place=place)

    assert done.code == 4
    assert "min_vy" in done.text
    assert database.ask("select release_id from nyckeltal.release") == [(first,)]
    assert database.ask("select count(*) > 0 from public.min_vy") == [(True,)]
    assert database.ask("select count(*) from pg_namespace where nspname like 'nyckeltal%'") == [(1,)]
    database.do("drop view public.min_vy")
    assert command(database, place=place).code == 0


def test_what_is_wrong_with_the_connection_is_said_without_the_password(
    database: Database, command: Command, tmp_path: Path
) -> None:
    secret = "lösen-ord-9"  # noqa: S105 - a wrong one
    cases = {
        f"host={tmp_path} dbname=x user=y password={secret}": (4, "cannot connect to PostgreSQL"),
        database.dsn(password=secret): (4, "password authentication failed"),
        database.server.dsn("finns_inte"): (4, 'database "finns_inte" does not exist'),
        f"postgresql://anna:{secret}@[server/x": (2, "the connection string cannot be read"),
        secret: (2, "the connection string cannot be read"),
        "": (2, "NYCKELTAL_POSTGRES_DSN"),
    }
    for dsn, (code, words) in cases.items():
        done = command(dsn)
        assert done.code == code, done.text
        assert words in done.text
        assert "Traceback" not in done.text
        assert secret not in done.text


def test_a_connection_string_on_the_command_line_goes_before_the_environment(
    database: Database, base: Place, run_cli: Preloaded
) -> None:
    done = run_cli(
        "publish",
        "postgres",
        "--dsn",
        database.dsn(),
        "--data-dir",
        base.data_dir,
        env={"NYCKELTAL_POSTGRES_DSN": "nej"},
    )
    assert done.code == 0, done.text


def test_a_user_who_may_create_nothing_is_told_so(database: Database, command: Command) -> None:
    database.do(f"create role fattig login password '{PASSWORD}'")
    done = command(database.dsn("fattig"))
    assert done.code == 4
    assert "permission denied for database" in done.text
    assert "grant create on database" in done.text


def test_a_database_that_cannot_hold_all_letters_is_refused(postgres_server: Server, command: Command) -> None:
    latin = create_database(postgres_server, "latin", "encoding 'LATIN1' locale 'C' template template0")
    done = command(latin)
    assert done.code == 4
    assert "expected: UTF8 found: LATIN1" in done.text


def test_a_full_disk_leaves_what_stands_and_is_told(
    place: Place, database: Database, command: Command, postgres_server: Server
) -> None:
    small = postgres_server.folder / "liten"
    small.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], check=False).returncode
    ):
        pytest.skip("a small disk cannot be made here: mount is for root")
    try:
        shutil.chown(small, "postgres", "postgres")
        assert command(database, place=place).code == 0
        first = place.current()
        publish_another(place, lambda _: None)
        database.do(f"create tablespace liten location '{small}'")
        database.do(f"grant create on tablespace liten to {PUBLISHER}")
        database.do(f"alter role {PUBLISHER} in database {database.name} set default_tablespace to liten")

        done = command(database, place=place)

        assert done.code == 4
        assert "the database server's disk is full" in done.text
        assert database.ask("select release_id from nyckeltal.release") == [(first,)]
        assert database.ask("select count(*) from pg_namespace where nspname like 'nyckeltal%'") == [(1,)]
    finally:
        database.do("drop tablespace if exists liten")
        subprocess.run(["umount", small], check=True)


def to_even(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with even numbers: just between two, one engine rounds away from zero, another to the even one."""
    return tuple(2 * math.trunc(v / 2) if isinstance(v, float) and v.is_integer() else v for v in row)


def test_every_question_of_the_cookbook_is_answered_as_by_the_release(published: Database, base: Place) -> None:
    answered = 0
    with release_of(base) as con, published.connect("kalle") as pg:
        pg.execute(b"set search_path to nyckeltal")
        for question in questions():
            asked = con.execute(question.sql)
            names_here, here = [d[0] for d in asked.description], asked.fetchall()
            there = pg.execute(question.sql.encode())
            assert [d.name for d in there.description or []] == names_here, question.title
            assert [to_even(row) for row in there.fetchall()] == [to_even(row) for row in here], question.title
            answered += bool(here)
    assert answered > 25


def test_programs_that_read_models_out_of_databases_find_keys_references_and_descriptions(published: Database) -> None:
    address = sqlalchemy.URL.create("postgresql+psycopg", "kalle", PASSWORD, database=published.name)
    engine = sqlalchemy.create_engine(address, connect_args={"host": str(published.server.folder)})
    found = sqlalchemy.inspect(engine)
    assert "observation" in found.get_table_names("nyckeltal")
    assert "observation_wide" in found.get_view_names("nyckeltal")
    assert found.get_pk_constraint("observation", "nyckeltal")["constrained_columns"] == list(KEYS["observation"])
    refer = {key["constrained_columns"][0]: key for key in found.get_foreign_keys("observation", "nyckeltal")}
    assert refer["area_id"]["referred_table"] == "area"
    assert refer["area_id"]["referred_schema"] == "nyckeltal"
    columns = {column["name"]: column for column in found.get_columns("observation_wide", "nyckeltal")}
    assert all(column["comment"] for column in columns.values())
    assert str(columns["value"]["type"]) == "DOUBLE PRECISION"
    engine.dispose()


def test_the_sql_of_the_dashboards_runs_as_a_reader(published: Database) -> None:
    text = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    queries = [q for q in re.findall(r"```sql\n(.+?)```", text, re.DOTALL) if q.startswith("select")]
    queries += re.findall(r"(?m)^SQL (SELECT .+?);$", text)
    assert len(queries) == 4
    with published.connect("kalle") as kalle:
        for query in queries:
            assert kalle.execute(query.encode()).fetchone(), query
