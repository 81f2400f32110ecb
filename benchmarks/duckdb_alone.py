"""The process that is the floor: DuckDB, a list of statements and a list of tables, and nothing else.

`python -m benchmarks.duckdb_alone FOLDER` runs what `floor.py` has put into FOLDER. It imports DuckDB and the standard
library only, so that no start of the project's own is measured with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

STATEMENTS, RELEASE, BUILD, PARQUET = "statements.json", "nyckeltal.duckdb", "build.duckdb", "parquet"


def run(folder: Path) -> None:
    """Make every relation in its order, then write the public tables as Parquet."""
    given = json.loads((folder / STATEMENTS).read_text(encoding="utf-8"))
    con = duckdb.connect(str(folder / RELEASE), config=given["config"])
    con.execute("set enable_progress_bar = false")
    con.execute(f"attach '{folder / BUILD}' as build")
    for statement in given["statements"]:
        con.execute(statement)
    (folder / PARQUET).mkdir()
    for table in given["public"]:
        con.execute(f"copy \"{table}\" to '{folder / PARQUET / table}.parquet' (format parquet, compression zstd)")
    con.close()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
