"""All of Kolada beside the curated part: what `--scope all` costs, from the publisher's pages to a release of tables.

Belongs here: a replica that serves the whole Kolada level with the publisher's list of KPIs, and the two refreshes
that are compared. Does not belong here: the floor and its queries (`full_scale.py`), budgets of the embedded figures.

`python -m benchmarks.scope_all WORK VALUES KPIS AREAS [TIMES]`: VALUES is the level as Parquet (columns kpi,
municipality, year, gender, value), KPIS the publisher's list (its own fields, as CSV), AREAS the list of municipalities
and regions (id, title, type). A data folder with a release in WORK is built on. With TIMES, one KPI of so many is
served, as a part of the level. KPIs without a value in it are not listed, but for those of the embedded list.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from benchmarks.embedded import COMMAND, TABLES_ALONE, run
from benchmarks.full_scale import tell_steps
from benchmarks.measure import bytes_below
from benchmarks.scale import SNAPSHOT
from pipelines.settings import Settings
from pipelines.storage import release_pointer

_ASKED = "kolada.other_values,kolada.kpi,kolada.municipality"
_EAGER = {"NYCKELTAL_REQUESTS_PER_SECOND": "0", "NYCKELTAL_HTTP_READ_SECONDS": "600", **TABLES_ALONE}
_COUNTS = """
    select i.curated, count(*) as n, count(o.value) as with_value, count(distinct o.indicator_id) as indicators
    from observation as o join indicator as i using (indicator_id) group by 1 order by 1 desc
"""


def measure_scope_all(work: Path, values: str, kpis: str, areas: str, times: str = "1") -> None:
    """A release of the embedded figures, all of Kolada on top of it, and the night after, each as seen.

    Raises:
        CommandFailedError: a command failed.
    """
    data = work / "data"
    settings = Settings(data_dir=data)
    if not settings.releases_dir.exists():
        run("curated, from the embedded figures", [COMMAND, "refresh", "--data-dir", str(data)], TABLES_ALONE)
        _tell(settings)
    with _replica(values, kpis, areas, times) as base_url:
        live = [COMMAND, "refresh", "--data-dir", str(data), "--source", "live", "--only", _ASKED]
        live += ["--base-url", f"kolada={base_url}"]
        run("scope all, the first time", [*live, "--scope", "all"], _EAGER)
        _tell(settings)
        run("the night after, nothing new", live, _EAGER)


def _tell(settings: Settings) -> None:
    tell_steps(settings)
    folder = release_pointer.current_folder(settings.releases_dir)
    with duckdb.connect(str(folder / "nyckeltal.duckdb"), read_only=True) as con:
        for is_curated, observations, with_value, indicators in con.execute(_COUNTS).fetchall():
            what = "curated" if is_curated else "uncurated"
            print(f"  {what}: {observations} observations, {with_value} with a value, {indicators} indicators with any")
    for name, place in (("release", folder), ("archive", settings.archive_dir), ("vintages", settings.vintages_dir)):
        print(f"  {name}: {bytes_below(place) / 1e6:.0f} MB", flush=True)


@contextmanager
def _replica(*given: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.scope_all", "replica", *given]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        yield serving.stdout.readline().strip()
    finally:
        serving.kill()
        serving.wait()


def replica(values: str, kpis: str, areas: str, times: str) -> None:
    """Serve the level, or one KPI of so many; print where; stay."""
    from tests.support.replicas.kolada import KoladaReplica  # noqa: PLC0415 - only this process needs it
    from tests.support.replicas.kolada_store import Store, by_kpi  # noqa: PLC0415
    from tests.support.replicas.server import ReplicaServer  # noqa: PLC0415

    renamed = {"kpi": "series_id", "municipality": "area_id", "gender": "sex"}
    level = pl.scan_parquet(values)
    served = level.select(pl.col("kpi").unique().sort()).collect()["kpi"].to_list()[:: int(times)]
    embedded = [kpi["series_id"] for kpi in _records(str(SNAPSHOT / "kolada_kpi.csv"))]
    listed = [kpi for kpi in _records(kpis) if kpi["id"] in {*served, *embedded}]
    rows = level.filter(pl.col("kpi").is_in([kpi["id"] for kpi in listed])).rename(renamed).collect()
    store = Store(values=by_kpi(rows), kpis=listed, areas=_records(areas))
    del rows
    with ReplicaServer(KoladaReplica(store), packed=False) as server:
        print(server.base_url, flush=True)
        while True:
            time.sleep(3600)


def _records(path: str) -> list[dict[str, Any]]:
    """The rows of a CSV as the interface gives them: booleans as such, empty cells as null."""
    known = {"True": True, "False": False}
    rows = pl.read_csv(path, infer_schema=False).to_dicts()
    return [{name: known.get(cell, cell) if cell else None for name, cell in row.items()} for row in rows]


if __name__ == "__main__":
    if sys.argv[1] == "replica":
        replica(*sys.argv[2:])
    measure_scope_all(Path(sys.argv[1]), *sys.argv[2:])
