"""The server follows the pointer: new releases without restart, each request one release, pruned folders no harm."""

from __future__ import annotations

import asyncio
import http.client
import shutil
from pathlib import Path

import duckdb
import pytest

from benchmarks.load import load, serving
from pipelines.api import current_release
from pipelines.api.current_release import CurrentRelease, OpenRelease
from pipelines.api.problems import ApiError
from pipelines.storage import release_pointer
from tests.support.another_release import longer_by, publish_another
from tests.support.command import Place
from tests.support.served import ServedApi
from tests.support.small_snapshot import GOTEBORG

V1 = "/api/v1"
SERIES = f"{V1}/observations?indicator=kostnad_aldreomsorg_per_inv_80&area={GOTEBORG}&sex=T&year=2022"


def changed_to(value: float) -> object:
    """The change of one figure, told as a revision."""

    def change(con: duckdb.DuckDBPyConnection) -> None:
        where = (
            f"indicator_id = 'kostnad_aldreomsorg_per_inv_80' and area_id = '{GOTEBORG}' and sex = 'T' and year = 2022"
        )
        con.execute(
            "insert into revision by name select indicator_id, area_id, year, sex, value as old_value, "
            f"{value} as new_value, 'revised' as change, known_from from observation where {where}"
        )
        con.execute(f"update observation set value = {value} where {where}")

    return change


def value(api: ServedApi) -> float:
    (row,) = api.get(SERIES).json()["rows"]
    return float(row["value"])


def test_a_new_release_is_served_at_once_and_an_older_one_after_a_rollback(place: Place) -> None:
    with ServedApi(place.settings.releases_dir) as api:
        first, before = place.current(), value(api)
        tag = api.get(SERIES).headers["etag"]
        second = publish_another(place, changed_to(291000.0))
        answer = api.told(api.http.get(SERIES, headers={"If-None-Match": tag}))
        assert (answer.status_code, answer.headers["nyckeltal-release"]) == (200, second)
        assert answer.json()["rows"][0]["value"] == 291000.0
        assert api.get(f"{V1}/release").json()["rows"][0]["release_id"] == second
        (revised,) = api.rows(f"{V1}/revisions", change="revised", area=GOTEBORG)
        assert (revised["old_value"], revised["new_value"]) == (before, 291000.0)
        assert api.rows(f"{V1}/revisions", change="withdrawn") == []
        release_pointer.rollback(place.settings, first)
        assert value(api) == before
        assert api.http.get(SERIES, headers={"If-None-Match": tag}).status_code == 304


def test_a_cursor_of_another_release_is_gone(place: Place) -> None:
    with ServedApi(place.settings.releases_dir) as api:
        following = api.get(f"{V1}/observations", limit=5).json()["next"]
        assert api.get(following).status_code == 200
        second = publish_another(place, longer_by(1))
        refused = api.get(following)
        assert refused.status_code == 410
        assert (refused.json()["expected"], refused.json()["type"]) == (second, "/api/#annan-utgava")
        assert "first page" in refused.json()["remedy"]


def test_a_pruned_release_is_read_to_its_end_and_then_let_go(place: Place) -> None:
    folder = release_pointer.current_folder(place.settings.releases_dir)

    async def story() -> None:
        serving = CurrentRelease(place.settings.releases_dir)
        async with serving.hold() as early:
            second = publish_another(place, longer_by(1))
            async with serving.hold() as late:
                assert (early.release_id, late.release_id) == (folder.name, second)
                release_pointer.prune(place.settings.releases_dir, 1)
                assert not folder.exists()
                for held in (early, late):
                    found = await serving.read(held, lambda con: con.execute("from release").fetchone())
                    assert found[0] == held.release_id
                    rows = await serving.read(held, lambda con: con.execute("from observation").fetchall())
                    assert len(rows) > 1000
        with pytest.raises(duckdb.ConnectionException):  # nobody uses it any more
            early.con.execute("select 1")
        async with serving.hold() as now:
            assert now is late
        serving.close()

    asyncio.run(story())


def test_a_release_that_is_held_can_become_the_current_one_again(place: Place) -> None:
    first = place.current()

    async def story() -> None:
        serving = CurrentRelease(place.settings.releases_dir)
        async with serving.hold() as early:
            publish_another(place, longer_by(1))
            async with serving.hold():
                release_pointer.rollback(place.settings, first)
                async with serving.hold() as again:
                    assert again is early
        assert early.con.execute("select release_id from release").fetchone() == (first,)
        serving.close()

    asyncio.run(story())


def test_a_download_that_has_begun_ends_although_the_folder_is_pruned(place: Place) -> None:
    folder = release_pointer.current_folder(place.settings.releases_dir)
    whole = (folder / "nyckeltal.duckdb").read_bytes()
    with ServedApi(place.settings.releases_dir) as api:
        con = http.client.HTTPConnection("127.0.0.1", api.port)
        con.request("GET", "/utgava/nyckeltal.duckdb")
        answer = con.getresponse()
        begun = answer.read(1000)
        publish_another(place, longer_by(1))
        release_pointer.prune(place.settings.releases_dir, 1)
        assert not folder.exists()
        assert begun + answer.read() == whole
        assert answer.getheader("Nyckeltal-Release") == folder.name
        con.close()


