"""The charts of the pages, as Vega-Lite specifications.

Belongs here: marks and scales; colours by the names of the style sheet's properties, so that a chart follows light,
dark and print mode by itself. Does not belong here: figures, which come from a page's own tables, and the scripts that
read them (`static/`).

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
    """Every chart compiled to Vega, by its name."""
    return {name: compiled(make()) for name, make in PICTURES.items()}
