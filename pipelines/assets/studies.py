"""The asset of the effect studies. Belongs here: one shell."""

import dagster as dg

from pipelines.warehouse.effect_studies import write_reform

KEY = dg.AssetKey(["effects"])


def effects_asset(warehouse: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The declared studies, run on the release that is being made."""

    @dg.asset(
        key=KEY,
        deps=[warehouse],
        group_name="effects",
        description="The reform's registers, and estimates, series, donors and placebos of every declared study.",
        kinds={"python", "duckdb"},
        required_resource_keys={"run"},
    )
    def effects(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        run = context.resources.run
        if run.nothing_new:
            return dg.MaterializeResult(metadata={"computed": False})
        rows = run.compute("effects", write_reform)
        return dg.MaterializeResult(metadata={"computed": True, "dagster/row_count": sum(rows.values())})

    return effects
