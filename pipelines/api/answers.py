"""Turns a listing request into an HTTP response.

Belongs here: entity tags and conditional requests (a repeated request costs nothing), the link to the next page,
compression, and refusing a response that would be too long instead of truncating it. Does not belong here: which
parameters an address takes (`routes.py`, `parameters.py`).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

import duckdb
import polars as pl
from fastapi import Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from pipelines.api import cursors, empty_answers, formats, jsonstat
from pipelines.api.current_release import CurrentRelease, OpenRelease
from pipelines.api.formats import Form
from pipelines.api.parameters import MOST_ROWS, ROWS_OF_JSON, Paging, fingerprint
from pipelines.api.problems import ApiError
from pipelines.api.queries import Listing, chosen, page_of

# A browser may cache a response, but revalidates it each time: its release may no longer be the current one.
CACHE_CONTROL = "no-cache"
VARY = "Accept, Accept-Encoding"
_CODE = version("nyckeltal")
_PIECE = 1 << 18


@dataclass(frozen=True)
class Question:
    """One request for a listing: the format, how many rows, and where the page begins."""

    listing: Listing
    given: Paging
    form: Form
    address: str
    hash: str
    zipped: bool

    @property
    def rows(self) -> int:
        """The most rows of the page."""
        return self.given.limit or (ROWS_OF_JSON if self.form.tells_more else MOST_ROWS)

    def tag(self, release_id: str) -> str:
        """The strong entity tag of the response: equal tags mean equal bytes."""
        given = [self.given.limit, self.given.cursor, *self.given.columns]
        asked = [_CODE, release_id, self.hash, self.form.ending, *map(str, given)]
        digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()[:32]
        return f'"{digest}{"-gzip" if self.zipped else ""}"'


def question(request: Request, listing: Listing, given: Paging) -> Question:
    """Parse a request.

    Raises:
        ApiError: the format is not supported, or a single-valued parameter is given twice.
    """
    check_repeated(request, given)
    offered = (*formats.TABULAR, formats.JSONSTAT) if listing.is_cube else formats.TABULAR
    ending = request.scope.get("nyckeltal.ending")
    form = formats.choose(ending, request.headers.get("accept", ""), offered)
    if form is formats.JSONSTAT and given.columns:
        raise ApiError(400, "fel-varde", "a cube has no columns to choose", remedy="leave the parameter columns out")
    path = request.url.path
    zipped = form.is_text and wants_gzip(request)
    address = f"{path}.{ending}" if ending else path
    return Question(listing, given, form, address, fingerprint(path, given), zipped)


def check_repeated(request: Request, given: BaseModel) -> None:
    """Reject a single-valued parameter that is given twice.

    Raises:
        ApiError: naming the parameter.
    """
    for name in sorted(set(request.query_params)):
        if not isinstance(getattr(given, name), list) and len(request.query_params.getlist(name)) > 1:
            raise ApiError(400, "upprepad-parameter", f"the parameter {name} has one value", found="several")


def wants_gzip(request: Request) -> bool:
    """Whether the client accepts gzip."""
    wanted = dict(formats.weights(request.headers.get("accept-encoding", "")))
    return wanted.get("gzip", wanted.get("*", 0.0)) > 0


def unchanged(request: Request, tag: str) -> bool:
    """Whether the client already has this response (`If-None-Match`; RFC 9110, 13.1.2)."""
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag in known or "*" in known


async def answer(request: Request, listing: Listing, given: Paging) -> Response:
    """One page of a listing of the current release.

    Raises:
        ApiError: the request is invalid.
    """
    serving: CurrentRelease = request.app.state.serving
    asked = question(request, listing, given)
    async with serving.hold() as served:
        page = page_of(listing, given, served.vocabulary)
        columns = chosen(given, served.columns[listing.source])
        if given.cursor is not None:
            page.after(cursors.read(given.cursor, served.release_id, asked.hash, listing.kinds))
        headers = {
            "ETag": asked.tag(served.release_id),
            "Cache-Control": CACHE_CONTROL,
            "Vary": VARY,
            "Nyckeltal-Release": served.release_id,
        }
        if unchanged(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if kept := served.kept.get(headers["ETag"]):
            return _respond_with(request, asked, *kept, headers)

        def work(con: duckdb.DuckDBPyConnection) -> tuple[bytes | BinaryIO, str | None, str | None]:
            if asked.rows > formats.BATCH:
                page.end_where(con, asked.rows)
            frame = con.execute(*page.sql(columns, asked.rows + 1)).pl()
            following = _following(request, asked, served.release_id, frame)
            is_empty = frame.is_empty() and given.cursor is None
            note = empty_answers.why_empty(con, listing, given, page) if is_empty else None
            chunks = _chunks(con, asked, served, frame.head(asked.rows).select(columns), following, note)
            return (b"".join(chunks) if frame.height <= formats.BATCH else _set_aside(chunks)), following, note

        body, following, note = await serving.read(served, work)
        if note:
            headers[empty_answers.HEADER] = note.encode("ascii", "replace").decode()
        elif isinstance(body, bytes):
            served.kept.put(headers["ETag"], body, following)
    return _respond_with(request, asked, body, following, headers)


def _respond_with(
    request: Request,
    asked: Question,
    body: bytes | BinaryIO,
    following: str | None,
    headers: dict[str, str],
) -> Response:
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    return respond(request, asked.form, asked.zipped, body, headers)


def respond(request: Request, form: Form, zipped: bool, body: bytes | BinaryIO, headers: dict[str, str]) -> Response:
    """The response with that body; a long body is streamed."""
    if zipped:
        headers["Content-Encoding"] = "gzip"
    media_type = f"{form.media_type}; charset=utf-8; header=present" if form is formats.CSV else form.media_type
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    if isinstance(body, bytes):
        return Response(body, headers=headers, media_type=media_type)
    headers["Content-Length"] = str(body.seek(0, os.SEEK_END))
    return StreamingResponse(pieces(body, 0), headers=headers, media_type=media_type)


def pieces(file: BinaryIO, first: int, left: int | None = None) -> Iterator[bytes]:
    """Stream a file from a byte offset, up to a number of bytes; the file is closed at the end."""
    with file:
        file.seek(first)
        while chunk := file.read(_PIECE if left is None else min(_PIECE, left)):
            left = None if left is None else left - len(chunk)
            yield chunk


def _set_aside(chunks: Iterator[bytes]) -> BinaryIO:
    """A long response body in a temporary file, so that a slow client does not hold it in memory."""
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - its reader closes it
    file.writelines(chunks)
    return file


def _following(request: Request, asked: Question, release_id: str, frame: pl.DataFrame) -> str | None:
    """The address of the next page; None when this is the last.

    Raises:
        ApiError: there are more rows, and the format has no place to say so.
    """
    if frame.height <= asked.rows:
        return None
    if asked.given.limit is None and not asked.form.tells_more:
        raise ApiError(
            400,
            "for-mycket",
            "the answer is longer than one page, and this form has no place to say that more follows",
            expected=f"at most {MOST_ROWS} rows",
            remedy="narrow the question, page with limit and the header Link, or take the whole table as "
            f"/utgava/parquet/{asked.listing.file}",
        )
    key = frame.row(asked.rows - 1, named=True)
    cursor = cursors.write(release_id, asked.hash, [key[column] for column in asked.listing.key])
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{asked.address}?{urlencode([*kept, ('cursor', cursor)])}"


def _chunks(
    con: duckdb.DuckDBPyConnection,
    asked: Question,
    served: OpenRelease,
    frame: pl.DataFrame,
    following: str | None,
    note: str | None,
) -> Iterator[bytes]:
    if asked.form is formats.JSONSTAT:
        chunks = iter([jsonstat.dataset(served.info, frame, jsonstat.words(con, frame), following, note)])
    else:
        head: dict[str, Any] = {"release_id": served.release_id, "next": following, "count": frame.height}
        if note:
            head["note"] = note
        chunks = formats.rows_in(asked.form, head, frame)
    return formats.gzipped(chunks) if asked.zipped else chunks
