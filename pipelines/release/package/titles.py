"""The title and description of the release in every file and record. Belongs here: those texts."""

from __future__ import annotations

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
