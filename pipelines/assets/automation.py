"""What starts runs, and what is written down when they end. Belongs here: schedules and sensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

import dagster as dg

from pipelines.assets.keys import raw_key, staged_key, vintages_key
from pipelines.assets.resources import ONLY
from pipelines.assets.run_log import BY_COMMAND, write_line
from pipelines.datasets import datasets
from pipelines.settings import Settings
from pipelines.storage.archive import Archive
from pipelines.storage.files import entries, sha256_of

NIGHTLY = "15 2 * * *"
TIME_ZONE = "Europe/Stockholm"


class Automation(TypedDict):
    """Keyword arguments of Dagster's definitions."""

    schedules: list[dg.ScheduleDefinition]
    sensors: list[dg.SensorDefinition]


def automation(settings: Settings, refresh: Any, onward: list[dg.AssetKey]) -> Automation:
    """The nightly schedule, the sensor of the inbox, and those that keep the log of runs.

    Args:
        refresh: the job of a whole refresh. onward: the assets from the warehouse to the release.
    """
    nightly = dg.ScheduleDefinition(
        name="nightly",
        job=refresh,
        cron_schedule=NIGHTLY,
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return Automation(schedules=[nightly], sensors=[_inbox(settings, refresh, onward), *_log(settings)])


def _inbox(settings: Settings, refresh: Any, onward: list[dg.AssetKey]) -> dg.SensorDefinition:
    """A file that a person puts into the inbox of a dataset starts a run of that dataset, up to the release."""

    @dg.sensor(
        name="inbox",
        job=refresh,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.source == "live" else dg.DefaultSensorStatus.STOPPED,
        description="A file in data/inbox/<dataset>/ starts its dataset.",
    )
    def inbox(_: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        archive, new = Archive(settings.archive_dir), False
        for dataset in datasets():
            files = [p for p in entries(settings.inbox_dir / dataset) if p.is_file() and p.name[0] not in ".~"]
            hashes = [sha256_of(path) for path in files]
            fetched = archive.latest(dataset)
            if not hashes or (fetched and set(hashes) <= {f.sha256 for f in fetched.files}):
                continue
            new = True
            yield dg.RunRequest(
                run_key=f"{dataset} {' '.join(hashes)}",
                asset_selection=[raw_key(dataset), staged_key(dataset), vintages_key(dataset), *onward],
                tags={ONLY: dataset},
            )
        if not new:
            yield dg.SkipReason("no file in the inbox that is not archived already")

    return inbox


def _log(settings: Settings) -> list[dg.SensorDefinition]:
    """A line in the log of runs for every run that ends, but for those of the command, which writes its own."""

    def written(context: dg.RunStatusSensorContext) -> None:
        if BY_COMMAND not in context.dagster_run.tags:
            write_line(settings, context.instance, context.dagster_run.run_id)

    ends = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    return [
        dg.run_status_sensor(
            run_status=status,
            name=f"log_{status.value.lower()}",
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Writes a line into the log of runs, logs/runs.jsonl.",
        )(written)
        for status in ends
    ]
