"""CSV of a theme in two dialects: one for Swedish Excel, and a plain one for everything else.

Belongs here: the two dialects, and how their files are compressed. Does not belong here: which rows
(`release_data.py`), the text of a cell (`text/csv_values.py`). Equal rows give equal bytes: no compressed file holds
a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import polars as pl

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_LEVEL = 6


@dataclass(frozen=True)
class Form:
    """A CSV dialect, and the ending of a theme's file in it.

    Programs read gzip as they read CSV; a person opens a zip with a double click on any computer.
    """

    delimiter: str
    decimal: str
    encoding: str
    ending: str


PLAIN = Form(",", ".", "utf-8", ".csv.gz")
EXCEL = Form(";", ",", "utf-8-sig", ".zip")
FORMS = {"plain": PLAIN, "excel": EXCEL}


def write_csv(cells: pl.DataFrame, path: Path, form: Form = PLAIN) -> None:
    """Write one CSV, compressed as the ending of `path` says: `.csv`, `.csv.gz`, or a `.zip` that holds only it.

    Args:
        cells: as `csv_values.readable` makes them; numbers are written at full precision, empty where missing.
    """
    write = partial(
        cells.write_csv,
        separator=form.delimiter,
        decimal_comma=form.decimal == ",",
        include_bom=form.encoding == "utf-8-sig",
    )
    if path.suffix == ".gz":
        write(path, compression="gzip", compression_level=_LEVEL)
    elif path.suffix == ".zip":
        member = ZipInfo(f"{path.stem}.csv", _TIME)
        member.compress_type = ZIP_DEFLATED
        member.external_attr = 0o644 << 16
        with ZipFile(path, "w", compresslevel=_LEVEL) as packed, packed.open(member, "w", force_zip64=True) as file:
            write(file)
    else:
        write(path)
