"""What the documents show of the query API is what it answers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from pipelines.settings import ROOT, Settings
from tests.contract.test_docs import blocks
from tests.support.served import ServedApi

DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "api.md"]


def asked() -> Iterator[tuple[str, list[str]]]:
    """Each `$ curl …` of the documents, with the lines shown below it."""
    for document in DOCUMENTS:
        for block in blocks(document):
            lines = block.splitlines()
            for number, line in enumerate(lines):
                if line.startswith("$ curl "):
                    below = lines[number + 1 :]
                    end = next((n for n, other in enumerate(below) if other.startswith("$ ")), len(below))
                    yield line, below[:end]


ASKED = list(asked())


def curl(api: ServedApi, command: str) -> httpx.Response:
    """What curl would get, from the server of the test."""
    _, _, *words = shlex.split(command)
    address = urlsplit(next(word for word in words if word.startswith("http://127.0.0.1:8000/")))
    path = f"{address.path}?{address.query}" if address.query else address.path
    if "-d" in words:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return api.http.post(path, content=words[words.index("-d") + 1], headers=kind)
    return api.http.get(path)


def test_the_documents_show_questions() -> None:
    assert len(ASKED) >= 4


@pytest.mark.slow
@pytest.mark.parametrize(("command", "lines"), ASKED, ids=[command[-30:] for command, _ in ASKED])
def test_an_answer_of_the_documents_is_the_answer(command: str, lines: list[str], full_release: Settings) -> None:
    with ServedApi(full_release.releases_dir, with_sql=True) as api:
        assert curl(api, command).text.splitlines() == lines
