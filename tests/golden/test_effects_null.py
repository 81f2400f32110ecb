"""Made-up treatments on real figures: among municipalities where nothing of the kind happened, little is found.

The counts of `docs/method.md` are those of this test.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb
import numpy as np
import pytest

from indicators.statistics.effects import run_study
from indicators.statistics.figures import Figures
from indicators.study_model import Study
from pipelines.effects import read_figures
from pipelines.release import pointer
from pipelines.release.pointer import DATABASE
from pipelines.settings import ROOT, Settings

pytestmark = pytest.mark.slow

DRAWS, MOST = 100, 8
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
    folder = pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        return request.param, read_figures(con, [study(request.param, METHODS[3], ["0180"])])


def told_in_the_method(indicator: str) -> dict[str, int]:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"(?m)^\| `{indicator}` \|(.*)\|$", text)
    return dict(zip(METHODS, [int(cell) for cell in row.split("|")], strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_made_up_treatments_are_seldom_significant(drawn_from: tuple[str, Figures], method: str) -> None:
    indicator, figures = drawn_from
    others = figures.others(["GR"])
    assert len(others) == 277
    chance = np.random.default_rng(7)
    found = 0
    for _ in range(DRAWS):
        drawn = [str(area) for area in chance.choice(others, 17, replace=False)]
        rows = run_study(study(indicator, method, drawn), figures).rows["effect_estimate"]
        (row,) = [row for row in rows if row["estimand"] in MEAN]
        assert row["estimate"] is not None
        found += bool(row["is_significant"])
    assert found <= MOST
    assert found == told_in_the_method(indicator)[method]
