"""Each step alone, in processes of their own, after a failure, by Dagster's own executors: the same release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.commands.dagster_run import prepare_dagster_home
from pipelines.datasets import datasets
from pipelines.definitions import build_definitions
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.steps import compute
from pipelines.steps.build import planned
from pipelines.steps.compute import COMPUTATIONS
from pipelines.steps.publish import publish
from pipelines.steps.stage import stage
from pipelines.steps.take_in import take_in
from pipelines.steps.workspace import Workspace
from pipelines.storage import release_pointer
from pipelines.storage.builds import Build
from pipelines.storage.release_pointer import DATABASE
from pipelines.warehouse import effect_studies
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, SmallSnapshot

CHANGED = ("U23471", GOTEBORG, 2022, 1.0)
VALUES = ["raw/kolada__values", "staged/kolada__values", "vintages/kolada__values"]
ONWARD = ["main/observation", "trend", "place", "composite_reliability", "effect_estimate", "reform_event", "release"]
OF_THE_RUN = {"release", "quality_result"}  # they tell of the run itself
WHEN_IT_RAN = {"source_file": "exclude (fetched_at)"}


def tables_of(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Every public table of the current release that tells nothing of the run, with a hash of its rows."""
    database = release_pointer.current_folder(place.settings.releases_dir) / DATABASE
    with duckdb.connect(str(database), read_only=True) as con:
        names = [str(n) for (n,) in con.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        return {
            name: con.execute(
                f"select count(*), bit_xor(hash(t)) from (select * {WHEN_IT_RAN.get(name, '')} from {name}) as t"
            ).fetchall()
            for name in names
            if name not in OF_THE_RUN
        }


@pytest.fixture(scope="module")
def changed(base: Place, base_snapshot: SmallSnapshot, tmp_path_factory: pytest.TempPathFactory) -> SmallSnapshot:
    """The small snapshot with one other value."""
    snapshot = base_snapshot.copy(tmp_path_factory.mktemp("changed") / "snapshot")
    snapshot.set_value(*CHANGED)
    return snapshot


@pytest.fixture(scope="module")
def expected(
    base: Place, changed: SmallSnapshot, run_cli: Preloaded, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[Any, ...]]]:
    """The tables of the release that the command makes of the changed value."""
    place = base.copy(tmp_path_factory.mktemp("expected") / "data")
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", changed.folder)
    assert done.code == 0, done.text
    return tables_of(place)


@pytest.fixture
def environment(place: Place, changed: SmallSnapshot) -> dict[str, str]:
    """The environment of a process of Dagster's own on the data folder of a test."""
    home = prepare_dagster_home(place.settings)
    return {
        "DAGSTER_HOME": str(home),
        "NYCKELTAL_DATA_DIR": str(place.data_dir),
        "NYCKELTAL_SNAPSHOT_DIR": str(changed.folder),
        "NYCKELTAL_LOCK_WAIT_SECONDS": "60",
    }


def materialize(
    run_cli: Preloaded, key: str, environment: dict[str, str], *, onward: bool = False, fails: bool = False
) -> str:
    """Materialise an asset by Dagster's own command in a process of its own, and with `onward` all that follows it.

    Returns:
        What the command printed.
    """
    select = f'key:"{key}"' + "+" * onward
    argv = ["asset", "materialize", "--select", select, "-m", "pipelines.definitions"]
    done = run_cli(*argv, program="dagster", env=environment)
    assert (done.code != 0) == fails, done.out[-3000:] + done.err[-3000:]
    return done.out + done.err


