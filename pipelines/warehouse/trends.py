"""Statistics that SQL cannot express well: from the warehouse's tables to tables in the same release.

Belongs here: reading the input of a statistic, in chunks of whole indicators, and writing its result. Does not belong
here: the statistics (`indicators/statistics`), anything that SQL can compute (`dbt_project`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from indicators.statistics.trend import trends
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import identifier, literal
from pipelines.warehouse.finished import PublicTable, open_build

TREND = "trend"
_ABOUT = (
    "Whether each series rises or falls over its newest unbroken run of years, how fast, and whether that is to the "
    "good. Areas but no units."
)
_COLUMNS: dict[str, tuple[str, str]] = {
    "indicator_id": ("varchar", "The indicator; see the table indicator."),
    "area_id": ("varchar", "The area; see the table area. Codes are text and keep their leading zeros."),
    "sex": ("varchar", "T total, K women, M men."),
    "first_year": ("integer", "First year used; where not estimable, the first there is in the newest unbroken run."),
    "last_year": ("integer", "Last year used."),
    "n": ("integer", "Number of years used."),
    "method": (
        "varchar",
        "fingertips_proportion or fingertips_rate (five successive measured years with intervals, chi-square at 99.8 "
        "per cent, no single year decides the sign), kendall_exact (the whole run, p below 0.05); null: not estimable.",
    ),
    "slope": ("double", "Change a year in the indicator's unit: weighted least squares, or Theil and Sen's median."),
    "lower_95": ("double", "Lower limit of the slope's 95 per cent interval."),
    "upper_95": ("double", "Upper limit of the slope's 95 per cent interval."),
    "p_value": ("double", "Two-sided probability of so strong a trend when there is none."),
    "direction": ("varchar", "increasing, decreasing or no_change; null where not estimable."),
    "verdict": ("varchar", "Direction and polarity in Swedish words; without a judgement where polarity gives none."),
    "not_estimable_reason": (
        "varchar",
        "too_few_points, too_few_points_after_break or overlapping_means (moving means that share years); null else.",
    ),
}
_POINTS = """
    select o.indicator_id, o.area_id, o.sex, o.year, o.value, o.numerator, o.denominator, o.lower_95, o.upper_95,
        coalesce(s.from_year, 0) as segment
    from release.observation as o
    join release.area as a on o.area_id = a.area_id and a.area_type <> 'unit'
    left join intermediate.int_break__segmented as s on o.indicator_id = s.indicator_id
        and o.year >= s.from_year and (s.to_year is null or o.year < s.to_year)
    where o.value is not null and o.caution is null and o.indicator_id between ? and ?
"""


TABLES = {TREND: PublicTable(_ABOUT, _COLUMNS)}


def write_trends(settings: Settings, build: Build, folder: Path) -> dict[str, int]:
    """Write the statistics' tables as Parquet, one file a table; returns their numbers of rows."""
    with open_build(settings, build) as con:
        definition = ", ".join(f"{identifier(name)} {kind}" for name, (kind, _) in _COLUMNS.items())
        con.execute(f"create temp table {TREND} ({definition})")
        chunks = con.execute("select first_indicator_id, last_indicator_id from declared.chunk order by chunk_no")
        rows = sum(_write_trends(con, chunk) for chunk in chunks.fetchall())
        con.execute(f"copy {TREND} to {literal(str(folder / f'{TREND}.parquet'))} (format parquet, compression zstd)")
        return {TREND: rows}


def _write_trends(con: duckdb.DuckDBPyConnection, chunk: tuple[Any, ...]) -> int:
    points = con.execute(_POINTS, list(chunk)).pl()
    indicators = con.execute(
        "select indicator_id, polarity, interval_method, mean_of_years from declared.indicator "
        "where indicator_id between ? and ?",
        list(chunk),
    ).pl()
    found = trends(points, indicators)
    con.register("found", found)
    con.execute(f"insert into temp.{TREND} select {', '.join(_COLUMNS)} from found")
    con.unregister("found")
    return found.height
