"""The declared layout of a publisher's workbook, so that next year's layout is a change of YAML.

Belongs here: the keys of a layout. Does not belong here: reading by it (`layout_reader.py`), or any publisher's own
sheets.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from indicators.model.indicator import Strict


def _pattern(text: str) -> str:
    re.compile(text)
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression, tried on the whole text, without regard to case; runs of blanks count as one."""

Sex = Literal["T", "K", "M"]
Status = Literal["missing", "suppressed", "not_applicable", "not_collected", "withdrawn", "forecast"]


class Values(Strict):
    """One or more value columns: their heads (synonyms), and the series that they make.

    Named groups of a head and names of `dimensions` fill in `series`; a group called `year` is the year. `per_cent`
    says that they are shares, from 0 to 100.
    """

    series: str
    heads: tuple[Pattern, ...] = Field(min_length=1)
    sex: Sex | None = None
    optional: bool = False
    per_cent: bool = False


class Dimension(Strict):
    """A column that classifies the rows: its heads, and the code of each of its words in `series`."""

    heads: tuple[Pattern, ...] = Field(min_length=1)
    words: dict[str, str]


class Alias(Strict):
    """Another name of an area, and the years of the files in which it is valid."""

    name: str
    area: str = Field(pattern=r"^[0-9]{4}$")
    first: int = 1900
    last: int = 2100


class Layout(Strict):
    """The layout of the files of some years.

    `file` matches the files' names. Its group `issue` is taken from the name; its group `year` says that the name
    holds the year, where no column or head does: the only year in the name, or the one of its years that the sheet
    states above its header. `sheets` are read, `sheets_left_out` are known and ignored; any other sheet is reported,
    and so is any column that is neither declared nor matched by `columns_left_out`. What is left out is ignored,
    whatever else matches it. A head must match completely; two columns for one head, or two heads for one column, are
    an error. `header_rows` is the maximum number of rows in a header. `markers` maps a text that replaces a number to
    its status; the empty text is a blank cell. `rows_left_out` are matched against the area's cell (the year's, where
    there is no area) or, where that is blank, against the first cell of a row without values or without any other
    text; rows with values are reported. `text_numbers` allows "1 234,5" and "12,3 %" as text. `forecast_from` marks
    years as forecasts from so many years after the issue's year.

    `area_by: name` means that areas are identified by name: those of the list of municipalities, and `aliases`.
    `title` is a required cell above the header; its group `year` has to be the file's year. `ends_at` is the first
    cell of the row where another table begins, which is not read. `summed` are series whose municipalities have to sum
    to the row of the nation; `make_100` are shares that have to sum to 100 in each row.
    """

    years: tuple[int, int] = (1900, 2100)
    file: Pattern
    sheets: tuple[Pattern, ...] = Field(min_length=1)
    sheets_left_out: tuple[Pattern, ...] = ()
    header_rows: int = Field(default=1, ge=1, le=4)
    area: tuple[Pattern, ...] = ()
    area_by: Literal["code", "name"] = "code"
    aliases: tuple[Alias, ...] = ()
    title: Pattern | None = None
    ends_at: tuple[Pattern, ...] = ()
    summed: tuple[str, ...] = ()
    make_100: tuple[str, ...] = ()
    nation: tuple[Pattern, ...] = ()
    year: tuple[Pattern, ...] = ()
    sex: Dimension | None = None
    dimensions: dict[str, Dimension] = Field(default={})
    values: tuple[Values, ...] = Field(min_length=1)
    columns_left_out: tuple[Pattern, ...] = ()
    rows_left_out: tuple[Pattern, ...] = ()
    markers: dict[str, Status] = Field(default={})
    text_numbers: bool = False
    forecast_from: int | None = None

    @model_validator(mode="after")
    def _series_can_be_named(self) -> Layout:
        given = {*self.dimensions, *re.compile(self.file).groupindex}
        for column in self.values:
            named = {name for _, name, _, _ in Formatter().parse(column.series) if name is not None}
            for head in column.heads:
                if strange := named - given - set(re.compile(head).groupindex):
                    raise ValueError(f"values: {column.series} names {sorted(strange)}, which {head} does not tell")
        if strange := {*self.summed, *self.make_100} - {column.series for column in self.values}:
            raise ValueError(f"summed, make_100: series that are not read: {sorted(strange)}")
        if self.summed and not self.nation:
            raise ValueError("summed: needs `nation`, the row that holds the sum")
        return self


class Layouts(Strict):
    """`live` of a dataset that comes as files: its layouts, one for each run of years."""

    layouts: tuple[Layout, ...] = Field(min_length=1)


def matches(patterns: tuple[str, ...], text: str) -> re.Match[str] | None:
    """The first pattern that is the whole text."""
    found = (re.fullmatch(pattern, text, flags=re.IGNORECASE) for pattern in patterns)
    return next((match for match in found if match), None)
