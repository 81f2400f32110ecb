"""The municipalities most like one, by a choice: who they are, by what, how near, and who could not be compared.

Belongs here: the answer, the same for commands, pages and the query API, and its warnings (Swedish). Does not belong
here: the arithmetic (`similar_sql.py`), what may be chosen (`similar_choice.py`), and laying it out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipelines.errors import UsageError
from pipelines.reading import similar_sql
from pipelines.reading.similar_choice import Choice
from pipelines.storage.database import literal

NEAR_PCT = 10.0  # a pair is near when at most so many per cent of all pairs are nearer
_MOST_NAMED = 5
Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The municipalities most like `area_id` in `year`.

    `neighbours`: nearest first, each with rank, area_id, name, distance (standard deviations), distance_percentile, and
    its `variables`; of Kolada's sets the name alone is known. `compared`: how many municipalities were compared,
    the area's own included. `left_out`: each municipality and variable without a value, with the reason. `is_tied`:
    another one is as near as the last, so that their codes decide.
    """

    area_id: str
    name: str
    year: int
    choice: Choice
    neighbours: list[Row]
    compared: int
    left_out: list[Row] = field(default_factory=list)
    is_tied: bool = False

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know before the answer is used, in Swedish."""
        told = []
        if warning := far([n["distance_percentile"] for n in self.neighbours if n["distance"] is not None]):
            told.append(warning)
        if self.is_tied:
            told.append("Fler ligger precis lika nära som den sista: vem av dem som är med avgörs av kommunkoden.")
        if names := list(dict.fromkeys(row["name"] for row in self.left_out)):
            more = f" och {len(names) - _MOST_NAMED} till" if len(names) > _MOST_NAMED else ""
            told.append(
                f"{len(names)} kommuner saknar något värde och kunde inte jämföras: "
                f"{', '.join(names[:_MOST_NAMED])}{more}."
            )
        if self.choice.left_out:
            told.append(f"Utan vikt, och därför utan betydelse: {', '.join(self.choice.left_out)}.")
        return told

    def as_record(self) -> Row:
        """The answer for a machine."""
        choice = self.choice
        return {
            "area_id": self.area_id, "name": self.name, "year": self.year, "recipe_id": choice.recipe_id,
            "title_sv": choice.title_sv, "made_by": choice.made_by, "variables": choice.text or None, "n": choice.n,
            "compared": self.compared, "neighbours": self.neighbours, "left_out": self.left_out,
            "is_tied": self.is_tied, "warnings": self.warnings,
        }  # fmt: skip


def far(percentiles: Sequence[float]) -> str | None:
    """A warning where fewer than half of the neighbours are near; None where at least half are.

    Args:
        percentiles: of each neighbour the share, in per cent, of all pairs of municipalities that are nearer.
    """
    near = sum(share <= NEAR_PCT for share in percentiles)
    if 2 * near >= len(percentiles):
        return None
    told = "ingen" if near == 0 else f"bara {near}"
    return (
        f"De närmaste ligger långt bort: {told} av {len(percentiles)} hör till den tiondel av alla kommunpar som "
        "liknar varandra mest."
    )


def find_similar(con: duckdb.DuckDBPyConnection, area_id: str, year: int | None, choice: Choice) -> Answer:
    """The municipalities most like one.

    Args:
        area_id: a municipality. year: the newest in which all variables are known where left out.

    Raises:
        UsageError: the area is no municipality, lacks a variable that year, or Kolada's set does not hold then.
    """
    name = _municipality(con, area_id)
    if choice.made_by == "kolada":
        return _of_kolada(con, area_id, name, year, choice)
    year = _newest(con, area_id, name, choice) if year is None else year
    structure = _rows(con, similar_sql.structure(str(year), literal(choice.text)))
    names = dict(con.execute("select area_id, name from area where area_type = 'municipality'").fetchall())
    lacking = [row for row in structure if row["value"] is None]
    _check_own(con, area_id, name, year, choice, lacking)
    one_more = str(choice.n + 1)
    found = _nested(_rows(con, similar_sql.contributions(literal(area_id), str(year), literal(choice.text), one_more)))
    left_out = [
        {"area_id": row["area_id"], "name": names[row["area_id"]], "variable": row["variable"],
         "reason": row["missing_reason"]}
        for row in lacking
    ]  # fmt: skip
    compared = len(names) - len({row["area_id"] for row in lacking})
    neighbours, next_one = found[: choice.n], found[choice.n :]
    is_tied = bool(next_one) and next_one[0]["distance"] == neighbours[-1]["distance"]
    return Answer(area_id, name, year, choice, neighbours, compared, left_out, is_tied)


def _municipality(con: duckdb.DuckDBPyConnection, area_id: str) -> str:
    row = con.execute(f"select name, area_type from area where area_id = {literal(area_id)}").fetchone()
    if row is None or row[1] != "municipality":
        found = f"{area_id} {row[0]}, a {row[1]}" if row else area_id
        raise UsageError("only municipalities have similar ones", expected="a municipality", found=found)
    return str(row[0])


def _years(con: duckdb.DuckDBPyConnection, area_id: str, measures: Collection[str]) -> list[int]:
    """The years in which all these measures are known of an area."""
    names = ", ".join(map(literal, sorted(measures)))
    rows = con.execute(
        f"select year from measure_value where area_id = {literal(area_id)} and sex = 'T' and value is not null "
        f"and caution is null and measure_id in ({names}) group by year having count(*) = {len(measures)} order by year"
    ).fetchall()
    return [year for (year,) in rows]


def _measures(choice: Choice) -> set[str]:
    return {measure for variable in choice.variables for measure in variable.measures}


def _newest(con: duckdb.DuckDBPyConnection, area_id: str, name: str, choice: Choice) -> int:
    years = _years(con, area_id, _measures(choice))
    if not years:
        lacking = [m for m in sorted(_measures(choice)) if not _years(con, area_id, {m})]
        raise UsageError(
            "there is no year in which all variables are known", where=f"{area_id} {name}",
            found=f"no value of {', '.join(lacking)}" if lacking else "each is known, but in different years",
            remedy="leave a variable out",
        )  # fmt: skip
    return years[-1]


def _check_own(
    con: duckdb.DuckDBPyConnection, area_id: str, name: str, year: int, choice: Choice, lacking: Sequence[Row]
) -> None:
    own = [f"{row['variable']} ({row['missing_reason']})" for row in lacking if row["area_id"] == area_id]
    if not own:
        return
    years = _years(con, area_id, _measures(choice))
    raise UsageError(
        "the municipality lacks a variable that year", where=f"{area_id} {name}, {year}",
        expected=f"one of the years {years[0]}–{years[-1]}" if years else "a value of each variable",
        found=", ".join(own), remedy="choose another year, or leave the variable out",
    )  # fmt: skip


def _nested(rows: Sequence[Row]) -> list[Row]:
    """One mapping for each neighbour, its variables within, the one that makes most difference first."""
    found: dict[int, Row] = {}
    for row in rows:
        head = {"rank": row["rank"], "area_id": row["similar_area_id"], "name": row["name"],
                "distance": row["distance"], "distance_percentile": row["distance_percentile"],
                "is_near": row["distance_percentile"] <= NEAR_PCT, "variables": []}  # fmt: skip
        part = {name: row[name] for name in ("variable", "weight", "value", "similar_value", "difference")}
        found.setdefault(row["rank"], head)["variables"].append(part | {"contribution_pct": row["contribution_pct"]})
    for neighbour in found.values():
        neighbour["variables"].sort(key=lambda part: (-(part["contribution_pct"] or 0), part["variable"]))
    return list(found.values())


def _of_kolada(con: duckdb.DuckDBPyConnection, area_id: str, name: str, year: int | None, choice: Choice) -> Answer:
    first = _first_year(choice)
    if year is not None and year < first:
        raise UsageError(
            "Kolada's set does not hold for that year", where=choice.title_sv, expected=f"{first} or later",
            found=f"{year}", remedy="leave the year out, or choose a set of ours",
        )  # fmt: skip
    members = con.execute(_MEMBERS.format(area=literal(area_id), recipe=literal(choice.recipe_id or ""))).fetchall()
    if not members:
        raise UsageError(
            "Kolada has no such group of the municipality", where=f"{area_id} {name}", found=choice.title_sv
        )
    unknown: Row = {"rank": None, "distance": None, "distance_percentile": None, "is_near": None, "variables": []}
    neighbours = [unknown | {"area_id": member, "name": called} for member, called in members]
    return Answer(area_id, name, year or first, choice, neighbours, len(members) + 1)


def _first_year(choice: Choice) -> int:
    """The first year that Kolada's set holds for as a whole."""
    day = choice.valid_from
    return 0 if day is None else day.year + ((day.month, day.day) > (1, 1))


_MEMBERS = """
select m.area_id, a.name from area_membership as m join area as a on m.area_id = a.area_id
where m.recipe_id = {recipe} and m.compared_area_id = {area} and m.valid_to is null order by a.name
"""


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    result = con.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
