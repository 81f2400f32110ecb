"""Fifty clients at the query interface at once, while a release is published.

`python -m benchmarks.load DATA_DIR [--clients 50] [--seconds 60]`: another release is published in that folder.
Belongs here: the mix of questions, the clients, and what they saw. A client asks again as soon as it has its answer, so
that the times hold the waiting for the others. All traffic stays on this machine.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measure import tree_cpu_seconds, tree_mb

SETTLED = (200, 304)
V1 = "/api/v1"


@dataclass
class Load:
    """What the clients saw. `begun_anew`: walks through pages that met a new release, and its answer 410."""

    seconds: float = 0.0
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)
    begun_anew: int = 0
    releases: Counter[str] = field(default_factory=Counter)
    peak_mb: float = 0.0

    @property
    def requests(self) -> int:
        """How many were answered as they should be."""
        return sum(len(times) for times in self.took.values())

    def times(self) -> list[float]:
        """Every time, sorted, in milliseconds."""
        return sorted(1000 * t for times in self.took.values() for t in times)


def at(sorted_times: list[float], share: float) -> float:
    """The time that so large a share of requests did not exceed."""
    return sorted_times[min(len(sorted_times) - 1, int(share * len(sorted_times)))]


class Client:
    """One who asks, over one connection, each question when the last is answered.

    `asked`: the addresses that were asked, if none may be asked twice; `mix`: how often each kind of question is.
    """

    def __init__(
        self,
        address: str,
        seed: int,
        codes: Codes,
        load: Load,
        mix: dict[str, int] | None = None,
        asked: set[str] | None = None,
    ) -> None:
        self._host = urlsplit(address).netloc
        self._draw, self._codes, self._load = random.Random(seed), codes, load  # noqa: S311 - a mix, no secret
        self._con = http.client.HTTPConnection(self._host, timeout=60)
        self._tags: dict[str, str] = {}
        self._following: str | None = None
        self._mix, self._asked = mix or MIX, asked

    def go_on_until(self, done: threading.Event) -> None:
        """Ask until it is done."""
        while not done.is_set():
            self.ask_once()
        self._con.close()

    def ask_once(self) -> None:
        """Ask one question, and keep how long it took or how it failed."""
        kind, path = self._question()
        while self._asked is not None and path in self._asked:
            kind, path = self._question()
        if self._asked is not None:
            self._asked.add(path)
        began = time.perf_counter()
        try:
            fault = self._ask(kind, path)
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = f"{type(error).__name__} {error}"
            self._con.close()
        if fault:
            self._load.failures.append(f"{kind} {path}: {fault}")
        else:
            self._load.took[kind].append(time.perf_counter() - began)

    def _question(self) -> tuple[str, str]:
        kind = self._draw.choices(list(self._mix), list(self._mix.values()))[0]
        if kind == "next page" and self._following:
            return kind, self._following
        indicator, area = self._draw.choice(self._codes.indicators), self._draw.choice(self._codes.areas)
        year = self._draw.choice(self._codes.years)
        return kind, {
            "series": f"{V1}/observations?indicator={indicator}&area={area}&labels=true",
            "repeat": f"{V1}/observations?indicator={self._codes.indicators[0]}&area={area}",
            "GR as CSV": f"{V1}/observations.csv?indicator={indicator}&group=GR",
            "whole indicator": f"{V1}/observations.csv?indicator={indicator}",
            "comparison": f"{V1}/comparison?area={area}&year={year}&sex=T",
            "trend": f"{V1}/trend?area={area}&sex=T",
            "as-of": f"{V1}/as-of?moment=2100-01-01&indicator={indicator}&area={area}",
            "next page": f"{V1}/observations?area={area}&limit=200",
            "indicators": f"{V1}/indicators",
            "areas": f"{V1}/areas?group=GR",
            "cube": f"{V1}/observations.jsonstat?indicator={indicator}&group=GR&area=GR",
            "file": "/utgava/parquet/area.parquet",
            "page": "/",
        }[kind]

    def _ask(self, kind: str, path: str) -> str:
        headers = {"Accept-Encoding": "gzip"}
        if kind == "repeat" and path in self._tags:
            headers["If-None-Match"] = self._tags[path]
        self._con.request("GET", path, headers=headers)
        answer = self._con.getresponse()
        body = answer.read()
        if kind == "next page":
            self._following = None
            if answer.status == http.HTTPStatus.GONE:
                self._load.begun_anew += 1
                return ""
        if answer.status not in SETTLED:
            return f"{answer.status} {body[:300].decode(errors='replace')}"
        release = answer.getheader("Nyckeltal-Release", "")
        self._load.releases[release] += 1
        self._tags[path] = answer.getheader("ETag", "")
        if answer.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if answer.getheader("Content-Type") == "application/json" and answer.status == http.HTTPStatus.OK:
            told = json.loads(body)
            if kind == "next page":
                self._following = told["next"]
            if told["release_id"] != release or told["count"] != len(told["rows"]):
                return f"not one release whole: {release} {told['release_id']} {told['count']} {len(told['rows'])}"
        return ""


# How often each question is asked, of a hundred.
MIX = {
    "series": 25, "repeat": 15, "comparison": 12, "trend": 8, "next page": 8, "GR as CSV": 7, "as-of": 6, "cube": 4,
    "areas": 4, "indicators": 3, "whole indicator": 3, "file": 3, "page": 2,
}  # fmt: skip

# The same without what the server has kept ready or reads from a file, and without lists that there is only one of.
UNCACHED = {kind: n for kind, n in MIX.items() if kind not in {"repeat", "areas", "indicators", "file", "page"}}


def cpu_ms_a_request(address: str, pid: int, requests: int) -> tuple[float, Load]:
    """CPU milliseconds of the server for a request of the uncached mix, each question another, one after the other."""
    seen = Load()
    client = Client(address, 1, Codes.of(address), seen, UNCACHED, set())
    before, began = tree_cpu_seconds(pid), time.perf_counter()
    for _ in range(requests):
        client.ask_once()
    seen.seconds = time.perf_counter() - began
    return 1000 * (tree_cpu_seconds(pid) - before) / requests, seen


@dataclass(frozen=True)
class Codes:
    """What is asked for."""

    indicators: list[str]
    areas: list[str]
    years: list[int]

    @classmethod
    def of(cls, address: str) -> Codes:
        """Indicators and municipalities that have values, as the server itself tells."""
        con = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)

        def rows(path: str) -> list[dict[str, object]]:
            con.request("GET", V1 + path)
            found: list[dict[str, object]] = json.loads(con.getresponse().read())["rows"]
            return found

        known = [i for i in rows("/indicators") if i["first_year"] is not None]
        areas = rows("/areas?area_type=municipality")
        con.close()
        last = max(int(str(i["last_year"])) for i in known)
        return cls(
            [str(i["indicator_id"]) for i in known], [str(a["area_id"]) for a in areas], list(range(last - 5, last + 1))
        )


def load(address: str, clients: int, seconds: float, pid: int, halfway: Callable[[], object]) -> Load:
    """Ask with so many clients for so long; `halfway` is done in the middle, and both halves are as long.

    Args:
        seconds: of asking, besides what `halfway` takes. pid: the server, for its memory.
    """
    seen, codes, done = Load(), Codes.of(address), threading.Event()
    began = time.perf_counter()

    def change() -> None:
        try:
            time.sleep(seconds / 2)
            halfway()
            time.sleep(seconds / 2)
        finally:
            done.set()

    threads = [
        threading.Thread(target=Client(address, seed, codes, seen).go_on_until, args=(done,)) for seed in range(clients)
    ]
    threads.append(threading.Thread(target=change))
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.peak_mb = max(seen.peak_mb, tree_mb(pid))
        time.sleep(0.2)
    seen.seconds = time.perf_counter() - began
    return seen


@contextmanager
def serving(data_dir: Path) -> Iterator[tuple[str, int]]:
    """`nyckeltal serve` on a free port: its address and process."""
    command = [str(Path(sys.executable).with_name("nyckeltal")), "serve", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1], process.pid
        finally:
            process.terminate()


def publish(data_dir: Path) -> None:
    """Publish a copy of the current release, a little longer, from a process of its own."""
    subprocess.run([sys.executable, "-m", "benchmarks.load", str(data_dir), "--publish"], check=True)


def tell(seen: Load) -> None:
    """Print what was seen."""
    times = seen.times()
    print(f"{seen.requests} requests in {seen.seconds:.1f} s: {seen.requests / seen.seconds:.0f} a second, "
          f"{len(seen.failures)} failed; {len(seen.releases)} releases seen, {seen.begun_anew} walks begun anew; "
          f"server's peak {seen.peak_mb:.0f} MiB")  # fmt: skip
    print(f"  {'milliseconds':18} {'asked':>7} {'p50':>8} {'p95':>8} {'p99':>8} {'worst':>8}")
    for name, of_one in [("all", times), *((kind, sorted(1000 * t for t in seen.took[kind])) for kind in MIX)]:
        if of_one:
            told = [statistics.median(of_one), at(of_one, 0.95), at(of_one, 0.99), of_one[-1]]
            print(f"  {name:18} {len(of_one):7} " + " ".join(f"{t:8.1f}" for t in told))
    for failure in seen.failures[:10]:
        print(f"  failed: {failure}")


def main() -> None:
    """Serve a data folder, ask, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--publish", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.publish:
        from tests.support.another_release import longer_by, publish_another  # noqa: PLC0415 - only this process needs it
        from tests.support.command import Place  # noqa: PLC0415

        publish_another(Place(given.data_dir), longer_by(1))
        return
    with serving(given.data_dir) as (address, pid):
        tell(load(address, given.clients, given.seconds, pid, lambda: publish(given.data_dir)))


if __name__ == "__main__":
    main()
