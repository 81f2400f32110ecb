"""`nyckeltal warehouse …`: a standing build for those who work on the dbt project.

Belongs here: arguments and what is printed. Does not belong here: building (`steps/build.py`).
"""

from __future__ import annotations

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for
from pipelines.errors import NyckeltalError

warehouse_app = typer.Typer(help="The build that dbt reads and writes.", no_args_is_help=True)


@warehouse_app.command("prepare")
def warehouse_prepare(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Make a standing build of what is known now, so that plain dbt commands work on it.

    Nothing is fetched and nothing is published. Then, in the folder dbt_project: `dbt build -s comparison`, `dbt test`,
    `dbt docs generate`. With another data folder than that of the checkout, set the variables that are printed.
    """
    from pipelines.release import publication  # noqa: PLC0415
    from pipelines.steps.build import prepare  # noqa: PLC0415
    from pipelines.steps.workspace import Workspace  # noqa: PLC0415
    from pipelines.warehouse.dbt_run import dbt_environment  # noqa: PLC0415

    settings = settings_for(data_dir)
    workspace = Workspace(settings, kind="prepare")
    try:
        with workspace.writing():
            plan = publication.plan(settings)
            if plan is None:
                remedy = "run `nyckeltal refresh` first"
                raise NyckeltalError("nothing is known yet", where=str(settings.vintages_dir), remedy=remedy)
            record, is_new = prepare(workspace, plan)
    finally:
        workspace.close()
    variables, place = dbt_environment(settings), str(settings.builds_dir / "current")
    told = {
        "build": str(settings.builds_dir / "current"),
        "is_new": is_new,
        "rows": record.rows,
        "environment": variables,
    }
    if json_out:
        terminal.as_json(told)
        return
    terminal.out.print(f"{'Made' if is_new else 'Stands'}: {place}, {len(record.rows)} models", soft_wrap=True)
    for name, value in variables.items():
        terminal.out.print(f"export {name}={value}", markup=False, soft_wrap=True)
