"""What becomes of a release that is impossible because of a delivery: the delivery is taken out, the others go on.

Belongs here: which deliveries no release has stood on yet, which of them is the cause, and what is told of it. Does not
belong here: the checks that failed (`quality`, `release`), or how a delivery is taken out (`vintages.py`).

A delivery that is out is no part of what is known. Its dataset is fetched whole by the next live run, as every fetch is
that did not pass, so the next good delivery mends it.
"""

from __future__ import annotations

from datetime import datetime

from pipelines.code_identity import code_hash
from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.quality.stage import HeldBackError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.storage.vintages import CheckResult, DeliveryRecord, ImpossibleReleaseError, Refusal, Vintages

Unreleased = dict[str, list[DeliveryRecord]]


def unreleased(settings: Settings) -> Unreleased:
    """Deliveries that tell something and that no release has stood on.

    Returns:
        Records by dataset, oldest first; a dataset only when something of it stays known without them, or nothing was
        released at all.
    """
    vintages, releases = Vintages(settings), release_pointer.releases(settings.releases_dir)
    found: Unreleased = {}
    for dataset in datasets():
        known = vintages.deliveries(dataset)
        news = [r for r in known if r.tells_something and not any(_stands_on(release, r) for release in releases)]
        stays = len(news) < len(known) or not datasets()[dataset].is_required or not releases
        if news and stays:
            found[dataset] = news
    return found


def _stands_on(release: ReleaseInfo, record: DeliveryRecord) -> bool:
    if release.deliveries is None:  # from before it was written down: whatever had been fetched by then
        return record.files[-1].fetched_at.replace(tzinfo=None) <= release.created_at
    return record.number <= release.deliveries.get(record.dataset, 0)


def doubt(settings: Settings, checks: tuple[CheckResult, ...], now: datetime) -> Unreleased:
    """Take out every delivery that may have made a release impossible; returns them."""
    found = unreleased(settings)
    for records in found.values():
        take_out(settings, records, checks, now)
    return found


def in_order(found: Unreleased, error: ImpossibleReleaseError) -> list[str]:
    """The datasets, the likeliest cause first: one that a failed check names, then the one with most warnings."""
    told = f"{error} {' '.join(f'{c.found} {c.sample}' for c in error.checks)}"

    def doubt(dataset: str) -> tuple[bool, int]:
        return dataset in told, sum(len(_warnings(record)) for record in found[dataset])

    return sorted(found, key=doubt, reverse=True)


def take_out(settings: Settings, records: list[DeliveryRecord], checks: tuple[CheckResult, ...], now: datetime) -> None:
    """Take deliveries out of what is known, not yet proven to be the cause."""
    _write(settings, records, checks, now, is_proven=False)


def prove(settings: Settings, records: list[DeliveryRecord], checks: tuple[CheckResult, ...], now: datetime) -> None:
    """They were the cause: the same content is held back at once, until the code or a declaration changes."""
    _write(settings, records, checks, now, is_proven=True)


def _write(
    settings: Settings,
    records: list[DeliveryRecord],
    checks: tuple[CheckResult, ...],
    now: datetime,
    *,
    is_proven: bool,
) -> None:
    code = code_hash(settings)
    for record in records:
        told = Refusal(
            refused_at=now, code=code, content_id=record.content_id, is_proven=is_proven,
            checks=_of_dataset(record, checks),
        )  # fmt: skip
        Vintages(settings).refuse(record, told)


def refused_already(settings: Settings, dataset: str, content_id: str) -> HeldBackError | None:
    """The error of a delivery that is known to make the release impossible, by the same code and declarations."""
    newest = _refusal(settings, dataset, content_id)
    if newest is None or not newest.is_proven or newest.code != code_hash(settings):
        return None
    return _held_back(dataset, f"the delivery that was refused on {newest.refused_at:%Y-%m-%d}", newest.checks)


def newest_refusal(settings: Settings, dataset: str, content_id: str) -> HeldBackError | None:
    """The error of a delivery that was taken out of what is known, as the cause or as one that may be it."""
    newest = _refusal(settings, dataset, content_id)
    if newest is None:
        return None
    return _held_back(dataset, f"the delivery that was refused on {newest.refused_at:%Y-%m-%d}", newest.checks)


def _refusal(settings: Settings, dataset: str, content_id: str) -> Refusal | None:
    alike = [r for r in Vintages(settings).refusals(dataset) if r.content_id == content_id]
    return alike[-1] if alike else None


def held_back(records: list[DeliveryRecord], checks: tuple[CheckResult, ...]) -> HeldBackError:
    """The error of a dataset whose deliveries were taken out."""
    newest = records[-1]
    where = f"delivery {newest.number} of {newest.known_from.isoformat(timespec='seconds')}"
    return _held_back(newest.dataset, where, _of_dataset(newest, checks))


def _held_back(dataset: str, where: str, checks: tuple[CheckResult, ...]) -> HeldBackError:
    failed = [c for c in checks if c.level == "block"]
    warned = [f"{c.check_id}: {c.found} {c.sample}".strip() for c in checks if c.level != "block"]
    found = "; ".join(f"{c.check_id}: {c.found} {c.sample}".strip() for c in failed)
    cause = SourceError(
        "no release is possible with this delivery",
        where=f"{dataset}, {where}",
        expected="; ".join(c.expected for c in failed),
        found=f"{found}; its warnings: {'; '.join(warned) or 'none'}",
        remedy="the last release stands, or goes on without the delivery, and the next live refresh asks for all of "
        "the dataset again; if the delivery is right, mend what the check names (say, a correction that is not needed "
        "any more) and refresh again",
    )
    return HeldBackError(dataset, checks, cause=cause)


def _of_dataset(record: DeliveryRecord, checks: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    """Failed checks of the release as checks of the dataset, which they hold back, and its own warnings."""
    name = record.dataset
    failed = [c.model_copy(update={"check_id": f"{name}.{c.check_id}", "subject": name}) for c in checks]
    return (*failed, *_warnings(record))


def _warnings(record: DeliveryRecord) -> list[CheckResult]:
    return [c for c in record.checks if not c.passed and c.level != "block"]
