"""What a person is told of the current release, the last run, and what is damaged: `nyckeltal status`.

Belongs here: gathering these facts for the command line and laying them out. Does not belong here: what is told of a
run as it ends (`run_output.py`), or what is checked (`storage/verification.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.commands import terminal
from pipelines.errors import SourceError
from pipelines.quality import series_events
from pipelines.reading import reader
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_sums import sound_database
from pipelines.storage.sealing import DamagedError
from pipelines.storage.verification import damage_of_state
from pipelines.text.swedish_numbers import number

_EVENTS_SHOWN = 12
_STATUS = {
    "checks": "select level, count(*) as n, count(*) filter (where passed) as ok from quality_result group by 1 "
    "order by 1",
    "failed_checks": "select check_id, level, subject, expected, found, sample from quality_result where not passed "
    "order by level, check_id",
    "cautions": reader.CAUTIONS_SQL,
    "sources": "select source_id, dataset, max(fetched_at) as fetched_at, max_by(published_at, fetched_at) as "
    "published_at, max_by(rows, fetched_at) as rows from source_file group by 1, 2 order by 1, 2",
}


def _last_run(settings: Settings) -> Any:
    """The newest whole line of the log; a full disk can cut one short."""
    lines = settings.run_log.read_text(encoding="utf-8").splitlines() if settings.run_log.exists() else []
    for line in reversed(lines):
        with suppress(ValueError):
            return json.loads(line)
    return None


def status_of(settings: Settings) -> dict[str, Any]:
    """The current release, its age, its failed checks, the last run, and what is damaged of it or of the state."""
    found: dict[str, Any] = {"release": None, "last_run": _last_run(settings), "damaged": _damage(settings)}
    try:
        standing = release_pointer.current(settings.releases_dir)
        if standing is None:
            return found
        folder = sound_database(release_pointer.current_folder(settings.releases_dir)).parent
    except DamagedError as error:
        return found | {"damaged": [*found["damaged"], error.parts()], "release_is_damaged": True}
    hours = (datetime.now(UTC).replace(tzinfo=None) - standing.created_at).total_seconds() / 3600
    return found | {
        "release": standing.as_json(),
        "age_hours": round(hours, 1),
        "is_late": hours > settings.max_fresh_hours,
        "releases": len(release_pointer.releases(settings.releases_dir)),
        "quarantined_rows": standing.tables["quarantine"],
        "revisions": standing.tables["revision"],
        **_of_release(settings, folder, with_events=not found["damaged"]),
    }


def _of_release(settings: Settings, folder: Path, *, with_events: bool) -> dict[str, Any]:
    """What the tables of the current release say of it."""
    with reader.open_release(folder) as con:
        told = {name: reader.records(con, sql) for name, sql in _STATUS.items()}
        try:
            events = series_events.series_events(settings, con) if with_events else []
            others = series_events.uncurated_events(settings, con) if with_events else []
        except SourceError as error:  # an archived list of series is not what was given
            return told | {"events": [], "uncurated_events": [], "damaged": [error.parts()]}
    rows = series_events.as_rows
    return told | {"events": rows(events), "uncurated_events": rows(others)}


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
            f"  {number(rows['observation'])} observations, {_indicators_told(found)}, "
            f"{rows['area']} areas; {number(found['revisions'])} revisions against the release before; "
            f"{number(found['quarantined_rows'])} rows in quarantine"
        )
        terminal.out.print(f"  {_cautions_told(found['cautions'])}", soft_wrap=True)
        if release["stale_sources"]:
            terminal.out.print(f"  [bold red]stale[/bold red]: {', '.join(release['stale_sources'])}")
        terminal.records_as_table(found["sources"], "Sources")
        counts = "; ".join(f"{c['level']}: {c['ok']} of {c['n']} passed" for c in found["checks"])
        terminal.out.print(f"[bold]Checks[/bold] {counts}")
        for check in found["failed_checks"]:
            terminal.out.print(f"  {check['level']} {check['check_id']}: {check['subject']}", markup=False)
            terminal.out.print(f"    expected {check['expected']}; found {check['found']}", markup=False)
            if check["sample"]:
                terminal.out.print(f"    {check['sample']}", markup=False)
    _tell_events(found.get("events", []))
    if others := Counter(event["kind"] for event in found.get("uncurated_events", [])):
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(others.items()))
        terminal.out.print(f"[bold]Uncurated series at the publisher[/bold] {kinds}; each with --json")
    if last:
        terminal.out.print(
            f"[bold]Last run[/bold] {last['started']} UTC: {last['kind']}, {last['outcome']}, {last['seconds']} s"
        )
        for dataset, why in last["held_back"].items():
            terminal.out.print(f"  held back {dataset}: {why}", markup=False)
        if last["error"]:
            terminal.out.print(f"  {last['error']}", markup=False)


def _indicators_told(found: dict[str, Any]) -> str:
    """How many indicators there are; what is uncurated is counted apart, with its observations."""
    n, others = found["release"]["tables"]["indicator"], found["release"].get("uncurated")
    if not others:
        return f"{n} indicators"
    of_them = number(others["observation"])
    return f"{n - others['indicator']} indicators and {number(others['indicator'])} uncurated with {of_them} of them"


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
