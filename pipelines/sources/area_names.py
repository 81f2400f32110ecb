"""The municipalities by name, for files that identify areas by name. Belongs here: reading that list only."""

from __future__ import annotations

import io

import msgspec
import polars as pl

from pipelines.errors import SourceError
from pipelines.storage.archive import Archive

LIST = "kolada.municipality"


class _Area(msgspec.Struct):
    id: str
    title: str
    type: str


class _Page(msgspec.Struct):
    values: list[_Area]


def municipalities(archive: Archive) -> dict[str, str]:
    """The code of each municipality by its name, from the newest list.

    Raises:
        SourceError: there is no list yet.
    """
    fetched = archive.latest(LIST)
    if fetched is None:
        raise SourceError(
            "areas stand by name, and there is no list of names yet",
            where=LIST,
            expected="a list of municipalities that was fetched before",
            found="none",
            remedy=f"refresh once without --only, or with --only that names {LIST} too",
        )
    names: dict[str, str] = {}
    for record in fetched.files:
        body = archive.read_path(record.sha256).read_bytes()
        if fetched.way == "snapshot":
            listed = pl.read_csv(io.BytesIO(body), infer_schema=False).filter(area_type="K")
            names |= dict(zip(listed["name"], listed["area_id"], strict=True))
        else:
            names |= {a.title: a.id for a in msgspec.json.decode(body, type=_Page).values if a.type == "K"}
    return names
