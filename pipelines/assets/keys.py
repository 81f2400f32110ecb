"""The names of the assets: `raw/`, `staged/`, `vintages/`, then `<publisher>__<dataset>`. Belongs here: names only."""

from __future__ import annotations

import dagster as dg

from pipelines.datasets import table_name


def raw_key(dataset: str) -> dg.AssetKey:
    """The fetch of a dataset."""
    return dg.AssetKey(["raw", table_name(dataset)])


def staged_key(dataset: str) -> dg.AssetKey:
    """The parsed and judged delivery of a dataset."""
    return dg.AssetKey(["staged", table_name(dataset)])


def vintages_key(dataset: str) -> dg.AssetKey:
    """What was known of a dataset, and when; the same key as dbt's source, so that the lineage joins."""
    return dg.AssetKey(["vintages", table_name(dataset)])
