"""The dbt project as assets. Belongs here: how models, sources and tests of dbt are named and reported to Dagster."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from pipelines.assets.checks import dbt_results
from pipelines.assets.outcomes import OWNERS, POOL, made, unchanged
from pipelines.steps.build import build, planned
from pipelines.steps.publish import standing_checks
from pipelines.steps.workspace import Workspace


class Translator(DagsterDbtTranslator):
    """Groups and owners: models form the warehouse, sources are the vintages or the declarations."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """By what the resource is."""
        if not _is_source(dbt_resource_props):
            return "warehouse"
        return str(dbt_resource_props["config"]["meta"]["dagster"]["group"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        """Sources have the owners of the assets that they are."""
        return None if _is_source(dbt_resource_props) else OWNERS


def _is_source(properties: Mapping[str, Any]) -> bool:
    return bool(properties["resource_type"] == "source")


def warehouse_assets(manifest: Path) -> dg.AssetsDefinition:
    """dbt's models, from staging to the public tables; they are made together, whichever of them is asked for."""

    @dbt_assets(
        manifest=json.loads(manifest.read_text(encoding="utf-8")),
        dagster_dbt_translator=Translator(),
        exclude="resource_type:unit_test",
        required_resource_keys={"workspace"},
        pool=POOL,
        name="warehouse",
    )
    def warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
        workspace: Workspace = context.resources.workspace
        with workspace.writing():
            plan = planned(workspace)
            record, is_new = build(workspace, plan) if plan else (None, False)
        for key in _in_order(context):
            if record and is_new:
                told = {"dagster/row_count": record.rows[key.path[-1]]} if key.path[-1] in record.rows else {}
                yield made(record.input_hash, told, key=key)
            else:
                version = record.input_hash if record else None
                yield unchanged(context, key, version, {"reason": "nothing new"})
        # Dagster warns of each check that is not told; where nothing is made, the standing release says what was found.
        checks = record.checks if record else standing_checks(workspace)
        yield from dbt_results(checks, context.selected_asset_check_keys)

    return warehouse


def _in_order(context: dg.AssetExecutionContext) -> list[dg.AssetKey]:
    """The selected models, each after those that it is made from: so Dagster wants them reported."""
    graph, chosen = context.assets_def.asset_deps, context.selected_asset_keys
    ordered: list[dg.AssetKey] = []

    def add(key: dg.AssetKey) -> None:
        if key in ordered or key not in graph:
            return
        for parent in sorted(graph[key], key=str):
            add(parent)
        ordered.append(key)

    for key in sorted(chosen, key=str):
        add(key)
    return [key for key in ordered if key in chosen]
