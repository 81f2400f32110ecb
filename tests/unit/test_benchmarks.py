"""What the measurements count, and what their table says of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from benchmarks.budgets import BUDGETS, Results, Seen, verdict
from benchmarks.embedded import add_a_year, change_a_value
from benchmarks.floor import compare
from benchmarks.measure import bytes_below, files_below, measure, written

BY_KEY = {budget.key: budget for budget in BUDGETS}
BURN = "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass"


def row_of(results: Results, key: str) -> str:
    (row,) = [line for line in results.table().splitlines() if line.startswith(f"| {BY_KEY[key].what} |")]
    return row


def test_cpu_seconds_are_those_of_the_command_and_its_children() -> None:
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nprint('told')"
    measured = measure([sys.executable, "-c", parent])
    assert (measured.code, measured.output) == (0, "told\n")
    assert measured.cpu_seconds >= 0.3


def test_the_exit_code_of_a_command_that_fails_is_kept() -> None:
    assert measure([sys.executable, "-c", "raise SystemExit(3)"]).code == 3


def test_new_and_changed_files_are_counted_once_and_links_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x" * 1000)
    (tmp_path / "grown").write_bytes(b"x" * 10)
    before = files_below(tmp_path)
    (tmp_path / "release").mkdir()
    os.link(tmp_path / "kept", tmp_path / "release" / "kept")
    (tmp_path / "current").symlink_to("release", target_is_directory=True)
    (tmp_path / "release" / "new").write_bytes(b"x" * 300)
    os.link(tmp_path / "release" / "new", tmp_path / "release" / "new_by_another_name")
    with (tmp_path / "grown").open("ab") as file:
        file.write(b"x" * 10)

    found = written(before, files_below(tmp_path))

    assert found == {"release/new": 300, "grown": 20}
    assert bytes_below(tmp_path) == 1000 + 300 + 20


def test_a_file_that_another_has_replaced_counts_as_new_though_it_is_as_long(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    before = files_below(tmp_path)
    (tmp_path / "other").write_bytes(b"after.")
    (tmp_path / "other").replace(tmp_path / "file")
    assert written(before, files_below(tmp_path)) == {"file": 6}


@pytest.mark.parametrize(
    ("value", "fault", "expected"),
    [
        (0.1, "", "holds"),
        (0.1000001, "", "does not hold"),
        (0.05, "writes lock", "does not hold: writes lock"),
        (0.2, "writes lock", "does not hold: and writes lock"),
    ],
)
def test_a_budget_holds_up_to_its_limit_and_without_a_fault(value: float, fault: str, expected: str) -> None:
    assert verdict(BY_KEY["nothing"], Seen(value, fault=fault)) == expected


def test_each_budget_has_a_row_and_one_that_was_not_measured_says_why() -> None:
    results = Results()
    results.put("tables", Seen(2.5, "30.0 CPU s", "12.0 CPU s"))
    results.put("written", Seen(486.2, "90 files"))
    results.leave_out(["full"], "--quick")

    assert len(results.table().splitlines()) == len(BUDGETS) + 2
    assert row_of(results, "tables") == ("| first refresh, tables | ≤ 3× | 30.0 CPU s | 12.0 CPU s | 2.50× | holds |")
    assert row_of(results, "written").endswith("| ≤ 60 MB | 486.2 MB (90 files) |  |  | does not hold |")
    assert row_of(results, "full").endswith("| not measured: --quick |  |  | – |")
    assert "not measured: not come to" in row_of(results, "api")


def test_a_number_beyond_its_limit_never_looks_as_if_it_were_within_it() -> None:
    results = Results()
    results.put("tables", Seen(3.0004, "36.0 CPU s", "12.0 CPU s"))
    assert "| 3.0004× | does not hold |" in row_of(results, "tables")


def test_the_changes_are_one_value_and_one_year_of_one_series() -> None:
    frame = pl.DataFrame(
        {
            "series_id": ["N20048", "N20048", "N20048", "N00001"],
            "area_id": ["0180", "1480", "1480", "1480"],
            "year": pl.Series([2022, 2021, 2022, 2022], dtype=pl.Int16),
            "sex": ["T"] * 4,
            "value": [1.0, 2.0, 3.0, 4.0],
        }
    )
    changed = change_a_value(frame)["value"].to_list()
    assert changed == pytest.approx([1.0, 2.0, 3.03, 4.0])

    added = add_a_year(frame).join(frame, on=frame.columns, how="anti")
    assert added.schema == frame.schema
    assert added.select("series_id", "area_id", "year").rows() == [("N20048", "0180", 2023), ("N20048", "1480", 2023)]


def test_tables_that_differ_in_one_cell_are_told_and_the_order_of_rows_is_not(tmp_path: Path) -> None:
    for name, c, order in (("floor", 3, "asc"), ("release", 4, "desc")):
        with duckdb.connect(str(tmp_path / name)) as con:
            con.execute(f"create table same as select range as a, 'x' as b from range(5) order by 1 {order}")
            con.execute(f"create table other as select 1 as a, null as b, {c} as c")
    assert compare(tmp_path / "floor", tmp_path / "release", ["same", "other"]) == ["other"]
