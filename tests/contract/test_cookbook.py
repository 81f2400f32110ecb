"""The cookbook's questions are answered as they show, and each says how to read its answer."""

from __future__ import annotations

import re

import pytest

from pipelines.settings import Settings
from pipelines.storage import release_pointer
from tests.support.cookbook import CONTENTS, FOLDER, Question, answered, contents, questions

ALL = pytest.mark.parametrize("question", questions(), ids=lambda q: str(q.number))
MIN_QUESTIONS = 25
NUMBER = re.compile(r"(?<![\w,])[−]?\d[\d\u202f]*(?:,\d+)?")


def test_there_are_enough_questions_and_none_is_overlooked() -> None:
    found = questions()
    assert [q.number for q in found] == list(range(1, len(found) + 1))
    assert len(found) >= MIN_QUESTIONS
    headings = sum(len(re.findall(r"(?m)^## \d+\.", p.read_text(encoding="utf-8"))) for p in FOLDER.glob("*.md"))
    assert headings == len(found)


def test_the_contents_list_every_question() -> None:
    assert CONTENTS.read_text(encoding="utf-8").endswith("\n" + contents(questions()))


@ALL
def test_a_question_says_how_to_read_the_answer_what_to_mind_and_what_it_is(question: Question) -> None:
    assert "**Läsning.** " in question.reading
    assert "**Förbehåll.** " in question.reading
    assert question.answer.startswith("**Svar.** ")
    assert question.shown


@ALL
def test_a_number_that_the_answer_mentions_stands_in_the_table(question: Question) -> None:
    shown = {n.lstrip("−") for n in NUMBER.findall(question.shown + question.title)}
    told = {n.lstrip("−") for n in NUMBER.findall(question.answer)}
    # Small whole numbers are counted by a reader, and years and percentages of the question stand in its text.
    derived = {n for n in told - shown if "," in n or (len(n) > 2 and not re.fullmatch(r"(19|20)\d\d", n))}
    assert derived == set()


@pytest.mark.slow
@ALL
def test_a_question_is_answered_as_shown(question: Question, full_release: Settings) -> None:
    assert answered(question, release_pointer.current_folder(full_release.releases_dir)) == question.shown
