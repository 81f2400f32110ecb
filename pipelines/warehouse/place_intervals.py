"""How sure places are, and what stands out: the tables `place` and `funnel`, from the warehouse's tables.

Belongs here: reading the input, in chunks of whole indicators, and writing the tables. Does not belong here: the
statistics (`indicators/statistics/place_rows.py`), and places themselves, which SQL counts (`comparison`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from indicators.statistics.place_rows import FEWEST, FUNNEL_COLUMNS, PLACE_COLUMNS, place_rows
from indicators.statistics.standing_out import END, LEVEL, YEARS, lasting_ends
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import identifier, literal
from pipelines.warehouse.finished import PublicTable, open_build

PLACE, FUNNEL = "place", "funnel"
_SIZE_GROUP = (
    "The third of the municipalities, by inhabitants in the newest year of structure_value, that it is judged among: "
    "small, middle or large"
)
_ON_SCALE = "on the scale where chance is equally large at all levels (arc sine of the root of a share, root of a rate)"
_PLACE: dict[str, tuple[str, str]] = {
    "indicator_id": ("varchar", "The indicator; see the table indicator."),
    "area_id": ("varchar", "The municipality; see the table area."),
    "year": ("integer", "The year that the value is for."),
    "sex": ("varchar", "T total, K women, M men."),
    "size_group": ("varchar", f"{_SIZE_GROUP}; null where its inhabitants are not known."),
    "rank_lower": (
        "integer",
        "The first place, counted as comparison.rank_from_highest, that the municipality's underlying level may have, "
        "at 95 per cent; null where reason says why.",
    ),
    "rank_upper": ("integer", "The last such place."),
    "place_interval_sv": (
        "varchar",
        "The same in words, from the end that comparison.place_sv is counted from: mellan 40:e och 183:e högst.",
    ),
    "reason": (
        "varchar",
        "Why the place has no interval, so that nobody knows how sure it is: as observation.interval_reason, or "
        f"too_few_areas (fewer than {FEWEST} intervals).",
    ),
    "reliability": (
        "double",
        "The part of the variance between observed values that is between municipalities and not chance, for a "
        "municipality with this one's chance: 0 to 1.",
    ),
    "target": ("double", "The median municipality of its size group, in the indicator's unit."),
    "chance_lower_95": ("double", "Funnel limit: where 95 per cent would lie if all were as target, by chance alone."),
    "chance_upper_95": ("double", "The upper one."),
    "chance_lower_998": ("double", "The same of 99.8 per cent."),
    "chance_upper_998": ("double", "The upper one."),
    "spread_lower_95": (
        "double",
        "Funnel limit with overdispersion: by chance and the usual spread between municipalities of the size group.",
    ),
    "spread_upper_95": ("double", "The upper one."),
    "spread_lower_998": ("double", "The same of 99.8 per cent."),
    "spread_upper_998": ("double", "The upper one."),
    "z_score": ("double", f"Distance from target in standard deviations of chance and spread together, {_ON_SCALE}."),
    "p_value": (
        "double",
        "Two-sided probability of a value at least as far out by chance and the usual spread; over 0. Of few persons "
        "it is larger than z_score alone says: it is counted with whole persons, and the spread is itself estimated.",
    ),
    "q_among_areas": (
        "double",
        "p_value adjusted for all municipalities of the indicator, year and sex (false discovery rate, Benjamini and "
        "Hochberg).",
    ),
    "outlier": (
        "varchar",
        f"higher or lower than chance and the usual spread explain: q_among_areas at most {LEVEL}; no_difference; "
        "not_estimable.",
    ),
    "basis": (
        "varchar",
        "How stands_out is judged: interval (by q_of_area) or years (no interval: by lasting ends); null where the row "
        "is not examined: not the indicator's newest year, not T, a count or an amount, or fixed prices.",
    ),
    "q_of_area": (
        "double",
        "p_value adjusted for all the municipality's rows with basis interval (the same method).",
    ),
    "stands_out": (
        "varchar",
        f"higher, lower, no_difference or not_estimable. By interval: q_of_area at most {LEVEL}. By years: among the "
        f"{END:.0%} at one end of its size group in each of the {YEARS} newest years measured, without a break; how "
        "sure that is, is not known. Null where the row is not examined.",
    ),
}
_FUNNEL: dict[str, tuple[str, str]] = {
    "indicator_id": ("varchar", "The indicator; see the table indicator."),
    "year": ("integer", "The year that the values are for."),
    "sex": ("varchar", "T total, K women, M men."),
    "size_group": ("varchar", "small, middle or large: a third of the municipalities by inhabitants; all: every one."),
    "of_n": ("integer", "Municipalities with an interval."),
    "target": ("double", "Their median, in the indicator's unit."),
    "dispersion": (
        "double",
        "Spiegelhalter's phi: mean square of distances from target in standard errors, winsorised by a tenth at each "
        "end. Chance alone gives about 0.7.",
    ),
    "variance_between": ("double", f"Variance between municipalities without chance, {_ON_SCALE}."),
    "between_lower_95": ("double", "Where 95 per cent of the underlying levels lie, in the indicator's unit."),
    "between_upper_95": ("double", "The upper one."),
    "reliability": (
        "double",
        "The part of the variance between observed values that is between municipalities and not chance: 0 to 1.",
    ),
    "outside_95": ("integer", "Municipalities with a p_value below 0.05: further out than chance and spread."),
    "expected_outside_95": ("double", "How many would be, at most, if none were unusual."),
    "outliers": ("integer", "Municipalities whose place.outlier is higher or lower."),
}
TABLES = {
    PLACE: PublicTable(
        "How sure the places of municipalities are, and which values stand out. Fields of comparison that have "
        "intervals, all years; of indicators without any, the newest year's total, with the reason.",
        _PLACE,
    ),
    FUNNEL: PublicTable(
        "Each field of place that has intervals: target, dispersion, spread between municipalities, reliability, and "
        "how many lie outside its limits, against how many would by chance. Four rows a field: all, and by size.",
        _FUNNEL,
    ),
}
# Sizes: the newest inhabitants that similar areas are found by, in the set that is meant when none is named.
_SIZES = """
    create temp table size as
    select area_id, list_extract(['small', 'middle', 'large'], ntile(3) over (order by value, area_id)) as size_group
    from release.structure_value
    join release.similar_recipe using (recipe_id)
    where is_default and measure_id = 'invanare' and per_measure_id is null
        and year = (
            select max(year) from release.structure_value join release.similar_recipe using (recipe_id) where is_default
        )
