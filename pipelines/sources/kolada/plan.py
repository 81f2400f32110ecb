"""Plans the fewest requests. Belongs here: pure functions over ids and counts, nothing about the network.

A request takes at most `max_ids` ids in each segment, and a response comes in pages of `page_items` items. The cost is
the number of pages, so half-empty last pages are what can be saved.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from math import ceil

_MOST_PAGES = 12
_MARGIN = 1.03  # safety margin: areas differ in their number of years, and an overflowing page costs a request


def spread(ids: Sequence[str]) -> list[str]:
    """The ids in an order in which any run is representative of the whole (van der Corput's sequence).

    Areas of one kind have about as many values, so runs of one kind would fill their pages unevenly.
    """
    digits = len(f"{len(ids):b}")
    return [ids[place] for place in sorted(range(len(ids)), key=lambda n: f"{n:0{digits}b}"[::-1])]


def slices(ids: Sequence[str], size: int) -> list[list[str]]:
    """Runs of at most `size` ids; the shorter one comes first, as the cheapest one to learn from."""
    short = len(ids) % size
    starts = [0, *range(short, len(ids), size)] if short else list(range(0, len(ids), size))
    return [list(ids[a:b]) for a, b in zip(starts, [*starts[1:], len(ids)], strict=True)]


def even(ids: Sequence[str], size: int) -> list[list[str]]:
    """The fewest runs of at most `size` ids, of nearly equal length."""
    runs = ceil(len(ids) / size)
    bounds = [round(n * len(ids) / runs) for n in range(runs + 1)]
    return [list(ids[a:b]) for a, b in itertools.pairwise(bounds)]


def sweep(
    per_area: Mapping[str, float], areas: Sequence[str], page_items: int, max_ids: int
) -> tuple[list[list[str]], list[list[str]]]:
    """Batches of ids and portions of areas that together need the fewest pages found.

    Fewer areas at once can fill the pages better than the most that are allowed, so several sizes are tried.

    Args:
        per_area: expected number of items of each id in one area.
    """
    best, least = ([list(per_area)], [list(areas)]), float("inf")
    for size in range(max_ids, max_ids // 2, -1):
        portions = even(areas, size)
        items = {key: n * max(map(len, portions)) for key, n in per_area.items()}
        batches = pack(items, page_items, max_ids)
        cost = len(portions) * _cost(batches, items, page_items)
        if cost < least:
            best, least = (batches, portions), cost
    return best


def pack(items: Mapping[str, float], page_items: int, max_ids: int) -> list[list[str]]:
    """Batches of ids whose items fill their pages.

    Args:
        items: expected number of items of each id. page_items: items on a full page. max_ids: ids in a batch.

    Returns:
        Batches that together need the fewest pages found: first fit, largest first, over several sizes of batch.
    """
    best: list[list[str]] = []
    for pages in range(1, _MOST_PAGES + 1):
        batches = _first_fit(items, pages * page_items, max_ids)
        if not best or _cost(batches, items, page_items) < _cost(best, items, page_items):
            best = batches
    return [sorted(batch) for batch in best]


def _first_fit(items: Mapping[str, float], capacity: float, max_ids: int) -> list[list[str]]:
    batches: list[list[str]] = []
    loads: list[float] = []
    for key in sorted(items, key=lambda k: (-items[k], k)):
        size = items[key] * _MARGIN
        fits = (n for n, load in enumerate(loads) if load + size <= capacity and len(batches[n]) < max_ids)
        place = next(fits, None)
        if place is None:
            batches.append([key])
            loads.append(size)
        else:
            batches[place].append(key)
            loads[place] += size
    return batches


def _cost(batches: list[list[str]], items: Mapping[str, float], page_items: int) -> int:
    return sum(max(1, ceil(sum(items[key] for key in batch) * _MARGIN / page_items)) for batch in batches)
