"""Socialstyrelsen: the statistics interface, and files from the inbox.

Belongs here: fetching and parsing both (`rest` for the interface). Does not belong here: how sheets are laid out, or
which words are asked for (`socialstyrelsen.yml`).
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
    """Read how the dataset is asked for, or how its files are laid out.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    if dataset == rest.DATASET:
        rest.check()
    else:
        _layouts(dataset)


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Ask the interface, or take the files of the inbox; None when there is nothing to be had.

    Raises:
        SourceError: it could not be had whole.
    """
    return rest.fetch(context) if dataset == rest.DATASET else fetch_files(context, dataset)


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of archived answers or files; returns columns and sheets of files that are not declared.

    Raises:
        SourceError: one holds what is not declared.
    """
    if fetched.dataset == rest.DATASET:
        return rest.parse(fetched, archive, target)
    return write_files(fetched, archive, target, _layouts(fetched.dataset))


def _layouts(dataset: str) -> Layouts:
    return validated(declaration_of(dataset), Layouts, datasets()[dataset].live, where=f"{dataset}: live.")
