"""The register of neighbours: held against the outlines of the maps, and the rules that its rows must keep."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

import pytest
from pydantic import ValidationError

from indicators.load.catalogue import load_catalogue
from indicators.model.registers import Neighbours
from indicators.statistics.regions import neighbourhood, parts_of
from pipelines.site.make_outlines import OUTLINES, boundaries
from tests.support.shared import shared_file

REGISTER = load_catalogue().neighbours
BORDERS = {(row.area_id, other) for row in REGISTER for other in row.borders}
OVER_WATER = {(row.area_id, other) for row in REGISTER for other in row.over_water}
GR = {
    "1384", "1401", "1402", "1407", "1415", "1419", "1440", "1441", "1462", "1480", "1481", "1482", "1489",
}  # fmt: skip


def points_of(topology: dict[str, Any]) -> dict[tuple[int, int], set[str]]:
    """The municipalities that meet in each point of the outlines' grid."""
    arcs = [
        list(accumulate([tuple(step) for step in arc], lambda a, b: (a[0] + b[0], a[1] + b[1])))
        for arc in topology["arcs"]
    ]

    def numbers(nested: list[Any]) -> list[int]:
        return [n for part in nested for n in (numbers(part) if isinstance(part, list) else [part])]

    met: dict[tuple[int, int], set[str]] = {}
    for one in topology["objects"]["kommuner"]["geometries"]:
        for number in numbers(one["arcs"]):
            for point in arcs[number if number >= 0 else ~number]:
                met.setdefault(point, set()).add(one["id"])
    return met


def test_neighbours_are_those_that_meet_on_the_maps() -> None:
    """The maps are on a grid of 50 metres, in which one pair (Sigtuna and Uppsala) comes apart by a corner."""
    met = points_of(json.loads(OUTLINES.read_text(encoding="utf-8")))
    pairs = {(a, b) for areas in met.values() for a in areas for b in areas if a < b}
    assert len(BORDERS) == 728
    assert pairs <= BORDERS
    assert BORDERS - pairs == {("0191", "0380")}


def test_neighbours_are_those_of_the_publishers_boundaries() -> None:
    shapes = boundaries(shared_file("data/geo/Kommun_Sweref99TM.zip"))
    pairs = {(a, b) for a in shapes for b in shapes if a < b and shapes[a].intersects(shapes[b])}
    assert pairs == BORDERS


def test_some_neighbours_as_everybody_knows_them() -> None:
    near = neighbourhood(BORDERS | OVER_WATER)
    assert near["1480"] == {"1384", "1401", "1402", "1407", "1440", "1441", "1481", "1482"}
    assert near["1407"] == {"1480"}
    assert near["1419"] == {"1415", "1421"}
    assert near["0186"] == {"0180"}
    assert "0980" not in near
    assert {
        ("0125", "0180"), ("0180", "0186"), ("0840", "0880"), ("1407", "1480"), ("1415", "1419"), ("1419", "1421"),
    } == OVER_WATER  # fmt: skip


def test_the_country_and_gothenburgs_region_hang_together() -> None:
    near = neighbourhood(BORDERS | OVER_WATER)
    assert len(near) == 289
    assert [len(part) for part in parts_of(set(near), near)] == [289]
    assert parts_of(GR, near) == [tuple(sorted(GR))]
    assert [len(part) for part in parts_of(GR - {"1480"}, near)] == [11, 1]  # without Göteborg


@pytest.mark.parametrize(
    "row",
    [
        {"area_id": "0114", "borders": []},
        {"area_id": "0114", "borders": ["0115", "0115"]},
        {"area_id": "0115", "borders": ["0114"]},
        {"area_id": "0114", "borders": ["0115"], "over_water": ["0115"]},
        {"area_id": "0114", "borders": ["115"]},
    ],
)
def test_a_pair_stands_once_at_the_lower_code(row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Neighbours.model_validate(row)
