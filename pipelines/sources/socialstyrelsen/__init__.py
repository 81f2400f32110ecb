"""Socialstyrelsen: the statistics interface, and files from the inbox.

Belongs here: fetching and parsing both (`rest` for the interface). Does not belong here: how sheets are laid out, or
which words are asked for (`socialstyrelsen.yml`).
"""

from __future__ import annotations

from pathlib import Path

from indicators.load import validated
from pipelines.archive import Archive, Fetch
from pipelines.sources.context import Context
from pipelines.sources.inbox import fetch_files, named_files
from pipelines.sources.layout import read_layout
from pipelines.sources.layout_model import Layouts
from pipelines.sources.model import HOME, datasets
from pipelines.sources.socialstyrelsen import rest
from pipelines.sources.tabular import Part, write_parts


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


def parse(fetched: Fetch, archive: Archive, target: Path) -> None:
    """Write the rows of archived answers or files.

    Raises:
        SourceError: one holds what is not declared.
    """
    if fetched.dataset == rest.DATASET:
        rest.parse(fetched, archive, target)
        return
    declared = datasets()[fetched.dataset]
    layouts = _layouts(fetched.dataset)
    parts = [
        Part(name, sha256, read_layout(body, name, layouts).select(*declared.columns).lazy())
        for name, sha256, body in named_files(fetched, archive)
    ]
    write_parts(parts, declared, target, fetched.dataset)


def _layouts(dataset: str) -> Layouts:
    return validated(HOME / "socialstyrelsen.yml", Layouts, datasets()[dataset].live, where=f"{dataset}: live.")
