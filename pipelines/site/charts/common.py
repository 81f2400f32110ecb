"""What all charts share: axes and fonts, data sets filled in later, and compiling to Vega.

Belongs here: nothing that only one type of chart needs.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

TEXT, MUTED, LINE, SURFACE = "var(--text)", "var(--muted)", "var(--line)", "var(--surface)"
ACCENT, NEUTRAL = "var(--accent)", "var(--neutral)"
MISSING = "url(#missing)"  # hatching; the pattern is defined in the page (static/figures.js)
FONT_SIZE = 13

CONFIG: Spec = {
    "aria": False,  # for screen readers the chart has one name, and its table is the alternative
    "background": None,
    "view": {"stroke": None},
    "mark": {"aria": False},
    "text": {"fill": TEXT, "fontSize": FONT_SIZE},
    "axis": {
        "domain": False,
        "ticks": False,
        "gridColor": LINE,
        "labelColor": MUTED,
        "labelFontSize": FONT_SIZE,
        "labelPadding": 8,
        "title": None,
    },
}


def picture(layers: list[Spec], given: list[str], signals: Spec, **more: Any) -> Spec:
    """A layered chart whose data, signals, size and padding are set by the script.

    Args:
        given: names of data sets. signals: names and initial values.
    """
    return {
        "config": CONFIG,
        "autosize": "none",  # the script measures the room for texts (static/view.js)
        "padding": 0,
        "width": 600,
        "height": 320,
        "datasets": {name: [] for name in given},
        "params": [{"name": name, "value": value} for name, value in signals.items()],
        "layer": layers,
        **more,
    }


def layer(data: str, mark: Spec, encoding: Spec, transform: list[Spec] | None = None) -> Spec:
    """One layer, with optional transforms."""
    made: Spec = {"data": {"name": data}, "mark": mark, "encoding": encoding}
    return {**made, "transform": transform} if transform else made


def number(field: str, **more: Any) -> Spec:
    """A quantitative channel."""
    return {"field": field, "type": "quantitative", **more}


def name(field: str, **more: Any) -> Spec:
    """A nominal channel."""
    return {"field": field, "type": "nominal", **more}


def pixels(field: str) -> Spec:
    """A channel with a position that the script has computed, in pixels."""
    return number(field, scale=None, axis=None)


def compiled(spec: Spec) -> Spec:
    """The chart compiled to Vega, which the pages' library draws."""
    import vl_convert  # noqa: PLC0415 - a heavy library

    made: Spec = vl_convert.vegalite_to_vega(spec, vl_version="6.4")
    return made
