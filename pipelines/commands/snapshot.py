"""`nyckeltal snapshot …`: the embedded figures.

Belongs here: arguments and what is printed. Does not belong here: the work itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import needs_checkout, settings_for
from pipelines.errors import UsageError
from pipelines.text.swedish_numbers import number

snapshot_app = typer.Typer(help="The embedded figures.", no_args_is_help=True)


@snapshot_app.command("build")
def snapshot_build(
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder of collected copies (kolada/, scb/, skr/).")
    ] = None,
    from_data: Annotated[
        Path | None, typer.Option(help="A data folder that has followed the publishers (refresh --source live).")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Where to write; data/snapshot when left out.")] = None,
    allow_fewer: Annotated[
        str | None, typer.Option(help="Why the data folder may know less than what is embedded.")
    ] = None,
) -> None:
    """Write the embedded figures anew: out of collected copies, or with what a data folder has learned since."""
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415

    if (source is None) == (from_data is None):
        raise UsageError("where the figures come from is not said", expected="either --from DIR or --from-data DIR")
    if to is None:
        needs_checkout("the embedded figures")
    settings = settings_for(data_dir=from_data)
    target, catalogue = to or settings.snapshot_dir, load_catalogue(settings.declarations_dir)
    if source is not None:
        from pipelines.sources.snapshot_writer import build_snapshot  # noqa: PLC0415

        _print_rows(build_snapshot(source, target, catalogue))
        return
    from pipelines.sources.snapshot_renewal import renew_snapshot  # noqa: PLC0415

    done = renew_snapshot(settings, settings.snapshot_dir, target, catalogue, allow_fewer)
    _print_rows(done.rows)
    for dataset, files in done.written.items():
        terminal.out.print(f"{dataset}: written {', '.join(files)}")
    if not done.written:
        terminal.out.print("Nothing new: what the data folder knows is embedded already.")
    for dataset in done.kept:
        terminal.out.print(f"{dataset}: not known in the data folder; stays as embedded")
    if done.left_out:
        terminal.out.print(f"Left out, to stay below the limit of size: {', '.join(done.left_out)}")
    terminal.out.print(f"{number(done.bytes / 1e6, 1)} MB in all")


def _print_rows(rows: dict[str, int]) -> None:
    for dataset, n in rows.items():
        terminal.out.print(f"{dataset}: {number(n)} rows")
