"""Makes the map outlines from SCB's boundaries: `python -m pipelines.site.make_outlines Kommun_Sweref99TM.zip`.

Belongs here: reading the boundaries, closing gaps between them, and writing TopoJSON, in which a border between two
municipalities is stored once. Does not belong here: drawing. A tool for developers: it needs pyshp and shapely, and is
run again when municipalities change.

SCB's boundaries are CC0 1.0 and in SWEREF 99 TM (metres on a plane), which the maps keep.
"""

from __future__ import annotations

import json
import sys
import zipfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import shapefile
import shapely
from shapely.geometry import shape

OUTLINES = Path(__file__).parent / "static" / "outlines.json"
SOURCE = "SCB, Digitala gränser: kommuner 2023, Sweref 99 TM (CC0 1.0)"
GRID_M = 50  # coordinates are rounded to this grid, which is finer than a screen
SLIP_M2 = 1e6  # smaller holes are gaps between borders; larger ones are lakes

Point = tuple[int, int]


def boundaries(path: Path) -> dict[str, Any]:
    """The polygons of SCB's zip by municipality code, in metres."""
    with zipfile.ZipFile(path) as archive:
        parts = {Path(n).suffix[1:]: BytesIO(archive.read(n)) for n in archive.namelist()}
    reader = shapefile.Reader(shp=parts["shp"], shx=parts["shx"], dbf=parts["dbf"], encoding="latin-1")
    return {str(r.record["KnKod"]): shape(r.shape.__geo_interface__) for r in reader.iterShapeRecords()}


def coverage(areas: dict[str, Any]) -> dict[str, Any]:
    """The same areas on the grid without overlaps or gaps: each face between borders belongs to one of them."""
    snapped = {code: shapely.set_precision(area, GRID_M) for code, area in sorted(areas.items())}
    lines = shapely.union_all([area.boundary for area in snapped.values()], grid_size=GRID_M)
    faces = list(shapely.polygonize([lines]).geoms)
    owned: dict[str, list[Any]] = {code: [] for code in snapped}
    slits = []
    for face in faces:
        inside = face.representative_point()
        owner = next((code for code, area in snapped.items() if shapely.contains(area, inside)), None)
        if owner:
            owned[owner].append(face)
        elif face.area < SLIP_M2:
            slits.append(face)
    for slit in slits:
        nearest = max(owned, key=lambda code: sum(slit.boundary.intersection(f.boundary).length for f in owned[code]))
        owned[nearest].append(slit)
    return {code: shapely.union_all(parts, grid_size=GRID_M) for code, parts in owned.items()}


def topology(areas: dict[str, Any]) -> dict[str, Any]:
    """TopoJSON of a coverage on the grid: one object named `kommuner`, with a label position for each name (`x`,
    `y`).
    """
    west, south, _, _ = shapely.total_bounds(list(areas.values()))
    on_grid = {c: shapely.transform(a, lambda xy: ((xy - [west, south]) / GRID_M).round()) for c, a in areas.items()}
    arcs = _arcs(on_grid)
    begins: dict[Point, dict[Point, tuple[int, int]]] = {end: {} for arc in arcs for end in (arc[0], arc[-1])}
    for number, arc in enumerate(arcs):
        begins[arc[0]][arc[1]] = (number, len(arc) - 1)
        begins[arc[-1]][arc[-2]] = (~number, len(arc) - 1)
    return {
        "type": "Topology",
        "source": SOURCE,
        "transform": {"scale": [GRID_M, GRID_M], "translate": [int(west), int(south)]},
        "objects": {
            "kommuner": {
                "type": "GeometryCollection",
                "geometries": [_geometry(c, a, areas[c], begins) for c, a in on_grid.items()],
            }
        },
        "arcs": [_delta(arc) for arc in arcs],
    }


def _arcs(areas: dict[str, Any]) -> list[list[Point]]:
    """Every border segment once: lines between the points where more than two areas (or the sea) meet."""
    sides = {tuple(sorted(side)) for area in areas.values() for ring in _rings(area) for side in pairwise(ring)}
    merged = shapely.line_merge(shapely.MultiLineString([list(side) for side in sorted(sides)]))
    return sorted(_points(line) for line in shapely.get_parts(merged))


def _rings(area: Any) -> list[list[Point]]:
    return [_points(ring) for part in shapely.get_parts(area) for ring in (part.exterior, *part.interiors)]


def _points(line: Any) -> list[Point]:
    return [(int(x), int(y)) for x, y in line.coords]


def _geometry(code: str, area: Any, in_metres: Any, begins: dict[Point, dict[Point, tuple[int, int]]]) -> Any:
    polygons = []
    for part in shapely.get_parts(area):
        polygons.append([_ring(_points(ring), begins) for ring in (part.exterior, *part.interiors)])
    widest = max(shapely.get_parts(in_metres), key=lambda part: float(part.area))
    place = shapely.get_point(shapely.maximum_inscribed_circle(widest), 0)
    return {
        "type": "MultiPolygon",
        "id": code,
        "properties": {"x": round(place.x), "y": round(place.y)},
        "arcs": polygons,
    }


def _ring(ring: list[Point], begins: dict[Point, dict[Point, tuple[int, int]]]) -> list[int]:
    """A ring as arc numbers, `~n` for an arc in reverse direction."""
    corners = ring[:-1]
    start = next(i for i, point in enumerate(corners) if point in begins)
    corners = corners[start:] + corners[:start]
    corners.append(corners[0])
    at, numbers = 0, []
    while at < len(corners) - 1:
        number, length = begins[corners[at]][corners[at + 1]]
        numbers.append(number)
        at += length
    return numbers


def _delta(arc: list[Point]) -> list[list[int]]:
    """Delta encoding: the first point, then the step from each point to the next."""
    return [list(arc[0]), *([x2 - x1, y2 - y1] for (x1, y1), (x2, y2) in pairwise(arc))]


def main(path: Path) -> None:
    """Write the outlines of the boundaries in `path`."""
    text = json.dumps(topology(coverage(boundaries(path))), ensure_ascii=False, separators=(",", ":"))
    OUTLINES.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
