"""SCB's cells as rows: facts, or months of an index.

Belongs here: the meaning of codes, and of signs where a value is missing. Does not belong here: which cells were
requested (`resolve.py`), or requests. Whole columns at a time, never a loop over cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from string import Formatter

import polars as pl

from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.sources.pxweb import VERSIONS
from pipelines.sources.pxweb_answers import Cells, require
from pipelines.sources.scb.archived_tables import read_back
from pipelines.sources.scb.declared import live_of
from pipelines.sources.scb.resolve import ResolvedPart
from pipelines.sources.tabular import Parsed, Part, write_parts
from pipelines.storage.archive import Archive, Fetch

_KEY = ["series_id", "area_id", "year"]
_LISTED = 10


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of a fetch, from the archive alone; unknown fields were reported when the responses arrived.

    Raises:
        SourceError: a response is damaged, or does not match the declaration.
    """
    live = live_of(fetched.dataset)
    parts = []
    for name, (table, kept, _, asked) in read_back(archive, fetched, live).items():
        for number, part in enumerate(asked):
            records = kept.data[number, part.query.digest]
            bodies = [archive.read_path(r.sha256).read_bytes() for r in records]
            cells = [VERSIONS[table.api].read_cells(body) for body in bodies]
            whole = require(part.query, _joined(cells), name, partial(described, part))
            refuse_signs(part, whole.frame, live.statuses, table.api, name)
            if live.rows == "months":
                frames = months(part, cells, name)
            else:
                frames = [facts(part, c.frame, live.statuses, name) for c in cells]
            labelled = zip(records, frames, strict=True)
            parts += [Part(f"{name}, part {number}", r.sha256, frame.lazy()) for r, frame in labelled]
    return write_parts(parts, datasets()[fetched.dataset], target, fetched.dataset)


def refuse_signs(asked: ResolvedPart, cells: pl.DataFrame, statuses: Mapping[str, str], api: str, where: str) -> None:
    """Check that what replaces a number is a sign.

    In version 1 a sign replaces the number: anything that is neither a number nor a declared sign may be a number in
    another form. In version 2 it is beside the value, so an unknown sign is reported, and its value ignored; but no
    sign may contain digits.

    Raises:
        SourceError: a sign contains digits, or version 1 has an undeclared one.
    """
    sign = pl.col("status")
    strange = sign.str.contains(r"\p{N}")
    if api == "v1":
        strange |= ~sign.is_in(list(statuses))
    found = cells.filter(sign.is_not_null() & ~sign.is_in(list(statuses)) & strange)
    if not found.height:
        return
    told = found.select(pl.col("status").alias("found").unique(maintain_order=True))["found"].head(_LISTED).to_list()
    raise SourceError(
        "texts in place of numbers that are neither numbers nor declared signs",
        where=where,
        expected="a number with decimal point, or one of " + ", ".join(map(repr, statuses)),
        found=f"{found.height} cells: {', '.join(map(repr, told))} at {'; '.join(described(asked, found)[:_LISTED])}",
        remedy="see the table at the publisher; add a new sign to the dataset's `statuses` in scb/declaration.yml",
    )


def facts(asked: ResolvedPart, cells: pl.DataFrame, statuses: Mapping[str, str], where: str) -> pl.DataFrame:
    """Rows of facts: series_id, area_id, year, sex, value, status; women and men also as T, where so declared.

    A value beside an unknown sign is treated as missing, with the sign as its status.

    Raises:
        SourceError: a cell has both a value and a sign that means that there is none.
    """
    sex = _meaning(asked.sex_variable, asked.sexes) if asked.sex_variable else pl.lit("T")
    sign, value = pl.col("status"), pl.col("value")
    both = cells.filter(value.is_not_null() & sign.is_in(list(statuses)))
    if both.height:
        raise SourceError(
            "cells with a value and a sign that says that there is none",
            where=where,
            expected="one or the other",
            found=f"{both.height} cells: {'; '.join(described(asked, both)[:_LISTED])}",
            remedy="see the table at the publisher",
        )
    told = pl.when(sign.is_not_null()).then(sign.replace_strict(statuses, default=pl.format("code:{}", sign)))
    frame = cells.select(
        *_place(asked),
        sex.alias("sex"),
        pl.when(sign.is_null()).then(value).alias("value"),
        status=told.when(value.is_null()).then(pl.lit("missing")).otherwise(None),
    )
    return pl.concat([frame, _totals(frame)]) if asked.is_summed else frame


