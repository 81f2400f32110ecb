"""What an archived list of series says of each of them: their publisher's descriptions.

Belongs here: reading descriptions out of archived pages with the standard library alone, since a reader's installation
tells the state of things too. Does not belong here: the other fields of the list (`sources/kolada/parsing.py`), or
comparing descriptions with what was reviewed (`quality/described_anew.py`).
"""

from __future__ import annotations

import json

from pipelines.errors import SourceError
from pipelines.storage.archive import Archive, Fetch


def descriptions(fetched: Fetch, archive: Archive) -> dict[str, str | None]:
    """The description of each series on a list; None for one that has none.

    Raises:
        SourceError: an archived page is damaged or is no list of series.
    """
    found: dict[str, str | None] = {}
    for record in fetched.files:
        try:
            for series in json.loads(archive.read_path(record.sha256).read_bytes())["values"]:
                told = series.get("description")
                found[series["id"]] = told if isinstance(told, str) else None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise SourceError(
                "an archived list of series cannot be read",
                where=str(archive.object_path(record.sha256)),
                expected="a page with `values`, each with the `id` of a series",
                found=str(error),
                remedy="fetch again",
            ) from error
    return found
