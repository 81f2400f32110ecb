"""Made-up treatments on real figures: among municipalities where nothing of the kind happened, little is found.

The counts of `docs/method.md` are those of this test.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from indicators.model.study import Study
from indicators.statistics.figures import Figures
from indicators.statistics.studies import run_study
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from pipelines.warehouse.effect_studies import read_figures

pytestmark = pytest.mark.slow

# A binomial count at 5 per cent exceeds 8 of 100, and 27 of 400, once in 16 times.
DRAWS, MOST = 100, 8
# One hundred groups say little of a method whose placebos are drawn anew: the counts of four seeds go from 3 to 11.
SEEDS, MOST_GROUPS = (1, 2, 3, 4), 27
INDICATORS = ("kostnad_aldreomsorg_per_inv_80_fasta_priser", "andel_kostnad_ordinart_boende")
MEAN = {"level_change", "mean_effect", "mean_gap"}


def analysis(method: str, drawn: list[str]) -> dict[str, Any]:
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


METHODS = ("interrupted_time_series", "difference_in_differences", "staggered_event_study", "synthetic_control")
GROUP = "synthetic_control_of_a_group"


def study(indicator: str, method: str, drawn: list[str]) -> Study:
    return Study.model_validate(
        {
            "study_id": "made_up", "title_sv": "Påhittad", "question_sv": "Syns något där ingenting hände?",
            "design_sv": "Påhittade behandlingar av kommuner som dras med lika sannolikhet.", "events": ["ingen"],
            "exclusions_sv": "GR", "caveats_sv": ["Påhittad."],
            "analyses": [
                analysis(method, drawn)
                | {"analysis_id": "a", "method": method, "indicators": [indicator], "excluded": ["GR"],
                   "last_year": 2022, "assumptions_sv": ["Inga."]}
            ],
        }
    )  # fmt: skip


@pytest.fixture(scope="module", params=INDICATORS)
def drawn_from(full_release: Settings, request: pytest.FixtureRequest) -> tuple[str, Figures]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        return request.param, read_figures(con, [study(request.param, METHODS[3], ["0180"])])


def told_in_the_method(indicator: str) -> dict[str, int]:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"(?m)^\| `{indicator}` \|(.*)\|$", text)
    return dict(zip((*METHODS, GROUP), [int(cell) for cell in row.split("|")], strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_made_up_treatments_are_seldom_significant(drawn_from: tuple[str, Figures], method: str) -> None:
    indicator, figures = drawn_from
    others = figures.others(["GR"])
    assert len(others) == 277
    chance = np.random.default_rng(1)
    found = 0
    for _ in range(DRAWS):
        drawn = [str(area) for area in chance.choice(others, 17, replace=False)]
        rows = run_study(study(indicator, method, drawn), figures).rows["effect_estimate"]
        (row,) = [row for row in rows if row["estimand"] in MEAN]
        assert row["estimate"] is not None
        found += bool(row["is_significant"])
    assert found <= MOST
    assert found == told_in_the_method(indicator)[method]


def test_made_up_groups_are_seldom_significant(
    drawn_from: tuple[str, Figures], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirteen municipalities at random, weighted among themselves as GR's thirteen are."""
    indicator, figures = drawn_from
    years = list(range(2003, 2023))
    whole = figures.panel(indicator, figures.others(["GR"]), years)
    shares = figures.shares(indicator, figures.municipalities(["GR"]), 2019)
    assert shares is not None
    known, found = figures._values[indicator], 0
    monkeypatch.setattr(figures, "shares", lambda *_: shares)
    chances = [np.random.default_rng(seed) for seed in SEEDS]
    for drawn in (chance.permutation(len(whole.areas))[:13] for chance in chances for _ in range(DRAWS)):
        values = pl.DataFrame({"year": years, "value": whole.values[drawn].T @ shares}).select(
            indicator_id=pl.lit(indicator), area_id=pl.lit("X"), year=pl.col("year").cast(known["year"].dtype),
            value=pl.col("value"), size=pl.lit(None, known["size"].dtype),
        )  # fmt: skip
        monkeypatch.setitem(figures._values, indicator, pl.concat([known, values]))
        monkeypatch.setitem(figures.members, "X", tuple(sorted(whole.areas[place] for place in drawn)))
        (row,) = run_study(study(indicator, METHODS[3], ["X"]), figures).rows["effect_estimate"]
        assert row["placebo_of_n"] == 200
        found += bool(row["is_significant"])
    assert found <= MOST_GROUPS
    assert found == told_in_the_method(indicator)[GROUP]
