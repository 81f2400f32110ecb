"""Work in a process of its own: its result, its error, and whatever ends it as a named refusal."""

from __future__ import annotations

import io
import os

import openpyxl
import pytest

from pipelines.errors import SourceError
from pipelines.processes.limited import Bounds, call
from pipelines.sources.workbook_formats import read_sheets_apart


def give_up() -> None:
    os.abort()


def fill() -> int:
    return len(bytearray(3_000_000_000))


def turn() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("work", "told", "seconds"),
    [(give_up, "SIGABRT", 60), (fill, "more memory than that", 60), (turn, "that read it", 1)],
)
def test_what_ends_the_process_is_a_refusal(work: object, told: str, seconds: int) -> None:
    with pytest.raises(SourceError, match=told) as caught:
        call(work, where="f.xlsx", bounds=Bounds(memory_mb=500, cpu_seconds=seconds))  # type: ignore[arg-type]
    assert caught.value.where == "f.xlsx"


def test_a_far_cell_of_the_inbox_is_refused_by_name() -> None:
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = " "  # type: ignore[index]
    body = io.BytesIO()
    book.save(body)
    with pytest.raises(SourceError, match="XFD1048576"):
        read_sheets_apart(body.getvalue(), "2024.xlsx")
