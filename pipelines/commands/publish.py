"""`nyckeltal publish …`. Belongs here: arguments and what is printed."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import AsJson, DataDir, settings_for
from pipelines.errors import UsageError
from pipelines.text.swedish_numbers import number

publish_app = typer.Typer(help="Write the current release into other databases.", no_args_is_help=True)


@publish_app.callback()
def _publish() -> None:
    """Makes `postgres` a named subcommand while it is the only one."""


@publish_app.command()
def postgres(
    dsn: Annotated[
        str,
        typer.Option(
            help="host=… dbname=… user=…, or an address; better in NYCKELTAL_POSTGRES_DSN.", show_default=False
        ),
    ] = "",
    schema: Annotated[str, typer.Option(help="The schema; replaced whole.")] = "nyckeltal",
    reader_role: Annotated[
        str | None, typer.Option(help="A role that may read it and nothing else; created when missing.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for those who read the old release.")] = 60,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Write the current release's public tables to PostgreSQL, for Power BI, Qlik, Superset, Metabase and others.

    They are written into a new schema that takes the old one's place in one moment. Readers have the old release or
    the new, never half.
    """
    from pipelines.publish.postgres import Target, publish  # noqa: PLC0415
    from pipelines.storage import release_pointer  # noqa: PLC0415

    settings = settings_for(data_dir)
    connection = dsn or settings.postgres_dsn.get_secret_value()
    if not connection:
        remedy = "set NYCKELTAL_POSTGRES_DSN, or give --dsn: host=… dbname=… user=…"
        raise UsageError("it is not said which database to publish to", remedy=remedy)
    target = Target(connection, schema, reader_role, wait)
    folder = release_pointer.current_folder(settings.releases_dir)
    with terminal.err.status("…") as status:
        done = publish(folder, target, settings.dbt_project_dir, status.update)
    if json_out:
        terminal.as_json(done.__dict__)
    elif done.is_new:
        rows = number(done.rows)
        terminal.out.print(f"Release {done.release_id} stands in {done.database}, schema {done.schema}")
        terminal.out.print(f"  {done.tables} tables, {rows} rows; {number(done.seconds, 1)} seconds")
    else:
        terminal.out.print(f"Release {done.release_id} was there already: {done.database}, schema {done.schema}")
