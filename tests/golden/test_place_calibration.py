"""How often places and what stands out are wrong by chance, and that docs/method.md says just that."""

from __future__ import annotations

import re
from functools import cache

import pytest

from pipelines.settings import ROOT
from tests.calibration import place_coverage

pytestmark = pytest.mark.slow

METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
LEAST_COVERAGE, MOST_FALSE = 95.0, 8.0  # per cent


@cache
def computed(name: str) -> list[list[str]]:
    return list(place_coverage.TABLES[name]())


def told(name: str) -> list[list[str]]:
    (table,) = re.findall(rf"(?m)^<!-- make calibrate: {name} -->\n\n((?:\|.*\n)+)", METHOD)
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    return [head, *body]


def numbers(row: list[str]) -> list[float]:
    return [float(part) for cell in row for part in cell.split(" / ") if re.fullmatch(r"[\d.]+", part)]


@pytest.mark.parametrize("name", place_coverage.TABLES)
def test_a_table_of_the_method_is_what_make_calibrate_prints(name: str) -> None:
    found, shown = computed(name), told(name)
    assert shown[0] == found[0]
    assert [row[0] for row in shown] == [row[0] for row in found]
    for of_the_page, now in zip(shown[1:], found[1:], strict=True):
        assert numbers(of_the_page) == pytest.approx(numbers(now), abs=0.3, rel=0.01)  # libraries draw in other orders


def test_the_interval_in_use_holds_the_true_place_in_every_tenth_and_is_the_narrowest_that_does() -> None:
    head, *rows = computed("coverage of places")
    methods = {name: [numbers([row[head.index(name)]]) for row in rows] for name in place_coverage.METHODS}
    least = {name: min(worst for _, worst, _ in found) for name, found in methods.items()}
    assert least["in use"] >= LEAST_COVERAGE
    keeps = [name for name, worst in least.items() if worst >= LEAST_COVERAGE]
    assert keeps == ["in use", "every pair"]
    for ours, every in zip(methods["in use"], methods["every pair"], strict=True):
        assert ours[2] <= every[2]
    assert least["simulated values"] < 50  # what a median of 144 places leaves out


def test_where_nothing_is_unusual_one_field_in_twenty_has_an_outlier() -> None:
    head, *rows = computed("outside the funnel")
    at = head.index("fields with an outlier")
    assert max(float(row[at]) for row in rows) <= MOST_FALSE
    assert sum(float(row[at]) for row in rows) / len(rows) <= 5
    assert max(float(row[head.index("outliers that are none")]) for row in rows) <= 5
    assert min(float(row[head.index("winsorised variance")]) for row in rows) > 10  # why it is not in use


def test_benjamini_and_hochberg_keeps_its_level_for_the_indicators_of_one_municipality() -> None:
    (_, chosen), (_, careful) = computed("judged together")[1:]
    assert float(careful) < float(chosen) <= 5
