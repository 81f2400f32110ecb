"""The asset that publishes. Belongs here: one shell, with the controls as its checks."""

from datetime import timedelta

import dagster as dg

from indicators.load.catalogue import Catalogue
from pipelines.assets.checks import to_dagster
from pipelines.settings import Settings

KEY = dg.AssetKey(["release"])


def release_asset(settings: Settings, catalogue: Catalogue, *upstream: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The published release; refused when a blocking check failed."""
    specs = [dg.AssetCheckSpec(c.control_id, asset=KEY, description=c.title_sv) for c in catalogue.controls]

    @dg.asset(
        key=KEY,
        deps=list(upstream),
        group_name="release",
        description="An immutable folder (tables, package, pages), and the pointer that readers follow.",
        kinds={"duckdb", "parquet"},
        check_specs=specs,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=settings.max_fresh_hours)),
        required_resource_keys={"run"},
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        run = context.resources.run
        checks = list(to_dagster(run.publish(), KEY, specs))
        if run.release is None:
            return dg.MaterializeResult(metadata={"published": False, "reason": "nothing new"}, check_results=checks)
        return dg.MaterializeResult(
            metadata={
                "published": True,
                "release_id": run.release.release_id,
                "dagster/row_count": run.release.tables["observation"],
                "stale_sources": ", ".join(run.release.stale_sources) or "none",
            },
            check_results=checks,
        )

    return release
