"""Numbers as people write them in Swedish spreadsheets.

Belongs here: parsing the text of a cell into a number, or into the reason why it is none. Does not belong here: which
values are allowed (`judging.py`). An ambiguous text is rejected, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_AS_TEXT = re.compile(r"^['\u2019\u00b4`](?=[\d-])")  # a spreadsheet's prefix for a text
_BLANKS = re.compile(r"[\s\u00a0\u2007\u202f]")
_GROUPED = re.compile(
    r"(?P<sign>-?)(?P<head>[1-9]\d{0,2})(?P<groups>(?:[\s\u00a0\u2007\u202f]\d{3})+)(?P<rest>[.,]\d+)?"
)
_PLAIN = re.compile(r"-?\d+(?:[.,]\d+)?")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?P<sign>[.,])\d{3}(?:(?P=sign)\d{3})*(?P<rest>[.,]\d+)?")
_AMBIGUOUS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")


@dataclass(frozen=True)
class NumberFault:
    """Why a text is no number: what is wrong, and what to do."""

    what: str
    remedy: str


def number_in(text: str) -> float | NumberFault:
    """Parse a number: `1234,5`, `1234.5`, `1 234`, `1.234.567`, `1 234,50` and `'1234` are understood.

    `1.234` and `1,234` may mean a thousand or a little more than one: they are rejected. `0,234` is not.
    """
    plain = _AS_TEXT.sub("", text.strip()).replace("\u2212", "-").replace("\u2013", "-")
    if _AMBIGUOUS.fullmatch(plain):
        digits = re.sub(r"\D", "", plain)
        whole, decimals = re.split("[.,]", plain)
        return NumberFault(
            "talet kan betyda två olika saker",
            f"skriv {digits} om det är tusental, eller {whole},{decimals}0 om det är decimaler",
        )
    grouped = _GROUPED.fullmatch(plain)
    if grouped:
        return _as_float(_BLANKS.sub("", plain))
    if _PLAIN.fullmatch(plain):
        return _as_float(plain)
    thousands = _THOUSANDS.fullmatch(plain)
    if thousands and not (thousands["rest"] or "").startswith(thousands["sign"]):
        head, tail = plain, ""
        if thousands["rest"]:
            head, tail = plain[: -len(thousands["rest"])], thousands["rest"]
        return _as_float(head.replace(thousands["sign"], "") + tail)
    return NumberFault("cellen innehåller text där ett tal väntades", "skriv bara siffror, utan enhet eller kommentar")


def _as_float(text: str) -> float:
    return float(text.replace(",", "."))
