"""The few HTML pages that the server itself has: API documentation, the file listing, and a page for releases without
a site.

Belongs here: rendering those templates (Swedish). Does not belong here: the pages of a release (`site`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.api import formats
from pipelines.api.answers import CACHE_CONTROL
from pipelines.api.problems import KINDS
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.text import swedish_numbers

router = APIRouter(include_in_schema=False)


@cache
def _templates() -> Environment:
    home = FileSystemLoader(Path(__file__).with_name("templates"))
    found = Environment(loader=home, autoescape=True, undefined=StrictUndefined)
    found.filters["kb"] = lambda size: swedish_numbers.number(max(size, 1000) / 1000)
    return found


def html(template: str, status: int = 200, release: ReleaseInfo | None = None, **content: Any) -> Response:
    """Render a page. `release`: the release that the page is about."""
    text = _templates().get_template(template).render(release=release, **content)
    headers = {"Cache-Control": CACHE_CONTROL, **({"Nyckeltal-Release": release.release_id} if release else {})}
    return Response(text, status, headers, media_type="text/html")


@router.api_route("/api/", methods=["GET", "HEAD"])
async def api(request: Request) -> Response:
    """The API documentation, rendered from the OpenAPI description."""
    described = request.app.openapi()
    base = str(request.base_url).rstrip("/")
    given = (*formats.TABULAR, formats.JSONSTAT)
    return html("api.html", api=described, base=base, forms=given, kinds=KINDS)


@router.api_route("/api/stil.css", methods=["GET", "HEAD"])
async def style() -> Response:
    """The style sheet of those pages."""
    text = _templates().get_template("stil.css").render()
    return Response(text, headers={"Cache-Control": CACHE_CONTROL}, media_type="text/css")


@router.api_route("/api/v1/openapi", methods=["GET", "HEAD"])
async def description(request: Request) -> Response:
    """The OpenAPI description (`/api/v1/openapi.json`)."""
    formats.choose(request.scope.get("nyckeltal.ending"), "", [formats.JSON])
    body = json.dumps(request.app.openapi(), ensure_ascii=False)
    return Response(body, headers={"Cache-Control": CACHE_CONTROL}, media_type="application/json")
