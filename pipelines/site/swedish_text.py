"""Swedish formatting of numbers and dates on pages, with non-breaking spaces.

Belongs here: Swedish forms. Does not belong here: words for codes (`indicators/model/words.py`), or sentences
(`templates`).
"""

from __future__ import annotations

import re
from datetime import date, datetime

from pipelines.text import swedish_numbers

_SPACE = "\u00a0"
_SCALE = re.compile(r"\d+–\d+|\(\d/\d\)")  # a unit that is a scale of values
_MONTHS = (
    "januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november",
    "december",
)  # fmt: skip


def number(value: float | None, decimals: int = 0) -> str:
    """`290 766`, `12,3`, `−4`; an en dash where there is none. Spaces do not break."""
    return swedish_numbers.number(value, decimals).replace(" ", _SPACE)


def with_unit(value: float | None, decimals: int, unit: str) -> str:
    """`54,5 %`; a unit that is a scale is in brackets, `2 (0–2)`; a missing value is the dash alone."""
    if value is None:
        return number(value, decimals)
    return f"{number(value, decimals)}{_SPACE}{f'({unit})' if _SCALE.search(unit) else unit}"


def amount(value: float | None) -> str:
    """A number with the decimals that it has, two at most: `6 778`, `7,5`, `3 430,25`."""
    return number(value, next((d for d in (0, 1) if value is None or round(value, d) == value), 2))


def measured(title: str, unit: str) -> str:
    """The title and the unit of an indicator; a title that ends with its unit is enough."""
    return title if title.endswith(unit) else f"{title}, {unit}"


def signed(value: float | None, decimals: int = 0) -> str:
    """`+1 457`, `−887`, `0`."""
    return swedish_numbers.signed(value, decimals).replace(" ", _SPACE)


def chance(value: float | None) -> str:
    """A probability: `0,023`, and `< 0,001` for smaller ones."""
    return swedish_numbers.chance(value)


def day(value: date | datetime | None) -> str:
    """`26 november 2026`."""
    return "–" if value is None else f"{value.day}{_SPACE}{_MONTHS[value.month - 1]}{_SPACE}{value.year}"


def without_marks(text: str) -> str:
    """The text without the quotation marks around commands in plain text."""
    return text.replace("`", "")


def capital(text: str) -> str:
    """The text with its first letter in upper case, the others unchanged."""
    return text[:1].upper() + text[1:]
