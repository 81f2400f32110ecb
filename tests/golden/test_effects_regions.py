"""Made-up treatments of real regions: whole counties where nothing happened are seldom told from chance.

Every draw is done by `make calibrate`, and what it gave is kept. The counts of `docs/method.md` are those of what is
kept, and some of the draws are done again here, with all that a study does.
"""

from __future__ import annotations

import re

import pytest

from indicators.statistics.figures import Figures
from pipelines.settings import ROOT, Settings
from tests.calibration.made_up_regions import (
    DOSES,
    DRAWS,
    MEASURED,
    OUTCOMES,
    READ,
    by_the_whole_study,
    counted,
    figures_of,
    outcomes_of,
    seen_before,
)

pytestmark = pytest.mark.slow

MOST = 0.08
DONE_AGAIN = (0, 11)
ONE_OUTCOME = OUTCOMES[3]


@pytest.fixture(scope="module")
def figures(full_release: Settings) -> Figures:
    return figures_of(full_release, *READ)


@pytest.mark.parametrize(("design", "kind"), MEASURED)
def test_a_made_up_region_is_seldom_told_from_chance_and_the_method_says_how_seldom(design: str, kind: str) -> None:
    seen = seen_before(design, kind)
    found, of = counted(seen)

    assert {outcome: len(draws) for outcome, draws in seen.items()} == dict.fromkeys(OUTCOMES, DRAWS)
    assert of >= 110
    assert found / of <= MOST
    assert (found, of) == told_in_the_method(design, kind)


@pytest.mark.parametrize(("design", "kind"), MEASURED)
def test_a_draw_that_is_done_again_gives_what_was_seen(figures: Figures, design: str, kind: str) -> None:
    held = seen_before(design, kind)[ONE_OUTCOME]
    estimated = [number for number, seen in enumerate(held) if seen is not None]
    for place in DONE_AGAIN:
        number = estimated[place % len(estimated)]
        seen = held[number]
        again = (
            next(iter(outcomes_of(figures, ONE_OUTCOME, design, kind, [number])))
            if kind in DOSES
            else by_the_whole_study(figures, ONE_OUTCOME, design, kind, number)
        )
        assert seen is not None
        assert again is not None
        assert again.is_significant == seen.is_significant
        assert again.p_value == pytest.approx(seen.p_value, rel=1e-6)


def told_in_the_method(design: str, kind: str) -> tuple[int, int]:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    ((found, of),) = re.findall(rf"(?m)^\| `{design}` \| {kind} \| (\d+) of (\d+) \|", text)
    return int(found), int(of)
