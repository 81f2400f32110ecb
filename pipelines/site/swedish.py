"""How values, dates and codes are said on a page.

Belongs here: numbers in Swedish form, and the words for the codes of the tables. Does not belong here: sentences of a
page (`templates`).
"""

from __future__ import annotations

import math
from datetime import date, datetime

_MINUS, _SPACE = "\u2212", "\u00a0"
_MONTHS = (
    "januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november",
    "december",
)  # fmt: skip

THEMES = {
    "kostnad": "Kostnad",
    "kvalitet": "Kvalitet",
    "kompetens": "Kompetens",
    "samverkan": "Samverkan",
    "behov": "Behov",
    "organisation": "Organisation",
    "halsoframjande": "Hälsofrämjande",
}
AREA_TYPES = {"municipality": "Kommun", "county": "Län", "region": "Region", "group": "Grupp", "nation": "Riket"}
POLARITIES = {
    "higher_better": "högre är bättre",
    "lower_better": "lägre är bättre",
    "no_judgement": "utan bedömning: varken högt eller lågt är bra i sig",
}
COST_CONCEPTS = {
    "kostnad": "kostnad för eget åtagande, före avgifter och riktade statsbidrag",
    "nettokostnad": "nettokostnad, efter avgifter och riktade statsbidrag",
    "nettokostnadsavvikelse": "nettokostnad minus referenskostnad",
    "andel_kop": "köpets andel av kostnaden",
    "andel_av_kostnad": "en kostnads andel av en annan",
    "index": "index",
}
STATUSES = {
    "normal": "", "preliminary": "preliminärt", "missing": "saknas", "suppressed": "sekretess",
    "not_applicable": "inte tillämpligt", "not_collected": "mättes inte", "withdrawn": "återtaget",
}  # fmt: skip
MISSING = {
    "published_missing": "saknas hos källan",
    "denominator_is_zero": "nämnaren är noll",
    "not_collected": "mättes inte det året",
    "incomplete_members": "någon medlem saknar värde",
    "input_missing": "ett av underlagen saknas",
}
SEXES = {"T": "alla", "K": "kvinnor", "M": "män"}
EVENT_KINDS = {
    "reform": "Reform", "pilot": "Försök", "financing_shift": "Ändrad finansiering", "agreement": "Överenskommelse",
    "report": "Rapport", "organisation": "Organisation", "context": "Sammanhang",
}  # fmt: skip
EVENT_STATUSES = {
    "proposed": "föreslaget", "decided": "beslutat", "started": "påbörjat", "ended": "avslutat",
    "cancelled": "inställt", "unknown": "okänt",
}  # fmt: skip
METHODS = {
    "interrupted_time_series": "Avbruten tidsserie",
    "difference_in_differences": "Skillnad i skillnader",
    "event_study": "Händelsestudie",
    "synthetic_control": "Syntetisk kontroll",
    "before_after": "Före och efter (beskrivning)",
    "payer_view": "Efter betalare",
    "dose": "Efter dos",
}
ESTIMANDS = {
    "level_change": "nivå", "slope_change": "lutning", "mean_effect": "", "dose_effect": "per enhet dos",
    "change": "förändring", "none": "",
}  # fmt: skip
LEVELS = {"block": "stoppar", "hold_back": "ställer rader åt sidan", "warn": "varnar"}
CHANGES = {"new": "nytt", "revised": "ändrat", "withdrawn": "återtaget", "restored": "återkommet"}


def number(value: float | None, decimals: int = 0) -> str:
    """`290 766`, `12,3`, `−4`; an en dash where there is none. Spaces do not break."""
    if value is None or math.isnan(value):
        return "–"
    text = f"{abs(value):,.{decimals}f}".replace(",", _SPACE).replace(".", ",")
    is_negative = value < 0 and text.strip("0, \u00a0") != ""
    return f"{_MINUS}{text}" if is_negative else text


def with_unit(value: float | None, decimals: int, unit: str) -> str:
    """`54,5 %`; the dash stands alone."""
    return number(value, decimals) if value is None else f"{number(value, decimals)}{_SPACE}{unit}"


def amount(value: float | None) -> str:
    """With as many decimals as it has, two at most: `6 778`, `7,5`, `3 430,25`."""
    return number(value, next((d for d in (0, 1) if value is None or round(value, d) == value), 2))


def signed(value: float | None, decimals: int = 0) -> str:
    """`+1 457`, `−887`, `0`."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 and text.strip("0,") != "" else text


def day(value: date | datetime | None) -> str:
    """`26 november 2026`."""
    return "–" if value is None else f"{value.day}{_SPACE}{_MONTHS[value.month - 1]}{_SPACE}{value.year}"


def said(words: dict[str, str], code: str | None) -> str:
    """The word for a code; a code that has none is shown as it stands, never hidden."""
    return "" if code is None else words.get(code, code)


def capital(text: str) -> str:
    """With its first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]
