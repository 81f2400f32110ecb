"""One well-behaved HTTP client for every publisher.

Belongs here: time limits, retries with growing waits, the request budget, and the guarantee that a response is
complete or an error. Does not belong here: what a response means (each publisher's package), or archiving it
(`fetch_journal.py`).

Retried: 429 and 5xx, time-outs, broken connections, truncated or damaged bodies. Never retried: any other 4xx.
`Retry-After` is honoured. Proxies and certificates come from the environment (`HTTPS_PROXY`, `SSL_CERT_FILE`) and are
never printed, logged or archived.
"""

from __future__ import annotations

import email.utils
import logging
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import tenacity
from pyrate_limiter import Duration, Limiter, Rate

from indicators.errors import PortableError
from pipelines.errors import SourceError
from pipelines.settings import Settings

T = TypeVar("T")
_SAMPLE = 200
_MEGABYTE = 1_000_000
_GZIP = 31  # zlib's window for gzip, whose trailer holds length and checksum
_ENVIRONMENT = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR"
logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log whole URLs with users and passwords


class DamagedError(PortableError):
    """The body is not what it should be (truncated, another format): worth a retry."""


class HttpRefusedError(SourceError):
    """The server refused the request (4xx), or the resource has moved (3xx). `status` and `body` say how."""

    def __init__(self, where: str, status: int, body: bytes, location: str = "") -> None:
        what, said, remedy = "the server refused", _text(body), "see what the server says"
        if location:
            what, said = "what was asked for has moved", f"moved to {shown(location)[:_SAMPLE]}"
            remedy = "see what lies there, and if it is right change `addresses` in the publisher's declaration"
        found = f"HTTP {status} {said}".strip()
        super().__init__(what, where=where, expected="HTTP 200", found=found, remedy=remedy)
        self.status, self.body = status, body


