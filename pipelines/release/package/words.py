"""What the codes of the tables are called in Swedish, where a reader of the package meets them.

Belongs here: labels of codes. Does not belong here: what a code means for a computation.
"""

from __future__ import annotations

from indicators.vocabulary import Theme

TITLE_SV = "Nyckeltal för kommunal vård och omsorg om äldre"
TITLE_EN = "Key indicators of Swedish municipal care of older people"
ABOUT_SV = (
    "Nyckeltal om kostnad, kvalitet, kompetens, samverkan, behov, organisation och hälsofrämjande arbete i Sveriges "
    "kommuner, regioner och län, med definition, osäkerhet, jämförelser och tidigare kända värden. Gjort för att följa "
    "omställningen till god och nära vård."
)
ABOUT_EN = (
    "Indicators of cost, quality, staff, coordination, need, organisation and health promotion in the municipalities, "
    "regions and counties of Sweden, with definitions, uncertainty, comparisons and every value that was known before. "
    "Made to follow the shift of health care towards primary and municipal care."
)

THEMES = {
    Theme.KOSTNAD: "Kostnad",
    Theme.KVALITET: "Kvalitet",
    Theme.KOMPETENS: "Kompetens",
    Theme.SAMVERKAN: "Samverkan",
    Theme.BEHOV: "Behov",
    Theme.ORGANISATION: "Organisation",
    Theme.HALSOFRAMJANDE: "Hälsofrämjande",
}
# In the order that areas stand in every file.
AREA_TYPES = {
    "nation": "Riket",
    "region": "Region",
    "county": "Län",
    "group": "Grupp",
    "municipality": "Kommun",
    "unit": "Enhet",
}
SEXES = {"T": "Totalt", "K": "Kvinnor", "M": "Män"}
POLARITIES = {
    "higher_better": "högre är bättre",
    "lower_better": "lägre är bättre",
    "no_judgement": "ingen bedömning",
}
LEVELS = {"published": "oförändrat värde", "computed": "egen beräkning"}
STATUSES = {
    "normal": "Värdet är slutligt.",
    "preliminary": "Värdet är preliminärt; källan ger ett slutligt senare.",
    "missing": "Värdet saknas.",
    "suppressed": "Värdet är skyddat (sekretess).",
    "not_applicable": "Frågan gäller inte området.",
    "not_collected": "Uppgiften samlades inte in det året.",
    "withdrawn": "Källan har tagit bort värdet.",
}
CHANGES = {"revised": "ändrade", "new": "nya", "withdrawn": "borttagna", "restored": "återkomna"}
_REASONS = {
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
    "unknown_code": "källans kod är okänd",
}


def reason(code: str | None) -> str:
    """Why a value is missing, in Swedish; a code that has no words is given as it is."""
    if code is None:
        return "utan angivet skäl"
    name, _, rest = code.partition(": ")
    return f"{_REASONS.get(name, name)}{f' ({rest})' if rest else ''}"
