"""What became of a run, read from Dagster's own record of it.

Belongs here: reading the record. Does not belong here: what the log keeps of it (`steps/report.py`). What failed is
read from the run's events, so that a failure never reads as "nothing new".
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.assets.release import KEY as RELEASE
from pipelines.settings import Settings
from pipelines.steps.report import RunReport
from pipelines.steps.workspace import Workspace
from pipelines.storage.vintages import DeliveryRecord

BY_COMMAND = "nyckeltal/by_command"  # a tag of runs whose line the command writes
_CLASS = re.compile(r"^[\w.]+: ")  # the class of an error, before its text


def report_of(workspace: Workspace, instance: dg.DagsterInstance, run_id: str) -> RunReport:
    """What became of a run of Dagster's that has ended."""
    report = RunReport(workspace)
    for stored in instance.all_logs(run_id):
        event = stored.dagster_event
        if event is None:
            continue
        if event.is_step_success:
            report.seconds[str(event.step_key)] = event.step_success_data.duration_ms / 1000
        elif event.is_step_failure or event.is_run_failure:
            report.error = report.error or _cause(event)
        elif event.is_step_materialization and event.asset_key:
            if event.asset_key == RELEASE:
                told = event.step_materialization_data.materialization.metadata
                report.release_id = str(told["release_id"].value)
            elif event.asset_key.path[0] == "vintages":
                dataset = event.asset_key.path[1].replace("__", ".", 1)
                if records := workspace.vintages.deliveries(dataset):
                    report.taken_in[dataset] = with_those_of_its_fetch(records)
    run = instance.get_run_by_id(run_id)
    if run and run.status in {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}:
        report.error = report.error or f"the run ended as {run.status.value}"
    return report


def with_those_of_its_fetch(records: list[DeliveryRecord]) -> DeliveryRecord:
    """The newest delivery, with what those changed that were fetched at the same moment and taken in before it."""
    newest, counts = records[-1], Counter[str]()
    for record in records:
        if record.files[-1].fetched_at == newest.files[-1].fetched_at:
            counts.update(record.counts)
    return newest.model_copy(update={"counts": dict(counts)})


def write_line(settings: Settings, instance: dg.DagsterInstance, run_id: str) -> None:
    """Write the line of a run that has ended and that the command did not start."""
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        raise KeyError(run_id)
    began = record.start_time or record.create_timestamp.timestamp()
    kind = "rebuild" if record.dagster_run.job_name == "rebuild" else "refresh"
    moment = datetime.fromtimestamp(began, UTC).replace(tzinfo=None)
    report_of(Workspace(settings, kind=kind, moment=moment), instance, run_id).write()


def _cause(event: dg.DagsterEvent) -> str | None:
    data: Any = event.event_specific_data
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return _CLASS.sub("", str(error.message)).strip() if error is not None else None
