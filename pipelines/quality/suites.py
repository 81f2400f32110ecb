"""The rules as Great Expectations stores them: a project of suites and checkpoints, in the folder `gx`.

Belongs here: which files there are and their text, and reading the rules of a dataset out of them. Does not belong
here: which rules there are (`rules.py`), or running them (`gate.py`).

    gx/great_expectations.yml                          the project; whoever knows the library opens it as a file context
    gx/expectations/<publisher>/<dataset>/<frame>.json a suite for each frame of a dataset
    gx/validation_definitions/<dataset>.<frame>.json   which data frame the suite is for
    gx/checkpoints/<dataset>.<frame>.json              what the gate runs

They are generated from the declarations by `nyckeltal generate`. Nothing here imports the library.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any, get_args

import yaml

from pipelines.datasets import Dataset, datasets, declaration_of
from pipelines.errors import NyckeltalError
from pipelines.quality.rules import Frame, Rule, rules_for

HOME = Path(__file__).with_name("gx")
PROJECT = "great_expectations.yml"
DATASOURCE, BATCH = "staged", "whole"
STORES = {
    "expectations_store": ("ExpectationsStore", "expectations"),
    "validation_definition_store": ("ValidationDefinitionStore", "validation_definitions"),
    "checkpoint_store": ("CheckpointStore", "checkpoints"),
}
_RESULTS = "validation_results_store"
_SEVERITY = {"block": "critical", "hold_back": "warning", "warn": "info"}


def suite_name(dataset: str, frame: Frame) -> str:
    """The name that a frame's suite, validation definition and checkpoint have."""
    return f"{dataset}.{frame}"


def suite_files() -> dict[Path, str]:
    """Every file of the project with its text."""
    files = {HOME / PROJECT: _project()}
    for name, declared in datasets().items():
        files |= {HOME / path: text for path, text in _of_dataset(name, declared).items()}
    return files


def stored_before() -> list[Path]:
    """The suites, validation definitions and checkpoints that there are, wanted or not."""
    return sorted(path for _, folder in STORES.values() for path in (HOME / folder).rglob("*.json"))


def stored_texts(dataset: str) -> dict[str, str]:
    """The files of a dataset that there are, by their paths below the project."""
    wanted = _of_dataset(dataset, datasets()[dataset])
    return {path: (HOME / path).read_text(encoding="utf-8") for path in wanted if (HOME / path).exists()}


def stored_rules(dataset: str) -> list[Rule]:
    """The rules of a dataset as its stored suites say.

    Raises:
        NyckeltalError: the stored suites are not those of the declaration.
    """
    found, wanted = stored_texts(dataset), _of_dataset(dataset, datasets()[dataset])
    if other := [path for path in wanted if found.get(path) != wanted[path]]:
        raise NyckeltalError(
            "the stored suite is not that of the declaration",
            where=", ".join(str(HOME / path) for path in other),
            expected=f"what {declaration_of(dataset)} and `pipelines/quality/rules.py` say",
            found="another text" if set(other) <= set(found) else "no such file",
            remedy="run `nyckeltal generate`",
        )
    suites = [json.loads(found[_suite_path(suite_name(dataset, frame))]) for frame in frames(datasets()[dataset])]
    return [_rule(expectation) for suite in suites for expectation in suite["expectations"]]


def _rule(expectation: dict[str, Any]) -> Rule:
    meta = expectation["meta"]
    return Rule(
        meta["rule"], meta["level"], meta["frame"], expectation["type"], expectation["kwargs"], meta["expected"]
    )


def _of_dataset(dataset: str, declared: Dataset) -> dict[str, str]:
    """The files of a dataset, by their paths below the project."""
    files = {}
    for frame in frames(declared):
        name = suite_name(dataset, frame)
        rules = [rule for rule in rules_for(declared) if rule.frame == frame]
        files[_suite_path(name)] = _json(
            {
                "name": name,
                "id": _id("suite", name),
                "expectations": [_expectation(name, rule) for rule in rules],
                "meta": {"title": declared.title, "generated_by": "nyckeltal generate"},
                "notes": None,
            }
        )
        files[f"validation_definitions/{name}.json"] = _json(
            {
                "name": name,
                "id": _id("validation_definition", name),
                "data": {
                    "datasource": {"name": DATASOURCE, "id": _id("datasource", DATASOURCE)},
                    "asset": {"name": name, "id": _id("asset", name)},
                    "batch_definition": {"name": BATCH, "id": _id("batch_definition", name)},
                },
                "suite": {"name": name, "id": _id("suite", name)},
            }
        )
        files[f"checkpoints/{name}.json"] = _json(
            {
                "name": name,
                "id": _id("checkpoint", name),
                "validation_definitions": [{"name": name, "id": _id("validation_definition", name)}],
                "actions": [],
                "result_format": "SUMMARY",
            }
        )
    return files


def _expectation(suite: str, rule: Rule) -> dict[str, Any]:
    return {
        "type": rule.expectation,
        "kwargs": rule.arguments,
        "meta": {"rule": rule.name, "level": rule.level, "frame": rule.frame, "expected": rule.expected},
        "id": _id("expectation", f"{suite}.{rule.name}"),
        "severity": _SEVERITY[rule.level],
    }


def _project() -> str:
    """`great_expectations.yml`: where the library finds what, and the data frames by name."""

    def store(kind: str, folder: str) -> dict[str, Any]:
        backend = {"class_name": "TupleFilesystemStoreBackend", "suppress_store_backend_id": True}
        return {"class_name": kind, "store_backend": {**backend, "base_directory": f"{folder}/"}}

    names = [suite_name(name, frame) for name, declared in datasets().items() for frame in frames(declared)]
    assets = {
        name: {
            "type": "dataframe",
            "id": _id("asset", name),
            "batch_definitions": {BATCH: {"id": _id("batch_definition", name), "partitioner": None}},
        }
        for name in names
    }
    content = {
        "config_version": 4.0,
        "stores": {
            **{name: store(kind, folder) for name, (kind, folder) in STORES.items()},
            _RESULTS: store("ValidationResultsStore", "uncommitted/validations"),
        },
        "expectations_store_name": "expectations_store",
        "checkpoint_store_name": "checkpoint_store",
        "validation_results_store_name": _RESULTS,
        "data_docs_sites": {},
        "analytics_enabled": False,
        "fluent_datasources": {DATASOURCE: {"type": "pandas", "id": _id("datasource", DATASOURCE), "assets": assets}},
    }
    return "# Generated by `nyckeltal generate`; change the declarations instead.\n" + yaml.safe_dump(
        content, sort_keys=False
    )


def frames(declared: Dataset) -> tuple[Frame, ...]:
    """The frames that a dataset has rules of."""
    wanted = {rule.frame for rule in rules_for(declared)}
    return tuple(frame for frame in get_args(Frame) if frame in wanted)


def _suite_path(name: str) -> str:
    """Where the library looks for a suite: it makes a folder of each part of the name."""
    return f"expectations/{name.replace('.', '/')}.json"


def _id(kind: str, name: str) -> str:
    """The library wants an id of each thing; the same thing always has the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"nyckeltal/{kind}/{name}"))


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
