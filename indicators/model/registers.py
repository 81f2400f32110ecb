"""The types of the registers' rows: areas, groups, price indices, data gaps, frames, recipes, controls.

Belongs here: fields and their allowed values. Does not belong here: the indicator itself (`indicator.py`), loading
files (`load/catalogue.py`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from indicators.model.indicator import GrArea, Identifier, Strict, SuccessFactor, Theme, Year

Municipality = Annotated[str, Field(pattern=r"^\d{4}$")]


class PriceIndexEntry(Strict):
    """A price index that a source publishes, by month or by year. `base_year` is None where each issue has its own."""

    index_id: Identifier
    title_sv: str
    dataset: str
    base_year: Year | None = None


class PriceLevel(Strict):
    """The year of all fixed prices: one for the whole catalogue."""

    year: Year
    reason_sv: str = Field(min_length=10)


class County(Strict):
    """A county (län) and the region that is responsible for its health care."""

    county_id: str = Field(pattern=r"^\d{2}$")
    name: str
    region_id: str = Field(pattern=r"^00\d{2}$")


class Neighbours(Strict):
    """The neighbours of a municipality that have a higher code than its own, so that each pair is told once.

    `borders` meet it on the map; `over_water` are joined to it by a fixed link or a road ferry.
    """

    area_id: Municipality
    borders: tuple[Municipality, ...]
    over_water: tuple[Municipality, ...] = ()

    @model_validator(mode="after")
    def _each_pair_stands_once(self) -> Neighbours:
        named = (*self.borders, *self.over_water)
        if not named or len(set(named)) < len(named):
            raise ValueError("borders and over_water name each neighbour once, and at least one")
        if any(other <= self.area_id for other in named):
            raise ValueError("borders and over_water name higher codes only; the other pairs stand at the lower code")
        return self


class AreaChange(Strict):
    """A municipality that did not always exist, or had another code."""

    area_id: str = Field(pattern=r"^\d{4}$")
    valid_from: date
    note_sv: str


GroupType = Literal["gr", "vgr", "kommungrupp", "liknande", "county", "kolada", "own"]


class Group(Strict):
    """A group of municipalities: the members of one of Kolada's groups, or `members` named here.

    `expected_members` guards a membership that is Kolada's; `aggregate` says that weighted group values are computed.
    `valid_to` is the first day on which the group, as it is here, was no more (a division that has been made anew).
    """

    group_id: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$|^\d{2}$")
    name: str
    group_type: GroupType
    kolada_group: str | None = Field(default=None, pattern=r"^G\d+$")
    expected_members: int | None = Field(default=None, gt=0)
    members: tuple[Municipality, ...] = ()
    aggregate: bool = True
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _members_have_one_origin(self) -> Group:
        if (self.kolada_group is None) == (not self.members):
            raise ValueError("either kolada_group or members says who belongs to the group, not both")
        if (self.kolada_group is None) != (self.expected_members is None):
            raise ValueError("expected_members belongs to kolada_group")
        if len(set(self.members)) < len(self.members):
            raise ValueError("members: each area once")
        return self


class SimilarGroups(Strict):
    """A family of Kolada's groups of similar municipalities: a standard set (`recipe_id`) beside those of our own."""

    title_pattern: str
    recipe_id: Identifier
    title_sv: str
    purpose_sv: str = Field(min_length=20)
    expected_groups: int
    members_each: int
    valid_from: date


class DataGap(Strict):
    """What an official frame requires and no source provides."""

    gap_id: Identifier
    wanted_sv: str = Field(min_length=10)
    frame: str
    theme: Theme
    gr_area: GrArea | None = None
    success_factor: SuccessFactor | None = None
    frames: tuple[str, ...] = ()
    why_missing_sv: str = Field(min_length=20)
    proxy_indicator: Identifier | None = None
    proxy_note_sv: str | None = None
    could_provide_sv: str = Field(min_length=3)


class FrameItem(Strict):
    """One item that an official frame requires to be followed."""

    item_id: Identifier
    title_sv: str


class Frame(Strict):
    """An official frame of indicators, with its items in the frame's own order."""

    frame_id: Identifier
    title_sv: str
    source: str
    items: tuple[FrameItem, ...] = Field(min_length=1)


class StructureVariable(Strict):
    """A measure of what a municipality is like; `log`: by its logarithm, `weight`: its share of the distance."""

    measure: Identifier
    per: Identifier | None = None
    log: bool = False
    weight: float = Field(gt=0)
    why_sv: str = Field(min_length=20)

    @property
    def variable(self) -> str:
        """Its name in tables and commands: `invanare:landareal:log` is the logarithm of inhabitants by land area."""
        return ":".join([self.measure, *([self.per] if self.per else []), *(["log"] if self.log else [])])


