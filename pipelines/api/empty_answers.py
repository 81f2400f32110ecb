"""Explains why a response has no rows.

Belongs here: one sentence for a valid query without results, and what to ask instead. Does not belong here: codes that
do not exist, which are rejected (`codes.py`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from pipelines.api.parameters import Paging, year_ranges
from pipelines.api.queries import AREAS, COMPARISON, Listing, Page
from pipelines.text.suggestions import words_near

_NEVER_COMPARED = ("nation", "region")
HEADER = "Nyckeltal-Note"  # sent as a header: some formats have no place for a message


def why_empty(con: duckdb.DuckDBPyConnection, listing: Listing, given: Paging, page: Page) -> str:
    """One sentence, in ASCII except for names and titles.

    Args:
        con: a connection on the queried release. page: the page of the query.
    """
    asked = given.model_dump(exclude_defaults=True)
    if "moment" in asked and (told := _not_known_then(con, asked["moment"], page)):
        return told
    if "q" in asked:
        return _no_such_words(con, listing, asked["q"])
    if told := _without_values(con, asked):
        return told
    if listing is COMPARISON and (told := _not_compared(con, asked, page)):
        return told
    if listing.source == "revision":
        return "nothing has changed since the release before, or there is none before"
    named = ", ".join(name for name in asked if name not in {"columns", "limit", "cursor", "labels", "moment"})
    return f"no rows answer all of this at once: {named}" if named else f"the table {listing.table} is empty"


def _not_known_then(con: duckdb.DuckDBPyConnection, moment: str, page: Page) -> str | None:
    """If the queried values only became known after the moment of the query: when that was."""
    where = f"where {' and '.join(page.conditions)}" if page.conditions else ""
    found = con.execute(f"select min(known_from) from observation_vintage {where}", page.values[1:]).fetchone()
    first = found[0] if found else None
    if first is None or first < _end(moment):
        return None
    return f"nothing of this was known at {moment}: the first of it became known {first.isoformat()} (UTC)"


def _not_compared(con: duckdb.DuckDBPyConnection, asked: dict[str, Any], page: Page) -> str | None:
    """Why the queried values are in no comparison: their type of area, or the cautions that they carry."""
    areas, kinds = list(asked.get("area", [])), list(asked.get("area_type", []))
    meant = con.execute(
        "select distinct area_type from area where (area_id in (select unnest($1::varchar[])) or len($1) = 0) "
        "and (area_type in (select unnest($2::varchar[])) or len($2) = 0) order by 1",
        [areas, kinds],
    ).fetchall()
    told = []
    if areas or kinds:
        told += [f"values of a {kind} are never compared with others" for (kind,) in meant if kind in _NEVER_COMPARED]
    where = f"and {' and '.join(page.conditions)}" if page.conditions else ""
    rows = con.execute(
        f"select distinct caution from observation where value is not null and caution is not null {where} order by 1",
        page.values,
    ).fetchall()
    if cautions := ", ".join(caution for (caution,) in rows):
        told.append(f"a value with a caution is not compared with others: {cautions} (see /observations)")
    return "; ".join(told) or None


def _end(moment: str) -> datetime:
    """A day counts to its end."""
    if len(moment) == len("2026-11-22"):
        return datetime.combine(date.fromisoformat(moment), datetime.min.time()) + timedelta(days=1)
    return datetime.fromisoformat(moment) + timedelta(microseconds=1)


def _no_such_words(con: duckdb.DuckDBPyConnection, listing: Listing, typed: str) -> str:
    texts = "select name from area" if listing is AREAS else (
        "select concat_ws(' ', indicator_id, title_sv, source_series) from indicator"
    )  # fmt: skip
    near = words_near(typed, (text for (text,) in con.execute(texts).fetchall()))
    return f"nothing holds all of the words: {typed}" + (f"; did you mean {', '.join(near)}?" if near else "")


def _without_values(con: duckdb.DuckDBPyConnection, asked: dict[str, Any]) -> str | None:
    """For named indicators: those without any value with what they wait for, or the years that exist."""
    if not asked.get("indicator"):
        return None
    columns = [column for column, *_ in con.execute("from indicator limit 0").description or []]
    why = "no_values_sv" if "no_values_sv" in columns else "'inga värden än'"  # an earlier release lacks the column
    rows = con.execute(
        f"select indicator_id, first_year, last_year, {why} from indicator "
        "where indicator_id in (select unnest($1::varchar[])) order by 1",
        [list(asked["indicator"])],
    ).fetchall()
    empty = [f"{name}: {why}" for name, _, last, why in rows if last is None]
    if len(empty) == len(rows):
        return "; ".join(empty)
    if asked.get("year"):
        first, last = min(r[1] for r in rows if r[2]), max(r[2] for r in rows if r[2])
        if all(b < first or a > last for a, b in year_ranges(asked["year"])):
            return f"there are values of the years {first} to {last}"
    return None
