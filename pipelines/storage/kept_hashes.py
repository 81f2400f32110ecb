"""Hashes of large files, kept from one process to the next, so that a file that nobody has written to is read once.

Belongs here: keeping a hash, and when a kept one is believed. Does not belong here: which files have one, and what it
is held against (`release_sums.py`).

A kept hash is believed as long as the file system tells the same of the file as when it was computed. Every write
changes the time of the inode (ctime), which no program can set. A disk that damages without a write changes nothing:
`nyckeltal verify --deep` reads the file all the same.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from pipelines.storage.files import read_json, write_json
from pipelines.storage.sealing import FileState, file_state, hash_of

_SETTLED_SECONDS = 2  # a file written to so recently may be written to again without another time, on coarse clocks


def kept_hash(path: Path, record: Path | None, *, anew: bool = False) -> str:
    """The SHA-256 of a file.

    A hash that cannot be kept, or that a reader may not read, is computed again by the next process; that costs time
    and nothing else.

    Args:
        record: where it is kept; None where there is no such place. anew: read the file, whatever is kept.
    """
    state, began = file_state(path), time.time()
    known = _kept(record, state) if record and not anew else None
    if known:
        return known
    found = hash_of(path)
    if record and abs(began - state.changed_ns / 1e9) > _SETTLED_SECONDS:
        with suppress(OSError):  # no right to write there, or no space
            write_json(record, {"file": list(state), "sha256": found})
    return found


def _kept(record: Path, state: FileState) -> str | None:
    """The hash that is kept of a file in this state, if any."""
    try:
        told = read_json(record)
    except (OSError, ValueError):  # none, not to be read, or torn
        return None
    is_of_it = isinstance(told, dict) and told.get("file") == list(state)
    return str(told["sha256"]) if is_of_it and "sha256" in told else None
