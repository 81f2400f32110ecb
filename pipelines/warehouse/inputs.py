"""The private build: what dbt reads.

Belongs here: registering vintages and declarations in the build file. Does not belong here: how dbt is told of them
(`source_files.py`), running dbt (`dbt_run.py`), any arithmetic of indicators (dbt_project), judging it (`quality`),
publishing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import duckdb

from indicators.generate.declared_rows import Row, Source, declared_rows
from indicators.load.catalogue import Catalogue
from indicators.tables.declared import TABLES
from pipelines.datasets import datasets, load_publishers, table_name
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.storage.database import connect, identifier, literal
from pipelines.storage.vintages import Vintages
from pipelines.warehouse.uncurated import uncurated_rows

_PLACES = ("indicator_id", "dataset", "series")
GENERATED = "Generated from the declarations by `nyckeltal generate`; do not edit."
# What every row of the vintages has besides its declared columns.
BOOKKEEPING = {
    "known_from": ("timestamp", "When it became known (UTC)."),
    "change": ("varchar", "new, revised, status_changed, withdrawn or restored."),
    "source_file_sha256": ("varchar", "The raw file."),
}
RUN_TABLES: dict[str, dict[str, str]] = {
    "run": {"as_of_date": "date", "knowledge_until": "timestamp", "previous_knowledge_until": "timestamp"},
    "chunk": {
        "chunk_no": "integer", "first_indicator_id": "varchar", "last_indicator_id": "varchar", "is_written": "boolean",
    },
    "area_group": {
        "group_id": "varchar", "name": "varchar", "group_type": "varchar", "kolada_group": "varchar",
        "is_aggregated": "boolean", "valid_from": "date", "valid_to": "date", "compared_area_id": "varchar",
        "recipe_id": "varchar",
    },
    "source_file": {
        "sha256": "varchar", "source_id": "varchar", "dataset": "varchar", "url": "varchar",
        "fetched_at": "timestamp", "published_at": "varchar", "bytes": "bigint", "rows": "bigint",
        "licence": "varchar", "attribution": "varchar",
    },
    "quarantine": {
        "source_id": "varchar", "dataset": "varchar", "source_row": "bigint", "row": "varchar", "reason": "varchar",
        "source_file_sha256": "varchar",
    },
}  # fmt: skip
RUN_TABLES_ABOUT = {
    "run": "One row: the knowledge that the release stands on, and that of the release before.",
    "chunk": "Runs of indicators, in the order of their ids, in which large tables are written; those that are not "
    "written in this build stand as they were in the build that it continues.",
    "area_group": "Groups of areas, with the publisher's group that each is made of.",
    "source_file": "Each raw file that the release stands on.",
    "quarantine": "Each row that was set aside, with the reason.",
}


def write_inputs(
    settings: Settings,
    catalogue: Catalogue,
    build: Build,
    previous_knowledge_until: datetime | None,
    affected: frozenset[str] | None = None,
) -> None:
    """Write the sources `vintages` and `declared` into the build file of a build that begins, or of one that goes on.

    Args:
        affected: the indicators whose rows are written anew in a build that goes on; None where all are.

    Raises:
        NyckeltalError: a dataset has no good state yet, so nothing can be released.
    """
    vintages = Vintages(settings)
    refuse_incomplete(settings)
    with connect(settings, build.build_db) as con:
        register_views(con, vintages)
        con.execute("create schema if not exists declared")
        sources = declared_sources()
        others = uncurated_rows(con, settings, catalogue, sources["kolada"])
        for table, rows in declared_rows(catalogue, sources).items():
            _create(con, table, TABLES[table], [*rows, *others] if table == "indicator" else rows)
        _create(
            con, "chunk", RUN_TABLES["chunk"], _chunks(con, _made_of(catalogue, others), settings.chunk_rows, affected)
        )
        _create(con, "area_group", RUN_TABLES["area_group"], _area_groups(con, catalogue, vintages))
        _create(con, "source_file", RUN_TABLES["source_file"], _source_files(vintages))
        known = vintages.knowledge_until()
        _create(con, "run", RUN_TABLES["run"], [(known.date() if known else None, known, previous_knowledge_until)])
        _create_quarantine(con, vintages)


def register_views(con: duckdb.DuckDBPyConnection, vintages: Vintages) -> None:
    """Make each dataset's history a view `vintages.<publisher>__<dataset>`."""
    con.execute("create schema if not exists vintages")
    for dataset in datasets():
        view = f"vintages.{identifier(table_name(dataset))}"
        con.execute(f"create or replace view {view} as {vintages.history_sql(dataset)}")


def refuse_incomplete(settings: Settings) -> None:
    """Stop where a dataset that every release needs is not known yet.

    Raises:
        NyckeltalError: there is such a dataset.
    """
    vintages = Vintages(settings)
    required = [name for name, dataset in datasets().items() if dataset.is_required]
    lacking = [d for d in required if vintages.latest(d) is None]
    if lacking:
        raise NyckeltalError(
            "there is no good state yet of every dataset",
            where=str(settings.vintages_dir),
            expected=", ".join(required),
            found=f"none of {', '.join(lacking)}",
            remedy="see the failed checks of this run; mend the delivery and refresh again",
        )


