"""Files without an API: a person puts them into the dataset's inbox, and they are fetched from there.

Belongs here: archiving such files, and parsing archived ones into rows. Does not belong here: reading a workbook by
its layout (`layout_reader.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.sources.area_names import municipalities
from pipelines.sources.fetch_context import Context
from pipelines.sources.layout_model import Layouts
from pipelines.sources.layout_reader import read_workbook
from pipelines.sources.tabular import Parsed, Part, write_parts
from pipelines.storage.archive import Archive, Fetch, Promise

_SCHEME = "inbox:"


def fetch_files(context: Context, dataset: str) -> Fetch | None:
    """Archive every file of the dataset's inbox; None when it is empty.

    The promise is partial: a file for one year says nothing about the others, so nothing is withdrawn.
    """
    files = context.inbox(dataset)
    if not files:
        return None
    journal = context.journal(dataset, "inbox")
    for path in files:
        try:
            body = path.read_bytes()
        except OSError as error:
            raise SourceError(
                "a file of the inbox cannot be read",
                where=str(path),
                expected="a file that this user may read",
                found=str(error.strerror),
                remedy="make it readable, or take it away",
            ) from error
        journal.add(path.name, f"{_SCHEME}{path.name}", body)
    return journal.finish([path.name for path in files], Promise(rows=0, complete=False))


def write_files(
    fetched: Fetch,
    archive: Archive,
    target: Path,
    layouts: Layouts,
    shaped: Callable[[pl.DataFrame, str], pl.DataFrame] = lambda frame, _: frame,
) -> Parsed:
    """Write the rows of archived files, read by their layouts.

    Args:
        shaped: converts the rows of a file, and its name, to the declared columns.

    Raises:
        SourceError: a file lacks, or holds, something that its layout does not know.
    """
    declared = datasets()[fetched.dataset]
    by_name = any(layout.area_by == "name" for layout in layouts.layouts)
    areas = municipalities(archive) if by_name else {}
    parts, new, differences, left_out = [], set[str](), list[str](), list[str]()
    for name, sha256, body in named_files(fetched, archive):
        reading = read_workbook(body, name, layouts, areas)
        new |= reading.new
        differences += reading.differences or ()
        left_out += [f"{name}: {row}" for row in reading.left_out]
        parts.append(Part(name, sha256, shaped(reading.frame, name).select(*declared.columns).lazy()))
    parsed = write_parts(parts, declared, target, fetched.dataset)
    summed = any(layout.summed for layout in layouts.layouts)
    return Parsed(parsed.new_fields | new, tuple(differences) if summed else None, tuple(left_out))


def named_files(fetched: Fetch, archive: Archive) -> Iterator[tuple[str, str, bytes]]:
    """Name, hash and bytes of each archived file."""
    for record in fetched.files:
        yield record.url.removeprefix(_SCHEME), record.sha256, archive.read_path(record.sha256).read_bytes()
