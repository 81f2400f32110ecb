"""The fetch of each of SCB's datasets: whether anything changed, and archiving every response.

Belongs here: the check before a fetch, the order of queries, and the promise. Does not belong here: resolving a
declaration (`resolve.py`), or the rows (`parsing.py`).

A table that has not been updated since the last fetch that was taken in is not fetched again, except for a full sweep
each `full_sweep_days`, which finds unannounced changes.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

from pipelines.datasets import load_publishers
from pipelines.errors import SourceError
from pipelines.sources.fetch_context import Context
from pipelines.sources.fetch_journal import FetchJournal
from pipelines.sources.pxweb import VERSIONS, Limits, PxWeb, TooManyCellsError
from pipelines.sources.pxweb_answers import CONTENTS, Cells, Metadata, Variable, codelist_v2, require
from pipelines.sources.pxweb_query import Query, split
from pipelines.sources.scb.archived_tables import address, codelist_key, data_key, metadata_key, read_back
from pipelines.sources.scb.declared import Live, Table, live_of
from pipelines.sources.scb.parsing import described, months, refuse_signs
from pipelines.sources.scb.resolve import ResolvedPart, promise_of, resolve
from pipelines.storage.archive import Fetch, Promise

PUBLISHER = "scb"
_HALVINGS = 3  # how often a refused query is halved before the refusal is taken to have another reason


def check(dataset: str) -> None:
    """Validate which tables are requested, and what their codes mean.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    live_of(dataset)


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Fetch one dataset; None when no table of it was updated since the last fetch that was taken in.

    Raises:
        SourceError: it could not be fetched completely.
    """
    live = live_of(dataset)
    if _is_unchanged(context, dataset, live):
        return None
    found = _Gathering(context, dataset, live).whole()
    context.archive.look(dataset, context.now)
    return found


def _is_unchanged(context: Context, dataset: str, live: Live) -> bool:
    """Whether no table was updated; one request for each table, and none when a fetch is due anyway."""
    last, looked = context.archive.latest(dataset), context.archive.looked_at(dataset)
    if last is None or last.way != "live" or looked is None:
        return False
    taken_in = last.content_id in {fetched.content_id for fetched in context.taken_in(dataset)}
    if not taken_in or context.now - looked >= timedelta(days=context.settings.full_sweep_days):
        return False
    try:
        before = read_back(context.archive, last, live)
    except SourceError:  # the queries changed, or the archive is damaged: the fetch that follows repairs or reports it
        return False
    for name, (table, kept, metadata, asked) in before.items():
        # Every content, since each has its own time of update; one code of everything else.
        cell = Query({v: codes if v == CONTENTS else codes[:1] for v, codes in asked[0].query.codes.items()})
        mark = _api(context, table.api).look(name, cell, table.time)
        context.tell(dataset, mark.new_fields)
        if mark != kept.mark(metadata, table.time):
            return False
    return True


def _api(context: Context, version: str) -> PxWeb:
    base = context.url(PUBLISHER, load_publishers()[PUBLISHER].addresses[version])
    return VERSIONS[version](context.client(PUBLISHER), base)


class _Gathering:
    """One fetch of a dataset."""

    def __init__(self, context: Context, dataset: str, live: Live) -> None:
        self._context, self._dataset, self._live = context, dataset, live
        self._apis = {version: _api(context, version) for version in sorted({t.api for t in live.tables})}
        self._limits: dict[str, Limits] = {}
        question = hashlib.sha256(live.model_dump_json().encode()).hexdigest()[:16]
        servers = " ".join(context.url(PUBLISHER, load_publishers()[PUBLISHER].addresses[v]) for v in self._apis)
        self._journal: FetchJournal = context.journal(dataset, f"{question} of {servers}")
        self._keys: list[str] = []

    def whole(self) -> Fetch:
        """Request everything, and record the fetch."""
        asked = [part for table in self._live.tables for part in self._table(table)]
        promise = promise_of(asked) if self._live.rows == "facts" else self._months(asked[0])
        return self._journal.finish(self._keys, promise)

    def _table(self, table: Table) -> list[ResolvedPart]:
        api = self._apis[table.api]
        if table.api not in self._limits:
            rate = self._context.settings.requests_per_second
            limits = api.limits()
            self._journal.tell(limits.new_fields)
            self._context.tell(self._dataset, limits.new_fields)
            self._limits[table.api] = limits.agreed(self._context.client(PUBLISHER), rate)
        metadata = self._metadata(api, table)
        codelists = {i: self._codelist(api, table, metadata, v, i) for p in table.parts for v, i in p.codelists.items()}
        asked = resolve(table, metadata, codelists)
        first = len(self._keys)
        for number, part in enumerate(asked):
            for piece in split(part.query, self._limits[table.api].cells, part.together):
                self._piece(api, table, part, number, piece, _HALVINGS)
        self._refuse_mixture(table, metadata, self._keys[first:])
        return asked

    def _metadata(self, api: PxWeb, table: Table) -> Metadata:
        key = metadata_key(table.table)
        self._keys.append(key)
        if record := self._journal.find(key):
            return api.read_metadata(self._journal.body(record))
        answer = api.metadata(table.table)
        self._journal.tell(answer.content.new_fields)
        self._journal.add(key, address(answer.url, key), answer.body, answer.content.updated)
        return answer.content

    def _codelist(self, api: PxWeb, table: Table, metadata: Metadata, variable: str, codelist: str) -> Variable:
        offered = metadata.variables[variable].codelists if variable in metadata.variables else ()
        if codelist not in offered:
            raise SourceError(
                f"{variable} has no such list of codes",
                where=f"table {table.table}",
                expected=codelist,
                found=", ".join(offered) or "none",
                remedy="see the table at the publisher; if it has changed, change scb/declaration.yml",
            )
        key = codelist_key(table.table, codelist)
        if key not in self._keys:
            self._keys.append(key)
        if record := self._journal.find(key):
            return codelist_v2(self._journal.body(record))
        answer = api.codelist(codelist)
        self._journal.tell(answer.content.new_fields)
        self._journal.add(key, address(answer.url, key), answer.body)
        return answer.content

    def _piece(self, api: PxWeb, table: Table, part: ResolvedPart, number: int, piece: Query, halvings: int) -> None:
        """Request cells; in halves when the server refuses a number of cells within its stated limits."""
        key = data_key(table.table, number, part.query, piece)
        if self._journal.find(key) is None:

            def read(cells: Cells) -> Cells:
                where = f"table {table.table}"
                whole = require(piece, cells, where, partial(described, part))
                refuse_signs(part, whole.frame, self._live.statuses, table.api, where)
                return whole

            try:
                answer = api.data(table.table, piece, read)
            except TooManyCellsError:
                halves = split(piece, -(-piece.cells // 2), part.together) if halvings and piece.cells > 1 else []
                if not halves:
                    raise
                for half in halves:
                    self._piece(api, table, part, number, half, halvings - 1)
                return
            self._journal.tell(answer.content.new_fields)
            self._journal.add(key, address(answer.url, key), answer.body, answer.content.updated)
        self._keys.append(key)

    def _refuse_mixture(self, table: Table, metadata: Metadata, keys: list[str]) -> None:
        """Reject responses of one table that belong to different publications."""
        records = [record for key in keys if "/data/" in key and (record := self._journal.find(key))]
        moments = {str(record.published_at) for record in records}
        if metadata.updated is not None:
            moments.add(metadata.updated)
        if "None" in moments:
            self._journal.discard()
            raise SourceError(
                "the answers do not say when the table was updated",
                where=f"table {table.table}",
                expected="the field updated in metadata and answers",
                found=f"lacking: updated; new: {', '.join(sorted(self._journal.new_fields)) or 'none'}",
                remedy="if the interface has changed, change pipelines/sources/pxweb_answers.py; nothing was taken in",
            )
        if len(moments) > 1:
            self._journal.discard()
            raise SourceError(
                "the table was updated while it was being fetched",
                where=f"table {table.table}",
                expected="answers of one publication",
                found=f"answers of {' and '.join(sorted(moments))}",
                remedy="refresh again",
            )

    def _months(self, asked: ResolvedPart) -> Promise:
        """The requested months, less those that are not published yet."""
        table = self._live.tables[0]
        records = [record for key in self._keys if "/data/" in key and (record := self._journal.find(key))]
        cells = [self._apis[table.api].read_cells(self._journal.body(record)) for record in records]
        return Promise(rows=sum(frame.height for frame in months(asked, cells, f"table {table.table}")))
