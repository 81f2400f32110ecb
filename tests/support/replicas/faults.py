"""Fault injection: which of the next requests fail, and how each kind of fault looks on the wire.

Belongs here: the plan of faults and sending them. Does not belong here: the content of a correct response.

Kinds:
- `refused`: the port is closed. Without `host` and `match` at once; else the matching request is cut off first. It
  opens again after `times` waits told by `ReplicaServer.pause`, or after `seconds`, whichever comes first.
- `reset_mid_body`: half of the body, then a TCP reset. `reset`: a reset instead of an answer.
- `cut_right_length`: half of the body, and a Content-Length that says so. `cut_wrong_length`: half of the body, then
  the end, though Content-Length promised all.
- `slow_drip`: the body a byte at a time, `seconds` apart. `slow_headers`: the same of the headers. `silent`: headers,
  then nothing.
- `500`, `502`, `503`, `400`, `403`, … any status as text. `429`; `429_retry_after` with `value` in the header.
- `moved`: 302 to the address in `value`. `html`: 200 and a page of HTML. `gzip_broken`: said to be gzip, and is not.
- `body`: the sound answer's body, changed by `change`.
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import responses
from typing import Final

FOREVER: Final = 1_000_000_000
ELSEWHERE: Final = "http://elsewhere.invalid/moved"
HTML: Final = "<!DOCTYPE html><html><head><title>Driftstopp</title></head><body><h1>Underhåll pågår</h1></body></html>"
_KINDS: Final = frozenset(
    {
        "refused", "reset", "reset_mid_body", "cut_right_length", "cut_wrong_length", "slow_drip", "slow_headers",
        "silent", "429_retry_after", "moved", "html", "gzip_broken", "body",
    }
)  # fmt: skip
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass
class Fault:
    """One fault: for the next `times` requests to `host` (all, when empty) whose path and query hold `match`.

    The first `after` of them are let through.
    """

    kind: str
    host: str = ""
    match: str = ""
    times: int = 1
    after: int = 0
    seconds: float = 0.0
    value: str = ""
    change: Callable[[bytes], bytes] | None = None


@dataclass
class FaultPlan:
    """The faults that a test has injected; the first that matches a request and is not used up is applied."""

    faults: list[Fault] = field(default_factory=list)
    on_refused: Callable[[Fault], None] = lambda _: None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: str,
        host: str = "",
        match: str = "",
        times: int = 1,
        *,
        after: int = 0,
        seconds: float = 0.0,
        value: str = "",
        change: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Make the next `times` (`FOREVER` for all) requests to this host fail whose path and query contain `match`."""
        if kind not in _KINDS and not kind.isdigit():
            raise ValueError(f"unknown kind of fault: {kind}")
        if (change is not None) != (kind == "body"):
            raise ValueError("`change` belongs to `body`")
        fault = Fault(kind, host, match, times, after, seconds, value, change)
        if kind == "refused" and not host and not match:
            self.on_refused(fault)
            return
        with self._guard:
            self.faults.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._guard:
            self.faults.clear()

    def take(self, host: str, target: str) -> Fault | None:
        """The fault for this request, counted as used."""
        with self._guard:
            for fault in self.faults:
                if fault.times <= 0 or (fault.host and fault.host != host) or fault.match not in target:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.kind == "refused":
                    self.faults.remove(fault)  # its times are those of the closed port
                else:
                    fault.times -= 1
                return fault
        return None


@dataclass(frozen=True)
class Wire:
    """An answer as it goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def head(self, length: int) -> bytes:
        """Status line and headers, with a Content-Length of `length`."""
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {length}", "", ""]
        return "\r\n".join(lines).encode("latin-1")


def replaced(fault: Fault) -> Wire | None:
    """The response that replaces the correct one; None when the fault is in how that one is sent."""
    html = {"Content-Type": "text/html; charset=utf-8"}
    kind = fault.kind
    if kind == "html":
        return Wire(200, html, HTML.encode())
    if kind == "moved":
        return Wire(302, {"Location": fault.value or ELSEWHERE}, b"")
    if kind == "429_retry_after":
        return Wire(429, {"Retry-After": fault.value or "0"}, b"Too many requests")
    if kind.isdigit():
        return Wire(int(kind), html, f"<html><body>{kind} {responses.get(int(kind), '')}</body></html>".encode())
    return None


def damaged(wire: Wire, plain: bytes) -> Wire:
    """The response as gzip with damaged bytes in the middle."""
    packed = bytearray(gzip.compress(plain + b" " * 64))
    middle = len(packed) // 2
    packed[middle : middle + 16] = b"\xff" * 16
    return Wire(wire.status, wire.headers | {"Content-Encoding": "gzip"}, bytes(packed))


def send(connection: socket.socket, wire: Wire, fault: Fault | None, stopped: threading.Event) -> bool:
    """Send a response, with the injected fault if any; returns whether the connection may be used again."""
    kind, body = (fault.kind if fault else ""), wire.body
    half = body[: len(body) // 2]
    if kind in {"reset", "refused"}:
        reset(connection)
    elif kind == "reset_mid_body":
        connection.sendall(wire.head(len(body)) + half)
        reset(connection)
    elif kind == "cut_wrong_length":
        connection.sendall(wire.head(len(body)) + half)
    elif kind == "cut_right_length":
        connection.sendall(wire.head(len(half)) + half)
        return True
    elif kind in {"slow_drip", "slow_headers"}:
        head = wire.head(len(body))
        return _drip(connection, head + body, len(head) if kind == "slow_drip" else 0, fault, stopped)
    elif kind == "silent":
        connection.sendall(wire.head(len(body)))
        connection.recv(1)  # until the client gives up, or the server is stopped
    else:
        connection.sendall(wire.head(len(body)) + body)
        return True
    return False


def reset(connection: socket.socket) -> None:
    """End a connection with a TCP reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.close()


def _drip(connection: socket.socket, data: bytes, at_once: int, fault: Fault | None, stopped: threading.Event) -> bool:
    connection.sendall(data[:at_once])
    pause = (fault.seconds if fault else 0.0) or 0.02
    for n in range(at_once, len(data)):
        connection.sendall(data[n : n + 1])
        if stopped.wait(pause):
            return False
    return True
