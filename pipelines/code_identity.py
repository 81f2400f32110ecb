"""Which code and declarations figures are made by.

Belongs here: the files that decide what is computed, and one hash of them. Does not belong here: the data.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipelines.settings import ROOT, Settings

_KEPT = {".sql", ".yml", ".py"}


def project_files(settings: Settings) -> list[Path]:
    """The files that decide what the warehouse computes: dbt's project, both packages' code, the declarations."""
    folders = [settings.dbt_project_dir, ROOT / "pipelines", ROOT / "indicators", settings.declarations_dir]
    found = {p for f in folders for p in f.rglob("*") if p.suffix in _KEPT and "target" not in p.parts}
    return sorted(found)


def code_hash(settings: Settings) -> str:
    """A hash of the code and the declarations that a release is made by."""
    digest = hashlib.sha256()
    homes = (ROOT, settings.declarations_dir, settings.dbt_project_dir)
    for path in project_files(settings):
        name = next(path.relative_to(home) for home in homes if path.is_relative_to(home))
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
