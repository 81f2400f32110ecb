"""The options that many commands share. Belongs here: option types, and settings out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.settings import Settings

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where archive, vintages and releases lie.")]
SnapshotDir = Annotated[Path | None, typer.Option("--snapshot-dir", help="Another folder of embedded figures.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def settings_for(data_dir: Path | None = None, snapshot_dir: Path | None = None) -> Settings:
    """Settings from the environment, with what was given on the command line on top."""
    given = {"data_dir": data_dir, "snapshot_dir": snapshot_dir}
    return Settings(**{k: v.resolve() for k, v in given.items() if v is not None})  # type: ignore[arg-type]
