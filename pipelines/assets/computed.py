"""The assets that Python computes from a finished warehouse: trends, places, indices, studies, registers.

Belongs here: one asset a table, of one step each.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets.outcomes import OWNERS, POOL, made, unchanged
from pipelines.steps.build import planned
from pipelines.steps.compute import COMPUTATIONS, Computation, compute
from pipelines.steps.workspace import Workspace

_READ = {
    "trend": ("observation", "area", "int_break__segmented"),
    "composites": ("composite", "composite_input", "observation", "indicator"),
    "places": ("observation", "comparison", "coverage", "structure_value", "similar_recipe", "int_break__segmented"),
    "studies": ("observation", "area", "area_membership", "indicator", "structure_value", "similar_recipe"),
    "registers": ("indicator",),
}


def computed_asset(computation: Computation, warehouse: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The tables of one step, each an asset of its own."""
    models = {key.path[-1]: key for key in warehouse.keys}
    deps = [models[name] for name in _READ[computation.step]]

    @dg.multi_asset(
        name=computation.step,
        specs=[
            dg.AssetSpec(
                dg.AssetKey([name]),
                deps=deps,
                description=table.about,
                group_name=computation.step,  # so the group that an error names is there to be chosen
                kinds={"python", "parquet"},
                owners=OWNERS,
                skippable=True,
            )
            for name, table in computation.tables.items()
        ],
        pool=POOL,
        can_subset=True,
        required_resource_keys={"workspace"},
    )
    def computed(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]  # Dagster reads the bare class
        workspace: Workspace = context.resources.workspace
        with workspace.writing():
            plan = planned(workspace)
            record, is_new = compute(workspace, plan, computation) if plan else (None, False)
        for name in computation.tables:
            key = dg.AssetKey([name])
            if key not in context.selected_asset_keys:
                continue
            if record and is_new:
                yield made(record.input_hash, {"dagster/row_count": record.rows[name]}, key=key)
            else:
                version = record.input_hash if record else None
                yield unchanged(context, key, version, {"reason": "nothing new"})

    return computed


def computed_assets(warehouse: dg.AssetsDefinition) -> list[dg.AssetsDefinition]:
    """One for each step."""
    return [computed_asset(one, warehouse) for one in COMPUTATIONS.values()]
