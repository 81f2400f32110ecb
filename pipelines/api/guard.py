"""Security middleware around every address: host check, security headers, and format endings.

Belongs here: checking the `Host` header (so that a foreign page cannot reach this server by DNS rebinding), security
headers, and stripping the format ending from an address of the API. Does not belong here: any response.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.api.problems import ApiError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PREFIX = "/api/v1/"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# No resources from other hosts, no eval, and no framing by other pages. Pictures that Vega draws have style
# attributes.
PAGES = (
    "default-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DATA = "default-src 'none'; frame-ancestors 'none'; sandbox"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """The outermost middleware. `hosts`: accepted host names, None for any."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or reject it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = _DATA if scope["path"].startswith((PREFIX, "/utgava/")) and scope["path"] != "/utgava/" else PAGES

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, "Content-Security-Policy": policy}.items():
                    headers.setdefault(name, value)
            await send(message)

        problem = self._refused(scope)
        inner = problem.response() if problem else self._app
        await inner(_without_ending(scope), receive, told)

    def _refused(self, scope: Scope) -> ApiError | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            expected = ", ".join(sorted(self._hosts))
            return ApiError(
                421, "frammande-varde", "this server does not answer that name", expected=expected, found=host
            )
        origin = headers.get("origin")
        if scope["method"] not in _READING and origin and urlsplit(origin).netloc != host:
            return ApiError(403, "frammande-varde", "another site's page may not ask this", found=origin)
        return None


def _name(host: str) -> str:
    """A host name without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _without_ending(scope: Scope) -> dict[str, Any]:
    """`/api/v1/observations.csv` becomes `/api/v1/observations` with the format CSV."""
    path, dot, ending = scope["path"].rpartition(".")
    if not path.startswith(PREFIX) or not dot or "/" in ending:
        return dict(scope)
    return {**scope, "path": path, "nyckeltal.ending": ending}
