"""A bit flipped in what lasts stops every command that would build on it, by name; readers keep the last release."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import duckdb
import pytest

from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from tests.support.another_release import longer_by, publish_another
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot

pytestmark = pytest.mark.slow


def flip(path: Path) -> None:
    """Turn one bit in the middle of a file."""
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 0x80
    path.write_bytes(body)


@pytest.mark.parametrize(
    "damaged", [f"vintages/{VALUES}/000001/changes.parquet", f"archive/fetches/{VALUES}/000001.json"]
)
def test_a_flipped_bit_is_refused_by_name_by_all_that_would_build_on_it(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, damaged: str
) -> None:
    before, path = place.current(), place.data_dir / damaged
    flip(path)
    same = ("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder)
    snapshot_before = run_cli(*same)
    snapshot.set_value("N20048", GOTEBORG, 2022, 300000.0)
    for done in (snapshot_before, run_cli(*same), run_cli("rebuild", "--data-dir", place.data_dir)):
        assert done.code == 4, done.text
        assert str(path) in done.text
        assert "backup" in done.text
    assert place.current() == before
    assert all(str(path) in line["error"] for line in place.log()[-3:]), "the run's line in the log says it"

    told = run_cli("status", "--data-dir", place.data_dir)
    assert told.code == 4
    assert str(path) in told.text
    assert before in told.text, "what readers have is told all the same"
    shown = json.loads(run_cli("status", "--data-dir", place.data_dir, "--json").out)
    assert [error["where"] for error in shown["damaged"]] == [str(path)]


def test_a_delivery_lost_with_every_release_is_named_and_derived_again(run_cli: Preloaded, place: Place) -> None:
    where = ("--data-dir", place.data_dir)
    known, lost = place.state(), place.data_dir / "vintages" / VALUES
    shutil.rmtree(lost)
    shutil.rmtree(place.settings.releases_dir)
    told = run_cli("verify", *where)
    assert told.code == 5, told.text
    assert str(lost) in told.text
    assert run_cli("refresh", *where).code == 4, "nothing is taken in a second time with another date"
    mended = run_cli("repair", *where)
    assert mended.code == 0, mended.text
    assert run_cli("verify", "--deep", *where).code == 0
    assert place.state().keys() == known.keys()
    changes = str(lost / "000001" / "changes.parquet")
    assert place.state()[changes] == known[changes]


def test_a_damaged_description_of_a_release_is_named_by_every_command_and_mended_by_two(
    run_cli: Preloaded, place: Place, tmp_path: Path
) -> None:
    release, path = place.current(), place.settings.releases_dir / "current" / "release.json"
    tables = {name: place.sql(f"select * from {name} order by all") for name in ("observation", "comparison")}
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    where = ("--data-dir", place.data_dir)
    commands = {
        "status": 4, "sql": 4, "serve": 4, "site": 4, "refresh": 4, "doctor": 2, "verify": 5, "releases": 4,
    }  # fmt: skip
    more = {
        "sql": ["select 1"],
        "serve": ["--port", "0"],
        "releases": ["rollback"],
        "site": ["--output", tmp_path / "s"],
    }
    for command, code in commands.items():
        done = run_cli(command, *more.get(command, []), *where)
        assert done.code == code, f"{command}: {done.text}"
        assert "release.json" in done.text, command
        assert "nyckeltal repair" in done.text, command
        assert "Traceback" not in done.text, command

    mended = run_cli("repair", *where)
    assert mended.code == 0, mended.text
    assert run_cli("rebuild", *where).code == 0
    assert run_cli("verify", "--deep", *where).code == 0
    assert {name: place.sql(f"select * from {name} order by all").equals(rows) for name, rows in tables.items()} == {
        "observation": True, "comparison": True
    }  # fmt: skip
    assert list(place.settings.damaged_dir.glob(f"*/releases/{release}/release.json"))


COMMANDS: dict[str, list[str]] = {
    "sql": ["sql", "select 1"],
    "compare": ["compare", GOTEBORG],
    "diff": ["diff"],
    "site": ["site", "--output", "PAGES"],
    "serve": ["serve", "--port", "0"],
    "publish": ["publish", "postgres", "--dsn", "host=/nowhere"],
    "study": ["study", "list"],
    "timeline": ["timeline", GOTEBORG],
    "indicators": ["indicators", "list"],
    "status": ["status"],
}


def test_nothing_is_answered_from_a_database_that_somebody_has_changed(
    run_cli: Preloaded, place: Place, tmp_path: Path
) -> None:
    publish_another(place, longer_by(1))
    path = release_pointer.current_folder(place.settings.releases_dir) / DATABASE
    with duckdb.connect(str(path)) as con:
        con.execute("update observation set value = value + 1")
    for command, words in COMMANDS.items():
        done = run_cli(
            *(tmp_path / "pages" if word == "PAGES" else word for word in words), "--data-dir", place.data_dir
        )
        assert done.code == 4, f"{command}: {done.text}"
        assert str(path) in done.text, command
        assert "not what was written" in done.text, command
        assert "nyckeltal repair" in done.text, command
        assert "Traceback" not in done.text, command
    assert not (tmp_path / "pages").exists()

    assert run_cli("repair", "--data-dir", place.data_dir).code == 0
    assert run_cli("sql", "select 1", "--data-dir", place.data_dir).code == 0


def test_who_may_only_read_the_data_folder_reads_it(run_cli: Preloaded, base: Place) -> None:
    with tempfile.TemporaryDirectory() as home:  # not below pytest's own folder, which only its owner may enter
        Path(home).chmod(0o755)
        place = base.copy(Path(home) / "data")
        shutil.rmtree(place.settings.cache_dir / "hashes", ignore_errors=True)
        place.settings.cache_dir.chmod(0o555)
        before = place.listing()
        done = run_cli("sql", "select release_id from release", "--data-dir", place.data_dir, unprivileged=True)
        assert done.code == 0, done.text
        assert place.current() in done.text
        assert place.listing() == before


def test_a_backup_restored_into_an_empty_folder_and_rebuilt_gives_the_same_tables(
    run_cli: Preloaded, base: Place, tmp_path: Path
) -> None:
    made = run_cli("backup", tmp_path / "backup.tar", "--data-dir", base.copy(tmp_path / "data").data_dir)
    assert made.code == 0, made.text
    restored = Place(tmp_path / "restored")
    assert run_cli("restore", tmp_path / "backup.tar", "--data-dir", restored.data_dir).code == 0
    assert restored.current() == base.current()
    done = run_cli("rebuild", "--data-dir", restored.data_dir)
    assert done.code == 0, done.text
    assert restored.current() != base.current()
    same = {}
    for name in base.sql("select table_name from duckdb_tables() where table_name <> 'release'").to_series():
        rows = f"select * from {name} order by all"
        same[name] = restored.sql(rows).equals(base.sql(rows))
    assert [name for name, is_same in same.items() if not is_same] == []


def test_a_data_folder_from_before_seals_goes_on_and_is_guarded_from_then_on(run_cli: Preloaded, place: Place) -> None:
    for home in ("archive", "vintages"):
        for path in (place.data_dir / home).rglob("*.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            kept = {k: v for k, v in record.items() if k not in {"seal", "sealed_before", "contents"}}
            path.write_text(json.dumps(kept), encoding="utf-8")
    known = place.sql("select * from observation_vintage order by all")

    done = run_cli("rebuild", "--data-dir", place.data_dir)

    assert done.code == 0, done.text
    assert place.sql("select * from observation_vintage order by all").equals(known)
    flip(place.data_dir / "vintages" / VALUES / "000001" / "changes.parquet")
    assert run_cli("status", "--data-dir", place.data_dir).code == 4
