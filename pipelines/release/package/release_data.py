"""The input of the package: the figures of a release with their labels, one theme at a time, and change fingerprints.

Belongs here: reading the release. Does not belong here: the format of a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import polars as pl

from indicators.model.words import AREA_TYPES, SEXES, THEMES, UNCURATED
from pipelines.reading.curated import show_curated_alone
from pipelines.storage.database import literal, scratch
from pipelines.storage.release_sums import sound_database

_MEMORY = "200MB"  # DuckDB's memory, mostly its page cache
# One row for each value, codes and labels side by side; all are columns of the view observation_wide.
TIDY = (
    "indicator_id", "title_sv", "area_id", "area_name", "area_type", "year", "sex", "sex_label", "value", "unit",
    "lower_95", "upper_95", "status", "missing_reason", "caution", "is_preliminary", "break_before", "cost_concept",
    "price_basis", "processing_level", "attribution",
)  # fmt: skip
KEY = ("indicator_id", "area_id", "year", "sex")
_PLACES = f"""
    indicators as (select indicator_id, theme, row_number() over (order by indicator_id) - 1 as place from indicator),
    areas as (
        select area_id, name, area_type,
            row_number() over (order by list_position({list(AREA_TYPES)}, area_type), area_id) - 1 as place
        from area
    )
"""
_OWN = (
    "o.year, o.sex, o.value, o.lower_95, o.upper_95, o.status, o.missing_reason, o.caution, o.is_preliminary, "
    "o.break_before, o.price_basis"
)
_ROWS = f"""
    with {_PLACES}
    select i.place::usmallint as indicator, a.place::usmallint as area, {_OWN}
    from observation as o
    join indicators as i on o.indicator_id = i.indicator_id
    join areas as a on o.area_id = a.area_id
    where i.theme = ?
    order by i.place, a.place, list_position({list(SEXES)}, o.sex), o.year
"""
# Rows have unique keys, so the sum of their hashes shows whether any of them differs, in any order.
_PRINTS = f"""
    select o.indicator_id, count(*) as n, bit_xor(h) as crossed, sum(h::hugeint)::varchar as added,
        max(known_from) as known_from
    from (
        select o.indicator_id, o.known_from, hash(a.area_id, a.name, a.area_type, {_OWN}) as h
        from observation as o join area as a on o.area_id = a.area_id
    ) as o
    group by o.indicator_id order by o.indicator_id
"""
_ATTRIBUTIONS = f"""
    select distinct indicator_id, area_type, processing_level, attribution from observation_wide
    where theme <> '{UNCURATED}'
    order by indicator_id, area_type
"""


class Figures:
    """The tables of a release, read-only: what is curated of them, but where it says otherwise.

    Args:
        folder: of the release. spill: a folder for what does not fit in memory.
    """

    def __init__(self, folder: Path, spill: Path) -> None:
        self._con = scratch(spill)
        self._con.execute(f"attach {literal(str(sound_database(folder)))} as release (read_only)")
        self._con.execute("use release")
        self._con.execute(f"set memory_limit = '{_MEMORY}'")
        show_curated_alone(self._con)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def query(self, sql: str, parameters: list[Any] | None = None) -> pl.DataFrame:
        """Rows of a query."""
        return self._con.execute(sql, parameters or []).pl()

    @cached_property
    def indicator(self) -> pl.DataFrame:
        """The table `indicator`, ordered by id."""
        return self.query("select * from indicator order by indicator_id")

    @cached_property
    def every_indicator(self) -> pl.DataFrame:
        """The same, with what is uncurated."""
        return self.query("select * from release.main.indicator order by indicator_id")

    @cached_property
    def uncurated(self) -> list[str]:
        """The ids of what is uncurated, in order."""
        return self.every_indicator.filter(pl.col("theme") == UNCURATED)["indicator_id"].to_list()

    @cached_property
    def area(self) -> pl.DataFrame:
        """area_id, name and area_type, in the usual order of areas."""
        return self.query(f"with {_PLACES} select area_id, name, area_type from areas order by place")

    @cached_property
    def attribution(self) -> pl.DataFrame:
        """How values are cited, by indicator and type of area: group values are computed here even if others are
        not.
        """
        return self.query(_ATTRIBUTIONS)

    @cached_property
    def _prints(self) -> dict[str, tuple[Any, ...]]:
        return {row[0]: row for row in self.query(_PRINTS).iter_rows()}

    @cached_property
    def themes(self) -> dict[str, list[str]]:
        """The indicators that have rows, by theme, in the order of `words.THEMES`."""
        by_theme = dict(self.indicator.select("indicator_id", "theme").iter_rows())
        found = {theme: [i for i in self._prints if by_theme[i] == theme] for theme in (str(t) for t in THEMES)}
        return {theme: ids for theme, ids in found.items() if ids}

    def made_of(self, indicators: Iterable[str], columns: Iterable[str]) -> list[object]:
        """What determines a file about some indicators: their rows, their citations, columns of their table."""
        wanted = set(indicators)
        chosen = pl.col("indicator_id").is_in(wanted)
        return [
            [self._prints[i] for i in sorted(wanted)],
            self.attribution.filter(chosen).rows(),
            self.indicator.filter(chosen).select("indicator_id", *columns).rows(),
        ]

    def rows_of(self, indicators: Iterable[str]) -> int:
        """How many rows some indicators have."""
        return sum(int(self._prints[i][1]) for i in indicators)

    def known_from(self, indicator: str) -> str:
        """When the newest of an indicator's values was first known (UTC)."""
        return f"{self._prints[indicator][-1]:%Y-%m-%dT%H:%M:%SZ}"

    def rows(self, theme: str) -> pl.DataFrame:
        """The rows of a theme in the order of every file; `indicator` and `area` are positions in the tables above."""
        return self.query(_ROWS, [theme])

    def labelled(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows, or some columns of them, with the label columns of `TIDY`, and `decimals`."""
        of_indicator = self.indicator.select("indicator_id", "title_sv", "unit", "cost_concept", "decimals")
        of_area = self.area.rename({"name": "area_name"})
        return (
            pl.concat([rows, of_indicator[rows["indicator"]], of_area[rows["area"]]], how="horizontal")
            .with_columns(sex_label=pl.col("sex").replace_strict(SEXES))
            .join(self.attribution, on=["indicator_id", "area_type"], how="left", validate="m:1", maintain_order="left")
        )
