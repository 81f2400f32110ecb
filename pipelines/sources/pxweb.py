"""A client for PxWeb servers, version 1 and 2, on top of the HTTP client.

Belongs here: addresses, request bodies, limits, and what a refusal means. Does not belong here: splitting queries
(`pxweb_query.py`), parsing responses (`pxweb_answers.py`), or which tables there are. It knows no publisher.

Version 2 returns json-stat2: numbers, with a status sign beside each cell without one. With version 1 the plain JSON
format is used: each row carries the codes of its cell, so a missing cell is identified; its text keeps numbers and
missing-value signs as they were published; and it holds the time of the table's update, which the metadata lacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec

from pipelines.errors import SourceError
from pipelines.sources.http_client import Answer, Client, HttpRefusedError
from pipelines.sources.pxweb_answers import (
    Cells,
    Metadata,
    Variable,
    cells_json_stat2,
    cells_json_v1,
    codelist_v2,
    decoded,
    metadata_v1,
    metadata_v2,
)
from pipelines.sources.pxweb_query import Query

_SAMPLE = 300


class TooManyCellsError(SourceError):
    """The server refused (403) a query within its own stated limits, or a query above them."""


@dataclass(frozen=True)
class Limits:
    """A server's limits: cells in a response, and requests in so many seconds (0 requests: unlimited)."""

    cells: int
    calls: int
    seconds: float
    new_fields: frozenset[str] = field(default=frozenset(), compare=False)

    def agreed(self, client: Client, per_second: float) -> Limits:
        """Apply the limits to the client and return them; a stricter budget of the client stays."""
        if self.calls and self.seconds and (not per_second or self.calls / self.seconds < per_second):
            # One less than allowed: the server has counted the request for its limits, the new budget has not.
            client.set_budget(max(1, self.calls - 1), self.seconds)
        return self


@dataclass(frozen=True)
class Mark:
    """A table's state of publication: equal when nothing new was published."""

    updated: str | None
    newest: str
    new_fields: frozenset[str] = field(default=frozenset(), compare=False)


class PxWeb(ABC):
    """One version of the API at one address.

    Every method raises SourceError, with the server's own message, when it is refused or no complete response arrives.
    """

    def __init__(self, client: Client, base: str) -> None:
        self._client, self._base = client, base.rstrip("/")

    @abstractmethod
    def limits(self) -> Limits:
        """The server's limits, from its configuration."""

    @abstractmethod
    def metadata(self, table: str) -> Answer[Metadata]:
        """A table's variables."""

    def codelist(self, codelist: str) -> Answer[Variable]:
        """A list of codes that can replace a variable's own; not available in version 1."""
        raise SourceError(
            "this version of the interface does not tell what a list of codes holds",
            where=self._base,
            expected="codes of the table itself",
            found=f"the list of codes {codelist}",
            remedy="declare the table by version 2",
        )

    @abstractmethod
    def data(self, table: str, query: Query, read: Callable[[Cells], Cells]) -> Answer[Cells]:
        """The requested cells; `read` may reject them.

        Raises:
            TooManyCellsError: there are too many.
        """

    @abstractmethod
    def look(self, table: str, cell: Query, time: str) -> Mark:
        """A table's state of publication, by one small request.

        Args:
            cell: few codes of each variable; for `time` the newest is requested instead.
        """

    @staticmethod
    @abstractmethod
    def read_metadata(body: bytes) -> Metadata:
        """Parse archived metadata."""

    @staticmethod
    @abstractmethod
    def read_cells(body: bytes) -> Cells:
        """Parse archived cells."""


# Fields that are typed `Any` are known but not used.
class _Word(msgspec.Struct, forbid_unknown_fields=True):
    id: Any = None
    label: Any = None
    language: Any = None
    text: Any = None
    params: Any = None


