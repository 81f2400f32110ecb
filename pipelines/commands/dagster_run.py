"""Runs a Dagster job in this process, for the command line and for the tests.

Belongs here: choosing the job, Dagster's home without telemetry, and turning its failures back into ours. Does not
belong here: what the job does (`definitions.py`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import DISK_ERRORS, ExitCode, NyckeltalError, disk_error, disk_error_in
from pipelines.faults import chain_of
from pipelines.release import publication, refused_deliveries
from pipelines.settings import Settings
from pipelines.steps.report import RunReport
from pipelines.steps.unchanged import found_nothing, is_unchanged, note_unchanged
from pipelines.steps.workspace import Workspace
from pipelines.storage import release_pointer
from pipelines.storage.lock import exclusive
from pipelines.storage.vintages import ImpossibleReleaseError
from pipelines.warehouse.dbt_run import ensure_manifest

# A person's own `dagster.yaml` is never touched; this one is written where there is none.
_DAGSTER_YAML: dict[str, Any] = {
    "telemetry": {"enabled": False},
    "run_monitoring": {"enabled": True, "start_timeout_seconds": 300},
    "concurrency": {"runs": {"max_concurrent_runs": 1}, "pools": {"default_limit": 1, "granularity": "op"}},
}
_WRITTEN_BEFORE = {yaml.safe_dump({"telemetry": {"enabled": False}})}  # by earlier versions, so not by a person
# For runs by the command: their output goes to logs/run.log, so no process a step is started to catch it.
_NO_LOGS = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
_EVENT_LOG = {"module": "pipelines.assets.event_log", "class": "KeptOpenEventLog"}


def refresh(workspace: Workspace) -> RunReport:
    """The whole way, from fetch to release; at once when nothing is new. The run's line in the log is written.

    Raises:
        NyckeltalError: nothing could be released; the last release stands.
    """
    report = RunReport(workspace)
    with _logged(report), exclusive(workspace.settings.data_dir, workspace.settings.lock_wait_seconds):
        if is_unchanged(workspace):
            note_unchanged(workspace)
            return report
        if workspace.settings.source == "live" and _found_nothing(workspace):
            return report
        try:
            execute(report, "refresh")
        except ImpossibleReleaseError as error:
            _without_the_cause(report, error)
    return report


def rebuild(workspace: Workspace) -> RunReport:
    """From archive and vintages to a release, without fetching. The run's line in the log is written.

    Raises:
        NyckeltalError: nothing could be released; the last release stands.
    """
    workspace.kind = "rebuild"
    report = RunReport(workspace)
    with _logged(report), exclusive(workspace.settings.data_dir, workspace.settings.lock_wait_seconds):
        execute(report, "rebuild")
    return report


@contextlib.contextmanager
def _logged(report: RunReport) -> Iterator[None]:
    """Write the run's line, however it ends, and give back what it holds."""
    try:
        yield
    except BaseException as error:
        report.error = str(error) or type(error).__name__
        raise
    finally:
        try:
            report.write()
        finally:
            report.workspace.close()


def exit_code(report: RunReport) -> ExitCode:
    """What the command's exit code is after a run that ended without an error."""
    if report.held_back:
        return ExitCode.HELD_BACK if report.release_id else ExitCode.NOTHING_RELEASED
    return ExitCode.DONE


def _found_nothing(workspace: Workspace) -> bool:
    """Ask the publishers before anything heavy is loaded; whether there is nothing more to do."""
    with workspace.writing():
        return found_nothing(workspace)


def _without_the_cause(report: RunReport, error: ImpossibleReleaseError) -> None:
    """Release what is known without the delivery that made the release impossible.

    Each dataset in doubt is left out by itself, the likeliest first, then all of them. What turns out not to be the
    cause is known again.

    Raises:
        ImpossibleReleaseError: no delivery is the cause, or nothing was released before.
    """
    workspace, doubted = report.workspace, error.doubted
    settings, vintages = workspace.settings, workspace.vintages
    if not doubted or release_pointer.current(settings.releases_dir) is None:
        raise error
    singly = [[dataset] for dataset in refused_deliveries.in_order(doubted, error)]
    for out in singly if len(doubted) == 1 else [*singly, list(doubted)]:
        for dataset, records in doubted.items():
            for record in records:
                vintages.take_back_refusal(record)
            if dataset in out:
                refused_deliveries.take_out(settings, records, error.checks, workspace.moment)
        plan = publication.plan(settings)
        if plan is not None and plan.is_new:
            again = RunReport(Workspace(settings, kind="rebuild", on_step=workspace.on_step))
            try:
                execute(again, "rebuild")
            except ImpossibleReleaseError:
                continue
            finally:
                again.workspace.close()
            report.release_id = again.release_id
        for dataset in out if len(out) == 1 else []:
            refused_deliveries.prove(settings, doubted[dataset], error.checks, workspace.moment)
        report.taken_in = {d: r for d, r in report.taken_in.items() if d not in out}
        report.error = None
        return
    for records in doubted.values():
        for record in records:
            vintages.take_back_refusal(record)
    raise error


