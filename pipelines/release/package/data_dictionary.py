"""The data dictionary: each table and column with type and description, from the database's comments; and the codes.

Belongs here: reading those comments. Does not belong here: writing descriptions (`dbt_project`, `indicators`).
"""

from __future__ import annotations

import polars as pl

from indicators.model import words
from pipelines.release.package.release_data import Figures
from pipelines.storage.database import literal
from pipelines.text import csv_values

# A theme's view is a subset of observation_wide: its columns are described there.
_COLUMNS = """
    with columns as (
        select table_name, column_name, column_index, data_type, comment from duckdb_columns()
        where database_name = 'release' and schema_name = 'main'
    ),
    tables as (
        select table_name, 'table' as kind, comment from duckdb_tables() where database_name = 'release'
        union all
        select view_name, 'view', comment from duckdb_views() where database_name = 'release' and not internal
    )
    select t.table_name as "table", null as "column", t.kind as type, t.comment as description, -1 as place
    from tables as t
    union all
    select c.table_name, c.column_name, lower(c.data_type), coalesce(c.comment, wide.comment), c.column_index
    from columns as c
    join tables as t on c.table_name = t.table_name
    left join columns as wide
        on wide.table_name = 'observation_wide' and c.column_name = wide.column_name and t.kind = 'view'
    order by 1, place
"""


def dictionary(figures: Figures) -> pl.DataFrame:
    """table, column (null in the row that describes the table), type, description."""
    return figures.query(_COLUMNS).drop("place")


def codes(area: pl.DataFrame) -> pl.DataFrame:
    """The codes: column, code (as in CSV), name_sv, in_tables (the code in SQL: `'0180'`, so that it stays a text).

    Args:
        area: area_id and name.
    """
    listed = [
        *(("sex", csv_values.SEXES[code], name, literal(code)) for code, name in words.SEXES.items()),
        *(("status", code, name, literal(code)) for code, name in words.STATUSES.items()),
        *(("missing_reason", code, name, literal(code)) for code, name in words.MISSING_REASONS.items()),
        ("missing_reason", csv_values.ABSENT, "inget saknas", "is null"),
    ]
    told = pl.DataFrame(listed, schema=["column", "code", "name_sv", "in_tables"], orient="row")
    areas = area.select(
        column=pl.lit("area_id"),
        code=csv_values.readable(area.select("area_id"))["area_id"],
        name_sv="name",
        in_tables=pl.format("'{}'", "area_id"),
    )
    return pl.concat([told, areas])
