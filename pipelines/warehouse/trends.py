"""Statistics that SQL cannot express well: from the warehouse's tables to tables in the same release.

Belongs here: reading the input of a statistic, in chunks of whole indicators, and writing its result. Does not belong
here: the statistics (`indicators/statistics`), anything that SQL can compute (`dbt_project`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from indicators.statistics.prewhitened import MOST_AUTOCORRELATION
from indicators.statistics.trend import FEWEST, LEVEL, METHOD, RECENT_YEARS, trends
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import identifier, literal
from pipelines.warehouse.finished import PublicTable, open_build

TREND = "trend"
_ABOUT = (
    "Whether each series rises or falls, how fast, and whether that is to the good: two rows a series, horizon recent "
    f"(the {RECENT_YEARS} calendar years up to the indicator's newest) and long_run (the run since the last break). "
    "They answer different questions: a query names the one it means (where horizon = 'recent'). Areas but no units; "
    "curated indicators alone, since nobody knows where the others have breaks."
)
_COLUMNS: dict[str, tuple[str, str]] = {
    "indicator_id": ("varchar", "The indicator; see the table indicator."),
    "area_id": ("varchar", "The area; see the table area. Codes are text and keep their leading zeros."),
    "sex": ("varchar", "T total, K women, M men."),
    "horizon": (
        "varchar",
        f"Which question is answered: recent, the {RECENT_YEARS} calendar years up to the newest in which any area has "
        "a value of the indicator; long_run, the whole run since the last break, of more "
        "calendar years than these.",
    ),
    "first_year": ("integer", "First year used; where not estimable, the first there is; null without any."),
    "last_year": ("integer", "Last year used; null where there is none."),
    "n": ("integer", f"Number of years used, at least {FEWEST}; where not estimable, the number there is."),
    "method": (
        "varchar",
        f"{METHOD}: a straight line by generalised least squares on years pre-whitened by Prais and Winsten, t with "
        "n - 2 degrees of freedom; null where not estimable.",
    ),
    "autocorrelation": (
        "double",
        f"The first-order autocorrelation that is reckoned with: the estimated one and a margin, 0 to "
        f"{MOST_AUTOCORRELATION}; null where no year differs from another, as the limits are.",
    ),
    "slope": ("double", "Change a year in the indicator's unit."),
    "lower_95": ("double", "Lower limit of the slope's 95 per cent interval."),
    "upper_95": ("double", "Upper limit of the slope's 95 per cent interval."),
    "p_value": ("double", "Two-sided probability of so strong a slope when there is none."),
    "direction": (
        "varchar",
        f"increasing or decreasing where p_value is below {LEVEL}, else no_change; null where not estimable.",
    ),
    "horizons_agree": (
        "boolean",
        "Whether both horizons have the same direction; null unless both can be estimated.",
    ),
    "verdict": (
        "varchar",
        "Direction and polarity in Swedish words, without a judgement where polarity gives none; with its years where "
        "the series ended before the indicator did; where the other horizon has another direction, a semicolon and "
        "that one follow.",
    ),
    "not_estimable_reason": (
        "varchar",
        "too_few_points, too_few_points_after_break, overlapping_means (moving means that share years) or, of the long "
        f"run, no_longer_than_recent (at most {RECENT_YEARS} calendar years); null else.",
    ),
}
_POINTS = """
    select o.indicator_id, o.area_id, o.sex, o.year, o.value, coalesce(s.from_year, 0) as segment
    from release.observation as o
    join release.area as a on o.area_id = a.area_id and a.area_type <> 'unit'
    join declared.indicator as i on o.indicator_id = i.indicator_id and i.curated
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
    if points.is_empty():  # a chunk of indicators that nobody has reviewed
        return 0
    indicators = con.execute(
        "select indicator_id, polarity, mean_of_years from declared.indicator where indicator_id between ? and ?",
        list(chunk),
    ).pl()
    found = trends(points, indicators)
    con.register("found", found)
    con.execute(f"insert into temp.{TREND} select {', '.join(_COLUMNS)} from found")
    con.unregister("found")
    return found.height
