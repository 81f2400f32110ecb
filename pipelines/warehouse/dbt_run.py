"""Running dbt: its environment, its manifest, and what its results say.

Belongs here: everything that knows of dbt's command line and files. Does not belong here: what it reads
(`warehouse.py`) or computes (`dbt_project`).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.files import read_json, sha256_of
from pipelines.storage.vintages import CheckResult


@dataclass(frozen=True)
class Build:
    """Where one build works: the private file, and the release's database under way."""

    build_db: Path
    release_db: Path


def dbt_environment(settings: Settings, build: Build) -> dict[str, str]:
    """The environment variables that profiles.yml reads, and the switches that keep dbt quiet."""
    return {
        "NYCKELTAL_RELEASE_DB": str(build.release_db),
        "NYCKELTAL_BUILD_DB": str(build.build_db),
        "NYCKELTAL_MEMORY_LIMIT": f"{settings.memory_limit_mb}MB",
        "NYCKELTAL_THREADS": str(settings.threads),
        "NYCKELTAL_SPILL_DIR": str(settings.build_dir / "spill"),
        "DBT_PROFILES_DIR": str(settings.dbt_project_dir),
        "DBT_TARGET_PATH": str(settings.build_dir / "dbt"),
        "DBT_LOG_PATH": str(settings.build_dir / "dbt"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def ensure_manifest(settings: Settings) -> Path:
    """dbt's manifest, which tells Dagster the lineage; made anew when the dbt project has changed.

    Raises:
        NyckeltalError: the dbt project cannot be parsed.
    """
    target = settings.build_dir / "dbt"
    manifest, stamp = target / "manifest.json", target / "manifest.sha256"
    files = sorted(
        p for p in settings.dbt_project_dir.rglob("*") if p.suffix in {".sql", ".yml"} and "target" not in p.parts
    )
    digest = hashlib.sha256("".join(sha256_of(p) for p in files).encode()).hexdigest()
    if manifest.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    # What dbt keeps of its last parsing is not brought up to date soundly: a new unit test may come out twice.
    (target / "partial_parse.msgpack").unlink(missing_ok=True)
    build = Build(settings.build_dir / "build.duckdb", settings.build_dir / "candidate" / "nyckeltal.duckdb")
    done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-m", "dbt.cli.main", "parse", "--quiet", "--project-dir", str(settings.dbt_project_dir)],
        env={**os.environ, **dbt_environment(settings, build)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NyckeltalError(
            "the dbt project cannot be parsed", where=str(settings.dbt_project_dir), found=done.stdout[-2000:]
        )
    stamp.write_text(digest, encoding="utf-8")
    return manifest


def dbt_failures(run_results: Path) -> dict[str, str]:
    """What failed in dbt's last build: name to message."""
    if not run_results.exists():
        return {}
    return {
        result["unique_id"].split(".")[2]: str(result.get("message"))
        for result in read_json(run_results)["results"]
        if result["status"] in {"error", "fail", "runtime error"}
    }


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
        raise NyckeltalError("dbt left no results", where=str(run_results), remedy="run the whole job again")
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
