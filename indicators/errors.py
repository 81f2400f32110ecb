"""The error for a faulty declaration, and how errors travel between processes. Belongs here: nothing else."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any


class PortableError(Exception):
    """An error that survives pickling between processes with its class, text, attributes and cause.

    Exceptions are unpickled by calling their class with `args`, which fails for a class whose constructor takes
    anything else, and then breaks the whole process pool. Every error class of this project derives from this one.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """How the error is rebuilt, without calling its constructor."""
        return _rebuilt, (type(self), self.args, dict(self.__dict__), portable_cause(self.__cause__))


class CauseError(PortableError):
    """Replaces a cause that cannot be pickled; its text is the cause's own."""


class DeclarationError(PortableError, ValueError):
    """A declaration file is wrong. Says which file, which key, what was expected and what was found."""

    def __init__(self, file: Path | str, key: str, expected: str, found: object) -> None:
        self.file = str(file)
        self.key = key
        self.expected = expected
        self.found = found
        super().__init__(f"{self.file}: {key}: expected {expected}, found {found!r}")


def portable_cause(cause: BaseException | None) -> BaseException | None:
    """The cause itself if it survives pickling with its text, else a `CauseError` with the same text."""
    if cause is None:
        return None
    try:
        if str(pickle.loads(pickle.dumps(cause))) == str(cause):  # noqa: S301 - our own bytes
            return cause
    except Exception:  # noqa: BLE001, S110 - a foreign class may raise anything when it is pickled
        pass
    return CauseError(str(cause))


def _rebuilt(
    kind: type[PortableError], args: tuple[Any, ...], state: dict[str, Any], cause: BaseException | None
) -> PortableError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    error.__cause__ = cause
    return error
