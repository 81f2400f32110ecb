"""The fetch of each of Kolada's datasets: which URLs are requested, and what they have to return.

Belongs here: scope, sweeps and deltas, and promises. Does not belong here: the pages (`pages.py`), the choice of
batches (`plan.py`), the rows (`parsing.py`).

A sweep requests all values of the scope, by KPI and area. A delta requests what changed since the last fetch that was
taken in, by KPI and year, for the newest years only; changes in older years are found by the next sweep.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import Field

from indicators.load.catalogue import validated
from indicators.model.indicator import Strict
from pipelines.datasets import datasets, declaration_of, load_publishers
from pipelines.errors import SourceError
from pipelines.sources.fetch_context import Context
from pipelines.sources.kolada import parsing
from pipelines.sources.kolada.pages import Area, Chain, Group, Item, Kpi, Reader, Unit, UnitItem
from pipelines.sources.kolada.plan import even, slices, spread, sweep
from pipelines.storage.archive import Fetch, Promise, SeriesPromise

PUBLISHER = "kolada"
MUNICIPALITY, KPI, VALUES = "kolada.municipality", "kolada.kpi", "kolada.values"


class Limits(Strict):
    """`live` of `kolada.values`: the API's limits, statuses, and the first year of units' values."""

    max_ids: int = Field(ge=1)
    statuses: dict[str, Literal["missing", "suppressed", "not_applicable", "not_collected"]]
    page_items: int = Field(ge=1)
    first_unit_year: int


def check(dataset: str) -> None:
    """Validate the API's limits, which the requests for every dataset observe.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    _limits()


def fetch(context: Context, dataset: str) -> Fetch | None:
    """Fetch one dataset; None when it is not due, or nothing changed.

    Raises:
        SourceError: it could not be fetched completely.
    """
    seldom = dataset not in {VALUES, MUNICIPALITY, KPI}
    of_units = dataset in {"kolada.ou", "kolada.ou_values"}
    if (seldom and not _is_due(context, dataset)) or (of_units and not _with_units(context)):
        return None
    ask = {VALUES: _values, "kolada.ou_values": _unit_values, "kolada.group_values": _group_values}.get(dataset)
    return ask(context) if ask else _list(context, dataset)


def scope(context: Context) -> tuple[list[str], dict[str, str]]:
    """The KPIs to request, and those of the catalogue that the publisher no longer lists, with the reason.

    Raises:
        SourceError: the KPI list or the group is missing.
    """
    listed = parsing.ids_of(context.archive, KPI)
    chosen, used = context.settings.kolada_scope, set(context.catalogue.series_of(VALUES))
    if chosen == "all":
        return sorted(listed), _unlisted(used - listed)
    if chosen.startswith("group:"):
        group = chosen.removeprefix("group:")
        members = parsing.members_of(context.archive, "kolada.kpi_groups", group)
        if not members:
            raise SourceError(
                "there is no such group of KPIs",
                where="--scope, NYCKELTAL_KOLADA_SCOPE",
                expected="the id of one of the publisher's groups of KPIs",
                found=group,
                remedy="look the id up at the publisher's /kpi_groups",
            )
        used = members
    return sorted(used & listed), _unlisted(used - listed)


def _unlisted(vanished: set[str]) -> dict[str, str]:
    return dict.fromkeys(sorted(vanished), "not in the publisher's list of KPIs")


def _limits() -> Limits:
    return validated(declaration_of(VALUES), Limits, datasets()[VALUES].live, where=f"{VALUES}: live.")


def _base(context: Context) -> str:
    return context.url(PUBLISHER, load_publishers()[PUBLISHER].addresses["v3"])


def _is_due(context: Context, dataset: str) -> bool:
    """Whether a dataset that rarely changes is due: enough time has passed, or the last fetch did not pass the gate."""
    looked, last = context.archive.looked_at(dataset), context.archive.latest(dataset)
    passed = last is None or last.content_id in {fetched.content_id for fetched in context.taken_in(dataset)}
    return looked is None or not passed or context.now - looked >= timedelta(days=context.settings.full_sweep_days)


