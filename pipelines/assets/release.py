"""The asset that publishes. Belongs here: one asset, with the controls as its checks."""

from datetime import timedelta

import dagster as dg

from indicators.load.catalogue import Catalogue
from pipelines.assets.checks import check_name, to_dagster
from pipelines.assets.outcomes import OWNERS, POOL, made, unchanged
from pipelines.settings import Settings
from pipelines.steps.build import planned
from pipelines.steps.publish import WHOLE, publish, standing_checks, whole_check
from pipelines.steps.workspace import Workspace

KEY = dg.AssetKey(["release"])


def release_asset(settings: Settings, catalogue: Catalogue, *upstream: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The published release; refused when a blocking check failed."""
    specs = [dg.AssetCheckSpec(c.control_id, asset=KEY, description=c.title_sv) for c in catalogue.controls]
    specs.append(dg.AssetCheckSpec(check_name(WHOLE), asset=KEY, description="All that lasts is as it was written."))

    @dg.asset(
        key=KEY,
        deps=list(upstream),
        group_name="release",
        description="An immutable folder (tables, package, pages), and the pointer that readers follow.",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        pool=POOL,
        check_specs=specs,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=settings.max_fresh_hours)),
        required_resource_keys={"workspace"},
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        workspace: Workspace = context.resources.workspace
        with workspace.writing():
            plan = planned(workspace)
            done = publish(workspace, plan) if plan else None
            controls = done.controls if done else standing_checks(workspace)
            results = list(to_dagster([*controls, whole_check(workspace)], KEY, specs))
        if done is None:
            return unchanged(context, KEY, None, {"reason": "nothing new"}, results)
        return made(
            done.release.input_hash,
            {
                "release_id": done.release.release_id,
                "dagster/row_count": done.release.tables["observation"],
                "stale_sources": ", ".join(done.release.stale_sources) or "none",
            },
            results,
        )

    return release
