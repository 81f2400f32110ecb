"""A person puts SKR's newest workbook into the inbox: it stands on the embedded ones, and they do not undo it."""

from __future__ import annotations

import polars as pl
import pytest

from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import AREAS, STAFF, SmallSnapshot
from tests.unit.test_skr_personal import Rows, book, employees, table

pytestmark = pytest.mark.slow

ALE, YEAR = "1440", 2018
NUMBER = "manadsavlonade_kommun"


def workbook(snapshot: SmallSnapshot, year: int, more: int) -> bytes:
    """A "Tabell 10" of the municipalities of a snapshot, each with so many more employees than in its newest year."""
    names = snapshot.read(AREAS).filter(area_type="K")
    numbers = snapshot.read(STAFF).filter(series_id="personal_manadsavlonade", year=2017)
    rows = numbers.join(names, on="area_id").select("name", pl.col("value").cast(int) + more).rows()
    empty = table(year, "Malung-Sälen")
    head: Rows = empty[: empty.index(employees("Stockholms län", 5900))]
    total = employees("Alla kommuner", sum(number for _, number in rows))
    return book([*head, *(employees(*row) for row in rows), total, ["Kommungrupper"]], "Tabell 10 KP 2018")


def numbers_of(place: Place) -> dict[int, float]:
    rows = place.sql(
        "select year, value from observation where indicator_id = $1 and area_id = $2 and sex = 'T' order by year",
        [NUMBER, ALE],
    )
    return dict(rows.rows())


def refreshed(run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, *more: str) -> str:
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, *more)
    assert done.code == 0, done.text
    return done.text


def test_a_newer_workbook_stands_on_the_embedded_ones_and_is_not_undone_by_them(
    place: Place, snapshot: SmallSnapshot, run_cli: Preloaded
) -> None:
    before = numbers_of(place)
    inbox = place.settings.inbox_dir / STAFF
    inbox.mkdir(parents=True)
    (inbox / f"Tabell10 {YEAR}.xlsx").write_bytes(workbook(snapshot, YEAR, 1))
    refreshed(run_cli, place, snapshot, "--source", "live", "--only", STAFF)
    assert numbers_of(place) == before | {YEAR: before[2017] + 1}

    text = refreshed(run_cli, place, snapshot)
    assert "Nothing new" in text or "nothing new" in text
    assert numbers_of(place) == before | {YEAR: before[2017] + 1}

    snapshot.change(STAFF, lambda rows: rows.with_columns(value=pl.col("value") + 1))
    refreshed(run_cli, place, snapshot)
    assert numbers_of(place) == before | {YEAR: before[2017] + 1}
    assert place.sql("select count(*) from observation_vintage where change = 'withdrawn'").item() == 0
