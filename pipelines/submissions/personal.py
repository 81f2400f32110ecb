"""Detects personal identity numbers, e-mail addresses and telephone numbers.

Belongs here: recognising one in a text or a number: personal identity numbers, coordination numbers (day + 60),
interim and reserve numbers (a letter among the last four, or a century without living persons). Does not belong here:
which parts of a file are searched (`personal_search.py`). Nothing here returns or prints what was found: only that it
was.

An organisation number is none of these: its third digit is 2 or more, so that it begins with no date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from personnummer import personnummer  # type: ignore[import-untyped]

from pipelines.text.normalise import plain

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
# The date with or without century, with one consistent delimiter or none, then a separator, then four digits.
# More digits on either side make it another number, and so does a second date (as in a span of days).
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
_ENDS = r"(?:se|nu|com|org|net|eu|info|fi|no|dk|io)(?![\w])"  # of an address whose sign is spelled out
_DOT = r"(?: ?\. ?| ?[\[(] ?(?:punkt|dot) ?[\])] ?| (?:punkt|dot) )"
_MAIL = re.compile(
    r"[\w.+-]{1,64} ?@ ?[\w-]{1,63}(?: ?\.[\w-]{2,63})+"  # a blank before a dot
    r"|[\w.+-]{1,64}@[\w-]{1,63}(?:\. ?[\w-]{2,63})+"  # or after it
    rf"|[\w.+-]{{1,64}}(?: ?[\[({{] ?(?:at|a|snabel-?a) ?[\])}}] ?| at (?!www\.)| snabel[ -]?a )"
    rf"(?:[\w-]{{1,63}}{_DOT})+{_ENDS}",
    re.IGNORECASE,
)
# In bytes, only what is certainly an address: any two bytes may be letters.
_MAIL_IN_BYTES = re.compile(r"[A-Za-z0-9._+-]{2,64}@(?:[A-Za-z0-9-]{2,63}\.)+[a-z]{2,6}")
_TELEPHONE = re.compile(
    r"(?:(?<![^\W_])|(?<=tel)|(?<=tfn)|(?<=telefon)|(?<=mobil)|(?<=mob)|(?<=ring))(?<!\d[.,/-])"
    r"(?:(?P<country>(?:\+|00)46[ .-]*(?:\(0\))?[ .-]*)|\(?(?=0))(?P<number>0?[1-9](?:[ ./()-]{0,3}\d){6,9})"
    r"(?!\d)(?![.-]\d)(?!/[1-9])(?!,\d{1,2}(?!\d))",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DECIMALS = re.compile(r"[.,]\d{1,2}(?!\d)")  # after ten digits: an amount of money
_CODE = 4  # digits of a municipality's code, or of a year
_LAST_OF_2000S = 26  # two digits of a year above it are of the 1900s
_BORN_LATEST = 2008  # a later date is probably that of a document, not of a birth; then the check digit decides
_LOST_ZERO = re.compile(r"\d{9}")  # a spreadsheet's number: the leading zero of a year 2000 to 2009 is lost
_LAST_FOUR = re.compile(r"[^\w]{0,3}(?:\d{4}|[A-Z]\d{3})[^\w]{0,2}", re.IGNORECASE)
_DATE = re.compile(r"(?:\d\d)?\d\d(?P<part>[-/. ]?)\d\d(?P=part)\d\d[^\w]{0,3}")
# A number in a spreadsheet's thousands: the whole cell, or ten or twelve digits of a text.
_THOUSANDS = re.compile(
    r"(?<!\d)(?<!\d[ .,'])\d{1,3}(?P<mark>[ .'])\d{3}(?P=mark)\d{3}(?:(?P=mark)\d{3})?(?![\d])(?!(?P=mark)\d)"
)
# The last four digits in two groups, after a date that is undivided or divided in the same way.
_PAIRS = re.compile(
    r"(?<!\d)(?P<day>(?:\d\d)?\d{6})[ -]{0,3}(?P<a>\d\d)[ -](?P<b>\d\d)(?!\d)"
    r"|(?<!\d)(?<!\d )(?P<pairs>(?:\d\d ){4,5}\d\d)(?! ?\d)"
)
_SPOKEN = re.compile(
    r"f[öo]dd|f[öo]delse|\bf\.|sista|slutsiff|siffror|fyra|\bp(?:ers(?:on)?)?[.-]?(?:nr|nummer)", re.IGNORECASE
)
_FAR_APART = re.compile(
    r"(?<!\d)(?P<day>(?:\d\d)?\d\d(?P<part>[-/. ]?)\d\d(?P=part)\d\d)(?=[^\d]{1,40}(?P<last>\d{4})(?!\d))"
)
_COORDINATION = 60  # added to the day in a coordination number


def seen(text: str) -> str:
    """The text as it is searched: invisible characters removed, digits of any width as ASCII, every dash a hyphen."""
    return plain(unicodedata.normalize("NFKC", plain(text)).translate(_DASHES))


def holds_contact(text: str) -> bool:
    """Whether a text contains an e-mail address or a Swedish telephone number."""
    shown = seen(text)
    return bool(_MAIL.search(shown)) or _holds_telephone(shown)


def holds_contact_in_bytes(text: str) -> bool:
    """The same for arbitrary bytes read as text: only what cannot have arisen by chance."""
    return bool(_MAIL_IN_BYTES.search(text)) or _holds_telephone(text)


def parts_of_one(before: str, after: str, *, is_apart: bool = False) -> bool:
    """Whether two cells are the date and the last four digits of one number.

    A bare date beside four bare digits may be a day and a count, so the check digit has to be right; also where
    another cell is between the two (`is_apart`).
    """
    first, last = seen(before), seen(after)
    if not (_DATE.fullmatch(first) and _LAST_FOUR.fullmatch(last)):
        return False
    is_plain = is_apart or (last.isdigit() and first[-1:].isdigit())
    joined = re.sub(r"[^0-9]", "", first) + ("" if is_plain else "-") + re.sub(r"[^0-9A-Za-z]", "", last)
    return holds_personal_number(joined)


def _holds_telephone(shown: str) -> bool:
    return any(match["country"] or _is_telephone(match["number"]) for match in _TELEPHONE.finditer(shown))


def _is_telephone(written: str) -> bool:
    """Whether digits are grouped as telephone numbers are, and not as codes, dates, times or reference numbers."""
    groups = [part for part in re.split(r"[ ./()-]+", written) if part]
    marks = [mark.strip() for mark in re.findall(r"[ ./()-]+", written)]
    if len(groups) > 1 and all(len(group) == _CODE for group in groups):
        return False  # codes of municipalities, or a number and a year
    if len(groups) == 2 and _YEAR.fullmatch(groups[1]):
        return False
    if [len(group) for group in groups] == [2, 2, 4] and groups[1] <= "12":
        return False  # a day, its month and its year
    if "/" in marks[1:]:
        return False  # parts of a reference number
    if "." in marks:  # 070.123.45.67 or 070-123.45.67, but neither times nor numbers of sections
        has_area = len(groups[0]) > 2 or (groups[0] == "08" and len(groups[1]) > 2)
        return has_area and all(mark == "." for mark in marks[1:])
    return True


def holds_personal_number(text: str) -> bool:
    """Whether a text contains anything like a personal identity number, anywhere in it.

    With a right check digit in any notation; written YYYYMMDD-NNNN or YYMMDD-NNNN (or with +) also with a wrong one,
    because a mistyped number still identifies a person; but not beside words when the date is recent, as in the number
    of a version or a document.
    """
    shown = seen(text)
    if _LOST_ZERO.fullmatch(shown):
        shown = f"0{shown}"
    if _RESERVE.search(shown) or any(_is_valid(digits) for digits in _put_together(shown)):
        return True
    interim = (match.group("century", "year", "month", "day") for match in _INTERIM.finditer(shown))
    if any(_is_date(century or "", year, month, day) for century, year, month, day in interim):
        return True
    place = 0
    while found := _NUMBER.search(shown, place):
        is_amount = not found["sep"] and _DECIMALS.match(shown, found.end())
        if not is_amount and _is_personal(found):
            return True
        place = found.start() + 1  # the next match may overlap this one
    return False


def is_personal_number(value: float) -> bool:
    """The same for a number in a cell, which may have lost a leading zero, or have a point as separator."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return holds_personal_number(str(int(value)) if whole else repr(float(value)))


