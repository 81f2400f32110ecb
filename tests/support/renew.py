"""Writes what the documents show of a release anew, after the embedded figures were renewed (`make renew`):

    .venv/bin/python -m tests.support.renew [--data-dir DIR]

Belongs here: the outputs of README's commands, the cookbook's results, and the declared figures in prose. Does not
belong here: finding and running them (`documents.py`, `cookbook.py`). Without a data folder a release is made of the
embedded figures. What cannot be written by itself is named, and the program then ends with 1: a line that the command
no longer prints, and a sentence of the cookbook about a number that its table does not hold any more.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from tests.support import cookbook, documents
from tests.support.documents import FIGURE, FIGURES, README, as_written, plain

_ELIDED = "…"
_NUMBER = re.compile(r"(?<![\w,.])[−+-]?(?:\d[\d\u202f ]*(?:[.,]\d+)?|[0-9a-f]{8,})(?![\w])")
_TOLD = re.compile(r"(?<![\w,])[−]?\d[\d\u202f]*(?:,\d+)?")
_SMALL = 2  # digits of numbers that a reader counts
_BLOCK = re.compile(r"(?ms)^```\n(?P<body>.*?)^```$")


class CannotRenewError(Exception):
    """A part of a document that a person has to write."""


def renewed_lines(shown: list[str], printed: list[str]) -> tuple[list[str], list[str]]:
    """The shown lines as the command prints them now, and those that have no counterpart and stay as they are.

    A line that is printed as it is shown stays. Those between are paired by what stands in them beside numbers, in
    their order; more lines of the same kind, such as a newer year of a table, are shown as well. A line with `…` in it
    stays, and so does one that names a release.
    """
    printed = [line for line in printed if line.strip()]
    pairs = _paired(shown, printed)
    lines, left = list[str](), list[str]()
    for number, line in enumerate(shown):
        place = pairs.get(number)
        if _is_kept(line) or _is_rule(line):
            lines.append(line)
        elif place is None:
            lines.append(line)
            left.append(line.strip())
        else:
            lines.append(line if plain(line) == plain(printed[place]) else printed[place].rstrip())
            following = pairs.get(number + 1, len(printed))
            lines += _more_of_the_kind(printed[place], printed[place + 1 : following])
    return lines, left


def _is_kept(line: str) -> bool:
    return _ELIDED in line or line.startswith("Release ")


def _is_rule(line: str) -> bool:
    return set(line) <= {"─", " "}


def _skeleton(line: str) -> str:
    """A line without its numbers and the widths of its columns; rules are all alike."""
    return "─" if _is_rule(line) else plain(_NUMBER.sub(" # ", line))


def _more_of_the_kind(line: str, following: list[str]) -> list[str]:
    """The lines after one that are like it but for their numbers."""
    kind, found = _skeleton(line), []
    for text in following:
        if _skeleton(text) != kind or not _NUMBER.search(text):
            break
        found.append(text.rstrip())
    return found


def _paired(shown: list[str], printed: list[str]) -> dict[int, int]:
    """Which printed line each shown one is: the same; else one alike between the same ones, or the only one there."""
    exact = SequenceMatcher(None, [plain(line) for line in shown], [plain(line) for line in printed], autojunk=False)
    pairs: dict[int, int] = {}
    for kind, a, a_end, b, b_end in exact.get_opcodes():
        if kind == "equal":
            pairs |= dict(zip(range(a, a_end), range(b, b_end), strict=True))
        elif kind == "replace":
            pairs |= {a + n: b + m for n, m in _alike(shown[a:a_end], printed[b:b_end]).items()}
    return _headed(shown, printed) | pairs


def _headed(shown: list[str], printed: list[str]) -> dict[int, int]:
    """Lines of which there is one alone with their first word on each side, such as a conclusion in other words."""
    heads = [[plain(line).split(" ")[0] for line in lines] for lines in (shown, printed)]
    words = {word for word in heads[0] if word.isalpha() and all(head.count(word) == 1 for head in heads)}
    return {heads[0].index(word): heads[1].index(word) for word in words}


def _alike(shown: list[str], printed: list[str]) -> dict[int, int]:
    by_kind = SequenceMatcher(None, [_skeleton(x) for x in shown], [_skeleton(x) for x in printed], autojunk=False)
    pairs: dict[int, int] = {}
    for kind, a, a_end, b, b_end in by_kind.get_opcodes():
        if kind == "equal" or (kind == "replace" and a_end - a == b_end - b):
            pairs |= dict(zip(range(a, a_end), range(b, b_end), strict=True))
    return pairs


def renewed_readme(text: str, release: Settings) -> tuple[str, list[str]]:
    """README with the outputs of its reading commands as they are now, and what could not be written."""
    faults: list[str] = []

    def block(found: re.Match[str]) -> str:
        body = found["body"]
        for command, lines in documents.shown_in([body]):
            if not lines or not documents.is_read_only(command):
                continue
            new, left = renewed_lines(lines, documents.run(release, command).splitlines())
            faults.extend(f"README.md, {command[:60]}: nothing like this is printed now: {line}" for line in left)
            body = _with_output(body, command, lines, new)
        return f"```\n{body}```"

    return _BLOCK.sub(block, text), faults


def _with_output(body: str, command: str, old: list[str], new: list[str]) -> str:
    """A block with the output of one command replaced; the blank lines before a shown line stay before it."""
    if old == new:
        return body
    head = body.index(command) + len(command)
    tail = body[head:]
    start, end = tail.index(old[0]), tail.rindex(old[-1]) + len(old[-1])
    lines = tail[start:end].splitlines()
    blank = [
        number for number, line in enumerate(line for line in lines if line.strip()) if _follows_blank(lines, number)
    ]
    kept = {plain(old[number]) for number in blank}
    text = "\n".join(f"\n{line}" if number and plain(line) in kept else line for number, line in enumerate(new))
    return body[:head] + tail[:start] + text + tail[end:]


def _follows_blank(lines: list[str], number: int) -> bool:
    """Whether the line with this number among those with text stands after a blank one."""
    places = [place for place, line in enumerate(lines) if line.strip()]
    place = places[number]
    return place > 0 and not lines[place - 1].strip()


def renewed_figures(release: Settings) -> Iterator[tuple[Path, str]]:
    """The documents whose declared figures are others now, and docs/figures.yml, with their new texts.

    Raises:
        CannotRenewError: a figure has another sign, so that its sentence says the opposite.
    """
    texts: dict[Path, str] = {FIGURES: FIGURES.read_text(encoding="utf-8")}
    for figure in documents.declared_figures():
        old = FIGURE.findall(figure["text"])
        numbers = documents.figures_now(figure, release)
        new = [as_written(number, before) for number, before in zip(numbers, old, strict=True)]
        if any(number < 0 and not before.startswith(("-", "−")) for number, before in zip(numbers, old, strict=True)):
            raise CannotRenewError(f"docs/figures.yml, {figure['figure']}: its sentence says the opposite now")
        for path in (ROOT / document for document in figure["documents"]):
            texts[path] = _with_figures(texts.get(path) or path.read_text(encoding="utf-8"), figure, new, braces=False)
        texts[FIGURES] = _with_figures(texts[FIGURES], figure, new, braces=True)
    for path, text in texts.items():
        if text != path.read_text(encoding="utf-8"):
            yield path, text


def _with_figures(text: str, figure: dict[str, Any], new: list[str], *, braces: bool) -> str:
    """A text with the declared figures of one sentence replaced, however its lines are broken."""
    parts = FIGURE.split(plain(figure["text"]))
    marks = ("{", "}") if braces else ("", "")
    pattern = "".join(
        _loose(part) if place % 2 == 0 else f"{re.escape(marks[0])}({_loose(part)}){re.escape(marks[1])}"
        for place, part in enumerate(parts)
    )
    found = re.search(pattern, text)
    if found is None:
        raise CannotRenewError(f"{figure['figure']}: its sentence does not stand where it is declared")
    for group in range(len(new), 0, -1):
        if plain(found[group]) != new[group - 1]:
            text = text[: found.start(group)] + new[group - 1] + text[found.end(group) :]
    return text


def _loose(part: str) -> str:
    """A pattern for a text whose blanks may be any white space."""
    return re.sub(r"(\\ |\s)+", r"\\s+", re.escape(part))


def renewed_answer(answer: str, before: str, now: str) -> tuple[str, list[str]]:
    """An answer of the cookbook, with the numbers that its table gives now, and those that a person has to look at.

    A number that stood in one cell alone of the table is replaced by what that row and column hold now. Small whole
    numbers may be counted by the reader, so they are only named.

    Args:
        before, now: the table as it was shown, and as it is.
    """
    left, was = [], _cells(before)
    for told in sorted(set(_TOLD.findall(answer)), key=len, reverse=True):
        places = [place for place, cell in was.items() if cell.lstrip("−") == told.lstrip("−")]
        new = {_cells(now).get(place) for place in places}
        if not places or told.lstrip("−") in {cell.lstrip("−") for cell in _cells(now).values()}:
            continue
        (other,) = new if len(places) == 1 else (None,)
        if other is None or (len(told) <= _SMALL and "," not in told):
            left.append(told)
        else:
            answer = re.sub(
                rf"(?<![\w,]){re.escape(told)}(?![\w,]|\u202f\d)",
                other if told[0] == "−" else other.lstrip("−"),
                answer,
            )
    return answer, left


def _cells(table: str) -> dict[tuple[str, int], str]:
    """The cells of a table by the text of their row (or its place, where it has none) and their column."""
    found = {}
    for number, line in enumerate(table.splitlines()[2:]):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        words = " ".join(cell for cell in cells if re.search(r"[^\d\W]", cell)) or str(number)
        found |= {(words, column): cell for column, cell in enumerate(cells)}
    return found


def renewed_answers(release_folder: Path) -> tuple[list[Path], list[str]]:
    """The cookbook with tables and answers as they are now; the documents that changed, and what is left."""
    asked = cookbook.questions()
    changed, left = cookbook.refresh(release_folder), []
    for question, now in zip(asked, cookbook.questions(), strict=True):
        answer, numbers = renewed_answer(question.answer, question.shown, now.shown)
        left += [f"docs/cookbook, question {question.number}: look at {told} in its answer" for told in numbers]
        if answer != question.answer:
            text = question.path.read_text(encoding="utf-8")
            question.path.write_text(text.replace(question.answer, answer), encoding="utf-8")
    return changed, left


def renew(release: Settings) -> tuple[list[Path], list[str]]:
    """Write everything; returns the documents that changed, and what a person has to write."""
    folder = release_pointer.current_folder(release.releases_dir)
    changed, left = renewed_answers(folder)
    before = README.read_text(encoding="utf-8")
    text, faults = renewed_readme(before, release)
    faults += left
    if text != before:
        README.write_text(text, encoding="utf-8")
        changed.append(README)
    try:
        for path, new in renewed_figures(release):
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    except CannotRenewError as error:
        faults.append(str(error))
    return sorted(set(changed)), faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="a data folder with a release; made when left out")
    given = parser.parse_args().data_dir
    with tempfile.TemporaryDirectory(prefix="nyckeltal-renew-") as made:
        data_dir = given or Path(made)
        if given is None:
            subprocess.run([documents.COMMAND, "refresh", "--data-dir", data_dir], check=True)
        changed, left = renew(Settings(data_dir=data_dir))
    for path in changed:
        print(f"written: {path.relative_to(ROOT)}")  # noqa: T201 - a program's answer
    for fault in left:
        print(f"to be written by hand: {fault}")  # noqa: T201
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
