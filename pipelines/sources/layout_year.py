"""Selects the layout of a file, and its year: by the file's name and the text above the headers of its sheets.

Belongs here: years and issue in a name, and whether name and sheet agree. Does not belong here: years in a column or
in a column head (`layout_reader.py`). Nothing is guessed: of two years in a name neither is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.errors import SourceError
from pipelines.sources.cells import Sheet
from pipelines.sources.layout_faults import Faults, plain
from pipelines.sources.layout_heads import Header
from pipelines.sources.layout_model import Layout, Layouts, matches

_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DATE = re.compile(rf"(?<!\d)((?:19|20)\d{{2}})(?:-?{_MONTH}-?{_DAY})(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_ISSUE = re.compile(rf"(?<!\d)(20\d{{2}}-{_MONTH})(?!-?\d)")


@dataclass(frozen=True)
class FileName:
    """What a file's name says: its layout, the groups of `file` except `year`, and every year in the name.

    `years` is None when the layout does not take the year from the name.
    """

    layout: Layout
    given: dict[str, str]
    years: tuple[str, ...] | None

    @property
    def year(self) -> str | None:
        """The year in the name, if there is exactly one."""
        return self.years[0] if self.years is not None and len(self.years) == 1 else None


def chosen(name: str, layouts: Layouts) -> FileName:
    """Select the layout of a file by its name.

    Raises:
        SourceError: no layout matches, or the name holds years of several layouts, or several issues.
    """
    fitting = [named for layout in layouts.layouts if (named := _named(name, layout)) is not None]
    if not fitting:
        raise SourceError(
            "no layout is for this file",
            where=name,
            expected="; ".join(f"{la.file} ({la.years[0]}–{la.years[1]})" for la in layouts.layouts),
            found=name,
            remedy="give the file a name of that form, or add a layout to the publisher's declaration",
        )
    by_year = {year: next((n for n in fitting if _within(n.layout, year)), None) for year in fitting[0].years or ()}
    if len({id(named) for named in by_year.values()}) > 1:
        raise _several(name, "years", tuple(by_year))
    issues = tuple(dict.fromkeys(_ISSUE.findall(name)))
    if "issue" in fitting[0].given and len(issues) > 1:
        raise _several(name, "issues", issues)
    return fitting[0]


def year_of(sheet: Sheet, header: Header, named: FileName, faults: Faults) -> str | None:
    """The year of a sheet's rows, where no column holds it: the name's, or the one of the name's years that the sheet
    states.

    A sheet that states another year than its name is an error, and so is a name with several years where the sheet
    states none of them, or more than one.
    """
    if named.layout.title is not None:
        said = _title(sheet, header, named.layout, faults)
    elif named.years is None or header.tells_year:
        return named.year
    else:
        above = [sheet.name, *(plain(c) for row in sheet.rows[: header.top] for c in row)]
        said = tuple(dict.fromkeys(year for text in above for year in _YEAR.findall(_DATE.sub(" ", text))))
    names = named.years or ()
    both = [year for year in names if year in said]
    if len(both) == 1 and len(said) == 1:
        return both[0]
    if said and not both:
        faults.add(
            sheet.name, "A1", f"the title says {', '.join(said)}, the name of the file {', '.join(names) or '-'}"
        )
    elif len(names) > 1:
        faults.add(
            sheet.name, "A1", f"the name of the file holds several years ({', '.join(names)}), and the sheet does not "
            "say which of them it is of: leave only that year in the name",
        )  # fmt: skip
    return names[0] if names else None


def _named(name: str, layout: Layout) -> FileName | None:
    found = matches((layout.file,), name)
    if found is None:
        return None
    given = {key: text for key, text in found.groupdict().items() if text is not None}
    if given.pop("year", None) is None:
        issue = given.get("issue")
        return FileName(layout, given, None) if issue is None or _within(layout, issue[:4]) else None
    years = tuple(dict.fromkeys([*_YEAR.findall(name), *_DATE.findall(name)]))
    fits = any(_within(layout, year) for year in years) or not years
    return FileName(layout, given, years) if fits else None


def _within(layout: Layout, year: str) -> bool:
    return layout.years[0] <= int(year) <= layout.years[1]


def _several(name: str, what: str, found: tuple[str, ...]) -> SourceError:
    return SourceError(
        f"the name of the file holds several {what}",
        where=name,
        expected=f"one of the {what} only",
        found=", ".join(found),
        remedy="leave in the name only the one that the figures are of",
    )


def _title(sheet: Sheet, header: Header, layout: Layout, faults: Faults) -> tuple[str, ...]:
    """The year in the required title; None if there is none."""
    above = [plain(c) for row in sheet.rows[: header.first_row] for c in row if plain(c)]
    found = next((match for text in above if (match := matches((layout.title or "",), text))), None)
    if found is None:
        faults.add(sheet.name, "A1", f"no title like {layout.title}")
    told = found.groupdict().get("year") if found else None
    return (told,) if told else ()
