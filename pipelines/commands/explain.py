"""`nyckeltal explain`: where a published value comes from, down to the archived bytes.

Belongs here: arguments and exit codes. Does not belong here: finding it out (`provenance`), or laying it out
(`explain_output.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, SnapshotDir, settings_for
from pipelines.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pipelines.provenance.explaining import Explanation
    from pipelines.settings import Settings


def explain(
    indicator: Annotated[str, typer.Argument(help="An indicator_id, or the composite_id of an index.")],
    area: Annotated[str, typer.Argument(help="A code or a name, e.g. 1480, Göteborg or GR.")],
    year: Annotated[int, typer.Argument(help="The year of the value.")],
    sex: Annotated[str, typer.Option(help="T (total), K (women) or M (men).")] = "T",
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Read every number anew from the archived bytes, and compute with them.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every member of a group, not only the first few.")] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    data_dir: DataDir = None,
    snapshot_dir: SnapshotDir = None,
    json_out: AsJson = False,
) -> None:
    """Explain a published value: formula, measures, vintages, archived files with their hashes, publisher's address.

    Exit codes: 0 every hash stands and the arithmetic gives the published value; 2 wrong use, or there is no archive;
    5 an archived file is not what was given, or the arithmetic gives another value.
    """
    if form not in {"text", "json"}:
        raise UsageError("unknown form", expected="text or json", found=form)
    told = _explained(indicator, area, year, sex, recompute, settings_for(data_dir, snapshot_dir))
    if json_out or form == "json":
        terminal.as_json(told.told)
    else:
        from pipelines.commands.explain_output import tell_explanation  # noqa: PLC0415

        tell_explanation(told.told, everything=everything)
    for fault in told.faults:
        terminal.tell_error(fault)
    if told.faults:
        is_wrong_use = all(isinstance(fault, UsageError) for fault in told.faults)
        raise typer.Exit(ExitCode.WRONG_USE if is_wrong_use else ExitCode.DAMAGED)


def _explained(indicator: str, area: str, year: int, sex: str, recompute: bool, settings: Settings) -> Explanation:
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415
    from pipelines.provenance.explaining import Explainer  # noqa: PLC0415
    from pipelines.provenance.uncurated_series import with_uncurated  # noqa: PLC0415
    from pipelines.reading import reader  # noqa: PLC0415
    from pipelines.storage import release_pointer  # noqa: PLC0415
    from pipelines.storage.sealing import DamagedError  # noqa: PLC0415

    folder = release_pointer.current_folder(settings.releases_dir)
    with reader.open_release(folder) as con:
        catalogue = with_uncurated(load_catalogue(settings.declarations_dir), con, indicator)
        explainer = Explainer(settings, con, folder, recompute=recompute, catalogue=catalogue)
        try:
            return explainer.explain(indicator, area, year, sex)
        except DamagedError as error:
            error.exit_code = ExitCode.DAMAGED
            raise
        finally:
            explainer.close()
