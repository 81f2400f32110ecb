"""What a release holds beside its tables, measured by itself: `python -m benchmarks.parts PART FOLDER [BEFORE]`.

Belongs here: one part of one release, written into a copy of its tables. Does not belong here: the table of results.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Measured, measure
from pipelines.release.package_and_pages import write_part
from pipelines.storage import release_pointer
from pipelines.storage.files import write_json
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION

TARGETS = {"package": "40 s, 700 MiB", "site": "120 s"}


def measure_part(part: str, release: Path, work: Path) -> Iterator[tuple[str, Measured]]:
    """A part of a release written for the first time, and again in a release of another name with the same figures."""
    first, again = (_tables(release, work / part / n) for n in ("first", "again"))
    step = [sys.executable, "-m", "benchmarks.parts", part]
    yield f"{part}, first (target {TARGETS[part]})", measure([*step, str(first)])
    yield f"{part}, after a release of the same figures", measure([*step, str(again), str(first)])


def _tables(release: Path, folder: Path) -> Path:
    (folder / "parquet").mkdir(parents=True)
    for path in (release / DATABASE, *release.glob("parquet/*.parquet")):
        os.link(path, folder / path.relative_to(release))
    named = release_pointer.info(release).model_copy(update={"release_id": folder.name})
    write_json(folder / DESCRIPTION, named.model_dump(mode="json"))
    return folder


if __name__ == "__main__":
    named, *folders = sys.argv[1:]
    write_part(named, Path(folders[0]), Path(folders[1]) if folders[1:] else None)
