"""CSV that every program reads correctly by default: the text of a cell, and which row comes first.

A CSV file has no types: each program infers them, and the usual inference is wrong for Swedish codes. R reads a column
of `T` as TRUE, every program reads `0180` as 180, spreadsheets turn `10-12` into a date, pandas reads `NA` as missing.
So a cell of our CSV is written so that no inference changes it; tables, Parquet and JSON are typed, and keep the codes.

Belongs here: that form, for files of the package, responses of the API and results of commands alike, and sexes as
parameters. Does not belong here: delimiters and decimal signs (`release/package/delimited.py`), parsing codes
(`normalise.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from pipelines.text.normalise import AREA_PREFIX

SEXES = {"T": "total", "K": "women", "M": "men"}
# A missing text: readr infers booleans for a column that looks empty, and drops later values.
ABSENT = "none"
_AREAS = {"area_id", "county_id", "region_id", "group_id", "parent_id"}
_LISTS_OF_AREAS = {"areas", "treated", "excluded"}
_FORMULAS = frozenset("=+-@\t\r")
_DIGITS, _LISTED = r"^(\d+)$", r"\b(\d{4}|\d{2})\b"
# What programs take for a formula, a number, a date, a boolean or a missing value. Months in Swedish and English.
_MONTH = (
    "(?:jan(?:uar[iy])?|feb(?:ruar[iy])?|mar(?:s|ch)?|apr(?:il)?|ma[jy]|jun[ie]?|jul[iy]?|aug(?:ust[i]?)?|"
    "sep(?:t|tember)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
MISREAD = (
    r"^[=+\-@\t\r]|(?i)^\s*(?:"
    r"[(.]?\d[\d\s.,:;/\-]*(?:t[\d:.,]+)?(?:e[+\-]?\d+)?\s*(?:%|kr|sek|am|pm|z)?\)?|0x[0-9a-f.]+|"
    r"t|f|true|false|sant|falskt|"
    r"#?n/?a|#n/a n/a|<na>|1\.#(?:ind|qnan)|nan|null|nil|inf|infinity|(?-i:None|NONE)|"
    rf"{_MONTH}[\s.,/\-]*\d{{1,4}}(?:[\s.,/\-]+\d{{2,4}})?|\d{{1,4}}[\s.,/\-]*{_MONTH}(?:[\s.,/\-]*\d{{2,4}})?"
    r")\s*$"
)
_CERTAIN = 100  # rows that polars samples; readr samples a thousand, spread over the file, always the first
_SPREAD = 1_000
_RARE = 0.05


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Convert a frame to the values of our CSV, column by column.

    Area codes of digits begin with `SE_`, sexes are words, a missing text is `none`, and other texts that a program
    would convert have an apostrophe before them. A straight quotation mark becomes a curved one: data.table leaves it
    doubled. Booleans are TRUE and FALSE, times say that they are UTC, and infinite values are no numbers.
    """
    return frame.with_columns(_readable(frame[name]) for name in frame.columns)


def written(frame: pl.DataFrame, rows: int = 50_000) -> Iterator[str]:
    """A frame as CSV text, in chunks of rows; the first chunk is the header row."""
    named = [f"'{name}" if name[:1] in _FORMULAS else name for name in frame.columns]
    yield readable(frame.clear()).rename(dict(zip(frame.columns, named, strict=True))).write_csv()
    for part in fullest_first(frame).iter_slices(rows):
        yield readable(part).write_csv(include_header=False)


def fullest_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows, with those moved to the front that fill columns which programs would find empty.

    Programs infer a column's type from its first rows (polars) or from some rows spread over the file (readr, for
    which only the first is certain), and take a column without a value there for text or booleans: its numbers are
    lost. Texts need no such help, being never empty.
    """
    empty = [name for name, kind in frame.schema.items() if kind != pl.String and _looks_empty(frame[name])]
    front: list[int] = []
    while empty:
        filled = pl.sum_horizontal(frame[name].is_not_null().cast(pl.Int32) for name in empty)
        place = int(frame.select(filled.alias("n"))["n"].arg_max() or 0)
        front.append(place)
        empty = [name for name in empty if frame[name][place] is None]
    if not front:
        return frame
    ends = [-1, *sorted(front), frame.height]
    others = [frame[before + 1 : after] for before, after in pairwise(ends)]
    return pl.concat([*(frame[place : place + 1] for place in front), *others], rechunk=False)


def sex_of(text: str) -> str:
    """The code of a sex that CSV writes as a word, or the text itself."""
    return {word: code for code, word in SEXES.items()}.get(text, text)


def _readable(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        # Few distinct texts occur in many rows: each is checked once, and most need no change.
        told = column.unique().drop_nulls().to_frame("told").with_columns(said=_texts(pl.col("told"), column.name))
        other = told.filter(pl.col("told") != pl.col("said"))
        written = column.replace(other["told"], other["said"]) if other.height else column
        return written.fill_null(ABSENT) if column.null_count() else written
    if isinstance(column.dtype, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if column.dtype.time_zone else column
        return utc.dt.to_string("iso:strict") + "Z"
    if column.dtype == pl.Boolean:  # the only form that R's read.csv understands
        return column.replace_strict({True: "TRUE", False: "FALSE"}, return_dtype=pl.String)
    if column.dtype.is_float() and not column.is_finite().all():  # DuckDB infers text for a column with inf
        return column.set(~column.is_finite(), None)
    return column


def _texts(text: pl.Expr, name: str) -> pl.Expr:
    if name in _AREAS or name.endswith("_area_id"):
        text = text.str.replace(_DIGITS, f"{AREA_PREFIX}$1")
    elif name in _LISTS_OF_AREAS:
        text = text.str.replace_all(_LISTED, f"{AREA_PREFIX}$1")
    elif name == "sex":
        text = text.replace(SEXES)
    text = text.str.replace_all('"', "”", literal=True)
    absent, misread = pl.when(text == "").then(pl.lit(ABSENT)), text.str.contains(MISREAD)
    return absent.when(misread).then(pl.lit("'") + text).otherwise(text)


def _looks_empty(column: pl.Series) -> bool:
    """Whether a program may find no value in a column that has some."""
    values = len(column) - column.null_count()
    if values == 0 or values == len(column):
        return False
    if column.head(_CERTAIN).null_count() == min(_CERTAIN, len(column)):
        return True
    return len(column) > _SPREAD and column[0] is None and values < _RARE * len(column)
