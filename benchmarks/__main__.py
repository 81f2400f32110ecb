"""`make bench [--quick]`: prints what was seen; docs/benchmarks.md keeps it.

Belongs here: the order of the measurements and their table. The full scale needs the whole Kolada level as Parquet
(columns kpi, municipality, year, gender, value), named by NYCKELTAL_BENCH_VALUES or found beside the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.live import AREAS, YEARS, measure_live
from benchmarks.load import load, publish, serving, tell
from benchmarks.measure import Measured, measure
from benchmarks.parts import TARGETS, measure_part
from benchmarks.queries import measure_queries
from benchmarks.scale import run_floor, write_input
from pipelines.settings import ROOT, Settings
from pipelines.warehouse.dbt_run import seconds_path

COMMAND = str(Path(sys.executable).with_name("nyckeltal"))
# Models that are statistics and nothing else; intervals and tests of significance are part of other models.
STATISTICS = {
    "structure_value", "similar_area", "equity", "plausibility", "composite", "composite_input", "coverage"
}  # fmt: skip
LIVE_KPIS = (40, 197, 324)  # 1.2, 6.1 and 10.0 million values
BESIDE = ROOT.parent / "shared" / "data" / "kolada" / "values_1994_2022.parquet"


def main() -> None:
    """Measure, in order: the snapshot, the query API on it, live sources, the full scale, its floor, queries."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="only the snapshot")
    parser.add_argument("--live", action="store_true", help="only the live sources")
    parser.add_argument("--floor", nargs=2, metavar=("SOURCE", "TARGET"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.floor:
        run_floor(Path(given.floor[0]), Path(given.floor[1]), threads=Settings().threads)
        return
    with tempfile.TemporaryDirectory(prefix="nyckeltal-bench-", dir=os.environ.get("NYCKELTAL_BENCH_DIR")) as folder:
        work = Path(folder)
        if not given.live:
            _snapshot(work)
            _load(work)
        _live(work)
        if given.live:
            return
        values = Path(os.environ.get("NYCKELTAL_BENCH_VALUES", BESIDE))
        if given.quick or not values.exists():
            print(f"full scale: left out ({'quick' if given.quick else f'{values.name} is not there'})")
            return
        _full_scale(values, work)


def _snapshot(work: Path) -> None:
    data = ["--data-dir", str(work / "data")]
    _tell("snapshot, first refresh (target 45 s, 1 500 MiB)", measure([COMMAND, "refresh", *data]))
    steps = json.loads(Settings(data_dir=work / "data").run_log.read_text(encoding="utf-8").splitlines()[0])["steps"]
    print(f"  of which all studies of effects {steps['studies']:.1f} s (target 90 s)")
    print(f"  of which the release, with all that it holds beside its tables, {steps['release']:.1f} s")
    _tell("snapshot, nothing new (target 5 s)", measure([COMMAND, "refresh", *data]))
    for part in TARGETS:
        for what, measured in measure_part(part, (work / "data" / "releases" / "current").resolve(), work):
            _tell(what, measured)
    imports = "import dagster, dagster_dbt, great_expectations, polars, duckdb"
    _tell("imports alone, one process", measure([sys.executable, "-c", imports]))


def _load(work: Path) -> None:
    print("query API, 50 clients for 60 s, a release published in the middle")
    with serving(work / "data") as (address, pid):
        tell(load(address, 50, 60, pid, lambda: publish(work / "data")))


def _live(work: Path) -> None:
    for kpis in LIVE_KPIS:
        seen = {}
        for what, measured in measure_live(work / f"live_{kpis}", kpis):
            _tell(what, measured)
            seen[what.split(":")[0] + what.rsplit(",", maxsplit=1)[-1]] = measured
        fetched, parsed, floor = seen.values()
        told = json.loads(fetched.output.splitlines()[-1])
        least = max(-(-kpis * AREAS * YEARS // 5000), -(-kpis // 25) * -(-AREAS // 25))
        print(f"  {told['requests']} requests, {told['pages']} pages of values; the limits allow {least}: "
              f"ratio {told['pages'] / least:.3f} (target 1.15)")  # fmt: skip
        print(
            f"  rate of archived pages to rows, to DuckDB's reader: {floor.seconds / parsed.seconds:.2f} (target 0.5)"
        )
        print(f"  rate of the replica's pages to rows: {floor.seconds / (fetched.seconds + parsed.seconds):.2f}")
        shutil.rmtree(work / f"live_{kpis}")


def _full_scale(values: Path, work: Path) -> None:
    once = _refresh(values, work / "once", times=1)
    floor = measure([sys.executable, "-m", "benchmarks", "--floor", str(work / "once"), str(work / "floor")])
    _tell("floor: DuckDB alone, same file to same tables, no memory limit", floor)
    print(f"  ratio to the floor: {once.seconds / floor.seconds:.2f} (target 3)")
    shutil.rmtree(work / "floor", ignore_errors=True)
    release = (work / "once" / "data" / "releases" / "current").resolve()
    print("queries on the full release, milliseconds (median, worst, runs, rows)")
    for t in measure_queries(release, work):
        print(f"  {t.query:40} {t.engine:22} {t.median_ms:10.1f} {t.worst_ms:10.1f} {t.runs:4} {t.rows:8}")
    shutil.rmtree(work / "once")
    thrice = _refresh(values, work / "thrice", times=3)
    print(f"  three times the rows: {thrice.seconds / once.seconds:.2f} times the time (target 3.3)")


def _refresh(values: Path, home: Path, times: int) -> Measured:
    rows = write_input(values, home, times)
    command = [COMMAND, "refresh", "--data-dir", str(home / "data"), "--snapshot-dir", str(home / "snapshot")]
    # The floor has tables only, and so has what is held against it.
    env = {"NYCKELTAL_DECLARATIONS_DIR": str(home / "declarations"), "NYCKELTAL_RELEASE_PARTS": "[]"}
    measured = measure(command, env=env)
    _tell(f"full scale x {times}, {rows} rows (target 2 000 MiB)", measured)
    _tell_statistics(home / "data", measured)
    return measured


def _tell_statistics(data: Path, measured: Measured) -> None:
    steps = json.loads((data / "logs" / "runs.jsonl").read_text(encoding="utf-8").splitlines()[-1])["steps"]
    took = json.loads(seconds_path(Settings(data_dir=data)).read_text(encoding="utf-8"))
    slowest = sorted(took.items(), key=lambda node: -node[1])[:12]
    of_statistics = steps["trend"] + sum(took[name] for name in STATISTICS)
    print("  steps: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps.items() if seconds >= 1))
    print("  slowest of dbt: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest))
    added = of_statistics / (measured.seconds - of_statistics)
    print(f"  statistics {of_statistics:.1f} s, {added:.0%} of the rest, which holds intervals and tests (target 60 %)")


def _tell(what: str, measured: Measured) -> None:
    print(f"{what}: {measured.seconds:.1f} s, peak {measured.peak_mb:.0f} MiB, exit {measured.code}", flush=True)
    if measured.code:
        print(measured.output[-3000:])
        sys.exit(1)


if __name__ == "__main__":
    main()
