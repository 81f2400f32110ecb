"""What assets share: the run under way. Belongs here: Dagster resources only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.assets.run import Run
from pipelines.storage.sealing import DamagedError

RunFactory = Callable[[], Run]


def run_resource(make: RunFactory) -> dg.ResourceDefinition:
    """A resource that opens a run when a job starts and closes it, with its line in the log, when the job ends."""

    @dg.resource(description="The run under way: lock, catalogue, and what its steps share.")
    @contextmanager
    def opened(context: dg.InitResourceContext) -> Iterator[Run]:
        run = make()
        if context.dagster_run and context.dagster_run.job_name == "rebuild":
            run.kind = "rebuild"
        try:
            run.open()
        except DamagedError:
            run.close()
            raise
        try:
            yield run
        except BaseException as error:
            run.error = run.error or error
            raise
        finally:
            run.close()

    return opened
