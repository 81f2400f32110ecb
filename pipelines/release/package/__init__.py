"""The release package: workbook, CSV, JSON-stat, and metadata records for catalogues and people.

Belongs here: files to distribute, each made from the release's tables and readable by other programs. Does not belong
here: the tables and Parquet files (`release/publication.py`), pages (`site`), computing values (`dbt_project`).
"""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path

from indicators.model import words
from pipelines.release.package.assembly import Assembly
from pipelines.release.package.identity import Identity
from pipelines.release.package.release_data import Figures
from pipelines.release.shared_files import ReleaseFiles, recipe_of
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.text import csv_values, swedish_numbers

# What determines a file besides figures: this package, the words for codes, number and text formatting, libraries.
_OURS = [Path(__file__).parent, Path(words.__file__), Path(swedish_numbers.__file__), Path(csv_values.__file__)]
_LIBRARIES = ("duckdb", "msgspec", "polars", "rdflib", "xlsxwriter")


def write(folder: Path, before: Path | None) -> None:
    """Write the package into the folder of a release that is being made.

    Args:
        folder: holds the tables already. before: the folder of the previous release, or None.
    """
    release_files = ReleaseFiles(folder, before, recipe_of(_OURS, *(f"{name} {version(name)}" for name in _LIBRARIES)))
    identity = Identity.of(release_pointer.info(folder), Settings())
    with tempfile.TemporaryDirectory(prefix="nyckeltal-package-") as spill, Figures(folder, Path(spill)) as figures:
        Assembly(figures, release_files, identity, before).write()
    release_files.close()
