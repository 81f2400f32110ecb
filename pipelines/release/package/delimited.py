"""CSV of a theme in two dialects: one for Swedish Excel, and a plain one for everything else.

Belongs here: the two dialects. Does not belong here: which rows (`release_data.py`), the text of a cell
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
    """A CSV dialect."""

    delimiter: str
    decimal: str
    encoding: str


PLAIN = Form(",", ".", "utf-8")
EXCEL = Form(";", ",", "utf-8-sig")
FORMS = {"plain": PLAIN, "excel": EXCEL}


def write_csv(parts: Iterable[pl.DataFrame], path: Path, form: Form = PLAIN) -> None:
    """Write rows in chunks: numbers at full precision, empty where missing, and texts that no program converts."""
    with path.open("wb") as file:
        for number, rows in enumerate(parts):
            readable(rows).write_csv(
                file,
                include_header=number == 0,
                include_bom=number == 0 and form.encoding == "utf-8-sig",
                separator=form.delimiter,
                decimal_comma=form.decimal == ",",
            )
