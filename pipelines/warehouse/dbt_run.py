"""Running dbt: its environment, its manifest, and what became of each model and test.

Belongs here: everything that knows of dbt's options, results and files. Does not belong here: what it reads
(`inputs.py`, `source_files.py`) or computes (`dbt_project`).

dbt runs in the process that needs it, by its own programmatic interface: Dagster's dbt assets have loaded most of it
already, and another process would load it all again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.builds import Builds
from pipelines.storage.database import connect, literal
from pipelines.storage.files import sha256_of, write_json
from pipelines.storage.vintages import CheckResult

# What dbt tells of each statement costs it as much as its small models do. What it tells of errors is kept below.
_QUIET = ("--log-level", "none", "--log-level-file", "none")
_TOLD = {"warn", "error"}


@dataclass(frozen=True)
class Node:
    """What became of a model or test: its name, dbt's status and message, how many rows failed, seconds.

    `rules` are those of `model_is_sound` that the build breaks, where a test found it so.
    """

    name: str
    is_test: bool
    status: str
    message: str
    failures: int
    seconds: float
    rules: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether nothing may be released because of it."""
        return self.status in {"error", "fail", "runtime error"}


class DbtError(NyckeltalError):
    """dbt ended with an error; `nodes` are the models and tests that failed, none when it came to no model."""

    nodes: tuple[Node, ...] = ()


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
    """Where dbt writes what it parsed and compiled."""
    return settings.cache_dir / "dbt"


def seconds_path(settings: Settings) -> Path:
    """What each model and test of the last build took: a name and its seconds, as JSON."""
    return target_dir(settings) / "seconds.json"


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
    succeeded, _, told = _dbt(settings, "parse")
    if not succeeded:
        raise NyckeltalError("the dbt project cannot be parsed", where=str(project), found=told[-2000:])
    stamp.write_text(digest, encoding="utf-8")
    return manifest


def build_models(settings: Settings) -> tuple[Node, ...]:
    """Let dbt make every model of the current build, and run its data tests; what became of each.

    Raises:
        DbtError: a model or a test failed. NyckeltalError: dbt ran no test: a release without them would be unjudged.
    """
    # The manifest stands already, and writing it and the results out takes dbt a second and a half.
    succeeded, result, told = _dbt(settings, "build", "--selector", "release", "--no-write-json")
    found = tuple(_node(settings, one) for one in getattr(result, "results", ()))
    write_json(seconds_path(settings), {node.name: node.seconds for node in found})
    if not succeeded:
        error = DbtError("dbt ended with an error", where=str(settings.dbt_project_dir), found=told[-2000:])
        error.nodes = tuple(node for node in found if node.has_failed)
        raise error
    if not any(node.is_test for node in found):
        raise NyckeltalError(
            "dbt ran no test",
            where=str(settings.dbt_project_dir),
            expected="a test of each model",
            found=f"{len(found)} models",
            remedy="see selectors.yml: its selector `release` must hold the tests of the models",
        )
    return found


def _dbt(settings: Settings, command: str, *options: str) -> tuple[bool, Any, str]:
    """Run a command of dbt in this process: whether it succeeded, its result, and its errors and warnings."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415 - a second, for those who run it
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    told: list[str] = []

    def keep(event: Any) -> None:
        if event.info.level in _TOLD:
            told.append(event.info.msg)

    arguments = [command, *options, *_QUIET, "--project-dir", str(settings.dbt_project_dir)]
    with _environment(dbt_environment(settings)):
        try:
            done = dbtRunner(callbacks=[keep]).invoke(arguments)
        finally:
            # Else it would hold the build, and its memory, to the end.
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if done.exception is not None:
        if not isinstance(done.exception, Exception):
            raise done.exception  # the run was interrupted
        told.append(str(done.exception))
    return done.success, done.result, "\n".join(told)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while: dbt reads its profile's from nowhere else."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _node(settings: Settings, result: Any) -> Node:
    is_test, status = result.node.resource_type == "test", str(result.status)
    return Node(
        name=result.node.unique_id.split(".")[2],
        is_test=is_test,
        status=status,
        message=str(result.message or ""),
        failures=int(result.failures or 0),
        seconds=float(result.execution_time),
        rules=_broken_rules(settings, result.node.compiled_code) if status == "fail" else "",
    )


def _broken_rules(settings: Settings, query: str) -> str:
    """The rules of `model_is_sound` that the build breaks: dbt itself counts them only. Empty for any other test."""
    build = Builds(settings.builds_dir).current
    with connect(settings, build.release_db, read_only=True) as con:
        con.execute(f"attach {literal(str(build.build_db))} as build (read_only)")
        found = con.sql(query)
        if found.columns != ["rule", "broken", "example"]:
            return ""
        return "; ".join(
            f"{rule}: broken by {broken}" + (f", such as {example}" if example else "")
            for rule, broken, example in found.fetchall()
        )


def checks_of(nodes: tuple[Node, ...]) -> tuple[CheckResult, ...]:
    """dbt's tests, and the models that it could not make, as check results."""
    return tuple(
        CheckResult(
            check_id=f"warehouse.{node.name}",
            level="block",
            subject="warehouse",
            passed=node.status in {"pass", "success"},
            expected="no failing rows" if node.is_test else "a build",
            found=node.rules or (f"{node.failures} rows" if node.failures else node.message or "as expected"),
        )
        for node in nodes
        if node.is_test or node.has_failed
    )
