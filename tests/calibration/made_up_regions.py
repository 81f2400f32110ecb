"""Made-up treatments of real regions: how often a study of a whole county, where nothing happened, finds something.

Belongs here: regions, neighbours and scattered sets as made-up treatments of nine outcomes, and the p-value that each
gives. Does not belong here: what is claimed of the counts (`docs/method.md`), or the limits that they have to keep
(`tests/golden/test_effects_regions.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from indicators.statistics import panel, permuted
from indicators.statistics.figures import Figures
from indicators.statistics.panel_study import Changes, by_dose, by_region
from pipelines.settings import Settings
from tests.calibration.made_up_treatments import Outcome, WithOneGroup, figures_of, made_up_study, outcome_of

SEEN = Path(__file__).with_suffix(".json")
OUTCOMES = (
    "kostnad_aldreomsorg_per_inv_80_fasta_priser",
    "kostnad_hemtjanst_per_inv_80_fasta_priser",
    "kostnad_sarskilt_boende_per_inv_80_fasta_priser",
    "andel_kostnad_ordinart_boende",
    "arsarbetare_per_1000_inv_80",
    "andel_heltidsarbetande_omsorg",
    "andel_mottagare_hsl_65",
    "fallskador_80",
    "trygghet_hemtjanst",
)
READ = (*OUTCOMES, "andel_80")  # the other covariate is an outcome
SETS = ("counties", "neighbours", "scattered")
DOSES = ("doses of counties", "doses half of counties")  # by county alone, or as much by municipality
WEIGHTED = "difference_in_differences, weighted"
STAGGERED = ("staggered_event_study", ADJUSTED := "staggered_event_study, covariates")
COVARIATES = ("andel_80", "andel_kostnad_ordinart_boende")  # as in the study of two counties
COVARIATE_YEARS = range(2015, 2018)
SYNTHETIC_DIFFERENCE, AUGMENTED = "synthetic_difference_in_differences", "augmented_synthetic_control"
WHOLES = ("synthetic_control", SYNTHETIC_DIFFERENCE, AUGMENTED)  # of a group's own value, and done by the whole study
# Groups of thirteen municipalities at random, by synthetic control, are drawn in `made_up_treatments.py`.
MEASURED = (
    *((design, kind) for design in ("difference_in_differences", "staggered_event_study") for kind in SETS),
    (WEIGHTED, "counties"),
    (WEIGHTED, "neighbours"),
    *(("difference_in_differences", kind) for kind in DOSES),
    ("synthetic_control", "counties"),
    *((design, kind) for design in (SYNTHETIC_DIFFERENCE, AUGMENTED, ADJUSTED) for kind in SETS[:2]),
)
DRAWS = 20  # of each set and outcome; there are twenty counties of five municipalities or more
_YEARS, _FIRST_AFTER, _STARTS = range(2012, 2023), 2020, (2018, 2019)
_FIRST_OF_A_WHOLE, _ALIKE_IN = 2003, 2019
_OF_A_SET = dict.fromkeys(STAGGERED, (7, 10))


def measure(settings: Settings) -> None:
    """Do every draw, write what each gave, and print the counts of each design."""
    figures = figures_of(settings, *READ)
    seen: dict[str, dict[str, list[Outcome | None]]] = {}
    for design, kind in MEASURED:
        by_outcome = {outcome: list(outcomes_of(figures, outcome, design, kind, range(DRAWS))) for outcome in OUTCOMES}
        seen[f"{design} {kind}"] = by_outcome
        found, of = counted(by_outcome)
        print(f"| `{design}` | {kind} | {found} | {of} |", flush=True)
    SEEN.write_text(_lines(seen), encoding="utf-8")


def _lines(seen: dict[str, Any]) -> str:
    """As JSON, with a line for each design, set and outcome, so that a change shows where it is."""
    lines = [
        f"  {json.dumps(f'{drawn} {outcome}')}: {json.dumps(found)}"
        for drawn, by_outcome in seen.items()
        for outcome, found in by_outcome.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def seen_before(design: str, kind: str) -> dict[str, list[Outcome | None]]:
    """What every draw gave as it was written, by outcome; None where too few municipalities are measured."""
    held: dict[str, list[Any]] = json.loads(SEEN.read_text(encoding="utf-8"))
    return {
        outcome: [None if one is None else Outcome(*one) for one in held[f"{design} {kind} {outcome}"]]
        for outcome in OUTCOMES
    }


def counted(by_outcome: dict[str, list[Outcome | None]]) -> tuple[int, int]:
    """How many draws were significant, of how many that could be estimated."""
    estimated = [one for outcomes in by_outcome.values() for one in outcomes if one is not None]
    return sum(one.is_significant for one in estimated), len(estimated)


def outcomes_of(
    figures: Figures, outcome: str, design: str, kind: str, wanted: Iterable[int]
) -> Iterator[Outcome | None]:
    """What the wanted draws give; None where the design refuses them.

    Of a panel only what decides is done, without its regressions, which take a hundred times as long;
    `by_the_whole_study` does all of it.
    """
    if kind in DOSES:
        yield from _of_doses(figures, outcome, kind, wanted)
        return
    treatments = list(_treatments(figures, design, kind))
    for number in wanted:
        if design in WHOLES:
            yield by_the_whole_study(figures, outcome, design, kind, number)
            continue
        everyone, groups = figures.others([]), treatments[number]
        known = _covariates(figures) if design == ADJUSTED else None
        cut = figures.panel(outcome, [area for area in everyone if known is None or area in known], _YEARS)
        covariates = None if known is None else np.array([known[area] for area in cut.areas])
        if len({area for group in groups for area in group} & set(cut.areas)) < panel.FEWEST_TREATED:
            yield None
            continue
        changes = Changes.at_once(cut.values, cut.years, _FIRST_AFTER)
        if design in STAGGERED:
            changes = Changes.by_start(cut.values, np.array(_STARTS), cut.years)
        sizes = figures.sizes(outcome, cut.areas, range(_YEARS[0], _FIRST_AFTER)) if design == WEIGHTED else None
        if design == WEIGHTED and sizes is None:
            yield None
            continue
        decided = by_region(cut, changes, groups, everyone, figures, sizes, covariates)
        p_placebo = None if decided is None else decided.found.p_placebo
        yield None if p_placebo is None else Outcome(p_placebo, p_placebo < permuted.LEVEL)


def _of_doses(figures: Figures, outcome: str, kind: str, wanted: Iterable[int]) -> Iterator[Outcome]:
    """What doses drawn by county give; a study takes its dose from an indicator, so only what decides can be done."""
    cut = figures.panel(outcome, figures.others([]), _YEARS)
    changes, chance = Changes.at_once(cut.values, cut.years, _FIRST_AFTER), np.random.default_rng(3)
    counties = [int(area[:2]) for area in cut.areas]
    doses = []
    for _ in range(DRAWS):
        dose = chance.standard_normal(26)[counties]
        doses.append(dose + chance.standard_normal(len(dose)) if kind == DOSES[1] else dose)
    for number in wanted:
        p_placebo = by_dose(cut, changes, doses[number], figures).found.p_placebo
        yield Outcome(p_placebo, p_placebo < permuted.LEVEL)


def _covariates(figures: Figures) -> dict[str, list[float]]:
    tables = [figures.mean_of_years(name, COVARIATE_YEARS) for name in COVARIATES]
    return {area: [table[area] for table in tables] for area in set.intersection(*(set(table) for table in tables))}


def by_the_whole_study(figures: Figures, outcome: str, design: str, kind: str, number: int) -> Outcome | None:
    """What a study of the draw gives, with all that a study does."""
    groups = list(_treatments(figures, design, kind))[number]
    treated = groups[0][0][:2]  # a county is a group that has values of its own
    if design in WHOLES and kind != "counties":
        figures, treated = _with_group(figures, outcome, groups[0]), "X"
    try:
        return outcome_of(made_up_study(outcome, design, _analysis(design, groups, treated)), figures)
    except ValueError:
        return None


def _with_group(figures: Figures, outcome: str, members: tuple[str, ...]) -> Figures:
    """The figures with the members' weighted mean as those of a group X, in the years in which all are measured."""
    shares = figures.shares(outcome, members, _ALIKE_IN)
    shares = np.full(len(members), 1 / len(members)) if shares is None else shares
    made_up = WithOneGroup(figures, shares)
    cut = figures.panel(outcome, members, range(_FIRST_OF_A_WHOLE, _YEARS[-1] + 1))
    if cut.areas == members:
        made_up.hold(outcome, {"year": cut.years.tolist(), "value": shares @ cut.values}, list(members))
    return made_up


