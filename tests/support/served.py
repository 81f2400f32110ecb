"""The query interface on a free port of this machine, in a thread of the test's own process."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import uvicorn

from pipelines.api.app import create_app
from pipelines.api.server import configured
from pipelines.settings import ROOT

_LONGEST = 60.0  # seconds to start or stop


class ServedApi:
    """`with ServedApi(releases_dir) as api: api.get("/api/v1/release")`."""

    def __init__(self, releases_dir: Path, **options: Any) -> None:
        self.releases_dir = releases_dir
        self.app = create_app(releases_dir, **options)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(configured(self.app))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self.http = httpx.Client(base_url=self.address, timeout=_LONGEST, headers={"Accept-Encoding": "identity"})

    def __enter__(self) -> ServedApi:
        self._thread.start()
        deadline = time.monotonic() + _LONGEST
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(_LONGEST)
        self._socket.close()

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """One answer; what it says when it is an error is checked to tell nothing of this machine."""
        return self.told(self.http.get(path, params=parameters or None))

    def told(self, answer: httpx.Response) -> httpx.Response:
        """The response, after checking that it reveals no path, and that an error is a complete problem document."""
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            problem = answer.json()
            assert {"type", "title", "status", "detail", "what"} <= set(problem), problem
            assert problem["status"] == answer.status_code
            for secret in (str(self.releases_dir.parent), str(ROOT), str(Path.home()), "Traceback", "site-packages"):
                assert secret not in answer.text, answer.text
        return answer

    def rows(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        """All rows, page after page."""
        found: list[dict[str, Any]] = []
        following: str | None = str(httpx.URL(path).copy_merge_params(parameters))
        while following:
            answer = self.http.get(following)
            assert answer.status_code == 200, answer.text
            found += answer.json()["rows"]
            following = answer.json()["next"]
        return found
