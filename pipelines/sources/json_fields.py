"""JSON responses validated against declared types: an unknown field is reported, a missing one is an error.

Belongs here: telling unknown fields from missing ones at every level of a response. Does not belong here: which fields
there are (each publisher's own types), or how unknown ones are reported (`quality/stage.py`, once for a dataset).

The types forbid unknown fields, so that a response with the known shape is parsed once, fast. Only one that does not
fit is parsed again, slowly, to name what is unknown and what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import inspect

from pipelines.errors import SourceError
from pipelines.sources.http_client import DamagedError

_BOM = b"\xef\xbb\xbf"
_LISTED = 20


@dataclass
class _Seen:
    """Paths of fields, such as `values[].status`."""

    new: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)


def read_fields(body: bytes, kind: Any, where: str, remedy: str) -> tuple[Any, frozenset[str]]:
    """Parse a response by its type, and collect the fields that the type does not know.

    Args:
        body: JSON, with or without a byte order mark. kind: a type whose structs forbid unknown fields.
        where, remedy: for the error.

    Raises:
        DamagedError: not complete JSON. SourceError: a field is missing or of another type; the message names both
        missing and unknown fields, since a renamed field is one of each.
    """
    body = body.removeprefix(_BOM)
    try:
        try:
            return msgspec.json.decode(body, type=kind), frozenset()
        except msgspec.ValidationError:
            raw = msgspec.json.decode(body)  # the body may be truncated after the part that did not fit
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedError(f"no whole JSON: {error}; begins with {body[:60]!r}") from error
    seen = _Seen()
    known = _known(raw, inspect.type_info(kind), "", seen)
    try:
        return msgspec.convert(known, kind), frozenset(seen.new)
    except msgspec.ValidationError as error:
        raise SourceError(
            "the publisher's answer has another shape",
            where=where,
            expected=f"lacking: {_listed(seen.lacking)}" if seen.lacking else "fields of the types that are known",
            found="; ".join([str(error)] + ([f"new: {_listed(seen.new)}"] if seen.new else [])),
            remedy=remedy,
        ) from error


def _known(raw: Any, kind: inspect.Type, place: str, seen: _Seen) -> Any:
    """The same data without the fields that the type does not know."""
    if isinstance(kind, inspect.UnionType):
        wanted = inspect.ListType if isinstance(raw, list) else (inspect.StructType, inspect.DictType)
        kind = next((k for k in kind.types if isinstance(k, wanted)), kind)
    if isinstance(kind, inspect.StructType) and isinstance(raw, dict):
        fields = {f.encode_name: f for f in kind.fields}
        seen.new |= {f"{place}{name}" for name in raw if name not in fields}
        seen.lacking |= {f"{place}{name}" for name, f in fields.items() if f.required and name not in raw}
        return {n: _known(raw[n], f.type, f"{place}{n}.", seen) for n, f in fields.items() if n in raw}
    if isinstance(kind, inspect.ListType) and isinstance(raw, list):
        below = f"{place.removesuffix('.')}[]."
        return [_known(item, kind.item_type, below, seen) for item in raw]
    if isinstance(kind, inspect.DictType) and isinstance(raw, dict):
        return {key: _known(value, kind.value_type, f"{place}*.", seen) for key, value in raw.items()}
    return raw


def _listed(places: set[str]) -> str:
    more = f" and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
    return ", ".join(sorted(places)[:_LISTED]) + more
