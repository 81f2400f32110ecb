"""What readers meet while releases come, go back and are removed; and what a reader's SQL may not do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.settings import ROOT
from pipelines.storage import release_pointer
from pipelines.storage.files import sha256_of
from tests.support.another_release import longer_by, publish_another
from tests.support.command import Place, Preloaded, nyckeltal
from tests.support.small_snapshot import GOTEBORG


def test_a_reader_in_a_loop_sees_only_whole_releases_while_ten_are_published(place: Place) -> None:
    first = place.current()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.read_loop", place.settings.releases_dir],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as loop:
        assert loop.stdout is not None
        published = [first]
        try:
            assert loop.stdout.readline().strip() == first
            for number in range(1, 11):
                published.append(publish_another(place, longer_by(number)))
                assert loop.stdout.readline().strip() == published[-1]
            told, _ = loop.communicate()
        finally:
            loop.kill()
    found = json.loads(told.strip().splitlines()[-1])
    assert found["errors"] == []
    assert found["seen"] == published
    assert found["reads"] >= 11


def test_rollback_serves_the_release_before_and_a_named_one_and_removes_nothing(place: Place) -> None:
    first, second = place.current(), publish_another(place, longer_by(1))
    third = publish_another(place, longer_by(2))

    done = nyckeltal("releases", "rollback", "--data-dir", place.data_dir)

    assert done.code == 0, done.text
    assert place.current() == second
    assert place.sql("select release_id from release").item() == second
    assert nyckeltal("releases", "rollback", first, "--data-dir", place.data_dir).code == 0
    assert place.current() == first
    wrong = nyckeltal("releases", "rollback", "20000101T000000000000Z-0", "--data-dir", place.data_dir)
    assert wrong.code == 2
    assert third in wrong.text
    beyond = nyckeltal("releases", "rollback", "--data-dir", place.data_dir)
    assert beyond.code == 2
    assert "no release before" in beyond.text
    assert place.current() == first
    assert {r.release_id for r in release_pointer.releases(place.settings.releases_dir)} == {first, second, third}


def test_prune_keeps_the_newest_and_never_removes_the_current(place: Place) -> None:
    first = place.current()
    others = [publish_another(place, longer_by(n)) for n in (1, 2, 3)]
    release_pointer.rollback(place.settings, first)

    done = nyckeltal("releases", "prune", "--keep", "1", "--data-dir", place.data_dir)

    assert done.code == 0, done.text
    assert {r.release_id for r in release_pointer.releases(place.settings.releases_dir)} == {first, others[-1]}
    assert place.current() == first
    assert place.sql("select count(*) from observation").item() > 0
    listed = nyckeltal("releases", "list", "--json", "--data-dir", place.data_dir)
    assert [r["release_id"] for r in json.loads(listed.out)] == [others[-1], first]
    assert nyckeltal("releases", "prune", "--keep", "0", "--data-dir", place.data_dir).code == 2


@pytest.mark.slow
def test_rebuild_gives_the_same_bytes_in_every_table_but_that_of_the_release(run_cli: Preloaded, place: Place) -> None:
    before = release_pointer.current_folder(place.settings.releases_dir)

    done = run_cli("rebuild", "--data-dir", place.data_dir)

    assert done.code == 0, done.text
    after = release_pointer.current_folder(place.settings.releases_dir)
    assert after != before
    hashes = [{p.name: sha256_of(p) for p in (folder / "parquet").iterdir()} for folder in (before, after)]
    differing = {name for name in hashes[0] | hashes[1] if hashes[0].get(name) != hashes[1].get(name)}
    assert differing == {"release.parquet"}
    assert len(hashes[0]) >= 12


FORBIDDEN = {
    "create a table": "create table mine as select 1",
    "delete": "delete from observation",
    "update": "update observation set value = 0",
    "drop": "drop table observation",
    "read a csv file": "select * from read_csv('/etc/passwd')",
    "read a file by its name": "select * from '/etc/passwd.csv'",
    "read text": "select * from read_text('/etc/passwd')",
    "read parquet over the network": "select * from read_parquet('https://example.org/x.parquet')",
    "copy to a file": "copy observation to '{tmp}/stolen.csv'",
    "export": "export database '{tmp}/stolen'",
    "attach": "attach '{tmp}/other.duckdb'",
    "install": "install httpfs",
    "load": "load httpfs",
    "switch access on": "set enable_external_access = true",
    "lift the lock": "set lock_configuration = false",
    "list a folder": "select * from glob('/etc/*')",
    "one after another": "select 1; delete from observation",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_reader_s_sql_may_not(what: str, base: Place, tmp_path: Path) -> None:
    folder = release_pointer.current_folder(base.settings.releases_dir)
    before = sha256_of(folder / release_pointer.DATABASE)

    with pytest.raises(UsageError):
        reader.query(folder, FORBIDDEN[what].format(tmp=tmp_path))

    assert list(tmp_path.iterdir()) == []
    assert sha256_of(folder / release_pointer.DATABASE) == before


def test_the_command_refuses_such_sql_with_words_and_exit_code_2(base: Place, tmp_path: Path) -> None:
    done = nyckeltal("sql", f"copy observation to '{tmp_path}/stolen.csv'", "--data-dir", base.data_dir)
    assert done.code == 2
    assert "the query cannot be run" in done.text
    assert "Traceback" not in done.text
    assert list(tmp_path.iterdir()) == []


def test_sql_gives_table_json_csv_and_parquet(base: Place, tmp_path: Path) -> None:
    query = "select year, value from observation where indicator_id = 'kostnad_aldreomsorg_per_inv_80' "
    query += f"and area_id = '{GOTEBORG}' and sex = 'T' order by year"
    wanted = base.sql(query)
    ask = ("sql", query, "--data-dir", base.data_dir)

    assert "290766" in nyckeltal(*ask).out
    assert json.loads(nyckeltal(*ask, "--json").out) == wanted.to_dicts()
    assert pl.read_csv(nyckeltal(*ask, "--format", "csv").out.encode()).rows() == wanted.rows()
    assert nyckeltal(*ask, "--format", "parquet", "--output", tmp_path / "x.parquet").code == 0
    assert pl.read_parquet(tmp_path / "x.parquet").equals(wanted)
    assert nyckeltal(*ask, "--format", "parquet").code == 2
    assert nyckeltal(*ask, "--format", "excel").code == 2


@pytest.mark.parametrize("column", ["[1, 2]", "{'a': 1}", "map {'a': 1}", "'abc'::blob"])
def test_what_csv_has_no_place_for_is_refused_in_words(base: Place, column: str) -> None:
    done = nyckeltal("sql", f"select {column} as x", "--format", "csv", "--data-dir", base.data_dir)
    assert done.code == 2
    assert "the result has no place in csv" in done.text
    assert "Traceback" not in done.text


def test_csv_writes_what_a_spreadsheet_would_run_as_text(base: Place) -> None:
    query = "select * from (values ('=1+1'), ('+1'), ('-1'), ('@x'), ('plain')) as t(cell)"
    done = nyckeltal("sql", query, "--format", "csv", "--data-dir", base.data_dir)
    assert done.out.splitlines() == ["cell", "'=1+1", "'+1", "'-1", "'@x", "plain"]
