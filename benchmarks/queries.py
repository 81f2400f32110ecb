"""Queries on a release: their CPU time, and at full scale SQLite with indexes and pandas over CSV on the same rows.

Belongs here: the queries and their timing. Does not belong here: what they may take (`budgets.py`).
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

RUNS = 50
SLOW_RUNS = 2  # for what takes seconds a time


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one query in one engine."""

    query: str
    engine: str
    median_ms: float
    worst_ms: float
    runs: int
    rows: int


# What the budgets are about, on a release of the embedded figures, with every row fetched.
_INDICATOR = "kostnad_aldreomsorg_per_inv_80"
BUDGETED = {
    "area": "select * from comparison where area_id = '1480' and year = 2022 and sex = 'T'",
    "indicator": f"select * from comparison where indicator_id = '{_INDICATOR}'",
    "as_of": (
        f"select area_id, year, sex, value from observation_vintage where indicator_id = '{_INDICATOR}' "
        "and known_from <= '2030-01-01' and (known_to is null or known_to > '2030-01-01')"
    ),
}


def least_cpu_ms(release: Path) -> dict[str, tuple[float, int]]:
    """CPU milliseconds of each query, the least of many runs in one thread, and its rows."""
    found = {}
    with duckdb.connect(str(release / "nyckeltal.duckdb"), read_only=True, config={"threads": 1}) as con:
        for name, sql in BUDGETED.items():
            taken = []
            for _ in range(RUNS):
                began = time.process_time()
                rows = con.execute(sql).fetchall()
                taken.append(1000 * (time.process_time() - began))
            found[name] = (min(taken), len(rows))
    return found


QUERIES = {
    "one indicator, all areas, all years": (
        "select area_id, year, sex, value from observation where indicator_id = 'serie_n20048'"
    ),
    "one area's comparison table": "select * from comparison where area_id = '1480' and year = 2022 and sex = 'T'",
    "as of a past date": (
        "select area_id, year, sex, value from observation_vintage where indicator_id = 'serie_n20048' "
        "and known_from <= '2030-01-01' and (known_to is null or known_to > '2030-01-01')"
    ),
    "top ten changes": (
        "select area_id, year, change_1y from comparison where indicator_id = 'serie_n20048' and sex = 'T' "
        "and change_1y is not null order by abs(change_1y) desc, area_id, year limit 10"
    ),
}


def measure_queries(release: Path, work: Path) -> list[Timing]:
    """Time every query in the three engines."""
    timings = []
    con = duckdb.connect(str(release / "nyckeltal.duckdb"), read_only=True)
    for name, sql in QUERIES.items():
        timings.append(_timed(name, "DuckDB release", lambda sql=sql: con.execute(sql).fetchall(), RUNS))
    con.close()
    timings += _sqlite(release, work)
    timings += _pandas(release, work)
    return timings


def _timed(query: str, engine: str, run: Callable[[], list[Any]], runs: int) -> Timing:
    if runs == RUNS:
        run()  # the first time also opens files
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        rows = run()
        taken.append(1000 * (time.perf_counter() - began))
    return Timing(query, engine, statistics.median(taken), max(taken), runs, len(rows))


def _sqlite(release: Path, work: Path) -> list[Timing]:
    path = work / "queries.sqlite"
    path.unlink(missing_ok=True)
    lite = sqlite3.connect(path)
    con = duckdb.connect(str(release / "nyckeltal.duckdb"), read_only=True)
    for table, columns in _TABLES.items():
        lite.execute(f"create table {table} ({', '.join(columns)})")
        cursor = con.execute(f"select {', '.join(_as_text(c) for c in columns)} from {table}")
        while batch := cursor.fetchmany(200_000):
            lite.executemany(f"insert into {table} values ({', '.join('?' * len(columns))})", batch)
        lite.execute(f"create index {table}_by_indicator on {table} (indicator_id, area_id, year, sex)")
        lite.execute(f"create index {table}_by_area on {table} (area_id, year, sex)")
    lite.commit()
    lite.execute("analyze")
    timings = [
        _timed(n, "SQLite with indexes", lambda s=s: lite.execute(s).fetchall(), RUNS) for n, s in QUERIES.items()
    ]
    lite.close()
    path.unlink()
    return timings


_KEY = ["indicator_id", "area_id", "year", "sex", "value"]
_COMPARED = [
    *["nation", "county_mean", "gr_weighted", "gr_unweighted", "kommungrupp_median", "similar_median"],
    *["difference_to_nation", "significance", "rank", "of_n", "percentile", "change_1y", "change_5y"],
]
_TABLES = {
    "observation": _KEY,
    "observation_vintage": [*_KEY, "known_from", "known_to"],
    "comparison": [*_KEY, *_COMPARED],
}


def _as_text(column: str) -> str:
    return f"cast({column} as varchar)" if column in {"known_from", "known_to"} else column


def _pandas(release: Path, work: Path) -> list[Timing]:
    """A script that reads the CSV and filters: what a researcher without a warehouse does each time."""
    con = duckdb.connect(str(release / "nyckeltal.duckdb"), read_only=True)
    paths = {}
    for table, columns in _TABLES.items():
        paths[table] = work / f"{table}.csv"
        con.execute(f"copy (select {', '.join(columns)} from {table}) to '{paths[table]}' (format csv, header)")
    con.close()

    def read(table: str) -> pd.DataFrame:
        return pd.read_csv(paths[table], dtype={"area_id": str, "sex": str, "known_to": str})

    def changes() -> list[Any]:
        frame = read("comparison").query("indicator_id == 'serie_n20048' and sex == 'T'").dropna(subset="change_1y")
        frame = frame.assign(size=frame.change_1y.abs())
        return frame.sort_values(["size", "area_id", "year"], ascending=[False, True, True]).head(10).to_dict("records")

    runs: dict[str, Callable[[], list[Any]]] = {
        "one indicator, all areas, all years": lambda: (
            read("observation").query("indicator_id == 'serie_n20048'").to_dict("records")
        ),
        "one area's comparison table": lambda: (
            read("comparison").query("area_id == '1480' and year == 2022 and sex == 'T'").to_dict("records")
        ),
        "as of a past date": lambda: (
            read("observation_vintage")
            .query(
                "indicator_id == 'serie_n20048' and known_from <= '2030-01-01' "
                "and (known_to.isna() or known_to > '2030-01-01')"
            )
            .to_dict("records")
        ),
        "top ten changes": changes,
    }
    timings = [_timed(name, "pandas over CSV", run, SLOW_RUNS) for name, run in runs.items()]
    for path in paths.values():
        path.unlink()
    return timings
