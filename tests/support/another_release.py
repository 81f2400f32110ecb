"""Releases that differ from one another, published without a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.release import publication
from pipelines.steps.workspace import utc_now
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION
from pipelines.storage.release_sums import write_sums
from pipelines.storage.sealing import file_seal, write_sealed
from tests.support.command import Place


def publish_another(place: Place, change: Callable[[duckdb.DuckDBPyConnection], object]) -> str:
    """Publish a copy of the current release, changed; returns its id."""
    database = place.settings.cache_dir / "copied.duckdb"
    shutil.copy(release_pointer.current_folder(place.settings.releases_dir) / DATABASE, database)
    with duckdb.connect(str(database)) as con:
        con.execute("drop table quality_result; drop table release; drop macro table observation_as_of")
        change(con)
    planned = publication.plan(place.settings)
    assert planned is not None
    return publication.publish(place.settings, planned, database, [], [], (), utc_now()).release_id


def seal_anew(folder: Path) -> None:
    """Seal a release as it is now, when a test has changed its database."""
    described = release_pointer.info(folder)
    contents = described.contents | {DATABASE: file_seal(folder / DATABASE)}
    now = described.model_copy(update={"contents": contents})
    write_sealed(folder / DESCRIPTION, now.model_dump(mode="json"), None)
    write_sums(folder, {})


def longer_by(number: int) -> Callable[[duckdb.DuckDBPyConnection], object]:
    """The change that makes some tables longer by `number` rows."""

    def change(con: duckdb.DuckDBPyConnection) -> None:
        for i in range(number):
            con.execute(f"insert into quarantine select 'test', 'test', {i}, '', 'tried', ''")
            another = f"select * replace ('p{number}_{i}' as index_id) from price_index limit 1"
            con.execute(f"insert into price_index by name {another}")

    return change
