"""Assembles the FastAPI application.

Belongs here: which routers and middleware there are, and their order. Does not belong here: what any of them does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from pipelines.api import (
    explain_route,
    pages,
    problems,
    release_files,
    routes,
    similar_route,
    sql_process,
    sql_route,
)
from pipelines.api.current_release import CurrentRelease
from pipelines.api.guard import LOOPBACK, Guard
from pipelines.settings import Settings

_ABOUT = (
    "Öppna nyckeltal för kommunal vård och omsorg, ur den utgåva som gäller just nu. Varje svar kommer ur en enda "
    "utgåva; vilken står i huvudet Nyckeltal-Release. Tider är UTC. Saknade värden är null, aldrig noll, och status "
    "säger varför."
)
# The documentation pages are our own (`pages.py`), because FastAPI's load scripts from a CDN. No telemetry is sent.
_SETTINGS: dict[str, Any] = {
    "title": "Nyckeltal: API",
    "version": "1",
    "description": _ABOUT,
    "openapi_url": None,
    "docs_url": None,
    "redoc_url": None,
    "telemetry": {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False},
}


def create_app(
    releases_dir: Path,
    *,
    with_sql: bool = False,
    hosts: frozenset[str] | None = LOOPBACK,
    origins: Collection[str] = (),
    provenance: Settings | None = None,
) -> FastAPI:
    """The application that serves a folder of releases.

    Args:
        with_sql: whether clients may send SQL. hosts: accepted host names, None for any. origins: sites whose scripts
        may read responses (CORS). provenance: where archive and vintages lie, for explanations; None
        for releases alone.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        app.state.serving = CurrentRelease(releases_dir)
        if with_sql:
            sql_process.warm_up()
        await app.state.serving.warm_up()
        yield
        app.state.serving.close()

    app = FastAPI(lifespan=life, **_SETTINGS)
    problems.install(app)
    on_request = (explain_route.router(provenance), sql_route.router(is_on=with_sql))
    for part in (pages.router, routes.router, similar_route.router(), *on_request, release_files.router):
        app.include_router(part)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "HEAD"],
            allow_headers=["If-None-Match"],
            expose_headers=["ETag", "Link", "Nyckeltal-Release"],
        )
    app.add_middleware(Guard, hosts=hosts)
    return app
