"""The input of studies: values, groups, similarity, and panels cut from them.

Belongs here: selecting areas and years, and reporting what was excluded. Does not belong here: any estimate
(`studies.py` and the methods), reading the warehouse (`pipelines/warehouse/effect_studies.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar, cast

import numpy as np
import polars as pl

from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.regions import Neighbourhood

NATION = "0000"
T = TypeVar("T")


class Panel(NamedTuple):
    """Values, areas x years, none missing.

    `missing_years`: years of the window in which too few areas were measured. `left_out`: areas that lack some year.
    """

    areas: tuple[str, ...]
    years: Integers
    values: Floats
    missing_years: tuple[int, ...]
    left_out: tuple[str, ...]


class Structure(NamedTuple):
    """The characteristics of n areas: n x v standardised variables, and the variables' weights."""

    areas: tuple[str, ...]
    rows: Floats
    weights: Floats

    def distances(self, own: Sequence[str], others: Sequence[str]) -> Floats:
        """The distance of each of the others; several areas together are represented by their plain mean.

        The root of the weighted mean of squared differences, as in the table similar_area.

        Raises:
            KeyError: an area that is not among `areas`.
        """
        at = {area: place for place, area in enumerate(self.areas)}
        centre = self.rows[[at[area] for area in own]].mean(axis=0)
        apart = self.rows[[at[area] for area in others]] - centre
        return np.asarray(np.sqrt((self.weights * apart**2).sum(axis=1) / self.weights.sum()), dtype=np.float64)


class Figures:
    """The warehouse's values for both sexes together, its groups, and what municipalities are like.

    Args:
        values: indicator_id, area_id, year, value, size (what the value is weighted by in groups; may be missing).
        breaks: for each indicator the years from which on it is something else.
        units: unit of each indicator.
        members: members of each group; those of the nation are all municipalities.
        structure: area_id, year, variable, weight, standardised (see the table structure_value).
        neighbours: of each municipality; none where left out, so that all lie scattered.
    """

    def __init__(
        self,
        values: pl.DataFrame,
        breaks: dict[str, frozenset[int]],
        units: dict[str, str],
        members: dict[str, tuple[str, ...]],
        structure: pl.DataFrame,
        neighbours: Neighbourhood | None = None,
    ) -> None:
        self.breaks, self.units, self.members, self._structure = breaks, units, members, structure
        self.neighbours: Neighbourhood = neighbours or {}
        self._made: dict[Hashable, object] = {}
        self._values = {str(key[0]): frame for key, frame in values.partition_by("indicator_id", as_dict=True).items()}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, computed once for these figures."""
        if key not in self._made:
            self._made[key] = make()
        return cast("T", self._made[key])

    def municipalities(self, named: Iterable[str]) -> tuple[str, ...]:
        """The municipalities of areas and groups, sorted; an area that is no group stands for itself."""
        return tuple(sorted({member for area in named for member in self.members.get(area, (area,))}))

    def others(self, named: Iterable[str]) -> tuple[str, ...]:
        """All municipalities but those of these areas and groups."""
        apart = set(self.municipalities(named))
        return tuple(area for area in self.members.get(NATION, ()) if area not in apart)

    def panel(self, indicator: str, areas: Sequence[str], years: Iterable[int]) -> Panel:
        """The areas that have a value in every year that is measured at all.

        A year counts as measured when at least half of the areas that have any value have one in it; what was not
        collected is a missing year and never a value.
        """
        wanted = sorted(set(years))
        frame = self._values.get(indicator)
        grid = np.full((len(areas), len(wanted)), np.nan)
        if frame is not None and len(areas):
            found = frame.filter(pl.col("area_id").is_in(list(areas)) & pl.col("year").is_in(wanted))
            at = {area: place for place, area in enumerate(areas)}
            when = {year: place for place, year in enumerate(wanted)}
            rows = [at[a] for a in found["area_id"].to_list()]
            grid[rows, [when[y] for y in found["year"].to_list()]] = found["value"].to_numpy()
        present = np.isfinite(grid)
        with_any = present.any(axis=1)
        measured = present[with_any].mean(axis=0) >= 0.5 if with_any.any() else np.zeros(len(wanted), dtype=bool)
        whole = present[:, measured].all(axis=1) & with_any
        kept = tuple(area for area, is_whole in zip(areas, whole, strict=True) if is_whole)
        return Panel(
            kept,
            np.array(wanted, dtype=np.int64)[measured],
            grid[whole][:, measured],
            tuple(year for year, is_measured in zip(wanted, measured, strict=True) if not is_measured),
            tuple(area for area in areas if area not in kept),
        )

    def mean_of_years(self, indicator: str, years: Iterable[int]) -> dict[str, float]:
        """Each area's mean over those of the years that have a value, where at least half of them do."""
        wanted = list(years)
        frame = self._values.get(indicator)
        if frame is None:
            return {}
        means = (
            frame.filter(pl.col("year").is_in(wanted))
            .group_by("area_id")
            .agg(pl.col("value").mean(), pl.len().alias("n"))
            .filter(pl.col("n") * 2 >= len(wanted))
        )
        return dict(zip(means["area_id"].to_list(), means["value"].to_list(), strict=True))

    def has_break(self, indicator: str, first_year: int, last_year: int) -> bool:
        """Whether the indicator has a break within the years."""
        return any(first_year < year <= last_year for year in self.breaks.get(indicator, ()))

    def shares(self, indicator: str, areas: Sequence[str], year: int) -> Floats | None:
        """The weight of each area in their joint value of the indicator; None where unknown."""
        frame = self._values.get(indicator)
        if frame is None:
            return None
        found = frame.filter((pl.col("year") == year) & pl.col("area_id").is_in(list(areas)))
        sizes = dict(zip(found["area_id"].to_list(), found["size"].to_list(), strict=True))
        known = np.array([sizes.get(area) or np.nan for area in areas], dtype=np.float64)
        return None if np.isnan(known).any() else known / known.sum()

    def sizes(self, indicator: str, areas: Sequence[str], years: Iterable[int]) -> Floats | None:
        """What each area's value weighs, as a mean over these years; None where one is unknown or zero."""
        frame = self._values.get(indicator)
        if frame is None:
            return None
        found = frame.filter(pl.col("year").is_in(list(years)) & pl.col("area_id").is_in(list(areas)))
        means = dict(found.group_by("area_id").agg(pl.col("size").mean()).rows())
        known = np.array([means.get(area) or np.nan for area in areas], dtype=np.float64)
        return None if np.isnan(known).any() else known

    def structure(self, year: int) -> Structure:
        """What the municipalities are like in a year, by the variables of the table structure_value."""
        return self.once(("structure", year), lambda: _structure(self._structure.filter(pl.col("year") == year)))


def _structure(of_year: pl.DataFrame) -> Structure:
    variables = sorted(of_year["variable"].unique().to_list())
    if not variables:
        return Structure((), np.empty((0, 0)), np.empty(0))
    weights = dict(zip(of_year["variable"].to_list(), of_year["weight"].to_list(), strict=True))
    wide = of_year.pivot(on="variable", index="area_id", values="standardised").drop_nulls().sort("area_id")
    rows = wide.select(variables).to_numpy()
    return Structure(tuple(wide["area_id"].to_list()), rows, np.array([weights[v] for v in variables]))
