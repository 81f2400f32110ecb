"""The address for a client's own SQL, where it is enabled.

Belongs here: extracting the query from a request. Does not belong here: which queries are allowed
(`reading/reader.py`), and the process it runs in (`sql_process.py`).
"""

from __future__ import annotations

import logging
from typing import Any

import anyio
import msgspec
from anyio import to_thread
from fastapi import APIRouter, Request, Response

from pipelines.api import formats, sql_process
from pipelines.api.answers import respond, wants_gzip
from pipelines.api.current_release import CurrentRelease
from pipelines.api.problems import MEDIA_TYPE, ApiError, damaged_release, of_ours
from pipelines.errors import UsageError
from pipelines.storage.sealing import DamagedError

_LOG = logging.getLogger(__name__)
PATH = "/api/v1/sql"
LONGEST = 100_000  # maximum bytes of a query
_AT_ONCE = 2
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["query"],
                    "additionalProperties": False,
                    "properties": {"query": {"type": "string", "maxLength": LONGEST}},
                }
            },
            "text/plain": {"schema": {"type": "string", "maxLength": LONGEST}},
        },
    }
}


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    query: str


def router(*, is_on: bool) -> APIRouter:
    """The address for SQL; where it is disabled, the response says how to enable it."""
    routes = APIRouter()
    turns = anyio.CapacityLimiter(_AT_ONCE)

    async def sql(request: Request) -> Response:
        """En SQL-fråga (DuckDB) mot den gällande utgåvan: en enda fråga, som bara läser, inom tid, minne och rader."""
        form = formats.choose(request.scope.get("nyckeltal.ending"), request.headers.get("accept", ""), formats.TABULAR)
        query = _query(request, await _body(request))
        async with turns:
            body, release_id = await _asked(request.app.state.serving, query, form.ending)
        zipped = form.is_text and wants_gzip(request)
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding", "Nyckeltal-Release": release_id}
        return respond(request, form, zipped, b"".join(formats.gzipped(iter([body]))) if zipped else body, headers)

    async def wrongly() -> Response:
        raise ApiError(405, "metod", "SQL is sent with POST", remedy=f"curl {PATH} -d 'select 1'")

    async def off() -> Response:
        raise ApiError(404, "sql-avstangt", "SQL is not switched on", remedy="start the server with --sql")

    responses: dict[int | str, dict[str, Any]] = {
        200: {"description": "Rader", "content": {form.media_type: {} for form in formats.TABULAR}},
        "4XX": {"description": "Fel, enligt RFC 9457", "content": {MEDIA_TYPE: {}}},
    }
    if is_on:
        routes.add_api_route(PATH, wrongly, methods=["GET", "HEAD"], include_in_schema=False)
        routes.add_api_route(
            PATH, sql, methods=["POST"], summary="Egen SQL", responses=responses, response_class=Response,
            operation_id="sql", openapi_extra=_BODY,
        )  # fmt: skip
    else:
        routes.add_api_route(PATH, off, methods=["GET", "POST"], include_in_schema=False)
    return routes


async def _asked(serving: CurrentRelease, query: str, ending: str) -> tuple[bytes, str]:
    while True:
        async with serving.hold() as served:
            try:
                return await to_thread.run_sync(sql_process.ask, served.folder, query, ending), served.release_id
            except UsageError as error:
                raise of_ours(error) from error
            except DamagedError as error:
                _LOG.error("the release %s is damaged and is not answered from: %s", served.release_id, error)
                raise damaged_release() from error
            except FileNotFoundError:
                # Pruned before the process had opened it; the pointer names another by now.
                if serving.is_current(served):
                    raise


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise ApiError(413, "sql", "the query is too long", expected=f"at most {LONGEST} bytes")
    return body


def _query(request: Request, body: bytes) -> str:
    kind = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return msgspec.json.decode(body, type=_Asked).query
        if kind in {"text/plain", "application/sql", "application/x-www-form-urlencoded"}:  # the last is curl's default
            return body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(
            400, "sql", "the query cannot be read", expected='UTF-8 text, or JSON as {"query": "select …"}', found=error
        ) from error
    raise ApiError(415, "sql", "the query has an unknown type", expected="application/json or text/plain", found=kind)
