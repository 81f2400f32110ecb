"""What a change of knowledge touches: the indicators whose rows must be computed anew, and no others.

Belongs here: from the deliveries that have come since a build to the series that they changed, and from these to the
indicators. Does not belong here: computing (`dbt_project`), or which build is gone on with (`steps/build.py`).

The large tables are made indicator by indicator (`chunked_table`), so a change of some series leaves the rows of most
indicators as they are. Whatever may touch an indicator in another way (areas and their groups, price indices, the
series by which municipalities are called similar, which indicators there are) touches all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import duckdb

from pipelines.datasets import datasets
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import connect
from pipelines.storage.vintages import DeliveryRecord, Vintages
from pipelines.warehouse import uncurated
from pipelines.warehouse.finished import open_build

# Each run of indicators is written by itself, and reads some tables as a whole: of more than so many, all are cheaper.
MOST = 40

_KPIS = "kolada.kpi"  # tells the days of publication of the same publisher's series
Series = tuple[str, str]  # a dataset of facts, and a series of it

# A correction may hold a series against another one of its dataset, and changes with it.
_MEASURES = """
    create temp view touched as
    select dataset, series from changed
    union select c.dataset, c.series from declared.correction_cell as c
    join changed on c.dataset = changed.dataset and c.expected_series = changed.series;
    create temp view measures as select measure_id from declared.measure join touched using (dataset, series)
"""
_STRUCTURE = """
    select count(*) from declared.structure_variable
    where measure_id in (from measures) or per_measure_id in (from measures)
"""
# The last two tell what is new in the build, or would tell it when it is compared with another release.
_INDICATORS = """
    select indicator_id from declared.indicator join touched using (dataset, series)
    union select indicator_id from declared.indicator_input where measure_id in (from measures)
    union select indicator_id from release.revision
    union select indicator_id from release.observation_vintage where known_from > ?
"""


def affected_indicators(
    settings: Settings, build: Build, known: Sequence[str], previous: datetime | None
) -> frozenset[str] | None:
    """The indicators whose rows differ from those of a build, by what has become known since.

    Args:
        build: a complete build, by the code and declarations of now. known: the state that it was made from, as
        `publication.plan` told it. previous: the knowledge of the release that the new one is compared with, UTC
        without zone.

    Returns:
        Their ids; None where everything has to be computed anew.
    """
    vintages = Vintages(settings)
    state, chosen = vintages.state(), set(uncurated.identity(settings))
    if set(known) - state.keys() != chosen:  # a delivery was refused, dated anew or made again, or the scope is another
        return None
    news = [record for line, record in state.items() if line not in set(known)]
    if any(datasets()[record.dataset].kind != "facts" for record in news):
        return None
    before = max((state[line].known_from.date() for line in known if line in state), default=None)
    until = vintages.knowledge_until()
    if before is None or until is None:
        return None
    changed = {found for record in news for found in _changed_series(settings, vintages, record)}
    changed |= _published_between(settings, vintages, before, until.date())
    with open_build(settings, build) as con:
        return _made_of(con, sorted(changed), previous)


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
    """The series that a day of publication has come for, after one day and to another, with values of that period.

    These are preliminary from then on, or no longer.
    """
    days = " or ".join(
        f"kpi.{day} > ?::date and kpi.{day} <= ?::date" for day in ("prel_publication_date", "publication_date")
    )
    kpis = vintages.known_sql(_KPIS)
    touched = set()
    with connect(settings) as con:
        for name, dataset in datasets().items():
            if dataset.kind != "facts" or name.split(".")[0] != _KPIS.split(".", maxsplit=1)[0]:
                continue
            found = con.execute(
                f"select distinct series_id from ({kpis}) as kpi join ({vintages.history_sql(name)}) as v "
                f"using (series_id) where v.year = kpi.publ_period and ({days})",
                [before, until, before, until],
            ).fetchall()
            touched |= {(dataset.same_series_as or name, str(series)) for (series,) in found}
    return touched


def _made_of(con: duckdb.DuckDBPyConnection, changed: list[Series], previous: datetime | None) -> frozenset[str] | None:
    """The indicators of a build that are made of any of these series; None where that is nearly everything."""
    con.execute(
        "create temp table changed as select unnest(?::varchar[]) as dataset, unnest(?::varchar[]) as series",
        [[dataset for dataset, _ in changed], [series for _, series in changed]],
    )
    con.execute(_MEASURES)
    if con.execute(_STRUCTURE).fetchall() != [(0,)]:
        return None
    found = con.execute(_INDICATORS, [previous]).fetchall()
    return frozenset(str(indicator) for (indicator,) in found) if len(found) <= MOST else None