def execute(report: RunReport, job: str) -> None:
    """Run one job in this process; what stops it from the beginning is told before anything heavy is loaded.

    Raises:
        NyckeltalError: a step failed.
    """
    workspace = report.workspace
    settings = workspace.settings
    with workspace.writing():
        home = prepare_dagster_home(settings)
        if job == "refresh":
            from pipelines.quality.gate import warm_up  # noqa: PLC0415

            workspace.worker.warm_up(warm_up)
        import dagster as dg  # noqa: PLC0415 - costs a second, which a run with nothing new does not need

        from pipelines.assets.run_log import BY_COMMAND, report_of  # noqa: PLC0415
        from pipelines.definitions import build_definitions  # noqa: PLC0415

        log = settings.run_log.with_name("run.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with log.open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
            definitions = build_definitions(settings, lambda *_: workspace, workspace.catalogue)
            with dg.DagsterInstance.from_config(str(home), "command.yaml") as instance:
                run_id, failure = str(uuid.uuid4()), None
                try:
                    definitions.resolve_job_def(job).execute_in_process(
                        instance=instance, run_config=quiet, run_id=run_id, tags={BY_COMMAND: "true"}
                    )
                except Exception as error:  # noqa: BLE001 - raised below, once the record of the run is read
                    traceback.print_exc(file=out)
                    failure = error
                found = report_of(workspace, instance, run_id)
    report.seconds = {**workspace.seconds}
    report.release_id, report.taken_in = found.release_id, found.taken_in
    if failure is not None:
        raise _ours(failure, settings.data_dir, log) from failure


def serve_dagster(settings: Settings, port: int) -> None:
    """Replace this process by Dagster's development server, on 127.0.0.1 only."""
    home = prepare_dagster_home(settings)
    ensure_manifest(settings)
    os.environ["NYCKELTAL_DATA_DIR"] = str(settings.data_dir)
    os.chdir(home)
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.execv(  # noqa: S606 - our own environment's program, no shell
        dagster, [dagster, "dev", "--module-name", "pipelines.definitions", "--host", "127.0.0.1", "--port", str(port)]
    )


def prepare_dagster_home(settings: Settings) -> Path:
    """Dagster's own folder, with telemetry switched off before anything of it is loaded."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    events = {**_EVENT_LOG, "config": {"base_dir": str(home / "history" / "runs")}}  # where Dagster's pages look for it
    of_command = {"telemetry": {"enabled": False}, "compute_logs": _NO_LOGS, "event_log_storage": events}
    own, theirs = home / "command.yaml", home / "dagster.yaml"
    _write_if_other(own, yaml.safe_dump(of_command, allow_unicode=True, sort_keys=False))
    if not theirs.exists() or theirs.read_text(encoding="utf-8") in _WRITTEN_BEFORE:
        _write_if_other(theirs, yaml.safe_dump(_DAGSTER_YAML, allow_unicode=True, sort_keys=False))
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return home


def _write_if_other(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _ours(error: BaseException, data_dir: Path, log: Path) -> NyckeltalError:
    """What Dagster wrapped, in our words: a disk that is full or read-only first, whoever met it."""
    chain = chain_of(error)
    for one in chain:
        if isinstance(one, OSError) and one.errno in DISK_ERRORS:
            return disk_error(one, data_dir)
        if told := disk_error_in(str(one), data_dir):
            return told
    ours = [one for one in chain if isinstance(one, NyckeltalError)]
    if ours:
        return ours[0]
    found = f"{type(chain[-1]).__name__}: {chain[-1]}"[:500]
    return NyckeltalError(
        "the run failed; nothing was published and the last release stands",
        where=str(log),
        found=found,
        remedy="the whole story is in that file; mend the cause, or report it as a bug, and run again",
    )