def declared_sources() -> dict[str, Source]:
    """What attributions need to know of each publisher."""
    return {
        name: Source(p.title, p.attribution, f"{p.rights_sv} (läst {p.rights_read})")
        for name, p in load_publishers().items()
    }


def _create(con: duckdb.DuckDBPyConnection, table: str, typed: dict[str, str], rows: Sequence[Row]) -> None:
    definition = ", ".join(f"{identifier(c)} {t}" for c, t in typed.items())
    con.execute(f"create or replace table declared.{identifier(table)} ({definition})")
    if rows:  # as columns, for row by row DuckDB takes a second for each thousand or two
        unnested = ", ".join(f"unnest(?::{t}[])" for t in typed.values())
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute(f"insert into declared.{identifier(table)} select {unnested}", columns)


def _chunks(
    con: duckdb.DuckDBPyConnection, made_of: dict[str, str], chunk_rows: int, affected: frozenset[str] | None
) -> list[Row]:
    """Runs of indicators, in the order of their ids, of about `chunk_rows` rows each, all of them written or none."""
    counts = _rows_by_series(con)
    chunks: list[Row] = []
    run: list[str] = []
    size, is_written = 0, True
    for indicator_id, series in sorted(made_of.items()):
        concerned = affected is None or indicator_id in affected
        if run and (size >= chunk_rows or concerned != is_written):
            chunks.append((len(chunks) + 1, run[0], run[-1], is_written))
            run, size = [], 0
        run.append(indicator_id)
        size, is_written = size + counts.get(series, 0), concerned
    return [*chunks, (len(chunks) + 1, run[0], run[-1], is_written)]


def _made_of(catalogue: Catalogue, others: Sequence[Row]) -> dict[str, str]:
    """Each indicator with the series that its rows follow, as `dataset/series`; `others` are the uncurated ones."""
    measured = {m.measure_id: f"{m.dataset}/{m.series}" for m in catalogue.measures}
    named, dataset_place, series_place = (list(TABLES["indicator"]).index(c) for c in _PLACES)
    return {
        i.indicator_id: f"{i.dataset}/{i.series}" if i.series else measured[catalogue.quotient(i).measures[0]]
        for i in catalogue.indicators
    } | {row[named]: f"{row[dataset_place]}/{row[series_place]}" for row in others}


def _rows_by_series(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows of history each series has, as `dataset/series`."""
    counts: dict[str, int] = {}
    for dataset, declared in datasets().items():
        if declared.kind == "facts":
            view = f"vintages.{identifier(table_name(dataset))}"
            series_of = declared.same_series_as or dataset  # values of units are written with those of their series
            for series, n in con.execute(f"select series_id, count(*) from {view} group by 1").fetchall():
                counts[f"{series_of}/{series}"] = counts.get(f"{series_of}/{series}", 0) + int(n)
    return counts


def _area_groups(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, vintages: Vintages) -> list[Row]:
    """Declared groups, and the families of similar municipalities by the titles that their groups have now."""

    def now(dataset: str) -> str:
        return f"(select * from ({vintages.known_sql(dataset)}) where change <> 'withdrawn')"

    rows: list[Row] = [
        (g.group_id, g.name, g.group_type, g.kolada_group, g.aggregate, g.valid_from, g.valid_to, None, None)
        for g in catalogue.groups
    ]
    groups = f"select group_id, max(group_title) from {now('kolada.municipality_groups')} group by 1 order by 1"
    titles = con.execute(groups).fetchall()
    names = dict(
        con.execute(f"select name, area_id from {now('kolada.municipality')} where area_type = 'K'").fetchall()
    )
    for family in catalogue.similar:
        for group_id, title in titles:
            found = re.search(family.title_pattern, title)
            if found:
                area = names.get(found["area"])
                place = (family.valid_from, None, area, family.recipe_id)
                rows.append((group_id, title, "liknande", group_id, False, *place))
    return rows


def _source_files(vintages: Vintages) -> list[Row]:
    """Each file once: one address may have been asked twice, and have given the same bytes."""
    files: dict[Row, Row] = {}
    for dataset in datasets():
        name = dataset.split(".", maxsplit=1)[1]
        for record in vintages.deliveries(dataset):
            for f in record.files if record.tells_something else ():
                given = (f.fetched_at, f.published_at, f.bytes, record.rows, f.licence, f.attribution)
                files.setdefault((f.sha256, dataset, f.url, f.fetched_at), (f.sha256, f.source_id, name, f.url, *given))
    return list(files.values())


def _create_quarantine(con: duckdb.DuckDBPyConnection, vintages: Vintages) -> None:
    _create(con, "quarantine", RUN_TABLES["quarantine"], [])
    for record, path in vintages.quarantine_files():
        publisher, dataset = record.dataset.split(".")
        con.execute(
            "insert into declared.quarantine "
            "select ?, ?, q.row, to_json(q)::varchar, q.reason, q.source_file_sha256 "
            f"from read_parquet({literal(str(path))}) as q order by q.row",
            [publisher, dataset],
        )
