"""Cell suppression: which values of one municipality and year must not be published.

Belongs here: pure functions on cells and relations. Does not belong here: the cells of a template (`facts.py`), or
what a reader can infer (`audit.py`).

Primary suppression: a value with fewer than five persons behind it; so is a number of persons of one to four, while
zero is published as zero. Secondary (complementary) suppression: further values, until the audit finds nothing that
can be inferred. Of all sets of values that are sufficient, the one with the least loss is taken: a value for both
sexes counts as the women's and the men's together, a sum as its parts together. Which set that is depends on the sizes
of values only through the audit, never by "the smallest first", which would itself reveal something about the sizes;
and a zero is never suppressed, since a reader who knows that zeros are published would rely on it. (Hundepool and
others, *Statistical Disclosure Control*, Wiley 2012, chapter 4. With so few cells the best set is found by trying
all.)
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.disclosure.audit import FEWEST, Key, Kind, Relation, Seen, Sum, components, is_exposed

_MOST_TRIED = 300  # sets of values that are tried; beyond that every value of the component is suppressed
_MOST = 10.0**9


@dataclass(frozen=True)
class Cell:
    """A value (None when it was not given), and the number of persons behind it.

    `most`: upper bound of the value. `is_fixed`: the value was published before, so that suppressing it would protect
    nothing. `was_suppressed`: a value of an earlier submission, suppressed then and not given now; it is unknown here.
    """

    value: float | None
    persons: float | None
    kind: Kind = "persons"
    most: float = _MOST
    is_fixed: bool = False
    was_suppressed: bool = False

    @property
    def is_small(self) -> bool:
        """Whether the value is a primary suppression; so it is when the number of persons behind it is unknown."""
        if self.value is None or (self.kind == "persons" and self.value == 0):
            return False
        return self.persons is None or self.persons < FEWEST or self._is_of_few

    @property
    def _is_of_few(self) -> bool:
        """Whether a share, times its persons, is one to four persons."""
        if self.kind != "share" or self.value is None or self.persons is None:
            return False
        return 0 < round(self.value * self.persons / 100) < FEWEST

    @property
    def is_small_number(self) -> bool:
        """Whether it is one to four persons itself, or stands for so many."""
        return self._is_of_few or (self.kind == "persons" and self.value is not None and 0 < self.value < FEWEST)

    @property
    def can_be_hidden(self) -> bool:
        """Whether suppressing it would keep anything from readers."""
        return self.value is not None and not self.is_fixed and not (self.kind == "persons" and self.value == 0)

    def seen(self, *, suppressed: bool) -> Seen:
        """The cell as a reader sees it."""
        if self.value is None or (suppressed and not self.is_fixed):
            return Seen(None, suppressed or self.was_suppressed, self.kind, self.most)
        return Seen(self.value, False, self.kind, self.most)


def suppressed(cells: Mapping[Key, Cell], relations: Sequence[Relation]) -> frozenset[Key]:
    """Which cells of one municipality and year are suppressed.

    Args:
        cells: every cell that the relations name, those without a value too. relations: what always holds between
        them.
    """
    hidden = {key for key, cell in cells.items() if cell.is_small}
    for members, related in components(cells, relations):
        part = {key: cells[key] for key in sorted(members)}
        hidden |= _more(part, related, hidden & members)
    return frozenset(hidden)


def as_seen(cells: Mapping[Key, Cell], hidden: Collection[Key]) -> dict[Key, Seen]:
    """Cells as a reader sees them."""
    return {key: cell.seen(suppressed=key in hidden) for key, cell in cells.items()}


def _more(cells: Mapping[Key, Cell], relations: Sequence[Relation], hidden: Collection[Key]) -> frozenset[Key]:
    """What is suppressed besides `hidden`: the lightest set that leaves nothing to infer; all, when none does."""
    small = [key for key in hidden if cells[key].is_small_number]
    candidates = [key for key, cell in cells.items() if key not in hidden and cell.can_be_hidden]
    weights = {key: _weight(key, relations) for key in candidates}
    for tried, chosen in enumerate(_by_weight(weights)):
        if tried == _MOST_TRIED:
            break
        if not is_exposed(as_seen(cells, {*hidden, *chosen}), relations, small):
            return frozenset(chosen)
    return frozenset(candidates)


def _weight(key: Key, relations: Sequence[Relation]) -> int:
    """The loss with a value: the sum of its parts' losses; one when it is no sum."""
    sums = [one for one in relations if isinstance(one, Sum) and one.total == key]
    return max((sum(_weight(part, relations) for part in one.parts) for one in sums), default=1)


def _by_weight(weights: Mapping[Key, int]) -> Iterator[tuple[Key, ...]]:
    """Every set of keys, ordered by weight, then size, then keys."""
    keys = sorted(weights)
    heap: list[tuple[int, int, tuple[Key, ...], int]] = [(0, 0, (), 0)]
    while heap:
        weight, size, chosen, first = heapq.heappop(heap)
        yield chosen
        for place in range(first, len(keys)):
            key = keys[place]
            heapq.heappush(heap, (weight + weights[key], size + 1, (*chosen, key), place + 1))
