"""The audit of statistical disclosure control: what a reader can infer about a value that is not shown.

Belongs here: pure functions on the cells of a table as readers see it, and on the relations that hold between them.
Does not belong here: choosing what more to suppress (`suppression.py`), the cells and relations of a template
(`facts.py`), or reading a release's tables (`quality/disclosure_check.py`).

The method is the auditing step of secondary cell suppression: for every suppressed cell, the smallest and the largest
value that any table consistent with all published values can have there (the *feasibility interval*), found exactly by
integer linear programming, must not be narrower than a declared width (the *sliding protection level*). See Hundepool
and others, *Statistical Disclosure Control* (Wiley 2012), sections 4.3 and 4.4, and Fischetti and Salazar, "Solving the
cell suppression problem on tabular data with linear constraints", Management Science 47 (2001), where the problem is
called the attacker's subproblem.

The reader is assumed to know the rules: a zero is published as zero, so a suppressed number of persons is at least one;
what is suppressed as primary is one to four; a share or an amount is published for five persons or more only, and a
share never when it stands for one to four of them; every declared relation; and how a printed share is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

FEWEST = 5  # persons behind a value that is shown
WIDTH = 2  # the largest number that a suppressed one may be, less the smallest: three numbers are possible at least
_MOST = 10.0**9
_INFEASIBLE = 2  # the solver's status code
_NEAR = 1e-6  # tolerance for the solver's whole numbers

Key = tuple[str, ...]  # series and sex, and area and year where several tables are judged together
Kind = Literal["persons", "amount", "share"]


@dataclass(frozen=True)
class Seen:
    """A cell as a reader sees it: a value, or none, and then whether it was suppressed or never given.

    `most`: upper bound of the value. A share is in per cent.
    """

    value: float | None = None
    suppressed: bool = False
    kind: Kind = "persons"
    most: float = _MOST


@dataclass(frozen=True)
class Sum:
    """A cell that is the sum of others; when `weighted`, a share whose persons are the sum of the parts' persons."""

    total: Key
    parts: tuple[Key, ...]
    weighted: bool = False

    @property
    def keys(self) -> tuple[Key, ...]:
        """The parts, and the total last."""
        return (*self.parts, self.total)


@dataclass(frozen=True)
class AtMost:
    """A cell that is a part of another, and so not larger."""

    part: Key
    whole: Key

    @property
    def keys(self) -> tuple[Key, ...]:
        """Both."""
        return (self.part, self.whole)


@dataclass(frozen=True)
class ShareOf:
    """A share (in per cent) of the persons in another cell, rounded to `decimals`."""

    share: Key
    persons: Key
    decimals: int = 0

    @property
    def keys(self) -> tuple[Key, ...]:
        """Both."""
        return (self.share, self.persons)


@dataclass(frozen=True)
class AmountOf:
    """An amount that stands for the persons in another cell."""

    amount: Key
    persons: Key

    @property
    def keys(self) -> tuple[Key, ...]:
        """Both."""
        return (self.amount, self.persons)


@dataclass(frozen=True)
class Weighted:
    """A sum of cells, each times a number, published within a margin, such as computed indicators and group values."""

    terms: tuple[tuple[float, Key], ...]
    value: float
    margin: float = 0.0

    @property
    def keys(self) -> tuple[Key, ...]:
        """The cells of its terms."""
        return tuple(key for _, key in self.terms)


Relation = Sum | AtMost | ShareOf | AmountOf | Weighted


@dataclass(frozen=True)
class Interval:
    """The smallest and the largest value that a cell can have, given everything that is published."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How far apart they are."""
        return self.high - self.low


@dataclass(frozen=True)
class Exposure:
    """A cell about which a reader can infer too much, and how; `why` never contains the number."""

    key: Key
    interval: Interval
    why: str


def components(keys: Iterable[Key], relations: Iterable[Relation]) -> list[tuple[frozenset[Key], list[Relation]]]:
    """Connected components of cells, each with its relations, in the order of their first keys."""
    group: dict[Key, set[Key]] = {key: {key} for key in keys}
    relations = list(relations)
    for one in relations:
        joined = set().union(*(group.setdefault(key, {key}) for key in one.keys))
        for key in joined:
            group[key] = joined
    distinct = {id(members): members for members in group.values()}
    return [
        (frozenset(members), [one for one in relations if one.keys[0] in members])
        for members in sorted(distinct.values(), key=min)
    ]


def exposures(
    cells: Mapping[Key, Seen], relations: Sequence[Relation], small: Collection[Key] = (), width: int = WIDTH
) -> list[Exposure]:
    """The disclosure risks of a table.

    Args:
        cells: every cell that the relations name. small: the primary suppressed cells, where they are known; a reader
        is then assumed to know them too. width: the minimum width of a small number's interval.

    Returns:
        Suppressed numbers of persons of one to four (or that may be) whose interval is too narrow; numbers that were
        not given but can be inferred to be so small; sums whose hidden parts are one to four persons together;
        suppressed amounts and shares that follow from others. Empty for a table whose every part contradicts itself.
    """
    return list(_exposures(cells, relations, small, width))


