"""The municipalities' own figures: from an archived submission to rows.

Belongs here: reading what was archived. Nothing is fetched: a municipality submits a file, and its rows are archived
after every cell has been validated (`pipelines/submissions`). The archive holds the rows of a template with small
numbers already suppressed, not the file itself: the archive is permanent and may be copied, so nothing that must not
be published may enter it.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.datasets import datasets
from pipelines.sources.tabular import Parsed, Part, read_table, write_parts
from pipelines.storage.archive import Archive, Fetch


def check(dataset: str) -> None:
    """There is nothing to validate: submissions are not requested, and their columns are validated with the
    publisher.
    """


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of a submission. Columns: those declared, and `source_file_sha256`; any other is an error.

    Raises:
        SourceError: the archived bytes are damaged, or do not match the declaration.
    """
    parts = []
    for file in fetched.files:
        name = f"{fetched.dataset}.csv"
        parts.append(Part(name, file.sha256, read_table(archive.read_path(file.sha256), name)))
    return write_parts(parts, datasets()[fetched.dataset], target, fetched.dataset, strict=True)