def _is_personal(found: re.Match[str]) -> bool:
    century, year, month, day = (found[name] or "" for name in ("century", "year", "month", "day"))
    if not _is_date(century, year, month, day):
        return False
    separator = re.sub(r"[\s()\[\]]", "", found["sep"] or "")
    if (
        separator in {"-", "+"}
        and not found["part"]
        and (separator == "+" or _is_born_early(century, year) or not re.search(r"[^\W\d_]", found.string))
    ):
        return True
    if found["part"] and re.search(r"[^\W_]", separator):
        return False  # a day in a sentence, and a number after it
    # The package accepts the plain notation only, and derives no century.
    return _is_valid(f"{century}{year}{month}{day}{found['last']}")


def _is_born_early(century: str, year: str) -> bool:
    return (int(century + year) if century else 2000 + int(year)) <= _BORN_LATEST or (
        not century and int(year) > _LAST_OF_2000S
    )


def _put_together(shown: str) -> Iterator[str]:
    """The digits of what may be one number in groups: ten or twelve, or nine that lost a zero."""
    for found in _THOUSANDS.finditer(shown):
        digits = re.sub(r"\D", "", found[0])
        if len(digits) in {10, 12}:
            yield digits
        elif len(digits) == 9 and found[0] == shown:
            yield f"0{digits}"
    for found in _PAIRS.finditer(shown):
        yield re.sub(r"\D", "", found[0])
    if _SPOKEN.search(shown):
        for found in _FAR_APART.finditer(shown):
            yield re.sub(r"\D", "", found["day"]) + found["last"]


def _is_valid(digits: str) -> bool:
    """Whether ten or twelve digits begin with a date and end with the right check digit."""
    century, rest = digits[:-10], digits[-10:]
    if not _is_date(century, rest[:2], rest[2:4], rest[4:6]):
        return False
    return bool(personnummer.valid(f"{century}{rest[:6]}-{rest[6:]}"))


def _is_date(century: str, year: str, month: str, day: str) -> bool:
    """Whether somebody who is alive, or in an archive, can have been born on this day."""
    if century and not "18" <= century <= "20":
        return False
    number = int(day) - _COORDINATION if int(day) > _COORDINATION else int(day)
    try:
        # Without a century, the 2000s decide on 29 February: 2000 is a leap year, else the centuries agree.
        date(int(century + year) if century else 2000 + int(year), int(month), number)
    except ValueError:
        return False
    return True
