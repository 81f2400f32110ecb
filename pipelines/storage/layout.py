"""Where archive and vintages keep what: the names that belong there, and what lies there under others.

Belongs here: listing datasets and numbers, records that lie under another's number, and files that nobody wrote. Does
not belong here: whether a record is whole (`sealing.py`), what it says, or mending (`steps/repair.py`).

    archive/objects/<first two>/<sha256>
    archive/fetches/<dataset>/<number>.json, looked.json, outcome.json, scope.json, taken_in.json, pending.jsonl
    vintages/<dataset>/<number>/delivery.json, refused.json, redated.json, and the files that delivery.json names

Whatever has another name was written by nobody here and is never read, so it harms nothing; `verify` names it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipelines.storage.files import entries, files_below, folders_in, sha256_of
from pipelines.storage.sealing import DamagedError, damaged, read_sealed

_DATASET, _NUMBER = r"[a-z]+\.[a-z0-9_]+", r"\d{6,}"
_FETCHES = rf"{_NUMBER}\.json|(looked|outcome|scope|taken_in)\.json|pending\.jsonl"
_DELIVERY = r"(delivery|refused|redated)\.json|[^.].*\.parquet"  # which Parquet is its own, the record says
_PASSING = r"\..*\.tmp|lost\+found"  # what a killed run left, which the next one removes; a disk's own folder
_OF_SYSTEMS = {
    ".DS_Store": "what macOS keeps of how a folder looks",
    "Thumbs.db": "what Windows keeps of how a folder looks",
    "desktop.ini": "what Windows keeps of how a folder looks",
}


class StrayError(DamagedError):
    """Something lies among what lasts that nobody wrote here; what lasts is not harmed by it."""


def dataset_folders(home: Path) -> list[Path]:
    """The folders of datasets, by name."""
    return [folder for folder in folders_in(home) if re.fullmatch(_DATASET, folder.name)]


def numbered(folder: Path, ending: str = "") -> list[Path]:
    """What lies in a folder under a number (with an ending, such as ".json"), in the order of the numbers."""
    return [path for path in entries(folder) if re.fullmatch(_NUMBER + re.escape(ending), path.name)]


def parquet_in(folder: Path) -> list[Path]:
    """The files of rows in a delivery's folder."""
    return [path for path in entries(folder) if path.suffix == ".parquet" and path.name[0] != "."]


def misplaced(places: list[Path], record: str = "") -> dict[Path, Path]:
    """The places whose whole record says another number than they have, with the places that are theirs.

    Args:
        places: of one dataset, as `numbered` lists them. record: the record's name in a place; nothing where the place
        is the record.

    Returns:
        Those alone that can be put right by giving each its own name: nothing else stays under that.
    """
    own = _own_places(places, record)
    wrong = {place: to for place, to in own.items() if to != place}
    claims = Counter(own.values())
    while taken := [place for place, to in wrong.items() if claims[to] > 1 or (to in places and to not in wrong)]:
        for place in taken:
            del wrong[place]
    return wrong


def check_places(places: list[Path], record: str = "") -> None:
    """Refuse records that lie under another's number (as `misplaced`), and copies of others under a number.

    Raises:
        DamagedError: the first of them.
    """
    own, wrong = _own_places(places, record), misplaced(places, record)
    for place, to in wrong.items():
        have = "two have exchanged their names" if wrong.get(to) == place else "one lies under another's name"
        raise damaged(
            f"of a dataset's {'deliveries' if record else 'records of fetches'}, {have}",
            place,
            f"number {int(place.stem)}",
            f"number {int(to.stem)}, whole as it was written",
            "nothing is lost: run `nyckeltal repair`, which gives each its own name",
        )
    for place, to in own.items():
        if place != to and own.get(to) == to and _content(place) == _content(to):
            raise stray(place)


def _own_places(places: list[Path], record: str) -> dict[Path, Path]:
    """Where each place belongs by what its record says; not those whose record is damaged or another dataset's."""
    own = {}
    for place in places:
        try:
            told = read_sealed(place / record if record else place)
        except DamagedError:  # told by itself
            continue
        if told.get("dataset") == place.parent.name and isinstance(told.get("number"), int):
            own[place] = place.with_name(f"{told['number']:06d}{place.suffix}")
    return own


def strays_of_archive(home: Path) -> Iterator[StrayError]:
    """What lies in an archive and was written by nobody."""
    yield from _strays(home, "objects|fetches")
    yield from _strays(home / "objects", "[0-9a-f]{2}")
    for folder in folders_in(home / "objects"):
        yield from _strays(folder, "[0-9a-f]{64}")
    yield from _strays(home / "fetches", _DATASET)
    for folder in dataset_folders(home / "fetches"):
        yield from _strays(folder, _FETCHES)


def strays_of_vintages(home: Path) -> Iterator[StrayError]:
    """What lies in vintages and was written by nobody."""
    yield from _strays(home, _DATASET)
    for folder in dataset_folders(home):
        yield from _strays(folder, _NUMBER)
        for delivery in numbered(folder):
            yield from _strays(delivery, _DELIVERY)


def stray(path: Path, remedy: str = "") -> StrayError:
    """The error of a file or folder that nobody wrote, with what it seems to be."""
    kind = "folder" if path.is_dir() else "file"
    usual = "nothing reads it: move it away, or run `nyckeltal repair`, which keeps it in damaged/"
    return StrayError(
        f"a {kind} that nyckeltal did not write lies among its own",
        where=str(path),
        expected="what nyckeltal wrote, and nothing else",
        found=_seems(path),
        remedy=remedy or usual,
    )


def _strays(folder: Path, ours: str) -> Iterator[StrayError]:
    for path in entries(folder):
        if not re.fullmatch(f"{ours}|{_PASSING}", path.name):
            yield stray(path)


def _seems(path: Path) -> str:
    """What a stranger is, as far as can be told."""
    if path.name in _OF_SYSTEMS:
        return _OF_SYSTEMS[path.name]
    for other in entries(path.parent):
        if other != path and other.is_dir() == path.is_dir() and _content(other) == _content(path):
            return f"a copy of {other.name}, byte for byte"
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    size = f"{len(entries(path))} entries" if path.is_dir() else f"{path.stat().st_size} bytes"
    return f"{size}, last written {written:%Y-%m-%d %H:%M} UTC"


def _content(path: Path) -> dict[str, str]:
    """The hash of each file, by its name below a folder; of a file alone, by no name."""
    files = files_below(path) if path.is_dir() else [path]
    return {str(file.relative_to(path)): sha256_of(file) for file in files}
