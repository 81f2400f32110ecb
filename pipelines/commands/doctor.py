"""Checks what this machine lacks, and names the command that fixes it. Belongs here: checking, never fixing."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from indicators.errors import DeclarationError
from indicators.load.catalogue import load_catalogue
from pipelines.commands import terminal
from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError, SourceError
from pipelines.settings import IS_CHECKOUT, Settings
from pipelines.sources.snapshot import read_manifest
from pipelines.storage import release_pointer
from pipelines.storage.verification import verify

_PINNED = {"duckdb": "1.5.", "dagster": "1.13.", "dbt-core": "1.11.", "great-expectations": "1.", "polars": "2."}
_FREE_GB = 4.0
_INSTALL = "make .venv" if IS_CHECKOUT else "install the wheel again, with its dependencies"
_SNAPSHOT = "git checkout -- data/snapshot" if IS_CHECKOUT else _INSTALL


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Check Python, packages, disk, declarations, embedded figures, the release, all that lasts, and the publisher."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    findings = [
        Finding(
            "Python 3.11 to 3.13",
            (3, 11) <= sys.version_info[:2] <= (3, 13),
            python,
            "install Python 3.11, 3.12 or 3.13",
        )
    ]
    findings += [_package(name, wanted) for name, wanted in _PINNED.items()]
    findings += [
        _disk(settings),
        _declarations(settings),
        _snapshot(settings),
        _release(settings),
        _state(settings),
        _publisher(settings),
    ]
    return findings


def tell(findings: list[Finding]) -> None:
    """Print one line for each finding, with the remedy where something is wrong."""
    for finding in findings:
        mark = "[green]ok[/green]    " if finding.ok else "[bold red]fault[/bold red] "
        terminal.out.print(f"{mark}{finding.what}: {finding.found}")
        if not finding.ok and finding.remedy:
            terminal.out.print(f"      what to do: {finding.remedy}", markup=False)


def _package(name: str, wanted: str) -> Finding:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(name, False, "not installed", _INSTALL)
    return Finding(name, found.startswith(wanted), found, _INSTALL)


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir if settings.data_dir.exists() else settings.data_dir.parent
    if not place.exists():
        return Finding("data folder", False, f"{place} is missing", f"mkdir -p {settings.data_dir}")
    free = shutil.disk_usage(place).free / 1e9
    writable = os.access(place, os.W_OK)
    found = f"{settings.data_dir}, {free:.0f} GB free" + ("" if writable else ", not writable")
    return Finding(
        "data folder", writable and free >= _FREE_GB, found, "choose a writable place with 4 GB free: --data-dir DIR"
    )


def _declarations(settings: Settings) -> Finding:
    try:
        catalogue = load_catalogue(settings.declarations_dir)
    except DeclarationError as error:
        return Finding("declarations", False, str(error), "mend the file named")
    return Finding("declarations", True, f"{len(catalogue.indicators)} indicators")


def _snapshot(settings: Settings) -> Finding:
    try:
        manifest = read_manifest(settings.snapshot_dir)
    except SourceError as error:
        return Finding("embedded figures", False, str(error), _SNAPSHOT)
    files = [(d, one.file) for d, of in manifest.datasets.items() for one in of.deliveries]
    lacking = sorted({d for d, file in files if not (settings.snapshot_dir / file).is_file()})
    others = len(datasets().keys() - manifest.datasets.keys())
    found = f"{len(manifest.datasets)} datasets; {others} more come from the publishers (--source live) and `submit`"
    if lacking:
        found = f"lacks {', '.join(lacking)}"
    return Finding("embedded figures", not lacking, found, _SNAPSHOT)


def _release(settings: Settings) -> Finding:
    """A missing release is reported but is not a fault: a machine is sound before its first refresh."""
    try:
        standing = release_pointer.current(settings.releases_dir)
    except NyckeltalError as error:
        return Finding("current release", False, f"{error.what}: {error.where}", error.remedy)
    return Finding("current release", True, standing.release_id if standing else "none yet: run `nyckeltal refresh`")


def _state(settings: Settings) -> Finding:
    places = verify(settings, deep=False)
    damage = [error for place in places for error in place.damage]
    found = "; ".join(f"{place.place}: {place.holds}" for place in places)
    if damage:
        found = "; ".join(f"{error.what}: {error.where}" for error in damage)
    return Finding("what lasts is as it was written", not damage, found, damage[0].remedy if damage else "")


def _publisher(settings: Settings) -> Finding:
    """A missing publisher is reported but is not a fault: a private release needs none."""
    unnamed = "nobody is named; before publishing set NYCKELTAL_PUBLISHER_NAME"
    return Finding("publisher", True, settings.publisher_name or unnamed)
