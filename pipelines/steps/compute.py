"""The steps that compute tables in Python from a finished warehouse: trends, places, studies, registers.

Belongs here: which steps there are, what each writes, and whether it has been done. Does not belong here: computing
(`warehouse`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.release.publication import Plan
from pipelines.settings import Settings
from pipelines.steps.build import standing
from pipelines.steps.workspace import Workspace
from pipelines.storage.builds import WAREHOUSE, Build, StepRecord
from pipelines.storage.files import entries, fresh_folder
from pipelines.warehouse import effect_studies, indices, place_intervals, trends
from pipelines.warehouse.finished import PublicTable


@dataclass(frozen=True)
class Computation:
    """A step: its name, the tables that it writes, and the function that writes them into a folder."""

    step: str
    tables: dict[str, PublicTable]
    write: Callable[[Settings, Build, Path], dict[str, int]]


COMPUTATIONS = {
    one.step: one
    for one in (
        Computation("trend", trends.TABLES, trends.write_trends),
        Computation("composites", indices.TABLES, indices.write_composites),
        Computation("places", place_intervals.TABLES, place_intervals.write_places),
        Computation("studies", effect_studies.STUDY_TABLES, effect_studies.write_studies),
        Computation("registers", effect_studies.REGISTER_TABLES, effect_studies.write_registers),
    )
}


def compute(workspace: Workspace, plan: Plan, computation: Computation) -> tuple[StepRecord, bool]:
    """Write a step's tables into the standing build, unless they are there.

    Returns:
        The step's record, and whether it was made now.

    Raises:
        NyckeltalError: the warehouse of what is known now has not been made.
    """
    build = standing(workspace, plan) or workspace.builds.of(plan.input_hash)
    build.needs(WAREHOUSE)
    made_from = build.seal(WAREHOUSE)
    known = build.sound_record(computation.step)
    if known is not None and known.made_from == made_from:
        return known, False
    with workspace.step(computation.step):
        folder = fresh_folder(build.part(computation.step))
        rows = workspace.worker.call(computation.write, workspace.settings, build, folder)
        record = StepRecord(input_hash=plan.input_hash, made_from=made_from, rows=rows)
        return build.complete(computation.step, record, entries(folder)), True
