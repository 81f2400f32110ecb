"""The pointer `releases/current` and the folders it may point at.

Belongs here: moving the pointer, listing, rolling back and pruning releases. A pointer is a symbolic link that is
replaced by one rename, so a reader sees the old release or the new one.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pipelines.errors import NyckeltalError, UsageError
from pipelines.settings import Settings
from pipelines.storage.database import identifier
from pipelines.storage.files import entries, remove_leftovers, sync_folder
from pipelines.storage.lock import exclusive
from pipelines.storage.sealing import FileSeal
from pipelines.storage.state_records import StateRecord, read_record

if TYPE_CHECKING:
    import duckdb

POINTER = "current"
DATABASE = "nyckeltal.duckdb"
DESCRIPTION = "release.json"


class ReleaseInfo(StateRecord):
    """What `release.json` says.

    Times are UTC without zone; `tables` are rows by table; `parts` what it holds beside them. `deliveries`: the number
    of the newest delivery of each dataset that it stands on; None in those from before that was written down.
    `contents`: the files of its tables; those of its parts are in `SHA256SUMS`, with all others. `number` counts the
    releases of a data folder; 0 in those from before they were counted. `uncurated`: how many rows of which tables are
    of indicators that nobody has reviewed; empty where there are none.
    """

    release_id: str
    created_at: datetime
    code_version: str
    input_hash: str
    knowledge_until: datetime
    previous_release_id: str | None
    previous_knowledge_until: datetime | None
    stale_sources: tuple[str, ...]
    tables: dict[str, int]
    uncurated: dict[str, int] = Field(default_factory=dict)
    parts: tuple[str, ...] = ()
    deliveries: dict[str, int] | None = None
    contents: dict[str, FileSeal] = Field(default_factory=dict, repr=False)
    number: int = 0

    @property
    def order(self) -> tuple[int, datetime, str]:
        """What orders releases: the one made later is greater, whatever the clock said at the time.

        Those from before releases were counted are the oldest, by the clock.
        """
        return self.number, self.created_at, self.release_id

    def as_json(self) -> dict[str, Any]:
        """What a person or a program is told of it: everything but the seals, and what is not there to be told."""
        left_out = {"contents", "format"} if self.uncurated else {"contents", "format", "uncurated"}
        return self.model_dump(mode="json", exclude=left_out)


def current(releases_dir: Path) -> ReleaseInfo | None:
    """The release that readers get, or None when nothing was ever released."""
    folder = releases_dir / POINTER
    return info(folder) if folder.exists() else None


def info(folder: Path) -> ReleaseInfo:
    """What a release's own description says.

    Raises:
        DamagedError: it is not as it was written.
    """
    return read_record(folder / DESCRIPTION, ReleaseInfo, "a release's description")


def current_folder(releases_dir: Path) -> Path:
    """The current release's own folder, links resolved, so that a reader stays with one release.

    Raises:
        NyckeltalError: nothing has been released yet. DamagedError: its description is not as it was written.
    """
    folder = pointed_folder(releases_dir)
    info(folder)
    return folder


def pointed_folder(releases_dir: Path) -> Path:
    """The same, whether or not the release is sound.

    Raises:
        NyckeltalError: nothing has been released yet.
    """
    folder = releases_dir / POINTER
    if not folder.exists():
        raise NyckeltalError(
            "there is no release yet", where=str(releases_dir), remedy="run `make refresh` (or `nyckeltal refresh`)"
        )
    return folder.resolve()


def releases(releases_dir: Path) -> list[ReleaseInfo]:
    """Every release, newest first."""
    return sorted((info(p) for p in folders(releases_dir)), key=lambda r: r.order, reverse=True)


def folders(releases_dir: Path) -> list[Path]:
    """The folder of every release, in the order of their names."""
    return [path for path in entries(releases_dir) if path.match("[0-9]*") and path.is_dir()]


def before(releases_dir: Path, release_id: str) -> str | None:
    """The release that another was made after: the one it names, or the next older where that one is gone."""
    known = {r.release_id: r for r in releases(releases_dir)}
    this = known.get(release_id)
    if this is None:
        return None
    if this.previous_release_id in known:
        return this.previous_release_id
    return next((r.release_id for r in known.values() if r.order < this.order), None)


def point_at(releases_dir: Path, release_id: str) -> None:
    """Move the pointer, by one rename.

    Raises:
        UsageError: there is no such release. DamagedError: its description is not as it was written.
    """
    known = [folder.name for folder in reversed(folders(releases_dir))]
    if release_id in known:
        info(releases_dir / release_id)
    else:
        expected = f"one of {', '.join(known) or 'none'}"
        raise UsageError("there is no such release", where=str(releases_dir), expected=expected, found=release_id)
    temporary = releases_dir / f".{POINTER}.{os.getpid()}.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(release_id, target_is_directory=True)
    temporary.replace(releases_dir / POINTER)
    sync_folder(releases_dir)


def prune(releases_dir: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep` releases; never the current one. Returns what was removed."""
    standing = current(releases_dir)
    removed = []
    for release in releases(releases_dir)[keep:]:
        if standing and release.release_id == standing.release_id:
            continue
        doomed = releases_dir / f".{release.release_id}.tmp"
        (releases_dir / release.release_id).rename(doomed)
        shutil.rmtree(doomed)
        removed.append(release.release_id)
    return removed


def rollback(settings: Settings, release_id: str | None) -> str:
    """Serve an earlier release, the one made before the current when none is named. Returns its id.

    Raises:
        UsageError: there is no such release, or none before the current.
    """
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        remove_leftovers(settings.releases_dir)
        if release_id is None:
            release_id = before(settings.releases_dir, pointed_folder(settings.releases_dir).name)
        if release_id is None:
            raise UsageError("there is no release before the current", where=str(settings.releases_dir))
        point_at(settings.releases_dir, release_id)
    return release_id


def prune_exclusively(settings: Settings, keep: int) -> list[str]:
    """`prune`, while no other process writes; what a killed one left half removed goes, too."""
    with exclusive(settings.data_dir, settings.lock_wait_seconds):
        remove_leftovers(settings.releases_dir)
        return prune(settings.releases_dir, keep)


def table_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The tables of a database of public tables, with their numbers of rows, in the order of their names."""
    names = con.execute(
        "select table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name = 'main' order by 1"
    ).fetchall()
    rows = {}
    for (name,) in names:
        found = con.execute(f"select count(*) from {identifier(str(name))}").fetchone()
        rows[str(name)] = int(found[0]) if found else 0
    return rows
