"""Assets that fetch into the archive. Belongs here: one shell a dataset."""

import dagster as dg

from pipelines.assets.keys import raw_key, staged_key
from pipelines.datasets import datasets, publisher_of


def raw_asset(dataset: str) -> dg.AssetsDefinition:
    """The fetch of one dataset."""

    @dg.asset(
        key=raw_key(dataset),
        deps=[staged_key(other) for other in datasets()[dataset].after],
        group_name="sources",
        description=f"{datasets()[dataset].title}. {publisher_of(dataset).attribution}. Bytes as they were given.",
        kinds={"file"},
        required_resource_keys={"run"},
    )
    def fetched(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        run = context.resources.run
        fetch = run.fetch(dataset)
        if fetch is None:
            return dg.MaterializeResult(metadata={"fetched": False, "reason": str(run.held.get(dataset, "not wanted"))})
        newest = fetch.files[-1]
        return dg.MaterializeResult(
            metadata={
                "fetched": True,
                "sha256": newest.sha256,
                "bytes": sum(f.bytes for f in fetch.files),
                "dagster/uri": newest.url,
                "published_at": newest.published_at or "unknown",
                "promised_rows": fetch.promise.rows,
            }
        )

    return fetched


def raw_assets() -> list[dg.AssetsDefinition]:
    """One for each dataset."""
    return [raw_asset(dataset) for dataset in datasets()]