def test_a_release_that_cannot_be_opened_leaves_the_one_before_serving(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    first = place.current()
    with ServedApi(place.settings.releases_dir) as api:
        second = publish_another(place, longer_by(1))
        broken = place.settings.releases_dir / second / release_pointer.DATABASE
        whole = broken.read_bytes()
        broken.write_bytes(b"no database")
        assert [api.get(f"{V1}/release").headers["nyckeltal-release"] for _ in range(3)] == [first] * 3
        told = [record for record in caplog.records if second in record.getMessage()]
        assert len(told) == 1  # not once a request
        third = publish_another_from(place, first)
        assert api.get(f"{V1}/release").headers["nyckeltal-release"] == third
        assert whole


def changed_bytes(place: Place, scratch: Path) -> bytes:
    """The database of the current release with another figure, as somebody would change it."""
    shutil.copy(release_pointer.current_folder(place.settings.releases_dir) / release_pointer.DATABASE, scratch)
    with duckdb.connect(str(scratch)) as con:
        con.execute("update observation set value = value + 1")
    return scratch.read_bytes()


@pytest.mark.parametrize("is_exchanged", [True, False], ids=["exchanged", "written into"])
def test_a_database_changed_under_the_server_is_not_answered_from_until_it_is_as_it_was_written(
    place: Place,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    is_exchanged: bool,
) -> None:
    monkeypatch.setattr(current_release, "_RETRY_SECONDS", 0.0)
    path = release_pointer.current_folder(place.settings.releases_dir) / release_pointer.DATABASE
    whole, other = path.read_bytes(), changed_bytes(place, tmp_path / "other.duckdb")

    def write(body: bytes) -> None:
        if is_exchanged:
            (tmp_path / "put").write_bytes(body)
            (tmp_path / "put").replace(path)
        else:
            path.write_bytes(body)

    with ServedApi(place.settings.releases_dir, with_sql=True) as api:
        before = value(api)
        write(other)
        for answer in (api.get(SERIES), api.told(api.http.post(f"{V1}/sql", content="select 1")), api.get("/")):
            assert (answer.status_code, answer.json()["type"]) == (503, "/api/#skadad-utgava")
        assert str(path) in caplog.text
        write(whole)
        assert value(api) == before
        assert api.http.post(f"{V1}/sql", content="select 1").status_code == 200
        write(other)
        assert api.get(SERIES).status_code == 503
        second = publish_another(place, longer_by(1))
        assert api.get(f"{V1}/release").headers["nyckeltal-release"] == second


def test_a_release_given_up_is_opened_anew_when_its_last_request_is_done(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_release, "_RETRY_SECONDS", 0.0)
    path = release_pointer.current_folder(place.settings.releases_dir) / release_pointer.DATABASE
    whole, other = path.read_bytes(), changed_bytes(place, tmp_path / "other.duckdb")

    async def refused(serving: CurrentRelease) -> str:
        with pytest.raises(ApiError) as told:
            async with serving.hold():
                pass
        return told.value.kind

    async def story() -> None:
        serving = CurrentRelease(place.settings.releases_dir)
        async with serving.hold() as early:
            path.write_bytes(other)
            assert await refused(serving) == "skadad-utgava"
            path.write_bytes(whole)
            assert await refused(serving) == "skadad-utgava", "pages that were read in between may be wrong"
        async with serving.hold() as anew:
            assert anew is not early
            assert anew.con.execute("select release_id from release").fetchone() == (place.current(),)
        serving.close()

    asyncio.run(story())


def test_a_database_that_was_only_touched_is_answered_from_as_before(place: Place, tmp_path: Path) -> None:
    path = release_pointer.current_folder(place.settings.releases_dir) / release_pointer.DATABASE
    with ServedApi(place.settings.releases_dir) as api:
        before = value(api)
        (tmp_path / "a second name").hardlink_to(path)
        assert value(api) == before
        shutil.copy(path, tmp_path / "copy")
        (tmp_path / "copy").replace(path)
        assert value(api) == before


def test_sql_on_a_release_whose_database_lies_with_changes_beside_it_is_refused(place: Place) -> None:
    path = release_pointer.current_folder(place.settings.releases_dir) / f"{release_pointer.DATABASE}.wal"
    with ServedApi(place.settings.releases_dir, with_sql=True) as api:
        path.write_bytes(b"changes")
        answer = api.told(api.http.post(f"{V1}/sql", content="select 1"))
        assert (answer.status_code, answer.json()["type"]) == (503, "/api/#skadad-utgava")
        assert api.get(SERIES).status_code == 200, "what is open is not read with them"


def publish_another_from(place: Place, release_id: str) -> str:
    """Publish a copy of a release that is not the current one."""
    release_pointer.rollback(place.settings, release_id)
    return publish_another(place, longer_by(2))


def test_without_a_release_every_question_says_so(place: Place, tmp_path: Path) -> None:
    with ServedApi(place.settings.releases_dir) as api:
        (place.settings.releases_dir / "current").rename(tmp_path / "current")
        assert api.get(f"{V1}/release").status_code == 200  # the last one goes on answering

    async def story() -> None:
        with pytest.raises(Exception, match="no release yet"):
            async with CurrentRelease(place.settings.releases_dir).hold():
                pass

    asyncio.run(story())


def test_a_folder_that_belies_its_name_is_not_served(place: Place) -> None:
    folder = release_pointer.current_folder(place.settings.releases_dir)
    other = folder.with_name("20300101T000000000000Z-00000000")
    shutil.copytree(folder, other)
    with pytest.raises(ValueError, match="calls itself"):
        OpenRelease.open(other)


@pytest.mark.slow
def test_many_clients_and_a_release_in_the_middle_without_one_failed_request(place: Place) -> None:
    first = place.current()
    with serving(place.data_dir) as (address, pid):
        seen = load(address, 8, 6, pid, lambda: publish_another(place, longer_by(1)))
    assert seen.failures == []
    assert set(seen.releases) == {first, place.current()}
    assert min(seen.releases.values()) > 10
    assert seen.requests > 100
    assert set(seen.took) >= {"series", "comparison", "cube", "whole indicator", "file", "next page", "repeat"}
