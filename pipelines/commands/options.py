"""Command-line options that several commands share. Belongs here: option types, and building settings from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from pipelines.settings import Settings

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where archive, vintages and releases lie.")]
SnapshotDir = Annotated[Path | None, typer.Option("--snapshot-dir", help="Another folder of embedded figures.")]
TrustClock = Annotated[
    bool, typer.Option("--trust-clock", help="This machine's clock is right, however long ago the last figures came.")
]
Scope = Annotated[
    str, typer.Option(help="Kolada beside the curated KPIs: curated (none), group:ID, group:TITLE or all; remembered.")
]
ANY_LEAP = 400_000  # days: as good as no limit
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def settings_for(data_dir: Path | None = None, snapshot_dir: Path | None = None, **given: Any) -> Settings:
    """Settings from the environment, overridden by what was given on the command line.

    Raises:
        UsageError: a setting has a value that is not allowed.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - not loaded for `--help`

    from pipelines.settings import Settings  # noqa: PLC0415

    paths = {"data_dir": data_dir, "snapshot_dir": snapshot_dir}
    try:
        return Settings(**{k: v.resolve() for k, v in paths.items() if v is not None}, **given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        remedy = f"mend NYCKELTAL_{name.upper()} in the environment, or the option"
        raise UsageError(f"the setting {name} is wrong", expected=first["msg"], remedy=remedy) from error


def needs_checkout(what: str) -> None:
    """Refuse to write what is part of the source code into an installed copy.

    Raises:
        UsageError: there is no checkout.
    """
    from pipelines.settings import IS_CHECKOUT  # noqa: PLC0415

    if not IS_CHECKOUT:
        raise UsageError(
            f"{what} are part of the source code, not of an installed copy",
            remedy="run the command in a checkout of the repository",
        )


def refuse_scope_of_no_use(settings: Settings, given: str, only: frozenset[str]) -> None:
    """Refuse a scope that the run could not apply.

    Args:
        given: the scope on the command line. only: the publishers and datasets that are fetched; all when empty.

    Raises:
        UsageError: with what to do.
    """
    if settings.stated_scope.startswith("group:") and settings.source == "snapshot":
        raise UsageError(
            "the embedded figures know no groups of KPIs",
            expected="--scope curated or all, or --source live",
            found=f"--scope {settings.stated_scope}",
            remedy="refresh with --source live, which asks Kolada for its groups",
        )
    if given and only and not only & {"kolada", "kolada.other_values"}:
        raise UsageError(
            "the scope says what is fetched of Kolada, which --only leaves out",
            expected="--only with kolada or kolada.other_values, or no --only",
            found=f"--scope {given} --only {','.join(sorted(only))}",
            remedy="leave one of the two out",
        )
