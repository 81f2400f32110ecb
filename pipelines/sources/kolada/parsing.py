"""Kolada's archived responses as rows.

Belongs here: reading pages that `pages.py` has validated, into the declared columns. Does not belong here: requests.

Values are read by DuckDB, which streams any number of pages; their types were validated, field by field, on arrival.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.sources.json_fields import read_fields
from pipelines.sources.kolada.pages import Area, Flag, Group, Kpi, Page, Unit
from pipelines.sources.tabular import Parsed, Part, write_parts
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.database import literal, scratch

_VALUE = 'STRUCT(gender VARCHAR, "value" DOUBLE, status VARCHAR, "count" BIGINT, isdeleted BOOLEAN)[]'
_BUFFER = 4 << 20  # DuckDB's buffer for one page in bytes; more when a page is larger
_FLAGS = {"true": "true", "1": "true", "false": "false", "0": "false"}


def parse(fetched: Fetch, archive: Archive, target: Path) -> Parsed:
    """Write the rows of a fetch; unknown fields were reported when the pages arrived.

    Raises:
        SourceError: an archived page is damaged, or a cell has a wrong type.
    """
    dataset = fetched.dataset
    if dataset not in _TABLES:
        _write_values(fetched, archive, target)
        return Parsed()
    read, schema = _TABLES[dataset]
    parts = []
    for number, record in enumerate(fetched.files, start=1):
        found = list(read(archive.read_path(record.sha256).read_bytes()))
        frame = pl.DataFrame(found, schema=dict.fromkeys(schema, pl.String), orient="row")
        parts.append(Part(f"{dataset}, page {number}", record.sha256, frame.lazy()))
    return write_parts(parts, datasets()[dataset], target, dataset)


def is_area(area_id: str) -> bool:
    """Whether a value belongs to an area; `G…` are groups, whose values are unweighted means of their members."""
    return not area_id.startswith("G")


def areas_in_order(archive: Archive) -> list[str]:
    """Municipalities first, then regions and the nation, each by code.

    Raises:
        SourceError: there is no list of areas yet.
    """
    areas = [a for body in _newest(archive, "kolada.municipality") for a in _page(body, Area).values]
    return [a.id for a in sorted(areas, key=lambda a: (a.type, a.id))]


def ids_of(archive: Archive, dataset: str) -> set[str]:
    """The ids on the newest list of KPIs.

    Raises:
        SourceError: there is none yet.
    """
    return {kpi.id for body in _newest(archive, dataset) for kpi in _page(body, Kpi).values}


def kpis_with_units(archive: Archive) -> set[str]:
    """The KPIs that have values for units."""
    kpis = [k for body in _newest(archive, "kolada.kpi") for k in _page(body, Kpi).values]
    return {k.id for k in kpis if _flag(k.has_ou_data) == "true"}


def members_of(archive: Archive, dataset: str, group: str) -> set[str]:
    """The members of one group."""
    groups = [g for body in _newest(archive, dataset) for g in _page(body, Group).values]
    return {m.member_id for g in groups if g.id == group for m in g.members}


def titles_of(archive: Archive, dataset: str) -> dict[str, str]:
    """The title of each group that has members, by its id."""
    groups = [g for body in _newest(archive, dataset) for g in _page(body, Group).values]
    return {g.id: g.title for g in groups if g.members}


def _newest(archive: Archive, dataset: str) -> Iterator[bytes]:
    fetched = archive.latest(dataset)
    if fetched is None or fetched.way != "live":
        raise SourceError(
            "a list that this needs has not been fetched",
            where=dataset,
            expected="a live fetch of it",
            found="none",
            remedy="see why it was held back, and refresh again (with --only, name it too)",
        )
    for record in fetched.files:
        yield archive.read_path(record.sha256).read_bytes()


def _page(body: bytes, kind: Any) -> Page[Any]:
    page: Page[Any]
    page, _ = read_fields(body, Page[kind], "an archived page", "fetch again")
    return page


def _kpis(body: bytes) -> Iterator[tuple[Any, ...]]:
    for k in _page(body, Kpi).values:
        dates = (k.prel_publication_date or None, k.publication_date or None)
        period = None if k.publ_period in (None, "") else str(k.publ_period)
        yield (
            k.id, k.title, k.operating_area, k.perspective, _flag(k.is_divided_by_gender), k.municipality_type,
            _flag(k.has_ou_data), *dates, period,
        )  # fmt: skip


def _flag(value: Flag) -> str | None:
    """true or false, for a boolean or 0 and 1; anything else is left unchanged, and rejected as a cell."""
    return None if value in (None, "") else _FLAGS.get(str(value).lower(), str(value))


def _areas(body: bytes) -> Iterator[tuple[Any, ...]]:
    return ((a.id, a.title, a.type) for a in _page(body, Area).values)


def _members(body: bytes) -> Iterator[tuple[Any, ...]]:
    return ((g.id, g.title, m.member_id) for g in _page(body, Group).values for m in g.members)


def _units(body: bytes) -> Iterator[tuple[Any, ...]]:
    return ((u.id, u.title, u.municipality) for u in _page(body, Unit).values)


_TABLES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "kolada.kpi": (_kpis, (
        "series_id", "title", "operating_area", "perspective", "is_divided_by_sex", "municipality_type",
        "has_unit_values", "prel_publication_date", "publication_date", "publ_period")),
    "kolada.municipality": (_areas, ("area_id", "name", "area_type")),
    "kolada.municipality_groups": (_members, ("group_id", "group_title", "area_id")),
    "kolada.kpi_groups": (_members, ("group_id", "group_title", "series_id")),
    "kolada.ou": (_units, ("unit_id", "name", "area_id")),
}  # fmt: skip


def _write_values(fetched: Fetch, archive: Archive, target: Path) -> None:
    area = "ou" if fetched.dataset.endswith("ou_values") else "municipality"
    groups = fetched.dataset == "kolada.group_values"
    wanted = "true" if area == "ou" else f"area_id {'' if groups else 'not '}like 'G%'"
    with ThreadPoolExecutor(2) as pool:  # every page is verified to be complete first
        paths = ", ".join(literal(str(p)) for p in pool.map(archive.read_path, [r.sha256 for r in fetched.files]))
    shape = f"{{'values': 'STRUCT(kpi VARCHAR, {area} VARCHAR, period INTEGER, \"values\" {_VALUE})[]'}}"
    largest = max(_BUFFER, *(record.bytes for record in fetched.files))
    known = datasets()["kolada.values"].live["statuses"]
    told = " ".join(f"when {literal(word)} then {literal(meant)}" for word, meant in known.items())
    meaning = f"case regexp_replace(lower(v.status), '[^\\p{{L}}]', '', 'g') {told} end"
    # An empty status means an ordinary value; a gap has the status `Missing` or none. A number beside a status that
    # means no value is ignored. A zero has no sign.
    query = f"""
        select series_id, area_id, year, v.gender as sex,
            case when v.isdeleted or said is not null then null else v.value + 0 end as value,
            {"v.count::integer as members," if groups else ""}
            case
                when v.isdeleted then 'withdrawn'
                when v.status is null or regexp_full_match(v.status, '\\s*') or said = 'missing' then null
                else coalesce(said, 'code:' || v.status)
            end as status,
            source_file_sha256
        from (
            select *, case when v.status <> '' then {meaning} end as said from (
            select item.kpi as series_id, item.{area} as area_id, item.period as year, unnest(item."values") as v,
                source_file_sha256
            from (
                select unnest("values") as item, parse_filename(filename) as source_file_sha256
                from read_json([{paths}], format = 'unstructured', columns = {shape}, filename = true,
                    maximum_object_size = {largest})
            ))
        ) where {wanted}
    """
    columns = ", ".join([*datasets()[fetched.dataset].columns, "source_file_sha256"])
    with scratch(target.parent) as con:
        con.execute(
            f"copy (select {columns} from ({query})) to {literal(str(target))} (format parquet, compression lz4_raw)"
        )
