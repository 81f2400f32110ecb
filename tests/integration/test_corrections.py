"""A correction, from its declaration to what readers see of it, and the day that the source mends its error."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipelines.settings import ROOT
from tests.support.command import Done, Place, Preloaded
from tests.support.declarations import put
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot

pytestmark = pytest.mark.slow

CORRECTION = "olampliga_lakemedel_sabo_ej_egna"
WRONG, OTHER = "U23421", "U21426"  # special housing, whose values are those of home help
INDICATOR = "olampliga_lakemedel_sarskilt_boende"
COST, DEVIATION, IN_PER_CENT = "N20048", "N20900", "nettokostnadsavvikelse_aldreomsorg_andel"
TOLD: dict[str, Any] = {
    "dataset": VALUES,
    "sex": "T",
    "reason_sv": "Prövas av sviten, som vet vad som är rätt.",
    "reported_by": "Sviten",
    "reported_on": "2026-11-24",
}


@pytest.fixture
def declarations(tmp_path: Path) -> Path:
    """A copy of the declarations, to be changed."""
    for name in ("catalogue", "registers"):
        shutil.copytree(ROOT / "indicators" / name, tmp_path / "declarations" / name)
    return tmp_path / "declarations"


def refresh(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, declarations: Path | None = None, *more: str
) -> Done:
    env = {"NYCKELTAL_DECLARATIONS_DIR": str(declarations)} if declarations else {}
    return run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, *more, env=env)


def observed(place: Place, indicator: str, area: str, year: int, *columns: str) -> tuple[Any, ...]:
    query = f"select {', '.join(columns)} from observation where indicator_id = $1 and area_id = $2 and year = $3"
    (row,) = place.sql(f"{query} and sex = 'T'", [indicator, area, year]).rows()
    return row


def test_what_is_provably_another_series_is_missing_and_says_by_which_correction(
    base: Place, base_snapshot: SmallSnapshot
) -> None:
    values = base_snapshot.read(VALUES).drop_nulls("value")
    wrong = values.filter(series_id=WRONG).join(
        values.filter(series_id=OTHER), on=["area_id", "year", "sex", "value"], how="semi"
    )
    assert wrong.height == values.filter(series_id=WRONG).height > 100

    told = base.sql(
        "select value, status, missing_reason, correction_id, count(*) as n from observation "
        f"where indicator_id = '{INDICATOR}' and correction_id is not null group by all"
    )

    assert told.rows() == [(None, "missing", f"corrected_drop: {CORRECTION}", CORRECTION, wrong.height)]
    assert base.sql("select count(*) from observation where correction_id is not null").item() == wrong.height
    assert base.sql(f"select count(*) from comparison where indicator_id = '{INDICATOR}'").item() == 0
    assert base.sql("select count(*) from comparison where indicator_id = 'olampliga_lakemedel_hemtjanst'").item() > 0


def test_the_release_tells_what_is_corrected_why_and_by_whom(base: Place) -> None:
    (row,) = base.sql(f"select * from correction where correction_id = '{CORRECTION}'").to_dicts()
    corrected = base.sql("select count(*) from observation where correction_id is not null").item()

    assert (row["correction_id"], row["indicators"], row["series"]) == (CORRECTION, INDICATOR, WRONG)
    assert (row["area_id"], row["years"], row["sexes"]) == (None, "2019, 2020, 2021, 2022", "T, K, M")
    assert (row["action"], row["expected"], row["corrected_values"]) == ("drop", f"= {OTHER}", corrected)
    declared = yaml.safe_load((ROOT / "indicators/registers/corrections/lakemedel.yml").read_text(encoding="utf-8"))
    assert (row["reason_sv"], row["reported_by"]) == (declared[0]["reason_sv"], declared[0]["reported_by"])
    assert base.sql("select distinct correction_id from observation_wide where correction_id is not null").rows() == [
        (CORRECTION,)
    ]
    check = f"select level, subject, passed from quality_result where check_id = 'correction.{CORRECTION}'"
    assert base.sql(check).rows() == [("block", "warehouse", True)]


def test_when_the_source_has_mended_its_error_its_delivery_is_left_out_until_the_correction_is_removed(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, declarations: Path
) -> None:
    wrong = snapshot.set_value(WRONG, GOTEBORG, 2022, 5.75)
    assert wrong is not None

    done = refresh(run_cli, place, snapshot, declarations)

    assert done.code == 3, done.text  # all else is released, by these declarations
    for told in (
        f"correction.{CORRECTION}", f"remove the correction {CORRECTION}", INDICATOR, WRONG,
        f"{GOTEBORG} 2022 T: expected {wrong:.15g}, found 5.75", "the last release stands",
    ):  # fmt: skip
        assert told in done.text, told
    assert observed(place, INDICATOR, GOTEBORG, 2022, "value", "correction_id") == (None, CORRECTION)
    release = place.current()
    again = refresh(run_cli, place, snapshot, declarations)
    assert (again.code, place.current()) == (4, release), "the same delivery is left out at once"
    assert f"correction.{CORRECTION}" in again.text

    put(declarations / "registers" / "corrections" / "lakemedel.yml", [])
    done = refresh(run_cli, place, snapshot, declarations)

    assert done.code == 0, done.text
    assert place.current() != release
    row = observed(place, INDICATOR, GOTEBORG, 2022, "value", "status", "missing_reason", "correction_id")
    assert row == (5.75, "normal", None, None)
    assert place.sql(f"select count(*) from correction where correction_id = '{CORRECTION}'").item() == 0


def test_a_corrected_value_is_what_is_computed_with_and_only_the_wrong_one_is_corrected(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, declarations: Path
) -> None:
    """The cost was right when it was first known, and is wrong now; the deviation is too large a thousand times."""
    right = snapshot.set_value(COST, GOTEBORG, 2022, 2.5)
    flagged = observed(place, IN_PER_CENT, "0180", 2022, "value")[0]
    deviation = snapshot.set_value(DEVIATION, GOTEBORG, 2021, 6720.7)
    assert right is not None
    assert deviation is not None
    added = [
        {"correction_id": "ratt_kostnad", "indicator": "kostnad_aldreomsorg_per_inv_80", "area": GOTEBORG,
         "years": [2022], "action": "override", "value": right, "expected": {"value": 2.5}},
        {"correction_id": "i_tusendelar", "dataset": VALUES, "series": DEVIATION, "area": GOTEBORG, "years": [2021],
         "action": "scale", "factor": 0.001, "expected": {"within": {"min": 1000, "max": 100000}}},
        {"correction_id": "bara_sagd", "dataset": VALUES, "series": DEVIATION, "area": "0180", "years": [2022],
         "action": "flag", "expected": {"values": [{"area": "0180", "year": 2022, "value": flagged}]}},
    ]  # fmt: skip
    told = [
        TOLD | row if "dataset" in row else {k: v for k, v in (TOLD | row).items() if k != "dataset"} for row in added
    ]
    put(declarations / "registers" / "corrections" / "prov.yml", told)
    first_known = place.sql("select max(known_from) from observation").item()
    before = place.sql("select * from observation where indicator_id = 'kostnad_aldreomsorg_totalt' and year = 2022")

    done = refresh(run_cli, place, snapshot, declarations, "--accept-revised", VALUES)  # else both are set aside

    assert done.code == 0, done.text
    columns = ("value", "status", "missing_reason", "correction_id")
    own = observed(place, "kostnad_aldreomsorg_per_inv_80", GOTEBORG, 2022, *columns)
    assert own == (right, "normal", None, "ratt_kostnad")
    for area in (GOTEBORG, "GR"):
        value, correction = observed(place, "kostnad_aldreomsorg_totalt", area, 2022, "value", "correction_id")
        assert value == pytest.approx(before.filter(area_id=area, sex="T")["value"].item())
        assert correction == "ratt_kostnad"
    assert observed(place, "kostnad_aldreomsorg_totalt", "1440", 2022, "correction_id") == (None,)
    scaled = observed(place, IN_PER_CENT, GOTEBORG, 2021, *columns)
    assert scaled == (pytest.approx(6.7207), "normal", None, "i_tusendelar")
    assert observed(place, IN_PER_CENT, "0180", 2022, *columns) == (flagged, "normal", None, "bara_sagd")
    history = place.sql(
        f"select value, correction_id, change from observation_vintage where indicator_id = '{IN_PER_CENT}' "
        f"and area_id = '{GOTEBORG}' and year = 2021 and sex = 'T' order by known_from"
    )
    assert history.rows() == [(deviation, None, "new"), (pytest.approx(6.7207), "i_tusendelar", "revised")]
    then = f"observation_as_of(timestamp '{first_known + timedelta(seconds=1)}')"
    where = f"where indicator_id = '{IN_PER_CENT}' and correction_id = 'i_tusendelar'"
    assert place.sql(f"select count(*) from {then} {where}").item() == 0
    revised = place.sql("select indicator_id, area_id, year from revision").unique()
    assert ("kostnad_aldreomsorg_per_inv_80", GOTEBORG, 2022) not in revised.rows(), "it came out as it was"
    corrected = place.sql("select correction_id, corrected_values from correction where action <> 'caution' order by 1")
    assert corrected.filter(pl.col("correction_id") != CORRECTION).rows() == [
        ("bara_sagd", 1), ("i_tusendelar", 1), ("ratt_kostnad", 1)
    ]  # fmt: skip
