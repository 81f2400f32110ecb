"""The fetch of each of Kolada's datasets: which URLs are requested, and what they have to return.

Belongs here: sweeps and deltas, and promises. Does not belong here: which KPIs belong to which dataset (`scope.py`),
the pages (`pages.py`), the choice of batches (`plan.py`), the rows (`parsing.py`).

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
from pipelines.sources.kolada.scope import KPI, OTHER_VALUES, VALUES, curated, others, previously_listed
from pipelines.storage.archive import Fetch, Promise, SeriesPromise

PUBLISHER = "kolada"
MUNICIPALITY = "kolada.municipality"
_BLOCK = 250  # KPIs that are planned together: planning takes as long as the square of their number
OF_UNITS = {"kolada.ou_values": VALUES, "kolada.other_ou_values": OTHER_VALUES}  # with the dataset of their series


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
    if dataset in {VALUES, OTHER_VALUES}:
        return _values(context, dataset)
    if dataset in OF_UNITS:
        return _unit_values(context, dataset)
    if dataset not in {MUNICIPALITY, KPI} and not _is_due(context, dataset):
        return None
    if dataset == "kolada.ou" and not any(_with_units(context, of) for of in OF_UNITS):
        return None
    return _group_values(context) if dataset == "kolada.group_values" else _list(context, dataset)


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


def _values(context: Context, dataset: str) -> Fetch | None:
    """The values of the curated KPIs, or of the others that are asked for; None where there are no others."""
    if dataset == VALUES:
        wanted = set(context.catalogue.series_of(VALUES))
    else:
        wanted = others(context)
        wanted |= previously_listed(context) if wanted else set()
    if not wanted:
        return None
    listed = parsing.ids_of(context.archive, KPI)
    absent = dict.fromkeys(sorted(wanted - listed), "not in the publisher's list of KPIs")
    series, areas = sorted(wanted & listed), parsing.areas_in_order(context.archive)
    since = _since(context, dataset, series)
    if since is None:
        return _sweep(context, dataset, series, areas, absent)
    return _delta(context, dataset, series, absent, since)


def _since(context: Context, dataset: str, series: list[str]) -> date | None:
    """The first day of a delta; None when a sweep is due: enough time has passed, or the last fetch did not pass
    the gate.
    """
    known = [f for f in context.taken_in(dataset) if f.way == "live"]
    whole = [f for f in known if f.promise.complete and set(series) <= set(f.promise.series)]
    looked, last = context.archive.looked_at(dataset), context.archive.latest(dataset)
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


def _sweep(context: Context, dataset: str, series: list[str], areas: list[str], absent: dict[str, str]) -> Fetch:
    """All values, by blocks of KPIs: first a few areas, to learn the number of values of each KPI, then batches that
    fill their pages.
    """
    limits, base = _limits(), _base(context)
    plan = f"sweep {base} {','.join(series)} {','.join(areas)}"
    journal = context.journal(dataset, plan)
    reader: Reader[Any] = Reader(context.client(PUBLISHER), journal, Item, base)
    tally, keys = _Tally(), list[str]()

    def ask(batches: list[list[str]], portion: list[list[str]]) -> None:
        urls = [
            f"{base}/data/kpi/{','.join(kpis)}/municipality/{','.join(some)}?per_page={limits.page_items}"
            for some in portion
            for kpis in batches
        ]
        for chain in _all(context, reader.whole, urls):
            tally.add(chain.items)
            keys.extend(chain.keys)

    areas = spread(areas)
    first = slices(areas, limits.max_ids)[0]
    for block in even(series, _BLOCK):
        ask(even(block, limits.max_ids), [first])
        asked = len(first)
        while asked < len(areas):  # each portion is planned with the counts so far
            per_area = {kpi: tally.items[kpi] / asked for kpi in block}
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


def _delta(context: Context, dataset: str, series: list[str], absent: dict[str, str], since: date) -> Fetch | None:
    limits, base = _limits(), _base(context)
    years = ",".join(str(context.now.year - n) for n in range(limits.max_ids))
    journal = context.journal(dataset, f"delta {base} {since} {','.join(series)}")
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


def _with_units(context: Context, dataset: str) -> list[str]:
    """The KPIs of a dataset of units' values: those of the dataset of their series that have values for units."""
    wanted = curated(context) if OF_UNITS[dataset] == VALUES else others(context)
    return sorted(wanted & parsing.kpis_with_units(context.archive)) if wanted else []


def _unit_values(context: Context, dataset: str) -> Fetch | None:
    """Values of units, for the KPIs that have them; None when they are not due. The API returns all units of a KPI
    and year.
    """
    limits, base = _limits(), _base(context)
    series, last = _with_units(context, dataset), context.archive.latest(dataset)
    has_grown = last is not None and not set(series) <= set(last.promise.series)
    if not series or not (has_grown or _is_due(context, dataset)):
        return None
    years = [str(year) for year in range(limits.first_unit_year, context.now.year + 1)]
    journal = context.journal(dataset, f"units {base} {','.join(series)} {years[-1]}")
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
    context.archive.look(dataset, context.now)
    return fetched


def _group_values(context: Context) -> Fetch:
    """Kolada's own group values (unweighted means), for the groups that the catalogue declares."""
    groups = sorted({g.kolada_group for g in context.catalogue.groups if g.kolada_group})
    return _sweep(context, "kolada.group_values", sorted(curated(context)), groups, {})


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