def months(asked: ResolvedPart, cells: list[Cells], where: str) -> list[pl.DataFrame]:
    """Months of an index, one response for each frame: index_id, year, month, value, base.

    Months after the last published one are no rows.

    Raises:
        SourceError: a month before the last has no value, or the base is not stated.
    """
    plain = pl.when(pl.col("status").is_null()).then(pl.col("value")).alias("value")
    cells = [Cells(c.frame.with_columns(plain), c.updated) for c in cells]
    whole = _joined(cells).frame
    published = whole.filter(pl.col("value").is_not_null())
    lacking = whole.filter(pl.col("value").is_null() & (pl.col(asked.time) < (published[asked.time].max() or "")))
    if lacking.height or not published.height:
        found = ", ".join(lacking[asked.time].sort()[:_LISTED]) or "no month at all"
        expected = f"{asked.series} for each month until the last one published"
        remedy = "refresh again later; see the table at the publisher"
        raise SourceError("months without a value", where=where, expected=expected, found=found, remedy=remedy)
    if "base" not in asked.named:
        expected = "a pinned category whose label has the named group base"
        raise SourceError("the base of an index is not told", where=where, expected=expected, found=str(asked.named))
    return [
        c.frame.filter(pl.col("value").is_not_null()).select(
            index_id=pl.lit(asked.series),
            year=pl.col(asked.time).str.slice(0, 4).cast(pl.Int32),
            month=pl.col(asked.time).str.slice(5, 2).cast(pl.Int32),
            value="value",
            base=pl.lit("".join(asked.named["base"].split())),
        )
        for c in cells
    ]


def described(asked: ResolvedPart, codes: pl.DataFrame) -> list[str]:
    """Cells by their meaning, `series × area × year`, in order."""
    place = _place(asked)[:2] if asked.area_variable else _place(asked)[:1]
    told = codes.select(*place, pl.col(asked.time)).unique().sort(pl.all())
    return told.select(pl.concat_str(pl.all(), separator=" × ")).to_series().to_list()


def _place(asked: ResolvedPart) -> list[pl.Expr]:
    """Series, area and year of a cell."""
    pieces: list[pl.Expr] = []
    for text, name, _, _ in Formatter().parse(asked.series):
        pieces += [pl.lit(text)] if text else []
        pieces += [_meaning(name, asked.words[name])] if name is not None else []
    area = _meaning(asked.area_variable, asked.areas) if asked.area_variable else pl.lit(None, pl.String)
    year = pl.col(asked.time).str.slice(0, 4).cast(pl.Int32)
    return [pl.concat_str(pieces).alias("series_id"), area.alias("area_id"), year.alias("year")]


def _meaning(variable: str, meanings: Mapping[str, str]) -> pl.Expr:
    return pl.col(variable).replace_strict(meanings, return_dtype=pl.String)


def _totals(frame: pl.DataFrame) -> pl.DataFrame:
    """T as women and men added; missing when either is, with its reason."""
    missing = pl.col("value").null_count() > 0
    return frame.group_by(_KEY, maintain_order=True).agg(
        sex=pl.lit("T"),
        value=pl.when(missing).then(None).otherwise(pl.col("value").sum()),
        status=pl.col("status").drop_nulls().first(),
    )


def _joined(cells: Iterable[Cells]) -> Cells:
    """The responses to the pieces of one query as one."""
    cells = list(cells)
    columns = cells[0].frame.columns
    return Cells(pl.concat([c.frame.select(columns) for c in cells]), cells[0].updated)
