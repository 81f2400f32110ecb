"""Made-up treatments on the real figures: how often a study finds something where nothing of the kind happened.

Belongs here: drawing the treatments, and the p-value that each draw gives. Does not belong here: what is claimed of
the counts (`docs/method.md`), or the limits that they have to keep (`tests/golden/test_effects_null.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import polars as pl

from indicators.load.catalogue import load_catalogue
from indicators.model.study import Study
from indicators.statistics.figures import Figures
from indicators.statistics.prewhitened import Floats
from indicators.statistics.studies import run_study
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from pipelines.warehouse.effect_studies import read_figures

SEEN = Path(__file__).with_suffix(".json")
# One hundred groups say little of a method whose placebos are drawn anew: the counts of four seeds go from 3 to 11.
DRAWS, SEEDS = 100, (1, 2, 3, 4)
INDICATORS = ("kostnad_aldreomsorg_per_inv_80_fasta_priser", "andel_kostnad_ordinart_boende")
METHODS = ("interrupted_time_series", "difference_in_differences", "staggered_event_study", "synthetic_control")
GROUP = "synthetic_control_of_a_group"
_MEAN = {"level_change", "mean_effect", "mean_gap"}
_YEARS = range(2003, 2023)


class Outcome(NamedTuple):
    """What one draw gave: the p-value that decides about the mean effect, and whether it was called significant."""

    p_value: float
    is_significant: bool


def measure(settings: Settings) -> None:
    """Do every draw, write what each gave, and print the counts."""
    seen: dict[str, dict[str, list[Outcome]]] = {}
    for indicator in INDICATORS:
        figures = figures_of(settings, indicator)
        drawn = {method: of_single(figures, indicator, method, range(DRAWS)) for method in METHODS}
        drawn[GROUP] = of_groups(figures, indicator, range(DRAWS * len(SEEDS)))
        seen[indicator] = {name: list(outcomes) for name, outcomes in drawn.items()}
        counts = [str(sum(one.is_significant for one in seen[indicator][name])) for name in (*METHODS, GROUP)]
        print(f"| `{indicator}` | {' | '.join(counts)} |", flush=True)
    SEEN.write_text(_lines(seen), encoding="utf-8")


def _lines(seen: dict[str, dict[str, list[Outcome]]]) -> str:
    """As JSON, with a line for each indicator and method, so that a change shows where it is."""
    told = {
        indicator: ",\n".join(f"  {json.dumps(method)}: {json.dumps(found)}" for method, found in drawn.items())
        for indicator, drawn in seen.items()
    }
    return "{\n" + ",\n".join(f" {json.dumps(name)}: {{\n{lines}\n }}" for name, lines in told.items()) + "\n}\n"


def seen_before(indicator: str) -> dict[str, list[Outcome]]:
    """The outcomes of every draw as they were written, by method."""
    found: dict[str, list[list[Any]]] = json.loads(SEEN.read_text(encoding="utf-8"))[indicator]
    return {name: [Outcome(*one) for one in outcomes] for name, outcomes in found.items()}


def figures_of(settings: Settings, *indicators: str) -> Figures:
    """The figures of the current release that a study of the indicators reads."""
    folder = release_pointer.current_folder(settings.releases_dir)
    studies = [_study(indicator, METHODS[3], ["0180"]) for indicator in indicators]
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        return read_figures(con, studies, load_catalogue().neighbours)


def of_single(figures: Figures, indicator: str, method: str, wanted: Iterable[int]) -> Iterator[Outcome]:
    """What the wanted ones of one hundred draws give: municipalities outside GR, each with the same chance."""
    others, chance = figures.others(["GR"]), np.random.default_rng(1)
    draws = [[str(area) for area in chance.choice(others, 17, replace=False)] for _ in range(DRAWS)]
    for number in wanted:
        yield outcome_of(_study(indicator, method, draws[number]), figures)


def of_groups(figures: Figures, indicator: str, wanted: Iterable[int]) -> Iterator[Outcome]:
    """The same of four hundred groups: thirteen municipalities at random, weighted among themselves as GR's are.

    Raises:
        ValueError: a group was not compared with as many placebos as a study of a group has.
    """
    years = list(_YEARS)
    whole = figures.panel(indicator, figures.others(["GR"]), years)
    shares = figures.shares(indicator, figures.municipalities(["GR"]), 2019)
    if shares is None:
        raise ValueError(f"{indicator}: the weights of GR's municipalities are not known")
    chances = [np.random.default_rng(seed) for seed in SEEDS]
    draws = [chance.permutation(len(whole.areas))[:13] for chance in chances for _ in range(DRAWS)]
    made_up = WithOneGroup(figures, shares)
    for number in wanted:
        drawn = draws[number]
        made_up.hold(
            indicator, {"year": years, "value": whole.values[drawn].T @ shares}, [whole.areas[n] for n in drawn]
        )
        yield outcome_of(_study(indicator, METHODS[3], ["X"]), made_up, placebos=200)


class WithOneGroup(Figures):
    """Figures with a made-up group X beside those that there are, in which every group is weighted by `shares`."""

    def __init__(self, figures: Figures, shares: Floats) -> None:
        self.__dict__.update(figures.__dict__)  # with what has been computed of them already
        self._figures, self._shares = figures, shares

    def hold(self, indicator: str, values: dict[str, Any], areas: list[str]) -> None:
        """Take these values for those of X, and these municipalities for its members."""
        known = self._figures._values[indicator]
        of_group = pl.DataFrame(values).select(
            indicator_id=pl.lit(indicator), area_id=pl.lit("X"), year=pl.col("year").cast(known["year"].dtype),
            value=pl.col("value"), size=pl.lit(None, known["size"].dtype),
        )  # fmt: skip
        self._values = {**self._figures._values, indicator: pl.concat([known, of_group])}
        self.members = {**self._figures.members, "X": tuple(sorted(areas))}

    def shares(self, indicator: str, areas: Sequence[str], year: int) -> Floats | None:
        return self._shares if tuple(areas) == self.members["X"] else super().shares(indicator, areas, year)


def outcome_of(study: Study, figures: Figures, placebos: int | None = None) -> Outcome:
    """What a made-up study of one outcome and one treatment gives.

    Raises:
        ValueError: it gives no estimate, or not with so many placebos.
    """
    rows = run_study(study, figures).rows["effect_estimate"]
    (row,) = [row for row in rows if row["estimand"] in _MEAN]
    if row["estimate"] is None or (placebos and row["placebo_of_n"] != placebos):
        raise ValueError(f"a made-up treatment could not be estimated as it should be: {row}")
    decides = "p_value" if row["method"] == "interrupted_time_series" else "p_placebo"
    return Outcome(row[decides], bool(row["is_significant"]))


def _analysis(method: str, drawn: list[str]) -> dict[str, Any]:
    """One made-up treatment: of one municipality, of 13 (as GR has), or of 7 and 10 that begin a year apart."""
    if method == "interrupted_time_series":
        return {"areas": drawn[:1], "against_others": True, "first_year": 2003, "first_after": 2018}
    if method == "difference_in_differences":
        return {"treated": drawn[:13], "first_year": 2012, "first_after": 2020}
    if method == "staggered_event_study":
        starts = [{"area": area, "first_after": 2018 if place < 7 else 2019} for place, area in enumerate(drawn)]
        return {"starts": starts, "first_year": 2012, "first_after": 2018}
    return {
        "treated": drawn[:1], "alike_in": 2019, "placebo_year": 2015, "poorest_fit_percent": 100,
        "first_year": 2003, "first_after": 2020,
    }  # fmt: skip


def _study(indicator: str, method: str, drawn: list[str]) -> Study:
    return made_up_study(indicator, method, _analysis(method, drawn) | {"excluded": ["GR"]})


def made_up_study(indicator: str, method: str, analysis: dict[str, Any]) -> Study:
    """A study of one made-up treatment, to which `analysis` adds who, when and against whom."""
    return Study.model_validate(
        {
            "study_id": "made_up", "title_sv": "Påhittad", "question_sv": "Syns något där ingenting hände?",
            "design_sv": "Påhittade behandlingar av kommuner som dras med lika sannolikhet.", "events": ["ingen"],
            "exclusions_sv": "GR", "caveats_sv": ["Påhittad."],
            "analyses": [
                {"analysis_id": "a", "method": method, "indicators": [indicator], "last_year": 2022,
                 "assumptions_sv": ["Inga."]}
                | analysis
            ],
        }
    )  # fmt: skip
