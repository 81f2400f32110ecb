"""Modules and functions stay small, and each module says what belongs in it."""

from __future__ import annotations

import ast

import pytest

from tests.support.repository import modules

MAX_MODULE, MAX_FUNCTION = 400, 45
ALL = pytest.mark.parametrize("name", sorted(modules()))


@ALL
def test_a_module_is_short(name: str) -> None:
    assert modules()[name].lines <= MAX_MODULE


@ALL
def test_its_functions_are_short(name: str) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(modules()[name].tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION
    }
    assert not long


LISTING = {"glob", "rglob", "iterdir", "listdir", "scandir", "walk"}
LISTS_STATE = ("pipelines.storage.", "pipelines.steps.", "pipelines.assets.", "pipelines.sources.fetch_context")


@pytest.mark.parametrize("name", [name for name in sorted(modules()) if name.startswith(LISTS_STATE)])
def test_folders_of_state_are_listed_by_one_function_that_tells_a_missing_right(name: str) -> None:
    called = {
        node.func.attr
        for node in ast.walk(modules()[name].tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called & LISTING <= ({"scandir"} if name == "pipelines.storage.files" else set()), "use files.entries"


@ALL
def test_it_begins_with_what_belongs_there(name: str) -> None:
    module = modules()[name]
    docstring = ast.get_docstring(module.tree)
    assert docstring, f"{name} has no docstring"
    assert docstring.splitlines()[0].endswith((".", ":")) or "\n" in docstring
    if module.is_package:
        assert "Belongs here" in docstring, f"{name}: a package says what belongs here, and what does not"
