"""Made-up regions: sets of municipalities that lie together as the treated ones do, drawn at random.

Belongs here: the parts that a set of municipalities falls into, and growing sets of as many elsewhere. Does not belong
here: what an estimate is among those of the sets (`permuted.py`), which municipalities are neighbours
(`registers/neighbours.yml`).

Municipalities that lie together share shocks: a region, a labour market, a wave of the pandemic. A treated region is
therefore held against regions. A set grows from a municipality at random, first through its own county and then across
the border, because what acts on whole regions follows counties. Where the treated lie scattered, so do the sets, each
municipality a part of its own.

Sources: Bertrand, Duflo and Mullainathan (2004), placebo laws; Conley and Taber (2011), the distribution of an estimate
with few treated groups from those that were not treated; Barrios, Diamond, Imbens and Kolesár (2012), clustering beyond
county and state, and randomisation by region.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indicators.statistics.prewhitened import Integers

FEWEST_OF_A_REGION = 5
_TRIES = 50
_SEED = 20210101

Neighbourhood = Mapping[str, frozenset[str]]
Labels = NDArray[np.int8]


class Ground(NamedTuple):
    """The municipalities that sets may grow over.

    `areas`: those that may be taken; `measured`: which of them count, for others may be passed but are in no panel.
    """

    areas: tuple[str, ...]
    measured: frozenset[str]
    neighbours: Neighbourhood


def neighbourhood(pairs: Iterable[tuple[str, str]]) -> Neighbourhood:
    """The neighbours of each municipality, in both directions."""
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {area: frozenset(others) for area, others in found.items()}


def parts_of(areas: Collection[str], neighbours: Neighbourhood) -> list[tuple[str, ...]]:
    """The connected parts of a set of municipalities, the largest first."""
    left, parts = set(areas), []
    while left:
        part, frontier = set[str](), {min(left)}
        while frontier:
            part |= frontier
            frontier = {other for area in frontier for other in neighbours.get(area, ()) if other in left} - part
        left -= part
        parts.append(tuple(sorted(part)))
    return sorted(parts, key=lambda part: (-len(part), part))


def regions_at_random(ground: Ground, sizes: Sequence[int], draws: int) -> list[tuple[tuple[str, ...], ...]]:
    """Sets of the given numbers of measured municipalities, each set connected and none overlapping in a draw.

    Returns:
        For each draw the measured municipalities of each part, in the order of `sizes`; fewer draws, perhaps none,
        where the ground is too small to grow them on.
    """
    chance, grown = np.random.default_rng(_SEED), []
    places = {area: place for place, area in enumerate(ground.areas)}
    near = [[places[o] for o in sorted(ground.neighbours.get(area, ())) if o in places] for area in ground.areas]
    counts = [area in ground.measured for area in ground.areas]
    starts = np.flatnonzero(counts)
    if sum(sizes) > len(starts):
        return []
    for _ in range(draws * 2):
        found = _draw(near, counts, [area[:2] for area in ground.areas], starts, sizes, chance)
        if found is not None:
            grown.append(tuple(tuple(ground.areas[place] for place in part) for part in found))
        if len(grown) == draws:
            break
    return grown


def counties_at_random(ground: Ground, parts: int) -> list[tuple[tuple[str, ...], ...]]:
    """Whole counties as made-up regions: each county once in each part's place, beside different others."""
    held: dict[str, list[str]] = {}
    for area in ground.areas:
        if area in ground.measured:
            held.setdefault(area[:2], []).append(area)
    counties = [tuple(members) for _, members in sorted(held.items()) if len(members) >= FEWEST_OF_A_REGION]
    if parts > len(counties):
        return []
    order = np.random.default_rng(_SEED).permutation(len(counties))
    return [
        tuple(counties[order[(first + step) % len(counties)]] for step in range(parts))
        for first in range(len(counties))
    ]


def _draw(
    near: list[list[int]], counts: list[bool], county: list[str], starts: Integers, sizes: Sequence[int],
    chance: np.random.Generator,
) -> list[list[int]] | None:  # fmt: skip
    taken: set[int] = set()
    found = []
    for size in sizes:
        for _ in range(_TRIES):
            start = int(starts[int(chance.random() * len(starts))])
            grown = None if start in taken else _grow(start, near, counts, county, taken, size, chance)
            if grown is not None:
                break
        else:
            return None
        taken |= grown
        found.append([place for place in sorted(grown) if counts[place]])
    return found


def _grow(
    start: int, near: list[list[int]], counts: list[bool], county: list[str], taken: set[int], size: int,
    chance: np.random.Generator,
) -> set[int] | None:  # fmt: skip
    """A connected set of `size` counted places from `start`, or None where it cannot grow so far."""
    grown, home, border, seen = {start}, county[start], set[int](), {start}
    left, place = size - 1, start
    while left:
        opened = [other for other in near[place] if other not in seen and other not in taken]
        seen.update(opened)
        border.update(opened)
        if not border:
            return None
        choice = sorted(other for other in border if county[other] == home) or sorted(border)
        place = choice[int(chance.random() * len(choice))]
        home = county[place]
        border.remove(place)
        grown.add(place)
        left -= counts[place]
    return grown
