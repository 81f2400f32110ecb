"""One server on 127.0.0.1 for all replicas: `http://127.0.0.1:PORT/<host>/<path>`.

Belongs here: connections, requests and responses. Does not belong here: any publisher's responses, or how a fault
looks (`faults.py`).
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.replicas.faults import Fault, FaultPlan, Wire, damaged, replaced, send

_WORTH_PACKING = 200  # bytes
_CLOSED_SECONDS = 0.3


@dataclass(frozen=True)
class Request:
    """What is asked. `path` begins with "/" and lacks the host; `base` is `http://127.0.0.1:PORT/<host>`."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    headers: Any
    base: str


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, content: Any, status: int = 200, **headers: str) -> Reply:
        """An answer in JSON. A header's underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(content, ensure_ascii=False).encode()
        return cls(status, body, {"Content-Type": "application/json"} | named)


class Replica(Protocol):
    """One publisher: its hosts and what they answer."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that it answers for."""
        ...

    def answer(self, request: Request) -> Reply:
        """The answer to a request."""
        ...


class ReplicaServer:
    """Serves replicas until it is left; a replica that raised makes the leaving raise.

    `log` holds (method, host, path and query) of each request that came. `gzip` can be switched off. `pause` is to be
    given as the product's way of waiting: it does not wait, keeps the seconds in `waits`, and counts as one refused
    attempt when the port is closed.
    """

    def __init__(self, *replicas: Replica, port: int = 0, packed: bool = True) -> None:
        self.gzip = packed
        self.log: list[tuple[str, str, str]] = []
        self.waits: list[float] = []
        self.errors: list[BaseException] = []
        self.faults = FaultPlan(on_refused=self._refuse)
        self._replicas = {host: replica for replica in replicas for host in replica.hosts}
        self._guard = threading.RLock()
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._stopped = threading.Event()
        self._left = 0
        self._timer: threading.Timer | None = None
        # Holds the port while nothing listens, so that no other program's connection is given it.
        self._holder = _socket(port)
        self.port: int = self._holder.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ReplicaServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.errors:
            raise AssertionError("a replica could not answer") from self.errors[0]

    def start(self) -> None:
        """Listen on the port (again)."""
        with self._guard:
            if self._listener is not None:
                return
            self._stopped.clear()
            self._listener = _socket(self.port)
            self._listener.listen(128)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Simulate a power cut: connections end, new ones are refused."""
        with self._guard:
            listener, self._listener = self._listener, None
            if listener is None:
                return
            self._stopped.set()
            _end(listener)
            for connection in self._connections:
                _shut(connection)

    def close(self) -> None:
        """Stop, and give the port back."""
        with self._guard:
            if self._timer is not None:
                self._timer.cancel()
        self.stop()
        self._holder.close()

    def clear_log(self) -> None:
        """Forget the requests and waits so far."""
        self.log.clear()
        self.waits.clear()

    def pause(self, seconds: float) -> None:
        """Wait in name only; one refused attempt is over."""
        with self._guard:
            self.waits.append(seconds)
            self._left -= 1
            if self._left == 0 and self._timer is not None:
                self._timer.cancel()
                self._timer = None
                self.start()

    def reply(self, host: str, request: Request) -> Reply:
        """What the replica of this host answers."""
        replica = self._replicas.get(host)
        if replica is None:
            return Reply(404, f"no replica of {host}; there are {', '.join(self._replicas)}".encode())
        try:
            return replica.answer(request)
        except Exception as error:  # noqa: BLE001 - raised when the server is closed
            self.errors.append(error)
            return Reply(400, "".join(traceback.format_exception(error)).encode())

    def _refuse(self, fault: Fault) -> None:
        with self._guard:
            self.stop()
            self._left = fault.times
            self._timer = threading.Timer(fault.seconds or _CLOSED_SECONDS, self.start)
            self._timer.daemon = True
            self._timer.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        with self._guard:
            self._connections.add(connection)
            if self._listener is None:
                _shut(connection)
        try:
            _Handler(connection, address, self)  # type: ignore[arg-type]
        except OSError:
            pass  # the client has gone, or the plug was pulled
        finally:
            with self._guard:
                self._connections.discard(connection)
            _end(connection)

    def _handle(self, handler: _Handler, body: bytes) -> bool:
        """Answer one request; return whether the connection may be used again."""
        _, host, *rest = handler.path.split("/", 2)
        target = "/" + (rest[0] if rest else "")
        self.log.append((handler.command, host, target))
        parts = urlsplit(target)
        fault = self.faults.take(host, target)
        wire = replaced(fault) if fault else None
        if wire is None:
            query = parse_qs(parts.query, keep_blank_values=True)
            base = f"{self.base_url}/{host}"
            request = Request(handler.command, unquote(parts.path), query, body, handler.headers, base)
            wire = self._wire(self.reply(host, request), fault, "gzip" in handler.headers.get("Accept-Encoding", ""))
        if fault and fault.kind == "refused":
            self._refuse(fault)
        return send(handler.connection, wire, fault, self._stopped)

    def _wire(self, reply: Reply, fault: Fault | None, packs: bool) -> Wire:
        plain = fault.change(reply.body) if fault and fault.change else reply.body
        wire = Wire(reply.status, reply.headers, plain)
        if fault and fault.kind == "gzip_broken":
            return damaged(wire, plain)
        if self.gzip and packs and len(plain) >= _WORTH_PACKING and "Content-Encoding" not in reply.headers:
            return Wire(reply.status, reply.headers | {"Content-Encoding": "gzip"}, gzip.compress(plain, 1))
        return wire


class _Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ReplicaServer  # type: ignore[assignment]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not self.server._handle(self, self.rfile.read(length)):
            self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """Do not print; the server has a log of its own."""


def _socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already


def _end(connection: socket.socket) -> None:
    _shut(connection)
    connection.close()
