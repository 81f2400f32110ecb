"""The parts of a release beside its tables (package and pages): which there are, and writing them in parallel.

Belongs here: the names of the parts, and a process for each. Does not belong here: the content of a part
(`release/package`, `site`). A part is made from the tables of the release alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from pipelines.processes.helper import Worker

# A part is a module with `write(folder, before)`: the release's folder, and that of the release before or None.
PARTS = {"package": "pipelines.release.package", "site": "pipelines.site.rendering"}


def write_parts(wanted: Iterable[str], folder: Path, before: Path | None) -> None:
    """Write parts into the folder of a release that is being made, each in a process of its own.

    Raises:
        whatever a part raises; the release is then not published.
    """
    names = sorted(wanted)
    if not names:
        return
    with ThreadPoolExecutor(len(names)) as pool:
        for done in [pool.submit(_apart, name, folder, before) for name in names]:
            done.result()


def _apart(name: str, folder: Path, before: Path | None) -> None:
    worker = Worker()
    try:
        worker.call(write_part, name, folder, before)
    finally:
        worker.stop()


def write_part(name: str, folder: Path, before: Path | None) -> None:
    """Write one part, in this process."""
    write: Callable[[Path, Path | None], None] = import_module(PARTS[name]).write
    write(folder, before)
