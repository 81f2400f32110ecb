"""The naming rules of docs/naming.md, as far as a machine can check them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

import pytest
import yaml

from pipelines.settings import ROOT
from tests.support.repository import committed_files, modules

# Rooms in which modules may share a name, and why. Two modules of one name lie in rooms of one line.
PARALLEL_ROOMS = (
    (
        {f"pipelines.sources.{name}" for name in ("kolada", "scb", "skr", "socialstyrelsen", "submissions")},
        "every publisher fetches and parses",
    ),
    (
        {"pipelines"} | {f"pipelines.{n}" for n in ("assets", "commands", "quality", "sources", "steps", "storage")},
        "one piece of work has its command, its asset, its step, the state that it writes and the room behind it",
    ),
    (
        {"indicators"} | {f"indicators.{name}" for name in ("generate", "model", "statistics", "tables")}
        | {f"pipelines.{name}" for name in ("assets", "commands", "site.pages")},
        "a subject of the declarations has its types, tables, rows, statistics, command, asset and pages",
    ),
    ({"pipelines.api", "pipelines.release.package"}, "one format, in responses and in files"),
    ({"pipelines.release.package", "pipelines.site"}, "each part of a release reads what it is made of"),
)  # fmt: skip
# Two modules of one name in rooms that are not parallel, and why they keep it.
SAME_NAME = {
    "declared": "the schema of dbt's source `declared`, and the keys of SCB's declaration",
    "errors": "`indicators` imports nothing of `pipelines`, so it has errors of its own",
    "facts": "a template's facts as cells with relations, and a submission's rows as facts",
    "pages": "pages of Kolada's responses, the server's own pages, and the pages of the site",
    "submissions": "from a submitted file to facts, and archived submissions as a source",
}
# What every room may use, and what puts the rooms together.
LOOSE = {"code_identity", "datasets", "definitions", "errors", "faults", "settings"}
# Columns of one name whose type differs between tables; docs/naming.md says why.
DIFFERING = {"numerator", "denominator", "expected", "indicators"}
NO_CLUE = {"utils", "util", "helpers", "base", "misc", "manager", "stuff"}
FILES = [f"/{path.relative_to(ROOT).as_posix()}" for path in committed_files()]
ALL = pytest.mark.parametrize("name", sorted(modules()))


def room_of(name: str) -> str:
    return name.rpartition(".")[0]


def same_names() -> dict[str, set[str]]:
    """Names that more than one module or package has, with the rooms that they lie in."""
    rooms = defaultdict(set)
    for name in modules():
        if room := room_of(name):
            rooms[name.rpartition(".")[2]].add(room)
    return {name: found for name, found in rooms.items() if len(found) > 1}


def test_modules_of_one_name_lie_in_parallel_rooms_or_are_listed_with_a_reason() -> None:
    strangers = {
        name: sorted(rooms)
        for name, rooms in same_names().items()
        if name not in SAME_NAME and not any(rooms <= parallel for parallel, _ in PARALLEL_ROOMS)
    }
    assert strangers == {}


def test_every_name_that_is_listed_is_one_that_modules_share() -> None:
    assert set(SAME_NAME) <= set(same_names())


def test_nothing_lies_loose_at_the_root_of_the_pipelines() -> None:
    loose = {n.split(".")[1] for n, m in modules().items() if room_of(n) == "pipelines" and not m.is_package}
    assert loose <= LOOSE


def test_no_module_has_a_name_without_a_clue() -> None:
    assert {name for name in modules() if name.rpartition(".")[2] in NO_CLUE} == set()


@ALL
def test_a_file_that_the_opening_names_exists(name: str) -> None:
    opening = ast.get_docstring(modules()[name].tree) or ""
    named = re.findall(r"`([\w/]+\.(?:py|yml|sql|js|css))`", opening)
    assert [file for file in named if not any(path.endswith(f"/{file}") for path in FILES)] == []


def test_models_of_dbt_are_named_by_their_layer() -> None:
    models = ROOT / "dbt_project" / "models"
    staging = [path.stem for path in models.glob("staging/*/*.sql")]
    intermediate = [path.stem for path in models.glob("intermediate/**/*.sql")]
    marts = [path.stem for path in models.glob("marts/**/*.sql")]

    assert staging
    assert intermediate
    assert [path.parent.name for path in models.glob("staging/*/*.sql")] == [n.split("_")[1] for n in staging]
    assert [name for name in staging if not re.fullmatch(r"stg_[a-z]+__[a-z_]+", name)] == []
    assert [name for name in intermediate if not re.fullmatch(r"int_[a-z_]+?__[a-z_]+", name)] == []
    assert [name for name in marts if "__" in name or name.startswith(("stg_", "int_"))] == []


def test_a_column_has_one_type_in_all_public_tables() -> None:
    types = defaultdict(set)
    for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for column in model.get("columns", []):
                types[column["name"]].add(column["data_type"])
    assert {name for name, found in types.items() if len(found) > 1} == DIFFERING
