"""The statistics interface (`/api/v1/sv/<subject>`): asked by words, followed to the end, and not trusted.

Belongs here: looking up words, asking, and seeing that each filter took effect: a wrong filter is answered with
everything and 200. Does not belong here: which words (`socialstyrelsen.yml`).
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

from indicators.load import validated
from indicators.model import Identifier, Strict
from pipelines.archive import Archive, Fetch, Promise, SeriesPromise
from pipelines.deposit import Deposit
from pipelines.errors import SourceError
from pipelines.http import Client, DamagedError, shown
from pipelines.sources.context import Context
from pipelines.sources.model import HOME, datasets, load_publishers
from pipelines.sources.tabular import Part, write_parts

DATASET = "socialstyrelsen.statistik"
_MAX_PAGES = 1_000
_NUMBER = re.compile(r"-?\d{1,3}(?:[ .\u00a0\u202f]\d{3})*(?:,\d+)?|-?\d+(?:,\d+)?")
_COLUMNS = {"region": "regionId", "alder": "alderId", "kon": "konId", "matt": "mattId", "ar": "ar"}
_MISSING = {"": None, "..": None, "-": None, "X": "suppressed", "x": "suppressed"}
_REGION = re.compile(r"\d{1,2}")


class Query(Strict):
    """One series: its subject, its measure and its filters, in the words of the interface's own lists."""

    series: Identifier
    subject: str
    measure: str
    filters: dict[str, str]


class Statistics(Strict):
    """`live` of the dataset."""

    page_items: int = Field(ge=1)
    both_sexes: str
    sexes: dict[str, str]
    nation: str
    queries: tuple[Query, ...]


class Word(msgspec.Struct):
    """One value of a variable."""

    id: int | str
    text: str


class Page(msgspec.Struct):
    """One page of results; rows carry an id for each variable, and `varde` as text."""

    data: list[dict[str, Any]]
    sida: int
    sidor: int
    nasta_sida: str | None = None


@dataclass(frozen=True)
class _Asked:
    """A question in ids: what each variable was restricted to, and its address."""

    query: Query
    url: str
    allowed: dict[str, frozenset[str]]


