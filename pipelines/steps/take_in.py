"""The step that writes what a judged delivery changes into the vintages.

Belongs here: which delivery is taken in, and from when it counts as known. Does not belong here: the comparison with
what is known (`storage/vintages.py`).
"""

from __future__ import annotations

from datetime import datetime

from pipelines.errors import NyckeltalError
from pipelines.quality.stage import judged_by
from pipelines.release.publication import knowledge_of
from pipelines.sources import origins
from pipelines.steps.stage import to_judge, verdict_on
from pipelines.steps.workspace import Workspace
from pipelines.storage import release_pointer
from pipelines.storage.archive import Fetch
from pipelines.storage.staged import Verdict
from pipelines.storage.taken_in import remember
from pipelines.storage.vintages import DeliveryRecord


def take_in(workspace: Workspace, dataset: str) -> DeliveryRecord | None:
    """Take in the newest fetch, when it passed and is not known yet; None when there is nothing to take in.

    Raises:
        NyckeltalError: the newest fetch has not been judged.
    """
    fetched = to_judge(workspace, dataset)
    if fetched is None:
        return None
    by = judged_by(workspace.settings, workspace.catalogue, dataset)
    verdict = workspace.staged.verdict(dataset, fetched.content_id, by)
    if verdict is None:
        raise NyckeltalError(
            "the newest fetch has not been judged yet",
            where=f"{dataset}, fetch {fetched.number}",
            expected="a verdict on it by the rules that hold now",
            found="none",
            remedy=f"materialise staged/{dataset.replace('.', '__')} first, or run `nyckeltal refresh`",
        )
    return _taken_in(workspace, dataset, fetched, verdict) if verdict.passed else None


def take_in_earlier(workspace: Workspace, dataset: str) -> list[DeliveryRecord]:
    """Judge and take in the deliveries that the newest one stands on, each with its own date, oldest first.

    This comes before the newest is judged, which is compared with what was known before it. The newest says what the
    others say, so that it is enough where something else is known already; under `--as-of`, which gives one date to all
    that a run takes in; and where a delivery's own day does not count any more, so that it would be dated by the run
    as well. One that does not pass is passed over.
    """
    newest = to_judge(workspace, dataset)
    if newest is None or workspace.as_of:
        return []
    earlier = [fetch for fetch in workspace.archive.fetches(dataset) if origins.is_earlier(fetch, newest)]
    last, ids = workspace.vintages.latest(dataset), [fetch.content_id for fetch in earlier]
    if last and last.content_id not in ids:
        return []
    taken = []
    for fetched in earlier[1 + ids.index(last.content_id) if last else 0 :]:
        if known_from(workspace, fetched) == workspace.moment:
            continue
        verdict, _ = verdict_on(workspace, dataset, fetched)
        if verdict.passed:
            taken.append(_taken_in(workspace, dataset, fetched, verdict))
    return taken


def _taken_in(workspace: Workspace, dataset: str, fetched: Fetch, verdict: Verdict) -> DeliveryRecord:
    with workspace.step(f"vintages {dataset}"):
        staged = workspace.staged.as_staged(verdict, fetched)
        record = workspace.vintages.absorb(staged, known_from(workspace, fetched))
    remember(workspace.settings)
    return record


def known_from(workspace: Workspace, fetched: Fetch) -> datetime:
    """When a staged delivery counts as known: UTC, without zone.

    Embedded figures were known on the day that their publisher or collector says, wherever and whenever they are
    installed. That day holds as long as it adds to what is known and to what releases have said: what a release has
    said of a day is never told otherwise afterwards. All else that a run takes in becomes known at one moment.
    """
    if workspace.as_of:
        return workspace.as_of
    now = workspace.moment
    said, last = origins.known_at(fetched), workspace.vintages.latest(fetched.dataset)
    if said and (said.year, said.month) == (now.year, now.month):
        said = min(said, now)  # the month is not over yet
    releases = release_pointer.releases(workspace.settings.releases_dir)
    told = [knowledge_of(release, workspace.vintages) for release in releases]
    before = max([*told, *([last.known_from] if last else [])], default=None)
    return said if said and (before is None or before < said) else now
