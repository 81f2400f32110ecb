"""The errors that a user meets, and the exit codes. Belongs here: nothing that knows of a particular source."""

from __future__ import annotations

from enum import IntEnum

from indicators.errors import PortableError


class ExitCode(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    WRONG_USE = 2
    HELD_BACK = 3  # a source was held back, the others were released
    NOTHING_RELEASED = 4  # the last release still stands


class NyckeltalError(PortableError):
    """Says what is wrong, where, what was expected, what was found, and what to do."""

    exit_code = ExitCode.NOTHING_RELEASED

    def __init__(self, what: str, *, where: str = "", expected: str = "", found: str = "", remedy: str = "") -> None:
        self.what, self.where, self.expected, self.found, self.remedy = what, where, expected, found, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.what]
        for label in ("where", "expected", "found", "remedy"):
            text = getattr(self, label)
            if text:
                parts.append(f"{'what to do' if label == 'remedy' else label}: {text}")
        return " | ".join(parts)


class SourceError(NyckeltalError):
    """A delivery cannot be read as declared; its dataset is held back."""


class ProgramFaultError(SourceError):
    """A fault of the program, met while one dataset was read, which is held back. `trace` is for the log."""

    def __init__(self, dataset: str, error: BaseException, trace: str) -> None:
        self.dataset, self.trace = dataset, trace
        super().__init__(
            "a fault of the program, not of the publisher",
            where=dataset,
            expected="that this dataset can be read",
            found=f"{type(error).__name__}: {error}"[:500],
            remedy="report it as a bug with the traceback, which stands in the log of runs (logs/runs.jsonl)",
        )


class LockHeldError(NyckeltalError):
    """Another process is at work on the same data folder."""


class UsageError(NyckeltalError):
    """The command was used wrongly."""

    exit_code = ExitCode.WRONG_USE


def no_place_in(form: str) -> UsageError:
    """A result of a kind, such as a list in CSV, that a form has no way to write."""
    remedy = "cast what is no number, text or date to text, or ask for another form"
    return UsageError(f"the result has no place in {form}", remedy=remedy)
