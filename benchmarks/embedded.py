"""The embedded figures: first refreshes, the floor, nothing new, one changed value, a new year of one KPI; readers.

Belongs here: what is measured of them, in its order. Does not belong here: limits and verdicts (`budgets.py`).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.budgets import Results, Seen
from benchmarks.floor import Floor
from benchmarks.measure import Measured, State, bytes_below, files_below, measure, written
from benchmarks.queries import least_cpu_ms
from pipelines.settings import Settings
from pipelines.sources.snapshot import MANIFEST
from pipelines.sources.snapshot_writer import promise_of
from pipelines.storage import release_pointer

COMMAND = str(Path(sys.executable).with_name("nyckeltal"))
TABLES_ALONE = {"NYCKELTAL_RELEASE_PARTS": "[]"}
MB = 1_000_000
_VALUES = "kolada.values"
_SERIES, _AREA = "N20048", "1480"
_LOG = "logs/runs.jsonl"
_TIMES = 5


class CommandFailedError(Exception):
    """A measured command ended with an error, or did not do what it was measured for."""


def run(what: str, command: list[str], env: dict[str, str] | None = None) -> Measured:
    """Measure a command, and print what was seen at once.

    Raises:
        CommandFailedError: it ended with an error.
    """
    measured = measure(command, env)
    told = f"{measured.cpu_seconds:.2f} CPU s, {measured.seconds:.1f} s, peak {measured.peak_mb:.0f} MiB"
    print(f"{what}: {told}, exit {measured.code}", flush=True)
    if measured.code:
        raise CommandFailedError(f"{what} failed:\n{measured.output[-3000:]}")
    return measured


def ratio(measured: Measured, floor: Measured, fault: str = "") -> Seen:
    """CPU seconds to those of the floor."""
    value = measured.cpu_seconds / floor.cpu_seconds
    return Seen(value, f"{measured.cpu_seconds:.1f} CPU s", f"{floor.cpu_seconds:.1f} CPU s", fault)


def measure_embedded(work: Path, results: Results) -> Path:
    """Measure all that is about publishing; the data folder that it leaves has a release to read.

    Raises:
        CommandFailedError: a command failed. FloorError: the floor did other work.
    """
    data, original = work / "data", Settings().snapshot_dir
    tables = run("first refresh, tables", _refresh(work / "tables", original), TABLES_ALONE)
    shutil.rmtree(work / "tables")
    whole = run("first refresh, with package and pages", _refresh(data, original))
    results.put("release", Seen(bytes_below(_release(data)) / MB))
    floor = Floor(Settings(data_dir=data), work / "floor").measure()
    print(f"floor: {floor.cpu_seconds:.2f} CPU s, {floor.seconds:.1f} s, peak {floor.peak_mb:.0f} MiB", flush=True)
    shutil.rmtree(work / "floor")
    results.put("tables", ratio(tables, floor))
    results.put("whole", ratio(whole, floor))

    before = files_below(data)
    nothing = run("nothing new", _refresh(data, original))
    results.put("nothing", ratio(nothing, floor, _beside_the_log(before, files_below(data))))

    copy = work / "snapshot"
    shutil.copytree(original, copy)
    changed, bytes_written = _after(data, copy, change_a_value, "one changed value")
    results.put("changed", ratio(changed, floor))
    results.put("written", bytes_written)
    newer, _ = _after(data, copy, add_a_year, "a new year of one KPI")
    results.put("new_year", ratio(newer, floor))
    tell_memory(results, {"tables": tables, "whole": whole, "nothing": nothing, "changed": changed, "year": newer})
    return data


def tell_memory(results: Results, refreshes: dict[str, Measured]) -> None:
    """Keep the highest peak of memory, if it is higher than what was seen before."""
    most = max(refreshes, key=lambda name: refreshes[name].peak_mb)
    seen = Seen(refreshes[most].peak_mb * 1024 * 1024 / MB, f"most: {most}")
    if "memory" not in results.seen or results.seen["memory"].value < seen.value:
        results.put("memory", seen)


def _refresh(data: Path, snapshot: Path) -> list[str]:
    return [COMMAND, "refresh", "--data-dir", str(data), "--snapshot-dir", str(snapshot)]


def _release(data: Path) -> Path:
    return release_pointer.current_folder(Settings(data_dir=data).releases_dir)


def _beside_the_log(before: State, after: State) -> str:
    """What else a refresh that found nothing new has written; nothing, if it is as it should be."""
    others = sorted(set(written(before, after)) - {_LOG})
    return f"writes {', '.join(others[:3])}" + (f" and {len(others) - 3} more" if others[3:] else "") if others else ""


Change = Callable[[pl.DataFrame], pl.DataFrame]


def _after(data: Path, snapshot: Path, change: Change, what: str) -> tuple[Measured, Seen]:
    """A refresh after a change of the embedded figures: the command, and MB written. It must have been released."""
    change_values(snapshot, change)
    before, release = files_below(data), _release(data)
    measured = run(what, _refresh(data, snapshot))
    if _release(data) == release:
        raise CommandFailedError(f"{what}: nothing was released\n{measured.output[-3000:]}")
    files = written(before, files_below(data))
    largest = sorted(files, key=lambda path: -files[path])[:8]
    print("  written, MB: " + ", ".join(f"{path} {files[path] / MB:.1f}" for path in largest), flush=True)
    return measured, Seen(sum(files.values()) / MB, f"{len(files)} files")


def change_values(snapshot: Path, change: Change) -> None:
    """Change the values of a copy of the embedded figures, with the promise that belongs to them."""
    manifest = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))
    entry = manifest["datasets"][_VALUES]
    frame = change(pl.read_parquet(snapshot / entry["file"]))
    frame.write_parquet(snapshot / entry["file"], compression="zstd")
    entry["promise"] = promise_of(frame, _VALUES).model_dump(mode="json")
    (snapshot / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")


def change_a_value(frame: pl.DataFrame) -> pl.DataFrame:
    """One percent more in one area in the last year of one KPI."""
    cell = (pl.col("series_id") == _SERIES) & (pl.col("area_id") == _AREA) & (pl.col("sex") == "T")
    last = pl.col("year") == frame.filter(cell)["year"].max()
    return frame.with_columns(value=pl.when(cell & last).then(pl.col("value") * 1.01).otherwise("value"))


def add_a_year(frame: pl.DataFrame) -> pl.DataFrame:
    """The last year's values of one KPI once more, a year later, two percent higher."""
    series = frame.filter(pl.col("series_id") == _SERIES)
    last = series.filter(pl.col("year") == series["year"].max())
    later = last.with_columns(year=(pl.col("year") + 1).cast(frame.schema["year"]), value=pl.col("value") * 1.02)
    return pl.concat([frame, later]).sort("series_id", "area_id", "year", "sex")


