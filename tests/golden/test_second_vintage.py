"""Golden figures of the second vintage: what Kolada said of regions in 2024-08, and what it said in 2026-08.

The figures stand here as literal numbers, read by hand from the two files of `data/snapshot`.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer

pytestmark = pytest.mark.slow

SNAPSHOT = ROOT / "data" / "snapshot"
AVOIDABLE, VISITS, READMITTED = "paverkbar_slutenvard_region", "akutbesok_80_region", "oplanerad_aterinskrivning_region"
GOTLAND, VGR, NATION, GOTEBORG = "0009", "0014", "0000", "1480"
FIRST, SECOND = datetime(2024, 8, 31), datetime(2026, 8, 31)  # noqa: DTZ001 - UTC without zone
DAY_BEFORE, DAY = "2026-08-30", "2026-08-31"


def asked(settings: Settings, query: str) -> list[tuple[object, ...]]:
    return reader.query(release_pointer.current_folder(settings.releases_dir), query).rows()


def value(settings: Settings, moment: str, indicator: str, area: str, year: int) -> object:
    rows = asked(
        settings,
        f"select value from observation_as_of('{moment}') where indicator_id = '{indicator}' and area_id = '{area}' "
        f"and year = {year} and sex = 'T'",
    )
    return rows[0][0] if rows else None


@pytest.mark.parametrize(
    ("indicator", "area", "year", "before", "after"),
    [
        (AVOIDABLE, GOTLAND, 2017, 587.898353, 860.2),
        (AVOIDABLE, NATION, 2024, None, 562.2),
        (VISITS, VGR, 2020, 409.771359, 517.6),
        (READMITTED, NATION, 2025, None, 17.0),
        ("utskrivningsklara_vardplatser_region", NATION, 2016, None, 6.8),
        ("vardplatser_region", NATION, 2023, None, 1.9),
        ("varddygn_utskrivningsklara_region", NATION, 2018, None, 137.9),
        ("tio_eller_fler_lakemedel_region", NATION, 2024, None, 14.0),
    ],
)
def test_as_of_shows_what_was_said_then_and_what_is_said_now(
    full_release: Settings, indicator: str, area: str, year: int, before: float | None, after: float
) -> None:
    assert value(full_release, DAY_BEFORE, indicator, area, year) == (
        before if before is None else pytest.approx(before, abs=1e-6)
    )
    assert value(full_release, DAY, indicator, area, year) == pytest.approx(after, abs=1e-9)


@pytest.mark.parametrize(
    ("indicator", "series", "revised"), [(AVOIDABLE, "U79133", 132), (VISITS, "U79029", 108), (READMITTED, "U79092", 0)]
)
def test_what_was_revised_is_what_differs_by_more_than_the_rounding(
    full_release: Settings, indicator: str, series: str, revised: int
) -> None:
    was, now = (
        pl.read_parquet(SNAPSHOT / file).filter(series_id=series, sex="T").drop_nulls("value")
        for file in ("kolada_values.parquet", "kolada_values_regions_2026-08.parquet")
    )
    both = was.join(now, on=["area_id", "year"])
    assert both.filter((pl.col("value") - pl.col("value_right")).abs() > 0.05 + 1e-9).height == revised
    told = asked(
        full_release,
        f"select area_id, year, known_from from observation_vintage where indicator_id = '{indicator}' and sex = 'T' "
        "and change = 'revised'",
    )
    had_none = now.join(was, on=["area_id", "year"], how="anti").join(
        pl.read_parquet(SNAPSHOT / "kolada_values.parquet").filter(series_id=series, sex="T"), on=["area_id", "year"]
    )  # published as missing in 2024, and with a value in 2026
    assert len(told) == revised + had_none.height
    assert had_none.height == (1 if indicator == VISITS else 0)
    assert {day for _, _, day in told} <= {SECOND}


def test_a_value_that_came_again_with_fewer_digits_keeps_its_digits(full_release: Settings) -> None:
    """Västra Götaland 2016: 540.9 in the later file is 540.929151, rounded."""
    was, now = (
        pl.read_parquet(SNAPSHOT / file).filter(series_id="U79029", area_id=VGR, year=2016, sex="T")["value"].item()
        for file in ("kolada_values.parquet", "kolada_values_regions_2026-08.parquet")
    )
    assert (was, now) == (540.929151, 540.9)
    assert value(full_release, DAY, VISITS, VGR, 2016) == was


def test_no_change_or_trend_crosses_the_year_from_which_the_source_computed_anew(full_release: Settings) -> None:
    (first,) = asked(
        full_release,
        f"select first_year from trend where indicator_id = '{AVOIDABLE}' and area_id = '{NATION}' and sex = 'T' "
        "and horizon = 'long_run'",
    )
    assert first == (2016,)


def test_population_of_2023_was_known_a_year_before_that_of_2024(full_release: Settings) -> None:
    """Göteborg: the two numbers of the collected copy."""
    known = [
        [value(full_release, day, "folkmangd_scb", GOTEBORG, year) for year in (2018, 2023, 2024)]
        for day in ("2024-02-28", "2024-02-29", "2025-02-28")
    ]
    assert known == [[571868, None, None], [571868, 604616, None], [571868, 604616, 608993]]


def test_what_a_file_does_not_mention_stands(full_release: Settings) -> None:
    lost = asked(full_release, "select count(*) from observation_vintage where change = 'withdrawn'")
    assert lost == [(0,)]
    days = asked(full_release, f"select distinct known_from from observation_vintage where indicator_id = '{VISITS}'")
    assert sorted(days) == [(FIRST,), (SECOND,)]
