"""The types of the registers' rows: areas, groups, price indices, data gaps, controls.

Belongs here: fields and their allowed values. Does not belong here: the indicator itself (`model.py`), reading files
(`load.py`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from indicators.model import GrArea, Identifier, Strict, SuccessFactor, Theme, Year


class PriceIndexEntry(Strict):
    """A price index that the source data hold; annual values are means of its months."""

    index_id: Identifier
    title_sv: str
    dataset: str
    base_year: Year


class County(Strict):
    """A county (län) and the region that is responsible for its health care."""

    county_id: str = Field(pattern=r"^\d{2}$")
    name: str
    region_id: str = Field(pattern=r"^00\d{2}$")


class AreaChange(Strict):
    """A municipality that was not there all the time, or whose code was another."""

    area_id: str = Field(pattern=r"^\d{4}$")
    valid_from: date
    note_sv: str


GroupType = Literal["gr", "vgr", "kommungrupp", "liknande", "county", "kolada"]


class Group(Strict):
    """A group of municipalities whose members come from one of Kolada's groups.

    `expected_members` guards the membership; `aggregate` says that weighted group values are computed.
    """

    group_id: str = Field(pattern=r"^[A-Z][A-Z0-9]*$|^\d{2}$")
    name: str
    group_type: GroupType
    kolada_group: str = Field(pattern=r"^G\d+$")
    expected_members: int = Field(gt=0)
    aggregate: bool = True
    valid_from: date


class SimilarGroups(Strict):
    """The family of Kolada's groups of similar municipalities that `similar_mean` uses."""

    title_pattern: str
    expected_groups: int
    members_each: int
    valid_from: date


class DataGap(Strict):
    """What an official frame wants and no source gives."""

    gap_id: Identifier
    wanted_sv: str = Field(min_length=10)
    frame: str
    theme: Theme
    gr_area: GrArea | None = None
    success_factor: SuccessFactor | None = None
    why_missing_sv: str = Field(min_length=20)
    proxy_indicator: Identifier | None = None
    proxy_note_sv: str | None = None
    could_provide_sv: str = Field(min_length=3)


class NationalTotal(Strict):
    """A published national total that a sum over municipalities has to meet."""

    year: Year
    value: float
    source: str


class Control(Strict):
    """A reconciliation. Kinds:

    `national_total`: sum over municipalities of `measure` against `totals`; `nation_sum`: the nation's published value
    of `measure` against the municipalities' sum; `nation_rate`: the same for a rate, weighted by `weight`; `sex_sum`: T
    against K + M for each area and year. `tolerance` is relative; `unit_factor` divides the sum.
    """

    control_id: Identifier
    title_sv: str
    kind: Literal["national_total", "nation_sum", "nation_rate", "sex_sum"]
    measure: str
    weight: Identifier | None = None
    unit_factor: float = 1.0
    tolerance: float = Field(gt=0, lt=1)
    years: tuple[Year, ...] = ()
    totals: tuple[NationalTotal, ...] = ()
