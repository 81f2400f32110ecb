"""Bad nights and the good ones after them: what a publisher loses, revises beyond belief or contradicts itself in.

Each night is the command against Kolada's replica, over HTTP. A bad night leaves what was known, and names what is
wrong; the next good one mends everything by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.integration.test_live import GOTEBORG, PLAIN, YEAR, Publishers
from tests.support.command import Done, Place, Preloaded
from tests.support.replicas.kolada_store import Store
from tests.support.small_snapshot import SmallSnapshot

pytestmark = pytest.mark.slow

COST, INDICATOR = "N20048", "kostnad_aldreomsorg_per_inv_80"
WHOLE_YEAR = "N20001"  # all values of its newest year come in another unit
DATASET = "kolada.values"


@pytest.fixture(scope="module")
def small_live(tmp_path_factory: pytest.TempPathFactory, run_cli: Preloaded, base_snapshot: SmallSnapshot) -> Place:
    """A data folder with one live release of the small snapshot; only to be read."""
    home = tmp_path_factory.mktemp("nights")
    with Publishers(base_snapshot.folder) as publishers:
        done = publishers.refresh(run_cli, home / "data")
        assert done.code == 0, done.text
    return Place(home / "data")


@pytest.fixture
def place(small_live: Place, tmp_path: Path) -> Place:
    """A copy of `small_live`, to be changed."""
    return small_live.copy(tmp_path / "data")


@pytest.fixture
def publishers(base_snapshot: SmallSnapshot) -> Iterator[Publishers]:
    """Publishers that hold what `place` was made of, to be changed."""
    with Publishers(base_snapshot.folder) as both:
        both.kolada.store.version = 1  # of the first night
        yield both


def all_changed(store: Store, kpi: str, today: pl.Expr) -> None:
    """Other values of a KPI, told as changed tonight."""
    changed = store.values[kpi].with_columns(value=today, changed=pl.lit(np.datetime64("today", "D")))
    store.values[kpi] = changed
    store.version += 1


def night(publishers: Publishers, run_cli: Preloaded, place: Place, *more: str) -> Done:
    publishers.kolada_server.clear_log()
    return publishers.refresh(run_cli, place.data_dir, *more)


def swept(publishers: Publishers) -> bool:
    """Whether values were asked for whole tonight."""
    asked = [path for _, _, path in publishers.kolada_server.log if "/v3/data/kpi/" in path]
    return bool(asked) and not any("from_date" in path for path in asked)


def value(place: Place, series: str, area: str, year: int = YEAR) -> float | None:
    found: float | None = place.sql(
        "select value from observation join indicator using (indicator_id) where source_series = $1 and area_id = $2 "
        "and year = $3 and sex = 'T' and processing_level = 'published'",
        [series, area, year],
    ).item()
    return found


def test_values_that_come_as_none_hold_the_dataset_back_and_the_next_good_night_mends_it(
    place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    store, release = publishers.kolada.store, place.current()
    good = dict(store.values)
    for kpi in (COST, PLAIN):
        all_changed(store, kpi, pl.lit(None, pl.Float64))
        store.values[kpi] = store.values[kpi].with_columns(status=pl.lit("Missing", pl.Categorical))

    bad = night(publishers, run_cli, place)

    assert bad.code == 4, bad.text
    for told in ("values_lost", f"{DATASET}", f"{COST} {YEAR}: ", f"{PLAIN} {YEAR}: ", GOTEBORG):
        assert told in bad.text, told
    assert place.current() == release
    again = night(publishers, run_cli, place)
    assert (again.code, swept(publishers)) == (4, True), "still lost, and asked for whole"

    store.values = good
    store.version += 1
    mended = night(publishers, run_cli, place)

    assert mended.code == 0, mended.text
    assert swept(publishers)
    assert value(place, COST, GOTEBORG) is not None
    assert place.sql("select stale_sources from release").item() == ""
    quiet = night(publishers, run_cli, place)
    assert (quiet.code, swept(publishers)) == (0, False)
    assert "Nothing new" in quiet.text


def test_noise_is_nothing_new_and_what_is_beyond_belief_or_contradicts_itself_is_not_published(
    place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    store, release = publishers.kolada.store, place.current()
    for kpi in list(store.values):
        up = np.nextafter(store.values[kpi]["value"].to_numpy().astype(float), inf)
        all_changed(store, kpi, pl.Series(up).fill_nan(None).alias("value"))
    noise = night(publishers, run_cli, place)
    assert (noise.code, place.current()) == (0, release), noise.text
    assert "Nothing new" in noise.text or "0 revised" in noise.text
    assert place.sql("select count(*) from quarantine").item() == 0

    known = {area: value(place, COST, area) for area in (GOTEBORG, "1440", "1401", "1402", "1407", "1415", "1482")}
    whole_year = {area: value(place, WHOLE_YEAR, area) for area in (GOTEBORG, "1440", "0180")}
    assert None not in whole_year.values()
    thousandth, swap_a, swap_b = known["1401"] or 0, known["1402"] or 0, known["1407"] or 0
    for area, status in ((GOTEBORG, "Missing"), ("1440", "SUPPRESSED")):
        store.revise(COST, area, YEAR, "T", 0)
        store.give_status(COST, area, YEAR, "T", status)
    store.revise(COST, "1401", YEAR, "T", thousandth / 1000)
    store.revise(COST, "1402", YEAR, "T", swap_b)
    store.revise(COST, "1407", YEAR, "T", swap_a)
    store.revise(COST, "1415", YEAR, "T", (known["1415"] or 0) * 1.4)
    store.give_status(COST, "1482", YEAR, "T", "Preliminär gissning")
    of_year = pl.col("period") == YEAR
    all_changed(store, WHOLE_YEAR, pl.when(of_year).then(pl.col("value") * 1000).otherwise("value"))

    done = night(publishers, run_cli, place)

    assert done.code in {0, 4}, done.text
    if done.code == 4:  # three values of one year have become none
        assert "values_lost" in done.text
        assert f"{COST} {YEAR}: 3 of " in done.text
        done = night(publishers, run_cli, place, "--accept-missing", DATASET)
        assert done.code == 0, done.text
    assert [value(place, COST, area) for area in (GOTEBORG, "1440", "1482")] == [None, None, None]
    assert place.sql(
        "select area_id, status, missing_reason from observation where indicator_id = $1 and year = $2 and sex = 'T' "
        "and area_id in ('1480', '1440', '1482') order by 1",
        [INDICATOR, YEAR],
    ).rows() == [
        ("1440", "suppressed", "suppressed_by_source"),
        (GOTEBORG, "missing", "published_missing"),
        ("1482", "missing", "unknown_code: Preliminär gissning"),
    ]
    ranked = place.sql(f"select area_id from comparison where indicator_id = '{INDICATOR}' and year = {YEAR}")
    assert (
        not {GOTEBORG, "1440", "1482"} & set(ranked["area_id"])
        or place.sql(
            f"select count(rank) from comparison where indicator_id = '{INDICATOR}' and year = {YEAR} "
            "and area_id in ('1480', '1440', '1482')"
        ).item()
        == 0
    )
    assert [value(place, COST, area) for area in ("1401", "1402", "1407")] == [thousandth, swap_a, swap_b]
    assert [value(place, WHOLE_YEAR, area) for area in whole_year] == list(whole_year.values())
    assert value(place, COST, "1415") == pytest.approx((known["1415"] or 0) * 1.4)
    reasons = " ".join(place.sql("select reason from quarantine order by source_row")["reason"])
    assert f"revision_believable: expected" in reasons  # noqa: F541
    assert f"{COST} 1401 {YEAR} T: {thousandth:.15g} → {thousandth / 1000:.15g}" in reasons
    assert reasons.count("values_in_their_places") == 2
    failed = {
        i.rsplit(".", 1)[1] for i in place.sql("select check_id from quality_result where not passed")["check_id"]
    }
    assert {
        "revised_year_believable",
        "revisions_small",
        "number_beside_its_status",
        "revision_believable",
        "values_in_their_places",
    } <= failed


def test_a_delivery_that_makes_the_release_impossible_is_left_out_and_the_others_go_on(
    place: Place, publishers: Publishers, run_cli: Preloaded
) -> None:
    """The publisher mends a value that a correction expects to be wrong: no release can be made of it."""
    store = publishers.kolada.store
    corrected = "U23421"
    before = store.values[corrected]
    old = before.filter(area=GOTEBORG, period=YEAR, gender="T")["value"].item()
    store.revise(corrected, GOTEBORG, YEAR, "T", old * 0.9)
    publishers.retitle(PLAIN, "Ett annat namn, andel (%)")

    bad = night(publishers, run_cli, place)

    assert bad.code == 3, bad.text
    for told in (
        f"Held back {DATASET}",
        "no release is possible with this delivery",
        "the source has mended",
        corrected,
    ):
        assert told in bad.text, told
    assert "its warnings: " in bad.text
    assert place.sql("select stale_sources from release").item() == DATASET
    assert place.sql("select count(*) from revision").item() == 0
    refused = place.sql("select check_id, found, sample from quality_result where not passed and level = 'block'")
    assert refused.rows() == [
        (
            f"{DATASET}.correction.olampliga_lakemedel_sabo_ej_egna",
            f"the source has mended 1 values of olampliga_lakemedel_sarskilt_boende ({DATASET} {corrected})",
            f"{GOTEBORG} {YEAR} T: expected 10, found 9",
        )
    ]
    release = place.current()

    store.values[corrected] = before
    store.revise(PLAIN, GOTEBORG, YEAR, "T", 12.25)
    mended = night(publishers, run_cli, place)

    assert mended.code == 0, mended.text
    assert swept(publishers)
    assert place.current() != release
    assert place.sql("select stale_sources from release").item() == ""
    assert value(place, PLAIN, GOTEBORG) == 12.25
