"""Events in the life of the series that a release uses: renamed, vanished, closed, or returned.

Belongs here: deriving such events from the vintages of the publisher's list of series. Does not belong here: values,
whose changes are in the tables `revision` and `observation_vintage`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.settings import Settings
from pipelines.storage.database import connect, literal
from pipelines.storage.vintages import Vintages

if TYPE_CHECKING:
    import duckdb

_LIST = "kolada.kpi"
_CLOSED = re.compile(r"\(\s*-\s*(\d{4})\s*\)")  # a closed series is only marked in its title: "(-2023)"


@dataclass(frozen=True)
class Event:
    """One event: when it became known (UTC), what it was, and the titles before and after."""

    known_from: datetime
    kind: str  # renamed, vanished, returned or closed
    series_id: str
    indicators: tuple[str, ...]
    before: str | None
    after: str | None


_USED = """
select series as series_id, null as indicator_id from measure where dataset = 'kolada.values' and series is not null
union
select unnest(string_split(source_series, ', ')), indicator_id from indicator where source_id like '%kolada%'
order by all
"""


def series_events(settings: Settings, release: duckdb.DuckDBPyConnection) -> list[Event]:
    """Events of the series that the indicators of a release are computed from, newest first.

    A series that was closed from the start is included.
    """
    used: dict[str, list[str]] = {}
    for series, indicator in release.execute(_USED).fetchall():
        used.setdefault(series, []).extend([indicator] if indicator else [])
    history = Vintages(settings).history_sql(_LIST)
    with connect(settings) as con:
        rows = con.execute(
            "select known_from, change, series_id, title, lag(title) over w, lag(change) over w "
            f"from ({history}) where series_id in ({', '.join(map(literal, sorted(used))) or 'null'}) "
            "window w as (partition by series_id order by known_from) order by known_from desc, series_id"
        ).fetchall()  # no bound parameter, for which DuckDB would import pandas
    events = []
    for known_from, change, series, title, before, change_before in rows:
        kind = _kind(change, title, before, change_before)
        if kind:
            events.append(Event(known_from, kind, series, tuple(used[series]), before, title))
    return events


def _kind(change: str, title: str | None, before: str | None, change_before: str | None) -> str | None:
    if change == "withdrawn":
        return "vanished"
    if title and _CLOSED.search(title) and not (before and _CLOSED.search(before)):
        return "closed"
    if change == "restored" or change_before == "withdrawn":
        return "returned"
    return "renamed" if before is not None and title != before else None


def as_rows(events: list[Event]) -> list[dict[str, Any]]:
    """Events as rows for machine-readable output."""
    return [asdict(event) | {"known_from": event.known_from.isoformat()} for event in events]
