"""What a change of knowledge touches: the indicators whose rows must be computed anew, and no others.

Belongs here: from the deliveries that have come since a build to the series that they changed, and from these to the
indicators. Does not belong here: computing (`dbt_project`), or which build is gone on with (`steps/build.py`).

The large tables are made indicator by indicator (`chunked_table`), so a change of some series leaves the rows of most
indicators as they are. Whatever may touch an indicator in another way (declarations, code, areas and their groups, price
indices, and the series by which municipalities are called similar) touches all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from indicators.generate.declared_rows import declared_rows
from indicators.load.catalogue import Catalogue
from indicators.tables.declared import TABLES
from pipelines.datasets import datasets
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import connect, literal
from pipelines.storage.vintages import DeliveryRecord, Vintages
from pipelines.warehouse.finished import open_build
from pipelines.warehouse.inputs import declared_sources

# Each run of indicators is written by itself, and reads some tables as a whole: of more than so many, all are cheaper.
MOST = 40

Series = tuple[str, str]  # a dataset of facts, and a series of it


def affected_indicators(
    settings: Settings, catalogue: Catalogue, build: Build, known: Sequence[str], previous: datetime | None
) -> frozenset[str] | None:
    """The indicators whose rows differ from those of a build, by what has become known since.

    Args:
        build: a complete build. known: the state that it stands on, as `Vintages.state_id` told it. previous: the
        knowledge of the release that the new one is compared with, UTC without zone.

    Returns:
        Their ids; None where everything has to be computed anew.
    """
    vintages = Vintages(settings)
    state = vintages.state()
    if not state.keys() >= set(known):  # a delivery has been refused, dated anew or made again
        return None
    news = [record for line, record in state.items() if line not in set(known)]
    if any(datasets()[record.dataset].kind != "facts" for record in news):
        return None
    changed = {found for record in news for found in _changed_series(settings, vintages, record)}
    before = max((state[line].known_from.date() for line in known), default=None)
    until = vintages.knowledge_until()
    if before is None or until is None:
        return None
    found = _of_series(catalogue, changed | _published_between(settings, vintages, before, until.date()))
    if found is None:
        return None
    found |= _told_as_new(settings, build, previous)
    return found if len(found) <= MOST else None


def _changed_series(settings: Settings, vintages: Vintages, record: DeliveryRecord) -> set[Series]:
    """The series of which a delivery changed any value. Units are measured by the series of another dataset."""
    path = vintages.changes_path(record)
    if path is None:
        return set()
    series_of = datasets()[record.dataset].same_series_as or record.dataset
    with connect(settings) as con:
        found = con.execute("select distinct series_id from read_parquet(?)", [str(path)]).fetchall()
    return {(series_of, str(series)) for (series,) in found}


def _published_between(settings: Settings, vintages: Vintages, before: date, until: date) -> set[Series]:
    """The series that a day of publication has come for, after one day and to another, with values of that period: these
    are preliminary from then on, or no longer.
    """
    days = " or ".join(
        f"kpi.{day} > ?::date and kpi.{day} <= ?::date" for day in ("prel_publication_date", "publication_date")
    )
    kpis, values = vintages.known_sql("kolada.kpi"), vintages.history_sql("kolada.values")
    with connect(settings) as con:
        found = con.execute(
            f"select distinct series_id from ({kpis}) as kpi join ({values}) as v using (series_id) "
            f"where v.year = kpi.publ_period and ({days})",
            [before, until, before, until],
        ).fetchall()
    return {("kolada.values", str(series)) for (series,) in found}


def _told_as_new(settings: Settings, build: Build, previous: datetime | None) -> frozenset[str]:
    """The indicators of a build that tell what is new in it, or that would tell it compared with another release."""
    with open_build(settings, build) as con:
        found = con.execute(
            "select indicator_id from release.revision "
            "union select indicator_id from release.observation_vintage where known_from > ?",
            [previous],
        ).fetchall()
    return frozenset(str(indicator) for (indicator,) in found)


def _of_series(catalogue: Catalogue, changed: set[Series]) -> frozenset[str] | None:
    """The indicators that are made of any of these series; None where municipalities are called similar by one."""
    rows = {
        name: [dict(zip(TABLES[name], row, strict=True)) for row in found]
        for name, found in declared_rows(catalogue, declared_sources()).items()
        if name in {"indicator", "indicator_input", "measure", "correction_cell", "structure_variable"}
    }
    for cell in rows["correction_cell"]:  # a correction may hold a series against another one
        if (cell["dataset"], cell["expected_series"]) in changed:
            changed = changed | {(cell["dataset"], cell["series"])}
    measures = {m["measure_id"] for m in rows["measure"] if (m["dataset"], m["series"]) in changed}
    structure = {v[name] for v in rows["structure_variable"] for name in ("measure_id", "per_measure_id")}
    if measures & structure:
        return None
    own = {i["indicator_id"] for i in rows["indicator"] if (i["dataset"], i["series"]) in changed}
    return frozenset(own | {i["indicator_id"] for i in rows["indicator_input"] if i["measure_id"] in measures})
