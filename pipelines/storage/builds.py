"""Builds: `builds/<input_hash>/`, the warehouse of one state of knowledge, as far as it has come.

Belongs here: where a build lies, and the sealed record that each of its steps leaves when it is complete. Does not
belong here: what the steps compute (`warehouse`), or publishing (`release`).

    builds/<input_hash>/
        build.duckdb            what dbt reads and writes between the vintages and the public tables
        candidate/…             the public tables that dbt made
        warehouse.json          the record of these two
        trend/, studies/, …     Parquet that Python computed from them, each with its record
    builds/current              the newest of them, so that dbt finds it under one name

A build can be thrown away at any time. A step whose record is there need not be done again; one whose record is not
there has not been done, however many files lie there.
"""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field

from pipelines.errors import NyckeltalError
from pipelines.storage.files import entries, folders_in
from pipelines.storage.release_pointer import DATABASE
from pipelines.storage.sealing import DamagedError, FileSeal, check_file, check_size, file_seal, seal_in, write_sealed
from pipelines.storage.state_records import StateRecord, read_record
from pipelines.storage.vintages import CheckResult

_LOG = logging.getLogger(__name__)
WAREHOUSE = "warehouse"
_SHORT = 16
CURRENT = "current"


class StepRecord(StateRecord):
    """What a step of a build left when it was complete.

    `input_hash`: the state that it was made from, and by which code. `made_from`: the seal of the record of the step
    before. `rows`: tables with their numbers of rows. `checks`: what was judged on the way. `state` and `code` are what
    the hash of the input was made of, and `begun` when all of the build was last made anew, UTC without zone: what a
    later state needs to know to go on from this one.
    """

    input_hash: str
    made_from: str | None = None
    compared_with: datetime | None = None
    code: str = ""
    state: tuple[str, ...] = ()
    begun: datetime | None = None
    rows: dict[str, int] = Field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    contents: dict[str, FileSeal] = Field(default_factory=dict)


@dataclass(frozen=True)
class Build:
    """One build, by its folder."""

    folder: Path

    @property
    def build_db(self) -> Path:
        """The database of everything between the vintages and the public tables."""
        return self.folder / "build.duckdb"

    @property
    def release_db(self) -> Path:
        """The database of the public tables, as far as dbt makes them."""
        return self.folder / "candidate" / DATABASE

    def part(self, step: str) -> Path:
        """The folder of a step that writes Parquet."""
        return self.folder / step

    def record(self, step: str) -> StepRecord | None:
        """What a step left; None when it has not been completed.

        Raises:
            DamagedError: a file of it is not what was written.
        """
        return self.check(step, deep=True) if self._record_path(step).exists() else None

    def check(self, step: str, *, deep: bool) -> StepRecord:
        """The same of a step that is complete; without `deep`, its files are checked by their size only."""
        found = read_record(self._record_path(step), StepRecord, "a step's record")
        for name, sealed in found.contents.items():
            (check_file if deep else check_size)(self.folder / name, sealed)
        return found

    def steps(self) -> list[str]:
        """The steps that are complete."""
        return [path.stem for path in entries(self.folder) if path.suffix == ".json"]

    def sound_record(self, step: str) -> StepRecord | None:
        """What a step left; None when it has not been completed or what it left is damaged, which is logged.

        A step can be done again, so damage to what it left costs time and stops nothing.
        """
        try:
            return self.record(step)
        except DamagedError as error:
            _LOG.warning("What the step %s left is damaged, and it is done again: %s", step, error)
            return None

    def needs(self, step: str) -> StepRecord:
        """The record of a step that another one stands on.

        Raises:
            NyckeltalError: the step has not been completed.
        """
        found = self.record(step)
        if found is None:
            raise NyckeltalError(
                f"the step {step} has not been done for what is known now",
                where=str(self.folder),
                expected=f"its record, {step}.json",
                found="none",
                remedy=f"materialise group:{step} first, or run `nyckeltal refresh`",
            )
        return found

    def seal(self, step: str) -> str | None:
        """The seal of a step's record."""
        path = self._record_path(step)
        return seal_in(path) if path.exists() else None

    def complete(self, step: str, record: StepRecord, files: list[Path]) -> StepRecord:
        """Write down that a step is complete, with the files that it made."""
        seals = {str(path.relative_to(self.folder)): file_seal(path) for path in files}
        record = record.model_copy(update={"contents": seals})
        write_sealed(self._record_path(step), record.model_dump(mode="json"), None)
        return record

    def forget(self, step: str) -> None:
        """Let a step be done anew."""
        self._record_path(step).unlink(missing_ok=True)

    def _record_path(self, step: str) -> Path:
        return self.folder / f"{step}.json"


class Builds:
    """The builds below one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def of(self, input_hash: str) -> Build:
        """The build of one state, whether or not it has begun."""
        return Build(self.home / input_hash[:_SHORT])

    def all(self) -> list[Build]:
        """Every build that there is."""
        folders = [path for path in folders_in(self.home) if path.match("[0-9a-f]*")]
        return [Build(folder) for folder in folders if not folder.is_symlink()]

    @property
    def current(self) -> Build:
        """The newest build, by the one name that dbt knows."""
        return Build(self.home / CURRENT)

    @property
    def newest(self) -> Build | None:
        """The newest build, by its own name; None where there is none."""
        folder = self.home / CURRENT
        return Build(folder.resolve()) if folder.exists() else None

    def begin(self, input_hash: str) -> Build:
        """An empty folder for a build, which becomes the current one; all others go."""
        build = self.of(input_hash)
        for earlier in self.all():
            shutil.rmtree(earlier.folder)
        build.release_db.parent.mkdir(parents=True)
        self._make_current(build)
        return build

    def go_on(self, build: Build, input_hash: str) -> Build:
        """A complete build, to be brought to another state: what it has of this one is not complete any more."""
        for step in build.steps():
            build.forget(step)
        for part in folders_in(build.folder):
            if part != build.release_db.parent:
                shutil.rmtree(part)
        moved = self.of(input_hash)
        if moved.folder != build.folder:
            build.folder.rename(moved.folder)
        self._make_current(moved)
        return moved

    def _make_current(self, build: Build) -> None:
        temporary = self.home / f".{CURRENT}.{os.getpid()}.tmp"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(build.folder.name, target_is_directory=True)
        temporary.replace(self.home / CURRENT)
