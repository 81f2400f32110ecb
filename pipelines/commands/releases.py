"""`nyckeltal releases …`: list them, go back, remove old ones.

Belongs here: arguments and what is printed. Does not belong here: the work itself.
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for

releases_app = typer.Typer(help="Releases: list them, go back, remove old ones.", no_args_is_help=True)


@releases_app.command("list")
def releases_list(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """List the releases, newest first."""
    from pipelines.commands.output import tell_releases  # noqa: PLC0415
    from pipelines.storage import release_pointer  # noqa: PLC0415

    home = settings_for(data_dir).releases_dir
    found = release_pointer.releases(home)
    terminal.as_json([r.as_json() for r in found]) if json_out else tell_releases(found, release_pointer.current(home))


@releases_app.command("rollback")
def releases_rollback(
    release_id: Annotated[
        str | None, typer.Argument(help="The release to serve; the one before when left out.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve an earlier release; nothing is removed."""
    from pipelines.storage import release_pointer  # noqa: PLC0415

    terminal.out.print(f"Serving {release_pointer.rollback(settings_for(data_dir), release_id)}")


@releases_app.command("prune")
def releases_prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest to keep.")] = 10, data_dir: DataDir = None
) -> None:
    """Remove old releases; archive and vintages stay, so their figures can still be queried as of any date."""
    from pipelines.storage import release_pointer  # noqa: PLC0415

    removed = release_pointer.prune_exclusively(settings_for(data_dir), keep)
    terminal.out.print(f"Removed {len(removed)} releases" + (f": {', '.join(removed)}" if removed else ""))
