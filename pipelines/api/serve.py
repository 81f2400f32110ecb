"""`nyckeltal serve`: the application on a port.

Belongs here: the socket, who may connect, and running until told to stop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

import uvicorn

from pipelines.api.app import create_app
from pipelines.api.guard import LOOPBACK
from pipelines.errors import UsageError
from pipelines.release import pointer
from pipelines.settings import Settings


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    with_sql: bool,
    origins: Collection[str],
    ready: Callable[[str], None],
) -> None:
    """Serve until the process is told to stop.

    Args:
        host, port: where to listen; port 0 takes a free one. ready: is told the address when requests are answered.

    Raises:
        NyckeltalError: there is no release. UsageError: the address cannot be listened on.
    """
    pointer.current_folder(settings.releases_dir)
    listening = _listen(host, port)
    hosts = LOOPBACK if host in LOOPBACK else None
    app = create_app(settings.releases_dir, with_sql=with_sql, hosts=hosts, origins=origins)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5
    )
    address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    with listening:
        _Server(config, lambda: ready(address)).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._told()


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
