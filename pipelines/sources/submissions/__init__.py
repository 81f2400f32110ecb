"""The municipalities' own figures: from an archived submission to rows.

Belongs here: reading what was archived. Nothing is fetched: a submission is handed in (`submissions`), after it
has been judged cell by cell (`pipelines/submissions`). What is archived are the rows of a template with small
numbers taken away already, not the file that was handed in: the archive is kept for ever and copied freely, so what
may not be published may not enter it either.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.datasets import datasets
from pipelines.sources.tabular import Parsed, Part, read_table, write_parts
from pipelines.storage.archive import Archive, Fetch


def check(dataset: str) -> None:
    """Nothing is declared of how submissions are asked for; their columns are read with the publisher."""


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of a submission. Columns: those declared, and `source_file_sha256`; any other is an error.

    Raises:
        SourceError: the archived bytes are damaged, or are not as declared.
    """
    parts = []
    for file in fetched.files:
        name = f"{fetched.dataset}.csv"
        parts.append(Part(name, file.sha256, read_table(archive.read_path(file.sha256), name)))
    return write_parts(parts, datasets()[fetched.dataset], target, fetched.dataset, strict=True)
