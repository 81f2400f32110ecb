"""The event log of the command's runs is Dagster's own: its pages read it as they read their own runs."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from pipelines.assets.event_log import KeptOpenEventLog
from pipelines.commands.dagster_run import prepare_dagster_home
from pipelines.settings import Settings


@dg.asset(check_specs=[dg.AssetCheckSpec("whole", asset="figures")])
def figures() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
    return dg.MaterializeResult(
        metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=True, check_name="whole")]
    )


def run(home: Path, config: str) -> tuple[str, list[str]]:
    """One run of the asset: its id, and the kinds of events that any reader of Dagster's home finds of it."""
    with dg.DagsterInstance.from_config(str(home), config) as instance:
        assert isinstance(instance.event_log_storage, KeptOpenEventLog) == (config == "command.yaml")
        done = dg.materialize([figures], instance=instance)
        assert done.success
    with dg.DagsterInstance.from_config(str(home), "dagster.yaml") as reader:
        record = reader.get_run_record_by_id(done.run_id)
        assert record is not None
        assert record.dagster_run.is_success
        newest = reader.get_latest_materialization_event(dg.AssetKey("figures"))
        assert newest is not None
        assert newest.run_id == done.run_id
        found = [entry.dagster_event_type for entry in reader.all_logs(done.run_id) if entry.is_dagster_event]
        return done.run_id, [kind.value for kind in found if kind]


def test_runs_of_the_command_and_of_dagster_itself_leave_the_same_events_in_one_history(tmp_path: Path) -> None:
    home = prepare_dagster_home(Settings(data_dir=tmp_path))
    runs = [run(home, config) for config in ("dagster.yaml", "command.yaml", "dagster.yaml", "command.yaml")]

    kinds = [events for _, events in runs]
    assert kinds[0] == kinds[1] == kinds[2] == kinds[3]
    assert {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"} <= set(kinds[0])
    with dg.DagsterInstance.from_config(str(home), "dagster.yaml") as reader:
        assert {r.run_id for r in reader.get_runs()} == {run_id for run_id, _ in runs}
    assert not list(home.rglob("*-wal")), "files that were not closed"
