"""Each command loads only what it needs, and a reader's installation, which lacks most libraries, is enough to read."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from indicators.load.catalogue import HOME, load_catalogue
from pipelines.settings import ROOT
from tests.support.command import Done, Place

# The libraries that the first argument names cannot be imported.
WITHOUT = """
import shlex, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = set(sys.argv[1].split())
sys.meta_path.insert(0, Missing())
"""
# Whoever looks through all installed distributions fails: it takes a tenth of a second.
NO_SEARCH = """
import importlib.metadata
importlib.metadata.distributions = None
"""
# Runs the commands that the other arguments are, and tells what was loaded.
COMMANDS = """
from pipelines.commands.main import main
for command in sys.argv[2:]:
    sys.argv = ["nyckeltal", *shlex.split(command)]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    print(f"ended: {code}", file=sys.stderr)
print("loaded:", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def in_order(
    commands: list[str], missing: frozenset[str] = frozenset(), first: str = ""
) -> tuple[Done, list[int], set[str]]:
    """Run commands in one process; returns what they printed, their exit codes, and what was loaded."""
    program = [sys.executable, "-c", WITHOUT + first + COMMANDS, " ".join(missing), *commands]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    codes = [int(code) for code in re.findall(r"(?m)^ended: (\d+)$", done.stderr)]
    assert len(codes) == len(commands), done.stderr
    return Done(done.returncode, done.stdout, done.stderr), codes, set(done.stderr.rpartition("loaded:")[2].split())


@cache
def left_out(group: str) -> frozenset[str]:
    """The libraries of this environment that are not among those of a group."""
    lock = (ROOT / f"requirements-{group}.lock").read_text(encoding="utf-8")
    kept = {_normal(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[.*\])?==", lock)} | {"nyckeltal"}
    found = packages_distributions().items()
    return frozenset(
        library for library, of in found if kept.isdisjoint(map(_normal, of)) and library not in sys.stdlib_module_names
    )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_help_loads_neither_frames_nor_databases_nor_declarations() -> None:
    done, codes, loaded = in_order(["--help", "releases --help", "publish postgres --help"])
    assert codes == [0, 0, 0]
    assert "refresh" in done.out
    assert {"typer", "rich", "pipelines"} <= loaded
    assert loaded & {
        "polars", "duckdb", "pyarrow", "pandas", "numpy", "yaml", "httpx", "dagster", "dbt",
        "great_expectations", "fastapi", "psycopg", "openpyxl", "scipy", "jinja2",
    } == set()  # fmt: skip


# What no command needs that prints some rows: frames and Arrow, the library that a bound parameter makes DuckDB import,
# the lock, and what is heavy of reading settings.
FRAMES = {"polars", "pyarrow", "pandas", "numpy", "filelock", "asyncio", "pydantic_settings", "dotenv"}


@pytest.mark.parametrize(
    ("command", "left_unloaded"),
    [
        ("sql 'select 1'", FRAMES | {"yaml"}),
        ("compare 1480", FRAMES | {"yaml"}),
        ("compare 1480 --with 1402 --json", FRAMES | {"yaml"}),
        ("similar", FRAMES | {"yaml"}),
        ("similar --json", FRAMES | {"yaml"}),
        ("releases list", FRAMES | {"yaml", "duckdb"}),
        ("status", FRAMES),
        ("indicators list", FRAMES),
        ("indicators show invanare_80", FRAMES),
        ("explain invanare_80 1480 2022", FRAMES),
    ],
)
def test_a_command_that_prints_a_few_rows_loads_no_frames(command: str, left_unloaded: set[str], base: Place) -> None:
    done, codes, loaded = in_order([f"{command} --data-dir {base.data_dir}"], first=NO_SEARCH)
    assert codes == [0], done.text
    assert loaded & left_unloaded == set()


def test_everything_can_be_read_with_a_readers_installation(base: Place) -> None:
    at = f"--data-dir {base.data_dir}"
    reading = [
        f"status {at}", f"compare 1480 {at}", f"similar {at}", f"releases list {at}",
        f"indicators list {at}", f"study list {at}",
        f"indicators show invanare_80 {at}", f"timeline GR --indicator invanare_80 {at}",
        f"explain invanare_80 GR 2022 --recompute {at}",
        f"sql 'select count(*) as antal from indicator' --format csv {at}",
    ]  # fmt: skip
    done, codes, loaded = in_order(reading, left_out("read"))
    assert codes == [0] * len(reading), done.text
    assert base.current() in done.out
    assert f"antal\n{len(load_catalogue(HOME).indicators)}" in done.out
    assert {"polars", "duckdb"} <= loaded


def test_a_command_that_needs_more_says_what_and_how_to_install_it(base: Place) -> None:
    needed = {"refresh": "httpx", "serve": "uvicorn", "publish postgres --dsn dbname=x": "psycopg"}
    done, codes, _ = in_order([f"{command} --data-dir {base.data_dir}" for command in needed], left_out("read"))
    assert codes == [2] * len(needed)
    for library in needed.values():
        assert f"this command needs {library}, which this installation does without" in done.text
    assert done.text.count("what to do: install what serving needs (requirements-serve.lock), or everything") == 3


def test_what_serving_needs_is_enough_to_serve() -> None:
    program = [sys.executable, "-c", WITHOUT + "import pipelines.api.server", " ".join(left_out("serve"))]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