def _analysis(design: str, groups: tuple[tuple[str, ...], ...], treated: str) -> dict[str, Any]:
    if design in STAGGERED:
        starts = [
            {"area": a, "first_after": start} for start, group in zip(_STARTS, groups, strict=True) for a in group
        ]
        alike = {"covariates": list(COVARIATES), "covariate_years": list(COVARIATE_YEARS)} if design == ADJUSTED else {}
        common = {"starts": starts, "first_year": _YEARS[0], "first_after": _STARTS[0]}
        return common | alike | {"method": STAGGERED[0]}
    if design in WHOLES:
        return {
            "treated": [treated], "alike_in": _ALIKE_IN, "placebo_year": 2015, "poorest_fit_percent": 100,
            "first_year": _FIRST_OF_A_WHOLE, "first_after": _FIRST_AFTER,
        }  # fmt: skip
    common = {"treated": list(groups[0]), "first_year": _YEARS[0], "first_after": _FIRST_AFTER}
    return common | ({"method": "difference_in_differences", "weighted": True} if design == WEIGHTED else {})


def _treatments(figures: Figures, design: str, kind: str) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Each design's twenty draws of a set: one group, or for staggered starts two that begin a year apart."""
    everyone, chance = figures.others([]), np.random.default_rng(4)
    if kind == "counties":
        counties = sorted({area[:2] for area in everyone} - {"09"})  # Gotland is one municipality
        members = [tuple(area for area in everyone if area[:2] == county) for county in counties]
        order = chance.permutation(len(members))
        for place in range(DRAWS):
            yield tuple(members[order[(place + late) % DRAWS]] for late in range(len(_OF_A_SET.get(design, (13,)))))
        return
    for _ in range(DRAWS):
        left, groups = list(everyone), []
        for size in _OF_A_SET.get(design, (13,)):
            drawn = _together(figures, left, size, chance) if kind == "neighbours" else chance.choice(left, size, False)
            groups.append(tuple(sorted(str(area) for area in drawn)))
            left = [area for area in left if area not in groups[-1]]
        yield tuple(groups)


def _together(figures: Figures, areas: list[str], size: int, chance: np.random.Generator) -> list[str]:
    """Neighbours from a municipality at random outwards, over any border: not as the method itself grows its sets."""
    while True:
        grown = [areas[int(chance.integers(len(areas)))]]
        for area in grown:
            near = sorted(figures.neighbours.get(area, frozenset()) & set(areas) - set(grown))
            grown += [str(other) for other in chance.permutation(near)][: size - len(grown)]
        if len(grown) == size:
            return grown
