"""Commands about one kind of thing: `nyckeltal indicators …`, `releases …`, `snapshot …`.

Belongs here: arguments and what is printed. Does not belong here: commands of the way itself (`cli.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indicators.load import load_catalogue
from pipelines import show
from pipelines.options import AsJson, DataDir, settings_for
from pipelines.release import pointer
from pipelines.settings import Settings
from pipelines.swedish_numbers import number

indicators_app = typer.Typer(help="The catalogue of indicators.", no_args_is_help=True)
releases_app = typer.Typer(help="Releases: list them, go back, remove old ones.", no_args_is_help=True)
snapshot_app = typer.Typer(help="The embedded figures.", no_args_is_help=True)


@indicators_app.command("list")
def indicators_list(
    theme: Annotated[str | None, typer.Option(help="Only this theme.")] = None,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """List the indicators, with the years of their values, or what they wait for."""
    from pipelines.report_indicators import of_theme, tell_indicators  # noqa: PLC0415

    found = of_theme(settings_for(data_dir), theme)
    show.as_json(found) if json_out else tell_indicators(found)


@indicators_app.command("search")
def indicators_search(
    words: Annotated[str, typer.Argument(help="Words to look for.")], data_dir: DataDir = None, json_out: AsJson = False
) -> None:
    """Look for words in ids, titles, definitions and series; dots, rings and accents may be left out."""
    from pipelines.report_indicators import search_indicators, tell_indicators  # noqa: PLC0415

    found, near = search_indicators(settings_for(data_dir), words)
    if not found:  # beside the answer, so that a machine still reads it
        meant = f" Menade du {', '.join(near)}?" if near else " `nyckeltal indicators list` visar alla."
        show.err.print(f"Inget nyckeltal har alla orden: {words}.{meant}", markup=False)
    show.as_json(found) if json_out else tell_indicators(found)


@indicators_app.command("show")
def indicators_show(indicator_id: str, data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Tell all about one indicator."""
    from pipelines.report_indicators import describe_indicator, tell_indicator  # noqa: PLC0415

    described = describe_indicator(settings_for(data_dir), indicator_id)
    show.as_json(described) if json_out else tell_indicator(described)


@indicators_app.command("validate")
def indicators_validate(json_out: AsJson = False) -> None:
    """Check every declaration, those of sources and live datasets too; the first fault is told with file and key."""
    from pipelines import ways  # noqa: PLC0415
    from pipelines.sources.model import datasets  # noqa: PLC0415

    catalogue = load_catalogue(Settings().declarations_dir)
    counts = {
        "indicators": len(catalogue.indicators), "measures": len(catalogue.measures), "groups": len(catalogue.groups),
        "controls": len(catalogue.controls), "data_gaps": len(catalogue.data_gaps),
    }  # fmt: skip
    for dataset in datasets():
        ways.check_declaration(dataset)
    counts["datasets"] = len(datasets())
    if json_out:
        show.as_json(counts)
    else:
        show.out.print("The declarations are sound: " + ", ".join(f"{n} {what}" for what, n in counts.items()))


@indicators_app.command("new")
def indicators_new() -> None:
    """Ask for a new indicator's keys, and write its file when it is sound."""
    from pipelines.new_indicator import ask_for, write_indicator  # noqa: PLC0415

    def ask(question: str, allowed: list[str] | None, default: str | None) -> str:
        listed = f" ({', '.join(word for word in allowed if word)})" if allowed else ""
        while True:
            answer = str(typer.prompt(question + listed, default=default)).strip()
            if not allowed or answer in allowed:
                return answer
            show.out.print(f"{answer} går inte att välja.", markup=False)

    path = write_indicator(Settings().declarations_dir, ask_for(ask))
    show.out.print(f"Skrev {path}. Nästa steg: nyckeltal generate, nyckeltal refresh.", soft_wrap=True)


@releases_app.command("list")
def releases_list(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """List the releases, newest first."""
    from pipelines.report import tell_releases  # noqa: PLC0415

    home = settings_for(data_dir).releases_dir
    found = pointer.releases(home)
    show.as_json([r.model_dump(mode="json") for r in found]) if json_out else tell_releases(
        found, pointer.current(home)
    )


@releases_app.command("rollback")
def releases_rollback(
    release_id: Annotated[
        str | None, typer.Argument(help="The release to serve; the one before when left out.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve an earlier release; nothing is removed."""
    show.out.print(f"Serving {pointer.rollback(settings_for(data_dir), release_id)}")


@releases_app.command("prune")
def releases_prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest to keep.")] = 10, data_dir: DataDir = None
) -> None:
    """Remove old releases; archive and vintages stay, so each can be told again as of its date."""
    removed = pointer.prune_exclusively(settings_for(data_dir), keep)
    show.out.print(f"Removed {len(removed)} releases" + (f": {', '.join(removed)}" if removed else ""))


@snapshot_app.command("build")
def snapshot_build(
    source: Annotated[Path, typer.Option("--from", help="Folder of collected copies (kolada/, scb/).")],
    to: Annotated[Path | None, typer.Option(help="Where to write; data/snapshot when left out.")] = None,
) -> None:
    """Write the embedded figures out of collected copies of the publishers' data."""
    from pipelines.snapshot import build_snapshot  # noqa: PLC0415

    settings = Settings()
    rows = build_snapshot(source, to or settings.snapshot_dir, load_catalogue(settings.declarations_dir))
    for dataset, n in rows.items():
        show.out.print(f"{dataset}: {number(n)} rows")
