"""The statistics API (`/api/v1/sv/<subject>`): queried by terms, followed to the last page, and not trusted.

Belongs here: looking up terms, requests, and checking that each filter took effect: an unknown filter is answered with
everything and status 200. Does not belong here: which terms (`declaration.yml`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import polars as pl
from pydantic import Field

from indicators.load.catalogue import validated
from indicators.model.indicator import Identifier, Strict
from pipelines.datasets import datasets, declaration_of, load_publishers
from pipelines.errors import SourceError
from pipelines.sources.fetch_context import Context
from pipelines.sources.fetch_journal import FetchJournal
from pipelines.sources.http_client import Client, shown
from pipelines.sources.json_fields import read_fields
from pipelines.sources.layout_model import Status
from pipelines.sources.tabular import Parsed, Part, write_parts
from pipelines.storage.archive import Archive, Fetch, Promise, SeriesPromise
from pipelines.text.normalise import no_number, swedish_number

DATASET = "socialstyrelsen.statistik"
_MAX_PAGES, _LISTED = 1_000, 20
_COLUMNS = {"region": "regionId", "alder": "alderId", "kon": "konId", "matt": "mattId", "ar": "ar"}
_READ = frozenset({"regionId", "konId", "mattId", "ar", "varde"})
_REGION = re.compile(r"[0-9]{1,2}")
_REMEDY = "if the interface has changed, change pipelines/sources/socialstyrelsen/rest.py; nothing was taken in"


class Query(Strict):
    """One series: its subject, its measure and its filters, in the terms of the API's own lists."""

    series: Identifier
    subject: str
    measure: str
    filters: dict[str, str]


class Statistics(Strict):
    """`live` of the dataset. `signs` are all texts that may replace a number, and their meaning."""

    page_items: int = Field(ge=1)
    both_sexes: str
    sexes: dict[str, str]
    nation: str
    signs: dict[str, Status]
    queries: tuple[Query, ...]


class Word(msgspec.Struct, forbid_unknown_fields=True):
    """One value of a variable."""

    id: int | str
    text: str


class Page(msgspec.Struct, forbid_unknown_fields=True):
    """One page of results; rows carry an id for each variable, and `varde` as text."""

    data: list[dict[str, Any]]
    sida: int
    sidor: int
    nasta_sida: str | None
    per_sida: int | None = None


@dataclass(frozen=True)
class _Asked:
    """A query in ids: the restrictions of each variable, and its URL."""

    query: Query
    url: str
    allowed: dict[str, frozenset[str]]


def check() -> None:
    """Validate what is requested.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    _live()


def fetch(context: Context) -> Fetch | None:
    """Request every declared series; only due with full sweeps.

    Raises:
        SourceError: a term is not listed, a filter did not take effect, or the pages are incomplete.
    """
    looked = context.archive.looked_at(DATASET)
    passed = {f.content_id for f in context.taken_in(DATASET)}
    last = context.archive.latest(DATASET)
    recent = looked is not None and context.now - looked < timedelta(days=context.settings.full_sweep_days)
    if recent and (last is None or last.content_id in passed):
        return None
    live = _live()
    base = context.url("socialstyrelsen", load_publishers()["socialstyrelsen"].addresses["rest"])
    journal = context.journal(DATASET, f"queries {base} {json.dumps(datasets()[DATASET].live, sort_keys=True)}")
    client = context.client("socialstyrelsen")
    keys: list[str] = []
    series: dict[str, SeriesPromise] = {}
    known = frozenset({"alderId", *(f"{variable}Id" for query in live.queries for variable in query.filters)})
    for query in live.queries:
        asked = _resolved(client, journal, base, query, live, keys)
        rows = _followed(client, journal, asked, base, keys, known)
        series[query.series] = SeriesPromise(rows=rows)
    fetched = journal.finish(keys, Promise(rows=sum(s.rows or 0 for s in series.values()), series=series))
    context.archive.look(DATASET, context.now)
    return fetched


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of archived responses; unknown fields were reported when the responses arrived.

    Raises:
        SourceError: a value is neither a number nor a known sign.
    """
    live, lists = _live(), dict[tuple[str, str], dict[str, str]]()
    parts = []
    for record in fetched.files:
        address, _, series = record.url.partition("#")
        body = archive.read_path(record.sha256).read_bytes()
        if not series:  # a list of terms: .../<subject>/<variable>
            subject, variable = address.rsplit("/", maxsplit=2)[-2:]
            words, _ = read_fields(body, list[Word], address, _REMEDY)
            lists[subject, variable] = {str(w.id): w.text for w in words}
            continue
        query = next(q for q in live.queries if q.series == series)
        rows = list(_rows(body, query, live, lists, record.url))
        schema = {"series_id": pl.String, "area_id": pl.String, "year": pl.Int32, "sex": pl.String,
                  "value": pl.Float64, "status": pl.String}  # fmt: skip
        parts.append(Part(record.url, record.sha256, pl.DataFrame(rows, schema=schema, orient="row").lazy()))
    return write_parts(parts, datasets()[DATASET], target, DATASET)


