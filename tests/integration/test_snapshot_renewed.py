"""Over HTTP: a live data folder learns a newer year, the embedded figures are renewed from it, and say the same."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.sources.snapshot import read_manifest
from tests.integration.test_live import Publishers, observation
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, STAFF, VALUES, SmallSnapshot

pytestmark = pytest.mark.slow

COST, YEAR = "N20048", 2022


def a_newer_year(publishers: Publishers) -> None:
    """Costs of 2023, one revised and one withdrawn value."""
    store = publishers.kolada.store
    of_year = store.values[COST].filter(pl.col("period") == YEAR)
    for area, value in of_year.select(pl.col("area").cast(pl.String), "value").iter_rows():
        store.add(COST, area, YEAR + 1, "T", value * 1.05)
    store.revise(COST, GOTEBORG, YEAR, "T", 291_000.0)
    store.withdraw(COST, "1407", YEAR - 1, "T")


def test_what_a_live_folder_knows_is_what_the_renewed_snapshot_says(
    base_snapshot: SmallSnapshot, run_cli: Preloaded, tmp_path: Path
) -> None:
    live, renewed, again = tmp_path / "live", tmp_path / "renewed", tmp_path / "again"
    with Publishers(base_snapshot.folder) as publishers:
        a_newer_year(publishers)
        done = publishers.refresh(run_cli, live)
        assert done.code == 0, done.text

    def build(*more: str) -> tuple[int, str]:
        present = {"NYCKELTAL_SNAPSHOT_DIR": str(base_snapshot.folder)}
        done = run_cli("snapshot", "build", "--from-data", live, "--to", renewed, *more, env=present)
        return done.code, done.text

    code, text = build()
    assert (code, renewed.exists()) == (2, False)
    assert "scb.population folkmangd_totalt" in text, "its replica has three municipalities"
    code, text = build("--allow-fewer", "Prov med tre kommuner ur SCB")
    assert code == 0, text
    assert f"{STAFF}: not known in the data folder; stays as embedded" in text

    first, *later = read_manifest(renewed).datasets[VALUES].deliveries
    assert first.published_at == "2024-08"
    assert len(later) == 1
    news = pl.read_parquet(renewed / later[0].file)
    assert set(news["year"]) == {YEAR - 1, YEAR, YEAR + 1}
    assert news.filter(year=YEAR - 1).select("area_id", "value", "status").rows() == [("1407", None, "withdrawn")]
    done = run_cli("refresh", "--data-dir", again, "--snapshot-dir", renewed)
    assert done.code == 0, done.text

    here, there = (observation(Place(folder).settings) for folder in (again, live))
    assert_frame_equal(here, there)
    assert here.filter(indicator_id="kostnad_aldreomsorg_per_inv_80", year=YEAR + 1).height > 10
    told = Place(again).sql(
        "select change, known_from::date::varchar as day, value from observation_vintage "
        f"where indicator_id = 'kostnad_aldreomsorg_per_inv_80' and area_id = '{GOTEBORG}' and year = {YEAR} "
        "and sex = 'T' order by 2"
    )
    assert told.rows()[0][:2] == ("new", "2024-08-31")
    assert told.rows()[1] == ("revised", later[0].published_at, 291_000.0)
