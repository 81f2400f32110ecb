"""Which datasets are held back, and which stand as they were, by what is written on disk.

Belongs here: putting together how fetches ended, verdicts and refusals. Does not belong here: any of these.
"""

from __future__ import annotations

from pipelines.datasets import datasets
from pipelines.quality.stage import fields_known, unreadable
from pipelines.release import refused_deliveries
from pipelines.steps.workspace import Workspace
from pipelines.storage.staged import HeldBack
from pipelines.storage.vintages import CheckResult


def held_back(workspace: Workspace) -> dict[str, HeldBack]:
    """The datasets of this run that are held back, with the reason, in the order of their names."""
    found = {d: held for d in sorted(datasets()) if workspace.wants(d) and (held := reason(workspace, d))}
    return found if workspace.kind == "refresh" else {}


def reason(workspace: Workspace, dataset: str) -> HeldBack | None:
    """Why a dataset is held back: its newest try failed, its newest fetch did not pass, or no release is possible
    with it."""
    if failed := workspace.outcomes.of(dataset).held_back:
        return failed
    fetched, last = workspace.archive.latest(dataset), workspace.vintages.latest(dataset)
    if fetched is None or (last is not None and last.content_id == fetched.content_id):
        return None
    if refused := refused_deliveries.newest_refusal(workspace.settings, dataset, fetched.content_id):
        return HeldBack.of(refused, refused.checks)
    verdict = workspace.staged.latest(dataset, fetched.content_id)
    return verdict.held_back if verdict else None


def stale(workspace: Workspace) -> tuple[str, ...]:
    """Datasets that were held back, now or in an earlier run, and stand as they were."""
    found = set()
    for dataset in datasets():
        fetched, known = workspace.archive.latest(dataset), workspace.vintages.latest(dataset)
        behind = fetched is not None and known is not None and fetched.content_id != known.content_id
        if behind or (workspace.outcomes.of(dataset).held_back and (known or workspace.wants(dataset))):
            found.add(dataset)
    return tuple(sorted(found | set(held_back(workspace))))


def checks_of(workspace: Workspace, dataset: str) -> tuple[CheckResult, ...]:
    """The checks of a dataset that a release stands on: of the newest judgement, or why there is none."""
    last, outcome = workspace.vintages.latest(dataset), workspace.outcomes.of(dataset)
    checks = last.checks if last else ()
    held = reason(workspace, dataset)
    if held and held.checks:
        checks = held.checks
    elif held:  # it could not be had; what is known of it stands, with its own checks
        told = unreadable(dataset, str(held))
        checks = (told, *(c for c in checks if c.check_id != told.check_id))
    if outcome.new_fields:
        told = fields_known(dataset, outcome.new_fields)
        checks = (*(c for c in checks if c.check_id != told.check_id), told)
    return checks
