"""Parses a PxWeb server's responses into metadata and frames.

Belongs here: metadata of both versions, json-stat2 and the older JSON as long frames, and checking that everything
requested was returned. Does not belong here: requests (`pxweb.py`), or what codes mean. It knows no publisher.

A cell has a `value` (null when there is none) and a `status` (the server's own sign, null for an ordinary value);
neither is derived from the other here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from pipelines.errors import SourceError
from pipelines.sources.http_client import DamagedError
from pipelines.sources.json_fields import read_fields
from pipelines.sources.pxweb_query import Query
from pipelines.sources.pxweb_types import Answer, Dataset, V1Answer, V1Metadata, V2Codes

CONTENTS = "ContentsCode"  # PxWeb's name of the variable for what is measured
_BOM = b"\xef\xbb\xbf"
_LISTED = 10


@dataclass(frozen=True)
class Variable:
    """A variable of a table, or a list of codes that can replace it: `values` is label by code, in order."""

    code: str
    values: Mapping[str, str]
    eliminable: bool = False
    codelists: tuple[str, ...] = ()
    new_fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Metadata:
    """A table's variables in order, and when it was updated (null where the API does not say)."""

    label: str
    updated: str | None
    variables: Mapping[str, Variable]
    new_fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cells:
    """A response: a row for each cell, with a code column for each variable, `value` (float) and `status` (text)."""

    frame: pl.DataFrame
    updated: str | None
    new_fields: frozenset[str] = frozenset()


_V1_ROWS = {"key": pl.List(pl.String), "values": pl.List(pl.String)}


def decoded(body: bytes, kind: Any) -> tuple[Any, frozenset[str]]:
    """Parse JSON of a known type, with or without a byte order mark, and collect its unknown fields.

    Raises:
        DamagedError: not complete JSON. SourceError: fields are missing or of another type.
    """
    remedy = "if the interface has changed, change pipelines/sources/pxweb_answers.py; nothing was taken in"
    return read_fields(body, kind, "an answer of the PxWeb server", remedy)


def metadata_v1(body: bytes) -> Metadata:
    """Metadata of version 1, without the time of update."""
    found: V1Metadata
    found, new = decoded(body, V1Metadata)
    uneven = [v.code for v in found.variables if len(v.values) != len(v.value_texts)]
    if uneven or not found.variables:
        raise DamagedError(f"metadata without a label for each code: {', '.join(uneven) or 'no variables'}")
    variables = {
        v.code: Variable(v.code, dict(zip(v.values, v.value_texts, strict=True)), v.elimination)
        for v in found.variables
    }
    return Metadata(found.title, None, variables, new)


def metadata_v2(body: bytes) -> Metadata:
    """Metadata of version 2: json-stat2 without values."""
    found: Dataset
    found, new = decoded(body, Dataset)
    variables = {}
    for code, codes in _dimensions(found).items():
        dimension = found.dimension[code]
        labels = dimension.category.label
        lists = tuple(c.id for c in dimension.extension.codelists)
        variables[code] = Variable(code, {c: labels.get(c, c) for c in codes}, dimension.extension.elimination, lists)
    return Metadata(found.label, found.updated, variables, new)


def codelist_v2(body: bytes) -> Variable:
    """A list of codes that can replace a variable's own."""
    found: V2Codes
    found, new = decoded(body, V2Codes)
    return Variable(found.id, {v.code: v.label for v in found.values}, new_fields=new)


