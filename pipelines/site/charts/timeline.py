"""The timeline chart: one row for each event, with its title above it.

A wide light bar shows when the event may have begun, a thin solid one how long it lasted. Belongs here: the marks.
Does not belong here: order and texts (`static/timeline.js`).
"""

from __future__ import annotations

from pipelines.site.charts.common import ACCENT, LINE, SURFACE, TEXT, Spec, layer, number, picture, pixels

# Shape and fill show how certain an event is; the legend explains them.
STATUSES = ["proposed", "decided", "started", "ended", "cancelled", "unknown"]
SHAPES = ["circle", "diamond", "triangle-right", "square", "cross", "circle"]


def timeline() -> Spec:
    """Data: rows (`y` in pixels, `from`, `to`, `ended`, `title`, `status`, `hollow`)."""
    axis = {"values": {"expr": "years"}, "format": "d", "grid": True, "orient": "top", "title": None}
    scale = {"domainMin": {"expr": "first"}, "domainMax": {"expr": "last"}, "nice": False, "zero": False}
    along = number("from", axis=axis, scale=scale)
    y = pixels("y")
    unsure = {"type": "rule", "color": ACCENT, "strokeWidth": 12, "opacity": 0.3, "clip": True}
    lasted = {"type": "rule", "color": ACCENT, "strokeWidth": 4, "opacity": 1, "clip": True}
    point = {"type": "point", "size": 90, "opacity": 1, "strokeWidth": 2, "stroke": ACCENT, "clip": False}
    shape = {"field": "status", "type": "nominal", "scale": {"domain": STATUSES, "range": SHAPES}, "legend": None}
    hollow = {"condition": {"test": "datum.hollow", "value": SURFACE}, "value": ACCENT}
    words = {"type": "text", "align": "left", "baseline": "middle", "limit": {"expr": "width"}, "dy": -16}
    return picture(
        [
            layer("rows", {"type": "rule", "color": LINE}, {"y": y, "x": {"value": 0}, "x2": {"value": "width"}}),
            layer("rows", unsure, {"y": y, "x": along, "x2": {"field": "to"}}),
            layer("rows", lasted, {"y": y, "x": along, "x2": {"field": "ended"}}),
            layer("rows", point, {"y": y, "x": along, "shape": shape, "fill": hollow}),
            layer("rows", words | {"fill": TEXT}, {"y": y, "x": {"value": 0}, "text": {"field": "title"}}),
        ],
        ["rows"],
        {"first": 2018, "last": 2026, "years": []},
    )
