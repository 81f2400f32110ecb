"""`nyckeltal verify`, `repair`, `backup`, `restore`: what lasts, checked, mended, copied and put back.

Belongs here: arguments and what is printed. Does not belong here: the work itself (`storage/verification.py`,
`steps/repair.py`, `storage/backup.py`, `storage/restore.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, SnapshotDir, settings_for
from pipelines.errors import ExitCode, UnreachableError
from pipelines.storage.lock import exclusive, needs_data_folder

if TYPE_CHECKING:
    from pipelines.storage.backup import Backup
    from pipelines.storage.verification import Verified


def verify(
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte; takes as long as reading the disk.")] = False,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Hold everything that lasts against what was written: archive, vintages, staged, builds, releases, pointer.

    Exit codes: 0 all is as it was written; 5 something is damaged, or cannot be read, each with what to do.
    """
    from pipelines.storage.verification import verify as work  # noqa: PLC0415

    settings = settings_for(data_dir)
    needs_data_folder(settings.data_dir)
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        found = work(settings, deep=deep)
    terminal.as_json([_as_json(place) for place in found]) if json_out else _tell(found)
    if any(place.damage for place in found):
        raise typer.Exit(ExitCode.DAMAGED)


def repair(data_dir: DataDir = None, snapshot_dir: SnapshotDir = None, json_out: AsJson = False) -> None:
    """Mend what `verify --deep` finds damaged; what was damaged is kept in `damaged/`.

    Vintages are derived again from the archive; what can be made again is moved away; readers get the newest whole
    release. Then run `nyckeltal rebuild`. Exit codes: 0 everything is mended; 5 something is lost, by name.
    """
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415
    from pipelines.steps.repair import Repair  # noqa: PLC0415
    from pipelines.steps.workspace import utc_now  # noqa: PLC0415

    settings = settings_for(data_dir, snapshot_dir)
    work = Repair(settings, load_catalogue(settings.declarations_dir), utc_now())
    work.run()
    if json_out:
        terminal.as_json({"done": work.done, "lost": [error.parts() for error in work.lost]})
    for line in [] if json_out else work.done or ["nothing was damaged"][: not work.lost]:
        terminal.out.print(line, markup=False, soft_wrap=True)
    for error in [] if json_out else work.lost:
        terminal.out.print("[bold red]lost[/bold red] ", end="")
        terminal.out.print(str(error), markup=False, soft_wrap=True)
    if work.lost:
        raise typer.Exit(ExitCode.DAMAGED)


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write (.tar), or a folder for it.")],
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Copy all state (archive, vintages, inbox, the current release) into one file, with the hash of each file.

    No run is at work meanwhile: others wait. Exit codes: 0 done; 2 wrong use; 4 the state is damaged, and not copied.
    """
    from pipelines.steps.workspace import utc_now  # noqa: PLC0415
    from pipelines.storage.backup import write_backup  # noqa: PLC0415

    _tell_backup("Copied", write_backup(settings_for(data_dir), target.resolve(), utc_now()), json_out)


def restore(
    source: Annotated[Path, typer.Argument(help="A file that `nyckeltal backup` wrote.")],
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Put a backup into a data folder without state, once every file of it is seen to be whole.

    Then `nyckeltal rebuild` makes a release anew. Exit codes: 0 done; 2 wrong use; 4 the backup is damaged.
    """
    from pipelines.steps.workspace import utc_now  # noqa: PLC0415
    from pipelines.storage.restore import restore_backup  # noqa: PLC0415

    _tell_backup("Restored", restore_backup(settings_for(data_dir), source.resolve(), utc_now()), json_out)


def _tell_backup(verb: str, done: Backup, json_out: bool) -> None:
    if json_out:
        terminal.as_json({**done.__dict__, "path": str(done.path)})
        return
    release = f"release {done.release_id}" if done.release_id else "no release"
    told = f"{verb} {done.files} files, {done.bytes / 1e6:.1f} MB, {release}: {done.path}"
    terminal.out.print(told, markup=False, soft_wrap=True)


def _as_json(place: Verified) -> dict[str, Any]:
    return {"place": place.place, "holds": place.holds, "damage": [error.parts() for error in place.damage]}


def _mark(place: Verified) -> str:
    from pipelines.storage.layout import StrayError  # noqa: PLC0415

    if not place.damage:
        return "[green]whole[/green]  "
    for kind, word in ((UnreachableError, "unread "), (StrayError, "strays ")):
        if all(isinstance(error, kind) for error in place.damage):
            return f"[bold red]{word}[/bold red]"
    return "[bold red]damaged[/bold red]"


def _tell(found: list[Verified]) -> None:
    for place in found:
        terminal.out.print(f"{_mark(place)} {place.place}: ", end="")
        terminal.out.print(place.holds, markup=False)
        for error in place.damage:
            terminal.out.print(f"  {error}", markup=False, soft_wrap=True)