def measure_readers(data: Path, results: Results) -> None:
    """Commands that read, and queries on the release.

    Raises:
        CommandFailedError: a command failed.
    """
    commands = {"sql": ["sql", "select 1"], "status": ["status"], "help": ["--help"]}
    for key, arguments in commands.items():
        place = [] if key == "help" else ["--data-dir", str(data)]
        runs = [run(key, [COMMAND, *arguments, *place]) for _ in range(_TIMES)]
        results.put(key, Seen(min(one.cpu_seconds for one in runs)))
    for key, (milliseconds, rows) in least_cpu_ms(_release(data)).items():
        results.put(key, Seen(milliseconds, f"{rows} rows"))


def measure_environment(work: Path, results: Results) -> None:
    """The whole environment from the lock by uv, if uv is here.

    Raises:
        CommandFailedError: it could not be installed.
    """
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        results.leave_out(["environment"], "uv is not in this environment")
        return
    env, target = {"UV_CACHE_DIR": str(work / "uv_cache")}, work / "environment"
    lock = str(Path(__file__).parent.parent / "requirements.lock")
    made = run("uv venv", [str(uv), "venv", "--python", sys.executable, str(target)], env)
    install = [str(uv), "pip", "install", "--python", str(target / "bin" / "python"), "--require-hashes", "-r", lock]
    filled = run("uv pip install", install, env)
    told = f"{made.cpu_seconds + filled.cpu_seconds:.1f} CPU s"
    results.put("environment", Seen(made.seconds + filled.seconds, told))
    shutil.rmtree(target)
    shutil.rmtree(work / "uv_cache")
