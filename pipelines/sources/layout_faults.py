"""What a workbook holds that its layout does not know, gathered before the file is refused.

Belongs here: the faults of one file, and a cell as text. Does not belong here: finding them (`layout`,
`layout_heads`, `layout_year`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.errors import SourceError
from pipelines.sources.cells import Cell
from pipelines.text.normalise import plain as plain_text

LISTED = 20


@dataclass
class Faults:
    """What a file holds that the layout does not know, and the rows with values that it leaves out."""

    file: str
    found: list[str] = field(default_factory=list)
    new: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    def add(self, sheet: str, place: str, text: str) -> None:
        """Keep a fault with the address of its cell."""
        self.found.append(f"{sheet}!{place}: {text}")

    def refuse(self, expected: str) -> None:
        """Refuse the file if any fault was found.

        Raises:
            SourceError: with the first faults, and what is new.
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
        """What is new may be what is lacking, under another name."""
        return f"; new: {', '.join(sorted(self.new)[:LISTED])}" if self.new else ""


def plain(value: Cell) -> str:
    """A cell as text, by the rules of `text.plain`."""
    if isinstance(value, float):
        return repr(value)
    return plain_text(str(value)) if value is not None else ""
