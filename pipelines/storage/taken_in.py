"""What is told of deliveries elsewhere than in the vintages, so that a lost one is missed and keeps its date.

Belongs here: writing down beside a dataset's fetches what was taken in, and the highest number that this or the current
release tells of. Does not belong here: taking a delivery in (`vintages.py`), telling that one is missing
(`verification.py`), or deriving it again (`steps/derive.py`). The records of a chain name the one before them, so the
newest leaves no trace in it.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.archive import Archive, Taken
from pipelines.storage.sealing import read_sealed
from pipelines.storage.vintages import RECORD, Vintages


def remember(settings: Settings) -> None:
    """Write down what was taken in of each dataset, where that is not written down as it is now.

    Raises:
        DamagedError: a record is not what was written.
    """
    archive, vintages = Archive(settings.archive_dir), Vintages(settings)
    for dataset in datasets():
        told = archive.taken_in(dataset)
        known = tuple(_taken(folder / RECORD) for folder in vintages.folders(dataset))
        if known != told and len(known) >= len(told):  # fewer are told by the verification
            archive.note_taken_in(dataset, known)


def told_deliveries(settings: Settings) -> dict[str, int]:
    """The highest number of a delivery that anything tells of, by dataset; what is damaged tells nothing here."""
    archive, found = Archive(settings.archive_dir), _of_release(settings)
    for dataset in datasets():
        try:
            told = archive.taken_in(dataset)
        except NyckeltalError:  # told of the archive
            continue
        if told:
            found[dataset] = max(told[-1].number, found.get(dataset, 0))
    return found


def _taken(path: Path) -> Taken:
    """What a delivery's record says of it, without its hundreds of checks, which take a while to read."""
    whole = read_sealed(path)
    return Taken.model_validate({name: whole.get(name) for name in Taken.model_fields})


def _of_release(settings: Settings) -> dict[str, int]:
    try:
        standing = release_pointer.current(settings.releases_dir)
    except NyckeltalError:  # told of the releases
        return {}
    return dict((standing.deliveries or {}) if standing else {})