def is_exposed(cells: Mapping[Key, Seen], relations: Sequence[Relation], small: Collection[Key]) -> bool:
    """Whether there is any exposure; stops at the first."""
    return next(_exposures(cells, relations, small, WIDTH), None) is not None


def intervals(
    cells: Mapping[Key, Seen], relations: Sequence[Relation], wanted: Sequence[Key], small: Collection[Key] = ()
) -> dict[Key, Interval] | None:
    """Feasibility intervals of cells without a value; for a share, of the number of persons that it stands for.

    Args:
        small: cells that are known to be one to four.

    Returns:
        None when no table is consistent with what is published.
    """
    found = _Program(cells, relations, small).intervals(wanted) if wanted else {}
    if found is None:  # published before its number of persons was corrected: the rule need not hold
        found = _Program(cells, relations, small, is_by_rule=False).intervals(wanted)
    return found


def _exposures(
    cells: Mapping[Key, Seen], relations: Sequence[Relation], small: Collection[Key], width: int
) -> Iterator[Exposure]:
    for members, related in components(cells, relations):
        part = {key: cells[key] for key in sorted(members)}
        if any(cell.suppressed for cell in part.values()) or len({c.value is None for c in part.values()}) > 1:
            yield from _of_component(part, related, small, width)


def _of_component(
    cells: Mapping[Key, Seen], relations: Sequence[Relation], small: Collection[Key], width: int
) -> Iterator[Exposure]:
    for one in relations:
        yield from _by_structure(cells, one)
    unknown = [key for key, cell in cells.items() if cell.value is None]
    known = intervals(cells, relations, unknown)
    if known is None:  # published values contradict one another, as after a partial correction: use each relation alone
        known = {}
        for one in relations:
            alone = [key for key in unknown if key in one.keys]
            for key, interval in (intervals(cells, [one], alone) or {}).items():
                before = known.get(key, interval)
                known[key] = Interval(max(interval.low, before.low), min(interval.high, before.high))
    for key, interval in known.items():
        yield from _narrow(cells, key, interval, width)
    yield from _alone(cells, relations, known)
    strict = [key for key in unknown if key in small and cells[key].kind != "amount"]
    for key, interval in (intervals(cells, relations, strict, strict) or {}).items():
        if interval.width < width:
            yield Exposure(key, interval, "a suppressed number follows from the others once it is known to be small")


def _narrow(cells: Mapping[Key, Seen], key: Key, interval: Interval, width: int) -> Iterator[Exposure]:
    cell = cells[key]
    low, high = interval.low, interval.high
    if cell.kind == "persons":
        is_narrow = high > 0 and low < FEWEST and interval.width < width
        if cell.suppressed and is_narrow:
            yield Exposure(key, interval, "a suppressed number of persons follows from the others")
        elif not cell.suppressed and (is_narrow or (low > 0 and high < FEWEST)):
            yield Exposure(key, interval, "a small number of persons that was not given follows from the others")
    elif cell.kind == "amount" and cell.suppressed and interval.width < max(high / 2, _NEAR):
        yield Exposure(key, interval, "a suppressed amount follows from the others")


def _by_structure(cells: Mapping[Key, Seen], one: Relation) -> Iterator[Exposure]:
    """What a single relation reveals without solving for whole tables."""
    if not isinstance(one, Sum):
        return
    unknown = [key for key in one.keys if cells[key].value is None]
    whole = cells[one.total].value
    if not unknown or whole is None or cells[one.total].kind != "persons":
        return
    rest = whole - sum(cells[key].value or 0 for key in one.parts)
    if _NEAR < rest < FEWEST:
        yield Exposure(unknown[0], Interval(0, rest), "what a sum hides is fewer than five persons together")


def _alone(
    cells: Mapping[Key, Seen], relations: Sequence[Relation], known: Mapping[Key, Interval]
) -> Iterator[Exposure]:
    """Shares of few persons that others reveal: the share of all is a mean whose weights can be guessed."""
    behind = {one.share: one.persons for one in relations if isinstance(one, ShareOf)}
    for one in relations:
        unknown = [key for key in one.keys if cells[key].value is None]
        if not (isinstance(one, Sum) and one.weighted and len(unknown) == 1):
            continue
        (share,) = unknown
        persons = behind.get(share)
        is_of_few = persons is not None and persons in known and known[persons].low < FEWEST
        if cells[share].suppressed or is_of_few:
            yield Exposure(share, known[share], "a share of few persons follows from the two others")


