"""dbt's sources, and the staging models that are their only readers, as text.

Belongs here: the text of the files below `dbt_project/models/staging`. Does not belong here: when files are written
(`generated_files.py`), the rows that they read (`inputs.py`), or models that a person writes (`dbt_project`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from indicators.tables.declared import ABOUT, TABLES
from pipelines.datasets import SQL_TYPES, Dataset, datasets, load_publishers, table_name
from pipelines.warehouse.inputs import BOOKKEEPING, GENERATED, RUN_TABLES, RUN_TABLES_ABOUT

_LONGEST = 110  # maximum line length of SQL, as configured for sqlfluff
_HISTORY = {
    "known_to": ("timestamp", "When it was replaced by newer knowledge (UTC); null for what is known now."),
    "revision": ("integer", "Number in the row of changes of the same key; 1 is the first."),
}
_ACCEPTED = {
    "sex": ["T", "K", "M"],
    "change": ["new", "revised", "status_changed", "withdrawn", "restored"],
}

Yaml = dict[str, Any]


def staging_files(staging: Path) -> dict[Path, str]:
    """Every file of the staging layer with its text."""
    files = {staging / "declared" / "_declared__sources.yml": as_yaml({"version": 2, "sources": [declared_source()]})}
    for publisher in load_publishers():
        source = {"version": 2, "sources": [vintages_source(publisher)]}
        files[staging / publisher / f"_{publisher}__sources.yml"] = as_yaml(source)
    for name, declared in datasets().items():
        model = staging / _publisher(name) / f"{staging_model(name)}.sql"
        files[model] = _history_sql(name, declared)
        files[model.with_suffix(".yml")] = as_yaml({"version": 2, "models": [_history_model(name, declared)]})
    for table in TABLES | RUN_TABLES:
        files[staging / "declared" / f"stg_declared__{table}.sql"] = _declared_sql(table)
    models = [_declared_model(table, typed) for table, typed in (TABLES | RUN_TABLES).items()]
    files[staging / "declared" / "_declared__models.yml"] = as_yaml({"version": 2, "models": models})
    return files


def staging_model(dataset: str) -> str:
    """The staging model of a dataset."""
    return f"stg_{table_name(dataset)}"


def vintages_source(publisher: str) -> Yaml:
    """What is known of a publisher's datasets, as a source of its name; in Dagster they are the assets `vintages/…`."""
    known = {name: dataset for name, dataset in datasets().items() if _publisher(name) == publisher}
    return {
        "name": publisher,
        "description": f"{load_publishers()[publisher].title}. Every change ever taken in, by dataset.",
        "database": "build",
        "schema": "vintages",
        "tables": [
            {
                "name": name.split(".", maxsplit=1)[1],
                "identifier": table_name(name),
                "description": f"{dataset.title}. Every change ever taken in.",
                "config": {"meta": {"dagster": {"asset_key": ["vintages", table_name(name)], "group": "vintages"}}},
                "columns": _columns(_typed(dataset) | BOOKKEEPING),
            }
            for name, dataset in known.items()
        ],
    }


def declared_source() -> Yaml:
    """The rows that the declarations and the run itself are written as."""
    about = ABOUT | RUN_TABLES_ABOUT
    return {
        "name": "declared",
        "description": "The declarations in indicators/ and the bookkeeping of the run, as rows.",
        "database": "build",
        "schema": "declared",
        "tables": [
            {
                "name": table,
                "description": about[table],
                "config": {"meta": {"dagster": {"group": "declared"}}},
                "columns": [{"name": c, "data_type": t} for c, t in typed.items()],
            }
            for table, typed in (TABLES | RUN_TABLES).items()
        ],
    }


def as_yaml(content: Yaml) -> str:
    """A generated YAML file."""
    return f"# {GENERATED}\n" + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=_LONGEST)


def _publisher(dataset: str) -> str:
    return dataset.split(".", maxsplit=1)[0]


def _typed(declared: Dataset) -> dict[str, tuple[str, str]]:
    return {c: (SQL_TYPES[d.type], d.description) for c, d in declared.columns.items()}


def _columns(typed: dict[str, tuple[str, str]]) -> list[Yaml]:
    return [{"name": c, "data_type": t, "description": about} for c, (t, about) in typed.items()]


def _history_sql(name: str, declared: Dataset) -> str:
    keys = [f"'{column}'" for column in declared.key]
    publisher, table = name.split(".", maxsplit=1)
    source = f"source('{publisher}', '{table}')"
    call = f"{{{{ history({source}, [{', '.join(keys)}]) }}}}"
    if len(call) > _LONGEST:
        call = f"{{{{ history(\n    {source},\n    [\n" + "".join(f"        {k},\n" for k in keys) + "    ]\n) }}"
    return f"{{# {GENERATED} #}}\n{call}\n"


def _history_model(name: str, declared: Dataset) -> Yaml:
    columns = _typed(declared) | BOOKKEEPING | _HISTORY
    sound: Yaml = {
        "key": [*declared.key, "known_from"],
        "not_null": ["change", "revision", "source_file_sha256"],
        "accepted_values": {column: values for column, values in _ACCEPTED.items() if column in columns},
    }
    return {
        "name": staging_model(name),
        "description": f"{declared.title}. Every change ever taken in, with the end of its knowledge.",
        "data_tests": [{"model_is_sound": {"name": f"{staging_model(name)}_is_sound", "arguments": sound}}],
        "columns": _columns(columns),
    }


def _declared_sql(table: str) -> str:
    """As a part of the models that read it; its name in the database is that of the declared table."""
    head = f"{{# {GENERATED} #}}\n{{{{ config(alias='{table}') }}}}\n\n"
    return f"{head}select * from {{{{ source('declared', '{table}') }}}}\n"


def _declared_model(table: str, typed: dict[str, str]) -> Yaml:
    return {
        "name": f"stg_declared__{table}",
        "description": (ABOUT | RUN_TABLES_ABOUT)[table],
        "columns": [{"name": c, "data_type": t} for c, t in typed.items()],
    }
