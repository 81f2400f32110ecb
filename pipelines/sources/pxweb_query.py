"""A query to a PxWeb server, and splitting it into queries that are not too large.

Belongs here: which cells are requested, and the plan with the fewest requests. Does not belong here: requests
(`pxweb.py`), or responses (`pxweb_answers.py`). It knows no publisher.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.errors import SourceError


@dataclass(frozen=True)
class Query:
    """The cells of a table: every combination of the chosen codes.

    `codes` holds the codes of each variable that is chosen; a variable that is left out is summed by the server.
    `codelists` names the server's list of codes (`agg_…`, `vs_…`) for variables whose codes are not the table's own.
    """

    codes: Mapping[str, tuple[str, ...]]
    codelists: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """The number of cells in the query."""
        return math.prod(len(codes) for codes in self.codes.values())

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that are equal for equal queries, whatever the order of variables."""
        text = json.dumps([dict(self.codes), dict(self.codelists)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def split(query: Query, limit: int, whole: Collection[str] = ()) -> list[Query]:
    """Cut a query into the fewest parts of at most `limit` cells, by cutting variables into nearly equal runs.

    Args:
        whole: variables that must not be cut, so that each part holds all their codes.

    Returns:
        Parts that hold each cell exactly once. Of cuts that are equally few, the one that leaves small variables alone.

    Raises:
        SourceError: the variables that must stay whole hold more than `limit` cells.
    """
    order = sorted(query.codes, key=lambda v: (v not in whole, len(query.codes[v]), v))
    fixed = sum(1 for v in order if v in whole)
    pieces = _fewest([len(query.codes[v]) for v in order], fixed, limit)
    if pieces is None:
        raise SourceError(
            "a question cannot be cut small enough",
            where=", ".join(f"{v}: {len(query.codes[v])} codes" for v in order[:fixed]) or "a single cell",
            expected=f"at most {limit} cells, as the server allows",
            found=f"{math.prod(len(query.codes[v]) for v in order[:fixed])} cells that belong together",
            remedy="declare fewer categories for the variables that are kept together",
        )
    number = dict(zip(order, pieces, strict=True))
    runs = [list(_runs(codes, number[v])) for v, codes in query.codes.items()]
    return [Query(dict(zip(query.codes, part, strict=True)), query.codelists) for part in itertools.product(*runs)]


def _runs(codes: tuple[str, ...], number: int) -> Iterator[tuple[str, ...]]:
    for i in range(number):
        yield codes[i * len(codes) // number : (i + 1) * len(codes) // number]


def _fewest(sizes: Sequence[int], fixed: int, limit: int) -> tuple[int, ...] | None:
    """In how many runs to cut each variable; the first `fixed` ones stay whole. Branch and bound; None: impossible."""
    best: tuple[int, ...] | None = None
    fewest = math.inf

    def search(chosen: tuple[int, ...], room: int) -> None:
        nonlocal best, fewest
        i, parts = len(chosen), math.prod(chosen)
        if i == len(sizes):
            best, fewest = chosen, parts
            return
        rest = math.prod(sizes[i:])
        for number in range(1, 2 if i < fixed else sizes[i] + 1):
            longest = -(-sizes[i] // number)
            if longest > room or (number > 1 and longest == -(-sizes[i] // (number - 1))):
                continue
            after = room // longest
            # A lower bound on the parts: each of the rest takes at most `after` cells.
            if parts * number * max(1, -(-(rest // sizes[i]) // after)) >= fewest:
                if parts * number >= fewest:
                    break
                continue
            search((*chosen, number), after)

    if all(sizes) and limit > 0:
        search((), limit)
    return best
