"""How often the test of a trend is wrong by chance, and that docs/method.md says just that."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from indicators.statistics import prewhitened
from indicators.statistics.trend import FEWEST, LEVEL, RECENT_YEARS
from pipelines.settings import ROOT
from tests.calibration import trend_sizes

pytestmark = pytest.mark.slow

METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
MOST_SIZE = 6.0  # per cent, at 5
# Two runs of one seed may differ where a p lies at the level itself, and a library sums in another order.
ONE_SERIES = 100 / trend_sizes.SERIES_OF_BOOTSTRAP + 0.1


@cache
def computed(name: str) -> list[list[str]]:
    return list(trend_sizes.TABLES[name]())


def told(name: str) -> list[list[str]]:
    (table,) = re.findall(rf"(?m)^<!-- make calibrate: {name} -->\n\n((?:\|.*\n)+)", METHOD)
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    return [head, *body]


@pytest.mark.parametrize("name", trend_sizes.TABLES)
def test_a_table_of_the_method_is_what_make_calibrate_prints(name: str) -> None:
    found, shown = computed(name), told(name)
    assert shown[0] == found[0]
    assert [row[0] for row in shown] == [row[0] for row in found]
    digits = 0.5 if name == "power" else 0.05
    for of_the_page, now in zip(shown[1:], found[1:], strict=True):
        numbers = [float(cell) for cell in now[1:]]
        assert [float(cell) for cell in of_the_page[1:]] == pytest.approx(numbers, abs=ONE_SERIES + digits)


def test_what_is_printed_is_what_is_compared(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend_sizes, "TABLES", {"size": lambda: iter([["years", "0"], ["6", "0.9"]])})
    trend_sizes.measure()
    assert capsys.readouterr().out == "size\n\n| years | 0 |\n|---|---|\n| 6 | 0.9 |\n\n"


def test_at_five_per_cent_at_most_six_are_called_a_trend_up_to_the_promised_autocorrelation() -> None:
    head, *rows = computed("size")
    promised = [place for place, cell in enumerate(head) if place and float(cell) <= 0.6]
    assert [head[place] for place in promised] == ["0", "0.2", "0.4", "0.6"]
    assert [int(row[0]) for row in rows][:3] == [FEWEST, 6, RECENT_YEARS]
    assert max(float(row[place]) for row in rows for place in promised) <= MOST_SIZE
    assert LEVEL == 0.05


def test_a_survey_that_skipped_a_year_keeps_the_size() -> None:
    values = trend_sizes.made(np.random.default_rng(5), 7, 0.6)
    years = np.tile(np.delete(np.arange(7), 5), (len(values), 1))
    found = prewhitened.straight_lines(np.delete(values, 5, axis=1), years)
    assert trend_sizes.per_cent(found.p_value) <= MOST_SIZE


def test_a_smaller_margin_would_not_keep_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prewhitened, "MARGIN", 4.0)
    sizes = [trend_sizes.rejected(trend_sizes.in_use, n, 0.6) for n in (FEWEST, RECENT_YEARS, 10)]
    assert max(sizes) > MOST_SIZE


def test_no_test_that_was_tried_and_keeps_the_size_finds_more_trends() -> None:
    head, *rows = computed("comparison")
    keeps = {row[0]: float(row[-1]) for row in rows if max(map(float, row[1:6])) <= MOST_SIZE}
    assert (head[5], head[-1]) == ("size, 25", "power, 25")
    assert max(keeps, key=keeps.__getitem__) == rows[-1][0] == "**straight line, estimate and margin**"


def test_a_series_by_chance_has_the_autocorrelation_and_the_spread_that_it_is_made_with() -> None:
    values = trend_sizes.made(np.random.default_rng(1), 20, 0.6)
    assert values.shape == (trend_sizes.SERIES, 20)
    assert values.std() == pytest.approx(1, abs=0.01)
    assert (values[:, 1:] * values[:, :-1]).mean() == pytest.approx(0.6, abs=0.01)
