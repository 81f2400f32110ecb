"""Material that is not part of the repository: recorded answers and collected figures, in a folder beside it.

Belongs here: where it is, and skipping with a reason where it is not. `NYCKELTAL_SHARED` names another folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.settings import ROOT

SHARED = Path(os.environ.get("NYCKELTAL_SHARED", ROOT.parent / "shared"))


def shared_file(name: str) -> Path:
    """A file of the material; skips the test where it is missing."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"the material beside the repository lacks {name}")
    return path
