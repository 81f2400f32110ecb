"""Small numbers: which values of one municipality and year must not be told.

Belongs here: pure functions on cells and sums. Does not belong here: what the cells are called (`facts.py`).

A value with fewer than five persons behind it is suppressed; so is a number of persons of one to four, while none is
told as none. Where a sum would give a suppressed value away, more values are suppressed, the smallest first and sums
last, until three things hold of what is left to be read: no suppressed value follows from the sums by arithmetic; what
a sum hides is five persons or more, so that nobody can be pointed at within it; and where a value was not given, what
a sum tells of it is no small number either. A share of all is a mean of those of women and men, whose weights can be
guessed at, so none of the three is suppressed alone. Each submission is judged by itself: what an earlier one has told
stays told. (The problem and its names: Hundepool and others, Statistical
Disclosure Control, Wiley 2012. With so few cells a greedy choice is enough.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 5
_NOTHING = 1e-9  # what rounding leaves of a zero

Key = tuple[str, str]  # series and sex


@dataclass(frozen=True)
class Cell:
    """A value (None when it was not given), and the number of persons behind it.

    `is_count`: the value is itself the number of persons.
    """

    value: float | None
    persons: float | None
    is_count: bool = False

    @property
    def is_small(self) -> bool:
        """Whether the value is to be suppressed for its own sake; so it is when nobody knows how many are behind it."""
        if self.value is None or (self.is_count and self.value == 0):
            return False
        return self.persons is None or self.persons < FEWEST

    @property
    def is_of_few(self) -> bool:
        """Whether one to four persons are behind the value, also where it was not given."""
        return self.persons is not None and 0 < self.persons < FEWEST


@dataclass(frozen=True)
class Sum:
    """A cell that is the sum of others; or, when `weighted`, their mean with weights that can be guessed at."""

    total: Key
    parts: tuple[Key, ...]
    weighted: bool = False

    @property
    def keys(self) -> tuple[Key, ...]:
        """The parts, and the total last."""
        return (*self.parts, self.total)


def suppressed(cells: Mapping[Key, Cell], sums: Sequence[Sum]) -> frozenset[Key]:
    """Which cells of one municipality and year are suppressed.

    Args:
        cells: every cell that the sums name, those without a value too. sums: each holds exactly, but for rounding.
    """
    hidden = {key for key, cell in cells.items() if cell.is_small}
    while candidates := next(_exposed(cells, sums, hidden), None):
        hidden.add(min(candidates, key=lambda key: _reluctance(key, cells, sums)))
    return frozenset(hidden)


def _exposed(cells: Mapping[Key, Cell], sums: Sequence[Sum], hidden: Collection[Key]) -> Iterator[list[Key]]:
    """For each weakness that is left: the cells of which one more may be suppressed. Empty lists are passed over."""
    for one in sums:
        told = [k for k in one.keys if _is_told(cells, hidden, k)]
        if told and _gives_away(cells, one, hidden):
            yield told
    every = [k for one in sums for k in one.keys if _is_told(cells, hidden, k)]
    for key in _determined(cells, sums, hidden):
        near = [k for one in sums if key in one.keys for k in one.keys if _is_told(cells, hidden, k)]
        if near or every:
            yield near or every


def _gives_away(cells: Mapping[Key, Cell], one: Sum, hidden: Collection[Key]) -> bool:
    """Whether this sum alone tells a suppressed value, or that what it hides is small."""
    unknown = [k for k in one.keys if not _is_told(cells, hidden, k)]
    if len(unknown) == 1 and (unknown[0] in hidden or (one.weighted and cells[unknown[0]].is_of_few)):
        return True
    if one.weighted or not unknown or one.total in unknown:
        return False
    rest = _value(cells, one.total) - sum(_value(cells, k) for k in one.parts if k not in unknown)
    if cells[one.total].is_count:
        return _NOTHING < rest < FEWEST
    return rest <= _NOTHING and any(k in hidden for k in unknown)  # nothing is left, so each of them is nothing


def _determined(cells: Mapping[Key, Cell], sums: Sequence[Sum], hidden: Collection[Key]) -> Iterator[Key]:
    """Suppressed cells, and small numbers that were not given, that follow from all sums together.

    An unknown is determined when no solution of the homogeneous equations changes it.
    """
    sums = [one for one in sums if not one.weighted]
    unknown = sorted({k for one in sums for k in one.keys if not _is_told(cells, hidden, k)})
    if not unknown:
        return
    place = {key: i for i, key in enumerate(unknown)}
    equations = np.zeros((len(sums), len(unknown)))
    right = np.zeros(len(sums))
    for row, one in enumerate(sums):
        for key in one.keys:
            sign = -1.0 if key == one.total else 1.0
            if key in place:
                equations[row, place[key]] += sign
            else:
                right[row] -= sign * _value(cells, key)
    _, sizes, directions = np.linalg.svd(equations)
    free = directions[int(np.sum(sizes > _NOTHING)) :]
    solution = np.linalg.lstsq(equations, right, rcond=None)[0]
    for key, i in place.items():
        follows = not np.any(np.abs(free[:, i]) > _NOTHING)
        is_small = cells[key].is_count and _NOTHING < solution[i] < FEWEST - _NOTHING
        if follows and (key in hidden or is_small):
            yield key


def _is_told(cells: Mapping[Key, Cell], hidden: Collection[Key], key: Key) -> bool:
    return key not in hidden and cells[key].value is not None


def _value(cells: Mapping[Key, Cell], key: Key) -> float:
    return cells[key].value or 0.0


def _reluctance(key: Key, cells: Mapping[Key, Cell], sums: Sequence[Sum]) -> tuple[bool, int, float, Key]:
    """What is suppressed last: nothings, which protect nobody; then sums of sums, sums, and large values."""
    value = _value(cells, key)
    return value == 0, sum(one.total == key for one in sums), value, key
