"""Assembles the Dagster code location. Belongs here: putting together, nothing else."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from indicators.load.catalogue import load_catalogue
from pipelines.assets.raw import raw_assets
from pipelines.assets.release import release_asset
from pipelines.assets.resources import run_resource
from pipelines.assets.run import Run
from pipelines.assets.staged import staged_assets
from pipelines.assets.statistics import statistics_asset
from pipelines.assets.studies import effects_asset
from pipelines.assets.vintages import vintages_assets
from pipelines.assets.warehouse import warehouse_assets
from pipelines.settings import Settings
from pipelines.warehouse.dbt_run import ensure_manifest

NIGHTLY = "15 2 * * *"
TIME_ZONE = "Europe/Stockholm"


def build_definitions(settings: Settings | None = None, make_run: Callable[[], Run] | None = None) -> dg.Definitions:
    """The code location; tests and the command line give their own settings and run."""
    chosen = settings or Settings()
    catalogue = load_catalogue(chosen.declarations_dir)
    warehouse = warehouse_assets(chosen, ensure_manifest(chosen))
    statistics = statistics_asset(warehouse)
    effects = effects_asset(warehouse)
    release = release_asset(chosen, catalogue, warehouse, statistics, effects)
    refresh = dg.define_asset_job("refresh", selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor)
    rebuild = dg.define_asset_job(
        "rebuild",
        selection=dg.AssetSelection.assets(warehouse, statistics, effects, release),
        executor_def=dg.in_process_executor,
    )
    nightly = dg.ScheduleDefinition(
        name="nightly",
        job=refresh,
        cron_schedule=NIGHTLY,
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(
        assets=[*raw_assets(), *staged_assets(), *vintages_assets(), warehouse, statistics, effects, release],
        jobs=[refresh, rebuild],
        schedules=[nightly],
        resources={"run": run_resource(make_run or (lambda: Run(chosen)))},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` loads."""
    return build_definitions()
