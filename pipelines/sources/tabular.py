"""Converts tabular files to a dataset's declared columns and types; anything that does not fit is an error that names
it.

Belongs here: reading CSV and Parquet, and the conversion that every source ends with. Does not belong here: any
publisher's own format.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import polars as pl

from pipelines.datasets import Column, Dataset
from pipelines.errors import SourceError
from pipelines.sources.overlay import DECIMALS, overlaid
from pipelines.text.normalise import plain, without_preamble

_DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int32(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "boolean": pl.Boolean(),
}
_SAMPLE = 5


def read_table(path: Path, name: str) -> pl.LazyFrame:
    """Open a file by its ending: `.parquet` lazily, `.csv` (UTF-8, comma, header) as text columns; empty is null.

    Args:
        path: where the bytes are. name: the file's own name, for its ending and for messages.

    Raises:
        SourceError: empty, truncated, not UTF-8, or of unknown ending.
    """
    if path.stat().st_size == 0:
        raise SourceError("the file is empty", where=name, expected="a header and rows", found="0 bytes")
    if name.endswith(".parquet"):
        try:
            lazy = pl.scan_parquet(path)
            lazy.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(name, "a whole Parquet file", error) from error
        return lazy
    if name.endswith(".csv"):
        return _read_csv(path, name)
    raise SourceError("unknown kind of file", where=name, expected="a name ending in .parquet or .csv", found=name)


def _read_csv(path: Path, name: str) -> pl.LazyFrame:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(
            "the file is not UTF-8",
            where=f"{name}, line {line}",
            expected="UTF-8 text",
            found=f"byte 0x{raw[error.start]:02x}",
            remedy="save the file as UTF-8",
        ) from error
    text, _ = without_preamble(text)
    try:
        _refuse_ragged(text, name)
        return pl.read_csv(text.encode(), infer_schema=False, null_values=[""]).lazy()
    except (pl.exceptions.PolarsError, csv.Error) as error:
        raise _unreadable(name, "comma-separated rows of equal length", error) from error


def _refuse_ragged(text: str, name: str) -> None:
    """Reject short rows: Polars fills them with empty cells, which would pass as published missing values."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(reader, [])
    if twice := sorted({column for column in header if header.count(column) > 1}):
        raise SourceError(
            "a column stands twice",
            where=f"{name}, line 1",
            expected="each column once",
            found=f"twice: {', '.join(map(repr, twice))}",
            remedy="say which of them is meant, by another name or by taking one away",
        )
    width = len(header)
    line = reader.line_num + 1
    for row in reader:
        if len(row) != width:
            raise SourceError(
                "a row has another number of cells than the header",
                where=f"{name}, line {line}",
                expected=f"{width} cells, as in the header",
                found=f"{len(row)} cells",
                remedy="mend the row, or fetch the file again if it was cut short",
            )
        line = reader.line_num + 1


def _unreadable(name: str, expected: str, error: Exception) -> SourceError:
    return SourceError(
        "the file cannot be read",
        where=name,
        expected=expected,
        found=str(error).splitlines()[0][:200],
        remedy="fetch or build the file again",
    )


def conform(lazy: pl.LazyFrame, dataset: Dataset, name: str, *, strict: bool = False) -> pl.LazyFrame:
    """Convert a frame to the declared columns, in order and typed, with `row` (1-based, in file order) in front.

    Texts are normalised (`text/normalise.py`), so that a publisher's decomposed letters or double blanks are no
    revision.

    Args:
        strict: an undeclared column is an error; else it is dropped.

    Raises:
        SourceError: a column is missing, or a cell does not have its column's type.
    """
    schema = lazy.collect_schema()
    missing = [c for c in dataset.columns if c not in schema]
    unknown = new_columns(lazy, dataset)
    if missing or (strict and unknown):
        found = [f"missing: {', '.join(missing)}"] if missing else []
        found += [f"unknown: {', '.join(unknown)}"] if unknown else []
        raise SourceError(
            "the columns are not those declared",
            where=name,
            expected=", ".join(dataset.columns),
            found="; ".join(found),
            remedy="if the publisher changed its layout, change the declaration; else fetch again",
        )
    indexed = lazy.select(*dataset.columns).with_row_index("row", offset=1)
    casts = [_cast(indexed, name, column, declared, schema[column]) for column, declared in dataset.columns.items()]
    return indexed.select(pl.col("row").cast(pl.Int64), *casts)


def new_columns(lazy: pl.LazyFrame, dataset: Dataset) -> list[str]:
    """The columns of a frame that are not declared."""
    return [c for c in lazy.collect_schema() if c not in dataset.columns]


@dataclass(frozen=True)
class Parsed:
    """The findings of parsing: undeclared fields, columns and sheets, and sums that do not agree.

    `differences` is None when there are no declared sums. `left_out` are rows with values that a layout leaves out;
    None without a layout.
    """

    new_fields: frozenset[str] = frozenset()
    differences: tuple[str, ...] | None = None
    left_out: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Part:
    """The content of one archived file: its name for messages, its hash, its rows, and to how many decimals its values
    were rounded by whoever kept them (None: as published).
    """

    name: str
    sha256: str
    rows: pl.LazyFrame
    decimals: int | None = None


