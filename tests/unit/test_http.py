"""The HTTP client: an answer is whole, or it is asked for again, or it ends in an error with a name."""

from __future__ import annotations

import email.utils
import gzip
import itertools
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.http_client import Client, DamagedError, HttpRefusedError, _retry_after, shown
from tests.support.replicas.faults import FOREVER
from tests.support.replicas.server import ReplicaServer, Reply, Request

HOST = "publisher.example"
CONTENT = {"values": [f"värde {n}" for n in range(40)]}
ATTEMPTS = 3
SETTINGS = Settings(
    http_attempts=ATTEMPTS,
    http_read_seconds=20,
    http_total_seconds=60,
    http_wait_seconds=1,
    http_max_wait_seconds=120,
    http_max_mb=1,
)
IMPATIENT = SETTINGS.model_copy(update={"http_read_seconds": 0.2, "http_total_seconds": 0.3})
SLOW = {"slow_drip", "slow_headers", "silent"}
# What is found, in the words of the error, when a fault does not end.
FAULTS = {
    "refused": "refused",
    "reset": "reset",
    "reset_mid_body": "reset",
    "cut_right_length": "",
    "cut_wrong_length": "complete message body",
    "slow_drip": "not whole after 0.3 s",
    "slow_headers": "not whole after 0.3 s",
    "silent": "",  # either of two limits may be the first to end it
    "500": "HTTP 500",
    "502": "HTTP 502",
    "503": "HTTP 503",
    "504": "HTTP 504",
    "507": "HTTP 507",
    "520": "HTTP 520",
    "429": "HTTP 429",
    "429_retry_after": "HTTP 429",
    "html": "Driftstopp",
    "gzip_broken": "gzip",
}
PACKED = pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])


class Publisher:
    """Answers CONTENT, or what a test has put at a path; keeps the requests and when they came."""

    hosts = (HOST,)

    def __init__(self) -> None:
        self.at: dict[str, Reply] = {}
        self.came: list[tuple[float, Request]] = []

    def answer(self, request: Request) -> Reply:
        self.came.append((time.monotonic(), request))
        return self.at.get(request.path, Reply.json(CONTENT, Last_Modified="Mon, 02 Mar 2026 10:00:00 GMT"))


