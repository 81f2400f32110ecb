"""Running dbt: its environment, its manifest, and what its results say.

Belongs here: everything that knows of dbt's command line and files. Does not belong here: what it reads
(`warehouse.py`) or computes (`dbt_project`).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.builds import Builds
from pipelines.storage.database import connect, literal
from pipelines.storage.files import read_json, sha256_of
from pipelines.storage.vintages import CheckResult


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The environment variables that profiles.yml reads, and the switches that keep dbt quiet.

    dbt is given the current build by the one name that all builds have in turn: with another name each time, it would
    parse the whole project anew.
    """
    build = Builds(settings.builds_dir).current
    return {
        "NYCKELTAL_RELEASE_DB": str(build.release_db),
        "NYCKELTAL_BUILD_DB": str(build.build_db),
        "NYCKELTAL_MEMORY_LIMIT": f"{settings.memory_limit_mb}MB",
        "NYCKELTAL_THREADS": str(settings.threads),
        "NYCKELTAL_SPILL_DIR": str(settings.cache_dir / "spill"),
        "DBT_PROFILES_DIR": str(settings.dbt_project_dir),
        "DBT_TARGET_PATH": str(target_dir(settings)),
        "DBT_LOG_PATH": str(target_dir(settings)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def target_dir(settings: Settings) -> Path:
    """Where dbt writes what it parsed, compiled and found."""
    return settings.cache_dir / "dbt"


def run_results(settings: Settings) -> Path:
    """What dbt says of its last run."""
    return target_dir(settings) / "run_results.json"


def ensure_manifest(settings: Settings) -> Path:
    """dbt's manifest, which tells Dagster the lineage; made anew when the dbt project has changed.

    Raises:
        NyckeltalError: the dbt project cannot be parsed.
    """
    target = target_dir(settings)
    manifest, stamp = target / "manifest.json", target / "manifest.sha256"
    project = settings.dbt_project_dir
    files = sorted(
        p for p in project.rglob("*") if p.suffix in {".sql", ".yml"} and "target" not in p.relative_to(project).parts
    )
    digest = hashlib.sha256("".join(sha256_of(p) for p in files).encode()).hexdigest()
    if manifest.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    # What dbt keeps of its last parsing is not brought up to date soundly: a new unit test may come out twice.
    (target / "partial_parse.msgpack").unlink(missing_ok=True)
    done = _dbt(settings, "parse", "--quiet")
    if done.returncode != 0:
        raise NyckeltalError("the dbt project cannot be parsed", where=str(project), found=done.stdout[-2000:])
    stamp.write_text(digest, encoding="utf-8")
    return manifest


def build_models(settings: Settings) -> None:
    """Let dbt make every model of the current build, and run its data tests.

    Raises:
        DbtError: a model or a test failed; `dbt_failures` says which.
    """
    # What dbt tells of itself (a line for each thing it looks up or runs) costs it as much as its small models do.
    done = _dbt(settings, "build", "--selector", "release", "--quiet", "--log-level-file", "info")
    if done.returncode != 0:
        told = f"{done.stdout[-1500:]} {done.stderr[-500:]}".strip()
        raise DbtError("dbt ended with an error", where=str(target_dir(settings) / "dbt.log"), found=told)


class DbtError(NyckeltalError):
    """dbt ended with an error; what was found is the end of what it printed."""


def _dbt(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt's command, of this environment whatever PATH says."""
    command = [sys.executable, "-m", "dbt.cli.main", *arguments, "--project-dir", str(settings.dbt_project_dir)]
    environment = {**os.environ, **dbt_environment(settings)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def dbt_failures(settings: Settings) -> dict[str, str]:
    """What failed in dbt's last build: the name of the model or test, and why; of a test, each rule that is broken."""
    written = run_results(settings)
    if not written.exists():
        return {}
    return {
        result["unique_id"].split(".")[2]: _broken_rules(settings, result) or str(result.get("message"))
        for result in read_json(written)["results"]
        if result["status"] in {"error", "fail", "runtime error"}
    }


def _broken_rules(settings: Settings, result: dict[str, Any]) -> str:
    """The rules of `model_is_sound` that the build breaks: dbt itself counts them only. Empty for any other failure."""
    if result["status"] != "fail":
        return ""
    build = Builds(settings.builds_dir).current
    with connect(settings, build.release_db, read_only=True) as con:
        con.execute(f"attach {literal(str(build.build_db))} as build (read_only)")
        found = con.sql(result["compiled_code"])
        if found.columns != ["rule", "broken", "example"]:
            return ""
        return "; ".join(
            f"{rule}: broken by {broken}" + (f", such as {example}" if example else "")
            for rule, broken, example in found.fetchall()
        )


def failed_checks(failures: dict[str, str]) -> tuple[CheckResult, ...]:
    """Models and tests that failed (name to message), as check results."""
    return tuple(
        CheckResult(
            check_id=f"warehouse.{name}",
            level="block",
            subject="warehouse",
            passed=False,
            expected="a build",
            found=why,
        )
        for name, why in failures.items()
    )


def dbt_checks(run_results: Path) -> list[CheckResult]:
    """dbt's data tests of the last build, as check results.

    Raises:
        NyckeltalError: dbt left no results of tests: a release without them would be unjudged.
    """
    found = []
    if not run_results.exists():
        raise NyckeltalError(
            "dbt left no results",
            where=str(run_results),
            remedy="materialise the warehouse again, or run `nyckeltal refresh`",
        )
    for result in read_json(run_results)["results"]:
        if result["unique_id"].startswith("test."):
            failures = result.get("failures")
            found.append(
                CheckResult(
                    check_id="warehouse." + result["unique_id"].split(".")[2],
                    level="block",
                    subject="warehouse",
                    passed=result["status"] in {"pass", "success"},
                    expected="no failing rows",
                    found=f"{failures} rows" if failures else str(result.get("message") or "as expected"),
                )
            )
    return found
