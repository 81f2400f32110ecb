"""`nyckeltal vintages …`: what is known, and when, where a person has to correct it.

Belongs here: arguments and what is printed. Does not belong here: the work itself (`steps/redate.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for

vintages_app = typer.Typer(help="What is known, and when.", no_args_is_help=True)
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@vintages_app.command("redate")
def vintages_redate(
    dataset: Annotated[str, typer.Argument(help="The dataset, e.g. kolada.values.")],
    to: Annotated[datetime, typer.Option(help="The moment at which it became known, in UTC.", formats=_FORMATS)],
    reason: Annotated[str, typer.Option(help="Who does it and why; it is kept with the records.")],
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Date what a clock that was ahead has dated: every delivery that is known from later than the given moment.

    The records and files as they were are kept in `damaged/`, and a line is written in `logs/state.jsonl`.
    """
    from pipelines.datasets import datasets  # noqa: PLC0415
    from pipelines.steps.redate import redate  # noqa: PLC0415
    from pipelines.steps.workspace import utc_now  # noqa: PLC0415

    if dataset not in datasets():
        raise typer.BadParameter(f"unknown: {dataset}; known: {', '.join(sorted(datasets()))}")
    done = redate(settings_for(data_dir), dataset, to, reason, utc_now())
    if json_out:
        terminal.as_json([{"delivery": one.number, "known_from": one.known_from.isoformat()} for one in done])
        return
    terminal.out.print(f"{dataset}: {len(done)} deliveries have another date")
    for one in done:
        terminal.out.print(f"  delivery {one.number}: known from {one.known_from.isoformat()} UTC", markup=False)
