"""The keys of `live` in a dataset of SCB's `declaration.yml`, typed.

Belongs here: those types. Does not belong here: what they match in a table (`resolve.py`).
"""

from __future__ import annotations

import re
from string import Formatter
from typing import Literal

from pydantic import Field, field_validator, model_validator

from indicators.load.catalogue import validated
from indicators.model.indicator import Strict
from pipelines.datasets import STATUSES, datasets, declaration_of


class Category(Strict):
    """One category of a variable: by its code, by its label, or by both, which then have to agree.

    `label` is a case-insensitive regular expression; its named groups are stored.
    """

    code: str | None = None
    label: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Category:
        if self.code is None and self.label is None:
            raise ValueError("a category is named by its code, its label, or both")
        re.compile(self.label or "")
        return self

    def __str__(self) -> str:
        told = [f"code {self.code}" if self.code is not None else "", f"label {self.label}" if self.label else ""]
        return ", ".join(filter(None, told))


class Areas(Strict):
    """The variable of areas. Codes of four digits are municipalities; `left_out` are patterns of codes to skip.

    A code that is neither of these nor `nation` is an error.
    """

    variable: str = "Region"
    nation: str = "00"
    left_out: tuple[str, ...] = ()


class Sexes(Strict):
    """The variable of sexes. `T: sum` adds women and men, which is right only where no noise has been added."""

    variable: str = "Kon"
    T: Category | Literal["sum"]
    K: Category
    M: Category


class Part(Strict):
    """Series of a table: `series` is their id, with {Variable} for the word of a variable's category.

    `codelists` names the server's list of codes (`agg_…`, `vs_…`) that stands for a variable's own. `first` and `last`
    are years.
    """

    series: str
    words: dict[str, dict[str, Category]] = Field(default={})
    codelists: dict[str, str] = Field(default={})
    first: int | None = None
    last: int | None = None

    @model_validator(mode="after")
    def _names_its_variables(self) -> Part:
        named = {name for _, name, _, _ in Formatter().parse(self.series) if name is not None}
        if named != set(self.words):
            raise ValueError(f"series names {sorted(named)}, words are given for {sorted(self.words)}")
        if strange := set(self.codelists) - named:
            raise ValueError(f"lists of codes for variables without words: {sorted(strange)}")
        return self


class Table(Strict):
    """A table. Every variable is used, pinned to one category, or eliminated (summed by the publisher)."""

    table: str
    api: Literal["v1", "v2"]
    time: str = "Tid"
    areas: Areas | None = None
    sexes: Sexes | None = None
    pinned: dict[str, Category] = Field(default={})
    eliminated: tuple[str, ...] = ()
    parts: tuple[Part, ...] = Field(min_length=1)


class Live(Strict):
    """How a dataset is requested.

    `rows`: facts, or months of an index. `statuses` maps the publisher's signs to statuses. In version 1, where a sign
    replaces the number, an undeclared one is an error; in version 2 its status is `code:` and the sign, and the value
    is dropped.
    """

    rows: Literal["facts", "months"] = "facts"
    statuses: dict[str, str] = Field(default={})
    tables: tuple[Table, ...] = Field(min_length=1)

    @field_validator("statuses")
    @classmethod
    def _are_known(cls, given: dict[str, str]) -> dict[str, str]:
        if strange := set(given.values()) - set(STATUSES):
            raise ValueError(f"no such status: {sorted(strange)}; there are {', '.join(STATUSES)}")
        return given

    @model_validator(mode="after")
    def _holds_together(self) -> Live:
        names = [t.table for t in self.tables]
        if len(set(names)) < len(names):
            raise ValueError("a table stands twice: give it more parts instead")
        if self.rows == "facts" and (lacking := [t.table for t in self.tables if t.areas is None]):
            raise ValueError(f"facts need areas: {', '.join(lacking)}")
        if self.rows == "months" and sum(len(t.parts) for t in self.tables) > 1:
            raise ValueError("the months of an index are one part of one table, so that they have one base")
        return self


def live_of(dataset: str) -> Live:
    """How a dataset is requested.

    Raises:
        DeclarationError: the declaration is wrong, with file and key.
    """
    return validated(declaration_of(dataset), Live, datasets()[dataset].live, where=f"{dataset}: live.")