_LISTS: dict[str, tuple[str, Any]] = {
    MUNICIPALITY: ("municipality", Area),
    KPI: ("kpi", Kpi),
    "kolada.municipality_groups": ("municipality_groups", Group),
    "kolada.kpi_groups": ("kpi_groups", Group),
    "kolada.ou": ("ou", Unit),
}


def _list(context: Context, dataset: str) -> Fetch:
    """Fetch one of the publisher's lists completely."""
    path, kind = _LISTS[dataset]
    base = _base(context)
    journal = context.journal(dataset, f"list {base}")
    reader: Reader[Any] = Reader(context.client(PUBLISHER), journal, kind, base)
    chain = reader.whole(f"{base}/{path}?per_page={_limits().page_items}")
    count = sum(len(i.members) for i in chain.items) if kind is Group else len(chain.items)
    if not count:
        raise SourceError(
            "an empty list came",
            where=f"{base}/{path}",
            expected="rows",
            found="none",
            remedy="refresh again later; the list that was known stands",
        )
    fetched = journal.finish(chain.keys, Promise(rows=count))
    if dataset not in {MUNICIPALITY, KPI}:  # those two are fetched every time
        context.archive.look(dataset, context.now)
    return fetched


def _values(context: Context) -> Fetch | None:
    series, absent = scope(context)
    areas = parsing.areas_in_order(context.archive)
    since = _since(context, series)
    if since is None:
        return _sweep(context, VALUES, "municipality", Item, series, areas, absent)
    return _delta(context, series, absent, since)


def _since(context: Context, series: list[str]) -> date | None:
    """The first day of a delta; None when a sweep is due: enough time has passed, or the last fetch did not pass
    the gate.
    """
    known = [f for f in context.taken_in(VALUES) if f.way == "live"]
    whole = [f for f in known if f.promise.complete and set(series) <= set(f.promise.series)]
    looked, last = context.archive.looked_at(VALUES), context.archive.latest(VALUES)
    passed = last is None or last.content_id in {f.content_id for f in known}
    if not passed:  # held back, or refused with the release: its changes may not be reported again by a delta
        return None
    if not whole or looked is None or context.now - looked >= timedelta(days=context.settings.full_sweep_days):
        return None
    # One day earlier, as the publisher's time zone is not documented.
    return known[-1].files[0].fetched_at.date() - timedelta(days=1)


class _Tally:
    """Row counts of each series, updated as pages arrive."""

    def __init__(self) -> None:
        self.items: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def add(self, items: Iterable[Item | UnitItem]) -> None:
        for item in items:
            self.items[item.kpi] += 1
            if isinstance(item, UnitItem) or parsing.is_area(item.municipality):
                self.rows[item.kpi] += len(item.values)


def _sweep(
    context: Context,
    dataset: str,
    segment: str,
    kind: Any,
    series: list[str],
    areas: list[str],
    absent: dict[str, str],
) -> Fetch:
    """All values: first a few areas, to learn the number of values of each KPI, then batches that fill their pages."""
    limits, base = _limits(), _base(context)
    plan = f"sweep {base} {','.join(series)} {','.join(areas)}"
    journal = context.journal(dataset, plan)
    reader: Reader[Any] = Reader(context.client(PUBLISHER), journal, kind, base)
    tally, keys = _Tally(), list[str]()

    def ask(batches: list[list[str]], portion: list[list[str]]) -> None:
        urls = [
            f"{base}/data/kpi/{','.join(kpis)}/{segment}/{','.join(some)}?per_page={limits.page_items}"
            for some in portion
            for kpis in batches
        ]
        for chain in _all(context, reader.whole, urls):
            tally.add(chain.items)
            keys.extend(chain.keys)

    areas = spread(areas)
    first = slices(areas, limits.max_ids)[0]
    ask(even(series, limits.max_ids), [first])
    asked = len(first)
    while asked < len(areas):  # each portion is planned with the counts so far
        per_area = {kpi: tally.items[kpi] / asked for kpi in series}
        batches, portions = sweep(per_area, areas[asked:], limits.page_items, limits.max_ids)
        ask(batches, portions[:1])
        asked += len(portions[0])
    promise = Promise(
        rows=sum(tally.rows.values()),
        series={kpi: SeriesPromise(rows=tally.rows[kpi]) for kpi in series},
        marks_withdrawals=True,
        absent=absent,
    )
    fetched = journal.finish(keys, promise)
    context.archive.look(dataset, context.now)
    return fetched


