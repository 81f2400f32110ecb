"""Which release is served, which is made, and what a reader may ask of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from indicators.load.catalogue import Catalogue
from indicators.model.registers import SimilarGroups
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.release import publication
from pipelines.settings import Settings
from pipelines.steps.workspace import Workspace
from pipelines.storage import release_pointer
from pipelines.storage.database import connect
from pipelines.storage.files import write_json
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION, ReleaseInfo
from pipelines.warehouse.inputs import _area_groups, register_views
from tests.support.deliveries import AREAS, CATALOGUE, NOON, House, facts, pl
from tests.support.sealed_state import given

BEGUN = datetime(2026, 1, 1)  # noqa: DTZ001 - UTC without zone


def released(
    settings: Settings,
    day: int,
    input_hash: str = "x",
    previous: str | None = None,
    knowledge_until: datetime = BEGUN,
    **told: Any,
) -> str:
    """A release folder with nothing but its description, as versions wrote it that did not count releases.

    Later days are newer. `told`: what else the description says.
    """
    made = ReleaseInfo(
        release_id=f"2026010{day}",
        created_at=BEGUN + timedelta(days=day),
        code_version="1",
        input_hash=input_hash,
        knowledge_until=knowledge_until,
        previous_release_id=previous,
        previous_knowledge_until=None,
        stale_sources=(),
        tables={},
    ).model_copy(update=told)
    folder = settings.releases_dir / made.release_id
    folder.mkdir(parents=True)
    write_json(folder / DESCRIPTION, made.model_dump(mode="json"))
    return made.release_id


@pytest.mark.parametrize("name", ["current", ".", "../releases/20260101", "nowhere"])
def test_the_pointer_moves_to_releases_only(run_settings: Settings, name: str) -> None:
    first = released(run_settings, 1)
    release_pointer.point_at(run_settings.releases_dir, first)
    with pytest.raises(UsageError, match="no such release"):
        release_pointer.rollback(run_settings, name)
    assert release_pointer.current_folder(run_settings.releases_dir).name == first


def test_going_back_follows_what_a_release_was_made_after(run_settings: Settings) -> None:
    first = released(run_settings, 1)
    released(run_settings, 2, previous=first)  # found bad, rolled back from
    third = released(run_settings, 3, previous=first)
    release_pointer.point_at(run_settings.releases_dir, third)
    assert release_pointer.rollback(run_settings, None) == first
    with pytest.raises(UsageError, match="no release before"):
        release_pointer.rollback(run_settings, None)


def test_releases_are_in_the_order_in_which_they_were_made_whatever_the_clock_said(run_settings: Settings) -> None:
    ahead = datetime(2099, 1, 1)  # noqa: DTZ001
    uncounted = [released(run_settings, 5), released(run_settings, 6, created_at=ahead)]
    counted = [released(run_settings, 4, number=1, created_at=ahead), released(run_settings, 3, number=2)]
    last = released(run_settings, 2, number=3, previous="pruned")
    home = run_settings.releases_dir
    release_pointer.point_at(home, last)

    assert [r.release_id for r in release_pointer.releases(home)] == [last, *reversed(counted), *reversed(uncounted)]
    assert release_pointer.before(home, last) == counted[1], "the one that it names is gone"
    assert release_pointer.prune(home, 1) == [*reversed(counted), *reversed(uncounted)]
    assert release_pointer.current_folder(home).name == last


def test_a_change_undone_is_published_again(run_settings: Settings, house: House) -> None:
    house.knows_areas()
    planned = publication.plan(run_settings)
    assert planned
    released(run_settings, 1, input_hash=planned.input_hash)
    release_pointer.point_at(run_settings.releases_dir, released(run_settings, 2, input_hash="another"))
    again = publication.plan(run_settings)
    assert again
    assert again.is_new


def test_a_release_rolled_back_from_is_not_published_again(run_settings: Settings, house: House) -> None:
    house.knows_areas()
    planned = publication.plan(run_settings)
    assert planned
    first = released(run_settings, 1, input_hash="another")
    released(run_settings, 2, input_hash=planned.input_hash, previous=first)
    release_pointer.point_at(run_settings.releases_dir, first)
    again = publication.plan(run_settings)
    assert again
    assert not again.is_new


@pytest.mark.parametrize("day", [NOON, NOON - timedelta(days=400), datetime(2962, 1, 1)])  # noqa: DTZ001
def test_knowledge_is_dated_neither_ahead_nor_back(run_settings: Settings, house: House, day: datetime) -> None:
    house.absorb(given(house, facts()), NOON)
    workspace = Workspace(run_settings, as_of=day)
    with pytest.raises(UsageError, match="neither in the future nor before"), workspace.writing():
        pass


def test_a_changed_rule_judges_the_same_delivery_again(house: House) -> None:
    house.knows_areas()
    staged = house.staged(facts())
    first = house.absorb(staged, NOON)
    narrower = CATALOGUE.measures[0].model_copy(
        update={"valid_range": CATALOGUE.measures[0].valid_range.model_copy(update={"max": 5.0})}
    )
    catalogue = Catalogue(home=CATALOGUE.home, indicators=CATALOGUE.indicators, measures=(narrower,))
    judged = house.held_back(facts(), catalogue=catalogue)
    assert "held_back_share" in str(judged)
    assert first.rules_id == staged.rules_id
    assert house.absorb(staged, NOON + timedelta(days=1)) == first


def groups(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Rows of kolada.municipality_groups."""
    return pl.DataFrame(list(rows), schema=["group_id", "group_title", "area_id"], orient="row")


