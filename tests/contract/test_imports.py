"""Imports run downward only: cli, definitions, assets, rooms, foundation, indicators (see `storey`)."""

from __future__ import annotations

import itertools

import pytest

from tests.support.repository import Module, modules

FOUNDATION = {
    "archive", "bounded", "csv_cells", "deposit", "duck", "errors", "files", "http", "lock", "near", "screen",
    "sealing", "settings", "show", "sql_functions", "sql_rules", "text", "vintage_sql", "vintages",
}  # fmt: skip
ROOMS = {"sources", "quality", "warehouse", "dbt", "release", "reader", "site", "submissions"}
DECLARATION = "pipelines.sources.model"  # what a dataset is: a declaration, known to every storey
# What sources share, each knowing of no publisher.
TOOLS = {
    "areas", "cells", "context", "fields", "inbox", "layout", "layout_faults", "layout_heads", "layout_model",
    "layout_values", "layout_year", "pxweb", "pxweb_answers", "pxweb_query", "pxweb_types", "shown", "tabular",
}  # fmt: skip
GATE = "pipelines.quality.gate"


def storey(name: str) -> int:
    """How high a module stands.

    0 indicators, 1 foundation, 2 rooms, 3 what joins rooms, 4 assets and the query interface, 5 definitions and their
    starter, 6 cli.
    """
    parts = name.split(".")
    if parts[0] == "indicators":
        return 0
    if name in {"pipelines", DECLARATION} or parts[1] in FOUNDATION:
        return 1
    if parts[1] in ROOMS:
        return 2
    return {"assets": 4, "api": 4, "definitions": 5, "job": 5, "cli": 6}.get(parts[1], 3)


def ours(module: Module) -> set[str]:
    """Modules of ours that it imports (not the packages that merely hold them)."""
    named = {name for name in module.imports() if name in modules()}
    return {name for name in named if not any(other.startswith(f"{name}.") for other in named)} - {
        "pipelines",
        "indicators",
    }


ALL = pytest.mark.parametrize("name", sorted(modules()))


@ALL
def test_imports_run_downward_only(name: str) -> None:
    upward = {other for other in ours(modules()[name]) if storey(other) > storey(name)}
    assert not upward, f"{name} (storey {storey(name)}) imports {sorted(upward)}, which stand above it"


def test_indicators_import_nothing_of_pipelines() -> None:
    for module in modules().values():
        if module.name.split(".")[0] == "indicators":
            assert not [name for name in module.imports() if name.split(".")[0] == "pipelines"], module.name


def test_sources_know_neither_one_another_nor_who_judges_keeps_or_publishes() -> None:
    shared = {"pipelines.sources", DECLARATION, *(f"pipelines.sources.{tool}" for tool in TOOLS)}
    strange = {"quality", "vintage_sql", "vintages", "release", "site", "assets", "staging", "warehouse"}
    for module in modules().values():
        if module.name.startswith("pipelines.sources"):
            own = ".".join(module.name.split(".")[:3])
            others = {n for n in ours(module) if n.startswith("pipelines.sources.")} - shared
            publishers = {n for n in others if n != own and not n.startswith(f"{own}.")}
            assert not publishers, f"{module.name} imports {publishers}"
            judged = {
                name for name in ours(module) if name.split(".")[1] in strange and name.split(".")[0] == "pipelines"
            }
            assert not judged, f"{module.name} imports {judged}"


def test_only_the_gate_imports_great_expectations() -> None:
    importers = {
        m.name for m in modules().values() if any(n.split(".")[0] == "great_expectations" for n in m.imports())
    }
    assert importers == {GATE}


def test_only_assets_and_definitions_and_what_starts_them_know_dagster() -> None:
    importers = {m.name for m in modules().values() if any(n.split(".")[0].startswith("dagster") for n in m.imports())}
    assert importers
    assert not {name for name in importers if storey(name) < 3}


def test_only_the_query_interface_knows_the_web_s_libraries_and_only_the_command_line_knows_it() -> None:
    web = {"fastapi", "starlette", "uvicorn", "anyio"}
    importers = {m.name for m in modules().values() if web & {n.split(".")[0] for n in m.imports()}}
    assert importers
    assert not {name for name in importers if not name.startswith("pipelines.api.")}
    users = {n for n, module in modules().items() if any(o.startswith("pipelines.api") for o in ours(module))}
    assert {name for name in users if not name.startswith("pipelines.api")} == {"pipelines.cli"}


def test_no_two_modules_import_each_other() -> None:
    imported = {name: ours(module) for name, module in modules().items()}
    pairs = [(a, b) for a, b in itertools.combinations(imported, 2) if b in imported[a] and a in imported[b]]
    assert pairs == []


def test_the_guard_sees_every_form_of_import() -> None:
    import ast  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    text = "import a.b\nfrom c import d\ndef f():\n    from . import e\n    from ..g import h as i\n"
    module = Module("p.q.r", Path("r.py"), 5, ast.parse(text))
    assert set(module.imports()) == {"a.b", "c", "c.d", "p.q", "p.q.e", "p.g", "p.g.h"}
