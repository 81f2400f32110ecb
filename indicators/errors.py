"""The error that a faulty declaration raises. Belongs here: nothing else."""

from __future__ import annotations

from pathlib import Path


class DeclarationError(ValueError):
    """A declaration file is wrong. Says which file, which key, what was expected and what was found."""

    def __init__(self, file: Path | str, key: str, expected: str, found: object) -> None:
        self.file = str(file)
        self.key = key
        self.expected = expected
        self.found = found
        super().__init__(f"{self.file}: {key}: expected {expected}, found {found!r}")
