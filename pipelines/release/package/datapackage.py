"""The descriptor of a Frictionless Data Package, version 2 (https://datapackage.org): each file with schema and hash.

Belongs here: that descriptor. Does not belong here: descriptions of columns, which come from the data dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from pipelines.release.package import titles
from pipelines.release.package.contents import CODES, DICTIONARY, INDICATORS, README, File
from pipelines.release.package.delimited import FORMS, PLAIN, Form
from pipelines.release.package.identity import RULES_SV, Identity
from pipelines.release.package.release_data import KEY, TIDY
from pipelines.text import csv_values
from pipelines.text.normalise import AREA_PREFIX

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_TYPES = {
    "varchar": "string", "integer": "integer", "bigint": "integer", "double": "number", "boolean": "boolean",
    "date": "date", "timestamp": "datetime",
}  # fmt: skip


def record(
    identity: Identity, files: Iterable[File], dictionary: pl.DataFrame, sources: pl.DataFrame
) -> dict[str, Any]:
    """The descriptor of one release.

    Args:
        files: every file except the records. dictionary: `data_dictionary.dictionary`. sources: source_id,
        licence and url of the sources.
    """
    contributor: dict[str, Any] = {"title": identity.publisher, "roles": ["publisher"]}
    if identity.email:
        contributor["email"] = identity.email
    columns = _fields_of(dictionary)
    return {
        "$schema": PROFILE,
        "name": "nyckeltal",
        "id": identity.info.release_id,
        "title": titles.TITLE_SV,
        "description": f"{titles.ABOUT_SV}\n\n{' '.join(RULES_SV)}\n\n{identity.cite()}",
        **({"homepage": identity.base} if identity.public_url else {}),
        "version": identity.info.release_id,
        "created": f"{identity.info.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "keywords": ["äldreomsorg", "nära vård", "kommuner", "nyckeltal"],
        "contributors": [contributor],
        "licenses": [{"title": "Källornas egna villkor, så som de står i README.md", "path": README}],
        "sources": [{"title": f"{source}: {licence}", "path": url} for source, licence, url in sources.iter_rows()],
        "resources": [_resource(file, columns) for file in sorted(files, key=lambda f: f.name)],
    }


def _resource(file: File, columns: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    path = PurePosixPath(file.name)
    made: dict[str, Any] = {
        "name": str(path.parent / path.name.partition(".")[0]).lower() if path.parent.name else file.name.lower(),
        "path": file.name,
        "format": file.suffix.removeprefix("."),
        "mediatype": file.media_type,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    made["name"] = made["name"].replace("/", "-")
    if path.parent.parent.name == "csv":
        packed = {"compression": file.compression}
        return made | packed | _tabular(_of_theme(columns), FORMS[path.parent.name], KEY)
    if file.name == INDICATORS:
        return made | _tabular(columns["indicator"], PLAIN, ("indicator_id",))
    if file.name == DICTIONARY:
        return made | _tabular(_TOLD, PLAIN, ())
    if file.name == CODES:
        return made | _tabular(_CODES, PLAIN, ("column", "code"))
    # Frictionless reads neither Parquet nor our workbook: they are listed as plain files, Parquet with its columns.
    if file.suffix == ".parquet":
        return made | {"type": "file", "schema": {"fields": columns[path.stem]}}
    return made | {"type": "json" if file.suffix == ".json" else "file"}


# The dictionary describes itself.
_TOLD: list[dict[str, Any]] = [
    {"name": "table", "type": "string", "description": "Table or view."},
    {"name": "column", "type": "string", "description": "Column; none in the row that describes the table."},
    {
        "name": "type",
        "type": "string",
        "description": "Type of the column; table or view in the row that describes one.",
    },
    {"name": "description", "type": "string", "description": "What it means."},
]
_CODES: list[dict[str, Any]] = [
    {"name": "column", "type": "string", "description": "Column of the CSV files."},
    {"name": "code", "type": "string", "description": "The code, as the CSV files have it."},
    {"name": "name_sv", "type": "string", "description": "What it stands for, in Swedish."},
    {
        "name": "in_tables",
        "type": "string",
        "description": "The code in the database, Parquet and JSON, as SQL writes a text: '0180'.",
    },
]


def _of_theme(columns: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    described = {field["name"]: field for field in columns["observation_wide"]}
    return [described[name] for name in TIDY]


_IN_CSV = {
    "area_id": f"In CSV a code of digits begins with {AREA_PREFIX}: {AREA_PREFIX}0180 for 0180.",
    "sex": f"In CSV: {', '.join(f'{word} for {code}' for code, word in csv_values.SEXES.items())}.",
}


def _tabular(fields: list[dict[str, Any]], form: Form, key: tuple[str, ...]) -> dict[str, Any]:
    shown = [
        field
        | ({"decimalChar": form.decimal} if field["type"] == "number" and form.decimal != "." else {})
        | ({"description": f"{field['description']} {_IN_CSV[field['name']]}"} if field["name"] in _IN_CSV else {})
        for field in fields
    ]
    return {
        "type": "table",
        "encoding": form.encoding,
        "dialect": {"delimiter": form.delimiter},
        "schema": {
            "fields": shown,
            "missingValues": ["", csv_values.ABSENT],
            **({"primaryKey": list(key)} if key else {}),
        },
    }


def _fields_of(dictionary: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The columns of each table, as a schema says them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, column, kind, description in dictionary.drop_nulls("column").iter_rows():
        found.setdefault(table, []).append({"name": column, "type": _TYPES[kind], "description": description})
    return found
