"""What an archived list of series says of each of them: their publisher's descriptions.

Belongs here: reading descriptions out of archived pages, with nothing but the type of a page, since a command that only
tells the state of things loads no frames. Does not belong here: the other fields of the list
(`sources/kolada/parsing.py`), or comparing descriptions with what was reviewed (`quality/described_anew.py`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from pipelines.errors import SourceError
from pipelines.storage.archive import Archive, Fetch


class _Series(msgspec.Struct):
    id: str
    description: Any = None


class _List(msgspec.Struct):
    values: list[_Series]


def descriptions(fetched: Fetch, archive: Archive) -> dict[str, str | None]:
    """The description of each series on a list; None for one that has none.

    Raises:
        SourceError: an archived page is damaged or is no list of series.
    """
    found: dict[str, str | None] = {}
    for record in fetched.files:
        try:
            page = msgspec.json.decode(archive.read_path(record.sha256).read_bytes(), type=_List)
        except msgspec.DecodeError as error:
            raise SourceError(
                "an archived list of series cannot be read",
                where=str(archive.object_path(record.sha256)),
                expected="pages with the id of each series",
                found=str(error),
                remedy="fetch again",
            ) from error
        found |= {s.id: s.description if isinstance(s.description, str) else None for s in page.values}
    return found