@pytest.mark.slow
def test_each_step_alone_in_a_process_of_its_own_makes_the_same_release(
    run_cli: Preloaded, place: Place, environment: dict[str, str], expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    before = place.current()
    for step in VALUES:
        materialize(run_cli, step, environment)
    assert place.current() == before
    told = materialize(run_cli, "release", environment, fails=True)
    assert "the step warehouse has not been done for what is known now" in told
    for step in ONWARD:
        materialize(run_cli, step, environment)

    assert place.current() != before
    assert tables_of(place) == expected


@pytest.mark.slow
def test_by_the_multiprocess_executor_it_is_the_same_release(
    run_cli: Preloaded, place: Place, environment: dict[str, str], expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    told = materialize(run_cli, VALUES[0], environment | {"NYCKELTAL_EXECUTOR": "multiprocess"}, onward=True)
    assert "Launching subprocess" in told
    assert tables_of(place) == expected


def fails_once(settings: Settings, build: Build, folder: Path) -> dict[str, int]:
    """The studies, which cannot do their work at the first try."""
    tried = settings.data_dir / "tried"
    if not tried.exists():
        tried.touch()
        raise NyckeltalError("the step was made to fail")
    return effect_studies.write_studies(settings, build, folder)


def job_of(data_dir: str, snapshot_dir: str) -> dg.JobDefinition:
    """The job of a whole refresh, for Dagster to load again by its arguments."""
    settings = Settings(data_dir=Path(data_dir), snapshot_dir=Path(snapshot_dir))
    return build_definitions(settings).resolve_job_def("refresh")


@pytest.mark.slow
def test_a_run_goes_on_from_where_it_failed_and_the_log_tells_both(
    place: Place,
    changed: SmallSnapshot,
    expected: dict[str, list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = prepare_dagster_home(place.settings)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    before, studies = place.current(), COMPUTATIONS["studies"]
    job = dg.build_reconstructable_job(
        "tests.integration.test_steps_alone", "job_of", (str(place.data_dir), str(changed.folder))
    )
    with dg.DagsterInstance.from_config(str(home), "command.yaml") as instance:
        monkeypatch.setitem(COMPUTATIONS, "studies", compute.Computation("studies", studies.tables, fails_once))
        failed = dg.execute_job(job, instance, raise_on_error=False)
        assert not failed.success
        made = (place.settings.builds_dir / "current" / "warehouse.json").stat().st_mtime_ns
        assert place.current() == before

        options = dg.ReexecutionOptions.from_failure(failed.run_id, instance)
        again = dg.execute_job(job, instance, reexecution_options=options)
        assert again.success
    assert (place.settings.builds_dir / "current" / "warehouse.json").stat().st_mtime_ns == made, "dbt ran again"
    assert tables_of(place) == expected


def test_a_step_without_its_input_fails_and_names_the_step_to_run(place: Place, changed: SmallSnapshot) -> None:
    settings = Settings(data_dir=place.data_dir, snapshot_dir=changed.folder)
    workspace = Workspace(settings)
    empty = Workspace(Settings(data_dir=place.data_dir / "empty", snapshot_dir=changed.folder))
    with pytest.raises(NyckeltalError, match="materialise raw/kolada__values first"):
        stage(empty, "kolada.values")
    from pipelines.steps.fetch import fetch  # noqa: PLC0415

    assert fetch(workspace, "kolada.values").is_new
    with pytest.raises(NyckeltalError, match="materialise staged/kolada__values first"):
        take_in(workspace, "kolada.values")
    workspace.close()


@pytest.fixture
def built(place: Place, changed: SmallSnapshot, run_cli: Preloaded) -> Iterator[Workspace]:
    """A workspace in which the next release is to be made, and nothing of it is made yet."""
    settings = Settings(data_dir=place.data_dir, snapshot_dir=changed.folder)
    shutil.rmtree(settings.builds_dir)
    workspace = Workspace(settings, kind="rebuild")
    yield workspace
    workspace.close()


def test_neither_studies_nor_a_release_are_made_of_a_warehouse_that_is_not_there(built: Workspace) -> None:
    plan = planned(built)
    assert plan
    with pytest.raises(NyckeltalError, match="materialise group:warehouse first"):
        compute.compute(built, plan, COMPUTATIONS["trend"])
    with pytest.raises(NyckeltalError, match="materialise group:warehouse first"):
        publish(built, plan)


def test_what_an_error_tells_to_materialise_is_there_to_be_chosen(parsed_project: Settings) -> None:
    definitions = build_definitions(parsed_project)
    graph = definitions.resolve_asset_graph()
    named = [f"group:{step}" for step in ("warehouse", *COMPUTATIONS)]
    named += [f"key:{kind}/{d.replace('.', '__')}" for kind in ("raw", "staged", "vintages") for d in datasets()]
    for selection in named:
        assert dg.AssetSelection.from_string(selection).resolve(graph), f"Dagster takes {selection} for nothing"


def test_nothing_new_is_an_observation_and_no_materialisation(place: Place, base_snapshot: SmallSnapshot) -> None:
    settings = Settings(data_dir=place.data_dir, snapshot_dir=base_snapshot.folder)
    definitions = build_definitions(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_job_def("refresh").execute_in_process(instance=instance)
        events = [e.dagster_event for e in instance.all_logs(done.run_id) if e.dagster_event]
    assert done.success
    assert not [e for e in events if e.is_step_materialization]
    observed = {e.asset_key.to_user_string() for e in events if e.is_asset_observation and e.asset_key}
    assert {*VALUES, "main/comparison", "trend", "study", "reform_event", "release"} <= observed
    assert json.dumps(sorted(observed)).count("raw/") >= 6
