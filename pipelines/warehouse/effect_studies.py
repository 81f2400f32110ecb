"""The reform in a release: its registers as declared, and the effect studies on the warehouse's figures.

Belongs here: what studies read of a release, running them, and writing the tables of `indicators/tables/reform.py` and
`indicators/tables/effects.py`. Does not belong here: the declarations (`indicators/registers`), how anything is
estimated (`indicators/statistics`), what is computed from registers (dbt).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from indicators.generate.reform_rows import reform_rows
from indicators.generate.source_series_rows import source_series_rows
from indicators.load.catalogue import load_catalogue
from indicators.model.registers import Neighbours
from indicators.model.study import Study, indicators_of
from indicators.statistics.effect_rows import StudyRows
from indicators.statistics.figures import NATION, Figures
from indicators.statistics.regions import neighbourhood
from indicators.statistics.studies import run_study
from indicators.tables.effects import EFFECT_TABLES
from indicators.tables.reform import REFORM_TABLES, RegisterTable
from indicators.tables.source_series import SOURCE_TABLES
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.warehouse.finished import PublicTable, open_build

_VALUES = """
    select o.indicator_id, o.area_id, o.year, o.value, o.denominator as size
    from {db}observation as o
    join {db}area as a on o.area_id = a.area_id and a.area_type <> 'unit'
    where o.sex = 'T' and o.value is not null and o.caution is null and list_contains($indicators, o.indicator_id)
    order by o.indicator_id, o.area_id, o.year
"""
_BREAKS = """
    select indicator_id, list(distinct year) from {db}observation
    where break_before and list_contains($indicators, indicator_id) group by indicator_id
"""
_MEMBERS = """
    select group_id, list(distinct area_id order by area_id) from {db}area_membership
    where valid_to is null group by group_id
    union all
    select $nation, list(area_id order by area_id) from {db}area
    where area_type = 'municipality' and valid_to is null
"""
_STRUCTURE = """
    select s.area_id, s.year, s.variable, s.weight, s.standardised
    from {db}structure_value as s
    join {db}similar_recipe as r on s.recipe_id = r.recipe_id and r.is_default
    where s.standardised is not null
    order by s.area_id, s.year, s.variable
"""


def read_figures(
    con: duckdb.DuckDBPyConnection, studies: Iterable[Study], neighbours: Iterable[Neighbours], db: str = ""
) -> Figures:
    """The figures that the studies need from a release.

    Args:
        db: prefix of the release's tables (`release.`) where it is attached.
    """
    wanted = sorted({name for study in studies for name in (*_outcomes(study), *(need.proxy for need in study.needed))})
    values = con.execute(_VALUES.format(db=db), {"indicators": wanted}).pl()
    breaks = con.execute(_BREAKS.format(db=db), {"indicators": wanted}).fetchall()
    units = con.execute(f"select indicator_id, unit from {db}indicator").fetchall()
    members = con.execute(_MEMBERS.format(db=db), {"nation": NATION}).fetchall()
    structure = con.execute(_STRUCTURE.format(db=db)).pl()
    return Figures(
        values,
        {name: frozenset(years) for name, years in breaks},
        dict(units),
        {group: tuple(areas) for group, areas in members},
        structure,
        neighbourhood((row.area_id, other) for row in neighbours for other in (*row.borders, *row.over_water)),
    )


def _outcomes(study: Study) -> set[str]:
    return {name for analysis in study.analyses for name in indicators_of(analysis)}


def run_studies(
    con: duckdb.DuckDBPyConnection, studies: Iterable[Study], neighbours: Iterable[Neighbours], db: str = ""
) -> dict[str, pl.DataFrame]:
    """The tables of `EFFECT_TABLES` for these studies, in the order of their keys."""
    chosen = list(studies)
    figures = read_figures(con, chosen, neighbours, db)
    found = [_run(study, figures) for study in chosen]
    return {
        name: _frame(table, [row for one in found for row in one.rows[name]]) for name, table in EFFECT_TABLES.items()
    }


STUDY_TABLES = {name: PublicTable(table.about, table.columns) for name, table in EFFECT_TABLES.items()}
_AS_DECLARED = REFORM_TABLES | SOURCE_TABLES
REGISTER_TABLES = {name: PublicTable(table.about, table.columns) for name, table in _AS_DECLARED.items()}


def write_studies(settings: Settings, build: Build, folder: Path) -> dict[str, int]:
    """Write what every declared study gives as Parquet, one file a table; returns numbers of rows."""
    catalogue = load_catalogue(settings.declarations_dir)
    with open_build(settings, build) as con:
        tables = run_studies(con, catalogue.studies, catalogue.neighbours, "release.")
    return _written(tables, folder)


def write_registers(settings: Settings, _: Build, folder: Path) -> dict[str, int]:
    """Write what is published as it is declared as Parquet, one file a table; returns numbers of rows."""
    catalogue = load_catalogue(settings.declarations_dir)
    declared = reform_rows(catalogue) | source_series_rows(catalogue)
    return _written({name: _frame(_AS_DECLARED[name], rows) for name, rows in declared.items()}, folder)


def _written(tables: dict[str, pl.DataFrame], folder: Path) -> dict[str, int]:
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd")
    return {name: frame.height for name, frame in tables.items()}


def _run(study: Study, figures: Figures) -> StudyRows:
    try:
        return run_study(study, figures)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise NyckeltalError(
            "a study could not be run; nothing was published and the last release stands",
            where=f"indicators/registers/studies/{study.study_id}.yml",
            found=str(error),
            remedy="mend the study, or take its file away until it is mended, and refresh again",
        ) from error


_TYPES: dict[str, pl.DataType] = {
    "varchar": pl.String(), "double": pl.Float64(), "integer": pl.Int32(), "boolean": pl.Boolean(), "date": pl.Date()
}  # fmt: skip


def _frame(table: RegisterTable, rows: Sequence[Any]) -> pl.DataFrame:
    """Rows (tuples in the order of the columns, or by name) as a table in the order of its key."""
    schema = {column: _TYPES[kind] for column, (kind, _) in table.columns.items()}
    return pl.DataFrame(rows, schema=schema, orient="row").sort(list(table.key))
