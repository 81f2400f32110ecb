"""CSV of what is uncurated: one file, written indicator by indicator, whatever its length.

Belongs here: that file. Does not belong here: the files of a theme (`delimited.py`), which hold a theme in memory.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from indicators.model.words import UNCURATED
from pipelines.reading.reader import open_release
from pipelines.release.package.release_data import TIDY
from pipelines.text.csv_values import fullest_first, readable

NAME = f"csv/plain/{UNCURATED}.csv.gz"
_LEVEL = 6
_AT_ONCE = 20  # indicators
_ROWS = f"""
    select {", ".join(TIDY)} from observation_wide where theme = '{UNCURATED}' and indicator_id between ? and ?
    order by indicator_id, area_id, sex, year
"""


def write_uncurated(release: Path, indicators: list[str], path: Path) -> None:
    """Write every value of these indicators, in the columns of all CSV; equal rows give equal bytes.

    Args:
        release: the folder of the release, which is opened by itself: the package's own connection hides them.
    """
    with (
        open_release(release) as con,
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed,
    ):
        for first in range(0, len(indicators), _AT_ONCE):
            some = indicators[first : first + _AT_ONCE]
            cells = readable(fullest_first(con.execute(_ROWS, [some[0], some[-1]]).pl()))
            packed.write(cells.write_csv(include_header=first == 0).encode())
