"""The errors that a user meets, and the exit codes. Belongs here: nothing that knows of a particular source."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    WRONG_USE = 2
    HELD_BACK = 3  # a source was held back, the others were released
    NOTHING_RELEASED = 4  # the last release still stands


class NyckeltalError(Exception):
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

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross from the gate's process to the run's as they are."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[NyckeltalError], args: tuple[object, ...], state: dict[str, object]) -> NyckeltalError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class SourceError(NyckeltalError):
    """A delivery cannot be read as declared; its dataset is held back."""


class LockHeldError(NyckeltalError):
    """Another process is at work on the same data folder."""


class UsageError(NyckeltalError):
    """The command was used wrongly."""

    exit_code = ExitCode.WRONG_USE
