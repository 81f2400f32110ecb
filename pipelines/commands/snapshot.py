"""`nyckeltal snapshot …`: the embedded figures.

Belongs here: arguments and what is printed. Does not belong here: the work itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import needs_checkout, settings_for
from pipelines.text.swedish_numbers import number

snapshot_app = typer.Typer(help="The embedded figures.", no_args_is_help=True)


@snapshot_app.command("build")
def snapshot_build(
    source: Annotated[Path, typer.Option("--from", help="Folder of collected copies (kolada/, scb/, skr/).")],
    to: Annotated[Path | None, typer.Option(help="Where to write; data/snapshot when left out.")] = None,
) -> None:
    """Write the embedded figures out of collected copies of the publishers' data."""
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415
    from pipelines.sources.snapshot_writer import build_snapshot  # noqa: PLC0415

    if to is None:
        needs_checkout("the embedded figures")
    settings = settings_for()
    rows = build_snapshot(source, to or settings.snapshot_dir, load_catalogue(settings.declarations_dir))
    for dataset, n in rows.items():
        terminal.out.print(f"{dataset}: {number(n)} rows")