def _live() -> Statistics:
    return validated(declaration_of(DATASET), Statistics, datasets()[DATASET].live, where=f"{DATASET}: live.")


def _resolved(
    client: Client, journal: FetchJournal, base: str, query: Query, live: Statistics, keys: list[str]
) -> _Asked:
    """The query in ids, by the API's own lists."""

    def ids(variable: str, words: tuple[str, ...] | None) -> frozenset[str]:
        url = f"{base}/{quote(query.subject)}/{quote(variable)}"
        record = journal.find(url)
        if record is None:
            answer = client.get(url, partial(read_fields, kind=list[Word], where=shown(url), remedy=_REMEDY))
            journal.tell(answer.content[1])
            record = journal.add(url, shown(url), answer.body, answer.published_at)
        if url not in keys:
            keys.append(url)
        found, _ = read_fields(journal.body(record), list[Word], shown(url), _REMEDY)
        listed = {w.text: str(w.id) for w in found}
        lacking = [word for word in words or () if word not in listed]
        if lacking:
            raise SourceError(
                f"the interface does not list {', '.join(map(repr, lacking))}",
                where=shown(url),
                expected=", ".join(words or ()),
                found=", ".join(sorted(listed)[:40]),
                remedy="change the word in socialstyrelsen/declaration.yml to one that is listed",
            )
        return frozenset(listed.values() if words is None else (listed[word] for word in words))

    allowed = {
        "matt": ids("matt", (query.measure,)),
        **{variable: ids(variable, (word,)) for variable, word in query.filters.items()},
        "kon": ids("kon", (live.both_sexes, *live.sexes.values())),
        "region": ids("region", None),
        "ar": ids("ar", None),
    }
    path = "/".join(f"{variable}/{','.join(sorted(values, key=_order))}" for variable, values in allowed.items())
    url = f"{base}/{quote(query.subject)}/resultat/{path}?per_sida={live.page_items}&sida=1"
    return _Asked(query, url, allowed)


