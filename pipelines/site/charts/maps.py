"""Maps of the municipalities: coloured by quintile, hatched where there is no value.

Belongs here: the marks. Does not belong here: the outlines (`static/outlines.json`) and the quintiles
(`static/maps.js`).
"""

from __future__ import annotations

from pipelines.site.charts.common import MISSING, SURFACE, Spec, picture

# SCB's boundaries are projected already; the y axis is flipped, since it points down on a screen.
PROJECTION = {"type": "identity", "reflectY": True}
FIFTHS = {"domain": [0, 1, 2, 3, 4], "range": [f"var(--seq-{n})" for n in range(1, 6)]}


OUTLINES = {"name": "outlines", "values": {}, "format": {"type": "topojson", "feature": "kommuner"}}


def sweden() -> Spec:
    """Data: outlines (TopoJSON), rows (`area_id`, `name`, `text`, `fifth`)."""
    return picture([_areas()], ["rows"], {"thin": 0.4}, data=OUTLINES, projection=PROJECTION)


def region() -> Spec:
    """The same with a name and a value on each area that has a row; the script moves labels that would overlap."""
    label = [{"calculate": "values ? [datum.name, datum.text] : [datum.name]", "as": "label"}]
    text = {"type": "text", "align": "center", "baseline": "middle", "lineHeight": 14, "fontSize": {"expr": "size"}}
    at = {
        "longitude": {"field": "properties.x", "type": "quantitative"},
        "latitude": {"field": "properties.y", "type": "quantitative"},
        "text": {"field": "label"},
    }
    halo = {**text, "stroke": SURFACE, "strokeWidth": 4.5, "fill": SURFACE, "strokeJoin": "round"}
    names = [{"mark": mark, "encoding": at, "transform": _joined() + label} for mark in (halo, text)]
    signals = {"thin": 1, "size": 12, "values": True}
    return picture([_areas(), *names], ["rows"], signals, data=OUTLINES, projection=PROJECTION)


def _areas() -> Spec:
    shape = {"type": "geoshape", "stroke": SURFACE, "strokeWidth": {"expr": "thin"}, "strokeJoin": "round"}
    colour = {
        "condition": {"test": "!isValid(datum.fifth)", "value": MISSING},
        "field": "fifth",
        "type": "ordinal",
        "scale": FIFTHS,
        "legend": None,
    }
    return {"mark": shape, "encoding": {"fill": colour}, "transform": _joined()}


def _joined() -> list[Spec]:
    fields = ["area_id", "name", "text", "fifth"]
    return [
        {"lookup": "id", "from": {"data": {"name": "rows"}, "key": "area_id", "fields": fields}},
        {"filter": "isValid(datum.area_id)"},
    ]