class Endless(threading.Thread):
    """A server that answers the first request with a body that does not end."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.ended = False

    def run(self) -> None:
        connection, _ = self.listener.accept()
        self.listener.close()
        connection.recv(10_000)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
            while True:
                connection.sendall(b"0" * 100_000)
        except OSError:
            self.ended = True
        connection.close()


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def server(publisher: Publisher) -> Iterator[ReplicaServer]:
    with ReplicaServer(publisher) as served:
        yield served


@pytest.fixture
def client(server: ReplicaServer) -> Iterator[Client]:
    made = Client(SETTINGS, 0, sleep=server.pause)
    yield made
    made.close()


def address(server: ReplicaServer, path: str = "/whole") -> str:
    return f"{server.base_url}/{HOST}{path}"


def read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise DamagedError(f"no whole JSON; begins with {body[:90]!r}") from error


def refused(ask: Callable[[], Any]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        ask()
    assert all([caught.value.what, caught.value.where, caught.value.expected, caught.value.found, caught.value.remedy])
    return caught.value


@PACKED
@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in SLOW])
def test_a_fault_that_passes_is_asked_through(server: ReplicaServer, client: Client, kind: str, packed: bool) -> None:
    server.gzip = packed
    server.faults.add(kind, match="" if kind == "refused" else "/whole", seconds=60)
    answer = client.get(address(server), read)
    assert answer.content == CONTENT
    assert json.loads(answer.body) == CONTENT
    assert client.requests == 2
    assert len(server.waits) == 1
    assert server.waits[0] == 0 if kind == "429_retry_after" else 1 <= server.waits[0] <= 2
    assert server.log == [("GET", HOST, "/whole")] * (1 if kind == "refused" else 2)


@PACKED
@pytest.mark.parametrize("kind", sorted(SLOW))
def test_a_slow_answer_that_passes_is_asked_through(server: ReplicaServer, kind: str, packed: bool) -> None:
    server.gzip = packed
    client = Client(IMPATIENT.model_copy(update={"http_attempts": 20}), 0, sleep=server.pause)
    server.faults.add(kind)
    assert client.get(address(server), read).content == CONTENT
    assert client.requests == len(server.log) == len(server.waits) + 1 >= 2


@PACKED
@pytest.mark.parametrize(("kind", "found"), FAULTS.items())
def test_a_fault_that_lasts_ends_in_an_error_with_a_name(
    server: ReplicaServer, kind: str, found: str, packed: bool
) -> None:
    server.gzip = packed
    client = Client(IMPATIENT if kind in SLOW else SETTINGS, 0, sleep=server.pause)
    at_once = kind == "refused"
    server.faults.add(kind, match="" if at_once else "/whole", times=FOREVER, seconds=60 if at_once else 0)
    error = refused(lambda: client.get(address(server), read))
    assert not isinstance(error, HttpRefusedError)
    assert error.what == "no whole answer in 3 attempts"
    assert error.where == address(server)
    assert found in error.found
    assert client.requests == ATTEMPTS
    assert len(server.waits) == ATTEMPTS - 1


def test_a_body_cut_short_is_noticed_whoever_reads_it(server: ReplicaServer, client: Client) -> None:
    server.faults.add("cut_right_length")  # of a body in gzip, which tells where it ends
    assert json.loads(client.get(address(server), bytes).content) == CONTENT
    assert client.requests == 2


def test_gzip_in_several_members_is_read_whole(server: ReplicaServer, client: Client, publisher: Publisher) -> None:
    publisher.at["/two"] = Reply(
        200, gzip.compress(b"ett ") + gzip.compress(b"tv\xc3\xa5"), {"Content-Encoding": "gzip"}
    )
    assert client.get(address(server, "/two"), bytes).content.decode() == "ett två"


def test_an_encoding_that_was_not_asked_for_is_named(
    server: ReplicaServer, client: Client, publisher: Publisher
) -> None:
    publisher.at["/other"] = Reply(200, b"\x8b\x00\x80", {"Content-Encoding": "br"})
    assert "br" in refused(lambda: client.get(address(server, "/other"), bytes)).found


def test_waits_grow_to_the_longest(server: ReplicaServer) -> None:
    settings = SETTINGS.model_copy(update={"http_attempts": 8, "http_wait_seconds": 2.0, "http_max_wait_seconds": 50.0})
    client = Client(settings, 0, sleep=server.pause)
    server.faults.add("503", times=FOREVER)
    refused(lambda: client.get(address(server), read))
    for wait, least in zip(server.waits, (2, 4, 8, 16, 32, 50, 50), strict=True):
        assert least <= wait <= min(least + 2, 50)


@pytest.mark.parametrize("kind", ["429_retry_after", "503"])
@pytest.mark.parametrize(("asked", "waited"), [("0", 0), ("7", 7), (" 90 ", 90), ("121", 120), ("9" * 30, 120)])
def test_the_wait_that_is_asked_for_in_seconds_is_kept_and_bounded(
    server: ReplicaServer, client: Client, publisher: Publisher, kind: str, asked: str, waited: float
) -> None:
    publisher.at["/busy"] = Reply(int(kind[:3]), b"wait", {"Retry-After": asked})
    refused(lambda: client.get(address(server, "/busy"), read))
    assert server.waits == [waited] * (ATTEMPTS - 1)


@pytest.mark.parametrize(("ahead", "waited"), [(-60, 0), (30, 30), (9000, 120)])
def test_the_moment_that_is_asked_for_is_kept_and_bounded(
    server: ReplicaServer, client: Client, publisher: Publisher, ahead: int, waited: float
) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=ahead)
    publisher.at["/busy"] = Reply(429, b"wait", {"Retry-After": email.utils.format_datetime(moment, usegmt=True)})
    refused(lambda: client.get(address(server, "/busy"), read))
    assert all(waited - 3 <= wait <= waited for wait in server.waits)
    assert len(server.waits) == ATTEMPTS - 1


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1.5", "²", "Mon, 99 Xyz 2026 10:00:00 GMT"])
def test_a_wait_that_cannot_be_understood_grows_as_without(
    server: ReplicaServer, client: Client, publisher: Publisher, asked: str
) -> None:
    publisher.at["/busy"] = Reply(429, b"wait", {"Retry-After": asked})
    refused(lambda: client.get(address(server, "/busy"), read))
    assert 1 <= server.waits[0] <= 2 <= server.waits[1] <= 3


@given(st.text() | st.from_regex(r"\w{3}, \d{2} \w{3} \d{4} \d\d:\d\d:\d\d [-+]?\w{3,4}", fullmatch=True))
def test_no_text_of_a_wait_stops_the_client(text: str) -> None:
    headers = httpx.Headers([(b"retry-after", text.encode("utf-8", errors="replace"))])
    waiting = _retry_after(headers)
    assert waiting is None or waiting >= 0


def test_a_moment_without_a_zone_is_utc() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=100)
    waiting = _retry_after(httpx.Headers({"retry-after": moment.strftime("%a, %d %b %Y %H:%M:%S -0000")}))
    assert waiting is not None
    assert 97 <= waiting <= 100


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422, 451])
def test_a_refusal_is_not_asked_again(server: ReplicaServer, client: Client, status: int) -> None:
    server.faults.add(str(status), times=FOREVER)
    error = refused(lambda: client.get(address(server), read))
    assert isinstance(error, HttpRefusedError)
    assert error.status == status
    assert str(status).encode() in error.body
    assert f"HTTP {status}" in error.found
    assert error.where == address(server)
    assert (client.requests, server.waits) == (1, [])


def test_what_the_reader_refuses_is_not_asked_again(server: ReplicaServer, client: Client) -> None:
    def refuse(body: bytes) -> None:
        raise SourceError("another shape", where="here", expected="a", found="b", remedy="c")

    assert refused(lambda: client.get(address(server), refuse)).what == "another shape"
    assert (client.requests, server.waits) == (1, [])


def test_a_redirect_is_named_and_not_followed(server: ReplicaServer, client: Client) -> None:
    other = Publisher()
    with ReplicaServer(other) as elsewhere:
        there = address(elsewhere).replace("http://", "http://user:hemligt@")
        server.faults.add("moved", value=there, times=FOREVER)
        error = refused(lambda: client.get(address(server), read))
    assert isinstance(error, HttpRefusedError)
    assert error.status == 302
    assert address(elsewhere) in error.found
    assert "hemligt" not in str(error)
    assert "addresses" in error.remedy
    assert other.came == []
    assert client.requests == 1


@PACKED
def test_an_answer_that_is_too_large_ends_by_name(
    server: ReplicaServer, client: Client, publisher: Publisher, packed: bool
) -> None:
    server.gzip = packed
    publisher.at["/large"] = Reply(200, b"0" * 1_000_001)  # in gzip, about 1 000 bytes
    publisher.at["/just"] = Reply(200, b"0" * 1_000_000)
    error = refused(lambda: client.get(address(server, "/large"), bytes))
    assert (error.what, error.expected) == ("the answer is too large", "at most 1 MB")
    assert "NYCKELTAL_HTTP_MAX_MB" in error.remedy
    assert (client.requests, server.waits) == (1, [])
    assert len(client.get(address(server, "/just"), bytes).body) == 1_000_000


def test_a_body_without_end_is_left_as_soon_as_it_is_too_large() -> None:
    endless = Endless()
    endless.start()
    error = refused(lambda: Client(SETTINGS, 0).get(endless.address, bytes))
    assert error.what == "the answer is too large"
    endless.join(5)
    assert endless.ended


@pytest.mark.parametrize("kind", ["slow_drip", "slow_headers"])
def test_a_slow_answer_is_left_when_its_time_is_up(server: ReplicaServer, kind: str) -> None:
    server.gzip = False
    client = Client(IMPATIENT.model_copy(update={"http_attempts": 1}), 0)
    server.faults.add(kind, seconds=0.03)  # in all, five seconds for the headers, and fifteen for the body
    began = time.monotonic()
    refused(lambda: client.get(address(server), read))
    assert time.monotonic() - began < 3
    if kind == "slow_drip":  # of slow headers, the thread ends with the connection
        until = time.monotonic() + 5
        while any(thread.name == "http" for thread in threading.enumerate()):
            assert time.monotonic() < until, "the thread goes on reading"


def test_an_answer_says_where_it_is_from_and_when_it_was_changed(server: ReplicaServer, client: Client) -> None:
    url = address(server).replace("http://", "http://user:hemligt@")
    answer = client.get(url, read, params={"title": "äldre"})
    assert answer.url == address(server) + "?title=%C3%A4ldre"
    assert answer.published_at == "Mon, 02 Mar 2026 10:00:00 GMT"
    assert server.log == [("GET", HOST, "/whole?title=%C3%A4ldre")]


def test_the_client_says_what_it_is_and_who_runs_it(server: ReplicaServer, publisher: Publisher) -> None:
    settings = SETTINGS.model_copy(update={"http_contact": "Åre kommun, data@example.org"})
    Client(settings, 0).get(address(server), read)
    headers = publisher.came[0][1].headers
    assert headers["User-Agent"].startswith("nyckeltal/")
    assert "data@example.org" in headers["User-Agent"]
    assert headers["Accept-Encoding"] == "gzip"


def test_posting_sends_json(server: ReplicaServer, client: Client, publisher: Publisher) -> None:
    server.faults.add("503")
    assert client.post(address(server), read, {"kön": ["K", "M"]}).content == CONTENT
    (_, request) = publisher.came[0]
    assert (request.method, json.loads(request.body)) == ("POST", {"kön": ["K", "M"]})
    assert request.headers["Content-Type"] == "application/json"
    assert client.requests == 2


def _least_gap(publisher: Publisher, over: int = 1) -> float:
    moments = sorted(moment for moment, _ in publisher.came)
    return min(later - sooner for sooner, later in zip(moments, moments[over:], strict=False))


def test_the_budget_of_requests_is_kept_by_threads_and_by_repeated_attempts(
    server: ReplicaServer, publisher: Publisher
) -> None:
    client = Client(SETTINGS, 20, sleep=server.pause)
    server.faults.add("503", times=2)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.get(address(server), read), range(4)))
    assert time.monotonic() - began >= 5 / 20 - 0.01
    assert client.requests == len(server.log) == 6
    spoilt = 2  # the faults are answered without the replica
    assert len(publisher.came) == 6 - spoilt
    assert _least_gap(publisher) >= 0.02  # 0.05, but the way there may take the one longer than the other


def test_a_budget_may_be_so_many_in_so_long(server: ReplicaServer, publisher: Publisher) -> None:
    client = Client(SETTINGS, 0, sleep=server.pause)
    client.set_budget(3, 0.2)
    began = time.monotonic()
    for _ in range(7):
        client.get(address(server), read)
    assert time.monotonic() - began >= 0.38
    assert _least_gap(publisher, over=3) >= 0.1


def test_without_a_budget_nothing_waits(server: ReplicaServer, client: Client) -> None:
    assert client._limiter is None
    for _ in range(3):
        client.get(address(server), read)
    assert server.waits == []


PASSWORD = "mycket-hemligt"  # noqa: S105
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def closed_port() -> Iterator[int]:
    """A port that is taken and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


