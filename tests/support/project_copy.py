"""A copy of the project's code and declarations, to be changed, with the command run from it.

Belongs here: making the copy and running it. Does not belong here: what is changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.settings import ROOT
from tests.support.repository import committed_files


def copied(folder: Path) -> Path:
    """The project's code and declarations, without its figures."""
    for path in committed_files():
        below = path.relative_to(ROOT)
        if below.parts[0] in {"pipelines", "indicators", "dbt_project", "pyproject.toml"}:
            target = folder / below
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return folder


def nyckeltal(project: Path, *argv: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, run from the copy's own code."""
    return subprocess.run(
        [sys.executable, "-c", "from pipelines.commands.main import main; main()", *argv],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "COLUMNS": "200", "NYCKELTAL_REQUESTS_PER_SECOND": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
