"""The step that makes the warehouse: the inputs of dbt, and the record of what dbt made of them.

Belongs here: whether a build stands already, making one, and what becomes of deliveries with which none can be made.
Does not belong here: what dbt reads, and how it is run (`warehouse`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.release import publication, refused_deliveries
from pipelines.release.publication import Plan
from pipelines.steps.held_back import stale
from pipelines.steps.workspace import Workspace, utc_now
from pipelines.storage.builds import WAREHOUSE, Build, StepRecord
from pipelines.storage.database import identifier
from pipelines.storage.vintages import ImpossibleReleaseError
from pipelines.warehouse import dbt_run
from pipelines.warehouse.affected import affected_indicators
from pipelines.warehouse.finished import open_build
from pipelines.warehouse.inputs import refuse_incomplete, write_inputs

# A build is gone on with for so long; then all of it is made anew, whatever changed.
ALL_ANEW_AFTER = timedelta(days=7)


def planned(workspace: Workspace) -> Plan | None:
    """What is to be built and published now; None when it was published already.

    Raises:
        NyckeltalError: a dataset that is needed is not known yet.
    """
    refuse_incomplete(workspace.settings)
    plan = publication.plan(workspace.settings)
    return plan if plan and is_news(workspace, plan) else None


def is_news(workspace: Workspace, plan: Plan) -> bool:
    """Whether there is anything to publish: another state or code, or a source that is no longer stale."""
    mended = plan.standing_is_stale and not stale(workspace)
    return plan.is_new or mended or workspace.kind == "rebuild"


def standing(workspace: Workspace, plan: Plan) -> Build | None:
    """The complete build of a plan, if there is one; one that is damaged counts as none, and is made again."""
    build = workspace.builds.of(plan.input_hash)
    record = build.sound_record(WAREHOUSE)
    if record is None or record.input_hash != plan.input_hash:
        return None
    return build if record.compared_with == plan.previous_knowledge_until else None


def build(workspace: Workspace, plan: Plan) -> tuple[StepRecord, bool]:
    """Make the warehouse of a plan, unless it stands complete (a rebuild makes it anew).

    Returns:
        The record of the warehouse, with its checks and the numbers of rows of every model; and whether it was made
        now.

    Raises:
        ImpossibleReleaseError: dbt could not make it, or a data test failed. The deliveries that no release has stood
        on yet are taken out.
    """
    try:
        return prepare(workspace, plan)
    except ImpossibleReleaseError as error:
        doubt(workspace, error)
        raise


def prepare(workspace: Workspace, plan: Plan) -> tuple[StepRecord, bool]:
    """The same, where nothing is to be published: no delivery is doubted.

    Raises:
        ImpossibleReleaseError: dbt could not make the warehouse, or a data test failed.
    """
    known = standing(workspace, plan)
    if known is not None and workspace.kind != "rebuild":
        return known.needs(WAREHOUSE), False
    settings = workspace.settings
    workspace.worker.stop()  # its memory is dbt's now
    with workspace.step("prepare warehouse"):
        refuse_incomplete(settings)
        earlier = _earlier(workspace, plan)
        begun = (
            workspace.builds.go_on(earlier.build, plan.input_hash)
            if earlier
            else workspace.builds.begin(plan.input_hash)
        )
        affected = earlier.affected if earlier else None
        write_inputs(settings, workspace.catalogue, begun, plan.previous_knowledge_until, affected)
    with workspace.step("dbt"):
        try:
            nodes = dbt_run.build_models(settings)
        except dbt_run.DbtError as error:
            raise _impossible(error) from error
        record = StepRecord(
            input_hash=plan.input_hash,
            compared_with=plan.previous_knowledge_until,
            code=plan.code,
            state=plan.state,
            begun=earlier.begun if earlier else workspace.moment,
            rows=_rows(workspace, begun),
            checks=dbt_run.checks_of(nodes),
        )
        return begun.complete(WAREHOUSE, record, [begun.build_db, begun.release_db]), True


@dataclass(frozen=True)
class _Earlier:
    """A complete build that can be brought to another state by writing some indicators anew."""

    build: Build
    begun: datetime
    affected: frozenset[str]


def _earlier(workspace: Workspace, plan: Plan) -> _Earlier | None:
    """The build that stands; None where it cannot be gone on with: there is none, other code or declarations made it, a
    rebuild is asked for, a change touches too much, or all of it is due.
    """
    newest = workspace.builds.newest
    record = newest.sound_record(WAREHOUSE) if newest else None
    if newest is None or record is None or record.begun is None:
        return None
    if record.code != plan.code or workspace.kind == "rebuild" or workspace.moment - record.begun >= ALL_ANEW_AFTER:
        return None
    affected = affected_indicators(workspace.settings, newest, record.state, plan.previous_knowledge_until)
    return None if affected is None else _Earlier(newest, record.begun, affected)


def _rows(workspace: Workspace, build: Build) -> dict[str, int]:
    """The numbers of rows of every model, by its name."""
    with open_build(workspace.settings, build) as con:
        named = con.execute(
            "select database_name, schema_name, table_name from duckdb_tables() "
            "where schema_name in ('intermediate', 'staging') or database_name = 'release' union all "
            "select database_name, schema_name, view_name from duckdb_views() where not internal "
            "and (schema_name in ('intermediate', 'staging') or database_name = 'release')"
        ).fetchall()
        rows = {}
        for place in named:
            found = con.execute(f"select count(*) from {'.'.join(identifier(part) for part in place)}").fetchone()
            rows[str(place[2])] = int(found[0]) if found else 0
    return dict(sorted(rows.items()))


def _impossible(error: dbt_run.DbtError) -> ImpossibleReleaseError:
    """What dbt's failure means: nothing can be released from what is known."""
    checks = dbt_run.checks_of(error.nodes)
    return ImpossibleReleaseError(
        "the warehouse could not be built; nothing was published and the last release stands",
        where=", ".join(node.name for node in error.nodes) or "dbt",
        found="; ".join(check.found for check in checks) or error.found[:500],
        remedy="see the message, mend the cause, and refresh again",
        checks=checks,
    )


def doubt(workspace: Workspace, error: ImpossibleReleaseError) -> None:
    """Take out the deliveries that may have made the release impossible, so that the next night is not refused too.

    Which of them was the cause, `commands/dagster_run.py` finds out; where it does not (a schedule), all come again.
    """
    if workspace.kind == "refresh":
        error.doubted = refused_deliveries.doubt(workspace.settings, error.checks, utc_now())
