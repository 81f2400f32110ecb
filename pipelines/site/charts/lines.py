"""Line charts over years: one or several series with intervals, breaks and events; also observed and counterfactual.

Belongs here: the marks. Does not belong here: where a line is interrupted, which labels fit (`static/lines.js`).
"""

from __future__ import annotations

from pipelines.site.charts.common import LINE, MUTED, NEUTRAL, SURFACE, TEXT, Spec, layer, number, picture, pixels

SERIES = [0, 1, 2, 3, 4, 5, 6]  # the last is the reference line
COLOURS = [*(f"var(--series-{n})" for n in range(1, 7)), NEUTRAL]
DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4], [5, 3]]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "circle"]


def lines() -> Spec:
    """Data: rows, ends (labels at the last points), events, marks (events and breaks in the same year), near."""
    signals = {
        "first": 2000,
        "last": 2020,
        "low": 0,
        "high": 1,
        "years": [],
        "levels": 5,
        "form": ",.0f",
        "thick": 2.25,
        "dots": 30,
    }
    return picture(
        [_spans(), _rules(), *_captions(), _bands(), _whiskers(), _zero(), _strokes(), _points(), _ends(), *_near()],
        ["rows", "ends", "spans", "rules", "captions", "near"],
        signals,
        resolve={"scale": {"x": "shared", "y": "shared"}},
    )


def _x(field: str) -> Spec:
    axis = {"values": {"expr": "years"}, "format": "d", "grid": False, "labelFlush": False, "domain": True}
    axis |= {"domainColor": LINE, "title": None}
    scale = {"domainMin": {"expr": "first"}, "domainMax": {"expr": "last"}, "nice": False, "zero": False}
    return number(field, axis=axis, scale=scale)


def _y(field: str) -> Spec:
    axis = {"labelExpr": "format(datum.value, form)", "tickCount": {"expr": "levels"}, "title": None}
    scale = {"domainMin": {"expr": "low"}, "domainMax": {"expr": "high"}, "nice": False, "zero": False}
    return number(field, axis=axis, scale=scale)


def _series(channel: str = "color") -> Spec:
    ranges = {"color": COLOURS, "strokeDash": DASHES, "shape": SHAPES}
    scale = {"domain": SERIES, "range": ranges[channel]}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}


def _spans() -> Spec:
    mark = {"type": "rect", "color": LINE, "opacity": 0.45, "clip": True}
    return layer("spans", mark, {"x": _x("from"), "x2": {"field": "to"}})


def _rules() -> Spec:
    mark = {"type": "rule", "color": MUTED, "clip": True, "strokeWidth": 1}
    dash = {"condition": {"test": "datum.broken", "value": [3, 3]}, "value": [1, 0]}
    return layer("rules", mark, {"x": _x("at"), "strokeDash": dash})


def _captions() -> list[Spec]:
    mark = {"type": "text", "align": {"expr": "datum.align"}, "baseline": "bottom", "fontSize": 12, "fill": MUTED}
    place = {"x": pixels("x"), "y": pixels("y")}
    return [layer("captions", mark, {**place, "text": {"field": "text"}})]


def _bands() -> Spec:
    mark = {"type": "area", "opacity": 0.16, "line": False, "interpolate": "linear"}
    whole = [{"filter": "isValid(datum.lower) && isValid(datum.upper)"}]
    encoding = {"x": _x("year"), "y": _y("lower"), "y2": {"field": "upper"}, "color": _series()}
    return layer("rows", mark, {**encoding, "detail": {"field": "band"}}, whole)


def _whiskers() -> Spec:
    mark = {"type": "rule", "strokeWidth": 7, "opacity": 0.25}
    alone = [{"filter": "datum.whisker"}]
    encoding = {"x": _x("year"), "y": _y("lower"), "y2": {"field": "upper"}, "color": _series()}
    return layer("rows", mark, encoding, alone)


def _zero() -> Spec:
    mark = {"type": "rule", "color": MUTED, "strokeWidth": 1}
    return {
        "data": {"values": [{"y": 0}]},
        "transform": [{"filter": "low < 0 && high > 0"}],
        "mark": mark,
        "encoding": {"y": _y("y")},
    }


def _strokes() -> Spec:
    mark = {"type": "line", "strokeWidth": {"expr": "thick"}, "strokeJoin": "round", "strokeCap": "butt"}
    encoding = {"x": _x("year"), "y": _y("value"), "color": _series(), "strokeDash": _series("strokeDash")}
    known = [{"filter": "isValid(datum.value)"}]
    return layer("rows", mark, {**encoding, "detail": {"field": "run"}}, known)


def _points() -> Spec:
    mark = {"type": "point", "filled": True, "size": {"expr": "dots"}, "opacity": 1, "stroke": SURFACE}
    encoding = {"x": _x("year"), "y": _y("value"), "fill": _series(), "shape": _series("shape")}
    known = [{"filter": "isValid(datum.value) && (dots > 0 || datum.alone)"}]
    return layer("rows", {**mark, "strokeWidth": 0.75}, encoding, known)


def _ends() -> Spec:
    mark = {"type": "text", "align": "left", "baseline": "middle", "dx": 8, "fontWeight": 600}
    place = {"x": pixels("x"), "y": pixels("y")}
    return layer("ends", mark, {**place, "text": {"field": "text"}, "color": _series()})


def _near() -> list[Spec]:
    """The year under the pointer."""
    rule = {"type": "rule", "color": MUTED, "strokeWidth": 1}
    dot = {"type": "point", "filled": True, "size": 70, "opacity": 1, "stroke": TEXT, "strokeWidth": 1}
    first = [{"filter": "datum.first"}]
    known = [{"filter": "isValid(datum.value)"}]
    at = {"x": _x("year"), "y": _y("value"), "fill": _series(), "shape": _series("shape")}
    return [layer("near", rule, {"x": _x("year")}, first), layer("near", dot, at, known)]
