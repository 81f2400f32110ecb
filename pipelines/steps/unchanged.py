"""Whether a run now would find nothing new. Belongs here: the questions that are cheap to ask before a run begins."""

from __future__ import annotations

from pipelines.datasets import datasets, in_order
from pipelines.errors import NyckeltalError, SourceError
from pipelines.release import publication
from pipelines.sources import origins
from pipelines.sources.kolada.scope import scope_of
from pipelines.steps.build import is_news
from pipelines.steps.fetch import fetch
from pipelines.steps.stage import to_judge
from pipelines.steps.workspace import Workspace
from pipelines.storage.verification import check_state


def is_unchanged(workspace: Workspace) -> bool:
    """Whether every embedded figure is as it was, and the same was published already.

    Told without fetching, so it is known of the embedded figures only.
    """
    settings, archive, vintages = workspace.settings, workspace.archive, workspace.vintages
    if settings.source != "snapshot" or settings.stated_scope not in {"", scope_of(archive)}:
        return False
    try:
        check_state(settings)
    except NyckeltalError:  # the run will tell it, and write it in the log
        return False
    origins.refuse_going_back(settings)
    for dataset in datasets():
        fetched, last = archive.latest(dataset), vintages.latest(dataset)
        if fetched is None and not datasets()[dataset].is_required:
            continue
        if fetched is None or last is None or fetched.content_id != last.content_id:
            return False
        try:
            if workspace.wants(dataset) and not origins.is_unchanged(settings, archive, dataset):
                return False
        except SourceError:  # the run will hold it back, and let the others go on
            return False
    plan = publication.plan(settings)
    return plan is not None and not plan.is_new and not plan.standing_is_stale


def note_unchanged(workspace: Workspace) -> None:
    """Write down that every dataset of the run could be had: what an earlier try had failed of is mended."""
    for dataset in datasets():
        if workspace.wants(dataset):
            workspace.outcomes.note(dataset, workspace.moment, None, ())


def found_nothing(workspace: Workspace) -> bool:
    """Fetch everything that is wanted; whether there is then nothing to judge and nothing to publish."""
    for dataset in in_order(datasets()):
        fetch(workspace, dataset)
    if any(to_judge(workspace, dataset) for dataset in datasets()):
        return False
    plan = publication.plan(workspace.settings)
    return plan is not None and not is_news(workspace, plan)
