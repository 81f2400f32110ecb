"""Response formats: content negotiation, and writing a frame as JSON, CSV or Parquet.

Belongs here: the tabular formats, and choosing one by file ending or `Accept` header. Does not belong here: JSON-stat
(`jsonstat.py`). Missing values stay null, with their status in another column; CSV follows `text/csv_values.py`.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.api.problems import ApiError
from pipelines.text import csv_values

BATCH = 5_000  # rows that are converted to text at a time


@dataclass(frozen=True)
class Form:
    """A format, by its file ending. `tells_more`: it has room for a link to the next page."""

    ending: str
    media_type: str
    is_text: bool = True
    tells_more: bool = False


JSON = Form("json", "application/json", tells_more=True)
CSV = Form("csv", "text/csv")
PARQUET = Form("parquet", "application/vnd.apache.parquet", is_text=False)
JSONSTAT = Form("jsonstat", "application/vnd.json-stat+json")
TABULAR = (JSON, CSV, PARQUET)


def choose(ending: str | None, accept: str, offered: Sequence[Form]) -> Form:
    """The requested format: by the address's ending, else by `Accept`; the first offered when the client has no
    preference.

    Raises:
        ApiError: the client accepts none of those offered (406).
    """
    if ending is not None:
        found = next((form for form in offered if form.ending == ending), None)
    else:
        ranked = [(_quality(form.media_type, accept), -place) for place, form in enumerate(offered)]
        quality, place = max(ranked)
        found = offered[-place] if quality > 0 else None
    if found is None:
        asked = f".{ending}" if ending is not None else accept
        expected = ", ".join(f".{form.ending} ({form.media_type})" for form in offered)
        raise ApiError(406, "format", "this is not given in that form", expected=expected, found=asked)
    return found


def weights(header: str) -> Iterator[tuple[str, float]]:
    """The values of a preference header with their weights (0 means not acceptable)."""
    for part in header.split(","):
        name, *parameters = (text.strip().lower() for text in part.split(";"))
        given = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
        try:
            yield name, min(max(float(given), 0.0), 1.0)
        except ValueError:
            yield name, 0.0


def _quality(media_type: str, accept: str) -> float:
    """The weight of a media type (RFC 9110, 12.5.1): the most specific range that contains it decides."""
    exactness = {media_type: 2, f"{media_type.partition('/')[0]}/*": 1, "*/*": 0}
    found = [(exactness[name], weight) for name, weight in weights(accept or "*/*") if name in exactness]
    return max(found)[1] if found else 0.0


def wants_page(accept: str) -> bool:
    """Whether the client prefers HTML to JSON, as browsers do when a person types an address."""
    wanted = dict(weights(accept))
    return wanted.get("text/html", 0.0) > wanted.get(JSON.media_type, 0.0)


def write_json(head: dict[str, Any], frame: pl.DataFrame) -> Iterator[bytes]:
    """An object with the head's members and `rows`, one object for each row."""
    yield json.dumps({**head, "rows": []}, ensure_ascii=False).removesuffix("]}").encode() + b"\n"
    plain = _plain(frame)
    for start in range(0, plain.height, BATCH):
        lines = io.BytesIO()
        plain.slice(start, BATCH).write_ndjson(lines)
        text = lines.getvalue().rstrip(b"\n").replace(b"\n", b",\n")
        yield text if start + BATCH >= plain.height else text + b",\n"
    yield b"\n]}\n"


def write_csv(frame: pl.DataFrame) -> Iterator[bytes]:
    """UTF-8 with commas and a header row; a missing number is an empty field, a missing text `none`."""
    return (text.encode() for text in csv_values.written(frame, BATCH))


def write_parquet(frame: pl.DataFrame) -> Iterator[bytes]:
    """Parquet with zstd."""
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd")
    yield file.getvalue()


def rows_in(form: Form, head: dict[str, Any], frame: pl.DataFrame) -> Iterator[bytes]:
    """Write a frame in one of the tabular formats."""
    if form is JSON:
        return write_json(head, frame)
    return write_csv(frame) if form is CSV else write_parquet(frame)


def gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Compress, without a time stamp, so that the same response has the same bytes."""
    press = zlib.compressobj(1, wbits=31)
    for chunk in chunks:
        if packed := press.compress(chunk):
            yield packed
    yield press.flush()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Times in ISO 8601; exact decimals as numbers."""
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.Datetime):
            written = pl.col(name).dt.to_string("iso:strict")
        elif isinstance(kind, pl.Decimal):
            written = pl.col(name).cast(pl.Int128 if kind.scale == 0 else pl.Float64)
        else:
            continue
        frame = frame.with_columns(written)
    return frame
