"""Tables in a terminal: nothing is left out, nothing is wider than the terminal, no cell commands it."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pipelines.commands.terminal_tables import Grid, Screen, escaped, plain

WIDTHS = [20, 40, 80, 160]


def printed(grid: Grid, width: int) -> str:
    file = io.StringIO()
    Screen(file=file, width=width, highlight=False).print(grid)
    return file.getvalue()


def grid_of(rows: int, columns: int, words: int = 1) -> Grid:
    grid = Grid("En tabell")
    for n in range(columns):
        grid.add_column(f"c{n}", right=n % 3 == 1, key=n == 0)
    for row in range(rows):
        grid.add_row(*(" ".join(f"r{row}c{n}w{w}" for w in range(words)) for n in range(columns)))
    return grid


@pytest.mark.parametrize("width", WIDTHS)
@given(rows=st.integers(0, 6), columns=st.integers(1, 12), words=st.integers(1, 5))
def test_every_cell_and_head_is_there_at_every_width(width: int, rows: int, columns: int, words: int) -> None:
    text = printed(grid_of(rows, columns, words), width)
    tokens = set(text.replace(":", " ").split())
    wanted = {f"r{row}c{n}w{w}" for row in range(rows) for n in range(columns) for w in range(words)}
    assert wanted <= tokens
    if rows:
        assert {f"c{n}" for n in range(columns)} <= tokens
    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
@given(cells=st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), max_size=120), min_size=1))
def test_a_long_text_is_folded_and_never_cut(width: int, cells: list[str]) -> None:
    grid = Grid()
    grid.add_column("text")
    for cell in cells:
        grid.add_row(cell)
    shown = "".join(printed(grid, width).split())
    for cell in cells:
        assert "".join(plain(cell).split()) in shown


def test_what_does_not_fit_is_said_and_the_keys_stand_in_each_part() -> None:
    grid = Grid()
    for name in ("area_id", "year"):
        grid.add_column(name, whole=True, key=True)
    for n in range(8):
        grid.add_column(f"a_number_{n}", right=True)
    for year in range(2000, 2023):
        grid.add_row("1480", str(year), *(f"{n}.{year}" for n in range(8)))
    text = printed(grid, 60)
    assert "Wider than 60 characters: the columns stand in 3 parts, area_id, year in each." in " ".join(text.split())
    assert sum("area_id" in line and "year" in line and "a_number" in line for line in text.splitlines()) == 3


def test_few_wide_rows_are_written_a_column_a_line() -> None:
    text = printed(grid_of(2, 12), 20)
    assert "— 1" in text
    assert "  c11: r0c11w0" not in text, "columns stand at the left"
    assert "c11: r0c11w0" in text


@given(st.text(max_size=200))
def test_no_control_character_comes_through(text: str) -> None:
    shown = plain(text)
    assert not [c for c in shown if c != "\n" and unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    grid = Grid(text)
    grid.add_column(text)
    grid.add_row(text)
    assert not [c for c in printed(grid, 40) if c != "\n" and unicodedata.category(c) in {"Cc", "Cs"}]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eabc", "\\u202eabc"),
        ("a\u200bb", "a\\u200bb"),
        ("a\x00\x07\x7f", "a\\x00\\x07\\x7f"),
        ("a\tb\r\nc", "a b\nc"),
        ("Göteborg – 290 766", "Göteborg – 290 766"),
        ("[bold]x[/bold] [/]", "[bold]x[/bold] [/]"),
    ],
)
def test_what_could_command_a_terminal_is_spelled_out(text: str, shown: str) -> None:
    assert plain(text) == shown
    grid = Grid()
    grid.add_column("text")
    grid.add_row(text)
    assert all(line in printed(grid, 80) for line in shown.split("\n"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_reads_the_same_and_holds_no_control_character(text: str) -> None:
    made = escaped(json.dumps({"a": text}, ensure_ascii=False, indent=1))
    assert json.loads(made) == {"a": text}
    assert not [c for c in made if c != "\n" and unicodedata.category(c) == "Cc"]
