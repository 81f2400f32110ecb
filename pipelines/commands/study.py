"""`nyckeltal study …` and `nyckeltal timeline`. Belongs here: arguments and what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for
from pipelines.errors import UsageError

study_app = typer.Typer(help="Studies of what the reforms did.", no_args_is_help=True)


@study_app.command("list")
def study_list(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """List the studies, with how many estimates each has and what could not be estimated."""
    from pipelines.commands.study_output import list_studies  # noqa: PLC0415

    found = list_studies(_release(data_dir))
    terminal.frame_as_json(found) if json_out else terminal.frame_as_table(found)


@study_app.command("show")
def study_show(study_id: str, data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Print a study's question, design, result and caveats, as the current release holds them."""
    from pipelines.commands.study_output import study_in_release, tell_study  # noqa: PLC0415

    told = study_in_release(_release(data_dir), study_id)
    _as_json(told) if json_out else tell_study(told)


@study_app.command("run")
def study_run(study_id: str, data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Run a study on the current release, as it is declared now; nothing is written."""
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415
    from pipelines.commands.study_output import study_run_now, tell_study  # noqa: PLC0415

    settings = settings_for(data_dir)
    catalogue = load_catalogue(settings.declarations_dir)
    studies = {study.study_id: study for study in catalogue.studies}
    if study_id not in studies:
        raise UsageError("there is no such study", expected=", ".join(studies), found=study_id)
    told = study_run_now(_release(data_dir), studies[study_id], catalogue.neighbours)
    _as_json(told) if json_out else tell_study(told)


def timeline(
    area: Annotated[str, typer.Argument(help="An area's or group's code or name, e.g. GR or Göteborg.")],
    indicator: Annotated[
        list[str] | None, typer.Option(help="An indicator to show; may be given more than once.")
    ] = None,
    since: Annotated[int, typer.Option(help="First year.")] = 2015,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Print the reform's events and an area's indicators side by side, year by year."""
    from pipelines.commands.study_output import tell_timeline  # noqa: PLC0415
    from pipelines.commands.study_output import timeline as gather  # noqa: PLC0415

    told = gather(_release(data_dir), area, indicator or [], since)
    _as_json(told) if json_out else tell_timeline(told)


def _release(data_dir: Path | None) -> Path:
    from pipelines.storage.release_pointer import current_folder  # noqa: PLC0415

    return current_folder(settings_for(data_dir).releases_dir)


def _as_json(told: dict[str, Any]) -> None:
    import polars as pl  # noqa: PLC0415 - not loaded for `--help`

    parts = {name: part for name, part in told.items() if name != "names"}
    terminal.as_json(
        {name: part.to_dicts() if isinstance(part, pl.DataFrame) else part for name, part in parts.items()}
    )
