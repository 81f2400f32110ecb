"""The addresses of the API.

Belongs here: one short function for each address, with its description (Swedish, for the API's page). Does not belong
here: how a response is made (`answers.py`). Each address can also end with a format: `.json`, `.csv`, `.parquet`,
`.jsonstat`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from pipelines.api import queries
from pipelines.api.answers import answer
from pipelines.api.formats import CSV, JSON, JSONSTAT, PARQUET
from pipelines.api.parameters import (
    Areas,
    AsOf,
    Comparison,
    Funnel,
    Indicators,
    Observations,
    Paging,
    Revisions,
    Trend,
)
from pipelines.api.problems import MEDIA_TYPE, ApiError

router = APIRouter(prefix="/api/v1")
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])


def _described(*, is_cube: bool = False) -> dict[int | str, dict[str, Any]]:
    given = [JSON, CSV, PARQUET, *([JSONSTAT] if is_cube else [])]
    headers = {
        "ETag": {"description": "Svarets märke. Skicka det i If-None-Match: oförändrat svar kostar inget (304)."},
        "Link": {"description": 'Adressen till nästa sida, rel="next".'},
        "Nyckeltal-Release": {"description": "Utgåvan som svarade."},
        "Nyckeltal-Note": {"description": "Varför svaret inte har några rader. Står i JSON som note."},
    }
    described = {name: {**said, "schema": {"type": "string"}} for name, said in headers.items()}
    problem = {"description": "Fel, enligt RFC 9457", "content": {MEDIA_TYPE: {}}}
    return {
        200: {"description": "Rader", "content": {form.media_type: {} for form in given}, "headers": described},
        304: {"description": "Oförändrat sedan det märke som angavs"},
        "4XX": problem,
        "5XX": problem,
    }


def _get(path: str, summary: str, *, is_cube: bool = False) -> Callable[[Handler], Handler]:
    """Register a function for GET and HEAD."""

    def register(handler: Handler) -> Handler:
        described = _described(is_cube=is_cube)
        router.add_api_route(
            path,
            handler,
            methods=["GET"],
            summary=summary,
            operation_id=handler.__name__,
            responses=described,
            response_class=Response,
        )
        router.add_api_route(path, handler, methods=["HEAD"], include_in_schema=False)
        return handler

    return register


@_get("/indicators", "Nyckeltal: definition, syfte, enhet, källa, brott")
async def indicators(request: Request, given: Annotated[Indicators, Query()]) -> Response:
    """Tabellen indicator."""
    return await answer(request, queries.INDICATORS, given)


@_get("/indicators/{indicator_id}", "Ett nyckeltal")
async def indicator(
    request: Request,
    indicator_id: Annotated[str, Path(description="Nyckeltalets id.", pattern=r"^\w{1,100}$")],
    given: Annotated[Paging, Query()],
) -> Response:
    """Raden för ett nyckeltal i tabellen indicator."""
    try:
        return await answer(request, queries.INDICATORS, Indicators(indicator=[indicator_id], **dict(given)))
    except ApiError as problem:
        problem.status = 404 if problem.kind == "fel-varde" else problem.status  # no such resource
        raise


@_get("/areas", "Områden: kommuner, regioner, län, grupper och riket")
async def areas(request: Request, given: Annotated[Areas, Query()]) -> Response:
    """Tabellen area."""
    return await answer(request, queries.AREAS, given)


@_get("/observations", "Värden, så som de är kända nu", is_cube=True)
async def observations(request: Request, given: Annotated[Observations, Query()]) -> Response:
    """Tabellen observation; med labels=true vyn observation_wide."""
    return await answer(request, queries.LABELLED if given.labels else queries.OBSERVATIONS, given)


@_get("/as-of", "Värden, så som de var kända vid en tidpunkt", is_cube=True)
async def as_of(request: Request, given: Annotated[AsOf, Query()]) -> Response:
    """observation_as_of(moment): det som var känt då, ur tabellen observation_vintage."""
    return await answer(request, queries.AS_OF, given)


@_get("/comparison", "Värden bredvid riket, länet, GR, kommungruppen och liknande")
async def comparison(request: Request, given: Annotated[Comparison, Query()]) -> Response:
    """Tabellen comparison."""
    return await answer(request, queries.COMPARISON, given)


@_get("/trend", "Om serierna stiger eller faller, på senare år och på lång sikt, och om det är säkerställt")
async def trend(request: Request, given: Annotated[Trend, Query()]) -> Response:
    """Tabellen trend: två rader per serie, horizon säger vilken fråga som besvaras."""
    return await answer(request, queries.TREND, given)


@_get("/place", "Hur säkra kommunernas platser är, och vad som sticker ut")
async def place(request: Request, given: Annotated[Comparison, Query()]) -> Response:
    """Tabellen place: platsens intervall, trattgränser, och om värdet sticker ut bland allt som prövats."""
    return await answer(request, queries.PLACE, given)


@_get("/funnel", "Spridningen mellan kommuner, när slumpen är borträknad")
async def funnel(request: Request, given: Annotated[Funnel, Query()]) -> Response:
    """Tabellen funnel: mitt, spridning, tillförlitlighet och hur många som ligger utanför gränserna."""
    return await answer(request, queries.FUNNEL, given)


@_get("/revisions", "Vad källorna har ändrat sedan förra utgåvan")
async def revisions(request: Request, given: Annotated[Revisions, Query()]) -> Response:
    """Tabellen revision."""
    return await answer(request, queries.REVISIONS, given)


@_get("/release", "Utgåvan som svarar")
async def release(request: Request, given: Annotated[Paging, Query()]) -> Response:
    """Tabellen release: id att citera, när den gjordes, av vilken kod och vilka data."""
    return await answer(request, queries.RELEASE, given)
