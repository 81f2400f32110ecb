"""Deliveries that were parsed and judged: `staged/<dataset>/<content_id>-<rules_id>/`, one folder for each judgement.

Belongs here: writing a judgement with its rows and its verdict by one rename, and reading it back unharmed. Does not
belong here: how rows are judged (`quality`), or what becomes of rows that passed (`vintages.py`).

A folder holds `verdict.json` (sealed; it names the hashes of the other files), `rows.parquet` when the delivery passed,
and `quarantine.parquet` when rows of it were set aside. It can be thrown away at any time: the archive gives it again.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.errors import NyckeltalError, ProgramFaultError
from pipelines.faults import trace_of
from pipelines.storage.archive import Fetch
from pipelines.storage.files import entries, folder_atomic, folders_in
from pipelines.storage.sealing import (
    DamagedError,
    FileSeal,
    check_file,
    check_size,
    damaged,
    file_seal,
    write_sealed,
)
from pipelines.storage.state_records import StateRecord, read_record
from pipelines.storage.vintages import CheckResult, Staged

ROWS, QUARANTINE, VERDICT = "rows.parquet", "quarantine.parquet", "verdict.json"
_LOG = logging.getLogger(__name__)
_SHORT = 16  # letters of an id in the name of a folder; the verdict holds them all


class HeldBack(BaseModel):
    """Why a dataset was held back, as it is written down: an error with its parts, and the checks that failed.

    `trace` is the traceback of a fault of the program, for the log.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    where: str = ""
    expected: str = ""
    found: str = ""
    remedy: str = ""
    trace: str = ""
    checks: tuple[CheckResult, ...] = ()

    def __str__(self) -> str:
        named = {name: getattr(self, name) for name in ("where", "expected", "found", "remedy")}
        return str(NyckeltalError(self.what, **named))

    @classmethod
    def of(cls, error: NyckeltalError, checks: tuple[CheckResult, ...] = ()) -> HeldBack:
        """The error in this form."""
        return cls(
            what=error.what,
            where=error.where,
            expected=error.expected,
            found=error.found,
            remedy=error.remedy,
            trace=trace_of(error),
            checks=checks,
        )


class Verdict(StateRecord):
    """What came of judging one fetch by one set of rules.

    `content_id` and `rules_id` say what was judged, and by what. `held_back` is None when the delivery passed. `rows`
    and `quarantined` are numbers of rows. `is_final`: the same judgement would be made again; not so when the program
    failed over it. `accepted`: a person took the values that it lost as lost. Times are UTC without zone.
    """

    dataset: str
    fetch: int
    content_id: str
    rules_id: str
    judged_by: str
    judged_at: datetime
    held_back: HeldBack | None = None
    is_final: bool = True
    rows: int = 0
    quarantined: int = 0
    checks: tuple[CheckResult, ...] = ()
    accepted: bool = False
    contents: dict[str, FileSeal] = Field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the delivery may be taken in."""
        return self.held_back is None


class StagedDeliveries:
    """The staged deliveries below one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def folder(self, dataset: str, content_id: str, judged_by: str) -> Path:
        """Where the judgement of this content by these rules lies, or would lie."""
        return self.home / dataset / f"{content_id[:_SHORT]}-{judged_by[:_SHORT]}"

    def verdict(self, dataset: str, content_id: str, judged_by: str) -> Verdict | None:
        """What was judged of this content by these rules; None when it was not judged, or the judgement is damaged."""
        found = _if_sound(self.folder(dataset, content_id, judged_by))
        is_asked_for = found and (found.dataset, found.content_id, found.judged_by) == (dataset, content_id, judged_by)
        return found if is_asked_for else None

    def latest(self, dataset: str, content_id: str) -> Verdict | None:
        """The newest judgement of this content, by whichever rules."""
        folders = [path for path in entries(self.home / dataset) if path.name.startswith(f"{content_id[:_SHORT]}-")]
        found = [v for folder in folders if (v := _if_sound(folder)) and v.content_id == content_id]
        return max(found, key=lambda verdict: verdict.judged_at, default=None)

    def all(self) -> list[Verdict]:
        """Every judgement that stands, with its files seen to be whole.

        Raises:
            DamagedError: one of them is not as it was written.
        """
        return [_verdict_in(folder) for folder in self.folders()]

    def folders(self) -> list[Path]:
        """The folder of every judgement."""
        return [path for home in folders_in(self.home) for path in folders_in(home) if path.match("[0-9a-f]*")]

    def check(self, folder: Path, *, deep: bool) -> None:
        """Hold a judgement against what was written; without `deep`, its files by their size only.

        Raises:
            DamagedError: it is not as it was written, or lies in another folder than its own.
        """
        verdict = _verdict_in(folder, check_file if deep else check_size)
        if self.folder(verdict.dataset, verdict.content_id, verdict.judged_by) != folder:
            raise damaged("a verdict is another delivery's", folder / VERDICT, folder.name, verdict.content_id)

    def rows_of(self, verdict: Verdict) -> Path:
        """The rows of a delivery that passed."""
        return self.folder(verdict.dataset, verdict.content_id, verdict.judged_by) / ROWS

    def as_staged(self, verdict: Verdict, fetched: Fetch) -> Staged:
        """The delivery as the vintages take it in."""
        folder = self.folder(verdict.dataset, verdict.content_id, verdict.judged_by)
        return Staged(
            dataset=verdict.dataset,
            fetched=fetched,
            rows_path=folder / ROWS,
            quarantine_path=folder / QUARANTINE if QUARANTINE in verdict.contents else None,
            rows=verdict.rows,
            held_back=verdict.quarantined,
            checks=verdict.checks,
            rules_id=verdict.rules_id,
            accepted=verdict.accepted,
        )

    def write(self, dataset: str, content_id: str, judged_by: str, judge: Callable[[Path], Verdict]) -> Verdict:
        """Judge into a folder of its own, which then stands whole; earlier judgements of the dataset go.

        Args:
            judge: writes rows into the folder that it is given, and returns the verdict without `contents`.
        """
        target = self.folder(dataset, content_id, judged_by)
        for earlier in folders_in(self.home / dataset):
            shutil.rmtree(earlier)
        with folder_atomic(target) as folder:
            verdict = judge(folder)
            if not verdict.passed:
                for path in entries(folder):
                    path.unlink()
            seals = {path.name: file_seal(path) for path in entries(folder)}
            verdict = verdict.model_copy(update={"contents": seals})
            write_sealed(folder / VERDICT, verdict.model_dump(mode="json"), None)
        return verdict


def _verdict_in(folder: Path, check: Callable[[Path, FileSeal], None] = check_file) -> Verdict:
    verdict = read_record(folder / VERDICT, Verdict, "a verdict")
    for name, sealed in verdict.contents.items():
        check(folder / name, sealed)
    return verdict


def _if_sound(folder: Path) -> Verdict | None:
    """The verdict in a folder; None where there is none, or where it or its rows are damaged, which is logged.

    A staged delivery can be made again, so damage to it costs a judgement and stops nothing.
    """
    if not folder.is_dir():
        return None
    try:
        return _verdict_in(folder)
    except DamagedError as error:
        _LOG.warning("A staged delivery is damaged and is judged again: %s", error)
        return None


def is_of_the_program(error: Any) -> bool:
    """Whether a dataset was held back by a fault of the program: another try may go well."""
    return isinstance(error, ProgramFaultError)