def check() -> None:
    """Read what is asked for.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    _live()


def fetch(context: Context) -> Fetch | None:
    """Ask for every declared series; looked at with the full sweeps only.

    Raises:
        SourceError: a word is not listed, a filter did not take effect, or pages do not make a whole.
    """
    looked = context.archive.looked_at(DATASET)
    passed = {f.content_id for f in context.taken_in(DATASET)}
    last = context.archive.latest(DATASET)
    recent = looked is not None and context.now - looked < timedelta(days=context.settings.full_sweep_days)
    if recent and (last is None or last.content_id in passed):
        return None
    live = _live()
    base = context.url("socialstyrelsen", load_publishers()["socialstyrelsen"].addresses["rest"])
    deposit = context.deposit(DATASET, f"queries {base} {json.dumps(datasets()[DATASET].live, sort_keys=True)}")
    client = context.client("socialstyrelsen")
    keys: list[str] = []
    series: dict[str, SeriesPromise] = {}
    for query in live.queries:
        asked = _resolved(client, deposit, base, query, live, keys)
        rows = _followed(client, deposit, asked, base, keys)
        series[query.series] = SeriesPromise(rows=rows)
    fetched = deposit.finish(keys, Promise(rows=sum(s.rows or 0 for s in series.values()), series=series))
    context.archive.look(DATASET, context.now)
    return fetched


def parse(fetched: Fetch, archive: Archive, target: Path) -> None:
    """Write the rows of archived answers.

    Raises:
        SourceError: a value is no number and no known sign.
    """
    live, lists = _live(), dict[tuple[str, str], dict[str, str]]()
    parts = []
    for record in fetched.files:
        address, _, series = record.url.partition("#")
        body = archive.read_path(record.sha256).read_bytes()
        if not series:  # a list of words: .../<subject>/<variable>
            subject, variable = address.rsplit("/", maxsplit=2)[-2:]
            lists[subject, variable] = {str(w.id): w.text for w in msgspec.json.decode(body, type=list[Word])}
            continue
        query = next(q for q in live.queries if q.series == series)
        rows = list(_rows(body, query, live, lists, record.url))
        schema = {"series_id": pl.String, "area_id": pl.String, "year": pl.Int32, "sex": pl.String,
                  "value": pl.Float64, "status": pl.String}  # fmt: skip
        parts.append(Part(record.url, record.sha256, pl.DataFrame(rows, schema=schema, orient="row").lazy()))
    write_parts(parts, datasets()[DATASET], target, DATASET)


def _live() -> Statistics:
    return validated(HOME / "socialstyrelsen.yml", Statistics, datasets()[DATASET].live, where=f"{DATASET}: live.")


def _resolved(client: Client, deposit: Deposit, base: str, query: Query, live: Statistics, keys: list[str]) -> _Asked:
    """The question in ids, by the interface's own lists."""

    def ids(variable: str, words: tuple[str, ...] | None) -> frozenset[str]:
        url = f"{base}/{quote(query.subject)}/{quote(variable)}"
        record = deposit.find(url)
        if record is None:
            answer = client.get(url, partial(_decoded, kind=list[Word]))
            record = deposit.add(url, shown(url), answer.body, answer.published_at)
        if url not in keys:
            keys.append(url)
        listed = {w.text: str(w.id) for w in msgspec.json.decode(deposit.body(record), type=list[Word])}
        lacking = [word for word in words or () if word not in listed]
        if lacking:
            raise SourceError(
                f"the interface does not list {', '.join(map(repr, lacking))}",
                where=shown(url),
                expected=", ".join(words or ()),
                found=", ".join(sorted(listed)[:40]),
                remedy="change the word in socialstyrelsen.yml to one that is listed",
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


def _followed(client: Client, deposit: Deposit, asked: _Asked, base: str, keys: list[str]) -> int:
    """Archive every page of a question; the number of rows."""
    url: str | None = asked.url
    seen: set[str] = set()
    hashes: set[str] = set()
    rows = 0
    while url is not None:
        if url in seen or len(seen) >= _MAX_PAGES:
            raise _broken(asked, f"an endless chain (page {len(seen) + 1} is {shown(url)} again)")
        seen.add(url)
        record = deposit.find(url)
        if record is None:
            answer = client.get(url, partial(_decoded, kind=Page))
            record = deposit.add(url, f"{shown(url)}#{asked.query.series}", answer.body, answer.published_at)
        page: Page = msgspec.json.decode(deposit.body(record), type=Page)
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


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise SourceError(
            "the publisher's answer has another shape",
            where=DATASET,
            expected=f"the fields of {kind}",
            found=str(error),
            remedy="if the interface has changed, change pipelines/sources/socialstyrelsen/rest.py",
        ) from error
    except msgspec.DecodeError as error:
        raise DamagedError(f"no whole JSON: {error}") from error


def _rows(
    body: bytes, query: Query, live: Statistics, lists: Mapping[tuple[str, str], Mapping[str, str]], url: str
) -> Iterator[tuple[str, str, int, str, float | None, str | None]]:
    sexes = {word: sex for sex, word in live.sexes.items()} | {live.both_sexes: "T"}
    page: Page = msgspec.json.decode(body, type=Page)
    for number, row in enumerate(page.data, start=1):
        region, year = str(row["regionId"]), str(row["ar"])
        sex = sexes[lists[query.subject, "kon"][str(row["konId"])]]
        if not _REGION.fullmatch(region):
            raise SourceError("an unknown region", where=f"{url}, row {number}", expected="a county", found=region)
        if lists[query.subject, "region"][region] == live.nation:
            region = "0"
        told = lists[query.subject, "ar"].get(year, year)
        yield (query.series, region.zfill(4), int(told), sex, *_value(str(row["varde"] or ""), f"{url}, row {number}"))


def _value(text: str, where: str) -> tuple[float | None, str | None]:
    bare = text.strip()
    if bare in _MISSING:
        return None, _MISSING[bare]
    if not _NUMBER.fullmatch(bare):
        raise SourceError(
            "a value is no number",
            where=where,
            expected="a number with decimal comma, or one of " + ", ".join(map(repr, _MISSING)),
            found=repr(text),
            remedy="if it is a new sign, add it in pipelines/sources/socialstyrelsen/rest.py",
        )
    return float(re.sub(r"[ .\u00a0\u202f]", "", bare).replace(",", ".")), None
