"""Page cursors: opaque texts that hold the last key of the page before.

Belongs here: encoding and decoding cursors. A cursor is valid for one query in one release only, so that the pages of
a listing always add up to one consistent result.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec

from pipelines.api.problems import ApiError

Key = tuple[str | int, ...]


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    release_id: str
    question: str
    key: list[str | int]


def write(release_id: str, question: str, key: Sequence[str | int]) -> str:
    """The cursor after the row with that key. `question`: a hash of the request without cursor and limit."""
    body = msgspec.json.encode(_Cursor(release_id, question, list(key)))
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def read(text: str, release_id: str, question: str, kinds: Sequence[type]) -> Key:
    """The key that a cursor holds. `kinds`: the types of the key's columns.

    Raises:
        ApiError: it is not a cursor or belongs to another query (400), or belongs to another release (410).
    """
    wrong = ApiError(
        400, "fel-markor", "the cursor cannot be read", found=text, remedy="begin from the first page, without cursor"
    )
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        cursor = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=_Cursor)
    except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError) as error:
        raise wrong from error
    if cursor.release_id != release_id:
        raise ApiError(
            410,
            "annan-utgava",
            "the cursor belongs to another release",
            expected=release_id,
            found=cursor.release_id,
            remedy="begin from the first page, without cursor",
        )
    if cursor.question != question:
        raise ApiError(
            400,
            "fel-markor",
            "the cursor belongs to another question",
            remedy="keep all other parameters as they were, or begin from the first page",
        )
    if [type(part) for part in cursor.key] != list(kinds):
        raise wrong
    return tuple(cursor.key)
