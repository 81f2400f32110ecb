"""Whether this machine's clock can be believed, before anything is taken in by it.

Belongs here: when something was last taken in, and refusing a moment that cannot be. Does not belong here: from when a
delivery counts as known (`steps/take_in.py`), or dating it anew (`steps/redate.py`). A clock that is ahead once would
date knowledge so that no later delivery of the dataset could be taken in for as long.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage.archive import Archive
from pipelines.storage.vintages import Vintages


class ImplausibleClockError(NyckeltalError):
    """This machine's clock says what cannot be."""


def last_moments(settings: Settings) -> dict[str, datetime]:
    """The newest moment that each dataset tells of, by what was known or fetched or looked at: UTC without zone."""
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    found = {}
    for dataset in datasets():
        last, fetched, looked = vintages.latest(dataset), archive.latest(dataset), archive.looked_at(dataset)
        moments = [last.known_from] if last else []
        moments += [file.fetched_at for file in fetched.files] if fetched else []
        moments += [looked] if looked else []
        if moments:
            found[dataset] = max(moment.replace(tzinfo=None) for moment in moments)
    return found


def refuse_implausible(settings: Settings, now: datetime, *, is_dated_by_hand: bool = False) -> None:
    """Refuse a moment before the newest that is known of, or too long after it; nothing is written.

    Args:
        now: UTC without zone. is_dated_by_hand: a person says from when the knowledge counts (`--as-of`), so that a
        long time since the last is no reason to doubt.

    Raises:
        ImplausibleClockError: the clock is wrong, or was wrong when something was taken in.
    """
    moments = last_moments(settings)
    if not moments:
        return
    dataset = max(moments, key=lambda name: moments[name])
    last = moments[dataset]
    told = f"{now.isoformat(timespec='seconds')} UTC by this machine's clock"
    if now < last:
        raise ImplausibleClockError(
            "the clock is behind what was taken in already",
            where=dataset,
            expected=f"after {last.isoformat(timespec='seconds')} UTC",
            found=told,
            remedy="set this machine's clock. If it is right now and was wrong then: `nyckeltal vintages redate "
            f"{dataset} --to MOMENT --reason WHY` (docs/operations.md, The clock)",
        )
    if now - last > timedelta(days=settings.max_clock_leap_days) and not is_dated_by_hand:
        raise ImplausibleClockError(
            "the clock is far ahead of what was taken in last",
            where=dataset,
            expected=f"at most {settings.max_clock_leap_days} days after {last.isoformat(timespec='seconds')} UTC",
            found=told,
            remedy="set this machine's clock. If it is right: --trust-clock, or NYCKELTAL_MAX_CLOCK_LEAP_DAYS",
        )
