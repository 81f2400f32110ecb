"""The content of an archived fetch of SCB's tables: which file is what.

Belongs here: the keys of responses, and finding them. Does not belong here: parsing cells (`parsing.py`).

The key of a response is the fragment of its address: `TABLE/metadata`, `TABLE/codelist/ID`, or
`TABLE/data/PART/QUESTION/PIECE`, the last two being digests of the query.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from pipelines.errors import SourceError
from pipelines.sources.pxweb import VERSIONS, Mark, PxWeb
from pipelines.sources.pxweb_answers import Metadata, codelist_v2
from pipelines.sources.pxweb_query import Query
from pipelines.sources.scb.declared import Live, Table
from pipelines.sources.scb.resolve import ResolvedPart, resolve
from pipelines.storage.archive import Archive, Fetch, FileRecord


@dataclass
class ArchivedTable:
    """The archived responses of one table; `data` is by number of the part and digest of its query."""

    metadata: FileRecord | None = None
    codelists: dict[str, FileRecord] = field(default_factory=dict)
    data: dict[tuple[int, str], list[FileRecord]] = field(default_factory=dict)

    def mark(self, found: Metadata, time: str) -> Mark:
        """The table's state of publication when it was fetched."""
        updated = {record.published_at for records in self.data.values() for record in records}
        return Mark(updated.pop() if len(updated) == 1 else None, max(found.variables[time].values))


def metadata_key(table: str) -> str:
    """The key of a table's metadata."""
    return f"{table}/metadata"


def codelist_key(table: str, codelist: str) -> str:
    """The key of a list of codes."""
    return f"{table}/codelist/{codelist}"


def data_key(table: str, part: int, whole: Query, piece: Query) -> str:
    """The key of a piece of a part's query."""
    return f"{table}/data/{part}/{whole.digest}/{piece.digest}"


def address(url: str, key: str) -> str:
    """The address of a response, with its key."""
    return f"{url}#{quote(key)}"


def tables_of(fetched: Fetch, declared: Iterable[str]) -> dict[str, ArchivedTable]:
    """The responses of each declared table.

    Raises:
        SourceError: a file is none of these, or a table is missing.
    """
    kept = {table: ArchivedTable() for table in declared}
    for record in fetched.files:
        key = unquote(record.url.rpartition("#")[2])
        table = next((t for t in kept if key.startswith(f"{t}/")), None)
        match key.removeprefix(f"{table}/").split("/") if table else []:
            case ["metadata"] if table:
                kept[table].metadata = record
            case ["codelist", codelist] if table:
                kept[table].codelists[codelist] = record
            case ["data", part, digest, _] if table:
                kept[table].data.setdefault((int(part), digest), []).append(record)
            case _:
                raise _another(fetched, f"an answer that the declaration does not know: {key}")
    if lacking := [table for table, found in kept.items() if found.metadata is None]:
        raise _another(fetched, f"no answers of {', '.join(lacking)}")
    return kept


def read_back(
    archive: Archive, fetched: Fetch, live: Live
) -> dict[str, tuple[Table, ArchivedTable, Metadata, list[ResolvedPart]]]:
    """The queries of each table, from its archived metadata and the current declaration.

    Raises:
        SourceError: the declaration now requests something else, or the archive is damaged.
    """
    declared = {table.table: table for table in live.tables}
    found = {}
    for name, kept in tables_of(fetched, declared).items():
        table = declared[name]
        api: type[PxWeb] = VERSIONS[table.api]
        assert kept.metadata is not None  # noqa: S101 - checked by `tables_of`
        metadata = api.read_metadata(_body(archive, kept.metadata))
        codelists = {i: codelist_v2(_body(archive, record)) for i, record in kept.codelists.items()}
        wanted = {c for part in table.parts for c in part.codelists.values()}
        if wanted != set(codelists):
            raise _another(fetched, f"lists of codes of {name}: {', '.join(sorted(codelists)) or 'none'}")
        asked = resolve(table, metadata, codelists)
        if {(number, part.query.digest) for number, part in enumerate(asked)} != set(kept.data):
            raise _another(fetched, f"answers of {name} to other questions")
        found[name] = (table, kept, metadata, asked)
    return found


def _body(archive: Archive, record: FileRecord) -> bytes:
    return archive.read_path(record.sha256).read_bytes()


def _another(fetched: Fetch, found: str) -> SourceError:
    return SourceError(
        "the archived answers are not those that the declaration asks for",
        where=f"{fetched.dataset}, fetch {fetched.number}",
        expected="answers to the queries of scb/declaration.yml",
        found=found,
        remedy="refresh from the publisher again",
    )
