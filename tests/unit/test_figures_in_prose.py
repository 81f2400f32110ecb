"""A figure of a price index that stands in prose is the one that the embedded figures give.

The declarations are in docs/figures.yml: the sentence, where it stands, and the query that gives its figures.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from indicators.load.yaml_rows import read_yaml
from pipelines.settings import ROOT

DECLARED: list[dict[str, Any]] = read_yaml(ROOT / "docs" / "figures.yml")
SNAPSHOT = ROOT / "data" / "snapshot"
_FIGURE = re.compile(r"\{([^}]+)\}")
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


def plain(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def undeclared(text: str) -> list[str]:
    """The sentences of a text that state a change of a price index in per cent and are not declared."""
    known = [plain(_FIGURE.sub(r"\1", figure["text"])) for figure in DECLARED]
    found = []
    for sentence in re.split(r"(?<=[.:])\s+(?=[A-ZÅÄÖ|#-])", plain(text)):
        left = sentence
        for declared in known:
            left = left.replace(declared, "")
        if _INDEX.search(sentence) and _CHANGE.search(left):
            found.append(sentence)
    return found


@pytest.mark.parametrize("figure", DECLARED, ids=[str(figure["figure"]) for figure in DECLARED])
def test_a_declared_figure_is_what_the_embedded_figures_give(figure: dict[str, Any]) -> None:
    with duckdb.connect() as con:
        for path in (*SNAPSHOT.glob("*.csv"), *SNAPSHOT.glob("*.parquet")):
            con.execute(f"create view \"{path.stem}\" as from '{path}'")
        row = con.execute(figure["sql"]).fetchone()
    assert row is not None
    told = [text.replace(",", ".").replace(" ", "") for text in _FIGURE.findall(figure["text"])]
    decimals = [len(text.partition(".")[2]) for text in told]
    assert told == [f"{value:.{places}f}" for value, places in zip(row, decimals, strict=True)]


@pytest.mark.parametrize("figure", DECLARED, ids=[str(figure["figure"]) for figure in DECLARED])
def test_a_declared_figure_stands_in_its_documents(figure: dict[str, Any]) -> None:
    text = plain(_FIGURE.sub(r"\1", figure["text"]))
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
