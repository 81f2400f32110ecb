"""Assets that fetch into the archive. Belongs here: one asset for each dataset, without logic of its own."""

from typing import Any

import dagster as dg

from pipelines.assets.keys import raw_key, staged_key
from pipelines.assets.outcomes import OWNERS, POOL, made, unchanged
from pipelines.datasets import datasets, publisher_of
from pipelines.steps.fetch import fetch
from pipelines.steps.workspace import Workspace


def raw_asset(dataset: str) -> dg.AssetsDefinition:
    """The fetch of one dataset."""
    key = raw_key(dataset)

    @dg.asset(
        key=key,
        deps=[staged_key(other) for other in datasets()[dataset].after],
        group_name="sources",
        description=f"{datasets()[dataset].title}. {publisher_of(dataset).attribution}. Bytes as they were given.",
        kinds={"file"},
        owners=OWNERS,
        pool=POOL,
        required_resource_keys={"workspace"},
    )
    def fetched(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        workspace: Workspace = context.resources.workspace
        with workspace.writing():
            found = fetch(workspace, dataset)
        version = found.fetch.content_id if found.fetch else None
        metadata: dict[str, Any] = {}
        if found.held_back:
            metadata["held_back"] = str(found.held_back)
        if found.fetch:
            newest = found.fetch.files[-1]
            metadata |= {
                "sha256": newest.sha256,
                "bytes": sum(f.bytes for f in found.fetch.files),
                "dagster/uri": newest.url,
                "published_at": newest.published_at or "unknown",
                "promised_rows": found.fetch.promise.rows,
            }
        if found.is_new and version:
            return made(version, metadata)
        return unchanged(context, key, version, {"reason": "nothing new", **metadata})

    return fetched


def raw_assets() -> list[dg.AssetsDefinition]:
    """One for each dataset."""
    return [raw_asset(dataset) for dataset in datasets()]
