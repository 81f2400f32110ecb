"""Readers' own SQL, by the command and over HTTP: what it may not do, what it may not learn, what it may not cost."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from pipelines.api import sql_process
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.storage import release_pointer
from tests.support.command import Place, nyckeltal
from tests.support.served import ServedApi
from tests.support.small_snapshot import GOTEBORG

SQL = "/api/v1/sql"
# Each of these would read or write a file, reach the network, change something, or tell of the machine.
HOSTILE = [
    "select * from read_csv('/etc/passwd')",
    "from '/etc/passwd'",
    "from 'release.json'",
    "select * from read_text('/etc/passwd')",
    "select * from glob('/*')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from parquet_metadata('parquet/area.parquet')",
    "select * from read_parquet('https://example.org/x.parquet')",
    "copy observation to '/tmp/stolen.csv'",
    "export database '/tmp/stolen'",
    "import database '/etc'",
    "attach '/tmp/other.duckdb' as other",
    "use memory",
    "install httpfs",
    "load httpfs",
    "create table mine as select 1",
    "create temp table mine as select 1",
    "create macro mine() as 1",
    "insert into area select * from area",
    "update observation set value = 0",
    "delete from observation",
    "truncate observation",
    "drop table observation",
    "comment on table area is 'mine'",
    "set threads = 64",
    "set enable_external_access = true",
    "reset lock_configuration",
    "set variable mine = 1",
    "pragma database_list",
    "pragma database_size",
    "pragma enable_profiling",
    "call pragma_version()",
    "checkpoint",
    "vacuum",
    "begin",
    "prepare mine as select 1",
    "explain analyze select 1",
    "select 1; select 2",
    "select 1; drop table area",
    "",
    "-- nothing",
    "selct 1",
    "select getenv('HOME')",
    "select current_setting('allowed_paths')",
    "select Current_Setting('secret_directory')",
    "select system.main.current_setting('allowed_paths')",
    "select sleep_ms(60000)",
    "select write_log('mine')",
    "select * from duckdb_databases()",
    "select * from duckdb_databases",
    "select * from system.main.duckdb_databases()",
    "select * from SYSTEM.MAIN.Duckdb_Databases",
    "select * from duckdb_settings()",
    "select * from pg_settings",
    "select * from pg_catalog.pg_settings",
    "select * from duckdb_extensions()",
    "select * from duckdb_secrets()",
    "select * from which_secret('s3://x', 's3')",
    "select * from duckdb_logs()",
    "select * from pragma_database_list",
    "select * from pragma_storage_info('area')",
    "select * from query('from duckdb_' || 'databases()')",
    "select * from query_table('duckdb_databases')",
    "select * from histogram('duckdb_databases', path)",
    "select * from json_execute_serialized_sql(json_serialize_sql('from duckdb_databases()'))",
    "select (select path from duckdb_databases() limit 1)",
    "select 1 where exists (from duckdb_databases)",
    "select list_transform([1], lambda x: (select path from duckdb_databases() limit 1))",
    "from area join lateral (from duckdb_databases()) on true",
    "with a as (from duckdb_databases()) from a",
    "with duckdb_databases as (select 1) from duckdb_databases",
    "with a as (with duckdb_settings as (select 1) from duckdb_settings) from duckdb_settings",
    "describe duckdb_databases",
    "summarize duckdb_settings",
    "pivot duckdb_databases on type in ('duckdb') using count(*)",
    "select * from arrow_scan(1, 2, 3)",
    "select * from frame",
    "select json_extract_string(json_serialize_plan('select current_setting(''secret_directory'')', optimize := true), "
    "'$.plans[0].expressions[0].value.value')",
    "select json_serialize_sql('select 1')",
    "select json_deserialize_sql('{}')",
    "select getvariable('mine')",
    "select current_query()",
    "select txid_current()",
    "select list_transform(['secret_directory'], lambda x: current_setting(x))",
    "select stats(value) from observation",
    "select * from parse_duckdb_log_message('FileSystem', 'x')",
    "select * from duckdb_variables()",
    "show variables",
    "pivot duckdb_databases on type using count(*)",
    "pivot (from duckdb_databases()) on type using count(*)",
    "pivot read_csv('/etc/passwd') on x",
    "pivot area on area_type using max(current_setting('secret_directory'))",
    "pivot area on area_type || current_setting('secret_directory')",
    "pivot area on area_type; select 1",
    "pivot area on area_type; drop table area",
    "with a as (pivot duckdb_settings() on name using max(value)) from a",
    "create type mine as enum (select current_setting('secret_directory')); select 1",
]


@pytest.fixture(scope="module")
def api(base: Place) -> Iterator[ServedApi]:
    with ServedApi(base.settings.releases_dir, with_sql=True) as served:
        yield served


def test_every_hostile_query_is_refused_with_words_and_tells_nothing(api: ServedApi) -> None:
    with ThreadPoolExecutor(2) as asking:
        answers = list(asking.map(lambda query: api.http.post(SQL, content=query), HOSTILE))
    for query, answer in zip(HOSTILE, answers, strict=True):
        assert api.told(answer).status_code == 400, query
    assert not Path("/tmp/stolen.csv").exists()  # noqa: S108 - what a query above asks for


@pytest.mark.parametrize(
    "query", ["from duckdb_databases()", "import database '/etc'", "select current_setting('threads')"]
)
def test_the_command_keeps_to_the_same_rules(query: str, place: Place) -> None:
    with pytest.raises(UsageError) as refused:
        reader.query(release_pointer.current_folder(place.settings.releases_dir), query)
    assert str(place.data_dir) not in str(refused.value)


def test_the_command_ends_a_query_that_no_memory_holds(base: Place) -> None:
    done = nyckeltal("sql", "select range(3000000000)", "--data-dir", base.data_dir)
    assert done.code == 2
    assert "too much memory" in done.text


def test_a_variable_of_this_program_is_no_table(place: Place) -> None:
    frame = pl.DataFrame({"secret": [1]})
    with pytest.raises(UsageError, match="no such table"):
        reader.query(release_pointer.current_folder(place.settings.releases_dir), "from frame")
    assert frame.height == 1


HARMLESS = {
    "select 1": [(1,)],
    "select count(*) > 1000 as many from observation;": [(True,)],
    "with recursive n as (select 1 as i union all select i + 1 from n where i < 4) select max(i) from n": [(4,)],
    "select nyckeltal.main.area.name from nyckeltal.main.area where area_id = '1480'": [("Göteborg",)],
    "select count(*) from observation_as_of('1999-12-31')": [(0,)],
    "select table_name from information_schema.tables where table_name = 'trend'": [("trend",)],
    "select comment is not null from duckdb_columns() where table_name = 'area' and column_name = 'name'": [(True,)],
    "select i from range(3) as r(i), unnest([1]) order by i": [(0,), (1,), (2,)],
    "values (1), (null)": [(1,), (None,)],
    "select column_name from (describe area) limit 1": [("area_id",)],
    "select release_id = (select release_id from release) from release": [(True,)],
    "select 'duckdb_databases()' as text": [("duckdb_databases()",)],
    "from area select name where area_id = '1480'": [("Göteborg",)],
    "(select 1)": [(1,)],
    "/* one; two */ select 1; -- three": [(1,)],
    "unpivot (select 1 as a, 2 as b) on a, b": [("a", 1), ("b", 2)],
    "pivot (values (1, 'x', 2), (1, 'y', 3)) as t(a, b, c) on b in ('x', 'y') using sum(c)": [(1, 2, 3)],
    "pivot (values (1, 'x', 2), (1, 'y', 3)) as t(a, b, c) on b using sum(c);": [(1, 2, 3)],
    "pivot (values (1, 'x', 2)) as t(a, b, c) /* ; */ on b || '_', a -- turn\nusing sum(c) group by c": [(2, 2)],
    "with t as (select 1 as a, 'x' as b) select * from (pivot t on b using max(a))": [(1,)],
    "select ';pivot t on x' as text": [(";pivot t on x",)],
    "select count(*) > 0, max(upper(name)) from area where area_id = '1480' and name ilike 'g%'": [(True, "GÖTEBORG")],
}


@pytest.mark.parametrize("query", HARMLESS)
def test_a_harmless_query_is_answered(query: str, api: ServedApi) -> None:
    answer = api.told(api.http.post(f"{SQL}.parquet", json={"query": query}))
    assert answer.status_code == 200, answer.text
    assert pl.read_parquet(answer.content).rows() == HARMLESS[query]


@pytest.mark.parametrize("query", ["show tables", "describe observation", "summarize area", "from price_index"])
def test_tables_can_be_looked_around_in(query: str, api: ServedApi) -> None:
    assert api.told(api.http.post(SQL, content=query)).json()["count"] > 1


def test_sql_answers_in_every_tabular_form(api: ServedApi) -> None:
    query = "select area_id, year, value, known_from, sum(1) over () as n, '=1+1' as \"@f\" from observation "
    query += (
        f"where indicator_id = 'kostnad_aldreomsorg_per_inv_80' and area_id = '{GOTEBORG}' and sex = 'T' order by year"
    )
    body = {"query": query}
    rows = api.http.post(SQL, json=body).json()["rows"]
    assert [round(row["value"]) for row in rows][-1] == 290766
    assert {row["n"] for row in rows} == {len(rows)}
    table = pl.read_parquet(api.http.post(SQL, json=body, headers={"Accept": "application/vnd.apache.parquet"}).content)
    assert table["value"].to_list() == [row["value"] for row in rows]
    text = api.http.post(f"{SQL}.csv", json=body, headers={"Accept-Encoding": "gzip"}).text
    assert text.startswith("area_id,year,value,known_from,n,'@f\n")
    assert pl.read_csv(io.StringIO(text))["'@f"].to_list() == ["'=1+1"] * len(rows)
    assert api.told(api.http.post(f"{SQL}.jsonstat", json=body)).status_code == 406


COSTLY = {
    "one endless text": "select repeat('x', 2000000000)",
    "one endless list": "select range(1000000000)",
    "many long texts": "select repeat('x', 1000000) from range(100000)",
    "too much to sort": "select list(i order by random()) from range(300000000) as r(i)",
    "too many rows": "select * from observation as a, observation as b",
    "endless recursion": "with recursive t as (select 1 as n union all select n + 1 from t) select count(*) from t",
    "a huge cross join": "select count(*) from observation as a, observation as b, observation as c",
    "deaf to interruption": "select lpad('x', 2147483647, 'y') || lpad('x', 2147483647, 'y')",
}


@pytest.mark.parametrize("what", COSTLY)
def test_a_costly_query_is_ended_and_the_server_goes_on(
    what: str, api: ServedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sql_process.ask, "__defaults__", (reader.Limits(seconds=1, memory_mb=300, rows=10_000, result_mb=50),)
    )
    began = time.monotonic()
    answer = api.told(api.http.post(SQL, content=COSTLY[what]))
    assert answer.status_code == 400
    assert any(word in answer.json()["what"] for word in ("too long", "too much memory", "too large")), answer.text
    assert time.monotonic() - began < 30
    assert api.http.post(SQL, content="select 1 as one").json()["rows"] == [{"one": 1}]


@pytest.mark.parametrize(
    ("query", "form", "what"),
    [
        ("select 1 as a, 2 as a", "json", "no table"),
        ("select interval 1 month", "json", "no table"),
        ("select 'a'::blob", "json", "no place"),
        ("select [1, 2]", "csv", "no place"),
    ],
)
def test_a_result_that_has_no_form_is_refused_with_words(query: str, form: str, what: str, api: ServedApi) -> None:
    answer = api.told(api.http.post(f"{SQL}.{form}", content=query))
    assert answer.status_code == 400
    assert what in answer.json()["what"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"sql": "select 1"}', "application/json", 400),
        (b'{"query": "select 1", "more": 1}', "application/json", 400),
        (b'{"query": 1}', "application/json", 400),
        (b"\xff\xfe", "text/plain", 400),
        (b"select 1", "image/png", 415),
        (b"x" * 100_001, "text/plain", 413),
        (b"select " + b"(" * 20_000 + b"1" + b")" * 20_000, "text/plain", 400),
    ],
)
def test_a_body_that_is_no_query_is_refused(body: bytes, kind: str, status: int, api: ServedApi) -> None:
    answer = api.told(api.http.post(SQL, content=body, headers={"Content-Type": kind}))
    assert answer.status_code == status


def test_sql_is_off_unless_it_is_switched_on(place: Place) -> None:
    with ServedApi(place.settings.releases_dir) as closed:
        answer = closed.told(closed.http.post(SQL, content="select 1"))
        assert answer.status_code == 404
        assert "--sql" in answer.json()["remedy"]
        assert SQL not in closed.get("/api/v1/openapi.json").json()["paths"]


def test_where_it_is_on_it_is_described_and_answers_posts_only(api: ServedApi) -> None:
    assert list(api.get("/api/v1/openapi.json").json()["paths"][SQL]) == ["post"]
    assert "POST" in api.get("/api/").text
    assert api.get(SQL, query="select 1").status_code == 405


def test_another_site_s_page_may_not_send_sql(api: ServedApi) -> None:
    answer = api.told(api.http.post(SQL, content="select 1", headers={"Origin": "https://example.org"}))
    assert answer.status_code == 403
    ours = api.http.post(SQL, content="select 1", headers={"Origin": api.address})
    assert json.loads(ours.text)["count"] == 1
