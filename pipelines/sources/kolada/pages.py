"""Kolada's responses, typed, and the chains of pages that they come in.

Belongs here: the type of each kind of page, and following `next_url` to the end. Does not belong here: which URLs are
requested (`fetching.py`).

A page is read twice: here, on arrival, strictly (a missing field, a number as text, or invalid JSON is an error; an
unknown field is reported), and when it is parsed (`parsing.py`), fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from pipelines.errors import SourceError
from pipelines.sources.fetch_journal import FetchJournal
from pipelines.sources.http_client import Client, DamagedError, HttpRefusedError, shown
from pipelines.sources.json_fields import read_fields
from pipelines.storage.archive import FileRecord

MAX_PAGES = 2_000
_CHAIN_ATTEMPTS = 3
Flag = bool | int | str | None


class Value(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One value of an item. `count` is the number of members when the item is a group's."""

    gender: str
    value: float | None
    status: str | None
    count: int | None
    isdeleted: bool


class Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The values of one KPI, area and year."""

    kpi: str
    municipality: str
    period: int
    values: list[Value]


class UnitItem(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The values of one KPI, unit and year."""

    kpi: str
    ou: str
    period: int
    values: list[Value]


class Kpi(msgspec.Struct, forbid_unknown_fields=True):
    """The metadata of a KPI; fields with a default are known but not used."""

    id: str
    title: str
    operating_area: str | None
    perspective: str | None
    is_divided_by_gender: Flag
    municipality_type: str | None
    prel_publication_date: str | None
    publication_date: str | None
    publ_period: int | str | None
    has_ou_data: Flag
    description: Any = None
    auspice: Any = None


class Area(msgspec.Struct, forbid_unknown_fields=True):
    """A municipality (K), or a region or the nation (L)."""

    id: str
    title: str
    type: str


class Member(msgspec.Struct, forbid_unknown_fields=True):
    """A member of a group, of areas or of KPIs."""

    member_id: str
    member_title: str | None = None


class Group(msgspec.Struct, forbid_unknown_fields=True):
    """A group with its members."""

    id: str
    title: str
    members: list[Member]


class Unit(msgspec.Struct, forbid_unknown_fields=True):
    """A unit, and the municipality that it is in."""

    id: str
    title: str
    municipality: str


T = TypeVar("T", Item, UnitItem, Kpi, Area, Group, Unit)


class Page(msgspec.Struct, Generic[T], forbid_unknown_fields=True, gc=False):
    """One page. `count` is the number of items on this page."""

    values: list[T]
    next_url: str | None
    count: int | None = None
    previous_url: str | None = None


@dataclass(frozen=True)
class Chain(Generic[T]):
    """A complete chain of pages: their keys in the fetch journal, and all items."""

    keys: list[str]
    items: list[T]


class Reader(Generic[T]):
    """Follows chains of one kind of page. Thread-safe."""

    def __init__(self, client: Client, journal: FetchJournal, kind: Any, base: str) -> None:
        self._client, self._journal, self._base = client, journal, base
        self._kind = kind

    def whole(self, url: str, *, keep_empty: bool = True) -> Chain[T]:
        """Fetch and archive every page from `url` on.

        Args:
            keep_empty: archive a single page without items too (an empty delta archives nothing).

        Raises:
            SourceError: no complete response, an endless or repeating chain, or a response of another type.
        """
        for attempt in range(1, _CHAIN_ATTEMPTS + 1):
            try:
                return self._follow(url, keep_empty, fresh=attempt > 1)
            except DamagedError as error:
                if attempt == _CHAIN_ATTEMPTS:
                    raise SourceError(
                        "the pages do not make a whole",
                        where=shown(url),
                        expected="each page once, then an end",
                        found=f"{error}, {attempt} times over",
                        remedy="refresh again later; if it lasts, the publisher's paging is broken: tell it",
                    ) from error
        raise AssertionError("unreachable")

    def _follow(self, url: str, keep_empty: bool, *, fresh: bool) -> Chain[T]:
        keys: list[str] = []
        items: list[T] = []
        seen: set[tuple[str | int, ...]] = set()
        address: str | None = url
        while address is not None:
            if address in keys or len(keys) >= MAX_PAGES:
                raise DamagedError(f"an endless chain of pages (page {len(keys) + 1} is {shown(address)} again)")
            page, record = self._page(address, fresh, keep_empty=keep_empty or bool(keys))
            if record is None:
                return Chain([], [])
            for item in page.values:
                if _identity(item) in seen:
                    raise DamagedError(f"page {len(keys) + 1} holds {_identity(item)}, which has come before")
                seen.add(_identity(item))
            keys.append(address)
            items += page.values
            address = self._next(page)
        return Chain(keys, items)

    def _page(self, url: str, fresh: bool, *, keep_empty: bool) -> tuple[Page[T], FileRecord | None]:
        known = None if fresh else self._journal.find(url)
        if known is not None:
            return self._read(self._journal.body(known), url), known
        try:
            answer = self._client.get(url, lambda body: self._read(body, url))
        except HttpRefusedError as error:
            raise _explained(error) from error
        if not answer.content.values and answer.content.next_url is None and not keep_empty:
            return answer.content, None
        self._next(answer.content)  # a page with a wrong next page is not archived, so that no resumed fetch follows it
        return answer.content, self._journal.add(url, shown(url), answer.body)

    def _read(self, body: bytes, url: str) -> Page[T]:
        remedy = "if the interface has changed, change pipelines/sources/kolada/pages.py; nothing was taken in"
        page: Page[T]
        page, new = read_fields(body, Page[self._kind], shown(url), remedy)  # type: ignore[name-defined]
        self._journal.tell(new)
        if page.count is not None and page.count != len(page.values):
            raise DamagedError(f"{len(page.values)} items on a page that counts {page.count}")
        return page

    def _next(self, page: Page[T]) -> str | None:
        if page.next_url is None:
            return None
        if not page.next_url.startswith(self._base.rstrip("/") + "/"):
            raise SourceError(
                "the next page lies on another server",
                where=self._base,
                expected=f"an address that begins with {self._base}",
                found=shown(page.next_url)[:200],
                remedy="if the publisher has moved, change `addresses` in kolada/declaration.yml",
            )
        return page.next_url


def _identity(item: Any) -> tuple[str | int, ...]:
    """The fields that must differ between any two items of a chain."""
    if isinstance(item, Item):
        return item.kpi, item.municipality, item.period
    if isinstance(item, UnitItem):
        return item.kpi, item.ou, item.period
    return (item.id,)


def _explained(error: HttpRefusedError) -> SourceError:
    if error.status == 410:
        return SourceError(
            "Kolada's interface of this version has been shut off",
            where=error.where,
            expected="interface v3 (https://api.kolada.se/v3), which came 2025-04-04; v2 was shut off in 2026",
            found=error.found,
            remedy="set `addresses` in kolada/declaration.yml to the version in use",
        )
    if error.status == 422:
        return SourceError(
            "Kolada did not accept the request",
            where=error.where,
            expected="at most 25 ids in each segment and at most 5 000 items a page",
            found=error.found,
            remedy="if the publisher has lowered its limits, change `live` in kolada/declaration.yml",
        )
    return error
