"""The step that fetches a dataset into the archive.

Belongs here: one try for one dataset, and what is written down of a try that failed. Does not belong here: how a
publisher is asked (`sources`).
"""

from __future__ import annotations

from pipelines.errors import SourceError
from pipelines.faults import holding_back
from pipelines.sources import origins
from pipelines.steps.workspace import Fetched, Workspace
from pipelines.storage.staged import HeldBack


def fetch(workspace: Workspace, dataset: str) -> Fetched:
    """Fetch a dataset into the archive, unless this run does not want it.

    A try that failed is written beside the dataset's fetches and holds the dataset back until one goes well.
    """
    archive, outcomes = workspace.archive, workspace.outcomes
    last = archive.latest(dataset)
    if dataset in workspace.asked:
        return workspace.asked[dataset]
    if workspace.kind != "refresh" or not workspace.wants(dataset):
        return Fetched(last)
    context, held = workspace.context(), None
    found = None
    with workspace.step(f"fetch {dataset}"):
        try:
            with holding_back(dataset):
                origins.check_declaration(dataset)
                found = origins.fetch(context, dataset)
        except SourceError as error:
            held = HeldBack.of(error)
    outcomes.note(dataset, workspace.moment, held, context.new_fields.get(dataset, ()))
    is_new = found is not None and (last is None or last.number != found.number)
    workspace.asked[dataset] = Fetched(found or last, is_new, held)
    return workspace.asked[dataset]
