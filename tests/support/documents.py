"""What the documents show: commands with their outputs, and figures in prose.

Belongs here: finding them, running a command as a reader does, and computing a declared figure. Does not belong here:
writing them anew (`renew.py`), or the cookbook's questions (`cookbook.py`).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from indicators.load.yaml_rows import read_yaml
from pipelines.settings import ROOT, Settings
from pipelines.sources.snapshot import read_manifest
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from tests.support.small_snapshot import COMMITTED, known

README = ROOT / "README.md"
FIGURES = ROOT / "docs" / "figures.yml"
COMMAND = Path(sys.executable).with_name("nyckeltal")
FIGURE = re.compile(r"\{([^}]+)\}")
# These are shown after a figure was changed, so the first release answers otherwise.
AFTER_A_CHANGE = re.compile(r"\brefresh\b|\bdiff\b|\brevision\b|observation_as_of|observation_vintage")
# These go on until they are ended, or write into a database; tests of their own start them.
LASTING = re.compile(r"^nyckeltal (replica|dev|publish|serve)\b")


def blocks(path: Path, language: str = "") -> list[str]:
    """The code blocks of a document."""
    found = re.findall(r"(?m)^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [text for given, text in found if given == language]


def shown(path: Path) -> list[tuple[str, list[str]]]:
    """Each `nyckeltal …` of a document's code blocks, with the lines shown below it."""
    return shown_in(blocks(path))


def shown_in(texts: list[str]) -> list[tuple[str, list[str]]]:
    """The same of code blocks."""
    found: list[tuple[str, list[str]]] = []
    for block in texts:
        for line in block.splitlines():
            if re.match(r"(\$ )?nyckeltal ", line):
                found.append((line.removeprefix("$ "), []))
            elif found and line.strip():
                found[-1][1].append(line)
    return found


def is_read_only(command: str) -> bool:
    """Whether a release that has just been made prints what is shown below the command."""
    return not (AFTER_A_CHANGE.search(command) or LASTING.search(command))


def plain(line: str) -> str:
    """A line, or a text, with its white space brought together."""
    return " ".join(line.split())


def run(settings: Settings, command: str) -> str:
    """What a command prints on a release."""
    done = subprocess.run(
        [COMMAND, *shlex.split(command)[1:]],
        env={**os.environ, "NYCKELTAL_DATA_DIR": str(settings.data_dir), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def declared_figures() -> list[dict[str, Any]]:
    """The figures in prose that docs/figures.yml declares."""
    return list(read_yaml(FIGURES))


def figures_now(figure: dict[str, Any], release: Settings | None = None) -> list[float]:
    """The numbers of a declared figure: from the embedded figures, or from a release where it says so.

    Of the embedded figures each dataset is a view by the name of its first file, with all that its deliveries say.
    """
    if figure.get("of") == "release":
        assert release is not None
        database = release_pointer.current_folder(release.releases_dir) / DATABASE
        with duckdb.connect(str(database), read_only=True) as con:
            row = con.execute(figure["sql"]).fetchone()
    else:
        with duckdb.connect() as con:
            for dataset, entry in read_manifest(COMMITTED).datasets.items():
                stem, is_table = Path(entry.file).stem, entry.file.endswith(".csv")
                if stem not in figure["sql"]:
                    continue
                path = COMMITTED / entry.file
                con.register(stem, con.read_csv(str(path)) if is_table else known(dataset))
            row = con.execute(figure["sql"]).fetchone()
    assert row is not None, figure["figure"]
    return [float(number) for number in row]


def as_written(value: float, before: str) -> str:
    """A number in the form of the one that it takes the place of: decimals, decimal sign, thousands."""
    whole, sign, decimals = before.replace("\u202f", " ").partition("," if "," in before else ".")
    text = f"{value:,.{len(decimals)}f}"
    thousands = " " if " " in whole or abs(value) >= 10_000 else ""
    return text.replace(".", "§").replace(",", thousands).replace("§", sign)
