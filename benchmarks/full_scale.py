"""Full Kolada and three times its rows: refreshes, the floor at that scale, queries.

Belongs here: what is measured at that scale. Does not belong here: its input (`scale.py`).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmarks.budgets import Results
from benchmarks.embedded import COMMAND, TABLES_ALONE, ratio, run, tell_memory
from benchmarks.floor import Floor
from benchmarks.measure import Measured
from benchmarks.queries import measure_queries
from benchmarks.scale import write_input
from pipelines.settings import Settings
from pipelines.warehouse.dbt_run import seconds_path

# What the project writes in chunks the floor writes at once, which takes more memory than the project may have.
FLOOR_MB = 6000


def measure_full_scale(values: Path, work: Path, results: Results) -> None:
    """Full Kolada to its floor, queries on it, and three times the rows.

    Raises:
        CommandFailedError: a command failed. FloorError: the floor did other work.
    """
    once = _refresh(values, work / "once", 1)
    settings = Settings(data_dir=work / "once" / "data", declarations_dir=work / "once" / "declarations")
    floor = Floor(settings, work / "floor", FLOOR_MB).measure()
    results.put("full", ratio(once, floor))
    shutil.rmtree(work / "floor")
    print("queries on the full release, milliseconds (median, worst, runs, rows)")
    for t in measure_queries((settings.releases_dir / "current").resolve(), work):
        print(f"  {t.query:40} {t.engine:22} {t.median_ms:10.1f} {t.worst_ms:10.1f} {t.runs:4} {t.rows:8}")
    shutil.rmtree(work / "once")
    thrice = _refresh(values, work / "thrice", 3)
    results.put("thrice", ratio(thrice, once))
    tell_memory(results, {"full Kolada": once, "three times full Kolada": thrice})


def _refresh(values: Path, home: Path, times: int) -> Measured:
    rows = write_input(values, home, times)
    command = [COMMAND, "refresh", "--data-dir", str(home / "data"), "--snapshot-dir", str(home / "snapshot")]
    env = {"NYCKELTAL_DECLARATIONS_DIR": str(home / "declarations"), **TABLES_ALONE}
    measured = run(f"full scale x {times}, {rows} rows", command, env)
    tell_steps(Settings(data_dir=home / "data"))
    return measured


def tell_steps(settings: Settings) -> None:
    """Print how long the steps of the last run took, and the slowest models of dbt."""
    steps = json.loads(settings.run_log.read_text(encoding="utf-8").splitlines()[-1])["steps"]
    took = json.loads(seconds_path(settings).read_text(encoding="utf-8"))
    slowest = sorted(took.items(), key=lambda node: -node[1])[:12]
    print("  steps: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps.items() if seconds >= 1))
    print("  slowest of dbt: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest))
