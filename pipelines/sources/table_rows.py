"""Finds a row in a file that is a table, CSV or Parquet, as it stands there.

Belongs here: where in such a file the row of a key is, and what its cells hold. Does not belong here: converting a file
to a dataset's columns (`tabular.py`), for which whole files are read as frames.
"""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from pipelines.storage.database import columns, identifier, literal, scratch
from pipelines.text.normalise import without_preamble

_PARQUET = b"PAR1"
Found = tuple[str, dict[str, Any]]  # where in the file, in words, and the cells by column


def find_rows(path: Path, key: tuple[str, ...], first: Any) -> dict[tuple[Any, ...], Found]:
    """The rows of a file whose first column of the key is `first`, by their key.

    Args:
        key: the columns of the key; those of `path` that are not text come as numbers in Parquet and as text in CSV.
    """
    with path.open("rb") as file:
        is_parquet = file.read(len(_PARQUET)) == _PARQUET
    return _in_parquet(path, key, first) if is_parquet else _in_csv(path, key, first)


def _in_parquet(path: Path, key: tuple[str, ...], first: Any) -> dict[tuple[Any, ...], Found]:
    with scratch(Path(tempfile.gettempdir())) as con:
        result = con.execute(
            f"select {columns(key)}, * from read_parquet({literal(str(path))}, file_row_number = true) "
            f"where {identifier(key[0])} = {literal(str(first))}"
        )
        names = [column[0] for column in result.description][len(key) :]
        found = {}
        for row in result.fetchall():
            cells = dict(zip(names, row[len(key) :], strict=True))
            found[row[: len(key)]] = (f"row {cells.pop('file_row_number') + 1}", cells)
    return found


def _in_csv(path: Path, key: tuple[str, ...], first: Any) -> dict[tuple[Any, ...], Found]:
    whole = path.read_bytes().decode("utf-8")
    text, _ = without_preamble(whole)
    skipped = whole.count("\n") - text.count("\n")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = next(reader, [])
    found, line = {}, reader.line_num + 1
    for row in reader:
        cells = dict(zip(names, row, strict=False))
        if cells.get(key[0]) == str(first):
            found[tuple(cells.get(column) for column in key)] = (f"line {line + skipped}", cells)
        line = reader.line_num + 1
    return found