def test_groups_are_those_of_now_when_members_leave_and_titles_change(house: House) -> None:
    house.knows_areas()
    name = "kolada.municipality_groups"
    before = [("G1", "Liknande, Kommun 1480, 2024", AREAS[0]), ("G1", "Liknande, Kommun 1480, 2024", AREAS[1])]
    before.append(("G2", "Liknande, Kommun 0114, 2024", AREAS[2]))  # a group that goes altogether
    house.absorb(house.parsed(name, groups(*before)), NOON)
    after = groups(("G1", "Liknande, Kommun 1480, 1999", AREAS[0]))
    assert house.absorb(house.parsed(name, after), NOON + timedelta(days=1)).counts == {"revised": 1, "withdrawn": 2}
    family = SimilarGroups(
        title_pattern=r"^Liknande, (?P<area>.+), \d+$", recipe_id="kolada_test", title_sv="Liknande",
        purpose_sv="TEST FIGURES: a family of groups.", expected_groups=1, members_each=1, valid_from=BEGUN.date(),
    )  # fmt: skip
    catalogue = Catalogue(home=Path(), indicators=(), measures=(), similar=(family,))
    with connect(house.settings) as con:
        register_views(con, house.vintages)
        found = _area_groups(con, catalogue, house.vintages)
    told = [(row[0], row[1], *row[7:]) for row in found]
    assert told == [("G1", "Liknande, Kommun 1480, 1999", "1480", "kolada_test")]


@pytest.fixture
def readable(run_settings: Settings) -> Path:
    """A release folder with one small table."""
    folder = run_settings.releases_dir / released(run_settings, 1)
    with duckdb.connect(str(folder / DATABASE)) as con:
        con.execute("create table observation as select range as n from range(1000)")
    return folder


@pytest.mark.parametrize("sql", ["", "  ", "select 1; select 2"])
def test_one_query_at_a_time(readable: Path, sql: str) -> None:
    with pytest.raises(UsageError, match="one query at a time"):
        reader.query(readable, sql)


def test_a_result_that_is_too_large_is_refused(readable: Path) -> None:
    limits = reader.Limits(rows=999)
    assert reader.query(readable, "select n from observation where n < 999", limits=limits).height == 999
    with pytest.raises(UsageError, match="too large"):
        reader.query(readable, "select n from observation", limits=limits)
    with pytest.raises(UsageError, match="too large"):
        reader.query(readable, "select repeat('x', 1000) from observation", limits=reader.Limits(result_mb=0))


