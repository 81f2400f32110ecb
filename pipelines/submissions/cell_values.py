"""Parses one cell into a code, a year, a sex or a value, or into what is wrong with it.

Belongs here: validating a cell by itself. Does not belong here: what only several cells together reveal
(`judging.py`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from indicators.errors import PortableError
from indicators.model.submission_template import TemplateField
from pipelines.submissions.findings import shown
from pipelines.submissions.number_cells import NumberFault, number_in
from pipelines.submissions.recognising import is_empty
from pipelines.text.normalise import AreaNames, code, number, padded, plain, unwrapped, whole

SEXES = {
    "t": "T", "totalt": "T", "total": "T", "samtliga": "T", "alla": "T",
    "k": "K", "kvinna": "K", "kvinnor": "K",
    "m": "M", "man": "M", "män": "M",
}  # fmt: skip
_AS_MISSING = {
    "-",
    "--",
    "–",
    "—",
    ".",
    "..",
    "...",
    "saknas",
    "uppgift saknas",
    "ej uppgift",
    "ingen uppgift",
    "vet ej",
}
_TIME = re.compile(r"(?:-?\d+ days?, )?\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?")  # as `sources/cells.py` returns it
_LARGEST_SHARE_THAT_MAY_BE_A_FRACTION = 1.0


class CellError(PortableError):
    """What is wrong with a cell: what, expected, and what to do."""

    def __init__(self, what: str, expected: str, remedy: str) -> None:
        self.what, self.expected, self.remedy = what, expected, remedy
        super().__init__(what)


@dataclass(frozen=True)
class Understood:
    """A cell's value, and what was corrected in it (empty when nothing was)."""

    value: Any
    mended: str = ""


def area_of(cell: Any, name: Any, municipalities: AreaNames) -> Understood:
    """The municipality's code.

    Raises:
        CellError: unknown, or not the code of that name. A lost leading zero is restored only when the name agrees.
    """
    text = code(cell)
    if text in municipalities.names:
        return Understood(text)
    _refuse_formula(cell)
    likely = padded(text, municipalities.names) if len(text) == 3 else []
    if likely and municipalities.is_named(name, likely[0]):
        told = f"kommunkoden {text} lästes som {likely[0]}: en nolla i början hade fallit bort"
        return Understood(likely[0], told)
    if likely:
        raise CellError(
            "kommunkoden har tre siffror",
            f"fyra siffror, till exempel {likely[0]} för {municipalities.names[likely[0]]}",
            "formatera kolumnen som text och skriv koden med fyra siffror, och kommunens namn bredvid",
        )
    named = municipalities.code_of(name)
    remedy = (
        f"skriv {named} om det är {municipalities.names[named]} som menas" if named else "se SCB:s lista över kommuner"
    )
    raise CellError("kommunkoden finns inte", "en kommuns kod med fyra siffror", remedy)


def year_of(cell: Any, first: int, today: date) -> int:
    """The year.

    Raises:
        CellError: no year, too early, or in the future.
    """
    _refuse_formula(cell)
    text = code(cell)
    if not re.fullmatch(r"\d{4}", text):
        raise CellError("året går inte att läsa", "ett år med fyra siffror", "skriv till exempel 2024")
    year = int(text)
    if year > today.year:
        raise CellError("året ligger i framtiden", f"senast {today.year}", "rätta året")
    if year < first:
        raise CellError("året är för tidigt för mallen", f"tidigast {first}", "rätta året, eller ta bort raden")
    return year


def sex_of(cell: Any) -> str:
    """T, K or M.

    Raises:
        CellError: none of the words for them.
    """
    _refuse_formula(cell)
    found = SEXES.get(plain(str(cell)).casefold())
    if found is None:
        raise CellError("könet känns inte igen", "T (totalt), K (kvinnor) eller M (män)", "välj i listan")
    return found


