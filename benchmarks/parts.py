"""What a release holds beside its tables, measured by itself: `python -m benchmarks.parts RELEASE`.

Belongs here: one part of one release, written into a copy of its tables; `PART FOLDER [BEFORE]` is the process that
does it. Does not belong here: the budgets, which hold for a release as a whole.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Measured, measure
from pipelines.release.package_and_pages import PARTS, write_part
from pipelines.storage import release_pointer
from pipelines.storage.files import write_json
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION


def measure_part(part: str, release: Path, work: Path) -> Iterator[tuple[str, Measured]]:
    """A part of a release written for the first time, and again in a release of another name with the same figures."""
    first, again = (_tables(release, work / part / n) for n in ("first", "again"))
    step = [sys.executable, "-m", "benchmarks.parts", part]
    yield f"{part}, first", measure([*step, str(first)])
    yield f"{part}, after a release of the same figures", measure([*step, str(again), str(first)])


def _tables(release: Path, folder: Path) -> Path:
    (folder / "parquet").mkdir(parents=True)
    for path in (release / DATABASE, *release.glob("parquet/*.parquet")):
        os.link(path, folder / path.relative_to(release))
    named = release_pointer.info(release).model_copy(update={"release_id": folder.name})
    write_json(folder / DESCRIPTION, named.model_dump(mode="json"))
    return folder


def main() -> None:
    """Measure every part of a release, or write one."""
    named, *folders = sys.argv[1:]
    if folders:
        write_part(named, Path(folders[0]), Path(folders[1]) if folders[1:] else None)
        return
    release = Path(named).resolve()
    with tempfile.TemporaryDirectory(prefix="nyckeltal-parts-", dir=release.parent) as work:
        for part in PARTS:
            for what, m in measure_part(part, release, Path(work)):
                print(f"{what}: {m.cpu_seconds:.1f} CPU s, {m.seconds:.1f} s, peak {m.peak_mb:.0f} MiB, exit {m.code}")


if __name__ == "__main__":
    main()