def test_the_first_rows_are_those_of_the_whole_result_and_all_are_counted(readable: Path) -> None:
    sql = (
        "select n, n / 2.5 as d, 'a' as t, date '2024-02-29' as day, n > 3 as b, null as e, sum(n) over () as s "
        "from observation order by n desc"
    )
    first = reader.first_rows(readable, sql, 3)
    whole = reader.query(readable, sql)
    assert (first.names, first.rows, first.count) == (whole.columns, whole.head(3).rows(), whole.height)


def test_first_rows_of_lists_and_other_types_are_as_in_a_frame(readable: Path) -> None:
    sql = "select n, [n, 1] as pair, {'a': n} as part, now() as moment from observation order by n"
    first = reader.first_rows(readable, sql, 2)
    assert [row[:3] for row in first.rows] == [(0, [0, 1], {"a": 0}), (1, [1, 1], {"a": 1})]
    assert first.count == 1000


def test_first_rows_have_the_limits_and_the_rules_of_a_query(readable: Path) -> None:
    with pytest.raises(UsageError, match="too large"):
        reader.first_rows(readable, "from observation", 3, reader.Limits(rows=999))
    with pytest.raises(UsageError, match="no table"):
        reader.first_rows(readable, "select 1 as a, 2 as a", 3)
    with pytest.raises(UsageError, match="cannot be run"):
        reader.first_rows(readable, "select 1 / 'a'", 3)
    with pytest.raises(UsageError, match="one query at a time"):
        reader.first_rows(readable, "select 1; select 2", 3)


def test_nothing_is_written_beside_a_release(readable: Path) -> None:
    with reader.open_release(readable) as con:
        spill = con.execute("select current_setting('temp_directory'), current_setting('autoload_known_extensions')")
        assert spill.fetchall() == [("", False)]


@pytest.mark.parametrize(
    "sql",
    [
        "from read_text('{file}')",
        "from '{file}'",
        "attach '{file}'",
        "copy observation to '{file}.csv'",
        "set enable_external_access = true",
        "set memory_limit = '90%'",
        "set lock_configuration = false",
        "create table mine as select 1",
        "install httpfs",
    ],
)
def test_the_connection_itself_is_locked_whatever_the_rules_of_queries_say(readable: Path, sql: str) -> None:
    file = readable / "text.csv"
    file.write_text("a\n1\n")
    with reader.open_release(readable) as con, pytest.raises(duckdb.Error):
        con.execute(sql.format(file=file)).fetchall()
    assert sorted(p.name for p in readable.iterdir()) == [DATABASE, DESCRIPTION, "text.csv"]


def test_a_key_that_stands_twice_in_a_computed_table_stops_the_release(house: House, tmp_path: Path) -> None:
    """As when what is joined has got a longer key, and each row comes once for each of its new parts."""
    house.knows_areas()
    candidate, rows = tmp_path / "candidate.duckdb", tmp_path / "trend.parquet"
    key = {name: ("varchar", name) for name in ("indicator_id", "area_id", "sex", "horizon")}
    with duckdb.connect(str(candidate)) as con:
        for table in ("observation", "observation_vintage", "indicator", "area", "comparison"):
            con.execute(f"create table {table} as select 'kostnad' as theme, 1 as value")
        con.execute(f"copy (select 'a' as indicator_id, 'b' as area_id, 'T' as sex, 'recent' as horizon "
                    f"from range(2)) to '{rows}' (format parquet)")  # fmt: skip
    planned = publication.plan(house.settings)
    assert planned
    computed = [publication.ComputedTable("trend", "Trends.", key, rows)]
    with pytest.raises(publication.PublicationRefusedError, match="computed_keys_unique") as refused:
        publication.publish(house.settings, planned, candidate, computed, [], (), BEGUN)
    assert "trend: 1 keys stand more than once" in str(refused.value)
