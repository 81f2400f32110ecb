"""Assets that write what changed. Belongs here: one asset for each dataset, without logic of its own."""

from datetime import timedelta

import dagster as dg

from pipelines.assets.keys import staged_key, vintages_key
from pipelines.assets.outcomes import OWNERS, POOL, made, unchanged
from pipelines.datasets import datasets
from pipelines.steps.take_in import take_in
from pipelines.steps.workspace import Workspace


def vintages_asset(dataset: str) -> dg.AssetsDefinition:
    """What was known of one dataset, and when."""
    key = vintages_key(dataset)

    @dg.asset(
        key=key,
        deps=[staged_key(dataset)],
        group_name="vintages",
        description=f"{datasets()[dataset].title}: every change, with the time it became known.",
        kinds={"parquet", "duckdb"},
        owners=OWNERS,
        pool=POOL,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=datasets()[dataset].changes_within)),
        required_resource_keys={"workspace"},
    )
    def taken_in(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        workspace: Workspace = context.resources.workspace
        with workspace.writing():
            record = take_in(workspace, dataset)
            version = workspace.vintages.version(dataset)
        if record is None:
            return unchanged(context, key, version, {"reason": "nothing new"})
        told = {"dagster/row_count": record.rows, "delivery": record.number, **record.counts}
        return made(str(version), told)

    return taken_in


def vintages_assets() -> list[dg.AssetsDefinition]:
    """One for each dataset."""
    return [vintages_asset(dataset) for dataset in datasets()]