"""
_EXAMINED = """
    create temp table examined as
    select
        i.indicator_id, i.mean_of_years, i.value_type = 'proportion' as is_share, max(c.year) as year,
        i.value_type not in ('count', 'amount') and split_part(i.unit, ' i ', 1) not in ('antal', 'kr', 'mnkr')
            and i.indicator_id not like '%\\_fasta\\_priser' escape '\\' as is_examined
    from declared.indicator as i
    join release.comparison as c on i.indicator_id = c.indicator_id and c.sex = 'T' and c.of_n is not null
    where i.curated
    group by all
"""
_VALUES = """
    select c.indicator_id, c.area_id, c.year, c.sex, c.value, o.lower_95, o.upper_95, o.interval_reason, e.is_share,
        c.rank_from_highest, c.rank_from_lowest, c.of_n, s.size_group,
        e.is_examined and c.sex = 'T' and c.year = e.year as is_examined
    from release.comparison as c
    join examined as e on c.indicator_id = e.indicator_id
    join release.coverage as v
        on c.indicator_id = v.indicator_id and c.year = v.year and c.sex = v.sex
        and (v.with_interval > 0 or (c.sex = 'T' and c.year = e.year))
    join release.observation as o
        on c.indicator_id = o.indicator_id and c.area_id = o.area_id and c.year = o.year and c.sex = o.sex
    left join size as s on c.area_id = s.area_id
    where c.of_n is not null and c.indicator_id between ? and ?
"""
_RECENT = """
    select c.indicator_id, c.area_id, c.year, c.value, e.mean_of_years, s.size_group,
        coalesce(b.from_year, 0) as segment
    from release.comparison as c
    join examined as e on c.indicator_id = e.indicator_id and e.is_examined
    join size as s on c.area_id = s.area_id
    join release.coverage as v
        on e.indicator_id = v.indicator_id and e.year = v.year and v.sex = 'T' and v.with_interval = 0
    left join intermediate.int_break__segmented as b on c.indicator_id = b.indicator_id
        and c.year >= b.from_year and (b.to_year is null or c.year < b.to_year)
    where c.sex = 'T' and c.of_n is not null and c.indicator_id between ? and ?
"""


def write_places(settings: Settings, build: Build, folder: Path) -> dict[str, int]:
    """Write both tables as Parquet, one file a table; returns their numbers of rows."""
    with open_build(settings, build) as con:
        con.execute(_SIZES)
        con.execute(_EXAMINED)
        chunks = con.execute("select first_indicator_id, last_indicator_id from declared.chunk order by chunk_no")
        read = [_read(con, chunk) for chunk in chunks.fetchall()]
        place, funnel = place_rows(pl.concat([values for values, _ in read]), pl.concat([ends for _, ends in read]))
        _write(con, folder, PLACE, place, PLACE_COLUMNS)
        _write(con, folder, FUNNEL, funnel, FUNNEL_COLUMNS)
        return {PLACE: place.height, FUNNEL: funnel.height}


def _read(con: duckdb.DuckDBPyConnection, chunk: tuple[Any, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values of a chunk of indicators, and the lasting ends of those whose newest year has no interval."""
    values = con.execute(_VALUES, list(chunk)).pl()
    return values, lasting_ends(con.execute(_RECENT, list(chunk)).pl())


def _write(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, rows: pl.DataFrame, columns: tuple[str, ...]
) -> None:
    declared = TABLES[name].columns
    if tuple(declared) != columns:
        raise ValueError(f"{name}: columns declared {list(declared)}, computed {list(columns)}")
    con.register("rows", rows)
    kinds = ((identifier(column), kind) for column, (kind, _) in declared.items())
    typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in kinds)
    path = literal(str(folder / f"{name}.parquet"))
    con.execute(f"copy (select {typed} from rows) to {path} (format parquet, compression zstd)")
    con.unregister("rows")
