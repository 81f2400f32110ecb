"""A replica of Kolada's API v3 (api.kolada.se).

Belongs here: its responses, in its formats and within its limits. Does not belong here: its data (`kolada_store.py`),
pages that are corrupted on demand (`kolada_twists.py`), or broken connections (`faults.py`).
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import polars as pl

from pipelines.settings import ROOT
from tests.support.replicas.faults import FOREVER
from tests.support.replicas.kolada_store import Store, dense_store, snapshot_store
from tests.support.replicas.server import Reply, Request

MAX_IDS: Final = 25
MAX_PER_PAGE: Final = 5000
_SHUT_OFF: Final = {"error": "This endpoint is deprecated. Please use /v3 instead."}
_LISTS: Final = {
    "kpi": {"title"},
    "kpi_groups": {"title"},
    "municipality": {"title", "region_type", "type"},
    "municipality_groups": {"title"},
    "ou": {"title", "municipality"},
}
_PAGING: Final = {"page", "per_page"}
_CACHED: Final = 8  # cached selections, so that the pages of one chain cost one selection

Page = dict[str, Any]
Twist = Callable[[Page, "Seen"], None]


class _RefusedError(Exception):
    """422, with the reason."""


@dataclass(frozen=True)
class Seen:
    """The page that is about to be answered: its address, its number (1-based), and how to make another page."""

    url: str
    number: int
    page: Callable[[int], Page]


@dataclass
class _Planned:
    twist: Twist
    match: str
    times: int
    after: int


class KoladaReplica:
    """Kolada, as it answers for what `store` holds.

    Args:
        page_items: items on a page when fewer than asked for, so that a small replica has several pages.
        keeps_answers: each body is made once and kept, for measuring a client.
    """

    hosts = ("api.kolada.se",)

    def __init__(self, store: Store, page_items: int = MAX_PER_PAGE, *, keeps_answers: bool = False) -> None:
        self.store = store
        self.page_items = page_items
        self._kept: dict[str, bytes] | None = {} if keeps_answers else None
        self._chosen: OrderedDict[tuple[Any, ...], pl.DataFrame] = OrderedDict()
        self._twists: list[_Planned] = []
        self._guard = threading.RLock()

    @classmethod
    def from_snapshot(cls, folder: Path = ROOT / "data" / "snapshot", **more: Any) -> KoladaReplica:
        """All that the embedded figures hold, with units made up for the KPIs that have values of units."""
        return cls(snapshot_store(folder), **more)

    @classmethod
    def dense(cls, kpis: int, areas: int, years: int, **more: Any) -> KoladaReplica:
        """Made-up values: so many KPIs × areas × years × three sexes, without a gap."""
        return cls(dense_store(kpis, areas, years), **more)

    def twist(self, change: Twist, match: str = "", times: int = FOREVER, after: int = 0) -> None:
        """Corrupt the next pages whose URL contains `match`, except for the first `after` of them."""
        with self._guard:
            self._twists.append(_Planned(change, match, times, after))

    def untwist(self) -> None:
        """Respond correctly again."""
        with self._guard:
            self._twists.clear()

    def answer(self, request: Request) -> Reply:
        """The answer to a request."""
        parts = [p for p in request.path.split("/") if p]
        if parts[:1] == ["v2"]:
            return Reply.json(_SHUT_OFF, 410)
        if parts[:1] != ["v3"] or request.method != "GET":
            return Reply.json({"detail": "Not Found"}, 404)
        target = f"{request.path}?{urlencode(request.query, doseq=True)}"
        twists = self._due(target)
        if self._kept is not None and not twists and target in self._kept:
            return _reply(self._kept[target])
        try:
            body = self._body(request, parts[1:], twists)
        except _RefusedError as error:
            return Reply.json({"detail": str(error)}, 422)
        if body is None:
            return Reply.json({"detail": "Not Found"}, 404)
        if self._kept is not None and not twists:
            self._kept[target] = body
        return _reply(body)

    def _due(self, target: str) -> list[Twist]:
        with self._guard:
            due = []
            for planned in self._twists:
                if planned.match not in target or planned.times <= 0:
                    continue
                if planned.after > 0:
                    planned.after -= 1
                    continue
                planned.times -= 1
                due.append(planned.twist)
            return due

    def _body(self, request: Request, parts: list[str], twists: list[Twist]) -> bytes | None:
        chosen = self._data(request, parts) if parts[:1] in (["data"], ["oudata"]) else self._list(request, parts)
        if chosen is None:
            return None
        number = _whole(request.query, "page", 1, None)
        size = min(_whole(request.query, "per_page", MAX_PER_PAGE, MAX_PER_PAGE), self.page_items)
        if not twists:
            return _page(request, chosen, number, size)
        seen = Seen(_address(request, number), number, lambda n: json.loads(_page(request, chosen, n, size)))
        page = seen.page(number)
        for twist in twists:
            twist(page, seen)
        return json.dumps(page, ensure_ascii=False).encode()

    def _list(self, request: Request, parts: list[str]) -> pl.DataFrame | list[Any] | None:
        if not parts or parts[0] not in _LISTS or len(parts) > 2:
            return None
        if set(request.query) - _PAGING - _LISTS[parts[0]]:
            return []
        ids = set(_ids(parts[1])) if len(parts) == 2 else None
        records = self.store.records(parts[0])
        title = request.query.get("title", [""])[0].lower()
        kinds = request.query.get("region_type") or request.query.get("type")  # koladapy asks by the latter
        areas = request.query.get("municipality")
        return [
            r
            for r in records
            if (ids is None or r["id"] in ids)
            and title in r["title"].lower()
            and (not kinds or r["type"] in kinds)
            and (not areas or r["municipality"] in areas[0].split(","))
        ]

    def _data(self, request: Request, parts: list[str]) -> pl.DataFrame | list[Any] | None:
        place = "ou" if parts[0] == "oudata" else "municipality"
        asked = set(request.query) - _PAGING - {"from_date"}
        if len(parts) == 1:
            # The query form. Unknown parameter names, and an empty query, get an empty list and status 200.
            parameters = {"kpi_id": "kpi", f"{place}_id": place, "year": "year"}
            if not asked or asked - set(parameters):
                return []
            segments = {parameters[n]: _ids(",".join(request.query[n])) for n in asked}
        else:
            names, values = parts[1::2], parts[2::2]
            order = [n for n in ("kpi", place, "year") if n in names]
            if len(names) != len(values) or len(names) < 2 or names != order:
                return None
            segments = {name: _ids(text) for name, text in zip(names, values, strict=True)}
            if asked:
                return []
        since = _day(request.query.get("from_date", [""])[0])
        if not all(y.isdigit() for y in segments.get("year", ())):
            raise _RefusedError("year: not a whole number")
        years = [int(y) for y in segments["year"]] if "year" in segments else None
        key = (place, *(tuple(segments.get(n, ("*",))) for n in ("kpi", place, "year")), since, self.store.version)
        with self._guard:
            if key not in self._chosen:
                self._chosen[key] = self.store.items(place, segments.get("kpi"), segments.get(place), years, since)
                if len(self._chosen) > _CACHED:
                    self._chosen.popitem(last=False)
            self._chosen.move_to_end(key)
            return self._chosen[key]


def _reply(body: bytes) -> Reply:
    return Reply(200, body, {"Content-Type": "application/json"})


def _ids(text: str) -> list[str]:
    ids = [i for i in text.split(",") if i]
    if len(ids) > MAX_IDS:
        raise _RefusedError(f"at most {MAX_IDS} ids in a segment, found {len(ids)}")
    return ids


def _whole(query: dict[str, list[str]], name: str, default: int, most: int | None) -> int:
    text = query.get(name, [str(default)])[0]
    if not text.isdigit() or int(text) < 1 or (most is not None and int(text) > most):
        raise _RefusedError(f"{name}: from 1{f' to {most}' if most else ''}, found {text}")
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _RefusedError(f"from_date: YYYY-MM-DD, found {text}") from error


def _address(request: Request, number: int) -> str:
    query = {name: values[0] for name, values in request.query.items() if name != "page"}
    if number > 1:
        query["page"] = str(number)
    return f"{request.base}{request.path}" + (f"?{urlencode(query, safe=':,')}" if query else "")


def _page(request: Request, chosen: pl.DataFrame | list[Any], number: int, size: int) -> bytes:
    start = (number - 1) * size
    if isinstance(chosen, list):
        some = chosen[start : start + size]
        values, count = json.dumps(some, ensure_ascii=False), len(some)
    else:
        part = chosen.slice(start, size)
        values, count = part.write_json() if part.height else "[]", part.height
    frame = {
        "count": count,
        "next_url": _address(request, number + 1) if start + size < len(chosen) else None,
        "previous_url": _address(request, number - 1) if number > 1 else None,
    }
    return b'{"values":' + values.encode() + b"," + json.dumps(frame).encode()[1:]
