"""The types of the reform's registers: documents, events, money, interventions, findings.

Belongs here: fields, their allowed values, and rules within one row. Does not belong here: studies of effects
(`study.py`), loading files (`load/catalogue.py`), references between rows (`load/reform_references.py`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from indicators.model.value import Identifier, Strict, Year
from indicators.model.vocabulary import SuccessFactor

AreaId = Annotated[str, Field(pattern=r"^\d{4}$|^[A-Z][A-Z0-9_]*$|^\d{2}$")]


class Document(Strict):
    """A source document. `was_read`: whether the original was read, or only another document's account of it."""

    document_id: Identifier
    title_sv: str
    publisher: str
    published: date | None = None
    published_inferred_from: str | None = None
    url: str | None = Field(default=None, pattern=r"^https?://")
    was_read: bool
    read_on: date

    @model_validator(mode="after")
    def _date_is_given_or_inferred(self) -> Document:
        if self.published is None and self.published_inferred_from is None:
            raise ValueError("published_inferred_from says what is known of the date when there is none")
        return self


class Sourced(Strict):
    """A row with a reference to a place in a document, read on a day."""

    document: Identifier
    section: str
    read_on: date


Split = Literal["receiver", "purpose"]
Precision = Literal["day", "month", "season", "year"]
_LONGEST_DAYS = {"day": 0, "month": 31, "season": 125, "year": 366}


class Expected(Strict):
    """An indicator that an event is expected to affect, in which direction, and according to whom."""

    indicator: Identifier
    direction: Literal["up", "down", "unclear"]


class ReformEvent(Sourced):
    """Something that was proposed, decided, begun or ended.

    `earliest` and `latest` bound the day on which it happened (or began); `precision` says how well that is known.
    A period has `ended_by`: the last day of it, where there is one.
    """

    event_id: Identifier
    title_sv: str
    what_sv: str = Field(min_length=10)
    decided_by: str | None = None
    areas: tuple[AreaId, ...] = Field(min_length=1)
    organisations: tuple[str, ...] = ()
    earliest: date
    latest: date
    precision: Precision
    ended_by: date | None = None
    status: Literal["proposed", "decided", "started", "ended", "cancelled", "unknown"]
    kind: Literal["reform", "pilot", "financing_shift", "agreement", "report", "organisation", "context"]
    success_factor: SuccessFactor | None = None
    expected: tuple[Expected, ...] = ()

    @model_validator(mode="after")
    def _dates_fit_the_precision(self) -> ReformEvent:
        days = (self.latest - self.earliest).days
        if days < 0 or days > _LONGEST_DAYS[self.precision]:
            raise ValueError(
                f"latest must be 0–{_LONGEST_DAYS[self.precision]} days after earliest for {self.precision}"
            )
        if self.ended_by is not None and self.ended_by < self.latest:
            raise ValueError("ended_by comes before the beginning")
        return self


class Funding(Sourced):
    """Money: an amount or a part of one, in million kronor.

    `split`: the way in which this row is part of its `parent`, by who gets it or by what it is for; one amount may be
    split both ways. `complete_by`: the split whose parts are said to be all of it; they must then add up to the amount
    but for `known_discrepancy_mnkr` (amount less parts), which is shown and never hidden. `receiver_area`: the area
    whose municipalities got it, where the document says so; without one there is no dose, for nothing is split by
    guess.
    """

    funding_id: Identifier
    parent: Identifier | None = None
    split: Split | None = None
    year: Year
    payer: str
    receiver: str
    receiver_area: AreaId | None = None
    purpose_sv: str
    amount_mnkr: float = Field(gt=0)
    is_approximate: bool = False
    basis: Literal["stated", "derived"]
    derived_from_sv: str | None = None
    complete_by: Split | None = None
    known_discrepancy_mnkr: float = 0
    discrepancy_sv: str | None = None

    @model_validator(mode="after")
    def _says_how_it_is_known(self) -> Funding:
        if (self.parent is None) != (self.split is None):
            raise ValueError("split says how it is part of its parent, and is there for nothing else")
        if (self.basis == "derived") != (self.derived_from_sv is not None):
            raise ValueError("derived_from_sv belongs to basis derived, and to no other")
        if (self.known_discrepancy_mnkr != 0) != (self.discrepancy_sv is not None):
            raise ValueError("discrepancy_sv explains known_discrepancy_mnkr, and is there for nothing else")
        return self


class Payer(Strict):
    """Who pays, from a day (None: from the beginning) to a day (None: still, or unknown)."""

    payer: str
    valid_from: date | None = None
    valid_to: date | None = None


class Intervention(Sourced):
    """Something that is done; `parent` is the programme that it is part of."""

    intervention_id: Identifier
    parent: Identifier | None = None
    title_sv: str
    what_sv: str = Field(min_length=10)
    areas: tuple[AreaId, ...] = Field(min_length=1)
    kind: Literal["programme", "joint_activity", "service"]
    status: Literal["proposed", "decided", "started", "ended", "cancelled", "unknown"]
    success_factor: SuccessFactor | None = None
    payers: tuple[Payer, ...] = ()


class Finding(Sourced):
    """What somebody else has found or reported, for comparison with our own estimates."""

    finding_id: Identifier
    title_sv: str
    finding_sv: str = Field(min_length=20)
    method_sv: str
    found_by: str
    areas: tuple[AreaId, ...] = Field(min_length=1)
    about: Literal["cost", "quality", "competence", "organisation", "cooperation"]
    direction: Literal["up", "down", "mixed", "none", "unclear"]
    indicators: tuple[Identifier, ...] = ()
    studies: tuple[Identifier, ...] = ()
