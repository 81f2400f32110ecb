"""The pictures of the pages, as Vega-Lite specifications.

Belongs here: what is drawn, with which marks and scales; colours by the names of the style sheet's properties, so that
a picture follows light, dark and print by itself. Does not belong here: figures, which a page's own tables give, and
the reading of them (`static/`).

Every specification names the data it wants and the signals that the script sets (`static/lines.js` and its siblings).
"""

from __future__ import annotations

from pipelines.site.charts.bars import bars, ladder
from pipelines.site.charts.common import Spec, compiled
from pipelines.site.charts.lines import lines
from pipelines.site.charts.maps import region, sweden
from pipelines.site.charts.timeline import timeline

PICTURES = {"lines": lines, "bars": bars, "ladder": ladder, "sweden": sweden, "region": region, "timeline": timeline}


def compiled_pictures() -> dict[str, Spec]:
    """Every picture in Vega, by its name."""
    return {name: compiled(make()) for name, make in PICTURES.items()}
