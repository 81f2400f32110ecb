"""Socialstyrelsen: the statistics API, and files from the inbox.

Belongs here: fetching and parsing both (`rest` for the API). Does not belong here: the layouts of sheets, or which
terms are requested (`declaration.yml`).
"""

from __future__ import annotations

from pathlib import Path

from indicators.load.catalogue import validated
from pipelines.datasets import datasets, declaration_of
from pipelines.sources.fetch_context import Context
from pipelines.sources.inbox import fetch_files, write_files
from pipelines.sources.layout_model import Layouts
from pipelines.sources.socialstyrelsen import rest
from pipelines.sources.tabular import Parsed
from pipelines.storage.archive import Archive, Fetch


def check(dataset: str) -> None:
    """Validate how the dataset is requested, or the layouts of its files.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    if dataset == rest.DATASET:
        rest.check()
    else:
        _layouts(dataset)


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Request the API, or archive the files of the inbox; None when there is nothing to fetch.

    Raises:
        SourceError: it could not be fetched completely.
    """
    return rest.fetch(context) if dataset == rest.DATASET else fetch_files(context, dataset)


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of archived responses or files; returns undeclared columns and sheets of files.

    Raises:
        SourceError: one holds something undeclared.
    """
    if fetched.dataset == rest.DATASET:
        return rest.parse(fetched, archive, target)
    return write_files(fetched, archive, target, _layouts(fetched.dataset))


def _layouts(dataset: str) -> Layouts:
    return validated(declaration_of(dataset), Layouts, datasets()[dataset].live, where=f"{dataset}: live.")
