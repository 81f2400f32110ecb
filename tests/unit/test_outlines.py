"""The maps' outlines: whole, small, without gaps between neighbours, and as large as SCB's."""

from __future__ import annotations

import csv
import json
from itertools import accumulate
from typing import Any

import pytest
import shapely

from pipelines.settings import ROOT
from pipelines.site.make_outlines import GRID_M, OUTLINES, SOURCE, boundaries, coverage, topology
from tests.support.shared import shared_file

MOST_BYTES = 150_000


def decoded(topo: dict[str, Any]) -> dict[str, Any]:
    """TopoJSON as polygons in metres, by its specification."""
    (sx, sy), (tx, ty) = topo["transform"]["scale"], topo["transform"]["translate"]
    arcs = [
        [(x * sx + tx, y * sy + ty) for x, y in accumulate(arc, lambda a, b: [a[0] + b[0], a[1] + b[1]])]
        for arc in topo["arcs"]
    ]

    def ring(numbers: list[int]) -> list[tuple[float, float]]:
        parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        assert all(a[-1] == b[0] for a, b in zip(parts, [*parts[1:], parts[0]], strict=True))
        return [point for part in parts for point in part[:-1]]

    return {
        one["id"]: shapely.MultiPolygon([(ring(p[0]), [ring(hole) for hole in p[1:]]) for p in one["arcs"]])
        for one in topo["objects"]["kommuner"]["geometries"]
    }


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return json.loads(OUTLINES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def areas(committed: dict[str, Any]) -> dict[str, Any]:
    return decoded(committed)


def test_the_file_is_small_and_names_its_source(committed: dict[str, Any]) -> None:
    assert OUTLINES.stat().st_size <= MOST_BYTES
    assert committed["source"] == SOURCE
    assert "CC0" in SOURCE


def test_areas_are_valid_and_neighbours_share_their_borders(areas: dict[str, Any]) -> None:
    assert [code for code, area in areas.items() if not area.is_valid or area.is_empty] == []
    assert shapely.coverage_is_valid(list(areas.values()))
    whole = shapely.union_all(list(areas.values()))
    assert sum(a.area for a in areas.values()) == pytest.approx(whole.area, rel=1e-9)


def test_they_are_the_municipalities_of_the_embedded_figures(areas: dict[str, Any]) -> None:
    with (ROOT / "data" / "snapshot" / "kolada_municipality.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    named = {row["area_id"] for row in rows if row["area_type"] == "K" and row["area_id"] != "0000"}
    assert set(areas) == named
    assert len(named) == 290


def test_a_name_lies_within_its_area(committed: dict[str, Any], areas: dict[str, Any]) -> None:
    for one in committed["objects"]["kommuner"]["geometries"]:
        place = shapely.Point(one["properties"]["x"], one["properties"]["y"])
        assert areas[one["id"]].contains(place), one["id"]


def test_overlaps_and_slits_are_mended_and_lakes_stay() -> None:
    def box(*edges: int) -> Any:
        return shapely.box(*(1000 * edge for edge in edges))

    left, right = box(0, 0, 11, 10), box(10, 0, 20, 10)  # overlap by a kilometre
    above = shapely.difference(shapely.box(0, 10_100, 20_000, 20_000), box(5, 14, 7, 17))  # a slit of 100 m, and a lake
    mended = coverage({"1": left, "2": right, "3": above})

    assert shapely.coverage_is_valid(list(mended.values()))
    assert mended["1"].area == pytest.approx(11e7, rel=0.02)
    assert mended["2"].area == pytest.approx(9e7, rel=0.02)
    assert mended["3"].area == pytest.approx(20e3 * 9.9e3 - 6e6, rel=0.02)
    again = decoded(topology(mended))
    assert {c: a.area for c, a in again.items()} == pytest.approx({c: a.area for c, a in mended.items()})


@pytest.mark.shared
def test_the_committed_file_is_what_the_tool_makes_and_as_large_as_the_source(
    committed: dict[str, Any], areas: dict[str, Any]
) -> None:
    source = boundaries(shared_file("data/geo/Kommun_Sweref99TM.zip"))

    assert topology(coverage(source)) == committed
    assert areas["1480"].area == pytest.approx(source["1480"].area, rel=0.002)
    assert {code for code in source if areas[code].area != pytest.approx(source[code].area, rel=0.02)} == set()
    # Nothing has moved by more than a kilometre
    far = {code for code in source if shapely.hausdorff_distance(areas[code], source[code]) > 20 * GRID_M}
    assert far <= {"0305", "0330", "0380", "1814", "1880"}, "only where SCB's own borders overlap or part"
