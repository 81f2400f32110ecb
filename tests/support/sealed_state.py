"""A small data folder with every kind of state in it, made in a second, and ways to damage it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from pipelines.release import publication
from pipelines.release.shared_files import ReleaseFiles
from pipelines.release.table_keys import table_keys
from pipelines.settings import Settings
from pipelines.sources.snapshot_writer import promise_of
from pipelines.storage.builds import WAREHOUSE, Builds, StepRecord
from pipelines.storage.fetch_outcomes import FetchOutcomes
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.storage.staged import HeldBack, StagedDeliveries, Verdict
from pipelines.storage.taken_in import remember
from pipelines.storage.vintages import CheckResult, Refusal, Staged
from tests.support.deliveries import FACTS, NOON, House, changed, facts

CHECK = CheckResult(
    check_id="tried", level="block", subject="release", passed=False, expected="-", found="TEST FIGURES"
)


def sealed_state(home: Path) -> House:
    """Three deliveries (a row set aside in one, one refused) with their fetches, a judgement, a build, two releases."""
    house = House(Settings(data_dir=home / "data", snapshot_dir=home / "snapshot", memory_limit_mb=300))
    rows, day = facts(), timedelta(days=1)
    house.absorb(given(house, rows), NOON)
    publish(house, NOON + timedelta(hours=1))
    held = changed(rows, 7, value=-1.0)[6:7]
    house.absorb(given(house, changed(rows, 1, value=11.5), held=held), NOON + day)
    refused = house.absorb(given(house, changed(rows, 2, value=12.5)), NOON + 2 * day)
    told = Refusal(refused_at=NOON, code="c", content_id=refused.content_id, is_proven=True, checks=(CHECK,))
    house.vintages.refuse(refused, told)
    house.archive.look(FACTS, NOON)
    held_back = HeldBack(what="no answer", where="https://example.org")
    FetchOutcomes(house.settings.archive_dir).note("scb.kpif", NOON, held_back, ())
    judged(house, refused.content_id)
    built(house)
    publish(house, NOON + 3 * day)
    remember(house.settings)
    return house


def given(house: House, rows: pl.DataFrame, held: pl.DataFrame | None = None) -> Staged:
    """A delivery as if it had passed the gate, whose fetch and bytes are in the archive."""
    staged, fetched = house.parsed(FACTS, rows, held=held), house.fetch(FACTS, rows, promise_of(rows, FACTS))
    sha = pl.lit(fetched.files[0].sha256)
    pl.read_parquet(staged.rows_path).with_columns(source_file_sha256=sha).write_parquet(staged.rows_path)
    return replace(staged, fetched=fetched)


def judged(house: House, content_id: str) -> None:
    """A judgement whose rows are a few bytes."""

    def judge(folder: Path) -> Verdict:
        (folder / "rows.parquet").write_bytes(b"rows of a delivery")
        return Verdict(
            dataset=FACTS, fetch=3, content_id=content_id, rules_id="rules", judged_by="b" * 64, judged_at=NOON
        )

    StagedDeliveries(house.settings.staged_dir).write(FACTS, content_id, "b" * 64, judge)


def built(house: House) -> None:
    """A build whose databases are a few bytes."""
    build = Builds(house.settings.builds_dir).begin("a" * 64)
    build.build_db.write_bytes(b"a database")
    build.release_db.write_bytes(b"public tables")
    build.complete(WAREHOUSE, StepRecord(input_hash="a" * 64, rows={"area": 1}), [build.build_db, build.release_db])


# What each table of a release has beside its key.
_FIGURE = ("'a' as name", "1.5 as value")
_COLUMNS = {
    "observation": _FIGURE,
    "indicator": (*_FIGURE, "null::varchar as theme"),
    "area": (*_FIGURE, "'municipality' as area_type"),
    "comparison": _FIGURE,
    "observation_vintage": (
        "1 as value", "now()::timestamp as known_from", "null::timestamp as known_to", "1 as revision",
        "'new' as change",
    ),
    "measure": (),
    "measure_value": ("1.5 as value", "null::varchar as reason", "null::varchar as caution"),
}  # fmt: skip


def publish(house: House, now: datetime) -> ReleaseInfo:
    """A release of one row a table, with a file of a package and two of a site."""
    candidate = house.settings.data_dir / "cache" / "candidate.duckdb"
    candidate.parent.mkdir(exist_ok=True)
    candidate.unlink(missing_ok=True)
    with duckdb.connect(str(candidate)) as con:
        keys = table_keys(house.settings.dbt_project_dir)
        for table, more in _COLUMNS.items():
            named = [f"{'2022' if column == 'year' else repr('a')} as {column}" for column in keys[table]]
            columns = [*(one for one in named if not one.endswith(" known_from")), *more]
            con.execute(f"create table {table} as select {', '.join(columns)}")
    planned = publication.plan(house.settings)
    assert planned
    return publication.publish(house.settings, planned, candidate, [], [], (), now, write_parts)


def write_parts(folder: Path, before: Path | None) -> None:
    """The parts of a release: `README.md`, and a site of two files."""
    package = ReleaseFiles(folder, before, "recipe")
    package.text("README.md", "same", lambda: "TEST FIGURES\n")
    package.close()
    site = ReleaseFiles(folder / "site", before / "site" if before else None, "recipe")
    site.text("index.html", "same", lambda: "<title>TEST FIGURES</title>")
    site.text("assets/site.css", folder.name, lambda: "body {}")
    site.close()


def files_of(house: House) -> list[Path]:
    """Every file of state, by name."""
    settings = house.settings
    homes = (settings.archive_dir, settings.vintages_dir, settings.staged_dir, settings.builds_dir)
    found = [path for home in (*homes, settings.releases_dir) for path in home.rglob("*")]
    loose = set(settings.staged_dir.glob("*.parquet"))  # where tests put rows before they are taken in
    return sorted(path for path in found if path.is_file() and not path.is_symlink() and path not in loose)
