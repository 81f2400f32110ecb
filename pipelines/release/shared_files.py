"""The files that a release holds beside its tables, and what of them the release before had already.

Belongs here: writing a file only when what it is made of changed, linking it from the release before when not, and the
list of files with their hashes. Does not belong here: what a file says. Releases are never changed once they stand, so
two of them may share a file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.storage.files import read_json, sha256_of, write_json

FILES = "files.json"


class Shelf:
    """The files of one folder of a release.

    Args:
        folder: where they are written; its `files.json` lists them. before: the same folder of the release before,
        None where there is none. recipe: what, beside its figures, every file is made of: code, templates, libraries.
    """

    def __init__(self, folder: Path, before: Path | None, recipe: str) -> None:
        self.folder = folder
        self._recipe = recipe
        self._before = before if before is not None and (before / FILES).exists() else None
        self._known: dict[str, Any] = read_json(self._before / FILES) if self._before else {}
        self._made: dict[str, dict[str, Any]] = {}
        self.written = 0

    def put(self, name: str, made_of: object, write: Callable[[Path], object]) -> Path:
        """One file: linked when the release before made it of the same, else written by `write(path)`.

        Args:
            name: its path below the folder. made_of: everything that decides its bytes, as JSON can say it.
        """
        if name in self._made:
            raise ValueError(f"{name} is written twice")
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        key = fingerprint([self._recipe, made_of])
        known = self._known.get(name, {})
        if self._before and known.get("key") == key and (self._before / name).exists():
            link(self._before / name, target)
            self._made[name] = known
        else:
            write(target)
            self.written += 1
            self._made[name] = {"key": key, "bytes": target.stat().st_size, "sha256": sha256_of(target)}
        return target

    def text(self, name: str, made_of: object, make: Callable[[], str]) -> Path:
        """The same for UTF-8 text."""
        return self.put(name, made_of, lambda path: path.write_text(make(), encoding="utf-8", newline="\n"))

    def files(self) -> list[Path]:
        """Every file so far, in the order of their names."""
        return [self.folder / name for name in sorted(self._made)]

    def told(self) -> dict[str, dict[str, Any]]:
        """Every file so far by its name, in their order: key, bytes, sha256."""
        return dict(sorted(self._made.items()))

    def close(self) -> None:
        """Write the list of files."""
        write_json(self.folder / FILES, self._made)


def fingerprint(content: object) -> str:
    """Hex SHA-256 of anything JSON can say, keys sorted."""
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
    """A second name for the same file; a copy where the file system has no such names."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links: the bytes are the same
        shutil.copyfile(source, target)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")
