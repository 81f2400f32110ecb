"""The request parameters of each address, typed.

Belongs here: parameters with their descriptions (Swedish, for the API's page) and the forms that values may take.
Unknown parameters are rejected. Does not belong here: which codes exist, which depends on the release (`codes.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from pipelines.text import csv_values
from pipelines.text.normalise import code, plain

MOST_ROWS = 50_000
ROWS_OF_JSON = 1_000


def _split(value: object) -> object:
    """Several values as a list, each normalised by `text/normalise.py`."""
    return [plain(part) for text in value for part in str(text).split(",")] if isinstance(value, list) else value


def _split_codes(value: object) -> object:
    parts = _split(value)
    return [code(part) or part for part in parts] if isinstance(parts, list) else parts


def _plain(value: object) -> object:
    return plain(value) if isinstance(value, str) else value


def _moment(value: str) -> str:
    """A day unchanged; a time stamp in UTC, without zone, as in the table."""
    moment = datetime.fromisoformat(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ", timespec="microseconds")


def _in_order(span: str) -> str:
    first, last = _span(span)
    if first and last and int(first) > int(last):
        raise ValueError(f"a span that begins with its first year, such as {last}-{first}")
    return span


_SEVERAL = "Flera värden skrivs med komma emellan, eller genom att upprepa parametern."
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]
IndicatorIds = Annotated[list[Code], BeforeValidator(_split), Field(description=f"Nyckeltalets id. {_SEVERAL}")]
Themes = Annotated[
    list[Code],
    BeforeValidator(_split),
    Field(description="Tema: kostnad, kvalitet, kompetens, samverkan, behov, organisation, halsoframjande."),
]
AreaIds = Annotated[
    list[Code],
    BeforeValidator(_split_codes),
    Field(description=f"Områdets kod, t.ex. 1480; 0000 är riket. Som i CSV går också: SE_1480. {_SEVERAL}"),
]
Groups = Annotated[
    list[Code],
    BeforeValidator(_split_codes),
    Field(description="Alla nuvarande medlemmar i en grupp, t.ex. GR. Läggs till de områden som anges med area."),
]
AreaTypes = Annotated[
    list[Code],
    BeforeValidator(_split),
    Field(description="Slags område: municipality, region, county, group eller nation."),
]
Years = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^(\d{4}|\d{4}-\d{4}|\d{4}-|-\d{4})$"), AfterValidator(_in_order)]],
    BeforeValidator(_split),
    Field(description="År eller spann: 2022, 2018-2022, 2018-, -2005."),
]
Sexes = Annotated[
    list[Annotated[Literal["T", "K", "M"], BeforeValidator(csv_values.sex_of)]],
    BeforeValidator(_split),
    Field(description="T (totalt), K (kvinnor), M (män). Som i CSV går också: total, women, men."),
]
Status = Literal["normal", "preliminary", "missing", "suppressed", "not_applicable", "not_collected", "withdrawn"]
Statuses = Annotated[
    list[Status], BeforeValidator(_split), Field(description="Värdets status, t.ex. normal eller missing.")
]
Changes = Annotated[
    list[Literal["new", "revised", "status_changed", "withdrawn", "restored"]],
    BeforeValidator(_split),
    Field(description="new, revised, status_changed, withdrawn eller restored."),
]
Horizons = Annotated[
    list[Literal["recent", "long_run"]],
    BeforeValidator(_split),
    Field(
        description="Vilken fråga: recent (de senaste sju åren) eller long_run (hela serien utan brott). Utan: båda."
    ),
]
Columns = Annotated[
    list[Code], BeforeValidator(_split), Field(description="Bara dessa kolumner, i den ordningen. Utan columns: alla.")
]
Words = Annotated[
    Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=100)] | None,
    Field(description="Ord i namn eller beskrivning, som alla ska finnas; å, ä och ö kan skrivas utan prickar."),
]


class Paging(BaseModel):
    """Which columns, how many rows, and where to continue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Columns = []

    limit: int | None = Field(
        default=None,
        ge=1,
        le=MOST_ROWS,
        description=f"Antal rader på sidan. Utan limit ger JSON {ROWS_OF_JSON} rader; övriga format hela svaret, eller "
        f"ett fel om det är mer än {MOST_ROWS} rader.",
    )
    cursor: str | None = Field(
        default=None,
        max_length=1000,
        description="Markör ur föregående sida (next, eller huvudet Link). Gäller samma fråga i samma utgåva.",
    )


