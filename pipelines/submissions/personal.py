"""Finding what looks like a person's number, e-mail address or telephone number.

Belongs here: recognising one in a text or a number: personal identity numbers, coordination numbers (day + 60), interim
and reserve numbers (a letter among the last four, or a century that nobody is born in). Does not belong here: which
parts of a file are searched (`search.py`). Nothing here returns or prints what was found: only that it was.

An organisation number is none of these: its third digit is 2 or more, so that it begins with no date.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from personnummer import personnummer  # type: ignore[import-untyped]

from pipelines.text import plain

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
# The date in full or short, whole or parted by one sign that stays the same, then a separator, then four digits.
# More digits on either side make it another number, and so does a date that follows (as in a span of days).
_NUMBER = re.compile(
    r"(?<!\d)(?P<century>\d\d)?(?P<year>\d\d)(?P<part>[-/. ]?)(?P<month>\d\d)(?P=part)(?P<day>\d\d)"
    r"(?P<sep>[^\w]{1,8}|[^\W\d]{1,6}|[^\w]?[^\W\d]{1,6}[^\w]{1,2})?(?P<last>\d{4})(?!\d)(?!-\d\d-\d\d)"
)
_INTERIM = re.compile(
    r"(?<![\w])(?P<century>\d\d)?(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d) ?[-+]? ?"
    r"(?:[A-Z]\d{3}|\d[A-Z]\d{2}|[A-Z]{2}\d{2}|\d{2}[A-Z]\d|\d{3}[A-Z])(?![\w])",
    re.IGNORECASE,
)
_RESERVE = re.compile(r"(?<!\d)(?:99\d{6}|(?:2[1-9]|3[0-9])\d\d(?:0[1-9]|1[0-2])\d\d) ?[-+]? ?\d{4}(?!\d)")
_MAIL = re.compile(r"[\w.+-]{1,64} ?(?:@|[\[(] ?(?:at|snabel-?a) ?[\])]) ?[\w-]{1,63}(?:\.[\w-]{2,63})+", re.IGNORECASE)
_TELEPHONE = re.compile(
    r"(?<![\w.,/-])(?:(?:\+|00)46[ -]*(?:\(0\))?[ -]*|\(?0)[1-9](?:[ /()-]{0,3}\d){6,9}(?![\d/])(?![.,-]\d)"
)
_DECIMALS = re.compile(r"[.,]\d{1,2}(?!\d)")  # after ten digits: an amount of money
_LOST_ZERO = re.compile(r"\d{9}")  # a spreadsheet's number: the zero of a year 2000 to 2009 is gone
_LAST_FOUR = re.compile(r"[^\w]{0,3}(?:\d{4}|[A-Z]\d{3})[^\w]{0,2}", re.IGNORECASE)
_DATE = re.compile(r"(?:\d\d)?\d\d(?P<part>[-/. ]?)\d\d(?P=part)\d\d[^\w]{0,3}")
_COORDINATION = 60  # what is added to the day


def seen(text: str) -> str:
    """A text as it is searched: nothing unseen in it, digits of any width as such, every dash a hyphen."""
    return plain(unicodedata.normalize("NFKC", plain(text)).translate(_DASHES))


def holds_contact(text: str) -> bool:
    """Whether a text holds an e-mail address or a Swedish telephone number."""
    shown = seen(text)
    return bool(_MAIL.search(shown) or _TELEPHONE.search(shown))


def parts_of_one(before: str, after: str) -> bool:
    """Whether two neighbouring cells are the date and the last four of a number."""
    first, last = seen(before), seen(after)
    return bool(_DATE.fullmatch(first) and _LAST_FOUR.fullmatch(last)) and holds_personal_number(
        f"{re.sub(r'[^0-9]', '', first)}-{re.sub(r'[^0-9A-Za-z]', '', last)}"
    )


def holds_personal_number(text: str) -> bool:
    """Whether a text holds anything like a personal identity number, anywhere in it.

    With a right check digit in whatever way it is written; written YYYYMMDD-NNNN or YYMMDD-NNNN (or with +) also with
    a wrong one, because a number that somebody mistyped is still a person's.
    """
    shown = seen(text)
    if _LOST_ZERO.fullmatch(shown):
        shown = f"0{shown}"
    if _RESERVE.search(shown):
        return True
    interim = (match.group("century", "year", "month", "day") for match in _INTERIM.finditer(shown))
    if any(_is_date(century or "", year, month, day) for century, year, month, day in interim):
        return True
    place = 0
    while found := _NUMBER.search(shown, place):
        is_amount = not found["sep"] and _DECIMALS.match(shown, found.end())
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
    separator = re.sub(r"[\s()\[\]]", "", found["sep"] or "")
    if separator in {"-", "+"} and not found["part"]:
        return True
    if found["part"] and re.search(r"[^\W_]", separator):
        return False  # a day in a sentence, and a number after it
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
