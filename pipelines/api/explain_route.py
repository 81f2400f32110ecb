"""The address that explains a value, where the server has the archive.

Belongs here: asking for an explanation within the limits of a request. Does not belong here: finding it out
(`provenance`). Numbers are those of the vintages and files are held against their hashes; arithmetic anew from the
archived bytes takes seconds of a core, so it is left to `nyckeltal explain --recompute`.
"""

from __future__ import annotations

import json
import logging
from datetime import date, datetime
from functools import cache
from pathlib import Path as Folder
from typing import Annotated, Any, Literal

import duckdb
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from indicators.load.catalogue import Catalogue, load_catalogue
from pipelines.api import formats
from pipelines.api.answers import respond, wants_gzip
from pipelines.api.current_release import CurrentRelease, OpenRelease
from pipelines.api.problems import MEDIA_TYPE, ApiError, of_ours
from pipelines.errors import NyckeltalError, UsageError
from pipelines.provenance.explaining import Explainer, Explanation, has_archive, no_archive
from pipelines.provenance.uncurated_series import with_uncurated
from pipelines.settings import Settings

_LOG = logging.getLogger(__name__)
PATH = "/api/v1/explain/{indicator_id}/{area_id}/{year}"
_NO_ARCHIVE = (404, "inget-arkiv")


class Asked(BaseModel):
    """The parameters beside the address."""

    model_config = ConfigDict(extra="forbid")

    sex: Literal["T", "K", "M"] = Field(default="T", description="T (totalt), K (kvinnor) eller M (män).")


def router(settings: Settings | None) -> APIRouter:
    """The address for explanations.

    Args:
        settings: where archive and vintages lie; None where the server is given releases alone.
    """
    routes = APIRouter()

    async def explain(
        request: Request,
        indicator_id: Annotated[str, Path(description="Nyckeltalets eller indexets id.", pattern=r"^\w{1,100}$")],
        area_id: Annotated[str, Path(description="Områdets kod eller namn.", max_length=100)],
        year: Annotated[int, Path(description="År.", ge=1900, le=2100)],
        given: Annotated[Asked, Query()],
    ) -> Response:
        """Varifrån ett värde kommer: formel, mått, versioner, arkiverade filer med kontrollsummor, källans adress."""
        form = formats.choose(request.scope.get("nyckeltal.ending"), request.headers.get("accept", ""), [formats.JSON])
        if settings is None or not has_archive(settings):
            error = no_archive(settings)
            raise ApiError(*_NO_ARCHIVE, error.what, expected=error.expected, remedy=error.remedy)
        serving: CurrentRelease = request.app.state.serving
        async with serving.hold() as served:
            told = await _asked(serving, served, settings, (indicator_id, area_id, year, given.sex))
            headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
            headers["Nyckeltal-Release"] = served.release_id
        body = json.dumps(_public(told.told), ensure_ascii=False, default=_as_text).encode()
        zipped = wants_gzip(request)
        return respond(request, form, zipped, b"".join(formats.gzipped(iter([body]))) if zipped else body, headers)

    responses: dict[int | str, dict[str, Any]] = {
        200: {"description": "Förklaringen", "content": {formats.JSON.media_type: {}}},
        "4XX": {"description": "Fel, enligt RFC 9457", "content": {MEDIA_TYPE: {}}},
    }
    routes.add_api_route(
        PATH, explain, methods=["GET"], summary="Varifrån ett värde kommer", responses=responses,
        response_class=Response, operation_id="explain", include_in_schema=settings is not None,
    )  # fmt: skip
    routes.add_api_route(PATH, explain, methods=["HEAD"], include_in_schema=False)
    return routes


async def _asked(
    serving: CurrentRelease, served: OpenRelease, settings: Settings, asked: tuple[str, str, int, str]
) -> Explanation:
    """The explanation, made in a thread.

    Raises:
        ApiError: there is no such value, or what it comes from cannot be read.
    """

    def work(con: duckdb.DuckDBPyConnection) -> Explanation:
        catalogue = with_uncurated(_catalogue(settings.declarations_dir), con, asked[0])
        explainer = Explainer(settings, con, served.folder, catalogue=catalogue)
        try:
            return explainer.explain(*asked)
        finally:
            explainer.close()

    try:
        return await serving.read(served, work)
    except UsageError as error:
        raise of_ours(error, 404, "finns-inte") from error
    except NyckeltalError as error:
        _LOG.error("a value cannot be explained: %s", error)
        raise ApiError(503, "skadad-fil", error.what, remedy="the server's log says what to do") from error


@cache
def _catalogue(home: Folder) -> Catalogue:
    """The declarations, which a server reads once."""
    return load_catalogue(home)


def _public(told: dict[str, Any]) -> dict[str, Any]:
    """The explanation without the paths of this machine, which the places of faults name."""
    faults = [{name: text for name, text in fault.items() if name != "where"} for fault in told["faults"]]
    return told | {"faults": faults}


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
