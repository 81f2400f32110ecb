"""`nyckeltal similar` and `nyckeltal compare`: a municipality beside those that are like it, and beside others.

Belongs here: arguments and exit codes. Does not belong here: finding and comparing (`reading`), or laying it out
(`similar_output.py`, `output.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from pipelines.reading.similar_choice import Choice

_VARIABLE = "A variable, measure[:per][:log][=weight], e.g. invanare:landareal:log=0.5; may be repeated."


def similar(
    area: Annotated[
        str | None, typer.Argument(help="A municipality's code or name, e.g. 1480; without it, the sets are listed.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="The year; the newest with all variables when left out.")] = None,
    set_: Annotated[str | None, typer.Option("--set", help="A standard set; the default one when left out.")] = None,
    variable: Annotated[list[str] | None, typer.Option(help=_VARIABLE)] = None,
    n: Annotated[int | None, typer.Option("--n", help="How many municipalities; as many as the set has.")] = None,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Find the municipalities most like one: how near they are, and which variables make the difference."""
    from pipelines.commands.similar_output import tell_sets, tell_similar  # noqa: PLC0415
    from pipelines.reading import reader  # noqa: PLC0415
    from pipelines.reading.similar_areas import find_similar  # noqa: PLC0415
    from pipelines.reading.similar_choice import choose  # noqa: PLC0415

    with reader.open_release(_release(data_dir)) as con:
        if area is None:
            found = reader.records(con, "select * from similar_recipe order by is_default desc, recipe_id")
            terminal.as_json(found) if json_out else tell_sets(found)
            return
        area_id, _ = reader.area_in(con, area)
        answer = find_similar(con, area_id, year, choose(con, set_, variable or (), n))
        titles = dict(con.execute("select measure_id, title_sv from measure").fetchall())
    terminal.as_json(answer.as_record()) if json_out else tell_similar(answer, titles)


def compare(
    area: Annotated[str, typer.Argument(help="A municipality's code or name, e.g. 1480 or Göteborg.")],
    with_: Annotated[str | None, typer.Option("--with", help="Another area to put beside it.")] = None,
    theme: Annotated[str | None, typer.Option(help="a theme such as kvalitet; kolada: uncurated.")] = None,
    similar_by: Annotated[
        str | None,
        typer.Option("--similar", help="Similar by another set, or by variables: invanare:log=1,tatortsgrad=0.5"),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="How many similar municipalities, with --similar.")] = None,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Compare one municipality with the nation, its county, GR, its type and similar ones, at the newest values."""
    from indicators.model.words import THEMES, UNCURATED  # noqa: PLC0415
    from pipelines.commands.output import tell_comparison  # noqa: PLC0415
    from pipelines.reading import reader  # noqa: PLC0415

    if theme is not None and theme not in {*THEMES, UNCURATED}:
        from pipelines.commands.indicator_output import no_such_theme  # noqa: PLC0415 - loads the declarations

        raise no_such_theme(theme)
    told: list[str] = []
    with reader.open_release(_release(data_dir)) as con:
        area_id, name = reader.area_in(con, area)
        other = reader.area_in(con, with_) if with_ else None
        rows = reader.compare(con, area_id, other[0] if other else None, theme)
        if rows and (similar_by or n):
            from pipelines.reading.similar_comparison import beside_similar  # noqa: PLC0415

            choice = _choice(con, similar_by, n)
            told = [f"Liknande: {choice.title_sv} ({choice.recipe_id or choice.text}), {choice.n} kommuner."]
            told += beside_similar(con, area_id, rows, choice)
    terminal.as_json(rows) if json_out else tell_comparison(rows, area_id, name, other, theme)
    for line in told:
        (terminal.err if json_out else terminal.out).lines(line)


def _choice(con: duckdb.DuckDBPyConnection, given: str | None, n: int | None) -> Choice:
    """A set's id, or variables: these have a colon, an equals sign or a comma, or are the name of a measure."""
    from pipelines.reading.similar_choice import choose, is_measure  # noqa: PLC0415

    is_variables = given is not None and (any(mark in given for mark in ":=,") or is_measure(con, given))
    return choose(con, None, [given], n) if given and is_variables else choose(con, given, (), n)


def _release(data_dir: Path | None) -> Path:
    from pipelines.storage import release_pointer  # noqa: PLC0415

    return release_pointer.current_folder(settings_for(data_dir).releases_dir)
