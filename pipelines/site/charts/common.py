"""What all pictures share: how axes and letters look, data that come later, and compiling to Vega.

Belongs here: nothing that one kind of picture alone wants.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

TEXT, MUTED, LINE, SURFACE = "var(--text)", "var(--muted)", "var(--line)", "var(--surface)"
ACCENT, NEUTRAL = "var(--accent)", "var(--neutral)"
MISSING = "url(#missing)"  # hatching; the pattern stands in the page (static/figures.js)
FONT_SIZE = 13

CONFIG: Spec = {
    "aria": False,  # the picture as a whole has a name, and its table is the alternative
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
    """A layered picture whose data, signals, size and padding the script gives.

    Args:
        given: names of data sets. signals: names and first values.
    """
    return {
        "config": CONFIG,
        "autosize": "none",  # the script knows how much room words need (static/view.js)
        "padding": 0,
        "width": 600,
        "height": 320,
        "datasets": {name: [] for name in given},
        "params": [{"name": name, "value": value} for name, value in signals.items()],
        "layer": layers,
        **more,
    }


def layer(data: str, mark: Spec, encoding: Spec, transform: list[Spec] | None = None) -> Spec:
    """One layer; without transforms unless some are given."""
    made: Spec = {"data": {"name": data}, "mark": mark, "encoding": encoding}
    return {**made, "transform": transform} if transform else made


def number(field: str, **more: Any) -> Spec:
    """A channel with a number."""
    return {"field": field, "type": "quantitative", **more}


def name(field: str, **more: Any) -> Spec:
    """A channel with a name."""
    return {"field": field, "type": "nominal", **more}


def pixels(field: str) -> Spec:
    """A channel with a place that the script has worked out, in pixels."""
    return number(field, scale=None, axis=None)


def compiled(spec: Spec) -> Spec:
    """The same in Vega, which is what the pages' library draws."""
    import vl_convert  # noqa: PLC0415 - a heavy library

    made: Spec = vl_convert.vegalite_to_vega(spec, vl_version="6.4")
    return made
