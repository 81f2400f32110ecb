"""SCB's APIs: PxWebApi 2 at statistikdatabasen.scb.se, version 1 at api.scb.se.

Belongs here: addresses, selections, limits, refusals and formats. Does not belong here: figures (`scb_figures.py`), or
version 2's metadata (`scb_metadata.py`).
"""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.replicas import scb_metadata
from tests.support.replicas.scb_figures import NoFigureError, Table, Variable, tables
from tests.support.replicas.server import Reply, Request
from tests.support.shared import SHARED

V1, V2 = "api.scb.se", "statistikdatabasen.scb.se"
_RECORDED = SHARED / "data" / "scb" / "recorded_v2"
_V1_HOME, _V2_HOME = "/OV0104/v1/doris/sv/ssd", "/api/v2"
_BOM = b"\xef\xbb\xbf"


class RefusedError(Exception):
    """A query that the API refuses."""

    def __init__(self, status: int, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


@dataclass
class Limits:
    """The limits that the server states, and applies: `enforced` cells, where they differ from the stated ones."""

    cells: int = 150_000
    calls: int = 3
    seconds: float = 1
    enforced: int | None = None


@dataclass
class _Chosen:
    """The codes of one variable in a question; `codes` is None for one that is summed."""

    variable: Variable
    codes: list[str] | None
    labels: dict[str, str]


@dataclass
class ScbReplica:
    """Both interfaces over the same tables.

    `municipalities` (all, by default) and `base` of the price index are as in `tables`. `v2` and `v1` are the limits of
    each interface, `clock` counts the seconds of their budgets. Where the recorded answers are at hand, those of
    TAB6471 and agg_Ålder10årJ are given as they are.
    """

    municipalities: Iterable[str] | None = None
    base: int = 1987
    v2: Limits = field(default_factory=Limits)
    v1: Limits = field(default_factory=lambda: Limits(110_000, 30, 10))
    clock: Callable[[], float] = time.monotonic
    hosts: tuple[str, ...] = (V1, V2)

    def __post_init__(self) -> None:
        made = tables(self.municipalities, self.base)
        self.tables = {table.id: table for table in made}
        self.cells = 0  # answered so far
        self._paths = {table.path: table for table in made}
        self._calls: dict[str, deque[float]] = {V1: deque(), V2: deque()}

    def put(self, table: Table) -> None:
        """Put another table in the place of one."""
        self.tables[table.id] = self._paths[table.path] = table

    def answer(self, request: Request) -> Reply:
        """The answer of one interface or the other."""
        host = request.base.rsplit("/", maxsplit=1)[-1]
        limits = self.v1 if host == V1 else self.v2
        try:
            self._count(host, limits)
            return self._v1(request) if host == V1 else self._v2(request)
        except (RefusedError, NoFigureError) as error:
            if isinstance(error, NoFigureError):
                error = RefusedError(400, "Non-existent value", f"the replica has no such figure: {error}")
            after = {"Retry-After": str(math.ceil(limits.seconds))} if error.status == 429 else {}
            if host == V1:
                return Reply(error.status, f"{error.title}. {error.detail}".encode(), after)
            problem = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
            headers = {"Content-Type": "application/problem+json"} | after
            return Reply(error.status, json.dumps(problem).encode(), headers)

    def _count(self, host: str, limits: Limits) -> None:
        calls, now = self._calls[host], self.clock()
        while calls and now - calls[0] >= limits.seconds:
            calls.popleft()
        if len(calls) >= limits.calls:
            raise RefusedError(429, "Too many requests", f"{limits.calls} calls in {limits.seconds} s")
        calls.append(now)

    def _v2(self, request: Request) -> Reply:
        parts = request.path.removeprefix(_V2_HOME).strip("/").split("/")
        recorded = _RECORDED / f"TAB6471_{parts[-1]}.json"
        if parts[:2] == ["tables", "TAB6471"] and recorded.is_file():
            return Reply(200, recorded.read_bytes(), {"Content-Type": "application/json"})
        return Reply.json(self._told(parts, request))

    def _told(self, parts: list[str], request: Request) -> dict[str, Any]:
        match parts:
            case ["config"]:
                return scb_metadata.config(self.v2.cells, self.v2.calls, self.v2.seconds)
            case ["tables"]:
                try:
                    return scb_metadata.listed(list(self.tables.values()), request)
                except scb_metadata.QuestionError as error:
                    raise RefusedError(400, "Bad Request", str(error)) from error
            case ["codelists", codelist]:
                return _codelist(self.tables.values(), codelist)
            case ["tables", name, *rest]:
                table = self._table(self.tables, name)
                if not rest:
                    return {"language": "sv", **scb_metadata.described(table)}
                if rest == ["metadata"]:
                    return scb_metadata.metadata(table)
                if rest == ["data"]:
                    return self._json_stat2(table, _selection_v2(table, request))
        raise RefusedError(404, "Not Found", request.path)

    def _v1(self, request: Request) -> Reply:
        path = request.path.removeprefix(_V1_HOME).strip("/").removeprefix("START/")
        if not path and "config" in request.query:
            limits = self.v1
            told = {"maxValues": limits.cells, "maxCells": max(150_000, limits.cells), "maxCalls": limits.calls}
            return Reply.json(told | {"timeWindow": limits.seconds, "CORS": True})
        table = self._table(self._paths, path)
        if request.method == "GET":
            return Reply.json(_metadata_v1(table))
        asked = json.loads(request.body)
        if asked.get("response", {}).get("format") != "json":
            raise RefusedError(400, "the replica answers in json only")
        answer = json.dumps(self._json_v1(table, _selection_v1(table, asked["query"])), ensure_ascii=False)
        return Reply(200, _BOM + answer.encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _table(self, listed: dict[str, Table], name: str) -> Table:
        if name not in listed:
            raise RefusedError(404, "Non-existent table", name)
        return listed[name]

    def _refuse_too_many(self, chosen: Sequence[_Chosen], limits: Limits) -> None:
        cells = math.prod(len(c.codes) for c in chosen if c.codes is not None)
        most = limits.cells if limits.enforced is None else limits.enforced
        if cells > most:
            raise RefusedError(403, "Too many cells selected", f"{cells} cells; at most {most} are allowed")
        self.cells += cells

    def _json_stat2(self, table: Table, chosen: list[_Chosen]) -> dict[str, Any]:
        self._refuse_too_many(chosen, self.v2)
        shown = [c for c in chosen if c.codes is not None]
        for gone in table.lacking:
            for c in shown:
                c.codes = [code for code in c.codes or [] if gone.get(c.variable.code) != code]
        if table.is_turned:
            shown = [_Chosen(c.variable, (c.codes or [])[::-1], c.labels) for c in shown[::-1]]
        values: list[float | None] = []
        signs: dict[str, str] = {}
        for number, codes in enumerate(_combined(shown)):
            cell = _cell(table, codes)
            values.append(None if isinstance(cell, str) else cell)
            if isinstance(cell, str):
                signs[str(number)] = cell
        dimensions = {
            c.variable.code: scb_metadata.dimension(table, c.variable, c.codes or [], c.labels) for c in shown
        }
        answer = scb_metadata.cube(table, dimensions, values)
        return answer | ({"status": signs} if signs else {})

    def _json_v1(self, table: Table, chosen: list[_Chosen]) -> dict[str, Any]:
        self._refuse_too_many(chosen, self.v1)
        shown = [c for c in chosen if c.codes is not None]
        keys = [c for c in shown if c.variable.code != "ContentsCode"]
        contents = next(c for c in shown if c.variable.code == "ContentsCode")
        if table.is_turned:
            keys = keys[::-1]
        columns = [
            {"code": c.variable.code, "text": c.variable.label, "type": "t" if c.variable.is_time else "d"}
            for c in keys
        ]
        columns += [{"code": c, "text": contents.labels[c], "type": "c"} for c in contents.codes or []]
        data = []
        for codes in _combined(keys):
            if any(gone.items() <= codes.items() for gone in table.lacking):
                continue
            cells = [_cell(table, {**codes, "ContentsCode": c}) for c in contents.codes or []]
            texts = [c if isinstance(c, str) else f"{c:.10g}" for c in cells]
            data.append({"key": list(codes.values()), "values": texts})
        moments = [table.moments.get(c, table.updated) for c in contents.codes or []]
        told = [{"infofile": "XX", "updated": m, "label": table.label, "source": "SCB"} for m in moments]
        return {"columns": columns, "comments": [], "data": data, "metadata": told}


def _cell(table: Table, codes: dict[str, str]) -> float | str:
    for some, sign in table.signs:
        if some.items() <= codes.items():
            return sign
    return table.cell(codes)


def _combined(chosen: Sequence[_Chosen]) -> Iterable[dict[str, str]]:
    names = [c.variable.code for c in chosen]
    for codes in itertools.product(*(c.codes or [] for c in chosen)):
        yield dict(zip(names, codes, strict=True))


def _selection_v2(table: Table, request: Request) -> list[_Chosen]:
    if request.method == "POST":
        listed = json.loads(request.body)["selection"]
        asked = {s["variableCode"]: (s.get("valueCodes", []), s.get("codelist") or s.get("codeList")) for s in listed}
    else:
        asked = {}
        for name, values in request.query.items():
            if found := re.fullmatch(r"valueCodes\[(\w+)\]", name, re.IGNORECASE):
                codelist = request.query.get(f"codelist[{found[1]}]", [None])[0]
                asked[found[1]] = ([c for value in values for c in value.split(",")], codelist)
        if not asked:  # an empty selection: the default, the newest of the periods
            for variable in table.variables:
                if not variable.eliminable:
                    asked[variable.code] = (["TOP(1)"] if variable.is_time else [next(iter(variable.values))], None)
    return _chosen(table, asked, must_choose=True)


def _selection_v1(table: Table, query: list[dict[str, Any]]) -> list[_Chosen]:
    asked: dict[str, tuple[list[str], str | None]] = {}
    for one in query:
        kind, values = one["selection"]["filter"], one["selection"]["values"]
        codelist = None
        if kind == "top":
            values = [f"TOP({values[0]})"]
        elif ":" in kind:
            codelist = kind.replace(":", "_", 1)
        elif kind not in {"item", "all"}:
            raise RefusedError(400, "unknown filter", kind)
        asked[one["code"]] = (values, codelist)
    return _chosen(table, asked, must_choose=False)


def _chosen(table: Table, asked: dict[str, tuple[list[str], str | None]], *, must_choose: bool) -> list[_Chosen]:
    if strange := set(asked) - {v.code for v in table.variables}:
        raise RefusedError(400, "Non-existent variable", ", ".join(sorted(strange)))
    chosen = []
    for variable in table.variables:
        given, codelist = asked.get(variable.code, ([], None))
        if variable.code not in asked and variable.eliminable:
            chosen.append(_Chosen(variable, None, {}))
            continue
        if not given and must_choose:
            raise RefusedError(400, "Missing selection for mandatory variable", variable.code)
        if codelist and codelist not in variable.codelists:
            raise RefusedError(400, "Non-existent codelist", codelist)
        labels = variable.codelists[codelist] if codelist else variable.values
        codes = [c for one in given or ["*"] for c in _expressed(one, variable, labels)]
        chosen.append(_Chosen(variable, codes, labels))
    return chosen


def _expressed(one: str, variable: Variable, labels: dict[str, str]) -> list[str]:
    if one == "*":
        return list(labels)
    if found := re.fullmatch(r"TOP\((\d+)\)", one, re.IGNORECASE):
        newest_first = sorted(labels, reverse=True) if variable.is_time else list(labels)
        return sorted(newest_first[: int(found[1])])
    if one not in labels:
        raise RefusedError(400, "Non-existent value", f"{variable.code} {one}")
    return [one]


def _metadata_v1(table: Table) -> dict[str, Any]:
    variables = []
    for v in table.variables:
        told: dict[str, Any] = {"code": v.code, "text": v.label, "values": list(v.values)}
        told["valueTexts"] = list(v.values.values())
        told |= {"elimination": True} if v.eliminable else {}
        told |= {"time": True} if v.is_time else {}
        variables.append(told)
    return {"title": table.label, "variables": variables}


def _codelist(listed: Iterable[Table], name: str) -> dict[str, Any]:
    recorded = _RECORDED / "codelist_agg_Alder10arJ.json"
    for table in listed:
        for variable in table.variables:
            if name in variable.codelists:
                return scb_metadata.codelist(variable, name)
    if name == "agg_Ålder10årJ" and recorded.is_file():
        found: dict[str, Any] = json.loads(recorded.read_text(encoding="utf-8"))
        return found
    raise RefusedError(404, "Non-existent codelist", name)