class _Program:
    """The integer program whose solutions are all tables that are consistent with what is published.

    Its variables are the cells without a value, and for every share the number of persons that it stands for.
    `is_by_rule`: a reader may rely on the rule that values are only published for five persons or more.
    """

    def __init__(
        self,
        cells: Mapping[Key, Seen],
        relations: Sequence[Relation],
        small: Collection[Key],
        *,
        is_by_rule: bool = True,
    ) -> None:
        self._cells, self._is_by_rule = cells, is_by_rule
        self._place: dict[Key, int] = {}
        self._bounds: list[tuple[float, float]] = []
        self._whole: list[bool] = []
        self._rows: list[tuple[dict[int, float], float, float]] = []
        for key, cell in cells.items():
            if cell.kind == "share":
                self._add(key, 1 if key in small else 0, FEWEST - 1 if key in small else _MOST, whole=True)
            elif cell.value is None:
                is_count = cell.kind == "persons"
                low = 1 if cell.suppressed and is_count else 0
                self._add(key, low, min(cell.most, FEWEST - 1) if key in small else cell.most, whole=is_count)
        for one in relations:
            self._relate(one)

    def _add(self, key: Key, low: float, high: float, *, whole: bool) -> None:
        self._place[key] = len(self._bounds)
        self._bounds.append((low, high))
        self._whole.append(whole)

    def _relate(self, one: Relation) -> None:
        if isinstance(one, Sum):
            self._row([*((1.0, key) for key in one.parts), (-1.0, one.total)], 0, 0)
        elif isinstance(one, AtMost):
            self._row([(1.0, one.part), (-1.0, one.whole)], -math.inf, 0)
        elif isinstance(one, Weighted):
            self._row(one.terms, one.value - one.margin, one.value + one.margin)
        elif isinstance(one, AmountOf):
            self._relate_to_few(one.amount, one.persons)
        else:
            self._row([(1.0, one.share), (-1.0, one.persons)], -math.inf, 0)
            self._relate_to_few(one.share, one.persons)
            share = self._cells[one.share].value
            if share is not None:
                if share > 0 and self._is_by_rule:
                    self._row([(1.0, one.share)], FEWEST, math.inf)
                half = 0.5 * 10.0**-one.decimals + 1e-9
                self._row([(100.0, one.share), (-(share + half), one.persons)], -math.inf, 0)
                self._row([(100.0, one.share), (-(share - half), one.persons)], 0, math.inf)

    def _relate_to_few(self, shown: Key, persons: Key) -> None:
        """What the publication of a value implies about the persons behind it."""
        if self._is_by_rule and self._cells[shown].value is not None:
            self._row([(1.0, persons)], FEWEST, math.inf)

    def _row(self, terms: Iterable[tuple[float, Key]], low: float, high: float) -> None:
        """One row, with published values moved to its bounds. A row of published values alone adds nothing."""
        factors: dict[int, float] = {}
        told = 0.0
        for factor, key in terms:
            if key in self._place:
                factors[self._place[key]] = factors.get(self._place[key], 0.0) + factor
            else:
                told += factor * (self._cells[key].value or 0.0)
        if factors:
            self._rows.append((factors, low - told, high - told))

    def intervals(self, wanted: Sequence[Key]) -> dict[Key, Interval] | None:
        """All of them at once: for each cell and direction a copy of the program, side by side in a larger one."""
        if not wanted:
            return {}
        import numpy as np  # noqa: PLC0415 - half a second with what follows, and most tables hide nothing
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

        size, copies = len(self._bounds), 2 * len(wanted)
        aims = np.zeros(size * copies)
        for number, key in enumerate(wanted):
            aims[2 * number * size + self._place[key]] = 1
            aims[(2 * number + 1) * size + self._place[key]] = -1
        low, high = (np.tile([bounds[side] for bounds in self._bounds], copies) for side in (0, 1))
        matrix = np.zeros((len(self._rows), size))
        for number, (factors, _, _) in enumerate(self._rows):
            matrix[number, list(factors)] = list(factors.values())
        ends = (np.tile([row[side] for row in self._rows], copies) for side in (1, 2))
        done = milp(
            aims, integrality=np.tile(self._whole, copies).astype(int), bounds=Bounds(low, high),
            constraints=LinearConstraint(np.kron(np.eye(copies), matrix), *ends) if self._rows else None,
            options={"mip_rel_gap": 0.0},
        )  # fmt: skip
        if done.x is None:
            if done.status != _INFEASIBLE:
                raise RuntimeError(f"feasibility intervals could not be computed: {done.message}")
            return None
        found = {}
        for number, key in enumerate(wanted):
            place = self._place[key]
            least, most = (done.x[(2 * number + side) * size + place] for side in (0, 1))
            found[key] = Interval(*(_rounded(float(end), whole=self._whole[place]) for end in (least, most)))
        return found


def _rounded(value: float, *, whole: bool) -> float:
    return float(round(value)) if whole or abs(value - round(value)) < _NEAR else value
