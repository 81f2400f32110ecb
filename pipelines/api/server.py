"""`nyckeltal serve`: runs the application on a port.

Belongs here: the socket, who may connect, and running until stopped.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

import uvicorn
from starlette.types import ASGIApp

from pipelines.api.app import create_app
from pipelines.api.guard import LOOPBACK
from pipelines.errors import NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_sums import sound_database


def serve(
    settings: Settings, host: str, port: int, tell: Callable[[str], None], *, with_sql: bool, origins: Collection[str]
) -> None:
    """Serve until the process is told to stop.

    Args:
        host, port: where to listen; port 0 takes a free one. tell: is called with the address once requests are
        answered.

    Raises:
        NyckeltalError: there is no release, or it cannot be opened. DamagedError: it is not as it was written.
        UsageError: the address cannot be listened on.
    """
    sound_database(release_pointer.current_folder(settings.releases_dir))
    listening = _listen(host, port)
    hosts = LOOPBACK if host in LOOPBACK else None
    app = create_app(settings.releases_dir, with_sql=with_sql, hosts=hosts, origins=origins, provenance=settings)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    server = _Server(configured(app), address, tell)
    with listening:
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            return
        except SystemExit as stopped:  # the cause has been logged
            remedy = "serve another release: nyckeltal releases rollback"
            raise NyckeltalError("the server could not start", remedy=remedy) from stopped


def configured(app: ASGIApp) -> uvicorn.Config:
    """The configuration of the HTTP server."""
    return uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5)


class _Server(uvicorn.Server):
    """A server that reports when it is ready."""

    def __init__(self, config: uvicorn.Config, address: str, tell: Callable[[str], None]) -> None:
        super().__init__(config)
        self._address, self._tell = address, tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report."""
        await super().startup(sockets)
        if self.started:
            self._tell(self._address)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        remedy = "choose another with --port or --host"
        raise UsageError(
            "cannot listen there", where=f"{host}:{port}", found=str(error.strerror), remedy=remedy
        ) from error
    return listening
