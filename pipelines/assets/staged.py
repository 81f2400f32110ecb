"""Assets that parse and judge. Belongs here: one asset for each dataset, with the gate as its check."""

from typing import Any

import dagster as dg

from pipelines.assets.checks import gate_result, gate_spec
from pipelines.assets.keys import raw_key, staged_key
from pipelines.assets.outcomes import OWNERS, POOL, made, unchanged
from pipelines.datasets import datasets
from pipelines.steps.held_back import reason
from pipelines.steps.stage import stage
from pipelines.steps.take_in import take_in_earlier
from pipelines.steps.workspace import Workspace

LISTS = {"areas": "kolada.municipality", "units": "kolada.ou"}  # where the codes of areas and units are listed


def staged_asset(dataset: str) -> dg.AssetsDefinition:
    """The judged delivery of one dataset; a failed gate holds the dataset back and lets the others go on."""
    key = staged_key(dataset)
    lists = {LISTS[column.codes] for column in datasets()[dataset].columns.values() if column.codes}

    @dg.asset(
        key=key,
        deps=[raw_key(dataset), *(staged_key(name) for name in sorted(lists))],
        group_name="staged",
        description=f"{datasets()[dataset].title}: typed rows that passed the gate. Deliveries that the newest one "
        "stands on are judged and taken in before it.",
        kinds={"polars", "greatexpectations"},
        owners=OWNERS,
        pool=POOL,
        check_specs=[gate_spec(dataset, key)],
        required_resource_keys={"workspace"},
    )
    def judged(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        workspace: Workspace = context.resources.workspace
        with workspace.writing():
            take_in_earlier(workspace, dataset)
            verdict, is_new = stage(workspace, dataset)
            held, last = reason(workspace, dataset), workspace.vintages.latest(dataset)
        checks = verdict.checks if verdict else (last.checks if last else ())
        metadata: dict[str, Any] = {"held_back": str(held)} if held else {}
        results = [gate_result(checks, key)]
        if verdict and verdict.passed:
            metadata |= {"dagster/row_count": verdict.rows, "rows_set_aside": verdict.quarantined}
        version = f"{verdict.content_id}-{verdict.judged_by}" if verdict else (last.content_id if last else None)
        if verdict and is_new and verdict.passed:
            return made(str(version), metadata, results)
        return unchanged(context, key, version, {"reason": "nothing new", **metadata}, results)

    return judged


def staged_assets() -> list[dg.AssetsDefinition]:
    """One for each dataset."""
    return [staged_asset(dataset) for dataset in datasets()]
