"""Assembles the Dagster code location. Belongs here: putting together, nothing else."""

from __future__ import annotations

from datetime import datetime

import dagster as dg

from indicators.load.catalogue import Catalogue, load_catalogue
from pipelines.assets.automation import automation
from pipelines.assets.computed import computed_assets
from pipelines.assets.raw import raw_assets
from pipelines.assets.release import release_asset
from pipelines.assets.resources import WorkspaceFactory, workspace_resource
from pipelines.assets.staged import staged_assets
from pipelines.assets.vintages import vintages_assets
from pipelines.assets.warehouse import warehouse_assets
from pipelines.settings import Settings
from pipelines.steps.workspace import Workspace
from pipelines.warehouse.dbt_run import ensure_manifest


def build_definitions(
    settings: Settings | None = None, make: WorkspaceFactory | None = None, catalogue: Catalogue | None = None
) -> dg.Definitions:
    """The code location; tests and the command line give their own settings and workspace, and what they loaded."""
    chosen = settings or Settings()
    catalogue = catalogue or load_catalogue(chosen.declarations_dir)
    warehouse = warehouse_assets(ensure_manifest(chosen))
    computed = computed_assets(warehouse)
    release = release_asset(chosen, catalogue, warehouse, *computed)
    executor = dg.multiprocess_executor if chosen.executor == "multiprocess" else dg.in_process_executor
    refresh = dg.define_asset_job("refresh", selection=dg.AssetSelection.all(), executor_def=executor)
    rebuild = dg.define_asset_job(
        "rebuild",
        selection=dg.AssetSelection.assets(warehouse, *computed, release),
        executor_def=executor,
    )

    def workspace(kind: str, moment: datetime, only: frozenset[str]) -> Workspace:
        return Workspace(chosen, kind=kind, moment=moment, only=only)

    onward = [key for made in (warehouse, *computed, release) for key in made.keys]

    return dg.Definitions(
        assets=[*raw_assets(), *staged_assets(), *vintages_assets(), warehouse, *computed, release],
        jobs=[refresh, rebuild],
        resources={"workspace": workspace_resource(make or workspace)},
        executor=executor,
        **automation(chosen, refresh, onward),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` loads."""
    return build_definitions()
