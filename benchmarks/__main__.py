"""`make bench`, or `python -m benchmarks [--quick | --live | --api DATA_DIR]`: measures, and prints the table.

Belongs here: which measurements are made, in which order. docs/benchmarks.md keeps what was seen. The full scale needs
the whole Kolada level as Parquet (columns kpi, municipality, year, gender, value), named by NYCKELTAL_BENCH_VALUES or
found beside the repository. A budget that does not hold is a result; a command that fails is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.budgets import Results, Seen
from benchmarks.embedded import CommandFailedError, measure_embedded, measure_environment, measure_readers
from benchmarks.floor import FloorError
from benchmarks.full_scale import measure_full_scale
from benchmarks.live import AREAS, YEARS, measure_live
from benchmarks.load import cpu_ms_a_request, load, publish, serving, tell
from benchmarks.measure import Measured
from pipelines.settings import ROOT

LIVE_KPIS = (40, 197, 324)  # 1.2, 6.1 and 10.0 million values
BESIDE = ROOT.parent / "shared" / "data" / "kolada" / "values_1994_2022.parquet"
FULL = ("full", "thrice")
API_REQUESTS = 1000


def main() -> int:
    """Measure and print; 1 when a measured command failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="without full scale, live sources and the API")
    parser.add_argument("--live", action="store_true", help="only the live sources")
    parser.add_argument("--api", type=Path, metavar="DATA_DIR", help="only the API, on the release of a data folder")
    given = parser.parse_args()
    results = Results()
    with tempfile.TemporaryDirectory(prefix="nyckeltal-bench-", dir=os.environ.get("NYCKELTAL_BENCH_DIR")) as folder:
        try:
            if given.live:
                _live(Path(folder))
                return 0
            if given.api:
                compile_imported()
                _api(given.api, results)
            else:
                _everything(Path(folder), results, is_quick=given.quick)
        except (CommandFailedError, FloorError) as error:
            print(error, file=sys.stderr)
            print(results.table())
            return 1
    print(results.table())
    print(results.notes())
    return 0


def _everything(work: Path, results: Results, *, is_quick: bool) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    values = Path(os.environ.get("NYCKELTAL_BENCH_VALUES", BESIDE))
    compile_imported()
    measure_environment(work, results)
    data = measure_embedded(work, results)
    measure_readers(data, results)
    if is_quick:
        results.leave_out((*FULL, "api"), "--quick")
    else:
        _api(data, results)
        print("query API, 50 clients for 60 s, a release published in the middle")
        with serving(data) as (address, pid):
            tell(load(address, 50, 60, pid, lambda: publish(data)))
        _live(work)
        shutil.rmtree(data)
        if values.exists():
            measure_full_scale(values, work, results)
        else:
            results.leave_out(FULL, f"{values.name} is not there")
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def compile_imported() -> None:
    """Compile every module that a measured command may import, as pip does and uv does not: else each command would."""
    places = [sysconfig.get_paths()["purelib"], str(ROOT / "pipelines"), str(ROOT / "indicators")]
    # Some packages carry templates of Python that cannot be compiled, and nobody imports them.
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j", "2", *places], check=False)


def _api(data: Path, results: Results) -> None:
    with serving(data) as (address, pid):
        milliseconds, seen = cpu_ms_a_request(address, pid, API_REQUESTS)
    tell(seen)
    if seen.failures:
        raise CommandFailedError(f"the API failed: {seen.failures[0]}")
    results.put("api", Seen(milliseconds, f"{seen.requests} requests"))


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


def _tell(what: str, measured: Measured) -> None:
    print(f"{what}: {measured.seconds:.1f} s, peak {measured.peak_mb:.0f} MiB, exit {measured.code}", flush=True)
    if measured.code:
        raise CommandFailedError(measured.output[-3000:])


if __name__ == "__main__":
    sys.exit(main())
