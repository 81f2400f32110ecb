"""What a person is told of releases and areas: status, comparisons, the list of releases.

Belongs here: gathering facts for the command line and laying them out. Does not belong here: what is told of a run
(`run_output.py`), or doing any of the work.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import polars as pl

from indicators.model import words
from pipelines.commands import terminal
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.storage.release_sums import sound_database
from pipelines.storage.sealing import DamagedError
from pipelines.storage.verification import damage_of_state
from pipelines.text.swedish_numbers import number

# The column that says how many municipalities a mean rests on.
_NUMBERS = {
    "county_mean": "county_n", "gr_weighted": "gr_n", "gr_unweighted": "gr_n", "kommungrupp_median": "kommungrupp_n",
    "similar_mean": "similar_n",
}  # fmt: skip
_FEW = 3
_EVENTS_SHOWN = 12
_ALONE = re.compile(r"00\d\d")  # codes of the nation and of regions
_ONLY_WIDE = ("länet", "GR ovägt", "typ", "liknande")


def _last_run(settings: Settings) -> Any:
    """The newest whole line of the log; a full disk can cut one short."""
    lines = settings.run_log.read_text(encoding="utf-8").splitlines() if settings.run_log.exists() else []
    for line in reversed(lines):
        with suppress(ValueError):
            return json.loads(line)
    return None


def status_of(settings: Settings) -> dict[str, Any]:
    """The current release, its age, its failed checks, the last run, and what is damaged of it or of the state."""
    from pipelines.quality import series_events  # noqa: PLC0415 - loads the catalogue

    found: dict[str, Any] = {"release": None, "last_run": _last_run(settings), "damaged": _damage(settings)}
    try:
        standing = release_pointer.current(settings.releases_dir)
        if standing is None:
            return found
        folder = sound_database(release_pointer.current_folder(settings.releases_dir)).parent
    except DamagedError as error:
        return found | {"damaged": [*found["damaged"], error.parts()], "release_is_damaged": True}
    checks = reader.query(
        folder,
        "select level, count(*) as n, count(*) filter (where passed) as ok from quality_result group by 1 order by 1",
    )
    failed = reader.query(
        folder,
        "select check_id, level, subject, expected, found, sample from quality_result where not passed "
        "order by level, check_id",
    )
    sources = reader.query(
        folder,
        "select source_id, dataset, max(fetched_at) as fetched_at, max_by(published_at, fetched_at) as published_at, "
        "max_by(rows, fetched_at) as rows from source_file group by 1, 2 order by 1, 2",
    )
    hours = (datetime.now(UTC).replace(tzinfo=None) - standing.created_at).total_seconds() / 3600
    return found | {
        "release": standing.as_json(),
        "age_hours": round(hours, 1),
        "is_late": hours > settings.max_fresh_hours,
        "releases": len(release_pointer.releases(settings.releases_dir)),
        "checks": checks.to_dicts(),
        "failed_checks": failed.to_dicts(),
        "quarantined_rows": reader.query(folder, "select count(*) as n from quarantine").item(),
        "cautions": reader.query(folder, reader.CAUTIONS_SQL).to_dicts(),
        "revisions": reader.query(folder, "select count(*) as n from revision").item(),
        "sources": sources.to_dicts(),
        "events": [] if found["damaged"] else series_events.as_rows(series_events.series_events(settings)),
    }


def _damage(settings: Settings) -> list[dict[str, str]]:
    """What is not as it was written, if anything, of the records and the files that a release is built on."""
    return [error.parts() for error in damage_of_state(settings)]


def tell_status(found: dict[str, Any]) -> None:
    """Lay out `status_of`."""
    release, last = found["release"], found["last_run"]
    for error in found["damaged"]:
        terminal.out.print(f"[bold red]Damaged[/bold red] {error['what']}", soft_wrap=True)
        for label, name in (
            ("where", "where"), ("expected", "expected"), ("found", "found"), ("what to do", "remedy")
        ):  # fmt: skip
            terminal.out.print(f"  {label}: {error[name]}", markup=False, soft_wrap=True)
    if release is None and not found.get("release_is_damaged"):
        terminal.out.print("Nothing has been released yet: run `nyckeltal refresh`.")
    elif release:
        late = " [bold red](late)[/bold red]" if found["is_late"] else ""
        terminal.out.print(
            f"[bold]Release[/bold] {release['release_id']}, {number(found['age_hours'], 1)} hours old{late}"
        )
        rows = release["tables"]
        terminal.out.print(
            f"  {number(rows['observation'])} observations, {rows['indicator']} indicators, "
            f"{rows['area']} areas; {number(found['revisions'])} revisions against the release before; "
            f"{number(found['quarantined_rows'])} rows in quarantine"
        )
        terminal.out.print(f"  {_cautions_told(found['cautions'])}", soft_wrap=True)
        if release["stale_sources"]:
            terminal.out.print(f"  [bold red]stale[/bold red]: {', '.join(release['stale_sources'])}")
        terminal.table(pl.DataFrame(found["sources"]), title="Sources")
        counts = "; ".join(f"{c['level']}: {c['ok']} of {c['n']} passed" for c in found["checks"])
        terminal.out.print(f"[bold]Checks[/bold] {counts}")
        for check in found["failed_checks"]:
            terminal.out.print(f"  {check['level']} {check['check_id']}: {check['subject']}", markup=False)
            terminal.out.print(f"    expected {check['expected']}; found {check['found']}", markup=False)
            if check["sample"]:
                terminal.out.print(f"    {check['sample']}", markup=False)
    _tell_events(found.get("events", []))
    if last:
        terminal.out.print(
            f"[bold]Last run[/bold] {last['started']} UTC: {last['kind']}, {last['outcome']}, {last['seconds']} s"
        )
        for dataset, why in last["held_back"].items():
            terminal.out.print(f"  held back {dataset}: {why}", markup=False)
        if last["error"]:
            terminal.out.print(f"  {last['error']}", markup=False)


def _cautions_told(cautions: list[dict[str, Any]]) -> str:
    """How many values carry a caution, by caution, and how many were not published for one."""
    values = sum(c["n"] for c in cautions)
    by_caution = "; ".join(f"{c['caution']} {number(c['n'])}" for c in cautions if c["n"])
    left_out = ", ".join(f"{number(c['not_published'])} for {c['caution']}" for c in cautions if c["not_published"])
    return (
        f"values with a caution: {number(values)}"
        + (f" ({by_caution})" if by_caution else "")
        + (f"; values not published: {left_out}" if left_out else "")
    )


def tell_comparison(
    frame: pl.DataFrame, area_id: str, name: str, other: tuple[str, str] | None, theme: str | None
) -> None:
    """Lay out `reader.compare`."""
    if frame.is_empty():
        raise _nothing_to_compare(area_id, name, theme)
    columns = {
        name: "value", **({other[1]: "with_value"} if other else {}), "riket": "nation", "länet": "county_mean",
        "GR vägt": "gr_weighted", "GR ovägt": "gr_unweighted", "typ": "kommungrupp_median", "liknande": "similar_mean",
    }  # fmt: skip
    rows = list(frame.iter_rows(named=True))
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
        place = f", {row['place_sv']}" if row["place_sv"] else ""  # counties and groups have no place
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
        "\nPlatsen räknas bland kommunerna från närmaste änden och är ingen bedömning. Länet, GR ovägt och liknande är "
        "ovägda medelvärden, typ är medianen av kommuner av samma typ. – : värde saknas. ”Länet av 1”: "
        "så många kommuner hade ett värde, sagt när de är färre än tre."
        f"{left_out if is_in_columns else ''}"
    )


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
        terminal.table(pl.DataFrame(rows), title=f"{len(rows)} releases")
    else:
        terminal.out.print("No releases yet: run `nyckeltal refresh`.")


def _tell_events(events: list[dict[str, Any]]) -> None:
    """The newest events, in one line each."""
    if not events:
        return
    terminal.out.print(f"[bold]Series at the publisher[/bold] {len(events)} events")
    for event in events[:_EVENTS_SHOWN]:
        titles = " → ".join(title for title in (event["before"], event["after"]) if title)
        terminal.out.print(
            f"  {event['known_from'][:10]} {event['kind']} {event['series_id']} {titles}", markup=False, soft_wrap=True
        )
    if len(events) > _EVENTS_SHOWN:
        terminal.out.print(f"  … {len(events) - _EVENTS_SHOWN} more with --json")