class Series(Paging):
    """Which series."""

    indicator: IndicatorIds = []
    theme: Themes = []
    area: AreaIds = []
    group: Groups = []
    area_type: AreaTypes = []
    sex: Sexes = []


class Trend(Series):
    """Which rows of the table `trend`."""

    horizon: Horizons = []


class Comparison(Series):
    """Which rows of the table `comparison`."""

    year: Years = []


class Funnel(Paging):
    """Which rows of the table `funnel`."""

    indicator: IndicatorIds = []
    theme: Themes = []
    sex: Sexes = []
    year: Years = []


class Observations(Comparison):
    """Which rows of the table `observation`, and whether names and units are included beside the codes."""

    status: Statuses = []
    labels: bool = Field(default=False, description="true: med titel, namn, enhet och källhänvisning i varje rad.")


class AsOf(Comparison):
    """Which rows of what was known at a moment."""

    moment: Annotated[str, AfterValidator(_moment)] = Field(
        description="Dag (räknas till dygnets slut) eller tidpunkt i UTC: 2026-11-22, 2026-11-22T21:28:00."
    )
    status: Statuses = []


class Revisions(Comparison):
    """Which rows of the table `revision`."""

    change: Changes = []


class Indicators(Paging):
    """Which indicators."""

    indicator: IndicatorIds = []
    theme: Themes = []
    curated: Literal["true", "false"] | None = Field(
        default=None,
        description="true: bara granskade nyckeltal; false: bara källans egna serier (tema kolada). Utan: alla.",
    )
    q: Words = None


class Areas(Paging):
    """Which areas."""

    area: AreaIds = []
    group: Groups = []
    area_type: AreaTypes = []
    q: Words = None


class Similar(BaseModel):
    """Which municipality, which year, and what the others are to be like it in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    area: Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=100)] = Field(
        description="Kommunens kod eller namn, t.ex. 1480."
    )
    year: int | None = Field(
        default=None, ge=1900, le=2100, description="År. Utan year: det nyaste med alla variabler."
    )
    set: Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=100)] | None = Field(
        default=None, description="Standarduppsättning (tabellen similar_recipe). Utan set och variable: den förvalda."
    )
    variable: Annotated[
        list[Annotated[str, StringConstraints(max_length=300)]],
        BeforeValidator(_split),
        Field(description=f"Egen variabel, mått[:per][:log][=vikt], t.ex. invanare:landareal:log=0.5. {_SEVERAL}"),
    ] = []
    n: int | None = Field(default=None, description="Hur många kommuner. Utan n: så många som uppsättningen har.")


def year_ranges(years: list[str]) -> list[tuple[int, int]]:
    """Years and spans as (first, last), both included."""
    return [(int(first or 0), int(last or 9999)) for first, last in map(_span, years)]


def _span(text: str) -> tuple[str, str]:
    first, dash, last = text.partition("-")
    return (first, last) if dash else (text, text)


def fingerprint(path: str, given: BaseModel) -> str:
    """A hash of the query: independent of the order of values, of columns and of page."""
    asked = given.model_dump(exclude={"columns", "cursor", "limit"}, exclude_defaults=True)
    plain = {name: sorted(set(value)) if isinstance(value, list) else value for name, value in asked.items()}
    return hashlib.sha256(json.dumps([path, plain], sort_keys=True).encode()).hexdigest()[:24]
