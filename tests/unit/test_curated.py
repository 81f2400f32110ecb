"""What is curated and what is not, for readers: hidden from pages, counted apart, chosen in the API."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.api.codes import Vocabulary
from pipelines.api.parameters import Indicators
from pipelines.api.queries import INDICATORS, page_of
from pipelines.reading.curated import show_curated_alone, uncurated, uncurated_rows

NOBODY = Vocabulary({}, {}, {}, {}, {})
TABLES = ("observation", "observation_vintage", "comparison", "coverage", "revision")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("create table indicator as select * from (values ('a', 'kvalitet'), ('kolada_n00001', 'kolada'), "
                     "('kolada_n00002', 'kolada')) as t (indicator_id, theme)")  # fmt: skip
        for table in TABLES:
            made.execute(f"create table {table} as select indicator_id, 1 as value from indicator")
        yield made


def test_readers_of_pages_see_curated_indicators_alone(con: duckdb.DuckDBPyConnection) -> None:
    assert uncurated(con) == 2
    assert uncurated_rows(con, ["observation", "comparison", "area"]) == {"comparison": 2, "observation": 2}
    show_curated_alone(con)
    for table in ("indicator", *TABLES):
        assert con.execute(f"select distinct indicator_id from {table}").fetchall() == [("a",)], table
    assert con.execute("select count(*) from memory.main.indicator").fetchall() == [(3,)]


def test_nothing_is_made_where_all_is_curated(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from indicator where theme = 'kolada'")
    show_curated_alone(con)
    assert uncurated_rows(con, TABLES) == {}
    assert con.execute("select count(*) from duckdb_views() where temporary and not internal").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("asked", "found"), [({}, 3), ({"curated": "true"}, 1), ({"curated": "false"}, 2)]
)  # fmt: skip
def test_a_client_of_the_api_chooses(asked: dict[str, str], found: int, con: duckdb.DuckDBPyConnection) -> None:
    page = page_of(INDICATORS, Indicators.model_validate(asked), NOBODY)
    assert len(con.execute(*page.sql(["indicator_id"], 10)).fetchall()) == found