def write_parts(
    parts: Iterable[Part],
    dataset: Dataset,
    target: Path,
    name: str,
    *,
    strict: bool = False,
    is_overlaid: bool = False,
) -> Parsed:
    """Write the rows of archived files as one staged dataset.

    Columns of `target`: those declared, and `source_file_sha256`.

    Args:
        strict: an undeclared column is an error; else it is dropped and reported.
        is_overlaid: a file's rows replace those of the files before it (`overlay.py`), in the order of their key; else
        all rows stand, in the order of the files.

    Raises:
        SourceError: a column is missing, a cell does not have its column's type, a file is damaged.
    """
    frames, new = [], set[str]()
    for part in parts:
        frame = conform(part.rows, dataset, part.name, strict=strict).drop("row")
        told = {"source_file_sha256": pl.lit(part.sha256), DECIMALS: pl.lit(part.decimals, pl.Int32)}
        frames.append(frame.with_columns(**told))
        new |= {f"column {column}" for column in new_columns(part.rows, dataset)}
    if is_overlaid and len(frames) > 1:
        one = reduce(lambda earlier, later: overlaid(earlier, later, dataset.key), frames).sort(dataset.key)
    else:
        one = pl.concat(frames)
    write_staged(one.drop(DECIMALS), target, name)
    return Parsed(frozenset(new))


def write_staged(lazy: pl.LazyFrame, target: Path, name: str) -> None:
    """Stream a conformed frame to Parquet.

    Raises:
        SourceError: the file turns out to be damaged while it is read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        lazy.sink_parquet(target, compression="lz4")
    except pl.exceptions.PolarsError as error:
        target.unlink(missing_ok=True)
        raise _unreadable(name, "rows that can be read to the end", error) from error


def _cast(lazy: pl.LazyFrame, name: str, column: str, declared: Column, found: pl.DataType) -> pl.Expr:
    wanted = _DTYPES[declared.type]
    expression = pl.col(column)
    if declared.type == "text" and isinstance(found, pl.String | pl.Categorical | pl.Enum):
        cast = _plain(lazy, name, column)
    elif found.is_(wanted):
        cast = expression
    elif isinstance(found, pl.String | pl.Categorical | pl.Enum):
        cast = _from_text(expression.cast(pl.String()), declared)
        _refuse(lazy, name, column, declared, expression.is_not_null() & cast.is_null())
    elif found.is_(pl.Null()):
        cast = expression.cast(wanted)
    elif (found.is_integer() or found.is_float()) and declared.type in {"integer", "number"}:
        cast = expression.cast(wanted, strict=False)
        if declared.type == "integer" or found.is_integer():
            back = cast if found.is_float() else cast.cast(found, strict=False)
            _refuse(lazy, name, column, declared, expression.is_not_null() & (back != expression).fill_null(True))
    else:
        raise SourceError(
            f"the column {column} is of another type",
            where=name,
            expected=declared.type,
            found=str(found),
            remedy="codes are text: a number has lost its leading zeros" if declared.type == "text" else "",
        )
    if declared.type == "number":
        _refuse(lazy, name, column, declared, cast.is_not_null() & ~cast.is_finite())
    return cast.alias(column)


def _plain(lazy: pl.LazyFrame, name: str, column: str) -> pl.Expr:
    """The texts of a column normalised by `text/normalise.py`; unchanged texts are not copied.

    Blanks alone become null.
    """
    try:
        texts = lazy.select(pl.col(column).cast(pl.String()).unique()).collect(engine="streaming").to_series()
    except pl.exceptions.PolarsError as error:
        raise _unreadable(name, "rows that can be read to the end", error) from error
    mended = {text: plain(text) or None for text in texts if text is not None and plain(text) != text}
    expression = pl.col(column).cast(pl.String())
    return expression.replace(mended) if mended else expression


def _from_text(expression: pl.Expr, declared: Column) -> pl.Expr:
    if declared.type == "boolean":
        flags = {"true": True, "1": True, "false": False, "0": False}
        return expression.str.to_lowercase().replace_strict(flags, default=None, return_dtype=pl.Boolean)
    if declared.type == "date":
        return expression.str.to_date("%Y-%m-%d", strict=False)
    return expression.cast(_DTYPES[declared.type], strict=False)


def _refuse(lazy: pl.LazyFrame, name: str, column: str, declared: Column, wrong: pl.Expr) -> None:
    try:
        count = lazy.select(wrong.sum()).collect(engine="streaming").item()
        if not count:
            return
        sample = lazy.filter(wrong).select("row", column).head(_SAMPLE).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise _unreadable(name, "rows that can be read to the end", error) from error
    cells = "; ".join(f"row {row}: {value!r}" for row, value in sample.iter_rows())
    raise SourceError(
        f"{count} cells of the column {column} are not of type {declared.type}",
        where=name,
        expected=declared.type,
        found=cells,
        remedy="mend the cells, or leave them empty where a value is missing",
    )
