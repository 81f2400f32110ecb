"""Indicators that nobody has reviewed, as rows: a source's own series with the source's own title and description.

Belongs here: the row of one series, and what its title says of unit and last year. Does not belong here: which series
there are, and what the source says of them (`pipelines/warehouse/uncurated.py`).

Nothing is guessed. There is no polarity, no interval, no cost concept, no type of number, no range and no weight, since
nobody has decided them; a unit only where the title states it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from indicators.generate.declared_rows import Row, Source
from indicators.model.words import UNCURATED, no_values
from indicators.tables.declared import TABLES

NOT_DECLARED = "not_declared"  # their cost concept: values of unknown concepts are never compared as costs
NO_DESCRIPTION = "Källan har ingen beskrivning av serien."
_CLOSED = re.compile(r"\(\s*-\s*(\d{4})\s*\)\s*$")  # a closed series is only marked in its title: "(-2023)"
# The last part of a title, where it is a unit: "…, kr/inv", "…, andel (%)", "…, antal/100 000 inv".
_PER_CENT = re.compile(r"\(%\)|, %$")
_UNIT = re.compile(
    r"(?:kr|tkr|mnkr|antal|recept|dagar|timmar|minuter|månader|kWh|MWh|GWh|kg|ton|meter|km|hektar|kvm)(?:/.+)?|index"
)


@dataclass(frozen=True)
class UncuratedSeries:
    """What the source says of one of its series.

    `unlisted_from`: the day from which the source lists it no longer; what was known of it stands. `curated`: the
    declared indicators that are made of it.
    """

    dataset: str
    series_id: str
    title: str
    description: str | None
    operating_area: str | None
    perspective: str | None
    known_from: date
    unlisted_from: date | None = None
    curated: Sequence[str] = ()


def indicator_id(source: str, series_id: str) -> str:
    """`kolada_n20048`: the source and its id, which no declared indicator may be called."""
    return f"{source}_{series_id.lower()}"


def unit_of(title: str) -> str:
    """The unit that a title states; empty where it states none that is known for sure."""
    told = _CLOSED.sub("", title).strip()
    if _PER_CENT.search(told):
        return "%"
    last = told.rpartition(",")[2].strip().rstrip(".")
    return last if "," in told and _UNIT.fullmatch(last) else ""


def last_year_of(title: str) -> int | None:
    """The last year of a series that the source has closed, by its title."""
    found = _CLOSED.search(title)
    return int(found[1]) if found else None


def uncurated_row(series: UncuratedSeries, source_id: str, source: Source) -> Row:
    """The row of `declared.indicator`, columns as in `TABLES`."""
    values: dict[str, Any] = {
        **dict.fromkeys(TABLES["indicator"]),
        "indicator_id": indicator_id(source_id, series.series_id),
        "title_sv": series.title or series.series_id,
        "definition_sv": series.description or NO_DESCRIPTION,
        "theme": UNCURATED,
        "unit": unit_of(series.title),
        "decimals": 1,
        "polarity": "no_judgement",
        "cost_concept": NOT_DECLARED,
        "multiplier": 1.0,
        "source_id": source_id,
        "source_series": series.series_id,
        "dataset": series.dataset,
        "series": series.series_id,
        "processing_level": "published",
        "attribution": source.attribution,
        "group_attribution": f"Egen beräkning; underlag: {source.title}: {series.series_id}",
        "rights": source.rights,
        "series_ended": last_year_of(series.title),
        "notes": _notes(series),
        "definition_version": 1,
        "valid_from": series.known_from,
        "is_plain": True,
        "aggregation": "none",
        "interval_reason": "n_unknown",
        "no_values_sv": no_values(source_id),
        "mean_of_years": 1,
        "curated": False,
    }
    return tuple(values[column] for column in TABLES["indicator"])


def _notes(series: UncuratedSeries) -> str:
    told = [
        "Inte granskat här: titel och beskrivning är källans egna.",
        "Brott i serien, kostnadsbegrepp och riktning är inte undersökta.",
    ]
    if series.curated:
        told.append(f"Samma serie, granskad: {', '.join(series.curated)}.")
    if series.operating_area:
        told.append(f"Källans verksamhetsområde: {series.operating_area}.")
    if series.perspective:
        told.append(f"Källans perspektiv: {series.perspective}.")
    if series.unlisted_from:
        told.append(f"Serien finns inte längre i källans lista, sett {series.unlisted_from}.")
    return " ".join(told)
