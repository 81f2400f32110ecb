"""The floor: DuckDB alone computing the tables that a release of a data folder holds, from the same vintages.

Belongs here: what the floor is given, and that it did the same work. Does not belong here: the process that is measured
(`duckdb_alone.py`).

The arithmetic is not written a second time: dbt compiles the project's models on the standing build, and a process
that imports nothing but DuckDB runs the compiled SQL in the order of its references, into new databases: views as
views, tables as tables in the same order of rows, tables that dbt writes in chunks in one statement. It reads the same
vintages and declared rows, has as many threads, and writes the same Parquet. Rows and contents of each table must be
those of the release.

It leaves out: fetching, archive, judging, taking in vintages, seals, the declarations' way into the database, dbt
itself and its tests, comments on columns, what Python computes (trends, studies, registers), records, pages, package.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.duckdb_alone import BUILD, RELEASE, STATEMENTS
from benchmarks.measure import Measured, measure
from indicators.load.catalogue import load_catalogue
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.builds import Build, Builds
from pipelines.storage.database import connect, identifier
from pipelines.warehouse.dbt_run import dbt_environment
from pipelines.warehouse.inputs import write_inputs

_NOT_MADE = "ephemeral"  # such a model is a part of those that read it


class FloorError(Exception):
    """The floor could not be prepared, or did other work than the release."""


class Floor:
    """The floor of the current release of a data folder; prepared once, measured as often as wanted."""

    def __init__(self, settings: Settings, folder: Path, memory_limit_mb: int | None = None) -> None:
        """Prepare what the process is given; `memory_limit_mb` is the project's unless another is named."""
        self._settings, self._folder = settings, folder
        self._given, self._run = folder / "given", folder / "run"
        self._given.mkdir(parents=True)
        models = _compiled(settings, folder / "dbt")
        self.public = sorted(m["name"] for m in models if m["schema"] == "main" and _is_table(m))
        given = {
            "config": {
                "memory_limit": f"{memory_limit_mb or settings.memory_limit_mb}MB",
                "threads": settings.threads,
                "temp_directory": str(self._run / "spill"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
            "statements": _statements(models),
            "public": self.public,
        }
        (self._given / STATEMENTS).write_text(json.dumps(given), encoding="utf-8")
        self._write_inputs()

    def measure(self) -> Measured:
        """Run it in a new process, and check that it did the same work.

        Raises:
            FloorError: it failed, or a table of it differs from that of the release.
        """
        shutil.rmtree(self._run, ignore_errors=True)
        shutil.copytree(self._given, self._run)
        measured = measure([sys.executable, "-m", "benchmarks.duckdb_alone", str(self._run)])
        if measured.code:
            raise FloorError(measured.output[-3000:])
        release = release_pointer.current_folder(self._settings.releases_dir) / release_pointer.DATABASE
        differing = compare(self._run / RELEASE, release, self.public)
        if differing:
            raise FloorError(f"the floor computed something else than the release: {', '.join(differing)}")
        return measured

    def _write_inputs(self) -> None:
        """The vintages and the declared rows, as dbt gets them for the build that stands."""
        with connect(self._settings, Builds(self._settings.builds_dir).current.build_db, read_only=True) as con:
            ((before,),) = con.execute("select previous_knowledge_until from declared.run").fetchall()
        catalogue = load_catalogue(self._settings.declarations_dir)
        write_inputs(self._settings, catalogue, Build(self._given), before)
        assert (self._given / BUILD).exists()


def compare(floor: Path, release: Path, tables: list[str]) -> list[str]:
    """The tables whose number of rows or sum of contents differs between two databases."""
    found = []
    for path in (floor, release):
        with duckdb.connect(str(path), read_only=True) as con:
            found.append({t: _counted(con, t) for t in tables})
    return [table for table in tables if found[0][table] != found[1][table]]


def _counted(con: duckdb.DuckDBPyConnection, table: str) -> tuple[Any, ...]:
    """Rows, and a sum over all cells that does not depend on the order of the rows."""
    row = con.execute(f"select count(*), sum(hash(t)) from {identifier(table)} as t").fetchone()
    assert row is not None
    return row


def _compiled(settings: Settings, target: Path) -> list[dict[str, Any]]:
    """The project's models with their compiled SQL, each after those that it reads.

    Raises:
        FloorError: dbt cannot compile the project.
    """
    command = [str(Path(sys.executable).with_name("dbt")), "compile", "--project-dir", str(settings.dbt_project_dir)]
    places = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    done = measure(command, env={**dbt_environment(settings), **places})
    if done.code:
        raise FloorError(done.output[-3000:])
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    ordered: dict[str, dict[str, Any]] = {}

    def visit(key: str) -> None:
        if key in models and key not in ordered:
            for needed in sorted(models[key]["depends_on"]["nodes"]):
                visit(needed)
            ordered[key] = models[key]

    for key in sorted(models):
        visit(key)
    return [model for model in ordered.values() if model["config"]["materialized"] != _NOT_MADE]


def _is_table(model: dict[str, Any]) -> bool:
    return bool(model["config"]["materialized"] != "view")


def _statements(models: list[dict[str, Any]]) -> list[str]:
    schemas = sorted({m["schema"] for m in models if m["database"] == "build"})
    return [f"create schema build.{identifier(schema)}" for schema in schemas] + [
        f"create {'table' if _is_table(m) else 'view'} {m['relation_name']} as {m['compiled_code']}" for m in models
    ]
