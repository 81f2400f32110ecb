"""`nyckeltal indicators …`: the catalogue.

Belongs here: arguments and output. Does not belong here: the work itself.
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, needs_checkout, settings_for

indicators_app = typer.Typer(help="The catalogue of indicators.", no_args_is_help=True)


@indicators_app.command("list")
def indicators_list(
    theme: Annotated[str | None, typer.Option(help="Only this theme.")] = None,
    uncurated: Annotated[bool, typer.Option("--uncurated", help="Those that nobody has reviewed, alone.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The curated ones, then the others.")] = False,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """List the curated indicators, with the years of their values, or what they wait for."""
    from pipelines.commands.indicator_output import of_theme, tell_indicators  # noqa: PLC0415
    from pipelines.commands.uncurated_output import tell_number, uncurated_of  # noqa: PLC0415

    settings = settings_for(data_dir)
    found = [] if uncurated else of_theme(settings, theme)
    others = uncurated_of(settings) if uncurated or everything else []
    found += others
    terminal.as_json(found) if json_out else tell_indicators(found)
    if not json_out and not others:
        tell_number(settings)


@indicators_app.command("search")
def indicators_search(
    words: Annotated[str, typer.Argument(help="Words to look for.")], data_dir: DataDir = None, json_out: AsJson = False
) -> None:
    """Search ids, titles, definitions and series, of what is curated first; dots, rings and accents may be left out."""
    from pipelines.commands.indicator_output import search_indicators, tell_indicators  # noqa: PLC0415
    from pipelines.commands.uncurated_output import uncurated_of  # noqa: PLC0415

    settings = settings_for(data_dir)
    found, near = search_indicators(settings, words)
    found += uncurated_of(settings, words)
    if not found:  # on standard error, so that the output stays machine-readable
        meant = f" Menade du {', '.join(near)}?" if near else " `nyckeltal indicators list` visar alla."
        terminal.err.print(f"Inget nyckeltal har alla orden: {words}.{meant}", markup=False)
    terminal.as_json(found) if json_out else tell_indicators(found)


@indicators_app.command("show")
def indicators_show(indicator_id: str, data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Print all about one indicator."""
    from pipelines.commands.indicator_output import describe_indicator, tell_indicator  # noqa: PLC0415

    described = describe_indicator(settings_for(data_dir), indicator_id)
    terminal.as_json(described) if json_out else tell_indicator(described)


@indicators_app.command("validate")
def indicators_validate(json_out: AsJson = False) -> None:
    """Check every declaration, including sources and live datasets; the first error is printed with file and key."""
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415
    from pipelines.datasets import datasets  # noqa: PLC0415
    from pipelines.sources import origins  # noqa: PLC0415

    catalogue = load_catalogue(settings_for().declarations_dir)
    counts = {
        "indicators": len(catalogue.indicators), "measures": len(catalogue.measures), "groups": len(catalogue.groups),
        "controls": len(catalogue.controls), "data_gaps": len(catalogue.data_gaps),
    }  # fmt: skip
    for dataset in datasets():
        origins.check_declaration(dataset)
    counts["datasets"] = len(datasets())
    if json_out:
        terminal.as_json(counts)
    else:
        terminal.out.print("The declarations are sound: " + ", ".join(f"{n} {what}" for what, n in counts.items()))


@indicators_app.command("new")
def indicators_new() -> None:
    """Ask for a new indicator's keys, and write its file if it is valid."""
    from pipelines.commands.new_indicator import ask_for, write_indicator  # noqa: PLC0415

    needs_checkout("declarations")

    def ask(question: str, allowed: list[str] | None, default: str | None) -> str:
        listed = f" ({', '.join(word for word in allowed if word)})" if allowed else ""
        while True:
            answer = str(typer.prompt(question + listed, default=default)).strip()
            if not allowed or answer in allowed:
                return answer
            terminal.out.print(f"{answer} går inte att välja.", markup=False)

    path = write_indicator(settings_for().declarations_dir, ask_for(ask))
    terminal.out.print(f"Skrev {path}. Nästa steg: nyckeltal generate, nyckeltal refresh.", soft_wrap=True)
