"""`nyckeltal submit`: a municipality's own figures, from the command line.

Belongs here: arguments, exit codes and what is printed, in Swedish. Does not belong here: any of the work
(`pipelines/submissions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands import terminal
from pipelines.commands.options import ANY_LEAP, AsJson, DataDir, TrustClock, settings_for
from pipelines.errors import (
    DiskError,
    ExitCode,
    LockHeldError,
    NoRightError,
    NyckeltalError,
    UnreachableError,
    UsageError,
    disk_error,
)

if TYPE_CHECKING:
    from indicators.load.catalogue import Catalogue
    from indicators.model.submission_template import SubmissionTemplate
    from pipelines.disclosure.facts import Fact
    from pipelines.settings import Settings
    from pipelines.submissions.examining import Examined

_LISTED = 20  # maximum faults and values that are printed


@dataclass
class _Outcome:
    """The result for one file, for a person or as JSON."""

    file: str
    accepted: bool = False
    template: str | None = None
    rows: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    values: int = 0
    suppressed: list[str] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    stored: bool = False
    annotated_copy: str | None = None


def submit(
    file: Annotated[Path | None, typer.Argument(help="The filled-in file: .xlsx, .xls or .csv.")] = None,
    template: Annotated[str, typer.Option(help="Write this template instead, e.g. kompetens.")] = "",
    output: Annotated[
        Path | None, typer.Option(help="Where to write the template (.xlsx or .csv), or the annotated copy (.xlsx).")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only judge the file; take nothing in.")] = False,
    confirm_unusual: Annotated[
        bool, typer.Option("--confirm-unusual", help="Take in values far outside the usual; they are right.")
    ] = False,
    trust_clock: TrustClock = False,
    data_dir: DataDir = None,
    json_out: AsJson = False,
) -> None:
    """Take in a municipality's own figures, or write the template for them. What it prints is in Swedish.

    Exit codes: 0 taken in; 2 wrong use; 4 refused, and nothing of the file is stored.
    """
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415

    settings = settings_for(data_dir)
    if trust_clock:
        settings = settings.model_copy(update={"max_clock_leap_days": ANY_LEAP})
    outcome = _Outcome(file="")
    try:
        templates = load_catalogue(settings.declarations_dir).templates
        if (file is None) == (not template):
            raise _usage("ge en fil att lämna, eller en mall att hämta", _known(templates), "nyckeltal submit --help")
        if file is None:
            _write_template(templates, template, output)
            return
        outcome = _submit(settings, file, output, check=check, confirmed=confirm_unusual)
    except NyckeltalError as error:
        _tell_error(_in_swedish(error), json_out)
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        _tell_error(_in_swedish(disk_error(error, settings.data_dir)), json_out)
        raise typer.Exit(ExitCode.NOTHING_RELEASED) from None
    terminal.as_json(outcome.__dict__) if json_out else _tell(outcome, check=check)
    raise typer.Exit(ExitCode.DONE if outcome.accepted else ExitCode.NOTHING_RELEASED)


def _write_template(templates: Sequence[SubmissionTemplate], wanted: str, output: Path | None) -> None:
    from pipelines.submissions.template_files import write_template  # noqa: PLC0415 - a spreadsheet library

    found = next((t for t in templates if t.template_id == wanted), None)
    if found is None:
        raise _usage("det finns ingen sådan mall", _known(templates), "välj en av dem", wanted)
    target = output or Path(f"{wanted}.xlsx")
    write_template(found, target)
    terminal.out.print(f"Mallen {found.title_sv} ligger i {target}", markup=False, soft_wrap=True)


def _submit(settings: Settings, file: Path, output: Path | None, *, check: bool, confirmed: bool) -> _Outcome:
    from indicators.load.catalogue import load_catalogue  # noqa: PLC0415
    from pipelines.steps.workspace import utc_now  # noqa: PLC0415
    from pipelines.submissions import (  # noqa: PLC0415
        annotated,
        examining,
        taking_in,
    )

    examining.refuse_personal_name(file.name)
    body = _body_of(file)
    if output and (output.suffix.lower() != ".xlsx" or output.resolve() == file.resolve()):
        expected = "ett annat namn än filens eget, som slutar på .xlsx"
        raise _usage("den granskade kopian kan inte skrivas så", expected, "ändra --output", str(output))
    catalogue = load_catalogue(settings.declarations_dir)
    now = utc_now()
    areas, earlier = _municipalities(settings), taking_in.facts_ever_known(settings)
    examined = examining.examine(body, file.name, catalogue.templates, areas, now.date(), earlier)
    if examined.table and not examined.faults:
        _judge_indicators(settings, catalogue, examined, confirmed=confirmed)
    outcome = _Outcome(file.name, accepted=not examined.faults)
    outcome.errors = [fault.as_dict() for fault in examined.faults]
    outcome.notes = [note.as_dict() for note in examined.notes]
    if examined.table:
        outcome.template, outcome.rows = examined.table.template.template_id, len(examined.table.rows())
    if examined.faults:
        target = output or annotated.path_of_copy(file)
        annotated.write_copy(examined.sheets, examined.table, examined.faults, examined.notes, target)
        outcome.annotated_copy = str(target)
        return outcome
    outcome.values = sum(f.value is not None for f in examined.facts)
    heads = {f.series: f.head_sv for f in examined.table.template.fields} if examined.table else {}
    outcome.suppressed = [
        f"{heads[f.series_id]} {f.area_id} {f.year} {f.sex}" for f in examined.facts if f.status == "suppressed"
    ]
    if not check:
        _take_in(settings, catalogue, examined.facts, now, outcome)
    return outcome


def _judge_indicators(settings: Settings, catalogue: Catalogue, examined: Examined, *, confirmed: bool) -> None:
    """Ask for confirmation of unusual values; confirmed ones are reported and accepted."""
    from indicators.model.submission_template import DATASET  # noqa: PLC0415
    from pipelines.submissions import plausible, taking_in  # noqa: PLC0415
    from pipelines.submissions.findings import Note  # noqa: PLC0415

    table, areas = examined.table, {row.area_id for row in examined.rows if row.area_id}
    if table is None:
        return
    known: dict[plausible.Key, float] = {}
    for dataset, series in plausible.wanted_series(catalogue, table).items():
        known |= taking_in.known_values(settings, dataset, series, areas)
    own = [declared.series for declared in table.template.fields]
    before = taking_in.known_values(settings, DATASET, own, areas)
    faults = plausible.unusual(catalogue, table, examined.rows, known, before)
    if confirmed:
        texts = [f"ovanligt, men bekräftat: {fault.found}; väntat {fault.expected}" for fault in faults]
        examined.notes += [Note(f.sheet, f.row, f.column, text) for f, text in zip(faults, texts, strict=True)]
    else:
        examined.faults += faults


def _take_in(settings: Settings, catalogue: Catalogue, facts: list[Fact], now: datetime, outcome: _Outcome) -> None:
    from pipelines.quality.stage import HeldBackError  # noqa: PLC0415
    from pipelines.submissions import taking_in  # noqa: PLC0415 - the libraries that it needs take a second

    try:
        taken = taking_in.take_in(settings, catalogue, str(outcome.template), facts, now)
    except HeldBackError as error:
        failed = [c for c in error.checks if not c.passed and c.level in {"block", "hold_back"}]
        raise NyckeltalError(
            "kontrollen av hela leveransen stoppade uppgifterna; ingenting är sparat",
            where=", ".join(c.check_id for c in failed),
            expected="; ".join(c.expected for c in failed),
            found="; ".join(f"{c.found} ({c.sample})" if c.sample else c.found for c in failed),
            remedy="rätta värdena och lämna filen igen, eller fråga den som sköter nyckeltalen om gränserna är rätt",
        ) from error
    outcome.changes, outcome.stored = taken.counts, taken.record is not None


def _body_of(file: Path) -> bytes:
    from pipelines.submissions.file_opening import ENDINGS, MAX_BYTES  # noqa: PLC0415

    if not file.is_file():
        raise _usage("det finns ingen sådan fil", "en fil som är gjord efter en mall", "se efter namnet", str(file))
    if file.suffix.lower() not in ENDINGS:
        remedy = "spara filen som .xlsx eller .csv"
        raise _usage("filen är av ett slag som inte tas emot", ", ".join(ENDINGS), remedy, file.suffix or file.name)
    if file.stat().st_size > MAX_BYTES:
        found, remedy = f"{file.stat().st_size} byte", "lämna bara mallens blad"
        raise NyckeltalError(
            "filen är för stor", where=file.name, expected=f"högst {MAX_BYTES} byte", found=found, remedy=remedy
        )
    return file.read_bytes()


def _municipalities(settings: Settings) -> dict[str, str]:
    from pipelines.submissions import taking_in  # noqa: PLC0415

    known = taking_in.municipalities(settings)
    if not known:
        raise NyckeltalError(
            "listan över kommuner finns inte än, så ingen kommunkod kan prövas",
            where=str(settings.data_dir),
            expected="en datamapp som har uppdaterats minst en gång",
            found="ingen lista",
            remedy="kör `nyckeltal refresh` först, eller välj datamapp med --data-dir",
        )
    return known


def _known(templates: Sequence[SubmissionTemplate]) -> str:
    return f"någon av mallarna {', '.join(t.template_id for t in templates)}"


def _usage(what: str, expected: str, remedy: str, found: str = "") -> UsageError:
    return UsageError(what, expected=expected, found=found, remedy=remedy)


def _in_swedish(error: NyckeltalError) -> NyckeltalError:
    """An error of the data folder or the machine, which others write in English, as whoever submits a file reads it."""
    from pipelines.storage.clock import ImplausibleClockError  # noqa: PLC0415
    from pipelines.storage.sealing import DamagedError  # noqa: PLC0415
    from pipelines.storage.state_records import NewerFormatError  # noqa: PLC0415

    again = "ingenting av filen är sparat; lämna den igen när det är åtgärdat. "
    operator = f"{again}Hör av dig till den som sköter nyckeltalen, som"
    told: list[tuple[type[NyckeltalError], str, str]] = [
        (LockHeldError, "en annan körning arbetar i datamappen", f"{again}Vänta tills den är klar"),
        (DamagedError, "datamappen är skadad", f"{operator} kör `nyckeltal verify` och `nyckeltal repair`"),
        (NewerFormatError, "en nyare nyckeltal har skrivit i datamappen", f"{operator} uppdaterar programmet"),
        (
            ImplausibleClockError,
            "datorns klocka går fel, eller har gått fel",
            f"{operator} ställer den (går den rätt och är det bara länge sedan något togs emot: --trust-clock)",
        ),
        (NoRightError, "den här användaren saknar rätten att läsa eller skriva här", f"{operator} ger den"),
        (UnreachableError, "datamappen kan inte nås", f"{operator} ser efter om disken är ansluten"),
        (DiskError, "det går inte att läsa eller skriva här", f"{operator} ser efter om disken är full eller trasig"),
    ]
    for kind, what, remedy in told:
        if isinstance(error, kind):
            return NyckeltalError(what, where=error.where, remedy=remedy)
    return error


def _tell_error(error: NyckeltalError, json_out: bool) -> None:
    lines = {"Var": error.where, "Väntat": error.expected, "Fanns": error.found, "Gör så här": error.remedy}
    if json_out:
        terminal.as_json({"accepted": False, "stored": False, "errors": [error.parts()]})
        return
    terminal.err.print("[bold red]Fel[/bold red] ", end="")
    terminal.err.print(error.what, markup=False)
    for label, text in lines.items():
        if text:
            terminal.err.print(f"  {label}: {text}", markup=False)


def _tell(outcome: _Outcome, *, check: bool) -> None:
    if not outcome.accepted:
        _tell_faults(outcome)
        return
    terminal.out.print(f"Mallen {outcome.template}: {outcome.rows} rader, {outcome.values} värden.")
    _tell_list("Rättat eller utelämnat vid läsningen:", [f"{n['cell']}: {n['text']}" for n in outcome.notes])
    _tell_list(
        f"Undertryckta: {len(outcome.suppressed)} värden som bygger på färre än fem personer, eller skulle röja dem:",
        outcome.suppressed,
    )
    if check:
        terminal.out.print("Filen är riktig. Ingenting är sparat (--check).")
    elif not outcome.stored:
        terminal.out.print("Uppgifterna är kända sedan tidigare; ingenting har ändrats.")
    else:
        words = {
            "new": "nya",
            "revised": "ändrade",
            "status_changed": "med annan status",
            "withdrawn": "borttagna",
            "restored": "återställda",
        }
        counted = ", ".join(f"{n} {words[kind]}" for kind, n in sorted(outcome.changes.items()))
        terminal.out.print(f"Uppgifterna är mottagna: {counted}.")
        terminal.out.print("De kommer med vid nästa `nyckeltal refresh`, eller nu med `nyckeltal rebuild`.")


def _tell_faults(outcome: _Outcome) -> None:
    number = len(outcome.errors)
    terminal.err.print(f"[bold red]Nekad[/bold red] {number} fel; ingenting är sparat.")
    for error in outcome.errors[:_LISTED]:
        terminal.err.print(f"  {error['sheet']} {error['cell']}: {error['what']}", markup=False)
        for label, name in (("väntat", "expected"), ("fanns", "found"), ("gör så här", "remedy")):
            if error[name]:
                terminal.err.print(f"    {label}: {error[name]}", markup=False)
    if number > _LISTED:
        terminal.err.print(f"  … och {number - _LISTED} till, som står i den granskade kopian")
    terminal.err.print(f"Alla fel är markerade i {outcome.annotated_copy}, och står på bladet Fel.", markup=False)


def _tell_list(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    terminal.out.print(title)
    for line in lines[:_LISTED]:
        terminal.out.print(f"  {line}", markup=False, soft_wrap=True)
    if len(lines) > _LISTED:
        terminal.out.print(f"  … och {len(lines) - _LISTED} till")