class _TransientError(PortableError):
    """An attempt that failed in a way that may pass."""

    def __init__(self, found: str, retry_after: float | None = None) -> None:
        super().__init__(found)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A complete response: the requested URL, the decompressed body, and what was parsed from it."""

    url: str
    body: bytes
    content: T
    published_at: str | None


class Client:
    """A client of one publisher. Thread-safe.

    Args:
        settings: limits of time, size and attempts. per_second: requests a second; 0 for no limit.
        sleep: how it waits between attempts.
    """

    def __init__(self, settings: Settings, per_second: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._guard = threading.Lock()
        self._limiter: Limiter | None = None
        self.requests = 0
        if per_second:
            self.set_budget(1, 1 / per_second)
        agent = f"nyckeltal/{version('nyckeltal')} (open data warehouse of Swedish municipal care)"
        contact = quote(f" {settings.http_contact}".rstrip(), safe=" @.,:;/()+")  # headers are ASCII
        self._http = _client({"User-Agent": agent + contact, "Accept-Encoding": "gzip"}, settings)

    def set_budget(self, calls: int, seconds: float) -> None:
        """Allow at most so many requests in so many seconds from now on."""
        self._limiter = Limiter(Rate(calls, max(1, round(seconds * Duration.SECOND))))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, url: str, read: Callable[[bytes], T], params: Mapping[str, str] | None = None) -> Answer[T]:
        """Request a resource.

        Args:
            read: parses the body, or raises `DamagedError` when a retry may help.

        Raises:
            HttpRefusedError: 4xx. SourceError: no complete response after all attempts, or `read` rejected it.
        """
        return self._ask(httpx.Request("GET", url, params=dict(params) if params else None), read)

    def post(self, url: str, read: Callable[[bytes], T], body: Any) -> Answer[T]:
        """Send JSON and read the response; see `get`."""
        return self._ask(httpx.Request("POST", url, json=body), read)

    def _ask(self, plain: httpx.Request, read: Callable[[bytes], T]) -> Answer[T]:
        # Built by the client, so that its headers and time limits apply.
        content = plain.content or None
        headers = {"Content-Type": "application/json"} if content else None
        where = shown(str(plain.url))

        def attempt() -> Answer[T]:
            if self._limiter is not None:
                self._limiter.try_acquire(plain.url.host)
            request = self._http.build_request(plain.method, plain.url, content=content, headers=headers)
            body, got = self._send(request)
            try:
                return Answer(where, body, read(body), got.get("last-modified"))
            except DamagedError as error:
                raise _TransientError(str(error)) from error

        attempts = self._settings.http_attempts
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_TransientError),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _TransientError as error:
            raise SourceError(
                f"no whole answer in {attempts} attempts",
                where=where,
                expected="a whole answer",
                found=str(error),
                remedy="refresh again later; what has been fetched is kept and is not fetched again",
            ) from error

    def _send(self, request: httpx.Request) -> tuple[bytes, httpx.Headers]:
        """One attempt, in a thread: nothing else limits the time of headers that arrive a byte at a time."""
        with self._guard:
            self.requests += 1
        seconds = self._settings.http_total_seconds
        waiting: Future[tuple[bytes, httpx.Headers]] = Future()

        def work() -> None:
            try:
                waiting.set_result(self._receive(request, time.monotonic() + seconds))
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
                waiting.set_exception(error)

        threading.Thread(target=work, name="http", daemon=True).start()
        try:
            return waiting.result(seconds)
        except TimeoutError as error:
            raise _TransientError(f"not whole after {seconds:g} s") from error
        except httpx.ProxyError:  # its own message may contain the proxy's password
            raise _TransientError("ProxyError: the proxy refused") from None
        except httpx.HTTPError as error:
            raise _TransientError(f"{type(error).__name__}: {error}"[:_SAMPLE]) from error

    def _receive(self, request: httpx.Request, deadline: float) -> tuple[bytes, httpx.Headers]:
        most = self._settings.http_max_mb * _MEGABYTE
        parts: list[bytes] = []
        size = 0
        response = self._http.send(request, stream=True)
        try:
            for part in response.iter_raw():
                parts.append(part)
                size += len(part)
                if size > most:
                    raise self._too_large(request)
                if time.monotonic() > deadline:
                    raise _TransientError(f"not whole after {self._settings.http_total_seconds:g} s, {size} bytes")
        finally:
            response.close()
        body = b"".join(parts)
        status, headers = response.status_code, response.headers
        encoding = headers.get("content-encoding", "identity")
        if status == 429 or status >= 500:
            raise _TransientError(f"HTTP {status} {_text(_legible(body, encoding))}", _retry_after(headers))
        if not response.is_success:
            location = headers.get("location", "") if response.is_redirect else ""
            raise HttpRefusedError(shown(str(request.url)), status, _legible(body, encoding), location)
        body = _unpacked(body, encoding, most)
        if len(body) > most:
            raise self._too_large(request)
        return body, headers

    def _too_large(self, request: httpx.Request) -> SourceError:
        return SourceError(
            "the answer is too large",
            where=shown(str(request.url)),
            expected=f"at most {self._settings.http_max_mb} MB",
            found="more",
            remedy="raise NYCKELTAL_HTTP_MAX_MB if the publisher has grown",
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _TransientError) else None
        if asked is not None:
            return min(asked, self._settings.http_max_wait_seconds)
        growing = tenacity.wait_exponential_jitter(
            initial=self._settings.http_wait_seconds,
            max=self._settings.http_max_wait_seconds,
            jitter=self._settings.http_wait_seconds,
        )
        return growing(state)


def shown(url: str) -> str:
    """A URL without a user's name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _client(headers: dict[str, str], settings: Settings) -> httpx.Client:
    try:
        return httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(settings.http_read_seconds, connect=settings.http_connect_seconds),
            follow_redirects=False,
        )
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
        raise SourceError(
            "this machine's proxy or certificates cannot be used",
            where=_ENVIRONMENT,
            expected="http://host:port, and files of certificates that can be read",
            found=type(error).__name__,  # its message may contain the proxy's password
            remedy="correct those environment variables, or unset them",
        ) from None


def _unpacked(raw: bytes, encoding: str, most: int) -> bytes:
    """The body; if it is too large, a little more than `most` bytes.

    Raises:
        _TransientError: it is damaged or truncated.
    """
    if encoding.lower() == "identity":
        return raw
    if encoding.lower() != "gzip":
        raise _TransientError(f"an answer packed in a way that was not asked for: {encoding[:_SAMPLE]}")
    parts: list[bytes] = []
    left = most + 1
    while raw and left > 0:
        unpacker = zlib.decompressobj(wbits=_GZIP)
        try:
            parts.append(unpacker.decompress(raw, left))
        except zlib.error as error:
            raise _TransientError(f"damaged gzip: {error}") from error
        left -= len(parts[-1])
        if left > 0 and not unpacker.eof:
            raise _TransientError(f"gzip cut short after {len(raw)} bytes")
        raw = unpacker.unused_data
    return b"".join(parts)


def _legible(raw: bytes, encoding: str) -> bytes:
    """The body of a refusal, unchanged when it cannot be decompressed."""
    try:
        return _unpacked(raw, encoding, _MEGABYTE)
    except _TransientError:
        return raw


def _text(body: bytes) -> str:
    return " ".join(body[:_SAMPLE].decode("utf-8", errors="replace").split())


def _retry_after(headers: httpx.Headers) -> float | None:
    given = headers.get("retry-after")
    if given is None:
        return None
    if given.strip().isdecimal():
        return float(given)
    try:
        moment = email.utils.parsedate_to_datetime(given)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # a time zone of -0000
        moment = moment.replace(tzinfo=UTC)
    waiting: float = (moment - datetime.now(UTC)).total_seconds()
    return max(0.0, waiting)
