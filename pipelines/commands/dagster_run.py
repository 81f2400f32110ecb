"""Runs a Dagster job in this process, for the command line and for the tests.

Belongs here: choosing the job, Dagster's home without telemetry, and turning its failures back into ours. Does not
belong here: what the job does (`definitions.py`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import yaml

from pipelines.assets.run import Run
from pipelines.errors import DISK_ERRORS, ExitCode, NyckeltalError, disk_error, disk_error_in
from pipelines.faults import chain_of
from pipelines.release import publication, refused_deliveries
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.lock import exclusive
from pipelines.storage.vintages import ImpossibleReleaseError, Vintages
from pipelines.warehouse.dbt_run import ensure_manifest

_DAGSTER_YAML: dict[str, Any] = {"telemetry": {"enabled": False}}
# For runs by the command: their output goes to build/run.log, so no process a step is started to catch it.
_NO_LOGS = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
_EVENT_LOG = {"module": "pipelines.assets.event_log", "class": "KeptOpenEventLog"}


def refresh(run: Run) -> ExitCode:
    """The whole way, from fetch to release; at once when nothing is new.

    Raises:
        NyckeltalError: nothing could be released; the last release stands.
    """
    with exclusive(run.settings.data_dir):
        if run.is_unchanged():
            run.nothing_new = True
            run.close()  # it was never opened: opening clears what the last run left, and this one writes its line only
            return ExitCode.DONE
        if run.settings.source == "live" and _found_nothing(run):
            return ExitCode.NOTHING_RELEASED if run.held else ExitCode.DONE
        try:
            return execute(run, "refresh")
        except ImpossibleReleaseError as error:
            return _without_the_cause(run, error)


def _without_the_cause(run: Run, error: ImpossibleReleaseError) -> ExitCode:
    """Release what is known without the delivery that made the release impossible.

    Each dataset in doubt is left out by itself, the likeliest first, then all of them. What turns out not to be the
    cause is known again.

    Raises:
        ImpossibleReleaseError: no delivery is the cause, or nothing was released before.
    """
    vintages, doubted = Vintages(run.settings), run.doubted
    standing = release_pointer.current(run.settings.releases_dir)
    if not doubted or standing is None:
        raise error
    found, reasons = dict(run.held), {dataset: run.held[dataset] for dataset in doubted}
    singly = [[dataset] for dataset in refused_deliveries.in_order(doubted, error)]
    for out in singly if len(doubted) == 1 else [*singly, list(doubted)]:
        for dataset, records in doubted.items():
            for record in records:
                vintages.take_back_refusal(record)
            if dataset in out:
                refused_deliveries.take_out(run.settings, records, error.checks, run.started)
        run.held = {d: e for d, e in found.items() if d not in doubted} | {d: reasons[d] for d in out}
        again = Run(run.settings, kind="rebuild", on_step=run.on_step, held=run.held)
        planned = publication.plan(run.settings)
        if planned is not None and planned.is_new:
            try:
                execute(again, "rebuild")
            except ImpossibleReleaseError:
                continue
        for dataset in out if len(out) == 1 else []:
            refused_deliveries.prove(run.settings, doubted[dataset], error.checks, run.started)
        run.taken_in = {d: r for d, r in run.taken_in.items() if d not in out}
        run.error, run.release = None, again.release
        return ExitCode.HELD_BACK if run.release else ExitCode.NOTHING_RELEASED
    for records in doubted.values():
        for record in records:
            vintages.take_back_refusal(record)
    run.held = {d: e for d, e in found.items() if d not in doubted}
    raise error


def _found_nothing(run: Run) -> bool:
    """Ask the publishers before anything heavy is loaded; closes the run when there is nothing more to do."""
    try:
        run.open()
        run.nothing_new = run.looks_unchanged()
    except BaseException as error:
        run.error = run.error or error
        run.close()
        raise
    if run.nothing_new:
        run.close()
    return run.nothing_new


def rebuild(run: Run) -> ExitCode:
    """From archive and vintages to a release, without fetching.

    Raises:
        NyckeltalError: nothing could be released; the last release stands.
    """
    run.kind = "rebuild"
    return execute(run, "rebuild")


def execute(run: Run, job: str) -> ExitCode:
    """Run one job in this process; what stops it from the beginning is told before anything heavy is loaded."""
    with exclusive(run.settings.data_dir):
        try:
            run.open()
        except BaseException:
            run.close()
            raise
        home = prepare_dagster_home(run.settings)
        if job == "refresh":
            from pipelines.quality.gate import warm_up  # noqa: PLC0415

            run.worker.warm_up(warm_up)
        import dagster as dg  # noqa: PLC0415 - costs a second, which a run with nothing new does not need

        from pipelines.definitions import build_definitions  # noqa: PLC0415

        log = run.settings.build_dir / "run.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with log.open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
            definitions = build_definitions(run.settings, make_run=lambda: run)
            with dg.DagsterInstance.from_config(str(home), "command.yaml") as instance:
                try:
                    definitions.resolve_job_def(job).execute_in_process(instance=instance, run_config=quiet)
                except Exception as error:
                    traceback.print_exc(file=out)
                    raise _ours(error, run.settings.data_dir, log) from error
    if run.held:
        return ExitCode.HELD_BACK if run.release else ExitCode.NOTHING_RELEASED
    return ExitCode.DONE


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
    of_command = {**_DAGSTER_YAML, "compute_logs": _NO_LOGS, "event_log_storage": events}
    for name, keys in {"dagster.yaml": _DAGSTER_YAML, "command.yaml": of_command}.items():
        config, text = home / name, yaml.safe_dump(keys, allow_unicode=True, sort_keys=False)
        if not config.exists() or config.read_text(encoding="utf-8") != text:
            config.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return home


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
