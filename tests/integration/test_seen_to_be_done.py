"""A change at the source, from the refresh that finds it to what readers see of it."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.settings import Settings
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, KPIF, VALUES, SmallSnapshot, cell_of

pytestmark = pytest.mark.slow

PLAIN = "U21425"  # the series of one published indicator, in no computed one and with no weight (checked below)
COST = "N20048"  # the cost of elderly care per inhabitant 80+, which computed indicators use too
COST_INDICATOR = "kostnad_aldreomsorg_per_inv_80"
YEAR = 2022


def plain_indicator() -> str:
    catalogue = load_catalogue(Settings().declarations_dir)
    assert PLAIN not in {m.series for m in catalogue.measures}
    (found,) = [i for i in catalogue.indicators if i.series == PLAIN]
    assert found.weight is None, "groups would have a weighted value, revised with it"
    return found.indicator_id


def refresh(run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, *more: str) -> tuple[int, str]:
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, *more)
    return done.code, done.text


def test_one_changed_value_is_one_revision_and_the_old_value_is_still_known_as_of_then(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    indicator, before = plain_indicator(), place.current()
    first_known = place.sql("select max(known_from) from observation").item()
    old = snapshot.set_value(PLAIN, GOTEBORG, YEAR, 12.25)

    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    assert place.current() != before
    key = (indicator, GOTEBORG, YEAR, "T")
    assert place.sql("select * exclude (known_from) from revision").rows() == [(*key, old, 12.25, "revised")]
    shown = json.loads(run_cli("diff", "--data-dir", place.data_dir, "--json").out)
    assert [tuple(row.values()) for row in shown] == [(*key, old, 12.25, "normal", "normal")]
    where = f"where indicator_id = '{indicator}' and area_id = '{GOTEBORG}' and year = {YEAR} and sex = 'T'"
    assert place.sql(f"select value from observation {where}").item() == 12.25
    then = f"observation_as_of(timestamp '{first_known + timedelta(seconds=1)}')"
    assert place.sql(f"select value from {then} {where}").item() == old
    assert place.log()[-1]["changed"] == {VALUES: {"revised": 1}}


def test_a_changed_value_that_others_are_computed_from_changes_those_and_nothing_else(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    old = snapshot.set_value(COST, GOTEBORG, YEAR, 300000.0)

    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    revision = place.sql("select * from revision")
    own = pl.col("indicator_id").eq(COST_INDICATOR) & pl.col("area_id").eq(GOTEBORG)
    assert revision.filter(own).select("year", "sex", "old_value", "new_value", "change").rows() == [
        (YEAR, "T", old, 300000.0, "revised")
    ]
    assert set(revision["indicator_id"]) <= made_of(COST)
    assert len(set(revision["indicator_id"])) > 1
    holding = set(place.sql(f"select group_id from area_membership where area_id = '{GOTEBORG}'")["group_id"])
    assert set(revision["area_id"]) <= {GOTEBORG, *holding}
    assert {"GR", GOTEBORG} <= set(revision["area_id"])
    assert set(revision["year"]) == {YEAR}
    assert set(revision["sex"]) == {"T"}
    shown = json.loads(run_cli("diff", "--data-dir", place.data_dir, "--json").out)
    keys = ["indicator_id", "area_id", "year", "sex"]
    assert sorted(tuple(row[k] for k in keys) for row in shown) == sorted(revision.select(keys).rows())


def made_of(series: str) -> set[str]:
    """The indicators that take the series, as it is or in a computation."""
    catalogue = load_catalogue(Settings().declarations_dir)
    measures = {m.measure_id for m in catalogue.measures if m.series == series}
    return {
        i.indicator_id
        for i in catalogue.indicators
        if i.series == series or measures & set(catalogue.quotient(i).measures)
    }


def test_a_second_refresh_with_nothing_new_writes_nothing_but_a_line_in_the_log(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    lines, before = place.log(), place.listing()

    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    assert "Nothing new" in text
    after = place.listing()
    log = "logs/runs.jsonl"
    not_kept = {log, "logs", "lock", ".", "lock.holder.json"}  # the lock is taken and given back
    assert {p: s for p, s in after.items() if p not in not_kept} == {
        p: s for p, s in before.items() if p not in not_kept
    }
    assert place.log()[:-1] == lines
    assert place.log()[-1]["outcome"] == "nothing_new"


def test_other_bytes_with_the_same_figures_are_nothing_new_and_no_check_is_told_as_missing(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    snapshot.change(VALUES, lambda frame: frame.reverse())

    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    assert "Nothing new" in text
    assert "no result" not in text, "Dagster warns of each test of dbt that was not told"


def test_a_null_of_the_source_is_a_missing_value_and_not_an_absent_row(
    base: Place, base_snapshot: SmallSnapshot
) -> None:
    catalogue = load_catalogue(Settings().declarations_dir)
    nulls = base_snapshot.read(VALUES).filter(pl.col("value").is_null())
    plain = {i.series: i.indicator_id for i in catalogue.indicators if i.series and i.dataset == VALUES}
    wanted = {(plain[s], a, y, x) for s, a, y, x, *_ in nulls.iter_rows() if s in plain}
    assert wanted

    found = base.sql("select indicator_id, area_id, year, sex, value, status from observation where value is null")

    by_key = {row[:4]: row[4:] for row in found.iter_rows()}
    assert wanted <= set(by_key)
    assert {by_key[key][1] for key in wanted} <= {"missing", "not_collected"}
    assert base.sql("select count(*) from observation where status = 'normal' and value is null").item() == 0


def test_a_row_that_the_source_takes_away_is_withdrawn_and_restored_when_it_comes_back(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, base_snapshot: SmallSnapshot
) -> None:
    indicator = plain_indicator()
    key = (indicator, GOTEBORG, YEAR, "T")
    (old,) = base_snapshot.read(VALUES).filter(cell_of(PLAIN, GOTEBORG, YEAR))["value"].to_list()
    snapshot.change(VALUES, lambda rows: rows.filter(~cell_of(PLAIN, GOTEBORG, YEAR)))

    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    changed = "select * exclude (known_from) from revision"
    assert place.sql(changed).rows() == [(*key, old, None, "withdrawn")]
    where = f"where indicator_id = '{indicator}' and area_id = '{GOTEBORG}' and year = {YEAR} and sex = 'T'"
    assert place.sql(f"select value, status, missing_reason from observation {where}").rows() == [
        (None, "withdrawn", "withdrawn_by_source")
    ]

    snapshot.restore(base_snapshot)
    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    assert place.sql(changed).rows() == [(*key, None, old, "restored")]
    history = place.sql(f"select change, value from observation_vintage {where} order by known_from")
    assert history.rows() == [("new", old), ("withdrawn", None), ("restored", old)]


def test_a_held_back_dataset_does_not_stop_the_others_and_is_named_as_stale_until_it_is_mended(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, base_snapshot: SmallSnapshot
) -> None:
    values_before = place.sql(f"select * from observation where indicator_id = '{plain_indicator()}'")
    snapshot.write(VALUES, base_snapshot.read(VALUES).rename({"value": "varde"}), promise=False)
    newer = pl.col("year").eq("2022") & pl.col("month").eq("12")
    snapshot.change(KPIF, lambda rows: rows.with_columns(value=pl.when(newer).then(pl.lit("400.5")).otherwise("value")))

    code, text = refresh(run_cli, place, snapshot)

    assert code == 3, text
    assert VALUES in text
    assert "varde" in text
    assert place.sql("select stale_sources from release").item() == VALUES
    assert place.log()[-1]["outcome"] == "released_with_stale_sources"
    assert place.log()[-1]["changed"] == {KPIF: {"revised": 1}}
    assert place.sql(f"select * from observation where indicator_id = '{plain_indicator()}'").equals(values_before)
    told = json.loads(run_cli("status", "--data-dir", place.data_dir, "--json").out)
    assert told["release"]["stale_sources"] == [VALUES]

    snapshot.write(VALUES, base_snapshot.read(VALUES))
    snapshot.path(VALUES).write_bytes(base_snapshot.path(VALUES).read_bytes())
    code, text = refresh(run_cli, place, snapshot)

    assert code == 0, text
    assert place.sql("select stale_sources from release").item() == ""
