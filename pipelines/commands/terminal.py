"""Formatting of frames and query results for a terminal.

Belongs here: tables of frames, and result files. Does not belong here: how a table fits a terminal
(`terminal_tables.py`), or how a number is written in Swedish (`text/swedish_numbers.py`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.commands.terminal_tables import KEYS, Grid, Screen, escaped, plain
from pipelines.errors import NyckeltalError, UsageError, no_place_in

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 200  # rows of a result on the screen
_FILE_WIDTH = 160  # width of the output when it goes to a file or another program

out = Screen(
    highlight=False,
    soft_wrap=False,
    width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH,
)
err = Screen(stderr=True, highlight=False, soft_wrap=True)


def tell_error(error: NyckeltalError) -> None:
    """Print an error of this project on standard error: what, where, expected, found, what to do."""
    err.print(f"[bold red]Error[/bold red] {error.what}", style=None)
    for label, text in (
        ("where", error.where), ("expected", error.expected), ("found", error.found), ("what to do", error.remedy)
    ):  # fmt: skip
        if text:
            err.print(f"  {label}: {text}", markup=False)


def cell(value: Any) -> str:
    """A query's value as text."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def grid(title: str | None = None, *, header: bool = True) -> Grid:
    """An empty table in the layout that all tables have."""
    return Grid(title, header)


def table(names: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None, *, count: int = 0) -> None:
    """Print rows, then how many more than these there are. An empty table is reported as such.

    Args:
        count: how many rows there are in all, where these are the first of them.
    """
    shown = grid(title)
    for place, name in enumerate(names):  # numbers, dates and codes are never broken over two lines
        is_key = name in KEYS
        values = [row[place] for row in rows if row[place] is not None]
        whole = is_key or _are(values, (date, time, timedelta))
        shown.add_column(name, right=_are(values, (int, float, Decimal)), whole=whole, key=is_key)
    for row in rows:
        shown.add_row(*(cell(v) for v in row))
    if names:
        out.print(shown)
    if not rows:
        out.print("0 rows")
    if count > len(rows):
        out.print(f"… and {count - len(rows)} rows more (use --format csv, json or parquet for all)")


def frame_as_table(frame: pl.DataFrame) -> None:
    """Print the first rows of a frame."""
    table(frame.columns, frame.head(MOST_ROWS).rows(), count=frame.height)


def records_as_table(records: list[dict[str, Any]], title: str) -> None:
    """Print rows that are mappings with the same keys."""
    table(list(records[0]) if records else [], [list(record.values()) for record in records], title)


def _are(values: list[Any], kinds: tuple[type, ...]) -> bool:
    return bool(values) and all(isinstance(value, kinds) and not isinstance(value, bool) for value in values)


def as_json(content: Any) -> None:
    """Print machine-readable JSON; control characters are escaped, which reads back the same."""
    print(escaped(json.dumps(content, ensure_ascii=False, indent=1, default=_json_value)))  # noqa: T201


def frame_as_json(frame: pl.DataFrame) -> None:
    """Print a frame as a JSON list of rows."""
    as_json(frame.to_dicts())


def safe_csv(frame: pl.DataFrame) -> str:
    """CSV of a frame that every program reads correctly by default (`text/csv_values.py`)."""
    from pipelines.text import csv_values  # noqa: PLC0415

    return "".join(csv_values.written(frame))


def write_result(frame: pl.DataFrame, form: str, output: Path | None) -> None:
    """Write a query's result as `table`, `csv`, `json` or `parquet`, to the screen or to a file.

    Raises:
        UsageError: parquet needs a file, the format is unknown, or it cannot represent the result.
    """
    import polars as pl  # noqa: PLC0415 - not loaded for `--help`

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
        else:  # a file or a program gets the unmodified bytes
            print(plain(text) if sys.stdout.isatty() else text, end="")  # noqa: T201
    elif form == "json":
        if output:
            output.write_text(json.dumps(frame.to_dicts(), ensure_ascii=False, default=_json_value), encoding="utf-8")
        else:
            frame_as_json(frame)
    elif form == "table":
        frame_as_table(frame)
    else:
        raise UsageError("unknown form", expected="table, csv, json or parquet", found=form)


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
