"""`nyckeltal vintages …`: what is known, and when, where a person has to correct it.

Belongs here: arguments and what is printed. Does not belong here: the work itself (`steps/redate.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for

if TYPE_CHECKING:
    from pipelines.steps.redate import Redating

vintages_app = typer.Typer(help="What is known, and when.", no_args_is_help=True)


@vintages_app.command("redate")
def vintages_redate(
    dataset: Annotated[str, typer.Argument(help="The dataset, e.g. kolada.values.")],
    to: Annotated[
        str,
        typer.Option(
            help="The moment at which it became known: 2026-11-29T02:15Z, or with an offset, 2026-11-29T03:15+01:00. "
            "Without either it is UTC; a day alone is its midnight in UTC."
        ),
    ],
    reason: Annotated[str, typer.Option(help="Who does it and why; it is kept with the records.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would get which date, and write nothing.")
    ] = False,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Date what a clock that was ahead has dated: the first delivery that is known from later than the given moment.

    Those after it keep their dates, but for what is dated in the future. All times are UTC. The records and files as
    they were are kept in `damaged/`, and a line is written in `logs/state.jsonl`.
    """
    from pipelines.datasets import datasets  # noqa: PLC0415
    from pipelines.steps.redate import redate  # noqa: PLC0415
    from pipelines.steps.workspace import utc_now  # noqa: PLC0415

    if dataset not in datasets():
        raise typer.BadParameter(f"unknown: {dataset}; known: {', '.join(sorted(datasets()))}")
    moment = _in_utc(to)
    done = redate(settings_for(data_dir), dataset, moment, reason, utc_now(), dry_run=dry_run)
    if json_out:
        terminal.as_json({"dataset": dataset, "to": _utc(moment), "dry_run": dry_run, **_as_json(done)})
        return
    zone = "" if _parsed(to).tzinfo else " (given without an offset, which means UTC)"
    terminal.out.print(f"{dataset}, to {_told(moment)}{zone}", markup=False, soft_wrap=True)
    _tell(done)
    if dry_run:
        terminal.out.print("Nothing was written (--dry-run).")


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        expected = "a moment such as 2026-11-29T02:15Z or 2026-11-29T03:15+01:00"
        raise typer.BadParameter(f"expected {expected}, found {text!r}", param_hint="--to") from error


def _in_utc(text: str) -> datetime:
    """A moment in UTC without zone, as all times are kept."""
    given = _parsed(text)
    return given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given


def _utc(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"


def _told(moment: datetime) -> str:
    return f"{moment.isoformat(sep=' ')} UTC"


def _as_json(done: Redating) -> dict[str, object]:
    return {
        "deliveries": [
            {
                "delivery": move.record.number,
                "known_from_before": _utc(move.record.known_from),
                "known_from": _utc(move.known_from),
                "why": move.why,
            }
            for move in done.moves
        ],
        "stay": [*done.stay],
        "fetches": [*done.fetches],
    }


def _tell(done: Redating) -> None:
    for move in done.moves:
        dates = f"known from {_told(move.record.known_from)}, now from {_told(move.known_from)}"
        terminal.out.print(f"  delivery {move.record.number}: {dates}; {move.why}", markup=False, soft_wrap=True)
    for number in done.stay:
        terminal.out.print(f"  delivery {number}: keeps its date, which is later and not in the future")
    if done.fetches:
        terminal.out.print(f"  fetches dated alike: {', '.join(map(str, done.fetches))}")