def _delta(context: Context, series: list[str], absent: dict[str, str], since: date) -> Fetch | None:
    limits, base = _limits(), _base(context)
    years = ",".join(str(context.now.year - n) for n in range(limits.max_ids))
    journal = context.journal(VALUES, f"delta {base} {since} {','.join(series)}")
    reader: Reader[Any] = Reader(context.client(PUBLISHER), journal, Item, base)
    urls = [
        f"{base}/data/kpi/{','.join(kpis)}/year/{years}?from_date={since}&per_page={limits.page_items}"
        for kpis in even(series, limits.max_ids)
    ]
    tally, keys = _Tally(), list[str]()
    for chain in _all(context, lambda url: reader.whole(url, keep_empty=False), urls):
        tally.add(chain.items)
        keys.extend(chain.keys)
    if not tally.rows.total():
        journal.discard()
        return None
    came = {kpi: SeriesPromise(rows=n) for kpi, n in sorted(tally.rows.items()) if n}
    promise = Promise(rows=tally.rows.total(), series=came, complete=False, absent=absent)
    return journal.finish(keys, promise, since=since)


def _with_units(context: Context) -> list[str]:
    return sorted(set(scope(context)[0]) & parsing.kpis_with_units(context.archive))


def _unit_values(context: Context) -> Fetch:
    """Values of units, for the KPIs of the scope that have them; the API returns all units of a KPI and year."""
    limits, base = _limits(), _base(context)
    series = _with_units(context)
    years = [str(year) for year in range(limits.first_unit_year, context.now.year + 1)]
    journal = context.journal("kolada.ou_values", f"units {base} {','.join(series)} {years[-1]}")
    reader: Reader[Any] = Reader(context.client(PUBLISHER), journal, UnitItem, base)
    urls = [
        f"{base}/oudata/kpi/{','.join(kpis)}/year/{','.join(some)}?per_page={limits.page_items}"
        for kpis in even(series, limits.max_ids)
        for some in even(years, limits.max_ids)
    ]
    tally, keys = _Tally(), list[str]()
    for chain in _all(context, reader.whole, urls):
        tally.add(chain.items)
        keys.extend(chain.keys)
    promise = Promise(
        rows=tally.rows.total(), series={kpi: SeriesPromise(rows=tally.rows[kpi]) for kpi in series},
        marks_withdrawals=True,
    )  # fmt: skip
    fetched = journal.finish(keys, promise)
    context.archive.look("kolada.ou_values", context.now)
    return fetched


def _group_values(context: Context) -> Fetch:
    """Kolada's own group values (unweighted means), for the groups that the catalogue declares."""
    groups = sorted({g.kolada_group for g in context.catalogue.groups if g.kolada_group})
    return _sweep(context, "kolada.group_values", "municipality", Item, scope(context)[0], groups, {})


def _all(context: Context, ask: Callable[[str], Chain[Any]], urls: list[str]) -> Iterator[Chain[Any]]:
    """Follow every chain, in the order of `urls`; a few in parallel, within the client's budget."""
    ahead = context.settings.parallel_requests
    with ThreadPoolExecutor(ahead) as pool:
        tasks: deque[Future[Chain[Any]]] = deque()
        try:
            for url in urls:
                tasks.append(pool.submit(ask, url))
                if len(tasks) > 2 * ahead:  # the maximum of chains in memory
                    yield tasks.popleft().result()
            while tasks:
                yield tasks.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
