"""Series whose publisher describes them otherwise than when our definition was reviewed against the description.

Belongs here: comparing the digests that a release declares (`source_series`) with the newest list that was taken in.
Does not belong here: other events of series (`series_events.py`), or what a description says, which a person reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from indicators.model.measured import digest
from pipelines.sources.series_descriptions import descriptions
from pipelines.storage.archive import Archive, Fetch


@dataclass(frozen=True)
class DescribedAnew:
    """Since when the description of a series is another, and the digests of the reviewed one and of this one."""

    known_from: datetime
    reviewed: str
    now: str


def described_anew(archive: Archive, dataset: str, reviewed: Mapping[str, str]) -> dict[str, DescribedAnew]:
    """The series whose newest description is not the one that was reviewed.

    It is told until a person has read it and declared its digest. A series that has vanished from the list is not told
    here; the embedded figures hold no descriptions, so nothing is told of them.

    Args:
        dataset: the list of series. reviewed: digest by series.

    Raises:
        SourceError: an archived list is damaged.
    """
    lists = _lists(archive, dataset)
    if not lists:
        return {}

    @cache
    def digests(place: int) -> dict[str, str]:
        told = descriptions(lists[place][1], archive)
        return {series: digest(told[series]) for series in reviewed if series in told}

    def first_with(series: str, now: str) -> int:
        """The first list with this description; searched for, since lists are many and differ little."""

        def has_it(place: int) -> bool:
            return digests(place).get(series) == now

        return bisect_left(range(len(lists)), True, key=has_it)

    found = {}
    for series, now in digests(len(lists) - 1).items():
        if now != reviewed[series]:
            found[series] = DescribedAnew(lists[first_with(series, now)][0], reviewed[series], now)
    return found


def first_described(archive: Archive, dataset: str, series: Iterable[str]) -> dict[str, str]:
    """The digest of the description that each series had on the first list that was taken in with it.

    Raises:
        SourceError: an archived list is damaged.
    """
    found: dict[str, str] = {}
    left = set(series)
    for _, fetched in _lists(archive, dataset):
        if not left:
            break
        told = descriptions(fetched, archive)
        found |= {name: digest(told[name]) for name in left & told.keys()}
        left -= told.keys()
    return found


def _lists(archive: Archive, dataset: str) -> list[tuple[datetime, Fetch]]:
    """The lists that were fetched from the publisher and taken in, oldest first, each with when it became known."""
    fetched = {f.content_id: f for f in archive.fetches(dataset) if f.way == "live"}
    taken = archive.taken_in(dataset)
    return [(t.known_from, fetched[t.content_id]) for t in taken if t.content_id in fetched]
