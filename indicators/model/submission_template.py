"""The types of a submission's template: what a municipality is asked for, and checks across all templates.

Belongs here: fields, their allowed values, and the references between templates and the catalogue. Does not belong
here: loading files (`load/catalogue.py`), or reading and validating a submission (`pipelines/submissions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from indicators.model.indicator import Identifier, Indicator, Measure, Strict

DATASET = "submissions.varden"
FIXED_HEADS = ("Kommunkod", "Kommun", "År", "Kön")
UNITS = {"persons": "antal", "share": "%"}  # an amount declares its own unit


class TemplateField(Strict):
    """One column of a template and its series.

    Kinds: `persons` is a number of persons, `share` a share of persons in per cent, `amount` money, time or anything
    else that can be added. `persons` names the column with the number of persons behind a share or an amount.
    `at_most` names the column that this one is a part of. `required`: the cell may not be empty.
    """

    series: Identifier
    head_sv: str = Field(min_length=3, max_length=60, pattern=r"^[^;,|\t()]+$")  # it precedes a unit in a CSV header
    kind: Literal["persons", "share", "amount"]
    unit: str
    help_sv: str = Field(min_length=20)
    decimals: int = Field(default=0, ge=0, le=2)
    min: float = 0
    max: float
    required: bool = False
    persons: Identifier | None = None
    at_most: Identifier | None = None

    @model_validator(mode="after")
    def _kind_has_its_fields(self) -> TemplateField:
        if (self.kind == "persons") != (self.persons is None):
            raise ValueError("persons: the column with the number of persons, for a share or an amount only")
        if self.kind in UNITS and self.unit != UNITS[self.kind]:
            raise ValueError(f"unit: {UNITS[self.kind]} for the kind {self.kind}")
        if self.kind == "persons" and self.decimals:
            raise ValueError("decimals: a number of persons is whole")
        if self.min > self.max:
            raise ValueError("min is not above max")
        return self

    @property
    def heading(self) -> str:
        """The column's head, with its unit."""
        return f"{self.head_sv} ({self.unit})"


class Total(Strict):
    """A column that is the sum of others."""

    total: Identifier
    parts: tuple[Identifier, ...] = Field(min_length=2)


class SubmissionTemplate(Strict):
    """The figures requested in one file: one row for each municipality and year, and sex where `by_sex`."""

    template_id: Identifier
    title_sv: str = Field(min_length=8)
    about_sv: str = Field(min_length=40)
    by_sex: bool = False
    first_year: int = Field(ge=2000, le=2100)
    fields: tuple[TemplateField, ...] = Field(min_length=1)
    totals: tuple[Total, ...] = ()

    @model_validator(mode="after")
    def _names_its_own_columns(self) -> SubmissionTemplate:
        known = {f.series: f for f in self.fields}
        heads = [*FIXED_HEADS, *(f.head_sv for f in self.fields)]
        if len({h.casefold() for h in heads}) < len(heads):
            raise ValueError("fields: every head once, and none of the fixed ones")
        for one in self.fields:
            if one.persons is not None and (one.persons not in known or known[one.persons].kind != "persons"):
                raise ValueError(f"fields: {one.series}: persons is no number of persons of this template")
            if one.at_most is not None and (one.at_most not in known or known[one.at_most].unit != one.unit):
                raise ValueError(f"fields: {one.series}: at_most is no column of this template with the same unit")
        for total in self.totals:
            added = (total.total, *total.parts)
            if len(set(added)) < len(added) or any(s not in known or known[s].kind == "share" for s in added):
                raise ValueError(f"totals: {total.total}: other columns of this template, each once, and no share")
            if len({known[s].unit for s in added}) > 1:
                raise ValueError(f"totals: {total.total}: columns of one unit")
        return self

    @property
    def heads(self) -> tuple[str, ...]:
        """The columns before the fields."""
        return FIXED_HEADS if self.by_sex else FIXED_HEADS[:-1]


def template_fault(
    templates: Iterable[SubmissionTemplate], items: Iterable[Measure | Indicator]
) -> tuple[str, str, str] | None:
    """The first inconsistency between templates and the catalogue: key, expected and found; None if there is none."""
    units: dict[str, str] = {}
    for template in templates:
        for one in template.fields:
            if one.series in units:
                return f"{template.template_id}: series", "each series in one template", one.series
            units[one.series] = one.unit
    for item in items:
        if item.dataset != DATASET or item.series is None:
            continue
        name = item.measure_id if isinstance(item, Measure) else item.indicator_id
        if item.series not in units:
            return f"{name}: series", f"a series of a template ({', '.join(sorted(units))})", item.series
        if item.unit != units[item.series]:
            return f"{name}: unit", f"the template's unit of {item.series} ({units[item.series]})", item.unit
    return None
