"""What assets share: the workspace of the process that runs them. Belongs here: Dagster resources only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from pipelines.steps.workspace import Workspace, utc_now

WorkspaceFactory = Callable[[str, datetime, frozenset[str]], Workspace]
ONLY = "nyckeltal/only"  # a tag of a run: publishers or datasets with commas, the only ones that it fetches


def workspace_resource(make: WorkspaceFactory) -> dg.ResourceDefinition:
    """A resource that opens a workspace when a process begins to run steps, and closes it when the process is done.

    Args:
        make: is given the kind of the run (`refresh` or `rebuild`), the moment at which it began, which is the same in
        every process that runs steps of it, and what alone it fetches (nothing named: everything).
    """

    @dg.resource(description="Paths, settings and catalogue, with the moment at which the run began.")
    @contextmanager
    def opened(context: dg.InitResourceContext) -> Iterator[Workspace]:
        kind = "rebuild" if context.dagster_run and context.dagster_run.job_name == "rebuild" else "refresh"
        only = (context.dagster_run.tags.get(ONLY, "") if context.dagster_run else "").split(",")
        workspace = make(kind, _began(context), frozenset(filter(None, only)))
        try:
            yield workspace
        finally:
            workspace.close()

    return opened


def _began(context: dg.InitResourceContext) -> datetime:
    """When the run began, by Dagster's record of it: UTC without zone."""
    run, instance = context.dagster_run, context.instance
    record = instance.get_run_record_by_id(run.run_id) if run and instance else None
    if record is None:
        return utc_now()
    if record.start_time is not None:
        return datetime.fromtimestamp(record.start_time, UTC).replace(tzinfo=None)
    return record.create_timestamp.astimezone(UTC).replace(tzinfo=None)
