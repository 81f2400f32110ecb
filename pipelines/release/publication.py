"""Makes a release out of a finished build: the public database, Parquet for each table, and the move of the pointer.

Belongs here: the last gate, and writing what readers get. Does not belong here: computing values (`dbt_project`).
Publication is refused when a blocking check failed; then the last release stands.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.code_identity import code_hash
from pipelines.reading import similar_sql
from pipelines.reading.curated import uncurated_rows
from pipelines.release.table_keys import table_keys
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.database import columns, connect, create_described, identifier, literal
from pipelines.storage.files import folder_atomic
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION, ReleaseInfo, table_rows
from pipelines.storage.release_sums import damage_of_release, hashes_told, sound_database, write_sums
from pipelines.storage.sealing import file_seal, write_sealed
from pipelines.storage.vintages import CheckResult, ImpossibleReleaseError, Vintages
from pipelines.warehouse import uncurated

MIN_SHARE_OF_LAST = 0.9  # a table much shorter than in the release before is not published
_GUARDED = ("observation", "observation_vintage", "indicator", "area", "comparison")

# The two tables that only the end of a run can fill; all others are dbt models with contracts.
OWN_TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "quality_result": (
        "Each check that this release stands on.",
        {
            "check_id": ("varchar", "The check."),
            "level": ("varchar", "block (stops the dataset or the release), hold_back (sets rows aside) or warn."),
            "subject": ("varchar", "What was checked."),
            "passed": ("boolean", "Whether it held."),
            "expected": ("varchar", "What was expected."),
            "found": ("varchar", "What was found."),
            "sample": ("varchar", "Some of the rows or figures that did not hold."),
        },
    ),
    "release": (
        "This release: one row.",
        {
            "release_id": ("varchar", "Its id, to cite."),
            "created_at": ("timestamp", "When it was made (UTC)."),
            "code_version": ("varchar", "Version of the code, with a hash of it."),
            "input_hash": ("varchar", "Hash of everything it was computed from: equal input, equal tables."),
            "previous_release_id": ("varchar", "The release before; null for the first."),
            "stale_sources": ("varchar", "Datasets that were held back and stand as they were; empty when none."),
        },
    ),
}


class PublicationRefusedError(ImpossibleReleaseError):
    """A blocking check of the finished tables failed; nothing was published and the last release stands."""


@dataclass(frozen=True)
class Plan:
    """What a build is for: its identity, and what it is compared with."""

    input_hash: str
    code: str
    state: tuple[str, ...]
    code_version: str
    knowledge_until: datetime
    previous_release_id: str | None
    previous_knowledge_until: datetime | None
    is_new: bool
    standing_is_stale: bool


def plan(settings: Settings) -> Plan | None:
    """What would be released now; None while nothing is known. `is_new` is false when it was released already."""
    vintages = Vintages(settings)
    known = vintages.knowledge_until()
    if known is None:
        return None
    code = code_hash(settings)
    state = (*vintages.state_id(), *uncurated.identity(settings))
    input_hash = hashlib.sha256("\n".join([code, *state]).encode()).hexdigest()
    # A release that was rolled back from (newer than the current) is not published again by the next night; one that
    # is older than the current is: what came between has been undone.
    serving = release_pointer.current(settings.releases_dir)
    wanted = set(settings.release_parts)
    alike = [
        r
        for r in release_pointer.releases(settings.releases_dir)
        if r.input_hash == input_hash and wanted <= set(r.parts)
    ]
    made = next((r for r in alike if serving and r.order >= serving.order), None)
    standing = made or serving
    same = made is not None
    return Plan(
        input_hash=input_hash,
        code=code,
        state=state,
        code_version=f"{version('nyckeltal')}+{code[:8]}",
        knowledge_until=known,
        previous_release_id=(standing.previous_release_id if same else standing.release_id) if standing else None,
        previous_knowledge_until=(standing.previous_knowledge_until if same else knowledge_of(standing, vintages))
        if standing
        else None,
        is_new=not same,
        standing_is_stale=bool(standing and standing.stale_sources),
    )


def knowledge_of(release: ReleaseInfo, vintages: Vintages) -> datetime:
    """Until when a release knows: the newest date that the deliveries it stands on have now, UTC without zone.

    They may have been dated back since (`nyckeltal vintages redate`). Never later than the release says itself.
    """
    now = vintages.knowledge_until(release.deliveries) if release.deliveries else None
    return min(now, release.knowledge_until) if now else release.knowledge_until


@dataclass(frozen=True)
class ComputedTable:
    """A public table that Python computed: its name, what it is, its columns, and the Parquet file of its rows."""

    name: str
    about: str
    columns: dict[str, tuple[str, str]]
    parquet: Path


def publish(
    settings: Settings,
    planned: Plan,
    candidate: Path,
    computed: Sequence[ComputedTable],
    checks: Sequence[CheckResult],
    stale_sources: tuple[str, ...],
    now: datetime,
    write_parts: Callable[[Path, Path | None], None] | None = None,
) -> ReleaseInfo:
    """Write the release folder, whole, then move the pointer.

    Args:
        candidate: the database that dbt wrote; it is copied. computed: tables that are added to it. checks: every check
        of the run. stale_sources: datasets held back in this run. now: UTC without zone. write_parts: writes what the
        release holds beside its tables into the folder (the second is the release before); None leaves it without.

    Raises:
        PublicationRefusedError: a blocking check of the warehouse failed, or a table shrank. DamagedError: the folder
        is not as it was written, so no reader gets it.
    """
    release_id = _release_id(planned, now)
    with folder_atomic(settings.releases_dir / release_id) as folder:
        shutil.copyfile(candidate, folder / DATABASE)
        identity = (release_id, now, planned.code_version, planned.input_hash, planned.previous_release_id)
        rows = _write_tables(settings, folder, computed, checks, (*identity, ", ".join(stale_sources)))
        described = _described(settings, planned, folder, rows, stale_sources, now, has_parts=write_parts is not None)
        write_sealed(folder / DESCRIPTION, described.model_dump(mode="json"), None)
        if write_parts:
            standing = release_pointer.current(settings.releases_dir)
            write_parts(folder, settings.releases_dir / standing.release_id if standing else None)
        write_sums(folder, {name: seal.sha256 for name, seal in described.contents.items()} | hashes_told(folder))
    for error in damage_of_release(settings.releases_dir / release_id, deep=False):
        raise error
    sound_database(settings.releases_dir / release_id)  # read now, by one who may keep its hash for all readers
    release_pointer.point_at(settings.releases_dir, release_id)
    release_pointer.prune(settings.releases_dir, settings.keep_releases)
    return described


def _described(
    settings: Settings,
    planned: Plan,
    folder: Path,
    rows: tuple[dict[str, int], dict[str, int]],
    stale_sources: tuple[str, ...],
    now: datetime,
    *,
    has_parts: bool,
) -> ReleaseInfo:
    """What a release says of itself, once its tables are written."""
    return ReleaseInfo(
        release_id=_release_id(planned, now),
        created_at=now,
        code_version=planned.code_version,
        input_hash=planned.input_hash,
        knowledge_until=planned.knowledge_until,
        previous_release_id=planned.previous_release_id,
        previous_knowledge_until=planned.previous_knowledge_until,
        stale_sources=stale_sources,
        tables=rows[0],
        uncurated=rows[1],
        parts=tuple(sorted(settings.release_parts)) if has_parts else (),
        deliveries=Vintages(settings).newest_numbers(),
        contents={path.relative_to(folder).as_posix(): file_seal(path) for path in _table_files(folder)},
        number=1 + max((release.number for release in release_pointer.releases(settings.releases_dir)), default=0),
    )


def _release_id(planned: Plan, now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S%f}Z-{planned.input_hash[:8]}"


def _table_files(folder: Path) -> list[Path]:
    return [folder / DATABASE, *sorted(folder.glob("parquet/*.parquet"))]


def _write_tables(
    settings: Settings,
    folder: Path,
    computed: Sequence[ComputedTable],
    checks: Sequence[CheckResult],
    own: tuple[object, ...],
) -> tuple[dict[str, int], dict[str, int]]:
    """Complete the database in a release's folder, check it, and write each table as Parquet.

    Returns:
        The rows by table, and those of them that are uncurated.
    """
    with connect(settings, folder / DATABASE) as con:
        for table in computed:
            _add(con, table)
        others = uncurated_rows(con, _GUARDED)
        keys = table_keys(settings.dbt_project_dir)
        own_checks = [*_shrink_checks(settings, table_rows(con), others), _key_check(con, computed, keys)]
        results = sorted([*checks, *own_checks], key=lambda c: c.check_id)
        _refuse_if_blocked(results)
        _create_own_table(con, "quality_result", [tuple(c.model_dump().values()) for c in results])
        _create_own_table(con, "release", [own])
        _create_macros(con)
        tables = table_rows(con)
        (folder / "parquet").mkdir()
        for name in tables:
            # A build that went on from an earlier one has the rows of what changed last; equal tables are equal bytes.
            rows = f"select * from {identifier(name)} order by {columns(keys[name])}"
            target = literal(str(folder / "parquet" / f"{name}.parquet"))
            con.execute(f"copy ({rows}) to {target} (format parquet, compression zstd, compression_level 7)")
    return tables, others


def _add(con: duckdb.DuckDBPyConnection, table: ComputedTable) -> None:
    create_described(con, identifier(table.name), table.about, table.columns)
    names = ", ".join(identifier(column) for column in table.columns)
    rows = literal(str(table.parquet))
    con.execute(f"insert into {identifier(table.name)} select {names} from read_parquet({rows})")


def _refuse_if_blocked(results: list[CheckResult]) -> None:
    # A failed gate of a dataset holds back that dataset (its last good state is used); only checks of the warehouse
    # and of the release say something of the tables at hand.
    failed = [c for c in results if c.level == "block" and not c.passed and c.subject in {"warehouse", "release"}]
    if failed:
        raise PublicationRefusedError(
            f"the release was refused: {len(failed)} blocking checks failed",
            where=", ".join(c.check_id for c in failed),
            expected="; ".join(c.expected for c in failed),
            found="; ".join(f"{c.found} {c.sample}".strip() for c in failed),
            remedy="the last release stands; mend the cause and refresh again",
            checks=tuple(failed),
        )


def _shrink_checks(settings: Settings, counts: dict[str, int], others: dict[str, int]) -> list[CheckResult]:
    """What is curated may not become much less; what is uncurated (`others`) goes with the scope."""
    standing = release_pointer.current(settings.releases_dir)
    before, before_others = (standing.tables, standing.uncurated) if standing else ({}, {})
    checks = []
    for table in _GUARDED:
        least = max(1, int((before.get(table, 0) - before_others.get(table, 0)) * MIN_SHARE_OF_LAST))
        found = counts.get(table, 0) - others.get(table, 0)
        passed = found >= least
        expected = f"at least {MIN_SHARE_OF_LAST:.0%} of the rows of the release before"
        checks.append(
            CheckResult(
                check_id=f"release.{table}_rows",
                level="block",
                subject="release",
                passed=passed,
                expected=expected if passed else f"{expected}: {least}",  # a published table must not differ by history
                found=f"{found} rows" + (f", and {others[table]} uncurated ones" if table in others else ""),
            )
        )
    return checks


def _key_check(
    con: duckdb.DuckDBPyConnection, computed: Sequence[ComputedTable], keys: Mapping[str, tuple[str, ...]]
) -> CheckResult:
    """Whether no key stands twice in a table that Python computed; dbt tests the others."""
    broken = []
    for table in computed:
        repeated = f"select 1 from {identifier(table.name)} group by {columns(keys[table.name])} having count(*) > 1"
        if found := len(con.execute(repeated).fetchall()):
            broken.append(f"{table.name}: {found} keys stand more than once")
    return CheckResult(
        check_id="release.computed_keys_unique",
        level="block",
        subject="release",
        passed=not broken,
        expected="each key once in every table that Python computed",
        found="; ".join(broken) or "each key once",
    )


def _create_own_table(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    about, columns = OWN_TABLES[table]
    create_described(con, table, about, columns)
    if rows:
        con.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", rows)


def _create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """`observation_as_of(moment)`: what was known then. A day means its end, a time stamp means just that (UTC).

    `similar_to` and `structure_by`: similar municipalities by variables of the reader's choice.
    """
    con.execute(
        """
        create or replace macro observation_as_of(moment) as table
        select * exclude (known_to, revision, change)
        from observation_vintage
        where known_from < case
                when length(cast(moment as varchar)) = 10 then cast(moment as timestamp) + interval 1 day
                else cast(moment as timestamp) + interval 1 microsecond
            end
            and (known_to is null or known_to >= case
                when length(cast(moment as varchar)) = 10 then cast(moment as timestamp) + interval 1 day
                else cast(moment as timestamp) + interval 1 microsecond
            end)
        """
    )
    similar_sql.create_macros(con)
