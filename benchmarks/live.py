"""Live sources: from the publisher's pages to staged rows, beside DuckDB's own JSON reader on the same bytes.

Belongs here: one step a process (`python -m benchmarks.live STEP …`), so that each is measured by itself, against a
replica without politeness waits. Does not belong here: the table of results (`__main__.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from benchmarks.measure import Measured, measure
from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Measure
from pipelines.settings import Settings
from pipelines.sources import kolada, origins
from pipelines.storage.archive import Archive

VALUES = "kolada.values"
AREAS, YEARS, SEXES = 312, 33, 3
_MOMENT = datetime(2026, 11, 23)  # noqa: DTZ001 - times are UTC without zone


def measure_live(work: Path, kpis: int) -> Iterator[tuple[str, Measured]]:
    """Fetch, parse and floor of so many KPIs × 312 areas × 33 years × 3 sexes, each with its words."""
    rows = kpis * AREAS * YEARS * SEXES
    with _replica(kpis) as base_url:
        step = [sys.executable, "-m", "benchmarks.live"]
        fetched = measure([*step, "fetch", base_url, str(work), str(kpis)])
        yield f"live: {kpis} KPIs, {rows} values, pages to archive", fetched
    yield f"live: {rows} values, archived pages to staged rows", measure([*step, "parse", str(work)])
    yield "floor: DuckDB's JSON reader, the same pages to a table", measure([*step, "floor", str(work)])


@contextmanager
def _replica(kpis: int) -> Iterator[str]:
    serving = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.live", "replica", str(kpis)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert serving.stdout is not None
        yield serving.stdout.readline().strip()
    finally:
        serving.kill()
        serving.wait()


def replica(kpis: str) -> None:
    """Serve a dense replica; print where; stay."""
    from tests.support.replicas.kolada import KoladaReplica  # noqa: PLC0415 - only this process needs it
    from tests.support.replicas.server import ReplicaServer  # noqa: PLC0415

    with ReplicaServer(KoladaReplica.dense(int(kpis), AREAS, YEARS), packed=False) as server:
        print(server.base_url, flush=True)
        while True:
            time.sleep(3600)


def fetch(base_url: str, work: str, kpis: str) -> None:
    """Every list that is needed, and a sweep."""
    settings = Settings(data_dir=Path(work), source="live", base_urls={"*": base_url}, requests_per_second=0)
    measures = tuple(
        Measure(measure_id=f"m{n}", title_sv=f"m{n}", unit="antal", dataset=VALUES, series=f"N{n:05d}")
        for n in range(1, int(kpis) + 1)
    )
    catalogue = Catalogue(home=Path(work), indicators=(), measures=measures)
    with origins.context_of(settings, catalogue, _MOMENT) as context:
        for dataset in ("kolada.municipality", "kolada.kpi", VALUES):
            kolada.fetch(context, dataset)
        pages = len(context.archive.latest(VALUES).files)  # type: ignore[union-attr]
        print(json.dumps({"requests": context.client("kolada").requests, "pages": pages}))


def parse(work: str) -> None:
    """The archived pages to staged rows."""
    archive = Archive(Settings(data_dir=Path(work)).archive_dir)
    fetched = archive.latest(VALUES)
    assert fetched is not None
    kolada.parse(fetched, archive, Path(work) / "staged.parquet")


def floor(work: str) -> None:
    """DuckDB's own reader: the same pages, unnested, to a table in memory."""
    archive = Archive(Settings(data_dir=Path(work)).archive_dir)
    fetched = archive.latest(VALUES)
    assert fetched is not None
    paths = [str(archive.object_path(f.sha256)) for f in fetched.files]
    value = 'STRUCT(gender VARCHAR, "value" DOUBLE, status VARCHAR, "count" BIGINT, isdeleted BOOLEAN)[]'
    shape = f"{{'values': 'STRUCT(kpi VARCHAR, municipality VARCHAR, period INTEGER, \"values\" {value})[]'}}"
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        "create table t as select kpi, municipality, period, v.gender, v.value from (select item.kpi, "
        'item.municipality, item.period, unnest(item."values") as v from (select unnest("values") as item '
        f"from read_json({paths}, columns = {shape})))"
    )


if __name__ == "__main__":
    {"replica": replica, "fetch": fetch, "parse": parse, "floor": floor}[sys.argv[1]](*sys.argv[2:])
