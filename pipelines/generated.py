"""Files that are written from the declarations. Belongs here: which files, and keeping them in step."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.warehouse import sources_yml


def write_generated(settings: Settings, *, check: bool = False) -> list[Path]:
    """Bring every generated file up to date; returns those that were not.

    Raises:
        UsageError: `check` was asked for and something is out of date.
    """
    wanted = {settings.dbt_project_dir / "models" / "staging" / "sources.yml": sources_yml()}
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if check and stale:
        names = ", ".join(str(p) for p in stale)
        raise UsageError("generated files are out of date", where=names, remedy="run `nyckeltal generate`")
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return stale
