"""The source's own series as indicators beside the curated ones: those of the scope that the data folder has.

Belongs here: which series there are, and what is known of them, from vintages and archive. Does not belong here: their
rows (`indicators/generate/uncurated_rows.py`), or how a scope is stated (`sources/kolada/scope.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import duckdb

from indicators.generate.declared_rows import Row, Source, made_of
from indicators.generate.uncurated_rows import UncuratedSeries, uncurated_row
from indicators.load.catalogue import Catalogue
from pipelines.settings import Settings
from pipelines.sources.kolada.scope import CURATED, GROUP, KPI, KPI_GROUPS, OTHER_VALUES, VALUES, scope_of
from pipelines.sources.series_descriptions import descriptions
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.database import literal
from pipelines.storage.vintages import Vintages
from pipelines.text.normalise import plain

_SOURCE = "kolada"

# Each series as the source named it last, when it was first known, and since when it is not on the list, if it is not.
_SERIES = """
    with history as ({history}),
    named as (
        select series_id, max_by(title, known_from) as title, max_by(operating_area, known_from) as operating_area,
            max_by(perspective, known_from) as perspective, min(known_from) as first_known
        from history where change <> 'withdrawn' group by series_id
    ),
    newest as (select series_id, max_by(change, known_from) as change, max(known_from) as known_from
        from history group by series_id)
    select series_id, title, operating_area, perspective, cast(first_known as date),
        case when newest.change = 'withdrawn' then cast(newest.known_from as date) end
    from named join newest using (series_id) where {wanted} order by series_id
"""


def identity(settings: Settings) -> list[str]:
    """What decides these indicators beside the vintages, as part of what a build is made from; nothing without any."""
    archive = Archive(settings.archive_dir)
    scope = scope_of(archive)
    if scope == CURATED:
        return []
    return [f"scope {scope}", *(f"list {fetched.content_id}" for fetched in _lists(archive)[:1])]


def uncurated_rows(
    con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, source: Source
) -> list[Row]:
    """The rows of `declared.indicator`, by id; none where only what is curated was asked for.

    Raises:
        SourceError: an archived list of series is damaged.
    """
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    scope = scope_of(archive)
    if scope == CURATED:
        return []
    wanted = "true" if not scope.startswith(GROUP) else f"series_id in ({_members(vintages, scope)})"
    known = con.execute(_SERIES.format(history=vintages.history_sql(KPI), wanted=wanted)).fetchall()
    told = _described(archive, [series for series, *_ in known])
    used, made = set(catalogue.series_of(VALUES)), _curated(catalogue)
    return [
        uncurated_row(
            UncuratedSeries(
                VALUES if series in used else OTHER_VALUES, series, plain(title), told.get(series), area, perspective,
                known_from, unlisted_from, made[series],
            ),
            _SOURCE, source,
        )
        for series, title, area, perspective, known_from, unlisted_from in known
    ]  # fmt: skip


def _members(vintages: Vintages, scope: str) -> str:
    """A query of the members of a group."""
    group = literal(scope.removeprefix(GROUP))
    known = f"select * from ({vintages.known_sql(KPI_GROUPS)}) where change <> 'withdrawn'"
    return f"select series_id from ({known}) where group_id = {group}"


def _curated(catalogue: Catalogue) -> defaultdict[str, list[str]]:
    """The declared indicators that are made of each series."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for indicator in catalogue.indicators:
        for dataset, series in made_of(indicator, catalogue):
            if dataset == VALUES:
                found[series].append(indicator.indicator_id)
    return found


def _described(archive: Archive, series: Iterable[str]) -> dict[str, str]:
    """The newest description of each series, of the newest list that has the series; in one line, without controls."""
    told: dict[str, str] = {}
    left = set(series)
    for fetched in _lists(archive):
        if not left:
            break
        found = descriptions(fetched, archive)
        told |= {name: plain(text) for name in left & found.keys() if (text := found[name])}
        left -= found.keys()
    return told


def _lists(archive: Archive) -> list[Fetch]:
    """The lists of series that were fetched from the publisher and taken in, the newest first."""
    fetched = {f.content_id: f for f in archive.fetches(KPI) if f.way == "live"}
    taken = archive.taken_in(KPI)
    return [fetched[t.content_id] for t in reversed(taken) if t.content_id in fetched]
