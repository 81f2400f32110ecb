"""The scripts of the pages: the chart library, and one file with charts, outlines and our own code.

Belongs here: which files they are bundled from. Does not belong here: their content (`charts/`, `static/`).
"""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.release.shared_files import ReleaseFiles
from pipelines.site.charts import compiled_pictures

STATIC = Path(__file__).parent / "static"
# In order of dependency.
PARTS = [
    "base",
    "cite",
    "tables",
    "search",
    "view",
    "lines",
    "bars",
    "maps",
    "timeline",
    "figures",
    "areas",
    "compare",
    "start",
]

# Names under which vl-convert stores the parts of its library; nothing is fetched from there. Vega evaluates
# expressions by its interpreter, so that the pages' content security policy can forbid eval.
KEPT = "https://cdn.jsdelivr.net/npm"
LIBRARY = """
import {{ View, parse }} from "{kept}/vega@{version}/+esm";
import {{ expressionInterpreter }} from "{kept}/vega-interpreter@2.0.0/+esm";
window.vega = {{ View, parse, expressionInterpreter }};
"""


def write_scripts(release_files: ReleaseFiles) -> None:
    """Write `assets/vega.js`, `assets/charts.js` and `assets/charts.css` of a site."""
    release_files.text("assets/vega.js", "vega", library)
    release_files.text("assets/charts.js", "charts", script)
    release_files.text("assets/charts.css", "style", lambda: (STATIC / "charts.css").read_text(encoding="utf-8"))


def library() -> str:
    """The parts of Vega that draw the charts, as one script that begins with its licence."""
    import vl_convert  # noqa: PLC0415 - a heavy library

    bundle: str = vl_convert.javascript_bundle(LIBRARY.format(kept=KEPT, version=vl_convert.get_vega_version()))
    terms = (STATIC / "library_terms.txt").read_text(encoding="utf-8")
    return f"/*\n{terms}*/\n(() => {{\n{bundle}\n}})();\n"


def script() -> str:
    """The compiled charts, the outlines and our own code, as one script."""
    pictures = json.dumps(compiled_pictures(), ensure_ascii=False, separators=(",", ":"))
    outlines = (STATIC / "outlines.json").read_text(encoding="utf-8").strip()
    code = "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in PARTS)
    data = f"window.nyckeltal_pictures = {pictures};\nwindow.nyckeltal_outlines = {outlines};\n"
    return f'{data}(() => {{\n"use strict";\n{code}}})();\n'
