"""Assets that parse and judge. Belongs here: one shell a dataset, with the gate as its check."""

import dagster as dg

from pipelines.assets.checks import gate_result, gate_spec
from pipelines.assets.keys import raw_key, staged_key
from pipelines.datasets import datasets

LISTS = {"areas": "kolada.municipality", "units": "kolada.ou"}  # where the codes of areas and units are listed


def staged_asset(dataset: str) -> dg.AssetsDefinition:
    """The judged delivery of one dataset; a failed gate holds the dataset back and lets the others go on."""
    key = staged_key(dataset)
    lists = {LISTS[column.codes] for column in datasets()[dataset].columns.values() if column.codes}

    @dg.asset(
        key=key,
        deps=[raw_key(dataset), *(staged_key(name) for name in sorted(lists))],
        group_name="staged",
        description=f"{datasets()[dataset].title}: typed rows that passed the gate.",
        kinds={"polars", "greatexpectations"},
        check_specs=[gate_spec(dataset, key)],
        required_resource_keys={"run"},
    )
    def judged(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the bare class
        run = context.resources.run
        checks = run.stage(dataset)
        staged = run.staged.get(dataset)
        metadata: dict[str, bool | int | str] = {
            "new_delivery": staged is not None,
            "held_back": str(run.held[dataset]) if dataset in run.held else "",
        }
        if staged:
            metadata |= {"dagster/row_count": staged.rows, "held_back_rows": staged.held_back}
        return dg.MaterializeResult(metadata=metadata, check_results=[gate_result(checks, key)])

    return judged


def staged_assets() -> list[dg.AssetsDefinition]:
    """One for each dataset."""
    return [staged_asset(dataset) for dataset in datasets()]