def cells_json_stat2(body: bytes) -> Cells:
    """A json-stat2 dataset as a long frame.

    Raises:
        DamagedError: not a dataset, or the number of values differs from the product of its sizes.
    """
    found: Answer
    found, new = decoded(body, Answer)
    number = math.prod(found.size)
    columns, stride = [], number
    position = pl.int_range(number, dtype=pl.UInt32, eager=True)
    for variable, codes in _dimensions(found).items():
        stride //= len(codes)
        columns.append(pl.Series(codes, dtype=pl.String).gather(position // stride % len(codes)).alias(variable))
    value = _dense(found.value, number).cast(pl.Float64).alias("value")
    status = _dense(_signs(found.status, number), number).cast(pl.String).alias("status")
    return Cells(pl.DataFrame([*columns, value, status.replace("", None)]), found.updated, new)


def cells_json_v1(body: bytes) -> Cells:
    """The older JSON, whose values are text, as a long frame. What is not a number is a sign.

    Raises:
        DamagedError: it is something else.
    """
    found: V1Answer
    found, new = decoded(body, V1Answer)
    keys = [c.code for c in found.columns if c.type != "c"]
    contents = [c.code for c in found.columns if c.type == "c"]
    rows = pl.from_dicts(msgspec.to_builtins(found.data), schema=_V1_ROWS)
    even = (pl.col("key").list.len() == len(keys)) & (pl.col("values").list.len() == len(contents))
    if not contents or rows.filter(~even.fill_null(False)).height:
        raise DamagedError("a row without as many codes and values as there are columns")
    taken = [pl.col("key").list.get(i).alias(code) for i, code in enumerate(keys)]
    per_content = [
        rows.select(*taken, pl.lit(code).alias(CONTENTS), text=pl.col("values").list.get(i))
        for i, code in enumerate(contents)
    ]
    number = pl.col("text").str.contains(r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")
    value = pl.when(number).then(pl.col("text")).cast(pl.Float64)
    status = pl.when(~number & (pl.col("text") != "")).then(pl.col("text"))
    frame = pl.concat(per_content).with_columns(value=value, status=status).drop("text")
    return Cells(frame, max((m.updated for m in found.metadata if m.updated), default=None), new)


def require(
    query: Query, cells: Cells, where: str, describe: Callable[[pl.DataFrame], list[str]] | None = None
) -> Cells:
    """The same cells, after checking that they are exactly the requested ones, in any order.

    Args:
        describe: names cells by their codes (columns as in `query`), for the message.

    Raises:
        SourceError: some are missing, duplicated, or were not requested.
    """
    variables = list(query.codes)
    came = [c for c in cells.frame.columns if c not in {"value", "status"}]
    if set(came) != set(variables):
        raise _other("an answer has other variables", where, ", ".join(variables), ", ".join(came))
    asked = functools.reduce(
        lambda left, right: left.join(right, how="cross"),
        [pl.DataFrame({v: codes}, schema={v: pl.String}) for v, codes in query.codes.items()],
    )
    lacking = asked.join(cells.frame, on=variables, how="anti")
    if lacking.height:
        named = (describe or _plainly)(lacking)
        found = "; ".join(named[:_LISTED]) + (f"; and {len(named) - _LISTED} more" if len(named) > _LISTED else "")
        expected = f"all {query.cells} cells that were asked for"
        raise _other(f"{lacking.height} cells that were asked for did not come", where, expected, f"lacking: {found}")
    if cells.frame.height != query.cells:
        surplus = cells.frame.join(asked, on=variables, how="anti").select(variables)
        found = f"{cells.frame.height} cells; not asked for: {'; '.join(_plainly(surplus)[:_LISTED]) or 'none'}"
        raise _other("more cells came than were asked for", where, f"{query.cells} cells, each once", found)
    return cells


def _other(what: str, where: str, expected: str, found: str) -> SourceError:
    remedy = "refresh again later; if it stays so, the table has changed: see its page and change the declaration"
    return SourceError(what, where=where, expected=expected, found=found, remedy=remedy)


def _plainly(codes: pl.DataFrame) -> list[str]:
    return [" × ".join(f"{v} {code}" for v, code in row.items()) for row in codes.head(1000).iter_rows(named=True)]


def _dimensions(found: Dataset) -> dict[str, list[str]]:
    """The codes of each variable, in the order of the dataset."""
    if len(found.id) != len(found.size) or set(found.id) - set(found.dimension):
        raise DamagedError("a dataset whose id, size and dimension do not agree")
    codes = {variable: found.dimension[variable].category.codes() for variable in found.id}
    if [len(c) for c in codes.values()] != found.size or not all(found.size):
        raise DamagedError("a dataset whose categories are not as many as its size says")
    return codes


def _signs(given: list[str | None] | dict[str, str | None] | str | None, number: int) -> Any:
    return [given] * number if isinstance(given, str) else given or {}


def _dense(given: list[Any] | dict[str, Any], number: int) -> pl.Series:
    """A value for each cell, from a dense list or one that is sparse by position."""
    if isinstance(given, list):
        if len(given) != number:
            raise DamagedError(f"{len(given)} values or signs for {number} cells")
        return pl.Series(given, strict=True)
    if strange := [p for p in given if not p.isdigit() or int(p) >= number]:
        raise DamagedError(f"a value or sign at position {strange[0]} of {number} cells")
    filled: list[Any] = [None] * number
    for place, found in given.items():
        filled[int(place)] = found
    return pl.Series(filled, strict=True)
