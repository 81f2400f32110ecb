"""What a source says of a value reaches its readers, and values of units stand beside those of municipalities."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.steps.workspace import utc_now
from pipelines.storage import release_pointer
from pipelines.storage.archive import Promise
from tests.support.command import Place, Preloaded
from tests.support.deliveries import House
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot, cell_of

pytestmark = pytest.mark.slow

TRUST, TRUST_INDICATOR = "U23471", "helhetssyn_sarskilt_boende"  # taken as it is
COST, HOME_HELP = "N20048", "N21702"  # with a weight, and in sums; in a control of women and men
UNIT = "V15E144001101"
SUPPRESSED, NOT_APPLICABLE, WITHDRAWN, UNKNOWN, EMPTY_CODE, FORECAST = "1480", "1440", "1401", "1402", "1407", "1415"
FACTS = {"series_id": pl.String, "area_id": pl.String, "year": pl.Int32, "sex": pl.String, "value": pl.Float64}
Fact = tuple[str, str, int, str, float | None, str | None]


def facts(*rows: Fact) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={**FACTS, "status": pl.String}, orient="row")


def was(snapshot: SmallSnapshot, series: str, area: str, year: int) -> float | None:
    (value,) = snapshot.read(VALUES).filter(cell_of(series, area, year))["value"].to_list()
    return None if value is None else float(value)


@pytest.fixture(scope="module")
def told(
    base: Place, base_snapshot: SmallSnapshot, run_cli: Preloaded, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    """`base` after a delivery with every status, and one of units; only to be read."""
    place = base.copy(tmp_path_factory.mktemp("told") / "data")
    house, part, now = House(place.settings), Promise(rows=0, complete=False), utc_now()
    missing = base_snapshot.read(VALUES).filter(pl.col("value").is_null()).row(0)[:4]
    news = facts(
        (TRUST, SUPPRESSED, 2022, "T", None, "suppressed"),
        (TRUST, NOT_APPLICABLE, 2022, "T", None, "not_applicable"),
        (TRUST, WITHDRAWN, 2022, "T", was(base_snapshot, TRUST, WITHDRAWN, 2022), "withdrawn"),
        (TRUST, UNKNOWN, 2022, "T", 81.5, "code:X7"),
        (TRUST, EMPTY_CODE, 2022, "T", None, "code:.."),
        (TRUST, FORECAST, 2022, "T", was(base_snapshot, TRUST, FORECAST, 2022), "forecast"),
        (COST, GOTEBORG, 2021, "T", None, "suppressed"),
        (*missing, None, "missing"),
    )
    units = pl.DataFrame({"unit_id": [UNIT], "name": ["Göteborg"], "area_id": [GOTEBORG]})
    of_units = facts(
        (TRUST, UNIT, 2022, "T", 99.5, None),
        (HOME_HELP, UNIT, 2022, "T", 10.0, None),
        (HOME_HELP, UNIT, 2022, "K", 1.0, None),
        (HOME_HELP, UNIT, 2022, "M", 1.0, None),
    )
    for place_in_time, (dataset, frame) in enumerate(
        ((VALUES, news), ("kolada.ou", units), ("kolada.ou_values", of_units))
    ):
        staged = house.parsed(dataset, frame, part, is_archived=True)
        house.absorb(staged, now + timedelta(microseconds=place_in_time))
    done = run_cli("rebuild", "--data-dir", place.data_dir)
    assert done.code == 0, done.text
    return place


@pytest.mark.parametrize(
    ("area", "value", "status", "reason"),
    [
        (SUPPRESSED, None, "suppressed", "suppressed_by_source"),
        (NOT_APPLICABLE, None, "not_applicable", "not_applicable"),
        (WITHDRAWN, None, "withdrawn", "withdrawn_by_source"),
        (UNKNOWN, None, "missing", "unknown_code: X7"),
        (EMPTY_CODE, None, "missing", "unknown_code: .."),
    ],
)
def test_what_the_source_says_of_a_value_stands_beside_it(
    told: Place, area: str, value: float | None, status: str, reason: str
) -> None:
    query = f"select value, status, missing_reason from observation where indicator_id = '{TRUST_INDICATOR}'"
    assert told.sql(f"{query} and area_id = '{area}' and year = 2022 and sex = 'T'").rows() == [(value, status, reason)]


def test_a_forecast_is_a_value_that_is_not_final(told: Place, base_snapshot: SmallSnapshot) -> None:
    query = f"select value, status, missing_reason, is_preliminary from observation where area_id = '{FORECAST}'"
    rows = told.sql(f"{query} and indicator_id = '{TRUST_INDICATOR}' and year = 2022 and sex = 'T'").rows()
    assert rows == [(was(base_snapshot, TRUST, FORECAST, 2022), "preliminary", None, True)]


def test_a_suppressed_input_makes_what_is_computed_of_it_missing_and_a_group_incomplete(told: Place) -> None:
    query = "select indicator_id, area_id, value, status, missing_reason from observation where year = 2021 "
    chosen = "and indicator_id in ('kostnad_aldreomsorg_per_inv_80', 'kostnad_aldreomsorg_totalt') and sex = 'T' "
    rows = told.sql(f"{query}{chosen}and area_id in ('{GOTEBORG}', 'GR') order by 1, 2").rows()
    assert rows == [
        ("kostnad_aldreomsorg_per_inv_80", GOTEBORG, None, "suppressed", "suppressed_by_source"),
        ("kostnad_aldreomsorg_per_inv_80", "GR", None, "missing", "incomplete_members"),
        ("kostnad_aldreomsorg_totalt", GOTEBORG, None, "missing", "input_suppressed"),
        ("kostnad_aldreomsorg_totalt", "GR", None, "missing", "incomplete_members"),
    ]


def test_a_revision_is_another_value_or_another_status(told: Place) -> None:
    """What was missing and is now told to be missing has not changed for a reader."""
    revised = told.sql("select * from revision")
    own = revised.filter(pl.col("indicator_id") == TRUST_INDICATOR, pl.col("area_id").str.contains(r"^\d{4}$"))
    assert dict(own.select("area_id", "change").iter_rows()) == {
        SUPPRESSED: "revised", NOT_APPLICABLE: "revised", WITHDRAWN: "withdrawn", UNKNOWN: "revised",
        EMPTY_CODE: "revised", FORECAST: "status_changed",
    }  # fmt: skip
    same = told.sql(
        "select count(*) from revision as r join observation as o using (indicator_id, area_id, year, sex) "
        "where r.change <> 'new' and r.old_value is not distinct from r.new_value and o.status = 'missing'"
    )
    assert same.item() == 0


def test_a_unit_stands_below_its_municipality(told: Place) -> None:
    columns = "area_type, parent_id, county_id, region_id, valid_to"
    assert told.sql(f"select {columns} from area where area_id = '{UNIT}'").rows() == [
        ("unit", GOTEBORG, "14", "0014", None)
    ]
    assert told.sql("select count(*) from area where parent_id is not null").item() == 1
    assert told.sql(f"select name from area where area_id = '{GOTEBORG}'").item() == "Göteborg"


def test_an_indicator_has_its_values_of_units(told: Place) -> None:
    rows = told.sql(
        f"select indicator_id, sex, value, area_name, area_type, attribution from observation_wide "
        f"where area_id = '{UNIT}' and year = 2022 and sex = 'T' order by 1"
    ).rows()
    assert (TRUST_INDICATOR, "T", 99.5, "Göteborg", "unit", "Källa: Kolada") in rows
    assert ("hemtjansttagare_65", 10.0) in [(row[0], row[2]) for row in rows]


def test_units_enter_no_comparison_group_membership_or_control(told: Place, base: Place) -> None:
    def both(query: str) -> tuple[list[Any], list[Any]]:
        return base.sql(query).rows(), told.sql(query).rows()

    assert told.sql(f"select count(*) from comparison where area_id = '{UNIT}'").item() == 0
    assert told.sql(f"select count(*) from area_membership where '{UNIT}' in (area_id, group_id)").item() == 0
    before, after = both("select * from comparison where indicator_id = 'hemtjansttagare_65' order by all")
    assert before == after != []
    before, after = both(
        "select area_id, year, sex, value from observation join area using (area_id) "
        "where indicator_id = 'hemtjansttagare_65' and area_type <> 'unit' order by all"
    )
    assert before == after != []
    before, after = both(
        "select passed, found, sample from quality_result where check_id = 'control.kon_hemtjansttagare'"
    )
    assert before == after != []


@pytest.mark.parametrize("text", [UNIT, UNIT.lower(), "V15E"])
def test_a_unit_is_no_area_to_compare(told: Place, text: str) -> None:
    with pytest.raises(UsageError, match="no such area"):
        reader.find_area(release_pointer.current_folder(told.settings.releases_dir), text)


def test_a_municipality_is_found_by_its_name_though_a_unit_bears_it(told: Place) -> None:
    assert reader.find_area(release_pointer.current_folder(told.settings.releases_dir), "göteborg") == (
        GOTEBORG,
        "Göteborg",
    )
