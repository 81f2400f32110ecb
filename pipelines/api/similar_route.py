"""The address that finds the municipalities most like one, by a standard set or by variables of the client's choice.

Belongs here: asking within the limits of a request, and the forms of the answer. Does not belong here: finding them
(`reading/similar_areas.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Annotated, Any

import duckdb
import polars as pl
from fastapi import APIRouter, Query, Request, Response

from pipelines.api import formats
from pipelines.api.answers import CACHE_CONTROL, VARY, check_repeated, respond, unchanged, wants_gzip
from pipelines.api.current_release import CurrentRelease, OpenRelease
from pipelines.api.formats import Form
from pipelines.api.parameters import Similar, fingerprint
from pipelines.api.problems import MEDIA_TYPE, of_ours
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.reading.similar_areas import Answer, find_similar
from pipelines.reading.similar_choice import choose

PATH = "/api/v1/similar"
# A row for each neighbour and variable; Kolada's sets have names alone.
_FLAT = {
    "area_id": pl.String, "year": pl.Int32, "recipe_id": pl.String, "rank": pl.Int32, "similar_area_id": pl.String,
    "name": pl.String, "distance": pl.Float64, "distance_percentile": pl.Float64, "variable": pl.String,
    "weight": pl.Float64, "value": pl.Float64, "similar_value": pl.Float64, "difference": pl.Float64,
    "contribution_pct": pl.Float64,
}  # fmt: skip
_OF_VARIABLES = ("variable", "weight", "value", "similar_value", "difference", "contribution_pct")


def router() -> APIRouter:
    """The address for similar municipalities."""
    routes = APIRouter()
    responses: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "Kommunerna, närmast först",
            "content": {form.media_type: {} for form in formats.TABULAR},
        },
        304: {"description": "Oförändrat sedan det märke som angavs"},
        "4XX": {"description": "Fel, enligt RFC 9457", "content": {MEDIA_TYPE: {}}},
        "5XX": {"description": "Fel, enligt RFC 9457", "content": {MEDIA_TYPE: {}}},
    }
    routes.add_api_route(
        PATH, similar, methods=["GET"], summary="Liknande kommuner, enligt en uppsättning eller egna variabler",
        responses=responses, response_class=Response, operation_id="similar",
    )  # fmt: skip
    routes.add_api_route(PATH, similar, methods=["HEAD"], include_in_schema=False)
    return routes


async def similar(request: Request, given: Annotated[Similar, Query()]) -> Response:
    """De kommuner som liknar en kommun mest: avstånd, vad som skiljer, båda kommunernas värden, och varningar."""
    check_repeated(request, given)
    ending = request.scope.get("nyckeltal.ending")
    form = formats.choose(ending, request.headers.get("accept", ""), formats.TABULAR)
    zipped = form.is_text and wants_gzip(request)
    serving: CurrentRelease = request.app.state.serving
    async with serving.hold() as served:
        asked = [version("nyckeltal"), served.release_id, fingerprint(PATH, given), form.ending]
        digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()[:32]
        tag = f'"{digest}{"-gzip" if zipped else ""}"'
        headers = {
            "ETag": tag, "Cache-Control": CACHE_CONTROL, "Vary": VARY, "Nyckeltal-Release": served.release_id,
        }  # fmt: skip
        if unchanged(request, tag):
            return Response(status_code=304, headers=headers)
        kept = served.kept.get(tag)
        body = kept[0] if kept else None
        if body is None:
            answer = await _asked(serving, served, given)
            chunks = _chunks(answer, form, served.release_id)
            body = b"".join(formats.gzipped(chunks) if zipped else chunks)
            served.kept.put(tag, body, None)
    return respond(request, form, zipped, body, headers)


async def _asked(serving: CurrentRelease, served: OpenRelease, given: Similar) -> Answer:
    """The answer, made in a thread.

    Raises:
        ApiError: there is no such municipality, set or measure, or the choice cannot be.
    """

    def work(con: duckdb.DuckDBPyConnection) -> Answer:
        area_id, _ = reader.area_in(con, given.area)
        return find_similar(con, area_id, given.year, choose(con, given.set, given.variable, given.n))

    try:
        return await serving.read(served, work)
    except UsageError as error:
        raise of_ours(error, 400, "fel-varde") from error


def _chunks(answer: Answer, form: Form, release_id: str) -> Iterator[bytes]:
    if form is formats.JSON:
        return iter([json.dumps({"release_id": release_id, **answer.as_record()}, ensure_ascii=False).encode() + b"\n"])
    nothing = dict.fromkeys(_OF_VARIABLES)
    rows = [
        {"area_id": answer.area_id, "year": answer.year, "recipe_id": answer.choice.recipe_id, "rank": n["rank"],
         "similar_area_id": n["area_id"], "name": n["name"], "distance": n["distance"],
         "distance_percentile": n["distance_percentile"], **part}
        for n in answer.neighbours
        for part in (n["variables"] or [nothing])
    ]  # fmt: skip
    return formats.rows_in(form, {}, pl.DataFrame(rows, schema=_FLAT))
