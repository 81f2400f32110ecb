"""Finding what looks like a Swedish personal identity number or coordination number.

Belongs here: recognising one in a text or a number. Does not belong here: which parts of a file are searched
(`search.py`). Nothing here returns or prints what was found: only that it was.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from personnummer import personnummer  # type: ignore[import-untyped]

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad\ufe58\ufe63\uff0d"), "-")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_BLANK = r"[ \t]"
# The date in full or short, whole or parted by one sign that stays the same, then a separator, then four digits.
# More digits on either side make it another number, and so does a date that follows (as in a span of days).
_NUMBER = re.compile(
    rf"(?<!\d)(?P<century>\d\d)?(?P<year>\d\d)(?P<part>[-/. ]?)(?P<month>\d\d)(?P=part)(?P<day>\d\d)"
    rf"(?P<sep>{_BLANK}*[-+]{_BLANK}*|{_BLANK}{{1,3}}|[/._])?(?P<last>\d{{4}})(?!\d)(?!-\d\d-\d\d)"
)
_DECIMALS = re.compile(r"[.,]\d{1,2}(?!\d)")  # after ten digits: an amount of money
_LOST_ZERO = re.compile(r"\d{9}")  # a spreadsheet's number: the zero of a year 2000 to 2009 is gone
_COORDINATION = 60  # what is added to the day


def holds_personal_number(text: str) -> bool:
    """Whether a text holds anything like a personal identity number, anywhere in it.

    With a right check digit in whatever way it is written; written YYYYMMDD-NNNN or YYMMDD-NNNN (or with +) also with
    a wrong one, because a number that somebody mistyped is still a person's.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_DASHES)
    plain = re.sub(r"\s", " ", plain)
    if _LOST_ZERO.fullmatch(plain.strip()):
        plain = f"0{plain.strip()}"
    place = 0
    while found := _NUMBER.search(plain, place):
        is_amount = not found["sep"] and _DECIMALS.match(plain, found.end())
        if not is_amount and _is_personal(found):
            return True
        place = found.start() + 1  # what follows may begin within what was no such number
    return False


def is_personal_number(value: float) -> bool:
    """The same of a number in a cell, which has lost a zero at its front, or has a point for separator."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return holds_personal_number(str(int(value)) if whole else repr(float(value)))


def _is_personal(found: re.Match[str]) -> bool:
    century, year, month, day = (found[name] or "" for name in ("century", "year", "month", "day"))
    if not _is_date(century, year, month, day):
        return False
    separator = (found["sep"] or "").strip()
    if separator in {"-", "+"} and not found["part"]:
        return True
    # The package reads nothing but the plain writing, and knows no century when there is none.
    return bool(personnummer.valid(f"{century}{year}{month}{day}-{found['last']}"))


def _is_date(century: str, year: str, month: str, day: str) -> bool:
    """Whether it is a day on which somebody who is alive or in an archive can have been born."""
    if century and not "18" <= century <= "20":
        return False
    number = int(day) - _COORDINATION if int(day) > _COORDINATION else int(day)
    try:
        # Without a century a leap day must be let through: 2000 has one, as have all that a two-digit year may mean.
        date(int(century + year) if century else 2000 + int(year), int(month), number)
    except ValueError:
        return False
    return True