class Similarity(Strict):
    """A standard set: how similar municipalities are found, the `neighbours` nearest by distance each year.

    Exactly one is the default, which `comparison.similar_median` rests on.
    """

    recipe_id: Identifier
    recipe_version: int = Field(ge=1)
    title_sv: str
    purpose_sv: str = Field(min_length=20)
    default: bool = False
    neighbours: int = Field(ge=1, le=50)
    variables: tuple[StructureVariable, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _each_variable_once(self) -> Similarity:
        names = [v.variable for v in self.variables]
        if len(set(names)) < len(names):
            raise ValueError("variables: each once")
        return self

    @property
    def weights(self) -> str:
        """Variables and weights as commands take them: `invanare:log=1, invanare_80:invanare=1`."""
        return ", ".join(f"{v.variable}={v.weight:g}" for v in self.variables)


class CompositeInput(Strict):
    """An indicator's part of an index; `direction` is needed where its polarity gives none."""

    indicator: Identifier
    weight: float = Field(default=1, gt=0)
    direction: Literal["higher", "lower"] | None = None


class Ranking(Strict):
    """When municipalities may be ranked by an index: all three have to hold in a year.

    `least_alpha`: Cronbach's alpha (0.7 is Nunnally's). `most_places`: the part of all places that the median
    municipality's interval of places may take up. `least_known`: the part of the weights whose chance is known.
    """

    least_alpha: float = Field(default=0.7, gt=0, lt=1)
    most_places: float = Field(default=0.25, gt=0, le=1)
    least_known: float = Field(default=0.5, ge=0, le=1)


class Composite(Strict):
    """A recipe of an index over indicators of one theme.

    Each input is standardised over the municipalities of the year, cut at `winsor_z`, turned so that up is what
    `up_means_sv` says, and weighted. A missing input takes its last value when that is at most `carry_years` old and no
    break lies between. Below `min_coverage` (part of the weights) there is no index.
    """

    composite_id: Identifier
    recipe_version: int = Field(ge=1)
    title_sv: str
    theme: Theme
    up_means_sv: str
    winsor_z: float = Field(gt=0)
    carry_years: int = Field(ge=0, le=5)
    min_coverage: float = Field(gt=0, le=1)
    ranking: Ranking = Ranking()
    inputs: tuple[CompositeInput, ...] = Field(min_length=2)


class WeightDifference(Strict):
    """Why the municipalities' weighted mean is not the nation's own value, of these indicators in these years.

    It holds for relative differences of at most `most`; a larger one is unexplained. Without `last_year`: from then on.
    """

    difference_id: Identifier
    indicators: tuple[Identifier, ...] = Field(min_length=1)
    first_year: Year
    last_year: Year | None = None
    most: float = Field(gt=0, le=0.5)
    reason_sv: str = Field(min_length=40)


class CautionLimits(Strict):
    """When a finished figure carries a caution, and when there are too many of them.

    `beyond_factor`: so many times outside the plausible range. `own_years_factor`: so many times more or less than the
    median of the area's years, `own_years_least` of them, that is at least `own_low_least` (for less) or
    `own_high_least` (for more). A zero is flagged where that median is at least `zero_least` and the fifth percentile
    of the municipalities of the year is at least `zero_crowd` of their median. A group's value is flagged where the
    municipalities' weighted mean misses the nation's own value by more than `weight_tolerance`, unexplained. More than
    `most_of_newest_year` of an indicator's municipalities in its newest year, or `most_of_release` of all values,
    block the release.
    """

    limits_id: Identifier = "finished_figures"
    beyond_factor: float = Field(default=2, gt=1)
    own_years_factor: float = Field(default=300, gt=1)
    own_years_least: int = Field(default=3, ge=2)
    own_low_least: float = Field(default=1000, gt=0)
    own_high_least: float = Field(default=10, gt=0)
    zero_least: float = Field(default=5000, gt=0)
    zero_crowd: float = Field(default=0.5, gt=0, le=1)
    weight_tolerance: float = Field(default=0.002, gt=0, le=0.1)
    most_of_newest_year: float = Field(default=0.05, gt=0, le=1)
    most_of_release: float = Field(default=0.01, gt=0, le=1)


class NationalTotal(Strict):
    """A published national total that a sum over municipalities has to match."""

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
