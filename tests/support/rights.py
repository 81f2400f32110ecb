"""Rights to files that bind a test even where it runs as root, who may read everything."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """Be a user whom rights bind, for as long as the block lasts."""
    was = os.geteuid()
    if was != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


@contextmanager
def owned_copy(folder: Path) -> Iterator[Path]:
    """A copy of a folder that belongs to that user, where it can get at it (pytest's folders are its owner's alone)."""
    home = Path(tempfile.mkdtemp())
    try:
        home.chmod(0o755)
        copy = home / "data"
        shutil.copytree(folder, copy, symlinks=True)
        if os.geteuid() == 0:
            for path in (home, copy, *copy.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        yield copy
    finally:
        for below, _, _ in os.walk(home):
            Path(below).chmod(0o755)
        shutil.rmtree(home, ignore_errors=True)
