"""What a release itself says of a value: the value, its history, its indicator, its area, its corrections.

Belongs here: the few queries on a release that an explanation needs. Does not belong here: opening a release or finding
an area (`reading`), or what lies behind it (archive and vintages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.storage.database import literal
from pipelines.text.normalise import code
from pipelines.text.suggestions import names_near

if TYPE_CHECKING:
    import duckdb

Record = dict[str, Any]


class Published:
    """A release that is open. Texts are quoted and not bound: the first bound parameter makes DuckDB import pandas."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._trusted: dict[tuple[str, int], list[str]] = {}
        self._units: set[str] | None = None

    def release(self) -> Record:
        """The release."""
        columns = "release_id, created_at, code_version, input_hash"
        (found,) = self._rows(f"select {columns} from release")
        return found

    def thing(self, name: str) -> tuple[str, Record]:
        """`indicator` or `composite`, and its row.

        Raises:
            UsageError: there is neither by that name.
        """
        if found := self._rows(f"from indicator where indicator_id = {literal(name)}"):
            return "indicator", found[0]
        columns = "composite_id, title_sv, theme, up_means_sv, recipe_version"
        if found := self._rows(f"select distinct {columns} from composite where composite_id = {literal(name)}"):
            return "composite", found[0]
        known = [str(row["id"]) for row in self._rows("select indicator_id as id from indicator union "
                                                      "select composite_id from composite order by 1")]  # fmt: skip
        near = ", ".join(names_near(name, known, 5))
        remedy = f"{f'did you mean {near}? ' if near else ''}`nyckeltal indicators search WORDS` looks for more"
        raise UsageError(
            "there is no such indicator", expected="an indicator_id or a composite_id", found=name, remedy=remedy
        )

    def area(self, written: str) -> Record:
        """An area by its code or name; units by their code alone.

        Raises:
            UsageError: there is no such area.
        """
        wanted = code(written)
        if not self._rows(f"select area_id from area where area_id = {literal(wanted)}"):
            wanted, _ = reader.area_in(self._con, written)
        columns = "area_id, name, area_type"
        (found,) = self._rows(f"select {columns} from area where area_id = {literal(wanted)}")
        return found

    def is_unit(self, area_id: str) -> bool:
        """Whether an area is a unit."""
        if self._units is None:
            self._units = {row["area_id"] for row in self._rows("select area_id from area where area_type = 'unit'")}
        return area_id in self._units

    def names(self) -> dict[str, str]:
        """The names of the areas, units left out."""
        return {row["area_id"]: row["name"] for row in self._rows("from area where area_type <> 'unit'")}

    def observation(self, indicator_id: str, area_id: str, year: int, sex: str) -> Record | None:
        """The row of `observation`; None where there is none."""
        found = self._rows(f"from observation where {_place(indicator_id, area_id, year, sex)}")
        return found[0] if found else None

    def history(self, indicator_id: str, area_id: str, year: int, sex: str) -> list[Record]:
        """The rows of `observation_vintage`, oldest first."""
        columns = (
            "revision, change, value, numerator, denominator, status, missing_reason, caution, correction_id, "
            "known_from, known_to, source_file_sha256"
        )
        where = _place(indicator_id, area_id, year, sex)
        return self._rows(f"select {columns} from observation_vintage where {where} order by revision")

    def composite(self, composite_id: str, area_id: str, year: int) -> Record | None:
        """The row of `composite`; None where there is none."""
        where = f"composite_id = {literal(composite_id)} and area_id = {literal(area_id)} and year = {year:d}"
        found = self._rows(f"from composite where {where}")
        return found[0] if found else None

    def composite_inputs(self, composite_id: str, area_id: str, year: int) -> list[Record]:
        """The rows of `composite_input`."""
        where = f"composite_id = {literal(composite_id)} and area_id = {literal(area_id)} and year = {year:d}"
        return self._rows(f"from composite_input where {where} order by indicator_id")

    def correction(self, correction_id: str) -> Record | None:
        """The row of `correction`."""
        found = self._rows(f"from correction where correction_id = {literal(correction_id)}")
        return found[0] if found else None

    def measure_values(self, measures: list[str], area_id: str, year: int, sex: str) -> list[Record]:
        """The rows of `measure_value` of some measures, in their order."""
        listed = ", ".join(map(literal, measures)) or "null"
        found = self._rows(
            "select measure_id, title_sv, unit, dataset, series, v.value, v.reason, v.caution, v.known_from "
            f"from measure_value as v join measure using (measure_id) where measure_id in ({listed}) "
            f"and area_id = {literal(area_id)} and year = {year:d} and sex = {literal(sex)}"
        )
        return sorted(found, key=lambda row: measures.index(row["measure_id"]))

    def source_file(self, sha256: str | None) -> Record | None:
        """The row of `source_file`."""
        found = self._rows(f"from source_file where sha256 = {literal(sha256)}") if sha256 else []
        return found[0] if found else None

    def years(self, indicator_id: str, area_id: str, sex: str) -> list[int]:
        """The years that an indicator has rows for."""
        where = f"indicator_id = {literal(indicator_id)} and area_id = {literal(area_id)} and sex = {literal(sex)}"
        return [row["year"] for row in self._rows(f"select year from observation where {where} order by year")]

    def trusted(self, indicator_id: str, year: int) -> list[str]:
        """The municipalities whose total carries no caution, in the order of their codes."""
        if (indicator_id, year) not in self._trusted:
            found = self._rows(
                "select area_id from observation join area using (area_id) where area_type = 'municipality' "
                f"and indicator_id = {literal(indicator_id)} and year = {year:d} and sex = 'T' and caution is null "
                "order by area_id"
            )
            self._trusted[indicator_id, year] = [row["area_id"] for row in found]
        return self._trusted[indicator_id, year]

    def _rows(self, sql: str) -> list[Record]:
        return reader.records(self._con, sql)


def _place(indicator_id: str, area_id: str, year: int, sex: str) -> str:
    return (
        f"indicator_id = {literal(indicator_id)} and area_id = {literal(area_id)} and year = {year:d} "
        f"and sex = {literal(sex)}"
    )
