"""What became of a run, and the line of it in `logs/runs.jsonl`.

Belongs here: what is reported of a run, and writing the line. Does not belong here: reading it out of Dagster's record
(`assets/run_log.py`), or showing it (`commands/run_output.py`).
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import NyckeltalError
from pipelines.steps.held_back import held_back
from pipelines.steps.workspace import Workspace, utc_now
from pipelines.storage.files import append_line
from pipelines.storage.staged import HeldBack
from pipelines.storage.vintages import DeliveryRecord


@dataclass
class RunReport:
    """What became of a run.

    `taken_in` are the deliveries that it took in, by dataset; `seconds` what each step took.
    """

    workspace: Workspace
    seconds: dict[str, float] = field(default_factory=dict)
    release_id: str | None = None
    taken_in: dict[str, DeliveryRecord] = field(default_factory=dict)
    error: str | None = None

    @property
    def held_back(self) -> dict[str, HeldBack]:
        """The datasets of the run that are held back, by what is written on disk.

        None when the run failed over what is written there: its error says so.
        """
        try:
            return held_back(self.workspace)
        except (NyckeltalError, OSError) as error:
            self.error = self.error or str(error)
            return {}

    @property
    def outcome(self) -> str:
        """released, released_with_stale_sources, nothing_new, held_back or failed."""
        if self.release_id:
            return "released_with_stale_sources" if self.held_back else "released"
        if self.error:
            return "failed"
        return "held_back" if self.held_back else "nothing_new"

    def line(self) -> dict[str, Any]:
        """What the log keeps of the run."""
        workspace, held = self.workspace, self.held_back
        return {
            "kind": workspace.kind,
            "started": workspace.moment.isoformat(timespec="seconds"),
            "seconds": round((utc_now() - workspace.moment).total_seconds(), 1),
            "steps": {name: round(seconds, 1) for name, seconds in self.seconds.items()},
            "outcome": self.outcome,
            "release_id": self.release_id,
            "held_back": {dataset: str(reason) for dataset, reason in held.items()},
            "program_faults": {dataset: reason.trace for dataset, reason in held.items() if reason.trace},
            "new_fields": self._new_fields(),
            "changed": {d: record.counts for d, record in sorted(self.taken_in.items()) if record.counts},
            "error": self.error,
            "peak_memory_mb": peak_memory_mb(),
        }

    def _new_fields(self) -> dict[str, list[str]]:
        try:
            told = {dataset: self.workspace.outcomes.of(dataset).new_fields for dataset in sorted(self.workspace.asked)}
        except (NyckeltalError, OSError):  # as above
            return {}
        return {dataset: list(fields) for dataset, fields in told.items() if fields}

    def write(self) -> None:
        """Write the line."""
        append_line(self.workspace.settings.run_log, self.line())


def peak_memory_mb() -> int:
    """The peak memory of the largest process of the run, MiB: this one, in which dbt runs, or one of its helpers."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(own, child) // 1024
