"""Made-up treatments on real figures: among municipalities where nothing of the kind happened, little is found.

Every draw is done by `make calibrate`, which takes minutes, and its outcome is kept. The counts of `docs/method.md` are
those of the outcomes, and some of the draws are done again here: code that finds otherwise is seen.
"""

from __future__ import annotations

import re

import pytest

from indicators.statistics.figures import Figures
from pipelines.settings import ROOT, Settings
from tests.calibration.made_up_treatments import (
    DRAWS,
    GROUP,
    INDICATORS,
    METHODS,
    SEEDS,
    figures_of,
    of_groups,
    of_single,
    seen_before,
)

pytestmark = pytest.mark.slow

# A binomial count at 5 per cent exceeds 8 of 100, and 27 of 400, once in 16 times.
MOST = dict.fromkeys(METHODS, 8) | {GROUP: 27}
DONE_AGAIN = (0, 37, 99)


@pytest.fixture(scope="module", params=INDICATORS)
def drawn_from(full_release: Settings, request: pytest.FixtureRequest) -> tuple[str, Figures]:
    return request.param, figures_of(full_release, request.param)


@pytest.mark.parametrize("method", [*METHODS, GROUP])
def test_a_draw_that_is_done_again_gives_what_was_seen(drawn_from: tuple[str, Figures], method: str) -> None:
    indicator, figures = drawn_from
    assert len(figures.others(["GR"])) == 277

    if method == GROUP:
        again = of_groups(figures, indicator, DONE_AGAIN)
    else:
        again = of_single(figures, indicator, method, DONE_AGAIN)

    for number, outcome in zip(DONE_AGAIN, again, strict=True):
        seen = seen_before(indicator)[method][number]
        assert outcome.is_significant == seen.is_significant
        assert outcome.p_value == pytest.approx(seen.p_value, rel=1e-6)


@pytest.mark.parametrize("indicator", INDICATORS)
def test_made_up_treatments_are_seldom_significant_and_the_method_says_how_seldom(indicator: str) -> None:
    seen = seen_before(indicator)
    counts = {name: sum(outcome.is_significant for outcome in outcomes) for name, outcomes in seen.items()}

    assert {name: len(outcomes) for name, outcomes in seen.items()} == dict.fromkeys(METHODS, DRAWS) | {
        GROUP: DRAWS * len(SEEDS)
    }
    assert all(outcome.p_value < 0.05 for one in seen.values() for outcome in one if outcome.is_significant)
    assert all(counts[name] <= MOST[name] for name in counts), counts
    assert counts == told_in_the_method(indicator)


def told_in_the_method(indicator: str) -> dict[str, int]:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"(?m)^\| `{indicator}` \|(.*)\|$", text)
    return dict(zip((*METHODS, GROUP), [int(cell) for cell in row.split("|")], strict=True))
