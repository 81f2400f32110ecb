"""Where in one of SCB's archived answers a row stands.

Belongs here: the cell of a fact or of a month, or the two cells that a total is added up of. Does not belong here:
cells as rows (`parsing.py`), whose meaning of codes is used here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from pipelines.sources.pxweb import VERSIONS
from pipelines.sources.pxweb_answers import CONTENTS
from pipelines.sources.scb.archived_tables import read_back
from pipelines.sources.scb.declared import live_of
from pipelines.sources.scb.parsing import facts
from pipelines.sources.scb.resolve import ResolvedPart
from pipelines.storage.archive import Archive, Fetch

Found = tuple[str, dict[str, Any]]  # the path in the answer, and the cell: its codes, value and sign


def find_cells(fetched: Fetch, archive: Archive, sha256: str, key: tuple[Any, ...]) -> list[Found]:
    """The cells of one archived answer that a row is made of: one, or women's and men's for a total of both.

    Raises:
        SourceError: the archived answers are damaged, or are not what the declaration asks for.
    """
    live = live_of(fetched.dataset)
    for name, (table, kept, _, asked) in read_back(archive, fetched, live).items():
        for number, part in enumerate(asked):
            for record in kept.data[number, part.query.digest]:
                if record.sha256 != sha256:
                    continue
                body = archive.read_path(sha256).read_bytes()
                cells = VERSIONS[table.api].read_cells(body).frame
                is_month = live.rows == "months"
                meant = _months(part, cells) if is_month else _facts(part, cells, live.statuses, name)
                if found := list(_found(part, cells, meant, key, body)):
                    return found
    return []


def _facts(part: ResolvedPart, cells: pl.DataFrame, statuses: Any, name: str) -> list[tuple[Any, ...]]:
    """The key of each cell, in order."""
    rows = facts(replace(part, is_summed=False), cells, statuses, name)
    return rows.select("series_id", "area_id", "year", "sex").rows()


def _months(part: ResolvedPart, cells: pl.DataFrame) -> list[tuple[Any, ...]]:
    return [(part.series, int(time[:4]), int(time[5:7])) for time in cells[part.time]]


def _found(
    part: ResolvedPart, cells: pl.DataFrame, meant: list[tuple[Any, ...]], key: tuple[Any, ...], body: bytes
) -> Iterator[Found]:
    is_sum = part.is_summed and key[-1] == "T"
    for place, own in enumerate(meant):
        if own == key or (is_sum and own[:-1] == key[:-1]):
            yield _path(cells, place, body), cells.row(place, named=True)


def _path(cells: pl.DataFrame, place: int, body: bytes) -> str:
    """The path of a cell: in json-stat2 by its number, in the older JSON by its row and its column of contents."""
    answer = json.loads(body.decode("utf-8-sig"))
    if "data" not in answer:
        return f"value[{place}]"
    contents = cells[CONTENTS].unique(maintain_order=True).len() if CONTENTS in cells.columns else 1
    rows = cells.height // contents
    return f"data[{place % rows}].values[{place // rows}]"
