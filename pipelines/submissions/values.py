"""From one cell to a code, a year, a sex or a value, or to what is wrong with it.

Belongs here: judging a cell by itself. Does not belong here: what only several cells together can tell (`judging.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from indicators.errors import PortableError
from indicators.submission_templates import TemplateField
from pipelines.submissions.findings import shown
from pipelines.submissions.numbers import NumberFault, number_in
from pipelines.submissions.recognising import is_empty

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
_LARGEST_SHARE_THAT_MAY_BE_A_FRACTION = 1.0


class CellError(PortableError):
    """What is wrong with a cell: what, expected, and what to do."""

    def __init__(self, what: str, expected: str, remedy: str) -> None:
        self.what, self.expected, self.remedy = what, expected, remedy
        super().__init__(what)


@dataclass(frozen=True)
class Understood:
    """What a cell says, and what was mended in it (empty when nothing was)."""

    value: Any
    mended: str = ""


def area_of(code: Any, name: Any, municipalities: Mapping[str, str]) -> Understood:
    """The municipality's code.

    Raises:
        CellError: unknown, or not the code of that name. A lost zero is put back only when the name says the same.
    """
    _refuse_formula(code)
    text = _digits_of(code)
    if re.fullmatch(r"\d{4}", text) and text in municipalities:
        return Understood(text)
    padded = text.zfill(4)
    if re.fullmatch(r"\d{3}", text) and padded in municipalities:
        if same_name(name, municipalities[padded]):
            return Understood(padded, f"kommunkoden {text} lästes som {padded}: en nolla i början hade fallit bort")
        raise CellError(
            "kommunkoden har tre siffror", f"fyra siffror, till exempel {padded} för {municipalities[padded]}",
            "formatera kolumnen som text och skriv koden med fyra siffror, och kommunens namn bredvid",
        )  # fmt: skip
    likely = next((c for c, known in municipalities.items() if same_name(name, known)), None)
    remedy = (
        f"skriv {likely} om det är {municipalities[likely]} som menas" if likely else "se SCB:s lista över kommuner"
    )
    raise CellError("kommunkoden finns inte", "en kommuns kod med fyra siffror", remedy)


def same_name(written: Any, name: str) -> bool:
    """Whether a municipality's name is written, alone or as `… kommun` or `… stad`."""
    text = " ".join(str(written).split()).casefold()
    known = name.casefold()
    genitive = known if known.endswith("s") else f"{known}s"
    return text in {known, *(f"{form} {kind}" for form in (known, genitive) for kind in ("kommun", "stad"))}


def year_of(cell: Any, first: int, today: date) -> int:
    """The year.

    Raises:
        CellError: no year, too early, or in the future.
    """
    _refuse_formula(cell)
    text = _digits_of(cell)
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
    found = SEXES.get(str(cell).strip().casefold())
    if found is None:
        raise CellError("könet känns inte igen", "T (totalt), K (kvinnor) eller M (män)", "välj i listan")
    return found


def value_of(cell: Any, declared: TemplateField, *, is_percent: bool = False) -> Understood:
    """The value of a field; None when the cell is empty.

    Args:
        is_percent: the spreadsheet shows the number as a percentage, so 0.85 means 85.

    Raises:
        CellError: no number, an ambiguous one, or one that cannot be.
    """
    if is_empty(cell):
        if declared.required:
            raise CellError("en obligatorisk cell är tom", f"ett tal ({declared.unit})", "fyll i värdet")
        return Understood(None)
    _refuse_formula(cell)
    number, mended = _number(cell, declared, is_percent=is_percent)
    if number < 0:
        raise CellError("värdet är negativt", f"minst {shown(declared.min)}", "rätta värdet")
    if declared.kind == "persons" and not float(number).is_integer():
        raise CellError(
            "antalet är inte ett heltal", "ett helt antal personer", "rätta värdet; räkna personer, inte tjänster"
        )
    if declared.kind == "share" and number > 100:
        raise CellError("andelen är över 100 procent", "0 till 100", "rätta värdet")
    if not declared.min <= number <= declared.max:
        told = f"{shown(declared.min)} till {shown(declared.max)} {declared.unit}"
        raise CellError("värdet är orimligt", told, "rätta värdet, och se om enheten är rätt")
    return Understood(number, mended)


def _number(cell: Any, declared: TemplateField, *, is_percent: bool) -> tuple[float, str]:
    expected = f"ett tal ({declared.unit})"
    if isinstance(cell, bool):
        raise CellError("cellen innehåller sant eller falskt", expected, "skriv ett tal")
    if isinstance(cell, date | time | timedelta):  # a datetime is a date
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
        return float(cell), ""
    return _number_in_text(str(cell), declared, expected), ""


def _number_in_text(cell: str, declared: TemplateField, expected: str) -> float:
    text = cell.strip()
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


def _digits_of(cell: Any) -> str:
    if isinstance(cell, bool) or is_empty(cell):
        return ""
    if isinstance(cell, int | float):
        return str(int(cell)) if float(cell).is_integer() else str(cell)
    return str(cell).strip().removeprefix("'").removesuffix(".0")


def _refuse_formula(cell: Any) -> None:
    if not isinstance(cell, str):
        return
    if cell.lstrip().startswith("#"):
        raise CellError("formeln i cellen ger ett fel", "ett värde", "rätta formeln, eller skriv värdet i stället")
    if cell.lstrip().startswith("="):
        remedy = "skriv värdet i stället för formeln, eller öppna och spara filen så att den räknas ut"
        raise CellError("cellen innehåller en formel i stället för ett värde", "ett värde", remedy)
