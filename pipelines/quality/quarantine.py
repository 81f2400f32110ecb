"""Quarantine: rows that are held back are stored completely, with their reasons.

Belongs here: splitting a staged dataset into accepted and quarantined rows. Does not belong here: the reasons
(`rules.py`, `changes.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.storage.database import literal, staged_rows


def part(con: duckdb.DuckDBPyConnection, rows_path: Path, held: dict[int, list[str]], target: Path) -> Path | None:
    """Move quarantined rows, each with its `reason`, from `rows_path` to `target`; None when there are none."""
    if not held:
        return None
    frame = pl.DataFrame({"row": list(held), "reason": ["; ".join(reasons) for reasons in held.values()]})
    con.register("held_frame", frame)
    source = staged_rows(rows_path)
    parquet = "(format parquet, compression zstd)"
    con.execute(
        f"copy (select t.*, cast(h.reason as varchar) as reason from {source} as t join held_frame as h using (row) "
        f"order by row) to {literal(str(target))} {parquet}"
    )
    rest = rows_path.with_suffix(".rest.parquet")
    con.execute(
        f"copy (select t.* exclude (row) from {source} as t anti join held_frame as h using (row)) "
        f"to {literal(str(rest))} {parquet}"
    )
    con.unregister("held_frame")
    rest.replace(rows_path)
    return target
