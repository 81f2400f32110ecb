"""Assets that write what changed. Belongs here: one shell a dataset."""

import dagster as dg

from pipelines.assets.keys import staged_key, vintages_key
from pipelines.datasets import datasets


def vintages_asset(dataset: str) -> dg.AssetsDefinition:
    """What was known of one dataset, and when."""

    @dg.asset(
        key=vintages_key(dataset),
        deps=[staged_key(dataset)],
        group_name="vintages",
        description=f"{datasets()[dataset].title}: every change, with the time it became known.",
        kinds={"parquet", "duckdb"},
        required_resource_keys={"run"},
    )
    def absorbed(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        record = context.resources.run.absorb(dataset)
        if record is None:
            return dg.MaterializeResult(metadata={"taken_in": False})
        return dg.MaterializeResult(metadata={"taken_in": True, "dagster/row_count": record.rows, **record.counts})

    return absorbed


def vintages_assets() -> list[dg.AssetsDefinition]:
    """One for each dataset."""
    return [vintages_asset(dataset) for dataset in datasets()]