def value_of(cell: Any, declared: TemplateField, *, is_percent: bool = False) -> Understood:
    """The value of a field; None when the cell is empty.

    Args:
        is_percent: the cell has a percentage format, so 0.85 means 85.

    Raises:
        CellError: not a number, an ambiguous one, or an impossible one.
    """
    if is_empty(cell):
        if declared.required:
            raise CellError("en obligatorisk cell är tom", f"ett tal ({declared.unit})", "fyll i värdet")
        return Understood(None)
    _refuse_formula(cell)
    found, mended = _number(cell, declared, is_percent=is_percent)
    if found < 0 and whole(found) != 0:
        raise CellError("värdet är negativt", f"minst {shown(declared.min)}", "rätta värdet")
    if declared.kind == "persons":
        persons = whole(found)
        if persons is None:
            remedy = "rätta värdet; räkna personer, inte tjänster"
            raise CellError("antalet är inte ett heltal", "ett helt antal personer", remedy)
        found = float(persons)
    if declared.kind == "share" and found > 100:
        raise CellError("andelen är över 100 procent", "0 till 100", "rätta värdet")
    if not declared.min <= found <= declared.max:
        told = f"{shown(declared.min)} till {shown(declared.max)} {declared.unit}"
        raise CellError("värdet är orimligt", told, "rätta värdet, och se om enheten är rätt")
    return Understood(found, mended)


def as_shown(cell: Any, *, is_percent: bool) -> Any:
    """A cell as its reader sees it: a number with a percentage format as displayed."""
    if not is_percent or isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    return f"{shown(round(float(cell) * 100, 9))} % ({shown(float(cell))} i procentformat)"


def _number(cell: Any, declared: TemplateField, *, is_percent: bool) -> tuple[float, str]:
    expected = f"ett tal ({declared.unit})"
    if isinstance(cell, bool):
        raise CellError("cellen innehåller sant eller falskt", expected, "skriv ett tal")
    if isinstance(cell, date | time | timedelta) or (
        isinstance(cell, str) and _TIME.fullmatch(cell)
    ):  # a datetime is a date
        remedy = "formatera cellen som tal och skriv värdet på nytt"
        raise CellError("cellen innehåller ett datum eller en tid", expected, remedy)
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            raise CellError("cellen innehåller inget tal", expected, "skriv ett tal")
        if declared.kind == "share" and is_percent:
            percent = round(cell * 100, 9)
            return percent, f"{shown(float(cell))} i procentformat lästes som {shown(percent)} procent"
        if declared.kind == "share" and 0 < cell <= _LARGEST_SHARE_THAT_MAY_BE_A_FRACTION:
            raise _fraction(cell)
        return number(float(cell)), ""
    return number(_number_in_text(plain(unwrapped(str(cell))), declared, expected)), ""


def _number_in_text(text: str, declared: TemplateField, expected: str) -> float:
    if text.casefold() in _AS_MISSING:
        raise CellError(
            "cellen innehåller ett tecken för att värdet saknas", expected, "lämna cellen tom om värdet saknas"
        )
    says_percent = declared.kind == "share" and text.endswith("%")
    found = number_in(text[:-1] if says_percent else text)
    if isinstance(found, NumberFault):
        raise CellError(found.what, expected, found.remedy)
    if declared.kind == "share" and not says_percent and 0 < found <= _LARGEST_SHARE_THAT_MAY_BE_A_FRACTION:
        raise _fraction(found)
    return found


def _fraction(found: float) -> CellError:
    percent = shown(round(found * 100, 9))
    return CellError(
        "andelen kan betyda två olika saker", "procent, 0 till 100",
        f"skriv {percent} om {percent} procent menas; är andelen verkligen högst en procent, skriv den som text med "
        f"procenttecken: {shown(found)} %",
    )  # fmt: skip


def _refuse_formula(cell: Any) -> None:
    if not isinstance(cell, str) or unwrapped(cell) != cell:
        return
    if cell.lstrip().startswith("#"):
        raise CellError("formeln i cellen ger ett fel", "ett värde", "rätta formeln, eller skriv värdet i stället")
    if cell.lstrip().startswith("="):
        remedy = "skriv värdet i stället för formeln, eller öppna och spara filen så att den räknas ut"
        raise CellError("cellen innehåller en formel i stället för ett värde", "ett värde", remedy)