def _order(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdigit() else (10**9, text)


def _followed(
    client: Client, journal: FetchJournal, asked: _Asked, base: str, keys: list[str], known: frozenset[str]
) -> int:
    """Archive every page of a query; returns the number of rows."""
    url: str | None = asked.url
    seen: set[str] = set()
    hashes: set[str] = set()
    rows = 0
    while url is not None:
        if url in seen or len(seen) >= _MAX_PAGES:
            raise _broken(asked, f"an endless chain (page {len(seen) + 1} is {shown(url)} again)")
        seen.add(url)
        record = journal.find(url)
        if record is None:
            answer = client.get(url, partial(read_fields, kind=Page, where=shown(url), remedy=_REMEDY))
            record = journal.add(url, f"{shown(url)}#{asked.query.series}", answer.body, answer.published_at)
        page: Page
        page, new = read_fields(journal.body(record), Page, shown(url), _REMEDY)
        journal.tell(new | _new_in_rows(page, asked, known, url))
        if page.data and record.sha256 in hashes:
            raise _broken(asked, f"page {len(seen)} is the same as one before it")
        hashes.add(record.sha256)
        _refuse_unfiltered(page, asked)
        keys.append(url)
        rows += len(page.data)
        if page.nasta_sida is not None and not page.nasta_sida.startswith(base):
            raise _broken(asked, f"the next page lies elsewhere: {shown(page.nasta_sida)}")
        if page.nasta_sida is None and page.sida < page.sidor:
            raise _broken(asked, f"page {page.sida} of {page.sidor} is said to be the last")
        url = page.nasta_sida
    if not rows:
        raise _broken(asked, "no rows")
    return rows


def _refuse_unfiltered(page: Page, asked: _Asked) -> None:
    for variable, allowed in asked.allowed.items():
        column = _COLUMNS.get(variable, f"{variable}Id")
        strange = {str(row.get(column)) for row in page.data} - allowed
        if strange:
            raise SourceError(
                f"the filter on {variable} did not take effect",
                where=shown(asked.url),
                expected=f"{column} among {', '.join(sorted(allowed)[:20])}",
                found=", ".join(sorted(strange)[:20]),
                remedy="the interface answers a filter that it does not know with everything; mend the words",
            )


def _broken(asked: _Asked, found: str) -> SourceError:
    return SourceError(
        "the pages do not make a whole",
        where=shown(asked.url),
        expected="each page once, then an end, and rows",
        found=found,
        remedy="refresh again later; if it lasts, tell the publisher",
    )


def _new_in_rows(page: Page, asked: _Asked, known: frozenset[str], url: str) -> frozenset[str]:
    """Unknown fields of rows.

    Raises:
        SourceError: a field is missing, or is of another type.
    """
    needed = _READ | {_COLUMNS.get(v, f"{v}Id") for v in asked.allowed}
    came = {name for row in page.data for name in row}
    lacking = {name for row in page.data for name in needed - set(row)}
    new = came - known - needed
    types = {
        f"{name} is {row[name]!r}"
        for row in page.data
        for name in needed & set(row)
        if not isinstance(row[name], str | None if name == "varde" else int | str) or isinstance(row[name], bool)
    }
    if lacking or types:
        raise SourceError(
            "the publisher's answer has another shape",
            where=shown(url),
            expected=f"data[] with {', '.join(sorted(needed))}; numbers as text",
            found="; ".join(
                [*sorted(types)[:_LISTED]]
                + ([f"lacking: {', '.join(f'data[].{name}' for name in sorted(lacking))}"] if lacking else [])
                + ([f"new: {', '.join(f'data[].{name}' for name in sorted(new))}"] if new else [])
            ),
            remedy=_REMEDY,
        )
    return frozenset(f"data[].{name}" for name in new)


def _rows(
    body: bytes, query: Query, live: Statistics, lists: Mapping[tuple[str, str], Mapping[str, str]], url: str
) -> Iterator[tuple[str, str, int, str, float | None, str | None]]:
    sexes = {word: sex for sex, word in live.sexes.items()} | {live.both_sexes: "T"}
    page: Page
    page, _ = read_fields(body, Page, url, _REMEDY)
    for number, row in enumerate(page.data, start=1):
        region, year = str(row["regionId"]), str(row["ar"])
        sex = sexes[lists[query.subject, "kon"][str(row["konId"])]]
        if not _REGION.fullmatch(region):
            raise SourceError("an unknown region", where=f"{url}, row {number}", expected="a county", found=region)
        if lists[query.subject, "region"][region] == live.nation:
            region = "0"
        told = lists[query.subject, "ar"].get(year, year)
        yield (
            query.series,
            region.zfill(4),
            int(told),
            sex,
            *_value(str(row["varde"] or ""), live, f"{url}, row {number}"),
        )


def _value(text: str, live: Statistics, where: str) -> tuple[float | None, str | None]:
    bare = text.strip()
    if bare in live.signs:
        sign = live.signs[bare]
        return None, None if sign == "missing" else sign
    number = swedish_number(bare)
    if number is None:
        raise SourceError(
            "a value is no number",
            where=where,
            expected="a number with decimal comma, or one of " + ", ".join(map(repr, live.signs)),
            found=no_number(text),
            remedy="if it is a new sign, add it to `signs` of the dataset in socialstyrelsen/declaration.yml",
        )
    return number, None
