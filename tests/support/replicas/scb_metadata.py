"""PxWebApi 2's metadata: its limits, its list of tables, a table's variables, its code lists.

Belongs here: the fields of these responses, as recorded ones have them (`tests/support/shapes.py` lists them). Does
not belong here: selections and figures (`scb.py`, `scb_figures.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.replicas.scb_figures import Table, Variable
from tests.support.replicas.server import Request

HOME = "https://statistikdatabasen.scb.se/api/v2"
_PAGE, _LARGEST_PAGE = 20, 10_000


class QuestionError(Exception):
    """A parameter that is no whole number from 1."""


def config(cells: int, calls: int, seconds: float) -> dict[str, Any]:
    """`/config`: the limits, and what the server is."""
    return {
        "apiVersion": "2.2.0",
        "appVersion": "1.0.0",
        "languages": [{"id": "en", "label": "English"}, {"id": "sv", "label": "Svenska"}],
        "defaultLanguage": "sv",
        "maxDataCells": cells,
        "maxCallsPerTimeWindow": calls,
        "timeWindow": seconds,
        "license": "https://creativecommons.org/share-your-work/public-domain/cc0/",
        "sourceReferences": [
            {"language": "en", "text": "Source: Statistics Sweden"}, {"language": "sv", "text": "Källa: SCB"},
        ],
        "defaultDataFormat": "json-stat2",
        "dataFormats": ["json-stat2", "csv", "px", "xlsx", "html", "json-px"],
        "features": [{"id": "CORS", "params": [{"key": "enabled", "value": "True"}]}],
    }  # fmt: skip


def listed(tables: Sequence[Table], request: Request) -> dict[str, Any]:
    """`/tables`: the tables that hold the words of `query` and are as new as `pastDays` asks, one page of them."""
    asked = {name.lower(): values[0] for name, values in request.query.items()}
    words = asked.get("query", "").casefold().split()
    since = None
    if days := _whole(asked, "pastdays", 0):
        since = datetime.now(UTC) - timedelta(days=days)
    found = [
        table
        for table in tables
        if all(word in f"{table.id} {table.label}".casefold() for word in words)
        and (since is None or datetime.fromisoformat(table.updated) >= since)
    ]
    size = min(_whole(asked, "pagesize", _PAGE), _LARGEST_PAGE)
    number, pages = _whole(asked, "pagenumber", 1), max(1, math.ceil(len(found) / size))
    neighbours = {"previous": number - 1, "next": number + 1, "last": pages}
    links = [
        _link(rel, f"/tables/?lang=sv&pagesize={size}&pageNumber={place}")
        for rel, place in neighbours.items()
        if 1 <= place <= pages and place != number
    ]
    page = {
        "pageNumber": number, "pageSize": size, "totalElements": len(found), "totalPages": pages, "links": links,
    }  # fmt: skip
    some = found[(number - 1) * size : number * size]
    return {
        "language": "sv",
        "tables": [described(table) for table in some],
        "page": page,
        "links": [_link("self", f"/tables/?lang=sv&pagesize={size}&pageNumber={number}")],
    }


def described(table: Table) -> dict[str, Any]:
    """What the list says of a table."""
    periods = table.periods()
    folders = table.path.split("/")[:-1]
    return {
        "id": table.id,
        "label": table.label,
        "description": "",
        "sortCode": "001",
        "updated": table.updated,
        "firstPeriod": periods[0],
        "lastPeriod": periods[-1],
        "category": "public",
        "variableNames": [v.label for v in table.variables],
        "source": "SCB",
        "subjectCode": folders[0] if folders else "",
        "timeUnit": "Monthly" if "M" in periods[0] else "Annual",
        "paths": [[{"id": folder, "label": folder, "sortCode": folder} for folder in folders]],
        "links": [
            _link("self", f"/tables/{table.id}?lang=sv"),
            _link("metadata", f"/tables/{table.id}/metadata?lang=sv"),
            _link("data", f"/tables/{table.id}/data?lang=sv&outputFormat=json-stat2"),
        ],
    }


def metadata(table: Table) -> dict[str, Any]:
    """`/tables/{id}/metadata`: a cube without values."""
    dimensions = {v.code: dimension(table, v, list(v.values), v.values, with_codelists=True) for v in table.variables}
    return cube(table, dimensions, [])


def cube(table: Table, dimensions: dict[str, Any], values: list[float | None]) -> dict[str, Any]:
    """A table in json-stat2, but for the signs of cells without a value."""
    sizes = [len(d["category"]["index"]) for d in dimensions.values()]
    folders = table.path.split("/")
    px = {
        "infofile": folders[0],
        "tableid": table.id,
        "decimals": 0,
        "official-statistics": True,
        "aggregallowed": True,
        "copyright": False,
        "language": "sv",
        "contents": table.label,
        "descriptiondefault": True,
        "heading": ["ContentsCode", "Tid"],
        "stub": [code for code in dimensions if code not in {"ContentsCode", "Tid"}],
        "matrix": folders[-1],
        "subject-code": folders[0],
        "subject-area": folders[0],
    }
    contact = {"name": "", "organization": "SCB", "phone": "", "mail": "", "raw": "SCB"}
    return {
        "version": "2.0",
        "class": "dataset",
        "label": table.label,
        "source": "SCB",
        "updated": table.updated,
        "note": ["En anmärkning till tabellen."],
        "role": {"time": ["Tid"], "metric": ["ContentsCode"]},
        "id": list(dimensions),
        "size": sizes,
        "dimension": dimensions,
        "extension": {"noteMandatory": {"0": True}, "px": px, "discontinued": None, "contact": [contact]},
        "value": values,
    }


def dimension(
    table: Table, variable: Variable, codes: Sequence[str], labels: dict[str, str], *, with_codelists: bool = False
) -> dict[str, Any]:
    """One variable of a cube, with the chosen codes."""
    category: dict[str, Any] = {
        "index": {code: place for place, code in enumerate(codes)},
        "label": {code: labels[code] for code in codes},
    }
    extension: dict[str, Any] = {"elimination": variable.eliminable, "show": "value"}
    if variable.code == "ContentsCode":
        category["unit"] = {code: {"base": "antal", "decimals": 0} for code in codes}
        told = {"measuringType": "Stock", "priceType": "NotApplicable", "adjustment": "None"}
        told |= {"refperiod": "31 december", "alternativeText": table.label}
        extension |= {name: dict.fromkeys(codes, text) for name, text in told.items()}
    if with_codelists:
        extension["codelists"] = [
            {
                "id": name, "label": name, "type": "Aggregation",
                "links": [_link("metadata", f"/codeLists/{name}?lang=sv")],
            }
            for name in variable.codelists
        ]  # fmt: skip
    return {"label": variable.label, "category": category, "extension": extension}


def codelist(variable: Variable, name: str) -> dict[str, Any]:
    """`/codelists/{id}`."""
    values = [{"code": c, "label": label, "valueMap": [c]} for c, label in variable.codelists[name].items()]
    return {
        "id": name,
        "label": name,
        "language": "sv",
        "languages": ["sv", "en"],
        "elimination": False,
        "type": "Aggregation",
        "values": values,
        "links": [_link("self", f"/codeLists/{name}?lang=sv")],
    }


def _link(rel: str, address: str) -> dict[str, str]:
    return {"rel": rel, "hreflang": "sv", "href": HOME + address}


def _whole(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdigit() or (name in asked and int(text) < 1):
        raise QuestionError(f"{name}: a whole number from 1, found {text}")
    return int(text)
