"""The step that judges a finished build and publishes it.

Belongs here: gathering the checks that a release stands on. Does not belong here: the checks (`quality`), or writing
the release (`release`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.quality.controls import warehouse_checks
from pipelines.quality.disclosure_check import disclosure_check
from pipelines.release import publication
from pipelines.release.package_and_pages import write_parts
from pipelines.release.publication import ComputedTable, Plan
from pipelines.steps.build import doubt, standing
from pipelines.steps.compute import COMPUTATIONS
from pipelines.steps.held_back import checks_of, stale
from pipelines.steps.workspace import Workspace, utc_now
from pipelines.storage import release_pointer
from pipelines.storage.builds import WAREHOUSE, Build
from pipelines.storage.database import connect
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.storage.release_sums import sound_database
from pipelines.storage.verification import verify
from pipelines.storage.vintages import CheckResult, ImpossibleReleaseError
from pipelines.warehouse.finished import open_build

WHOLE = "state.whole"


@dataclass(frozen=True)
class Published:
    """A release, with the controls that were judged on its finished tables."""

    release: ReleaseInfo
    controls: tuple[CheckResult, ...]


def publish(workspace: Workspace, plan: Plan) -> Published:
    """Judge the standing build and publish it.

    Raises:
        NyckeltalError: a step before this one has not been done for what is known now. ImpossibleReleaseError: nothing
        can be released from what is known; the deliveries that no release has stood on yet are taken out.
    """
    build = standing(workspace, plan) or workspace.builds.of(plan.input_hash)
    dbt_checks = build.needs(WAREHOUSE).checks
    computed = [table for name in COMPUTATIONS for table in _computed(build, name)]
    settings = workspace.settings
    workspace.worker.stop()  # its memory is that of the processes which write package and pages
    with workspace.step("release"):
        controls = _controls(workspace, build)
        checks = [check for dataset in datasets() for check in checks_of(workspace, dataset)]
        parts = partial(write_parts, settings.release_parts) if settings.release_parts else None
        try:
            release = publication.publish(
                settings, plan, build.release_db, computed, [*checks, *dbt_checks, *controls], stale(workspace),
                utc_now(), parts,
            )  # fmt: skip
        except ImpossibleReleaseError as error:
            doubt(workspace, error)
            raise
    return Published(release, controls)


def standing_checks(workspace: Workspace) -> tuple[CheckResult, ...]:
    """The checks that the current release stands on, as it tells them; none where there is no release.

    Raises:
        DamagedError: the release is not as it was written.
    """
    releases = workspace.settings.releases_dir
    if release_pointer.current(releases) is None:
        return ()
    path = sound_database(release_pointer.current_folder(releases))
    with connect(workspace.settings, path, read_only=True) as con:
        found = con.execute("select * from quality_result")
        names = [column[0] for column in found.description]
        return tuple(CheckResult(**dict(zip(names, row, strict=True))) for row in found.fetchall())


def whole_check(workspace: Workspace) -> CheckResult:
    """Whether everything that lasts is as it was written: records and sizes, not every byte (`nyckeltal verify`)."""
    places = verify(workspace.settings, deep=False)
    damage = [error for place in places for error in place.damage]
    return CheckResult(
        check_id=WHOLE,
        level="block",
        subject="state",
        passed=not damage,
        expected="archive, vintages, staged, builds, releases and pointer as they were written",
        found="; ".join(f"{error.what}: {error.where}" for error in damage) or "whole",
        sample=damage[0].remedy if damage else "",
    )


def _computed(build: Build, step: str) -> list[ComputedTable]:
    """The tables of a step.

    Raises:
        NyckeltalError: the step has not been done, or was done of an earlier warehouse.
    """
    record = build.needs(step)
    if record.made_from != build.seal(WAREHOUSE):
        raise NyckeltalError(
            f"the step {step} was done of another warehouse",
            where=str(build.folder),
            remedy=f"materialise group:{step} again, or run `nyckeltal refresh`",
        )
    return [
        ComputedTable(name, table.about, table.columns, build.part(step) / f"{name}.parquet")
        for name, table in COMPUTATIONS[step].tables.items()
    ]


def _controls(workspace: Workspace, build: Build) -> tuple[CheckResult, ...]:
    with open_build(workspace.settings, build) as con:
        return (*warehouse_checks(con), disclosure_check(con, workspace.catalogue.templates))
