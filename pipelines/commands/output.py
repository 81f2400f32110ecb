"""What a person is told of releases and areas: comparisons, the list of releases.

Belongs here: laying out facts for the command line. Does not belong here: what is told of a run (`run_output.py`) and
of the current release (`status_output.py`), or doing any of the work.
"""

from __future__ import annotations

import re
from typing import Any

from indicators.model import words
from pipelines.commands import terminal
from pipelines.errors import UsageError
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.text.swedish_numbers import number

# The column that says how many municipalities a mean rests on.
_NUMBERS = {
    "county_mean": "county_n", "gr_weighted": "gr_n", "gr_unweighted": "gr_n", "kommungrupp_median": "kommungrupp_n",
    "similar_median": "similar_n",
}  # fmt: skip
_FEW = 3
_ALONE = re.compile(r"00\d\d")  # codes of the nation and of regions
_ONLY_WIDE = ("länet", "GR ovägt", "typ", "liknande")


def tell_comparison(
    rows: list[dict[str, Any]], area_id: str, name: str, other: tuple[str, str] | None, theme: str | None
) -> None:
    """Lay out `reader.compare`."""
    if not rows:
        raise _nothing_to_compare(area_id, name, theme)
    columns = {
        name: "value", **({other[1]: "with_value"} if other else {}), "riket": "nation", "länet": "county_mean",
        "GR vägt": "gr_weighted", "GR ovägt": "gr_unweighted", "typ": "kommungrupp_median",
        "liknande": "similar_median",
    }  # fmt: skip
    wide, width = _in_columns(rows, columns), terminal.out.width
    fewer = {head: column for head, column in columns.items() if head not in _ONLY_WIDE}
    lines, left_out = wide, ""
    if len(wide[0]) > width:
        lines = _in_columns(rows, fewer)
        left_out = f" Ett fönster med {len(wide[0])} tecken visar också {', '.join(_ONLY_WIDE)}."
    is_in_columns = len(lines[0]) <= width
    terminal.out.print(f"[bold]{name} ({area_id})[/bold], newest value of each indicator, T")
    theme = ""
    for row, line in zip(rows, lines[1:], strict=True):
        if row["theme"] != theme:
            theme = row["theme"]
            heads = f"\n[bold]{lines[0]}[/bold]" if is_in_columns else ""
            terminal.out.print(f"\n[bold]{theme}[/bold]{heads}")
        place = _place(row)
        doubts = {name: row["caution"], **({other[1]: row["with_caution"]} if other else {})}
        doubt = "".join(f"; varning för {of}: {words.said(words.CAUTIONS, why)}" for of, why in doubts.items() if why)
        few = _few(row, columns if lines is wide or not is_in_columns else fewer)
        terminal.out.lines(f"{row['indicator_id']}, {_compared_unit(row)[0]}, {row['year']}{place}{few}{doubt}")
        if is_in_columns:
            terminal.out.print(line)
        else:  # not even those stand in columns here: all of them, each with its name
            figures = zip([*columns, "1 år", "5 år"], _compared_figures(row, list(columns.values()))[1:], strict=True)
            terminal.out.lines(" · ".join(f"{head} {figure}" for head, figure in figures), indent=2)
    terminal.out.print(
        "\nPlatsen räknas bland kommunerna från närmaste änden och är ingen bedömning. ”Mellan” säger vilka platser "
        "den kan ha när slumpen räknas in (95 procent); står det inte är det okänt hur säker platsen är. Länet och GR "
        "ovägt är ovägda medelvärden, typ är medianen av kommuner av samma typ, liknande medianen av dem som liknar "
        "mest. – : värde saknas. ”Länet av 1”: så många kommuner hade ett värde, sagt när de är färre än tre."
        f"{left_out if is_in_columns else ''}"
    )


def _place(row: dict[str, Any]) -> str:
    """The place, and between which it may lie; counties and groups have none."""
    return "".join(f", {words}" for words in (row["place_sv"], row["place_interval_sv"]) if words)


def _few(row: dict[str, Any], columns: dict[str, str]) -> str:
    """Which of the means that are shown rest on fewer than three municipalities, and on how many."""
    told = {head.partition(" ")[0]: row[_NUMBERS[column]] for head, column in columns.items()
            if column in _NUMBERS and row[column] is not None and row[_NUMBERS[column]] < _FEW}  # fmt: skip
    return f"; {', '.join(f'{head} av {n}' for head, n in told.items())}" if told else ""


def _nothing_to_compare(area_id: str, name: str, theme: str | None) -> UsageError:
    is_alone = _ALONE.fullmatch(area_id) is not None
    rest = "leave --theme out; " if theme and not is_alone else ""
    seen = f"\"select theme, count(value) from observation_wide where area_id = '{area_id}' group by 1\""
    return UsageError(
        "the nation and the regions are compared with no others" if is_alone else "there are no values to compare",
        where=f"{area_id} {name}" + (f", theme {theme}" if theme and not is_alone else ""),
        expected="a municipality, a county or a group that has values",
        remedy=f"{rest}what there is of the area: nyckeltal sql {seen}",
    )


def _in_columns(rows: list[dict[str, Any]], columns: dict[str, str]) -> list[str]:
    """A line of heads and one for each row, all equally long."""
    figures = [["", *columns, "1 år", "5 år"], *(_compared_figures(row, list(columns.values())) for row in rows)]
    widths = [max(len(line[place]) for line in figures) for place in range(len(figures[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in figures]


def _compared_unit(row: dict[str, Any]) -> tuple[str, float]:
    """The unit that is shown, and what values are divided by: whole kronor are too long to compare by eye."""
    unit = str(row["unit"])
    whole = unit == "kr" or unit.startswith("kr i ")  # of a year's prices
    return (f"mn{unit}", 1e6) if whole else (unit, 1)


def _compared_figures(row: dict[str, Any], columns: list[str]) -> list[str]:
    divisor = _compared_unit(row)[1]

    def figure(column: str) -> str:
        return number(None if row[column] is None else row[column] / divisor, row["decimals"])

    return [
        "",
        *map(figure, columns),
        figure("change_1y"),
        figure("change_5y"),
    ]


def tell_releases(found: list[ReleaseInfo], standing: ReleaseInfo | None) -> None:
    """A list of releases, the current one marked."""
    rows = [
        {
            "current": "*" if standing and r.release_id == standing.release_id else "",
            "release_id": r.release_id,
            "created_at": r.created_at.isoformat(sep=" ", timespec="seconds"),
            "observations": r.tables["observation"],
            "code": r.code_version,
            "stale": ", ".join(r.stale_sources),
        }
        for r in found
    ]
    if rows:
        terminal.records_as_table(rows, f"{len(rows)} releases")
    else:
        terminal.out.print("No releases yet: run `nyckeltal refresh`.")
