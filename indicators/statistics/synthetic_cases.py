"""What a synthetic area is made of and held against: its donors, and made-up areas, groups and counties.

Belongs here: from figures to the cases that the methods weigh. Does not belong here: the methods (`synthetic.py`,
`synthetic_did.py`, `augmented.py`), rows (`synthetic_study.py`, `synthetic_regions.py`).

The placebos of a single municipality are its donors. Those of a group are groups of as many municipalities, drawn at
random from all that it may be compared with and weighted as its own members are: the sum of many is smoother than any
one of them, is met more closely before, and would beat single placebos far too often (in 41 to 50 of 100 draws where
nothing happened to ten or thirteen). They lie as the group's own do, together or scattered, for a region's
municipalities share shocks that scattered ones do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from indicators.model.study import OfOneBlock
from indicators.statistics import synthetic as method
from indicators.statistics.effect_rows import Frame, PlacebosAre, too_few_years
from indicators.statistics.effect_words import Reason
from indicators.statistics.figures import Figures
from indicators.statistics.prewhitened import Floats, Integers
from indicators.statistics.regions import FEWEST_OF_A_REGION, Ground, parts_of, regions_at_random

GROUPS, _SEED = 199, 20200101


class Pool(NamedTuple):
    """All that may be compared with: n areas, outcomes t x n, predictors k x n (k may be 0)."""

    areas: tuple[str, ...]
    outcomes: Floats
    predictors: Floats


class Case(NamedTuple):
    """An area or group, real or made up: outcomes t, predictors k, and the places of its donors in the pool.

    `effective`: as many municipalities of equal weight vary as much as it does, 1 through the sum of squared shares.
    """

    area: str
    outcomes: Floats
    predictors: Floats
    donors: Integers
    effective: float = 1.0


class Prepared(NamedTuple):
    """One analysis of one area: t years, its members and outcomes, a pool without predictors, and how unlike each is.

    `nearest`: the places of its donors in the pool.
    """

    years: Integers
    members: tuple[str, ...]
    outcomes: Floats
    pool: Pool
    apart: Floats
    nearest: Integers


def prepared(
    analysis: OfOneBlock, frame: Frame, figures: Figures, known: set[str] | None = None
) -> tuple[Frame, Prepared | Reason]:
    """The figures of an analysis, or why they cannot carry it; `known`: areas that have what else is needed."""
    own = figures.panel(frame.indicator, [frame.area], frame.years)
    members = figures.municipalities([frame.area])
    frame = frame.of(own, treated=len(members))
    reason = too_few_years(own, frame, method.FEWEST_BEFORE, 1)
    if reason:
        return frame, reason
    structure = figures.structure(analysis.alike_in)
    others = figures.others([*analysis.treated, *analysis.excluded])
    whole = figures.panel(frame.indicator, [o for o in others if o in structure.areas], own.years.tolist())
    usable = [place for place, area in enumerate(whole.areas) if known is None or area in known]
    frame = frame.of(own, treated=len(members), compared=min(len(usable), analysis.donors))
    if known is not None and frame.area not in known:
        return frame, "no_values"
    same_years = whole.years.tolist() == own.years.tolist()
    if not same_years or len(usable) < method.FEWEST_DONORS or not set(members) <= set(structure.areas):
        return frame, "no_comparison_areas"
    areas = tuple(whole.areas[place] for place in usable)
    apart = structure.distances(members, areas)
    nearest = np.argsort(apart, kind="stable")[: analysis.donors]
    pool = Pool(areas, whole.values[usable].T, np.empty((0, len(areas))))
    return frame, Prepared(own.years, members, own.values[0], pool, apart, nearest)


def placebos_of(
    analysis: OfOneBlock, frame: Frame, figures: Figures, members: tuple[str, ...], own: Case, pool: Pool
) -> list[Case]:
    """The donors of a single municipality; of a group, groups that lie and weigh as it does."""
    if len(members) == 1:
        return [
            Case(pool.areas[d], pool.outcomes[:, d], pool.predictors[:, d], own.donors[own.donors != d])
            for d in own.donors.tolist()
        ]
    shares = figures.shares(frame.indicator, members, analysis.alike_in)
    if shares is None:
        frame.warn("Kommunernas vikter i gruppen är inte kända; påhittade grupper vägs lika.")
        shares = np.full(len(members), 1 / len(members))
    chance = np.random.default_rng(_SEED)
    at = {area: place for place, area in enumerate(pool.areas)}
    cases = []
    for group in _groups(analysis, figures, members, pool):
        drawn = chance.permutation([at[area] for area in group])  # who weighs what is chance, too
        names = [pool.areas[place] for place in drawn.tolist()]
        donors = _nearest(analysis, figures, names, pool)
        name = ", ".join(sorted(names))
        cases.append(
            Case(name, pool.outcomes[:, drawn] @ shares, pool.predictors[:, drawn] @ shares, donors, _effective(shares))
        )
    return cases


def _groups(analysis: OfOneBlock, figures: Figures, members: tuple[str, ...], pool: Pool) -> list[tuple[str, ...]]:
    if len(pool.areas) < len(members) + method.FEWEST_DONORS:
        return []
    areas = figures.others([*analysis.treated, *analysis.excluded])
    sizes = [len(part) for part in parts_of(members, figures.neighbours)]
    ground = Ground(areas, frozenset(pool.areas), figures.neighbours)

    def drawn() -> list[tuple[str, ...]]:
        groups: dict[frozenset[str], tuple[str, ...]] = {}  # regions grown in different ways may be the same set
        for parts in regions_at_random(ground, sizes, 4 * GROUPS):
            group = tuple(area for part in parts for area in part)
            groups.setdefault(frozenset(group), group)
        return list(groups.values())[:GROUPS]

    return figures.once(("groups", areas, ground.measured, tuple(sizes)), drawn)


def counties_of(analysis: OfOneBlock, frame: Frame, figures: Figures, ready: Prepared) -> list[Case]:
    """Whole counties that hold nobody treated or excluded, with their own values, as further made-up regions."""
    held = set(figures.municipalities([*analysis.treated, *analysis.excluded]))
    known = set(figures.structure(analysis.alike_in).areas)
    cases = []
    for county in sorted(group for group in figures.members if len(group) == 2 and group.isdigit()):
        members = figures.members[county]
        if len(members) < FEWEST_OF_A_REGION or held & set(members) or not set(members) <= known:
            continue
        own = figures.panel(frame.indicator, [county], ready.years.tolist())
        donors = _nearest(analysis, figures, members, ready.pool)
        if own.areas and own.years.tolist() == ready.years.tolist() and len(donors) >= method.FEWEST_DONORS:
            effective = effective_number(analysis, frame, figures, members)
            cases.append(Case(county, own.values[0], np.empty(0), donors, effective))
    return cases


def effective_number(analysis: OfOneBlock, frame: Frame, figures: Figures, members: tuple[str, ...]) -> float:
    """Of how many equal municipalities a group is the mean; where its weights are not known, of all alike."""
    shares = figures.shares(frame.indicator, members, analysis.alike_in)
    return float(len(members)) if shares is None else _effective(shares)


def placebos_are(members: tuple[str, ...], figures: Figures) -> PlacebosAre:
    """What the placebos of these municipalities are."""
    if len(members) == 1:
        return "areas"
    smallest = parts_of(members, figures.neighbours)[-1]
    return "regions" if len(smallest) >= FEWEST_OF_A_REGION else "scattered"


def _nearest(analysis: OfOneBlock, figures: Figures, members: list[str] | tuple[str, ...], pool: Pool) -> Integers:
    """The places of the areas most like these, themselves left out."""
    own = set(members)
    left = np.array([place for place, area in enumerate(pool.areas) if area not in own], dtype=np.int64)
    apart = figures.structure(analysis.alike_in).distances(members, [pool.areas[place] for place in left.tolist()])
    return np.asarray(left[np.argsort(apart, kind="stable")[: analysis.donors]], dtype=np.int64)


def _effective(shares: Floats) -> float:
    return float(1 / (shares**2).sum())
