"""One zip of the whole release: tables and package, not the pages.

Belongs here: the zip. Does not belong here: which files there are (`contents.py`). Equal files give an equal zip:
members keep the order in which they are added, and all have the same time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_FAST = 1
_PRESSED = {".parquet", ".xlsx"}  # compressed already
_CHUNK = 1 << 20


class Bundle:
    """A zip that is being written under a temporary name."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._path = folder / f".{name}.tmp"

    def __enter__(self) -> Self:
        self._zip = ZipFile(self._path, "w")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, names: Iterable[str]) -> None:
        """Add files of the folder to the zip, under their names in the folder."""
        for name in names:
            path = self._folder / name
            member = ZipInfo(name, _TIME)
            member.compress_type = ZIP_STORED if path.suffix in _PRESSED else ZIP_DEFLATED
            member._compresslevel = _FAST  # type: ignore[attr-defined]  # no public API before Python 3.13
            member.file_size = path.stat().st_size
            member.external_attr = 0o644 << 16
            with path.open("rb") as source, self._zip.open(member, "w") as target:
                shutil.copyfileobj(source, target, _CHUNK)

    def move_to(self, path: Path) -> None:
        """Rename the finished zip."""
        self._path.rename(path)
