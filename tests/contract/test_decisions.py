"""The pages of docs/decisions: numbered, listed in the index, and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.settings import ROOT

FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HEADINGS = ["Context", "Decision", "Consequences", "Where it is held"]


def test_the_index_lists_every_page_in_order() -> None:
    listed = re.findall(
        r"(?m)^\| \[(\d{4})\]\((\d{4}-[a-z0-9-]+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8")
    )
    assert [name for _, name in listed] == [path.name for path in PAGES]
    assert [number for number, _ in listed] == [f"{n:04}" for n in range(1, len(PAGES) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_number_its_day_and_its_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.name[:4]}: ")
    assert re.search(r"(?m)^20\d\d-\d\d-\d\d\b", text)
    assert re.findall(r"(?m)^## (.+)$", text) == HEADINGS
