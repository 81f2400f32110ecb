"""Bar charts: ranked areas with intervals, all municipalities at a glance, and plain amounts.

Belongs here: the marks. Does not belong here: order and selection of rows (`static/bars.js`).
"""

from __future__ import annotations

from pipelines.site.charts.common import ACCENT, MUTED, NEUTRAL, SURFACE, TEXT, Spec, layer, number, picture, pixels

MINE = {"condition": {"test": "datum.group", "value": ACCENT}, "value": NEUTRAL}
FIRM = {"condition": {"test": "datum.group", "value": 1}, "value": 0.5}
BETWEEN = [{"filter": "isValid(datum.lower) && isValid(datum.upper)"}]


def bars() -> Spec:
    """Horizontal bars in the order of their rows, each with its name, its value and its interval.

    Data: rows (`name`, `value`, `lower`, `upper`, `group`, `text`, `edge`: where the value's text begins).
    """
    band = {"field": "place", "type": "ordinal", "sort": None, "axis": None, "scale": {"padding": 0.22}}
    scale = {"domainMin": {"expr": "low"}, "domainMax": {"expr": "high"}, "nice": False}
    across = number("value", axis=None, scale=scale)
    whisker = {"y": band, "x": {**across, "field": "lower"}, "x2": {"field": "upper"}}
    label = {"type": "text", "baseline": "middle", "limit": {"expr": "names"}, "fontSize": {"expr": "size"}}
    label |= {"fontWeight": {"expr": "datum.bold ? 700 : 400"}}
    left = {"align": "right", "dx": -8}
    return picture(
        [
            layer(
                "rows", {"type": "bar", "cursor": "default"}, {"y": band, "x": across, "color": MINE, "opacity": FIRM}
            ),
            layer("rows", {"type": "rule", "color": SURFACE, "strokeWidth": 4}, whisker, BETWEEN),
            layer("rows", {"type": "rule", "color": TEXT, "strokeWidth": 1.5}, whisker, BETWEEN),
            layer("rows", label | left, {"y": band, "x": {"value": 0}, "text": {"field": "name"}}),
            layer(
                "rows",
                label | {"align": "left", "dx": 6, "limit": 0},
                {"y": band, "x": {**across, "field": "edge"}, "text": {"field": "text"}},
            ),
        ],
        ["rows"],
        {"low": 0, "high": 1, "names": 120, "size": 13},
    )


def ladder() -> Spec:
    """All areas at a glance: thin vertical bars from the highest to the lowest; the selected areas are highlighted.

    Data: rows (`place`, `value`, `lower`, `upper`, `group`), ends (texts at positions in pixels).
    """
    along = {"field": "place", "type": "ordinal", "sort": None, "axis": None, "scale": {"paddingInner": 0.1}}
    axis = {"labelExpr": "format(datum.value, form)", "tickCount": 3, "title": None}
    scale = {"domainMin": {"expr": "low"}, "domainMax": {"expr": "high"}, "nice": False}
    up = number("value", axis=axis, scale=scale)
    ours = [{"filter": "datum.group"}]
    text = {"type": "text", "fontSize": 12, "fill": MUTED, "baseline": "middle", "align": {"expr": "datum.align"}}
    return picture(
        [
            layer("rows", {"type": "bar", "opacity": 0.55}, {"x": along, "y": up, "color": {"value": NEUTRAL}}),
            layer("rows", {"type": "bar"}, {"x": along, "y": up, "color": {"value": ACCENT}}, ours),
            layer(
                "rows",
                {"type": "point", "filled": True, "shape": "triangle-down", "size": 28, "yOffset": -6, "opacity": 1},
                {"x": along, "y": up, "color": {"value": ACCENT}},
                ours,
            ),
            layer("ends", text, {"x": pixels("x"), "y": pixels("y"), "text": {"field": "text"}}),
        ],
        ["rows", "ends"],
        {"low": 0, "high": 1, "form": ",.0f"},
        height=140,
    )
