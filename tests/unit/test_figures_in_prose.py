"""A figure of a price index that stands in prose is the one that the embedded figures give.

The declarations are in docs/figures.yml: the sentence, where it stands, and the query that gives its figures.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import ROOT, Settings
from tests.support.documents import FIGURE, as_written, declared_figures, figures_now, plain

DECLARED = declared_figures()
_CHANGE = re.compile(r"\d+[.,]\d+\s?(?:%|procent|per cent)")
_INDEX = re.compile(
    r"KPIF|PKV|LPIK|OPI\b|prisindex|price index|index of elderly care|December to December", re.IGNORECASE
)
# What is read: declarations and the documents that people write. Reports of the cookbook are computed and tested there.
PROSE = [
    *sorted((ROOT / "indicators").rglob("*.yml")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
    *sorted(ROOT.glob("README*.md")),
]


def undeclared(text: str) -> list[str]:
    """The sentences of a text that state a change of a price index in per cent and are not declared."""
    known = [plain(FIGURE.sub(r"\1", figure["text"])) for figure in DECLARED]
    found = []
    for sentence in re.split(r"(?<=[.:])\s+(?=[A-ZÅÄÖ|#-])", plain(text)):
        left = sentence
        for declared in known:
            left = left.replace(declared, "")
        if _INDEX.search(sentence) and _CHANGE.search(left):
            found.append(sentence)
    return found


OF_SNAPSHOT, OF_RELEASE = (
    [figure for figure in DECLARED if (figure.get("of") == "release") is of_release] for of_release in (False, True)
)


@pytest.mark.parametrize("figure", OF_SNAPSHOT, ids=[str(figure["figure"]) for figure in OF_SNAPSHOT])
def test_a_declared_figure_is_what_the_embedded_figures_give(figure: dict[str, Any]) -> None:
    told = FIGURE.findall(figure["text"])
    assert told == [as_written(number, text) for number, text in zip(figures_now(figure), told, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("figure", OF_RELEASE, ids=[str(figure["figure"]) for figure in OF_RELEASE])
def test_a_declared_figure_is_what_a_release_gives(figure: dict[str, Any], full_release: Settings) -> None:
    told = FIGURE.findall(figure["text"])
    numbers = figures_now(figure, full_release)
    assert told == [as_written(number, text) for number, text in zip(numbers, told, strict=True)]


@pytest.mark.parametrize("figure", DECLARED, ids=[str(figure["figure"]) for figure in DECLARED])
def test_a_declared_figure_stands_in_its_documents(figure: dict[str, Any]) -> None:
    text = plain(FIGURE.sub(r"\1", figure["text"]))
    for document in figure["documents"]:
        assert text in plain((ROOT / document).read_text(encoding="utf-8")), document


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_other_sentence_states_a_change_of_a_price_index(path: Path) -> None:
    assert undeclared(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Omsorgens egna priser kan stiga mer än KPIF (2023: 7,1 mot 2,3 procent), så en ökning är inte mer verksamhet.",
        "In 2023 an index of elderly care rose by 7.1 per cent while KPIF rose by 2.3.",
        "KPIF rose by 6.1 per cent.",
    ],
)
def test_a_sentence_that_nobody_declared_is_seen(sentence: str) -> None:
    assert undeclared(f"Something else. {sentence} And more.") == [sentence]
