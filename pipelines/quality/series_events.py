"""Events in the life of the series that a release uses: renamed, vanished, closed, returned, or described anew.

Belongs here: deriving such events from the vintages of the publisher's list of series. Does not belong here: values,
whose changes are in the tables `revision` and `observation_vintage`; reading descriptions (`described_anew.py`).
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.quality.described_anew import described_anew, first_described
from pipelines.settings import Settings
from pipelines.storage.archive import Archive
from pipelines.storage.database import connect, literal
from pipelines.storage.vintages import Vintages

if TYPE_CHECKING:
    import duckdb

_LIST = "kolada.kpi"
_CLOSED = re.compile(r"\(\s*-\s*(\d{4})\s*\)")  # a closed series is only marked in its title: "(-2023)"


@dataclass(frozen=True)
class Event:
    """One event: when it became known (UTC), what it was, and the titles before and after.

    Of a series that is described anew, `before` and `after` are the digests of the description that our definition was
    reviewed against and of the present one.
    """

    known_from: datetime
    kind: str  # renamed, vanished, returned, closed or described_anew
    series_id: str
    indicators: tuple[str, ...]
    before: str | None
    after: str | None


_USED = """
select series as series_id, null as indicator_id from measure where dataset = 'kolada.values' and series is not null
union
select unnest(string_split(source_series, ', ')), indicator_id from indicator
where source_id like '%kolada%' and theme <> 'kolada'
order by all
"""

_UNCURATED = "select source_series, indicator_id from indicator where theme = 'kolada' order by all"

_REVIEWED = "select series, description_sha256 from source_series where dataset = 'kolada.values' order by all"


def series_events(settings: Settings, release: duckdb.DuckDBPyConnection) -> list[Event]:
    """Events of the series that the curated indicators of a release are computed from, newest first.

    A series that was closed from the start is included.
    """
    used = _indicators(release, _USED)
    events = _of_lists(settings, used)
    events += _of_descriptions(settings, used, _reviewed(release, used))
    return sorted(events, key=lambda event: event.known_from, reverse=True)


def uncurated_events(settings: Settings, release: duckdb.DuckDBPyConnection) -> list[Event]:
    """The same of the series that nobody has reviewed; a description is compared with the first that was known.

    A series that was closed from the start is no event: nobody here has said otherwise.
    """
    used = _indicators(release, _UNCURATED)
    if not used:
        return []
    events = [event for event in _of_lists(settings, used) if event.kind != "closed" or event.before]
    events += _of_descriptions(settings, used, first_described(Archive(settings.archive_dir), _LIST, used))
    return sorted(events, key=lambda event: event.known_from, reverse=True)


def _indicators(release: duckdb.DuckDBPyConnection, sql: str) -> dict[str, list[str]]:
    """The indicators that are made of each series."""
    used: dict[str, list[str]] = {}
    for series, indicator in release.execute(sql).fetchall():
        used.setdefault(series, []).extend([indicator] if indicator else [])
    return used


def _of_lists(settings: Settings, used: dict[str, list[str]]) -> list[Event]:
    """What the publisher's lists tell: other titles, series that are gone, back or closed."""
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


def _of_descriptions(settings: Settings, used: dict[str, list[str]], reviewed: dict[str, str]) -> list[Event]:
    """What the publisher describes otherwise than when it was `reviewed` (digest by series)."""
    anew = described_anew(Archive(settings.archive_dir), _LIST, reviewed)
    return [
        Event(found.known_from, "described_anew", series, tuple(used[series]), found.reviewed, found.now)
        for series, found in anew.items()
    ]


def _reviewed(release: duckdb.DuckDBPyConnection, used: Container[str]) -> dict[str, str]:
    """The digest that each of the series was reviewed against; none of a release from before they were declared."""
    if not release.execute("select 1 from duckdb_tables() where table_name = 'source_series'").fetchone():
        return {}
    return {series: told for series, told in release.execute(_REVIEWED).fetchall() if series in used}


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
