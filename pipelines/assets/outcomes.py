"""What a step reports to Dagster: that it made something, or that what stands was as it should be.

Belongs here: the one way in which an asset says "nothing new". Does not belong here: what the steps do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

OWNERS = ["team:nyckeltal"]
POOL = "data_folder"  # one step at a time writes in the data folder; others wait for it in Dagster, then at the lock


def made(
    version: str,
    metadata: Mapping[str, Any],
    checks: Sequence[dg.AssetCheckResult] = (),
    key: dg.AssetKey | None = None,
) -> dg.MaterializeResult[Any]:
    """A new materialisation; its data version is its content's."""
    return dg.MaterializeResult(
        asset_key=key, metadata=metadata, check_results=checks, data_version=dg.DataVersion(version)
    )


def unchanged(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    version: str | None,
    metadata: Mapping[str, Any],
    checks: Sequence[dg.AssetCheckResult] = (),
) -> dg.MaterializeResult[Any]:
    """An observation, and no materialisation: nothing was made, and the steps that follow may go on.

    Dagster would skip all that follows a step without an output, and takes every output for a materialisation, but for
    those with this mark, which its own observed sources carry.
    """
    tags = {DATA_VERSION_TAG: version} if version else {}
    context.log_event(dg.AssetObservation(asset_key=key, metadata=metadata, tags=tags))
    mark = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
    return dg.MaterializeResult(asset_key=key, metadata=mark, check_results=checks)
