"""A replica of Socialstyrelsen's statistics API (sdb.socialstyrelsen.se), with TEST FIGURES.

Belongs here: its lists of terms, its pages, and responding to an unknown filter with everything. Does not belong here:
broken connections (`faults.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.replicas.server import Reply, Request

WORDS = {
    "matt": {1: "Antal patienter per 100 000 invånare", 2: "Antal patienter per 1 000 invånare"},
    "diagnos": {7: "Fallolyckor", 8: "Trafikolyckor"},
    "lakemedel": {5: "N05A Neuroleptika"},
    "alder": {16: "80-84", 17: "85+"},
    "kon": {1: "Män", 2: "Kvinnor", 3: "Båda könen"},
    "region": {0: "Riket", 1: "Stockholms län", 14: "Västra Götalands län"},
    "ar": {2022: "2022", 2023: "2023"},
}
COLUMNS = {"matt": "mattId", "alder": "alderId", "kon": "konId", "region": "regionId", "ar": "ar"}
Change = Callable[[dict[str, Any]], None]


class SocialstyrelsenReplica:
    """The interface, with TEST FIGURES: pages of five rows; a filter that it does not know is ignored."""

    hosts = ("sdb.socialstyrelsen.se",)

    def __init__(self) -> None:
        self.ignored: set[str] = set()
        self.change: Change | None = None

    def answer(self, request: Request) -> Reply:
        parts = [p for p in request.path.split("/") if p][3:]
        if parts[1] != "resultat":
            return Reply.json([{"id": i, "text": text} for i, text in WORDS[parts[1]].items()])
        asked = dict(zip(parts[2::2], (set(map(int, p.split(","))) for p in parts[3::2]), strict=True))
        kept = {v: ids for v, ids in asked.items() if v not in self.ignored}
        rows = [
            {"regionId": r, "alderId": a, "konId": k, "mattId": m, "ar": y, "diagnosId": 7, "lakemedelId": 5,
             "varde": "1 234,5" if r == 0 else f"{r + k},0"}
            for m in WORDS["matt"] for a in WORDS["alder"] for r in WORDS["region"] for k in WORDS["kon"]
            for y in WORDS["ar"]
            if all(value in kept.get(v, {value}) for v, value in (
                ("matt", m), ("alder", a), ("region", r), ("kon", k), ("ar", y)))
        ]  # fmt: skip
        number = int(request.query["sida"][0])
        pages = -(-len(rows) // 5)
        following = f"{request.base}{request.path}?per_sida=5&sida={number + 1}" if number < pages else None
        page = {"data": rows[5 * (number - 1) : 5 * number], "sida": number, "per_sida": 5, "sidor": pages,
                "nasta_sida": following}  # fmt: skip
        if self.change:
            self.change(page)
        return Reply(200, json.dumps(page).encode())
