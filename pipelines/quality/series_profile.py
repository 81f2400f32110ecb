"""The frame that rules on series validate: for each series, what was delivered, promised and known before.

Belongs here: that one table. Does not belong here: the rules (`rules.py`), or evaluating them (`gate.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.datasets import Dataset
from pipelines.storage.archive import Promise
from pipelines.storage.database import literal

_PROMISED = {
    "series_id": pl.String,
    "promised_rows": pl.Int64,
    "promised_areas": pl.Int64,
    "promised_first_year": pl.Int64,
    "promised_last_year": pl.Int64,
}


def profile_series(
    con: duckdb.DuckDBPyConnection, rows_path: Path, dataset: Dataset, promise: Promise, known_sql: str
) -> None:
    """Create the table `series_profile`: delivered, promised and previously known counts of each series.

    Needs the table `bounds` (series_id, low, high, is_percent).
    """
    promised = pl.DataFrame(
        [(s, p.rows, p.areas, p.first_year, p.last_year) for s, p in promise.series.items()],
        schema=_PROMISED,
        orient="row",
    )
    con.register("promised_frame", promised)
    con.execute("create table promised as select * from promised_frame")
    con.unregister("promised_frame")
    con.execute(_profile_sql(f"read_parquet({literal(str(rows_path))})", known_sql, dataset, promise))


def _profile_sql(rows: str, known_sql: str, dataset: Dataset, promise: Promise) -> str:
    return f"""
        create table series_profile as
        with came as (
            select series_id, count(*) as rows, count(distinct area_id) as areas, min(year) as first_year,
                max(year) as last_year, count(*) - count(value) as missing, median(value) as median_value,
                count(*) filter (where b.is_percent and value not between -1e-9 and 100 + 1e-7) as outside_percent
            from {rows} left join bounds as b using (series_id)
            group by series_id
        ),
        years as (
            select series_id, year, row_number() over (partition by series_id order by year) as place
            from (select distinct series_id, year from {rows})
        ),
        spans as (
            select series_id, area_id, max(place) - min(place) + 1 - count(distinct place) as holes
            from {rows} join years using (series_id, year)
            group by series_id, area_id
        ),
        holed as (select series_id, sum(holes) as holes from spans group by series_id),
        known as (
            select series_id, count(*) as last_rows, count(*) - count(value) as last_missing,
                median(value) as last_median
            from ({known_sql}) where change <> 'withdrawn' group by series_id
        )
        select series_id, coalesce(rows, 0)::bigint as rows, coalesce(areas, 0)::bigint as areas, first_year, last_year,
            promised_rows, promised_areas, promised_first_year, promised_last_year,
            case when {promise.complete} then ceil(last_rows * {dataset.min_share_of_last})::bigint end
                as last_rows_needed,
            case when last_median <> 0 then median_value / last_median end as median_ratio,
            missing / rows - last_missing / last_rows as more_missing,
            coalesce(outside_percent, 0)::bigint as outside_percent,
            case when {promise.complete} then holes::bigint end as holes
        from came full join promised using (series_id) left join known using (series_id)
            left join holed using (series_id)
        """
