"""The files of a release beside its tables, reusing those of the previous release that are unchanged.

Belongs here: writing a file only when its inputs changed, hard-linking it from the previous release otherwise, and the
list of files with their hashes. Does not belong here: the content of a file. Releases are immutable, so two of them
can share a file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.storage.files import read_json, sha256_of, write_json
from pipelines.storage.release_sums import FILES, SUMS, check_listed
from pipelines.storage.sealing import DamagedError

_LOG = logging.getLogger(__name__)


class ReleaseFiles:
    """The files of one folder of a release.

    Args:
        folder: where they are written; its `files.json` lists them. before: the same folder of the previous release,
        None if there is none. recipe: hash of everything besides figures that determines the files: code, templates,
        libraries.
    """

    def __init__(self, folder: Path, before: Path | None, recipe: str) -> None:
        self.folder = folder
        self._recipe = recipe
        self._known: dict[str, Any] = _listed_in(before) if before is not None else {}
        self._before = before if self._known else None
        self._made: dict[str, dict[str, Any]] = {}
        self.written = 0

    def put(self, name: str, made_of: object, write: Callable[[Path], object]) -> Path:
        """Add one file: linked if the previous release made it from equal inputs, else written by `write(path)`.

        Args:
            name: its path below the folder. made_of: everything that determines its bytes, as JSON-compatible data.
        """
        if name in self._made:
            raise ValueError(f"{name} is written twice")
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        key = fingerprint([self._recipe, made_of])
        known = self._known.get(name, {})
        if self._before and known.get("key") == key and _has_size(self._before / name, known["bytes"]):
            link(self._before / name, target)
            self._made[name] = known
        else:
            write(target)
            self.written += 1
            self._made[name] = {"key": key, "bytes": target.stat().st_size, "sha256": sha256_of(target)}
        return target

    def text(self, name: str, made_of: object, make: Callable[[], str]) -> Path:
        """Add one UTF-8 text file in the same way."""
        return self.put(name, made_of, lambda path: path.write_text(make(), encoding="utf-8", newline="\n"))

    def files(self) -> list[Path]:
        """Every file so far, in the order of their names."""
        return [self.folder / name for name in sorted(self._made)]

    def listed(self) -> dict[str, dict[str, Any]]:
        """Every file so far by its name, in order: key, bytes, sha256."""
        return dict(sorted(self._made.items()))

    def close(self) -> None:
        """Write the list of files."""
        write_json(self.folder / FILES, self._made)


def _listed_in(folder: Path) -> dict[str, Any]:
    """The list of a folder of the previous release; nothing where there is none, or it is damaged, which is logged."""
    try:
        release = next((home for home in (folder, folder.parent) if (home / SUMS).exists()), None)
        if release:
            check_listed(release, (folder / FILES).relative_to(release).as_posix())
        listed: dict[str, Any] = read_json(folder / FILES) if (folder / FILES).exists() else {}
    except (DamagedError, ValueError) as error:
        _LOG.warning("No file of the previous release is taken over: %s", error)
        return {}
    return listed


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def fingerprint(content: object) -> str:
    """Hex SHA-256 of JSON-compatible data, with sorted keys."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def recipe_of(folders: Iterable[Path], *versions: str) -> str:
    """Hash of all code and templates below some folders (or of single files), with versions of libraries."""
    digest = hashlib.sha256("\n".join(versions).encode())
    for folder in folders:
        found = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
        for path in found:
            if path.suffix != ".pyc":
                digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def link(source: Path, target: Path) -> None:
    """Hard-link a file; copy it where the file system does not support that."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links: copy the bytes
        shutil.copyfile(source, target)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")
