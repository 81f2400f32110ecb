"""What the documents say is so: commands parse and print what is shown, tables, dependencies and links exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer.main

from pipelines.commands.main import app
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from tests.support.documents import README, blocks, is_read_only, plain, run, shown
from tests.support.repository import committed_files

DOCUMENTS = sorted(p for p in committed_files() if p.suffix == ".md")
COMMANDS = [(path.name, command) for path in DOCUMENTS for command, _ in shown(path)]
READ_ONLY = [(command, lines) for command, lines in shown(README) if is_read_only(command)]


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_a_command_of_the_documents_parses(document: str, command: str) -> None:
    words = shlex.split(command)[1:]
    known: Any = typer.main.get_command(app)
    while hasattr(known, "commands"):
        assert words, f"{document}: {command}"
        assert words[0] in known.commands, f"{document}: {command}"
        known = known.commands[words.pop(0)]
    with known.make_context(known.name, words):
        pass


@pytest.mark.slow
@pytest.mark.parametrize(("command", "lines"), READ_ONLY, ids=[c.split()[1] for c, _ in READ_ONLY])
def test_a_reading_command_of_the_readme_prints_what_is_shown(
    full_release: Settings, command: str, lines: list[str]
) -> None:
    printed = {plain(line) for line in run(full_release, command).splitlines()}
    whole = [plain(line) for line in lines if "…" not in line and not line.startswith("Release ")]

    # Rules under a table's head are as wide as the window.
    assert [line for line in whole if line not in printed and not set(line) <= {"─", " "}] == []


def test_the_readme_shows_the_figure_that_the_tour_begins_with() -> None:
    shown_lines = [plain(line) for _, lines in READ_ONLY for line in lines]
    assert "2022 290766" in shown_lines


@pytest.mark.slow
def test_what_is_known_now_is_what_is_known_as_of_a_later_day(full_release: Settings) -> None:
    (command,) = [c for c, _ in shown(README) if "observation_as_of" in c]
    later = re.sub(r"observation_as_of\('[^']+'\)", "observation_as_of('2100-01-01')", command)
    before = re.sub(r"observation_as_of\('[^']+'\)", "observation_as_of('1999-12-31')", command)

    assert "290766" in run(full_release, later)
    assert "290766" not in run(full_release, before)


@pytest.mark.slow
def test_the_python_of_the_readme_runs_on_a_release(full_release: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks(README, "python")
    folder = release_pointer.current_folder(full_release.releases_dir)

    exec(code.replace("data/releases/current", str(folder)), {})  # noqa: S102 - the document's own example

    printed = capfd.readouterr().out
    places = re.findall(r"(\w[\w ]*?) (\d+\.\d)", code[code.index("# Öckerö") :])
    assert len(places) == 3
    for area, value in places:
        assert re.search(rf"{area}\s+│\s+{value}", printed), (area, printed)


@pytest.mark.slow
def test_the_sql_of_the_readme_runs_on_a_release(full_release: Settings) -> None:
    (code,) = blocks(README, "sql")
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect() as con:
        con.execute(code.replace("data/releases/current", str(folder)))
        assert len(con.fetchall()) > 100


@pytest.mark.slow
def test_the_public_tables_of_the_readme_are_those_of_a_release(full_release: Settings) -> None:
    text = README.read_text(encoding="utf-8").split("## Public tables")[1].split("\n## ")[0]
    named = {name for row in re.findall(r"(?m)^\| (`[^|]+) \|", text) for name in re.findall(r"`(\w+)`", row)}
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        rows = con.execute("select table_name from information_schema.tables where table_schema = 'main'")
        assert named == {name for (name,) in rows.fetchall()}


def test_every_dependency_is_explained_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"(?m)^\| ([a-z][a-z0-9-]+) \|", text)) - {"package"}
    assert explained == {re.split(r"[\[=<>~! ;]", w, maxsplit=1)[0] for w in wanted}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[p.name for p in DOCUMENTS])
def test_relative_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=[p.name for p in DOCUMENTS])
def test_a_file_of_the_code_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"`((?:pipelines|indicators|dbt_project|tests)/[\w./]+)`", path.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