class _ConfigV2(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    max_data_cells: int
    max_calls_per_time_window: int
    time_window: float
    api_version: Any = None
    app_version: Any = None
    languages: list[_Word] = []
    default_language: Any = None
    license: Any = None
    source_references: list[_Word] = []
    default_metadata_format: Any = None
    default_data_format: Any = None
    data_formats: Any = None
    features: list[_Word] = []


class _TableV2(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    updated: str | None
    last_period: str
    language: Any = None
    id: Any = None
    label: Any = None
    description: Any = None
    sort_code: Any = None
    tags: Any = None
    type: Any = None
    first_period: Any = None
    category: Any = None
    variable_names: Any = None
    discontinued: Any = None
    source: Any = None
    subject_code: Any = None
    time_unit: Any = None
    paths: Any = None
    links: Any = None


class V2(PxWeb):
    """PxWebApi 2."""

    read_metadata = staticmethod(metadata_v2)
    read_cells = staticmethod(cells_json_stat2)

    def limits(self) -> Limits:
        """`/config`."""
        with _said():
            found: _ConfigV2
            found, new = self._client.get(f"{self._base}/config", lambda b: decoded(b, _ConfigV2)).content
        return Limits(found.max_data_cells, found.max_calls_per_time_window, found.time_window, new)

    def metadata(self, table: str) -> Answer[Metadata]:
        """`/tables/{id}/metadata`."""
        with _said():
            return self._client.get(f"{self._base}/tables/{quote(table)}/metadata?lang=sv", self.read_metadata)

    def codelist(self, codelist: str) -> Answer[Variable]:
        """`/codelists/{id}`."""
        with _said():
            return self._client.get(f"{self._base}/codelists/{quote(codelist)}?lang=sv", codelist_v2)

    def data(self, table: str, query: Query, read: Callable[[Cells], Cells]) -> Answer[Cells]:
        """`/tables/{id}/data`, requested by POST: a whole list of municipalities is too long for a URL."""
        selection: list[dict[str, Any]] = []
        for variable, codes in query.codes.items():
            chosen: dict[str, Any] = {"variableCode": variable, "valueCodes": list(codes)}
            if variable in query.codelists:
                chosen["codelist"] = query.codelists[variable]
            selection.append(chosen)
        url = f"{self._base}/tables/{quote(table)}/data?lang=sv&outputFormat=json-stat2"
        with _said(query):
            return self._client.post(url, lambda b: read(self.read_cells(b)), {"selection": selection})

    def look(self, table: str, cell: Query, time: str) -> Mark:
        """`/tables/{id}`."""
        with _said():
            url = f"{self._base}/tables/{quote(table)}?lang=sv"
            found: _TableV2
            found, new = self._client.get(url, lambda b: decoded(b, _TableV2)).content
        return Mark(found.updated, found.last_period, new)


class _ConfigV1(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    max_cells: int
    max_calls: int
    time_window: float
    max_values: int | None = None
    cors: Any = msgspec.field(name="CORS", default=None)


class V1(PxWeb):
    """The older API, whose tables have paths."""

    read_metadata = staticmethod(metadata_v1)
    read_cells = staticmethod(cells_json_v1)

    def limits(self) -> Limits:
        """`?config`. The stricter of its two numbers of cells."""
        with _said():
            found: _ConfigV1
            found, new = self._client.get(f"{self._base}/?config", lambda b: decoded(b, _ConfigV1)).content
        cells = min(found.max_cells, found.max_values or found.max_cells)
        return Limits(cells, found.max_calls, found.time_window, new)

    def metadata(self, table: str) -> Answer[Metadata]:
        """GET of the table's path."""
        with _said():
            return self._client.get(f"{self._base}/{quote(table)}", self.read_metadata)

    def data(self, table: str, query: Query, read: Callable[[Cells], Cells]) -> Answer[Cells]:
        """POST to the table's path."""
        chosen = {variable: ("item", codes) for variable, codes in query.codes.items()}
        return self._post(table, chosen, query, lambda b: read(self.read_cells(b)))

    def look(self, table: str, cell: Query, time: str) -> Mark:
        """Cells of the newest period: the metadata of this version does not hold the time of update."""
        chosen = {v: ("item", codes) for v, codes in cell.codes.items() if v != time}
        found = self._post(table, {**chosen, time: ("top", ("1",))}, cell, self.read_cells).content
        newest = found.frame[time].unique().to_list() if time in found.frame.columns else []
        if len(newest) != 1:
            raise SourceError(
                "the newest period of a table is not told",
                where=table,
                expected=f"cells of one period, with its {time}",
                found=f"{found.frame.height} cells with {', '.join(found.frame.columns)}",
                remedy="see whether the table has changed",
            )
        return Mark(found.updated, str(newest[0]), found.new_fields)

    def _post(
        self, table: str, chosen: dict[str, tuple[str, tuple[str, ...]]], query: Query, read: Callable[[bytes], Cells]
    ) -> Answer[Cells]:
        asked = [
            {"code": variable, "selection": {"filter": kind, "values": list(values)}}
            for variable, (kind, values) in chosen.items()
        ]
        with _said(query):
            url = f"{self._base}/{quote(table)}"
            return self._client.post(url, read, {"query": asked, "response": {"format": "json"}})


VERSIONS: dict[str, type[PxWeb]] = {"v1": V1, "v2": V2}


@contextmanager
def _said(query: Query | None = None) -> Iterator[None]:
    """The error for a refusal, in the server's own words."""
    try:
        yield
    except HttpRefusedError as error:
        words = _words(error.body)
        if error.status == 403 and query is not None:
            raise TooManyCellsError(
                "the server refuses so many cells at once" if query.cells > 1 else "the server refuses a single cell",
                where=error.where,
                expected="an answer within the server's own limits",
                found=f"HTTP 403 for {query.cells} cells: {words}",
                remedy="see what the server says; its limits may have changed, or this machine may be shut out",
            ) from error
        raise SourceError(
            "the server refused",
            where=error.where,
            expected="HTTP 200",
            found=f"HTTP {error.status}: {words}",
            remedy="the table may have been moved or changed: look it up at the publisher and change the declaration",
        ) from error


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str | None = None


def _words(body: bytes) -> str:
    """Title and detail of a problem document, else the beginning of the text."""
    text = " ".join(body[:_SAMPLE].decode("utf-8", errors="replace").split()) or "no words"
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):  # not a problem document
        return text
    return ". ".join(filter(None, [problem.title, problem.detail])) or text
