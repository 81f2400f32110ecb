"""Events on an axis of time: each on a row of its own, its title above it; when it may have begun is a wide
light bar, how long it lasted a thin full one.

Belongs here: the marks. Does not belong here: order and words (`static/timeline.js`).
"""

from __future__ import annotations

from pipelines.site.charts.common import ACCENT, LINE, SURFACE, TEXT, Spec, layer, number, picture, pixels

# How sure an event is told by its shape and by whether it is filled; the words stand in the key.
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
