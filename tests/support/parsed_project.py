"""Reuses dbt's parsed project for a copy of a data folder.

dbt parses the whole project again when its connection differs from the one it parsed with, and the paths of a data
folder are a part of that: some ten seconds for every refresh of a copy. The project is the same, so the hash that dbt
compares is set to the one it would compute for the copy. A mistake here costs time, and nothing else: dbt then parses
again.
"""

from __future__ import annotations

import pprint
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.settings import Settings
from pipelines.warehouse.dbt_run import dbt_environment, target_dir

_VARIABLE = re.compile(r"\"\{\{ env_var\('(\w+)', '[^']*'\)(?: \| int)? \}\}\"")


def carry_over(of: Settings, to: Settings) -> None:
    """Make dbt accept its parsed project in the folder `to`, which is a copy of `of`."""
    kept = target_dir(to) / "partial_parse.msgpack"
    if kept.exists():
        parsed = kept.read_bytes()
        assert _mark(of) in parsed, "dbt marks its connection in another way than is known here"
        kept.write_bytes(parsed.replace(_mark(of), _mark(to)))


def _mark(settings: Settings) -> bytes:
    """dbt's hash of the connection that `profiles.yml` describes, with the paths of a data folder."""
    environment = dbt_environment(settings)
    text = (settings.dbt_project_dir / "profiles.yml").read_text(encoding="utf-8")
    profile = yaml.safe_load(_VARIABLE.sub(lambda found: environment[found[1]], text))
    output: dict[str, Any] = profile["nyckeltal"]["outputs"]["duckdb"]
    given = {key: value for key, value in output.items() if key not in {"type", "threads"}}
    connection = _credentials().from_dict({**given, "database": Path(output["path"]).stem})
    from dbt.artifacts.resources import FileHash  # noqa: PLC0415

    return FileHash.from_contents(pprint.pformat(sorted(connection.connection_info()))).checksum.encode()


@cache
def _credentials() -> Any:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials  # noqa: PLC0415 - two seconds, for those who copy

    return DuckDBCredentials
