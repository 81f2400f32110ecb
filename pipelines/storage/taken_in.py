"""What is told of the newest deliveries elsewhere than in the vintages, so that a lost one is missed.

Belongs here: writing down beside a dataset's fetches which delivery is its newest, and the highest number that this or
the current release tells of. Does not belong here: taking a delivery in (`vintages.py`), or telling that one is missing
(`verification.py`). The records of a chain name the one before them, so the newest leaves no trace in it.
"""

from __future__ import annotations

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.archive import Archive, TakenIn
from pipelines.storage.vintages import Vintages


def remember(settings: Settings) -> None:
    """Write down which delivery of each dataset is the newest, where that is not written down yet.

    Raises:
        DamagedError: a record is not what was written.
    """
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    for dataset in datasets():
        if newest := vintages.newest(dataset):
            told = TakenIn(number=newest.number, content_id=newest.content_id, known_from=newest.known_from)
            archive.note_taken_in(dataset, told)


def told_deliveries(settings: Settings) -> dict[str, int]:
    """The highest number of a delivery that anything tells of, by dataset; what is damaged tells nothing here."""
    archive, found = Archive(settings.archive_dir), _of_release(settings)
    for dataset in datasets():
        try:
            taken_in = archive.taken_in(dataset)
        except NyckeltalError:  # told of the archive
            continue
        if taken_in:
            found[dataset] = max(taken_in.number, found.get(dataset, 0))
    return found


def _of_release(settings: Settings) -> dict[str, int]:
    try:
        standing = release_pointer.current(settings.releases_dir)
    except NyckeltalError:  # told of the releases
        return {}
    return dict((standing.deliveries or {}) if standing else {})
