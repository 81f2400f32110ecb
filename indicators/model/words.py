"""The Swedish words for the codes of the tables, wherever a reader sees them.

Belongs here: one word or phrase for each code. Does not belong here: what a code means for a computation
(`vocabulary.py`), sentences of a page or a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

THEMES = {
    "kostnad": "Kostnad",
    "kvalitet": "Kvalitet",
    "kompetens": "Kompetens",
    "samverkan": "Samverkan",
    "behov": "Behov",
    "organisation": "Organisation",
    "halsoframjande": "Hälsofrämjande",
}
UNCURATED = "kolada"  # the theme of what nobody has reviewed: the source's own series
# In the usual order of areas.
AREA_TYPES = {
    "nation": "Riket", "region": "Region", "county": "Län", "group": "Grupp", "municipality": "Kommun", "unit": "Enhet",
}  # fmt: skip
SEXES = {"T": "Totalt", "K": "Kvinnor", "M": "Män"}
SIZE_GROUPS = {
    "small": "den tredjedel av kommunerna som har färst invånare",
    "middle": "den mellersta tredjedelen av kommunerna efter invånare",
    "large": "den tredjedel av kommunerna som har flest invånare",
}
POLARITIES = {
    "higher_better": "högre är bättre",
    "lower_better": "lägre är bättre",
    "no_judgement": "ingen bedömning: varken högt eller lågt är bra i sig",
}
PROCESSING = {"published": "oförändrat värde", "computed": "egen beräkning"}
COST_CONCEPTS = {
    "kostnad": "kostnad för eget åtagande, före avgifter och riktade statsbidrag",
    "nettokostnad": "nettokostnad, efter avgifter och riktade statsbidrag",
    "nettokostnadsavvikelse": "nettokostnad minus referenskostnad",
    "andel_kop": "köpets andel av kostnaden",
    "andel_av_kostnad": "en kostnads andel av en annan",
    "index": "index",
    "not_declared": "inte undersökt",
}
STATUSES = {
    "normal": "slutligt", "preliminary": "preliminärt", "missing": "saknas", "suppressed": "sekretess",
    "not_applicable": "gäller inte området", "not_collected": "samlades inte in", "withdrawn": "borttaget av källan",
}  # fmt: skip
MISSING_REASONS = {
    "published_missing": "källan har inget värde",
    "suppressed_by_source": "skyddat av källan",
    "not_applicable": "gäller inte området",
    "not_collected": "samlades inte in",
    "withdrawn_by_source": "borttaget av källan",
    "input_missing": "underlag saknas",
    "input_suppressed": "underlag är skyddat",
    "denominator_is_zero": "nämnaren är noll",
    "incomplete_members": "värde saknas för någon i gruppen",
    "corrected_drop": "källans värde är fel och borttaget här",
    "low_coverage": "underlaget täcker för få",
    "coverage_unknown": "det är okänt hur många som underlaget täcker",
    "unknown_code": "källans kod är okänd",
}
CAUTIONS = {
    "known_error": "källans värde är känt som fel",
    "share_outside_0_100": "en andel utanför 0–100",
    "negative": "ett antal eller belopp under noll",
    "zero_among_large": "noll, fast områdets andra år och nästan alla andra områden är långt från noll",
    "unlike_own_years": "hundratals gånger mer eller mindre än områdets andra år",
    "beyond_plausible": "långt utanför det rimliga",
    "low_coverage": "underlaget täcker för få",
    "input_cautioned": "räknat på ett värde som inte går att lita på",
    "weight_unreconciled": "vikten ger inte rikets eget värde, och skillnaden är oförklarad",
}
CHANGES = {
    "revised": "ändrade", "status_changed": "med annan status", "new": "nya", "withdrawn": "borttagna",
    "restored": "återkomna",
}  # fmt: skip
EVENT_KINDS = {
    "reform": "Reform", "pilot": "Försök", "financing_shift": "Ändrad finansiering", "agreement": "Överenskommelse",
    "report": "Rapport", "organisation": "Organisation", "context": "Sammanhang",
}  # fmt: skip
EVENT_STATUSES = {
    "proposed": "föreslaget", "decided": "beslutat", "started": "påbörjat", "ended": "avslutat",
    "cancelled": "inställt", "unknown": "okänt",
}  # fmt: skip
STUDY_STATUSES = {
    "estimated": "skattad mot en jämförelse", "described": "beskriver bara", "not_estimable": "går inte att skatta",
}  # fmt: skip
COLLECTABLE = {
    "from_now_on": "kan samlas in från nu", "back_in_time": "kan tas fram också för år som gått",
    "never": "kan inte fås i efterhand",
}  # fmt: skip
METHODS = {
    "interrupted_time_series": "Avbruten tidsserie",
    "difference_in_differences": "Skillnad i skillnader",
    "staggered_event_study": "Eventstudie med olika startår",
    "synthetic_control": "Syntetisk kontroll",
    "synthetic_difference_in_differences": "Syntetisk skillnad i skillnader",
    "augmented_synthetic_control": "Utvidgad syntetisk kontroll",
    "payer_view": "Betalarvy (beskriver)",
    "before_after": "Före och efter (beskriver)",
}
ESTIMANDS = {
    "level_change": "nivå", "slope_change": "lutning", "effect_per_dose": "per enhet dos", "mean_effect": "medel",
    "mean_gap": "medelskillnad", "mean_change": "förändring av medel", "change_of_payer": "en betalares förändring",
    "change_of_all_payers": "alla betalares förändring", "none": "",
}  # fmt: skip
PLAUSIBILITY = {
    "range": "utanför det rimliga", "jump": "språng mellan två år", "own_history": "långt från områdets egen historia",
    "similar_areas": "långt från liknande kommuner",
}  # fmt: skip
SOURCES = {
    "kolada": "Kolada (RKA)", "scb": "SCB", "socialstyrelsen": "Socialstyrelsen", "skr": "SKR",
    "submissions": "Kommunernas egna uppgifter",
}  # fmt: skip
# What an indicator without values waits for, by publisher.
AWAITED = {
    "kolada": "Kolada, som hämtas av `nyckeltal refresh --source live`",
    "scb": "SCB, som hämtas av `nyckeltal refresh --source live`",
    "socialstyrelsen": "Socialstyrelsens filer, som hämtas av `nyckeltal refresh --source live`",
    "skr": "SKR:s filer, som hämtas av `nyckeltal refresh --source live`",
    "submissions": "kommunernas egna uppgifter, som lämnas med `nyckeltal submit`",
}
LEVELS = {"block": "stoppar", "hold_back": "ställer rader åt sidan", "warn": "varnar"}


def said(words: Mapping[str, str], code: str | None) -> str:
    """The word for a code; a code without a word is shown unchanged, never hidden."""
    return "" if code is None else words.get(code, code)


def no_values(source_id: str) -> str:
    """The text for an indicator without values, by its publishers as the table lists them."""
    awaited = " och ".join(said(AWAITED, publisher) for publisher in source_id.split(", "))
    return f"inga värden än: väntar på {awaited}"


def missing_reason(code: str | None) -> str:
    """Why a value is missing; what follows a colon (which correction) is put in brackets."""
    if code is None:
        return "utan angivet skäl"
    name, _, rest = code.partition(": ")
    return f"{said(MISSING_REASONS, name)}{f' ({rest})' if rest else ''}"


def paid_together(indicators: str, titles: Mapping[str, str]) -> str:
    """Titles of what payers paid together: `a, b - a` is the cost a, and the rest of b."""
    parts = (part.split(" - ") for part in indicators.split(", "))
    return " + ".join(" − ".join(titles.get(name, name) for name in part) for part in parts)


def when(event: Mapping[str, Any]) -> str:
    """An event's time (`earliest`, `latest`, `date_precision`, `ended_by`) as precisely as it is known."""
    first, last = event["earliest"], event["latest"]
    if event["date_precision"] == "day":
        told = f"{first}"
    elif (first.year, first.month) == (last.year, last.month):
        told = f"{first:%Y-%m}"
    elif first.year == last.year and (first.month, last.month) == (1, 12):
        told = f"{first.year}"
    else:
        told = f"{first:%Y-%m}–{last:%Y-%m}"
    return told + (f" till {event['ended_by']}" if event["ended_by"] else "")
