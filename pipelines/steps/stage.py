"""The step that parses and judges the newest fetch of a dataset.

Belongs here: whether there is anything to judge, and writing the verdict down. Does not belong here: judging
(`quality`).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.processes.helper import ProcessEndedError
from pipelines.quality.stage import HeldBackError, judge, judged_by, rules_id, unreadable
from pipelines.release import refused_deliveries
from pipelines.steps.workspace import Workspace
from pipelines.storage.archive import Fetch
from pipelines.storage.staged import HeldBack, Verdict, is_of_the_program


def to_judge(workspace: Workspace, dataset: str) -> Fetch | None:
    """The newest fetch, when it has not been taken in, or was judged by other rules; None when there is none such."""
    fetched, last = workspace.archive.latest(dataset), workspace.vintages.latest(dataset)
    if fetched is None or not workspace.wants(dataset) or workspace.outcomes.of(dataset).held_back:
        return None
    rules = rules_id(workspace.catalogue, dataset)
    is_known = last is not None and (last.content_id, last.rules_id) == (fetched.content_id, rules)
    return None if is_known else fetched


def stage(workspace: Workspace, dataset: str) -> tuple[Verdict | None, bool]:
    """Judge the newest fetch, unless it is known already or there is a verdict on it.

    Returns:
        The verdict, None when there is nothing to judge; and whether it was made now.

    Raises:
        NyckeltalError: the dataset has never been fetched, and it is needed.
    """
    fetched = to_judge(workspace, dataset)
    if fetched is None:
        _refuse_unfetched(workspace, dataset)
        return None, False
    return verdict_on(workspace, dataset, fetched)


def verdict_on(workspace: Workspace, dataset: str, fetched: Fetch) -> tuple[Verdict, bool]:
    """The verdict on a fetch by the rules and the knowledge of now, and whether it was made now."""
    by = judged_by(workspace.settings, workspace.catalogue, dataset)
    known = workspace.staged.verdict(dataset, fetched.content_id, by)
    if known is not None and known.is_final:
        return known, False
    with workspace.step(f"gate {dataset}"):
        return workspace.staged.write(
            dataset, fetched.content_id, by, lambda folder: _judged(workspace, dataset, fetched, by, folder)
        ), True


def _judged(workspace: Workspace, dataset: str, fetched: Fetch, by: str, folder: Path) -> Verdict:
    settings, catalogue = workspace.settings, workspace.catalogue
    verdict = Verdict(
        dataset=dataset,
        fetch=fetched.number,
        content_id=fetched.content_id,
        rules_id=rules_id(catalogue, dataset),
        judged_by=by,
        judged_at=workspace.moment,
    )
    try:
        if refused := refused_deliveries.refused_already(settings, dataset, fetched.content_id):
            raise refused
        staged = workspace.worker.call(judge, settings, catalogue, dataset, fetched, folder)
    except HeldBackError as error:
        final = not is_of_the_program(error.__cause__)
        return verdict.model_copy(
            update={"held_back": HeldBack.of(error, error.checks), "checks": error.checks, "is_final": final}
        )
    except ProcessEndedError as error:
        held = HeldBackError(dataset, (unreadable(dataset, error),), cause=error)
        return verdict.model_copy(
            update={"held_back": HeldBack.of(held, held.checks), "checks": held.checks, "is_final": False}
        )
    return verdict.model_copy(
        update={
            "rows": staged.rows,
            "quarantined": staged.held_back,
            "checks": staged.checks,
            "accepted": staged.accepted,
        }
    )


def _refuse_unfetched(workspace: Workspace, dataset: str) -> None:
    lacks = workspace.archive.latest(dataset) is None and not workspace.outcomes.of(dataset).held_back
    if lacks and datasets()[dataset].is_required and workspace.wants(dataset):
        raise NyckeltalError(
            "the dataset has not been fetched yet",
            where=dataset,
            expected="a fetch in the archive",
            found="none",
            remedy=f"materialise raw/{dataset.replace('.', '__')} first, or run `nyckeltal refresh`",
        )
