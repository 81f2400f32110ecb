"""`nyckeltal verify`: what lasts, held against what was written.

Belongs here: arguments and what is printed. Does not belong here: the work itself (`storage/verification.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for
from pipelines.errors import ExitCode, NyckeltalError
from pipelines.storage.lock import exclusive

if TYPE_CHECKING:
    from pipelines.storage.verification import Verified


def verify(
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte; takes as long as reading the disk.")] = False,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Hold everything that lasts against what was written: archive, vintages, staged, builds, releases, pointer.

    Exit codes: 0 all is as it was written; 5 something is damaged, each with what to do.
    """
    from pipelines.storage.verification import verify as work  # noqa: PLC0415

    settings = settings_for(data_dir)
    if not settings.data_dir.is_dir():
        raise NyckeltalError("there is no data folder", where=str(settings.data_dir), remedy="name another: --data-dir")
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        found = work(settings, deep=deep)
    terminal.as_json([_as_json(place) for place in found]) if json_out else _tell(found)
    if any(place.damage for place in found):
        raise typer.Exit(ExitCode.DAMAGED)


def _as_json(place: Verified) -> dict[str, Any]:
    return {"place": place.place, "holds": place.holds, "damage": [error.parts() for error in place.damage]}


def _tell(found: list[Verified]) -> None:
    for place in found:
        mark = "[bold red]damaged[/bold red]" if place.damage else "[green]whole[/green]  "
        terminal.out.print(f"{mark} {place.place}: ", end="")
        terminal.out.print(place.holds, markup=False)
        for error in place.damage:
            terminal.out.print(f"  {error}", markup=False, soft_wrap=True)
