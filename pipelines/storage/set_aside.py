"""What is damaged or replaced is kept as evidence: `damaged/<UTC time>/…`, under the path that it had.

Belongs here: moving a file or a folder there, and replacing a folder while the old one is kept. Does not belong here:
deciding what is damaged (`verification.py`), or what takes its place (`steps/repair.py`, `steps/redate.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.settings import Settings
from pipelines.storage.files import append_line, sync_folder


def set_aside(settings: Settings, path: Path, now: datetime) -> Path:
    """Move a file or a folder of the data folder away; returns where it lies now."""
    below = path.relative_to(settings.data_dir)
    while (target := settings.damaged_dir / f"{now:%Y%m%dT%H%M%S%f}Z" / below).exists():
        now += timedelta(microseconds=1)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    sync_folder(target.parent)
    sync_folder(path.parent)
    return target


@contextmanager
def replacing(settings: Settings, folder: Path, now: datetime) -> Iterator[Path]:
    """Give a copy of a folder to be changed; when the block ends well, it takes the place of the old, which is kept.

    Files are hard links where that is possible: they are to be replaced, never written into.
    """
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        shutil.copytree(folder, fresh, copy_function=_link)
        yield fresh
        set_aside(settings, folder, now)
        fresh.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def log(settings: Settings, **told: object) -> None:
    """Write down what was done to state by a person's command, as a line of `logs/state.jsonl`."""
    append_line(settings.run_log.with_name("state.jsonl"), told)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
