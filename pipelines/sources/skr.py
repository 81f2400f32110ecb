"""Sveriges Kommuner och Regioner: price indices and personnel, as workbooks from the inbox.

Belongs here: fetching and parsing them. Does not belong here: how their sheets are laid out (`skr.yml`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from indicators.load import validated
from pipelines.archive import Archive, Fetch
from pipelines.errors import SourceError
from pipelines.sources.context import Context
from pipelines.sources.inbox import fetch_files, named_files
from pipelines.sources.layout import read_layout
from pipelines.sources.layout_model import Layouts
from pipelines.sources.model import HOME, datasets
from pipelines.sources.tabular import Part, write_parts

_PRICES = "skr.prisindex"


def check(dataset: str) -> None:
    """Read how the dataset's files are laid out.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    _layouts(dataset)


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Take the files of the inbox; None when there are none."""
    return fetch_files(context, dataset)


def parse(fetched: Fetch, archive: Archive, target: Path) -> None:
    """Write the rows of archived files.

    Raises:
        SourceError: a file holds what its layout does not know, or an issue without any known index.
    """
    declared = datasets()[fetched.dataset]
    layouts = _layouts(fetched.dataset)
    parts = []
    for name, sha256, body in named_files(fetched, archive):
        frame = read_layout(body, name, layouts)
        if fetched.dataset == _PRICES:
            frame = _prices(frame, name)
        parts.append(Part(name, sha256, frame.select(*declared.columns).lazy()))
    write_parts(parts, declared, target, fetched.dataset)


def _layouts(dataset: str) -> Layouts:
    return validated(HOME / "skr.yml", Layouts, datasets()[dataset].live, where=f"{dataset}: live.")


def _prices(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Indices by issue; years that an issue has no figure for are no rows."""
    found = frame.rename({"series_id": "index_id"}).drop_nulls("value")
    if found.is_empty():
        raise SourceError("the file holds no index", where=name, expected="PKV, LPIK or OPI", found="no figures")
    return found
