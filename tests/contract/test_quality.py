"""The table of faults (docs/quality.md): each kind says where it is caught, and names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from pipelines.settings import ROOT

PAGE = ROOT / "docs" / "quality.md"
HEAD = ["fault", "where it is caught", "check", "exit code", "test"]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[[^`]*\])?`")
FEWEST = 60  # kinds of fault


def tables() -> list[list[list[str]]]:
    """The rows of each table of the page, its head first."""
    found: list[list[list[str]]] = []
    before = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        before = line
    return found


ROWS = [row for table in tables() if table[0] == HEAD for row in table[1:]]


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_the_page_holds_the_kinds_of_fault() -> None:
    assert len(ROWS) >= FEWEST
    assert len({row[0] for row in ROWS}) == len(ROWS), "a kind stands once"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_kind_of_fault_is_told_whole_and_its_tests_exist(row: list[str]) -> None:
    assert len(row) == len(HEAD)
    assert all(row)
    named = NAMED.findall(row[4])
    assert named, "no test is named"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in functions(path), f"{path}::{name}"
