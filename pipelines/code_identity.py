"""Which code and declarations figures are made by.

Belongs here: the files that decide what is computed, and one hash of them. Does not belong here: the data.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipelines.settings import ROOT, Settings

_KEPT = {".sql", ".yml", ".py"}
_SKIPPED = {"target", "bundled"}  # what dbt wrote into its own folder; the dbt project of an installed copy


def project_files(settings: Settings) -> dict[str, Path]:
    """The files that decide what the warehouse computes: dbt's project, both packages' code, the declarations.

    Returns:
        Name to path, by name. A name is the same in a checkout and in an installed copy.
    """
    folders = {"pipelines": ROOT / "pipelines", "indicators": ROOT / "indicators"}
    folders |= {"dbt_project": settings.dbt_project_dir, "declarations": settings.declarations_dir}
    if settings.declarations_dir == folders["indicators"]:
        del folders["declarations"]
    found = {}
    for name, folder in folders.items():
        for path in folder.rglob("*"):
            below = path.relative_to(folder)
            if path.suffix in _KEPT and _SKIPPED.isdisjoint(below.parts):
                found[f"{name}/{below.as_posix()}"] = path
    return dict(sorted(found.items()))


def code_hash(settings: Settings) -> str:
    """A hash of the code and the declarations that a release is made by."""
    digest = hashlib.sha256()
    for name, path in project_files(settings).items():
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
