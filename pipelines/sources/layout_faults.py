"""Collects what a workbook holds that its layout does not declare, before the file is rejected.

Belongs here: the errors of one file, and a cell as text. Does not belong here: finding them (`layout_reader.py`,
`layout_heads.py`, `layout_year.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.errors import SourceError
from pipelines.sources.cells import Cell
from pipelines.text.normalise import plain as plain_text

LISTED = 20


@dataclass
class Faults:
    """The errors of a file: what its layout does not declare; and the rows with values that it leaves out."""

    file: str
    found: list[str] = field(default_factory=list)
    new: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    def add(self, sheet: str, place: str, text: str) -> None:
        """Add an error with the address of its cell."""
        self.found.append(f"{sheet}!{place}: {text}")

    def refuse(self, expected: str) -> None:
        """Reject the file if any error was found.

        Raises:
            SourceError: with the first errors, and what is undeclared.
        """
        if self.found:
            more = f" … and {len(self.found) - LISTED} more" if len(self.found) > LISTED else ""
            raise SourceError(
                f"{len(self.found)} things that the layout does not know",
                where=self.file,
                expected=expected,
                found="; ".join(self.found[:LISTED]) + more + self._new(),
                remedy="if the publisher changed its layout, add it to `layouts` in the publisher's declaration",
            )

    def _new(self) -> str:
        """Undeclared names, since one of them may be the missing one after a rename."""
        return f"; new: {', '.join(sorted(self.new)[:LISTED])}" if self.new else ""


def plain(value: Cell) -> str:
    """A cell as text, normalised by `text/normalise.py`."""
    if isinstance(value, float):
        return repr(value)
    return plain_text(str(value)) if value is not None else ""
