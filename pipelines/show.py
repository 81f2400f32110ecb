"""How figures and tables look in a terminal.

Belongs here: Swedish numbers, tables of frames, and files of results. Does not belong here: how a table fits a terminal
(`screen.py`).
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import csv_cells
from pipelines.errors import UsageError, no_place_in
from pipelines.screen import KEYS, Grid, Screen, escaped, plain

_FILE_WIDTH = 160  # columns where output goes to a file or another program

out = Screen(
    highlight=False,
    soft_wrap=False,
    width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH,
)
err = Screen(stderr=True, highlight=False, soft_wrap=True)

_NARROW_SPACE = " "
_EXACT = Context(prec=400)  # digits enough for every number
_LEAST_CHANCE, _SIGNIFICANT = 0.001, 0.05
_THOUSANDS = 1000
_MOST_DECIMALS = 12


def rounded(value: float, decimals: int = 0) -> Decimal:
    """A number as it is written, rounded; a half goes away from zero, and what rounds to nothing has no sign.

    What is rounded is the shortest decimal number that stands for the value, which is what a reader of the data sees:
    2.675 becomes 2.68. `swedish` of `site/static/base.js` does the same.
    """
    exact = Decimal(value if isinstance(value, int) else repr(float(value)))
    found = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)
    return found if found else abs(found)


def number(value: float | None, decimals: int = 0) -> str:
    """A number in Swedish form: `290 766` or `1,5`; an en dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{rounded(value, decimals):,f}"
    return text.replace(",", _NARROW_SPACE).replace(".", ",").replace("-", "−")


def signed(value: float | None, decimals: int = 0) -> str:
    """A difference with its sign: `+1 457`, `−887`; what rounds to nothing has none."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 and text.strip("0,") else text


def chance(value: float | None) -> str:
    """A probability: `0,023`, and `< 0,001` for what is less; never rounded up to the limit of a test, 0,05."""
    if value is not None and value < _LEAST_CHANCE:
        return "< 0,001"
    decimals = 3
    while value is not None and value < _SIGNIFICANT and decimals < _MOST_DECIMALS:
        if rounded(value, decimals) < Decimal(str(_SIGNIFICANT)):
            break
        decimals += 1
    return number(value, decimals)


def effect_decimals(values: Iterable[float | None], *limits: float | None) -> int:
    """How many decimals estimated effects are shown with: none for numbers of thousands, two for others.

    Args:
        values: what is estimated, of all rows that stand together. limits: those of one row's interval; as many
            decimals more as it takes for none of them to be rounded onto zero, which they may lie on either side of.
    """
    decimals = 0 if any(abs(value) >= _THOUSANDS for value in values if value is not None) else 2
    while decimals < _MOST_DECIMALS and any(limit and not rounded(limit, decimals) for limit in limits):
        decimals += 1
    return decimals


def cell(value: Any) -> str:
    """A value of a query as text."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def grid(title: str | None = None, *, header: bool = True) -> Grid:
    """An empty table in the form that all have."""
    return Grid(title, header)


def table(frame: pl.DataFrame, title: str | None = None, limit: int = 200) -> None:
    """Print a frame; at most `limit` rows, and then how many more there are. An empty one says so."""
    shown = grid(title)
    for name, dtype in frame.schema.items():  # numbers, dates and codes are never broken over two lines
        is_key = name in KEYS
        shown.add_column(name, right=dtype.is_numeric(), whole=is_key or dtype.is_temporal(), key=is_key)
    for row in frame.head(limit).iter_rows():
        shown.add_row(*(cell(v) for v in row))
    if frame.width:
        out.print(shown)
    if frame.is_empty():
        out.print("0 rows")
    if frame.height > limit:
        out.print(f"… and {frame.height - limit} rows more (use --format csv, json or parquet for all)")


def as_json(content: Any) -> None:
    """Print JSON that a machine can read; what a terminal would take for a command is escaped, and reads the same."""
    print(escaped(json.dumps(content, ensure_ascii=False, indent=1, default=_json_value)))  # noqa: T201


def frame_as_json(frame: pl.DataFrame) -> None:
    """Print a frame as a JSON list of rows."""
    as_json(frame.to_dicts())


def safe_csv(frame: pl.DataFrame) -> str:
    """CSV of a frame, as every program reads it right by default."""
    return "".join(csv_cells.written(frame))


def write_result(frame: pl.DataFrame, form: str, output: Path | None) -> None:
    """Give a query's result as `table`, `csv`, `json` or `parquet`, to the screen or to a file.

    Raises:
        UsageError: parquet needs a file, the form is unknown, or it has no way to write the result.
    """
    try:
        _write_result(frame, form, output)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise no_place_in(form) from error


def _write_result(frame: pl.DataFrame, form: str, output: Path | None) -> None:
    if form == "parquet":
        if output is None:
            raise UsageError("Parquet is not for the screen", remedy="give a file with --output")
        frame.write_parquet(output)
    elif form == "csv":
        text = safe_csv(frame)
        if output:
            output.write_text(text, encoding="utf-8")
        else:  # a file or a program gets the bytes as they are
            print(plain(text) if sys.stdout.isatty() else text, end="")  # noqa: T201
    elif form == "json":
        if output:
            output.write_text(json.dumps(frame.to_dicts(), ensure_ascii=False, default=_json_value), encoding="utf-8")
        else:
            frame_as_json(frame)
    elif form == "table":
        table(frame)
    else:
        raise UsageError("unknown form", expected="table, csv, json or parquet", found=form)


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