closed = pytest.fixture(closed_port, name="closed")


def all_that_is_told(error: BaseException) -> str:
    """The whole chain, also what is not shown of it."""
    told, seen = "", set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            told += "".join(traceback.format_exception(one)) + repr(one) + str(one)
            waiting += [one.__cause__, one.__context__]
    return told


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_password_of_a_proxy_that_does_not_answer_is_not_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, closed: int, scheme: str
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://anna:{PASSWORD}@127.0.0.1:{closed}")
    client = Client(SETTINGS, 0, sleep=lambda _: None)
    error = refused(lambda: client.get(f"{scheme}://publisher.example/x", read))
    assert "refused" in error.found
    assert PASSWORD not in all_that_is_told(error) + caplog.text


class _Proxy(threading.Thread):
    """A proxy that refuses, and repeats the credentials in its reason."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked: list[bytes] = []

    def run(self) -> None:
        for _ in range(ATTEMPTS):
            connection, _address = self.listener.accept()
            self.asked.append(connection.recv(10_000))
            connection.sendall(f"HTTP/1.1 407 anna:{PASSWORD}\r\nContent-Length: 0\r\n\r\n".encode())
            connection.close()


@pytest.mark.usefixtures("no_proxies")
def test_the_password_of_a_proxy_that_refuses_is_not_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    proxy = _Proxy()
    proxy.start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://anna:{PASSWORD}@127.0.0.1:{proxy.port}")
    error = refused(lambda: Client(SETTINGS, 0, sleep=lambda _: None).get("https://publisher.example/x", read))
    proxy.join(5)
    proxy.listener.close()
    assert all(b"Proxy-Authorization" in asked for asked in proxy.asked)
    assert "proxy" in error.found.lower()
    shown_chain = "".join(traceback.format_exception(error))
    assert PASSWORD not in shown_chain + str(error) + caplog.text


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", f"gopher://anna:{PASSWORD}@127.0.0.1:1"),
        ("HTTPS_PROXY", f"http://anna:{PASSWORD}@127.0.0.1:port"),
        ("ALL_PROXY", f"socks5://anna:{PASSWORD}@127.0.0.1:1"),
        ("SSL_CERT_FILE", f"{PASSWORD}/missing.pem"),
        ("SSL_CERT_FILE", __file__),
    ],
)
def test_an_environment_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    error = refused(lambda: Client(SETTINGS, 0))
    assert name in error.where
    assert PASSWORD not in "".join(traceback.format_exception(error))


def test_the_user_in_an_address_is_not_told(
    server: ReplicaServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = address(server).replace("http://", f"http://anna:{PASSWORD}@")
    client.get(url, read)
    for kind in ("404", "503", "html"):
        server.faults.clear()
        server.faults.add(kind, times=FOREVER)
        error = refused(lambda: client.get(url, read))
        assert error.where == address(server)
        assert PASSWORD not in all_that_is_told(error)
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.se/x?y=1", "https://a.se/x?y=1"),
        ("https://anna:p@ss@a.se:8443/x", "https://a.se:8443/x"),
        ("http://[::1]:80/@x", "http://[::1]:80/@x"),
    ],
)
def test_an_address_is_shown_without_its_user(url: str, told: str) -> None:
    assert shown(url) == told


def test_threads_count_every_request(server: ReplicaServer) -> None:
    client = Client(SETTINGS, 0)
    with ThreadPoolExecutor(8) as pool:
        list(itertools.chain(pool.map(lambda _: client.get(address(server), read), range(60))))
    assert client.requests == len(server.log) == 60


def test_a_server_that_was_unplugged_is_found_again(server: ReplicaServer, client: Client) -> None:
    assert client.get(address(server), read).content == CONTENT
    server.stop()
    assert "refused" in refused(lambda: client.get(address(server), read)).found
    server.start()
    assert client.get(address(server), read).content == CONTENT
