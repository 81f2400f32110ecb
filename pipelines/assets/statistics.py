"""The asset of the statistics that SQL cannot say. Belongs here: one shell."""

import dagster as dg

from pipelines.warehouse.trends import write_statistics

KEY = dg.AssetKey(["trend"])


def statistics_asset(warehouse: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Trends, written beside dbt's tables in the release that is being made."""

    @dg.asset(
        key=KEY,
        deps=[warehouse],
        group_name="statistics",
        description="Trends of every series: Fingertips' rule where there are intervals, else Kendall's exact test.",
        kinds={"python", "duckdb"},
        required_resource_keys={"run"},
    )
    def trend(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        run = context.resources.run
        if run.nothing_new:
            return dg.MaterializeResult(metadata={"computed": False})
        rows = run.compute("statistics", write_statistics)
        return dg.MaterializeResult(metadata={"computed": True, "dagster/row_count": sum(rows.values())})

    return trend
