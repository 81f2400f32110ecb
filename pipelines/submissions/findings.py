"""The findings about the cells of a submission.

Belongs here: the types of a fault and of a note. Does not belong here: finding them (`recognising.py`, `judging.py`).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from pipelines.sources.cells import address

_DURATION = re.compile(r"-?\d+ days?, \d{1,2}:\d\d:\d\d(?:\.\d+)?")
_LONGEST = 60  # maximum characters of a cell in a message


@dataclass(frozen=True)
class Fault:
    """What is wrong in a cell, in Swedish. Row and column count from 0."""

    sheet: str
    row: int
    column: int
    what: str
    expected: str = ""
    found: str = ""
    remedy: str = ""

    @property
    def cell(self) -> str:
        """The cell's address, such as `C7`."""
        return address(self.row + 1, self.column + 1)

    def as_dict(self) -> dict[str, str]:
        """For a machine: sheet, cell, what, expected, found, remedy."""
        told = {name: text for name, text in asdict(self).items() if name not in {"row", "column"}}
        return {"sheet": told.pop("sheet"), "cell": self.cell, **told}


@dataclass(frozen=True)
class Note:
    """A correction or omission that has to be reported, in Swedish. Row and column count from 0."""

    sheet: str
    row: int
    column: int
    text: str

    @property
    def cell(self) -> str:
        """The cell's address, such as `C7`."""
        return address(self.row + 1, self.column + 1)

    def as_dict(self) -> dict[str, str]:
        """For a machine: sheet, cell, text."""
        return {"sheet": self.sheet, "cell": self.cell, "text": self.text}


def shown(value: object) -> str:
    """A cell as its reader sees it, truncated."""
    if value is None or value == "":
        return "tom cell"
    if isinstance(value, bool):
        return "SANT" if value else "FALSKT"
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() else repr(value).replace(".", ",")
    else:
        text = " ".join(str(value).split())
    if _DURATION.fullmatch(text):
        return "en tidslängd"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
