"""The keys of public tables, and which table their codes refer to.

Belongs here: keys and references, gathered from where they are declared and tested: dbt's `model_is_sound` tests, and
the tables that are published without dbt. Does not belong here: how they are used (in a database, in a description).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from indicators.tables.effects import EFFECT_TABLES
from indicators.tables.reform import REFORM_TABLES
from indicators.tables.source_series import SOURCE_TABLES

# Tables that are written without dbt.
_OF_THE_RUN = {
    "trend": ("indicator_id", "area_id", "sex", "horizon"),
    "composite_uncertainty": ("composite_id", "area_id", "year"),
    "composite_reliability": ("composite_id", "year"),
    "composite_part": ("composite_id", "indicator_id", "year"),
    "place": ("indicator_id", "area_id", "year", "sex"),
    "funnel": ("indicator_id", "year", "sex", "size_group"),
    "quality_result": ("check_id",),
    "release": ("release_id",),
}
# A column of this name refers to the key of that table.
_REFERS_TO = {
    "indicator_id": "indicator",
    "area_id": "area",
    "group_id": "area",
    "similar_area_id": "area",
    "donor_area_id": "area",
    "measure_id": "measure",
    "correction_id": "correction",
    "document_id": "document",
    "event_id": "reform_event",
    "intervention_id": "intervention",
    "finding_id": "finding",
    "study_id": "study",
}
# In these tables the column may hold several codes, separated by commas, or `*`.
_OF_SEVERAL = {
    ("effect_estimate", "indicator_id"),
    ("effect_estimate", "area_id"),
    ("effect_sensitivity", "indicator_id"),
    ("effect_sensitivity", "area_id"),
    ("effect_series", "indicator_id"),
    ("effect_series", "area_id"),
    ("correction", "area_id"),
}


def table_keys(dbt_project: Path) -> dict[str, tuple[str, ...]]:
    """The key of each public table: the columns whose combination is unique. Some of them may be null."""
    tested = {}
    for path in sorted((dbt_project / "models" / "marts").glob("*.yml")):
        for model in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]:
            for test in model.get("data_tests", []):
                if "model_is_sound" in test:
                    tested[model["name"]] = tuple(test["model_is_sound"]["arguments"]["key"])
    declared = {name: table.key for name, table in (REFORM_TABLES | SOURCE_TABLES | EFFECT_TABLES).items()}
    return tested | declared | _OF_THE_RUN


def references(table: str, columns: list[str], keys: dict[str, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """The columns of a table that refer to another: (column, the other table, its key)."""
    return [
        (column, other, keys[other][0])
        for column in columns
        if (other := _REFERS_TO.get(column)) and other != table and (table, column) not in _OF_SEVERAL
    ]
