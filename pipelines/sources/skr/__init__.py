"""Sveriges Kommuner och Regioner: price indices and personnel, as workbooks from the inbox.

Belongs here: fetching and parsing them. Does not belong here: the layouts of their sheets (`declaration.yml`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from indicators.load.catalogue import validated
from pipelines.datasets import datasets, declaration_of
from pipelines.errors import SourceError
from pipelines.sources.fetch_context import Context
from pipelines.sources.inbox import fetch_files, write_files
from pipelines.sources.layout_model import Layouts
from pipelines.sources.tabular import Parsed
from pipelines.storage.archive import Archive, Fetch

_PRICES = "skr.prisindex"


def check(dataset: str) -> None:
    """Validate the layouts of the dataset's files.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    _layouts(dataset)


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Archive the files of the inbox; None when there are none."""
    return fetch_files(context, dataset)


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of archived files.

    Raises:
        SourceError: a file holds what its layout does not declare, or an issue without any known index.
    """
    shaped = {"shaped": _prices} if fetched.dataset == _PRICES else {}
    return write_files(fetched, archive, target, _layouts(fetched.dataset), **shaped)


def _layouts(dataset: str) -> Layouts:
    return validated(declaration_of(dataset), Layouts, datasets()[dataset].live, where=f"{dataset}: live.")


def _prices(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Indices by issue; years that an issue has no figure for are no rows."""
    found = frame.rename({"series_id": "index_id"}).drop_nulls("value")
    if found.is_empty():
        raise SourceError("the file holds no index", where=name, expected="PKV, LPIK or OPI", found="no figures")
    return found
