"""A reader that never stops: resolves the pointer, reads a whole release, and repeats (run as a program).

Prints each release it sees for the first time; when its standard input ends, a last line with its findings.
"""

from __future__ import annotations

import json
import select
import sys
from pathlib import Path

import duckdb

from pipelines.reading import reader
from pipelines.storage import release_pointer


def read_once(releases_dir: Path) -> str:
    """Read the current release; returns its id.

    Raises:
        AssertionError: its parts are not of one release.
    """
    folder = release_pointer.current_folder(releases_dir)
    described = release_pointer.info(folder)
    with reader.open_release(folder) as con:
        (row,) = con.execute("select release_id from release").fetchall()
        assert row == (folder.name,) == (described.release_id,), (row, folder.name, described.release_id)
        for table, rows in described.tables.items():
            found = con.execute(f"select count(*) from {table}").fetchone()
            assert found == (rows,), (folder.name, table, rows, found)
    for table, rows in described.tables.items():
        found = duckdb.execute(f"select count(*) from '{folder}/parquet/{table}.parquet'").fetchone()
        assert found == (rows,), (folder.name, table, rows, found)
    return folder.name


def main() -> None:
    releases_dir, seen, reads = Path(sys.argv[1]), [], 0
    errors: list[str] = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            met = read_once(releases_dir)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what this program is here to find
            errors.append(f"{type(error).__name__}: {error}")
            continue
        reads += 1
        if met not in seen:
            seen.append(met)
            print(met, flush=True)  # noqa: T201 - the handshake
    print(json.dumps({"reads": reads, "seen": seen, "errors": errors}), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
