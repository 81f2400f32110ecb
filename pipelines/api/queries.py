"""Which table answers which request, and the SQL of one page.

Belongs here: the public tables that can be listed, the key that orders each, and conditions from parameters. Values
are bound, never written into the SQL. Does not belong here: the rules for reading a release safely
(`reading/reader.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from indicators.model.words import UNCURATED
from pipelines.api.codes import Vocabulary
from pipelines.api.cursors import Key
from pipelines.api.parameters import Paging, year_ranges
from pipelines.api.problems import ApiError, near
from pipelines.storage.database import identifier
from pipelines.text.normalise import folded

SERIES = ("indicator_id", "area_id", "sex", "year")


@dataclass(frozen=True)
class Listing:
    """A table that is returned page by page.

    `source`: the table, a view or a macro of it. `is_cube`: its rows are observations, so JSON-stat can represent
    them.
    """

    table: str
    source: str
    key: tuple[str, ...]
    is_cube: bool = False

    @property
    def file(self) -> str:
        """The release's Parquet file with the whole table."""
        return f"{self.table}.parquet"

    @property
    def kinds(self) -> tuple[type, ...]:
        """The types of the key's columns."""
        return tuple(int if column == "year" else str for column in self.key)


INDICATORS = Listing("indicator", "indicator", ("indicator_id",))
AREAS = Listing("area", "area", ("area_id",))
OBSERVATIONS = Listing("observation", "observation", SERIES, is_cube=True)
LABELLED = Listing("observation", "observation_wide", SERIES, is_cube=True)
AS_OF = Listing("observation_vintage", "observation_as_of(?)", SERIES, is_cube=True)
COMPARISON = Listing("comparison", "comparison", SERIES)
TREND = Listing("trend", "trend", ("indicator_id", "area_id", "sex", "horizon"))
PLACE = Listing("place", "place", SERIES)
FUNNEL = Listing("funnel", "funnel", ("indicator_id", "sex", "year", "size_group"))
REVISIONS = Listing("revision", "revision", SERIES)
RELEASE = Listing("release", "release", ("release_id",))
LISTINGS = (INDICATORS, AREAS, OBSERVATIONS, LABELLED, AS_OF, COMPARISON, TREND, PLACE, FUNNEL, REVISIONS, RELEASE)


@dataclass
class Page:
    """The SQL of a page: conditions, and the values that are bound."""

    listing: Listing
    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def where(self, condition: str, *values: object) -> None:
        """Add a condition."""
        self.conditions.append(condition)
        self.values += values

    def one_of(self, column: str, wanted: Iterable[str]) -> None:
        """Add the condition that the column has one of these values."""
        values = sorted(wanted)
        self.where(f"{column} in ({', '.join('?' * len(values))})" if values else "false", *values)

    def after(self, key: Key) -> None:
        """Only rows after that key. The first comparison lets the engine skip row groups before it."""
        columns = self.listing.key
        self.where(f"{columns[0]} >= ?", key[0])
        self.where(f"({', '.join(columns)}) > ({', '.join('?' * len(columns))})", *key)

    def end_where(self, con: duckdb.DuckDBPyConnection, rows: int) -> None:
        """Let a long page end where the first key column's value changes.

        DuckDB keeps the first few thousand rows of an order cheaply, but sorts the whole table when more are
        requested.
        """
        first = self.listing.key[0]
        query = f"select {first}, count(*) from {self.listing.source} {self._where()}group by 1 order by 1"
        total = 0
        for value, count in con.execute(query, self.values).fetchall():
            total += count
            if total > rows:
                self.where(f"{first} <= ?", value)
                return

    def sql(self, columns: Sequence[str], limit: int) -> tuple[str, list[Any]]:
        """The query, with the key beside the requested columns, and its bound values."""
        names = ", ".join(identifier(name) for name in dict.fromkeys([*columns, *self.listing.key]))
        order = ", ".join(self.listing.key)
        query = f"select {names} from {self.listing.source} {self._where()}order by {order} limit ?"
        return query, [*self.values, limit]

    def _where(self) -> str:
        return f"where {' and '.join(self.conditions)} " if self.conditions else ""


def columns_of(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """The columns of each source, in order."""
    found = {}
    for source in sorted({listing.source for listing in LISTINGS}):
        any_moment = source.replace("?", "'2000-01-01'")
        told = con.execute(f"select * from {any_moment} limit 0").description or []
        found[source] = tuple(column[0] for column in told)
    return found


def chosen(given: Paging, known: Sequence[str]) -> Sequence[str]:
    """The requested columns, all when none is named.

    Raises:
        ApiError: there is no such column.
    """
    for name in given.columns:
        if name not in known:
            raise ApiError(
                400,
                "fel-varde",
                "there is no such column",
                expected=", ".join(known),
                found=name,
                remedy=near(name, known),
            )
    return list(dict.fromkeys(given.columns)) or known


def page_of(listing: Listing, given: Paging, vocabulary: Vocabulary) -> Page:
    """The page that the parameters ask for, from its beginning.

    Raises:
        ApiError: a code that the release does not have.
    """
    page = Page(listing)
    asked: dict[str, Any] = dict(given)
    if moment := asked.get("moment"):
        page.values.append(moment)  # the argument of the table's macro, before all conditions
    indicators = vocabulary.indicators(asked.get("indicator", []), asked.get("theme", []))
    areas = vocabulary.areas(asked.get("area", []), asked.get("group", []), asked.get("area_type", []))
    for column, wanted in (("indicator_id", indicators), ("area_id", areas)):
        if wanted is not None:
            page.one_of(column, wanted)
    for name, condition in _CONDITIONS.items():
        if value := asked.get(name):
            condition(page, value)
    return page


def _years(page: Page, years: list[str]) -> None:
    spans = year_ranges(years)
    page.where(f"({' or '.join(['year between ? and ?'] * len(spans))})", *(year for span in spans for year in span))


def _words(page: Page, words: str) -> None:
    columns = ["name"] if page.listing is AREAS else ["indicator_id", "title_sv", "title_en", "definition_sv"]
    text = f"concat_ws(' ', {', '.join(columns)})"
    for word in folded(words).split():  # the same folding as `folded` in Python; a test compares the two
        page.where(f"contains(lower(strip_accents({text})), ?)", word)


_CONDITIONS: dict[str, Callable[[Page, Any], None]] = {
    "sex": lambda page, value: page.one_of("sex", value),
    "horizon": lambda page, value: page.one_of("horizon", value),
    "status": lambda page, value: page.one_of("status", value),
    "change": lambda page, value: page.one_of("change", value),
    "year": _years,
    "curated": lambda page, value: page.where(f"theme {'<>' if value == 'true' else '='} ?", UNCURATED),
    "q": _words,
}
