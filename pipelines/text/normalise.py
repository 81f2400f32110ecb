"""Normalises text, area codes, area names and numbers from cells: which spellings are equal, in one place.

Belongs here: the rules by which every source, submission, command, query and search treats two spellings as equal.
Does not belong here: which codes there are (the caller has the list), or what a value means.

What a publisher or a municipality sent is archived byte for byte; these rules apply to what is parsed from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

NUMBER_TOLERANCE = 1e-9  # relative tolerance for whole numbers that a spreadsheet computed

# Names of areas that follow no rule, and former names of municipalities in publishers' older files.
AREA_ALIASES: dict[str, tuple[str, ...]] = {
    "0000": ("Sverige", "Hela riket"),
    "0980": ("Region Gotland",),  # the municipality, which has the tasks of a region too
    "2023": ("Malung",),  # until 2008
    "2080": ("Falu kommun",),
}

_WHERE = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\ufe00-\ufe0f\U000e0000-\U000e0fff"
_UNSEEN = re.compile(f"[{_WHERE}]")  # invisible characters that Unicode does not categorise as format characters
_BLANK_LETTERS = str.maketrans(dict.fromkeys("\u2800\u3164\uffa0", " "))  # characters that look like a blank
_DASHES = str.maketrans(dict.fromkeys("-\u2010\u2011\u2012\u2013\u2014\u2212", " "))
_FORMULA_TEXT = re.compile(r'=\s*"((?:[^"]|"")*)"')
_APOSTROPHES = "'\u2019\u00b4`"
_QUOTES = '"\u201d\u201c\u00bb\u00ab'
_PREAMBLE = re.compile(r'\ufeff*"?sep=(?P<sign>[^"\r\n])"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_MUNICIPALITY = re.compile(r"(?!00)\d{4}")
# Prefix of a code of digits in our CSV (`csv_values.py`), as in Eurostat's GISCO_ID; not SE alone: SE12
# is no county in NUTS, and 12 is Skåne here.
AREA_PREFIX = "SE_"
_ALIKE = 0.5  # minimum similarity of two codes for a suggestion
_SWEDISH = re.compile(
    r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?: [0-9]{3})+|[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,})(?:,[0-9]+)?"
    r"|-?[1-9][0-9]{0,2}\.[0-9]{3},[0-9]+"
)
_ONE_DOT = re.compile(r"-?[0-9]+\.[0-9]+")
_LENGTHS = (2, 4)  # digits of county codes; of codes of municipalities, regions and the nation


def plain(text: str) -> str:
    """Normalise a text for comparing and storing: composed characters (NFC), nothing invisible, single blanks.

    Byte order marks, direction marks, soft hyphens and joiners are removed everywhere; non-breaking and other blanks
    and line breaks become a blank; none is left at either end.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    seen = "".join(c for c in _UNSEEN.sub("", text.translate(_BLANK_LETTERS)) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", " ".join(seen.split()))


def folded(text: str) -> str:
    """Normalise a text for searching: as `plain`, in lower case, without diacritics. `base.js` does the same."""
    parts = unicodedata.normalize("NFD", plain(text))
    return "".join(c for c in parts if not unicodedata.category(c).startswith("M")).lower()


def holds_words(text: str, words: str) -> bool:
    """Whether every word occurs somewhere in the text, by `folded`."""
    where = folded(text)
    return all(word in where for word in folded(words).split())


def without_preamble(text: str) -> tuple[str, str | None]:
    """A delimited text without byte order marks and the line `sep=;`, and the delimiter that this line names."""
    found = _PREAMBLE.match(text)
    if found is None:
        return text.lstrip("\ufeff"), None
    return text[found.end() :].lstrip("\ufeff"), found["sign"]


def unwrapped(text: str) -> str:
    """The text of a formula that is only a text, `="0180"`, which preserves zeros in a spreadsheet."""
    found = _FORMULA_TEXT.fullmatch(text.strip())
    return found[1].replace('""', '"') if found else text


def code(value: object) -> str:
    """A code as text, out of any cell: `0180`, `="0180"`, `'0180`, 180.0, digits of full width, `SE_0180` of our CSV.

    No zero is added.
    """
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        near = whole(float(value))
        return str(value) if near is None else str(near)
    text = unicodedata.normalize("NFKC", plain(unwrapped(plain(str(value)))))
    text = text.strip(_APOSTROPHES + _QUOTES + " ")
    digits = re.sub(r"(?<=\d) (?=\d)", "", text)
    found = re.fullmatch(rf"({AREA_PREFIX})?(\d+)([.,]0+)?", digits)
    return found[2] if found and (found[1] is None or found[3] is None) else digits


def padded(written: object, known: Iterable[str]) -> list[str]:
    """The known codes that a code may mean after it lost leading zeros: 180 is 0180."""
    text, codes = code(written), set(known)
    if not text.isdecimal():
        return []
    return [full for length in _LENGTHS if len(text) < length and (full := text.zfill(length)) in codes]


def whole(value: float) -> int | None:
    """The whole number that a value is except for floating-point noise, such as 999.9999999999999; else None."""
    if not abs(value) < 2**53:
        return None
    near = round(value)
    return near if abs(value - near) <= NUMBER_TOLERANCE * max(abs(near), 1) else None


def number(value: float) -> float:
    """A number rounded to the 15 digits that spreadsheets show: 85.30000000000001 is 85.3."""
    return float(f"{value:.15g}")


def swedish_number(text: str) -> float | None:
    """Parse the number in a publisher's text: `1234,5`, `1 234,5`, `1.234,5`, `1.234.567`; None if it is none.

    A text with one dot and no comma is none: 12.345 may be twelve thousand or a little more than twelve.
    """
    bare = plain(text)
    if not _SWEDISH.fullmatch(bare):
        return None
    return float(bare.replace(" ", "").replace(".", "").replace(",", "."))


def no_number(text: str) -> str:
    """What is wrong with a text that `swedish_number` does not accept."""
    if _ONE_DOT.fullmatch(plain(text)):
        return f"a number with a dot, which may mean thousands or decimals: {text!r}"
    return f"an unknown marker {text!r}"


def name_key(name: object) -> str:
    """The key for comparing area names: case, dashes and blanks do not matter; å, ä and ö do."""
    return plain(plain(str(name)).casefold().translate(_DASHES))


class AreaNames:
    """Areas by their names, with the spellings that people use: `Ale kommun`, `Göteborgs stad`, declared aliases.

    Args:
        names: each area's name by its code, stored as `names`; where two share a name, it means the municipality.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self._codes: dict[str, str] = {}
        ordered = sorted(names, key=lambda area: (_MUNICIPALITY.fullmatch(area) is None, area))
        for forms in (self._as_named, self._as_written):  # own names take precedence over variants
            for area in ordered:
                for form in forms(area):
                    self._codes.setdefault(form, area)

    def code_of(self, written: object) -> str | None:
        """The code of the named area; None when there is none. A code is not a name."""
        return self._codes.get(name_key(written))

    def is_named(self, written: object, area: str) -> bool:
        """Whether that is a name of the area."""
        return name_key(written) in {*self._as_named(area), *self._as_written(area)}

    def near(self, written: object, most: int = 3) -> list[str]:
        """Codes of the areas that were probably meant, likeliest first: same name or code, lost zeros, similar."""
        text, named = code(written), self.code_of(written)
        if text in self.names:
            return [text]
        if named:
            return [named]
        if as_code := [area for area in self.names if folded(area) == folded(text)]:  # gr is GR
            return as_code
        if text.isdecimal():
            return padded(text, self.names) or get_close_matches(text, list(self.names), most, _ALIKE)
        by_name = {folded(self.names[area]): area for area in sorted(self.names, reverse=True)}
        holding = [area for area, name in self.names.items() if text and holds_words(name, text)]
        alike = [by_name[name] for name in get_close_matches(folded(text), list(by_name), most)]
        return list(dict.fromkeys([*sorted(holding, key=lambda area: len(self.names[area])), *alike]))[:most]

    def _as_named(self, area: str) -> list[str]:
        aliases = AREA_ALIASES.get(area, ())
        own = [name_key(self.names[area])]
        return [*map(name_key, aliases), *own] if _MUNICIPALITY.fullmatch(area) else [*own, *map(name_key, aliases)]

    def _as_written(self, area: str) -> list[str]:
        if not _MUNICIPALITY.fullmatch(area):
            return []
        name = name_key(self.names[area])
        genitive = name if name.endswith("s") else f"{name}s"
        return [f"{form} {kind}" for form in dict.fromkeys((name, genitive)) for kind in ("kommun", "stad")]
