"""`nyckeltal`: the command line. Belongs here: arguments and what is printed; each command calls one function."""

from __future__ import annotations

import os
import sys
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indicators.errors import DeclarationError
from pipelines.commands import (
    explain,
    indicators,
    publish,
    releases,
    similar,
    snapshot,
    state,
    study,
    submit,
    terminal,
    vintages,
    warehouse,
)
from pipelines.commands.options import (
    ANY_LEAP,
    AsJson,
    DataDir,
    Scope,
    SnapshotDir,
    TrustClock,
    needs_checkout,
    refuse_scope_of_no_use,
    settings_for,
)
from pipelines.errors import ExitCode, NyckeltalError, UsageError, disk_error, left_out
from pipelines.text.swedish_numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.steps.report import RunReport
    from pipelines.steps.workspace import Workspace

app = typer.Typer(
    help="Nyckeltal för kommunal vård och omsorg: hämta, kontrollera, räkna, publicera och läs.\n\n"
    "Begin with [bold]nyckeltal refresh[/bold], then [bold]nyckeltal status[/bold] and "
    "[bold]nyckeltal compare 1480[/bold].",
    rich_markup_mode="rich",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(submit.submit)
app.command()(study.timeline)
app.command()(explain.explain)
app.command()(similar.similar)
app.command()(similar.compare)
app.command()(state.verify)
app.command()(state.repair)
app.command()(state.backup)
app.command()(state.restore)
app.add_typer(study.study_app, name="study")
app.add_typer(indicators.indicators_app, name="indicators")
app.add_typer(releases.releases_app, name="releases")
app.add_typer(snapshot.snapshot_app, name="snapshot")
app.add_typer(publish.publish_app, name="publish")
app.add_typer(vintages.vintages_app, name="vintages")
app.add_typer(warehouse.warehouse_app, name="warehouse")


def main() -> None:
    """Run a command; print an error of this project on standard error and return its exit code."""
    # Plugins of pydantic, of which none is used: it would look for them in every installed distribution, for 0.05 s.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    try:
        app()
    except NyckeltalError as error:
        terminal.tell_error(error)
        sys.exit(error.exit_code)
    except DeclarationError as error:
        terminal.err.print("[bold red]A declaration is wrong[/bold red]")
        terminal.err.print(str(error), markup=False)
        sys.exit(ExitCode.NOTHING_RELEASED)
    except ModuleNotFoundError as error:
        terminal.tell_error(left_out(error))
        sys.exit(ExitCode.WRONG_USE)
    except _database_errors() as error:  # a release's database, damaged where it was read by more than one query
        from pipelines.reading import reader  # noqa: PLC0415

        terminal.tell_error(reader.damaged_database(error))
        sys.exit(ExitCode.NOTHING_RELEASED)
    except OSError as error:
        terminal.tell_error(disk_error(error, Path()))
        sys.exit(ExitCode.NOTHING_RELEASED)


def _database_errors() -> tuple[type[Exception], ...]:
    """The errors of reading a database; none where the library was not loaded, since then it raised none."""
    return (sys.modules["duckdb"].IOException,) if "duckdb" in sys.modules else ()


@app.command()
def refresh(
    source: Annotated[str, typer.Option(help="snapshot: the embedded figures; live: the publishers.")] = "",
    only: Annotated[str, typer.Option(help="Only these publishers or datasets, e.g. kolada,scb.kpif.")] = "",
    data_dir: DataDir = None,
    snapshot_dir: SnapshotDir = None,
    base_url: Annotated[
        list[str] | None, typer.Option(help="Ask this server instead: URL, or PUBLISHER=URL; may be repeated.")
    ] = None,
    scope: Scope = "",
    full: Annotated[bool, typer.Option("--full", help="A full sweep, whenever the last one was.")] = False,
    accept_missing: Annotated[
        str, typer.Option(help="Take what these datasets have lost as lost; you have made sure.")
    ] = "",
    accept_revised: Annotated[
        str, typer.Option(help="Take these datasets' values however much they changed; you have made sure.")
    ] = "",
    as_of: Annotated[
        datetime | None,
        typer.Option(help="Date the knowledge: what is taken in counts as known from then.", formats=["%Y-%m-%d"]),
    ] = None,
    trust_clock: TrustClock = False,
    json_out: AsJson = False,
) -> None:
    """Fetch, validate, compute and publish, as the nightly schedule does.

    Exit codes: 0 done; 2 wrong use; 3 a dataset was held back, the others were released; 4 nothing was released and
    the last release stays.
    """
    from pipelines.commands.dagster_run import refresh as work  # noqa: PLC0415
    from pipelines.steps.workspace import Workspace  # noqa: PLC0415

    given = {
        "source": _known_source(source),
        "base_urls": _base_urls(base_url or []),
        "kolada_scope": scope,
        "full_sweep_days": 0 if full else None,
        "accept_missing": _known_datasets(accept_missing),
        "accept_revised": _known_datasets(accept_revised),
        "max_clock_leap_days": ANY_LEAP if trust_clock else None,
    }
    chosen = {name: value for name, value in given.items() if value not in ("", None, {}, frozenset())}
    settings = settings_for(data_dir, snapshot_dir, **chosen)
    refuse_scope_of_no_use(settings, scope, _known_datasets(only))
    moment = datetime.combine(as_of.date(), time()) if as_of else None
    _run(Workspace(settings, only=_known_datasets(only), as_of=moment), work, json_out)


@app.command()
def rebuild(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Make a release again from archive and vintages, without fetching; the same state gives the same tables."""
    from pipelines.commands.dagster_run import rebuild as work  # noqa: PLC0415
    from pipelines.steps.workspace import Workspace  # noqa: PLC0415

    _run(Workspace(settings_for(data_dir), kind="rebuild"), work, json_out)


def _run(workspace: Workspace, work: Callable[[Workspace], RunReport], json_out: bool) -> None:
    from pipelines.commands.dagster_run import exit_code  # noqa: PLC0415
    from pipelines.commands.run_output import progress, tell_run  # noqa: PLC0415
    from pipelines.steps.report import RunReport  # noqa: PLC0415

    with progress(workspace):
        try:
            report = work(workspace)
        except Exception as error:
            failed = RunReport(workspace, error=str(error) or type(error).__name__)
            if workspace.asked and failed.held_back:
                tell_run(failed, json_out)
            raise
    tell_run(report, json_out)
    raise typer.Exit(exit_code(report))


@app.command()
def status(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Print what the current release holds, how old it is, which checks failed, and how the last run went.

    Exit code 4 when archive or vintages are damaged: nothing can be released until they are restored.
    """
    from pipelines.commands.status_output import status_of, tell_status  # noqa: PLC0415

    found = status_of(settings_for(data_dir))
    terminal.as_json(found) if json_out else tell_status(found)
    if found["damaged"]:
        raise typer.Exit(ExitCode.NOTHING_RELEASED)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One query, e.g. select count(*) from observation.")],
    data_dir: DataDir = None,
    form: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    json_out: AsJson = False,
) -> None:
    """Query the current release with SQL: read-only, without access to files or network."""
    from pipelines.reading import reader  # noqa: PLC0415
    from pipelines.storage import release_pointer  # noqa: PLC0415

    reader.hold_memory()
    folder = release_pointer.current_folder(settings_for(data_dir).releases_dir)
    if form == "table" and not json_out:
        first = reader.first_rows(folder, query, terminal.MOST_ROWS)
        terminal.table(first.names, first.rows, count=first.count)
        is_empty = not first.count
    else:
        frame = reader.query(folder, query)
        terminal.write_result(frame, "json" if json_out else form, output)
        is_empty = frame.is_empty()
    if is_empty and "observation_as_of" in query.lower():
        terminal.err.print(f"Nothing is known before {terminal.cell(reader.first_known(folder))} UTC.")


@app.command()
def diff(
    older: Annotated[str | None, typer.Argument(help="A release; the one before the current when left out.")] = None,
    newer: Annotated[str | None, typer.Argument(help="A release; the current when left out.")] = None,
    data_dir: DataDir = None,
    form: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    json_out: AsJson = False,
) -> None:
    """Show each value that differs between two releases."""
    from pipelines.release.diff import diff_releases  # noqa: PLC0415

    title, frame = diff_releases(settings_for(data_dir), older, newer)
    if form == "table" and not json_out:
        terminal.out.print(f"{title}: {frame.height or 'no'} values differ")
    if frame.height or form != "table" or json_out:
        terminal.write_result(frame, "json" if json_out else form, output)


@app.command()
def site(
    output: Annotated[Path | None, typer.Option(help="Where to write; DATA/site when left out.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write the pages of the current release into a folder: open its index.html, or put it on any web server."""
    from pipelines.site.rendering import write_site  # noqa: PLC0415
    from pipelines.storage import release_pointer  # noqa: PLC0415

    settings = settings_for(data_dir)
    target = (output or settings.data_dir / "site").resolve()
    files, written = write_site(release_pointer.current_folder(settings.releases_dir), target)
    terminal.out.print(f"{number(files)} files, {number(written)} of them new or changed", soft_wrap=True)
    terminal.out.print(f"open {target / 'index.html'}", markup=False, soft_wrap=True)


@app.command()
def doctor(data_dir: DataDir = None, json_out: AsJson = False) -> None:
    """Check what is missing on this machine, and print the command that fixes it."""
    from pipelines.commands.doctor import examine, tell  # noqa: PLC0415

    found = examine(settings_for(data_dir))
    terminal.as_json([f.__dict__ for f in found]) if json_out else tell(found)
    raise typer.Exit(ExitCode.DONE if all(f.ok for f in found) else ExitCode.WRONG_USE)


@app.command()
def dev(
    port: Annotated[int, typer.Option(help="Port of the pages on 127.0.0.1.")] = 3000, data_dir: DataDir = None
) -> None:
    """Serve Dagster's pages: lineage, checks, row counts, freshness, and the nightly schedule, which is switched on."""
    from pipelines.commands.dagster_run import serve_dagster  # noqa: PLC0415

    serve_dagster(settings_for(data_dir), port)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Where to listen; any other opens it to others.")] = "127.0.0.1",
    sql: Annotated[bool, typer.Option("--sql", help="Let readers send SQL, read-only and bounded.")] = False,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="A site whose pages may read the answers; may be repeated.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the current release: its pages, its files and a query API; stop with Ctrl-C."""
    from pipelines.api.server import serve as work  # noqa: PLC0415

    def tell(address: str) -> None:
        terminal.out.print(f"Serving {address} (API: {address}/api/); end with Ctrl-C")

    work(settings_for(data_dir), host, port, tell, with_sql=sql, origins=allow_origin or [])


@app.command()
def replica(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8765) -> None:
    """Serve replicas of the publishers, to try a live refresh without a network; stop with Ctrl-C."""
    from pipelines.settings import ROOT  # noqa: PLC0415

    if not (ROOT / "tests" / "support" / "replicas").is_dir():
        raise UsageError(
            "the replicas are part of the source code, not of an installed copy",
            where=str(ROOT),
            expected="a folder tests/support/replicas",
            found="none",
            remedy="run the command in a checkout of the repository",
        )
    os.chdir(ROOT)
    program = [sys.executable, "-m", "tests.support.replicas", "--port", str(port)]
    os.execv(sys.executable, program)  # noqa: S606 - our own environment's program, no shell


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when something is out of date.")] = False,
) -> None:
    """Write the files that are generated from the declarations (such as dbt's sources)."""
    from pipelines.warehouse.generated_files import write_generated  # noqa: PLC0415

    needs_checkout("generated files")
    for path in write_generated(settings_for(), check=check):
        terminal.out.print(f"{'out of date' if check else 'written'}: {path}")


def _known_source(source: str) -> str:
    if source not in {"", "snapshot", "live"}:
        raise typer.BadParameter(f"unknown: {source}; known: snapshot, live", param_hint="--source")
    return source


def _base_urls(given: list[str]) -> dict[str, str]:
    """`URL` for all publishers, `PUBLISHER=URL` for one."""
    from pipelines.datasets import load_publishers  # noqa: PLC0415

    found = {}
    for text in given:
        publisher, _, url = text.partition("=") if "=" in text.split("://", maxsplit=1)[0] else ("*", "", text)
        if publisher not in {"*", *load_publishers()} or not url.startswith(("http://", "https://")):
            known = ", ".join(load_publishers())
            raise typer.BadParameter(
                f"expected URL or PUBLISHER=URL (publishers: {known}); found {text}", param_hint="--base-url"
            )
        found[publisher] = url
    return found


def _known_datasets(only: str) -> frozenset[str]:
    from pipelines.datasets import datasets, load_publishers  # noqa: PLC0415

    chosen = frozenset(part.strip() for part in only.split(",") if part.strip())
    known = {*datasets(), *load_publishers()}
    if chosen - known:
        raise typer.BadParameter(f"unknown: {', '.join(sorted(chosen - known))}; known: {', '.join(sorted(known))}")
    return chosen
