"""What a person is told of a run, while it goes on and when it has ended.

Belongs here: the line of progress and the closing table. Does not belong here: what is read of releases (`output.py`),
or the run itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.commands import terminal
from pipelines.datasets import datasets
from pipelines.steps.report import RunReport, peak_memory_mb
from pipelines.steps.workspace import Workspace, utc_now
from pipelines.storage import release_pointer
from pipelines.storage.vintages import CHANGES, DeliveryRecord
from pipelines.text.swedish_numbers import number

_DATASET_HEADS = ("rows in", "new", "revised", "status", "withdrawn", "restored", "held back", "checks failed")


@contextmanager
def progress(workspace: Workspace) -> Iterator[None]:
    """Show on standard error what the run is at."""
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=terminal.err,
        transient=True,
    )
    task = shown.add_task("nothing new?")
    workspace.on_step = lambda name: shown.update(task, description=name)
    with shown:
        yield


def tell_run(report: RunReport, json_out: bool) -> None:
    """The closing table of a run."""
    settings, held = report.workspace.settings, report.held_back
    if json_out:
        terminal.as_json({**report.line(), "release_dir": _release_dir(report)})
        return
    if report.outcome == "nothing_new":
        standing = release_pointer.current(settings.releases_dir)
        terminal.out.print(f"Nothing new. Current release: {standing.release_id if standing else 'none'}")
        return
    table = terminal.grid("Datasets")
    table.add_column("dataset", key=True)
    for head in _DATASET_HEADS:
        table.add_column(head, right=True)
    for dataset in datasets():
        if report.workspace.wants(dataset) or dataset in report.taken_in:
            table.add_row(dataset, *_dataset_cells(report.taken_in.get(dataset), is_held=dataset in held))
    terminal.out.print(table)
    for dataset, reason in sorted(held.items()):
        terminal.out.print(f"[bold red]Held back[/bold red] {dataset}: ", end="")
        terminal.out.print(str(reason), markup=False, soft_wrap=True)
    if report.release_id:
        rows = release_pointer.info(settings.releases_dir / report.release_id).tables
        terminal.out.print(
            f"Released {report.release_id}: {number(rows['observation'])} observations of "
            f"{rows['indicator']} indicators, {number(rows['comparison'])} comparisons"
        )
        terminal.out.print(f"  lies in {_release_dir(report)}", soft_wrap=True)
    seconds = (utc_now() - report.workspace.moment).total_seconds()
    terminal.out.print(f"  {number(seconds, 1)} s, largest process {number(peak_memory_mb())} MiB")


def _dataset_cells(record: DeliveryRecord | None, *, is_held: bool) -> list[str]:
    if is_held:
        return [*["–"] * (1 + len(CHANGES)), "all", "blocked"]
    if record is None:
        return ["unchanged", *[""] * (len(CHANGES) + 2)]
    failed = sum(not c.passed for c in record.checks)
    changes = [number(record.counts.get(c, 0)) for c in CHANGES]
    return [number(record.rows), *changes, number(record.held_back), str(failed)]


def _release_dir(report: RunReport) -> str:
    return str(report.workspace.settings.releases_dir / report.release_id) if report.release_id else ""
