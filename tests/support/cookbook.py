"""The cookbook (docs/cookbook): questions with SQL and the printed result.

Belongs here: reading the questions, and writing their results anew. Run as a program it refreshes what is shown:

    .venv/bin/python -m tests.support.cookbook [--data-dir DIR]
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer

FOLDER = ROOT / "docs" / "cookbook"
CONTENTS = FOLDER / "README.md"
_BEGIN = "<!-- frågorna -->\n"  # the list of questions follows, to the end of the file
_QUESTION = re.compile(
    r"^## (?P<number>\d+)\. (?P<title>[^\n]+)\n(?P<reading>.+?)```sql\n(?P<sql>.+?)```\n(?P<shown>\n(?:\|[^\n]*\n)+)?"
    r"(?P<answer>.*?)(?=^## |\Z)",
    flags=re.MULTILINE | re.DOTALL,
)
_THOUSANDS_FROM = 10_000  # so that years are written as they are


@dataclass(frozen=True)
class Question:
    """One question; `shown` is the table below its SQL in the document."""

    number: int
    title: str
    path: Path
    reading: str
    sql: str
    shown: str
    answer: str


def questions() -> list[Question]:
    """All questions, in the order of their numbers."""
    found = []
    for path in FOLDER.glob("*.md"):
        for part in _QUESTION.finditer(path.read_text(encoding="utf-8")):
            texts = (part[name] or "" for name in ("reading", "sql", "shown", "answer"))
            found.append(Question(int(part["number"]), part["title"], path, *(text.strip() for text in texts)))
    return sorted(found, key=lambda q: q.number)


def answered(question: Question, folder: Path) -> str:
    """The result of a question on a release, as the table that the document shows."""
    return as_markdown(reader.query(folder, question.sql)).strip()


def as_markdown(frame: pl.DataFrame) -> str:
    """A table; numbers in Swedish form, flush right."""
    rows = [
        "| " + " | ".join(frame.columns) + " |",
        "|" + "|".join("--:" if kind.is_numeric() else ":--" for kind in frame.dtypes) + "|",
        *("| " + " | ".join(map(cell, row)) + " |" for row in frame.iter_rows()),
    ]
    return "\n".join(rows) + "\n"


def cell(value: Any) -> str:
    """A value; an en dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float | Decimal):
        text = f"{value:,}" if abs(value) >= _THOUSANDS_FROM else str(value)
        return text.replace(",", "\u202f").replace(".", ",").replace("-", "−")
    return " ".join(str(value).split()).replace("|", "\\|")


def contents(found: list[Question]) -> str:
    """The list of all questions, by document."""
    lines = [f"{q.number}. [{q.title}]({q.path.name})" for q in found]
    return "\n".join(lines) + "\n"


def refresh(folder: Path) -> list[Path]:
    """Write all results and the list anew; returns the documents that changed."""
    found, texts = questions(), {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    new = dict(texts)
    for q in found:
        block = f"```sql\n{q.sql}\n```\n"
        before = f"{block}\n{q.shown}\n" if q.shown else block
        assert new[q.path].count(before) == 1, q.title
        new[q.path] = new[q.path].replace(before, f"{block}\n{answered(q, folder)}\n")
    begin = new[CONTENTS].index(_BEGIN) + len(_BEGIN)
    new[CONTENTS] = new[CONTENTS][:begin] + "\n" + contents(found)
    for path, text in new.items():
        path.write_text(text, encoding="utf-8")
    return [path for path in texts if texts[path] != new[path]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Settings().data_dir)
    folder = release_pointer.current_folder(Settings(data_dir=parser.parse_args().data_dir).releases_dir)
    for path in refresh(folder):
        print(f"written: {path.relative_to(ROOT)}")  # noqa: T201 - a program's answer


if __name__ == "__main__":
    main()
