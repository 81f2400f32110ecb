"""Values of a municipality beside the median of similar ones by a choice other than the default set.

Belongs here: the medians, with how many values each rests on, and what the reader has to know of them. Does not belong
here: the default set, whose medians are in the table `comparison`; finding the municipalities (`similar_areas.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from pipelines.errors import UsageError
from pipelines.reading.similar_areas import far, find_similar
from pipelines.reading.similar_choice import Choice
from pipelines.reading.similar_sql import structure
from pipelines.storage.database import literal

_MOST_NAMED = 8
Row = dict[str, Any]
_MEDIANS = """
with likes (year, area_id) as (values {likes})
select o.indicator_id, o.year, round(median(o.value), 10) as similar_median, cast(count(*) as integer) as similar_n
from observation as o join likes on o.area_id = likes.area_id and o.year = likes.year
where o.sex = 'T' and o.value is not null and o.caution is null
group by o.indicator_id, o.year
"""


def beside_similar(con: duckdb.DuckDBPyConnection, area_id: str, rows: Sequence[Row], choice: Choice) -> list[str]:
    """Put the medians by a choice into the rows of `reader.compare`: similar_median, similar_n and similar_by.

    Returns:
        What the reader has to know, in Swedish: years without similar municipalities, whether they are near, and
        indicators that measure what the municipalities were chosen by.

    Raises:
        UsageError: the area is no municipality, or no row's year has similar municipalities.
    """
    years = sorted({row["year"] for row in rows})
    likes, told = _likes(con, area_id, years, choice)
    values = ", ".join(f"({year}, {literal(area)})" for year, areas in likes.items() for area in areas)
    medians = {(i, y): (m, n) for i, y, m, n in con.execute(_MEDIANS.format(likes=values)).fetchall()}
    for row in rows:
        found = (None, None) if row["caution"] else medians.get((row["indicator_id"], row["year"]), (None, None))
        row["similar_median"], row["similar_n"] = found
        row["similar_by"] = choice.recipe_id or choice.text
    without = sum(row["year"] not in likes for row in rows)
    if without:
        since = f" (det gäller från {choice.valid_from})" if choice.valid_from else ""
        told.append(
            f"{without} nyckeltal har sitt nyaste värde ett år som urvalet inte finns för{since}, och saknar median."
        )
    if judged := measured_by_choice(con, rows, choice, max(likes)):
        more = f" och {len(judged) - _MOST_NAMED} till" if len(judged) > _MOST_NAMED else ""
        told.append(
            "De liknande är valda efter det som dessa nyckeltal själva mäter, så att skillnaden blir liten av sig "
            f"själv: {', '.join(judged[:_MOST_NAMED])}{more}."
        )
    return told


def _likes(
    con: duckdb.DuckDBPyConnection, area_id: str, years: Sequence[int], choice: Choice
) -> tuple[dict[int, list[str]], list[str]]:
    """The similar municipalities by year, and the warnings of the newest of these years."""
    likes: dict[int, list[str]] = {}
    told: list[str] = []
    refused: UsageError | None = None
    for year in reversed(years):
        try:
            answer = find_similar(con, area_id, year, choice)
        except UsageError as error:
            refused = refused or error
            continue
        if not likes:
            distances = [n["distance_percentile"] for n in answer.neighbours if n["distance"] is not None]
            told += [warning] if (warning := far(distances)) else []
        likes[year] = [n["area_id"] for n in answer.neighbours]
    if not any(likes.values()):
        raise refused or UsageError("there is nothing to compare with", found=choice.title_sv)
    return {year: areas for year, areas in likes.items() if areas}, told


def measured_by_choice(con: duckdb.DuckDBPyConnection, rows: Sequence[Row], choice: Choice, year: int) -> list[str]:
    """The indicators among the rows that measure what the municipalities were chosen by.

    Those that are the series of a variable's measure, and those that follow a variable over the municipalities of the
    year: a correlation of at least 0.98, as of the share aged 80+ with the quotient that it is.
    """
    if not choice.variables:
        return []
    names = ", ".join(literal(variable.measure) for variable in choice.variables)
    sql = _SAME.format(structure=structure(str(year), literal(choice.text)), year=year, measures=names)
    found = {indicator for (indicator,) in con.execute(sql).fetchall()}
    return [row["indicator_id"] for row in rows if row["indicator_id"] in found]


_SAME = """
with chosen as ({structure}),
measured as (
    select o.indicator_id
    from observation as o join chosen as c on o.area_id = c.area_id
    where o.year = {year} and o.sex = 'T' and o.value is not null and o.caution is null and c.value is not null
    group by o.indicator_id, c.variable
    having count(*) >= 30 and abs(corr(o.value, c.value)) >= 0.98
)
select indicator_id from measured
union
select i.indicator_id from indicator as i join measure as m on i.source_series = m.series
where i.processing_level = 'published' and m.measure_id in ({measures})
"""
