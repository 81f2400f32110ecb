"""CSV of a theme, twice: as Swedish Excel opens it, and plain, as everything else reads it.

Belongs here: the two forms. Does not belong here: which rows (`figures.py`), what a cell says
(`text/csv_values.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.text.csv_values import readable


@dataclass(frozen=True)
class Form:
    """How a CSV file is written."""

    delimiter: str
    decimal: str
    encoding: str


PLAIN = Form(",", ".", "utf-8")
EXCEL = Form(";", ",", "utf-8-sig")
FORMS = {"plain": PLAIN, "excel": EXCEL}


def write_csv(parts: Iterable[pl.DataFrame], path: Path, form: Form = PLAIN) -> None:
    """Write rows, a part at a time: numbers in full, empty where there is none, and texts that stay texts."""
    with path.open("wb") as file:
        for number, rows in enumerate(parts):
            readable(rows).write_csv(
                file,
                include_header=number == 0,
                include_bom=number == 0 and form.encoding == "utf-8-sig",
                separator=form.delimiter,
                decimal_comma=form.decimal == ",",
            )
