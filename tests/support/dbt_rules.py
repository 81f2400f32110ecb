"""The rules of dbt-project-evaluator, and this project's own, over the manifest that dbt wrote when it parsed.

dbt-project-evaluator is a dbt package that computes its rules in the warehouse; the same rules are read from the
manifest here, by the names that they have there. Each rule takes the manifest and returns what breaks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

Node = dict[str, Any]
Rule = Callable[["Project"], Iterator[str]]

MOST_JOINS = 7  # the evaluator's `too_many_joins_threshold`
MOST_LEAVES = 3  # `models_fanout_threshold`
LONGEST_CHAIN = 5  # `chained_views_threshold`
_NAMED = re.compile(r"(?<!distinct )\b(?:from|join)\s+(\w+\.[\w.]+)", re.IGNORECASE)
_PREFIX = {"staging": "stg_", "intermediate": "int_"}


class Project:
    """The manifest, with what the rules ask of it."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        nodes: dict[str, Node] = manifest["nodes"]
        self.models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
        self.tests = [node for node in nodes.values() if node["resource_type"] == "test"]
        self.sources: dict[str, Node] = manifest["sources"]
        self.exposures: dict[str, Node] = manifest["exposures"]
        self.groups: dict[str, Node] = manifest["groups"]

    def parents(self, key: str) -> list[str]:
        """The models and sources that a model reads."""
        return [p for p in self.models[key]["depends_on"]["nodes"] if p in self.models or p in self.sources]

    def children(self, key: str) -> list[str]:
        """The models that read a model or a source."""
        return [child for child in self.models if key in self.parents(child)]

    def tested(self, key: str) -> list[Node]:
        """The data tests of a model."""
        return [test for test in self.tests if test["attached_node"] == key]

    def public(self) -> dict[str, Node]:
        """The models that others may rely on."""
        return {key: model for key, model in self.models.items() if model["access"] == "public"}


def layer(model: Node) -> str:
    """The folder that a model is in, directly below `models`."""
    return PurePosixPath(model["path"]).parts[0]


def direct_join_to_source(project: Project) -> Iterator[str]:
    """Only staging models read sources, and each reads one (also the evaluator's `multiple_sources_joined`)."""
    for key, model in project.models.items():
        sources = [parent for parent in project.parents(key) if parent in project.sources]
        if sources and (layer(model) != "staging" or len(project.parents(key)) > 1):
            yield f"{model['name']} reads {', '.join(sources)}"


def staging_dependent_on_models(project: Project) -> Iterator[str]:
    """A staging model reads no other model."""
    for key, model in project.models.items():
        if layer(model) == "staging" and [p for p in project.parents(key) if p in project.models]:
            yield model["name"]


def intermediate_dependent_on_mart(project: Project) -> Iterator[str]:
    """An intermediate model reads no mart (our own rule)."""
    for key, model in project.models.items():
        if layer(model) == "intermediate":
            marts = [p for p in project.parents(key) if p in project.models and layer(project.models[p]) == "marts"]
            yield from (f"{model['name']} reads {mart}" for mart in marts)


def root_models(project: Project) -> Iterator[str]:
    """Every model reads something."""
    yield from (model["name"] for key, model in project.models.items() if not project.parents(key))


def unused_sources(project: Project) -> Iterator[str]:
    """Every source is read."""
    yield from (f"{s['source_name']}.{s['name']}" for key, s in project.sources.items() if not project.children(key))


def source_fanout(project: Project) -> Iterator[str]:
    """A source is read by one model."""
    for key, source in project.sources.items():
        if len(project.children(key)) > 1:
            yield f"{source['source_name']}.{source['name']}"


def duplicate_sources(project: Project) -> Iterator[str]:
    """No table is two sources."""
    tables = [(s["database"], s["schema"], s["identifier"]) for s in project.sources.values()]
    yield from (".".join(table) for table in set(tables) if tables.count(table) > 1)


def model_fanout(project: Project) -> Iterator[str]:
    """No model has several leaves as children; the intermediate models of many marts are meant to have them."""
    for key, model in project.models.items():
        leaves = [child for child in project.children(key) if not project.children(child)]
        if len(leaves) > MOST_LEAVES and layer(model) != "intermediate":
            yield model["name"]


def rejoining_of_upstream_concepts(project: Project) -> Iterator[str]:
    """No model is only a detour between two others that are joined again."""
    for key, model in project.models.items():
        children, parents = project.children(key), project.parents(key)
        if len(children) == 1 and len(parents) == 1 and parents[0] in project.parents(children[0]):
            yield f"{model['name']} between {parents[0]} and {children[0]}"


def too_many_joins(project: Project) -> Iterator[str]:
    """No model reads more than seven others."""
    yield from (m["name"] for key, m in project.models.items() if len(project.parents(key)) > MOST_JOINS)


def chained_views(project: Project) -> Iterator[str]:
    """No chain of views is longer than five."""

    def length(key: str) -> int:
        if project.models[key]["config"]["materialized"] != "view":
            return 0
        return 1 + max((length(p) for p in project.parents(key) if p in project.models), default=0)

    yield from (model["name"] for key, model in project.models.items() if length(key) > LONGEST_CHAIN)


def hard_coded_references(project: Project) -> Iterator[str]:
    """No model names a schema of the build itself."""
    for model in project.models.values():
        for named in _NAMED.findall(model["raw_code"]):
            yield f"{model['name']}: {named}"


def missing_primary_key_tests(project: Project) -> Iterator[str]:
    """Every model that dbt makes has one test of soundness, with a key, by the name of the model."""
    for key, model in project.models.items():
        if model["config"]["materialized"] == "ephemeral":
            continue  # rows as declared, whose keys the declarations' loader holds
        tests = project.tested(key)
        sound = [t for t in tests if (t.get("test_metadata") or {}).get("name") == "model_is_sound"]
        if len(sound) != 1 or not sound[0]["test_metadata"]["kwargs"].get("key"):
            yield f"{model['name']} has no test model_is_sound with a key"
        elif sound[0]["name"] != f"{model['name']}_is_sound":
            yield f"{model['name']}: its test is called {sound[0]['name']}"


def references_without_test(project: Project) -> Iterator[str]:
    """A mart's `indicator_id` and `area_id` are found among the indicators and the areas (our own rule)."""
    for key, model in project.models.items():
        if layer(model) != "marts" or model["config"]["materialized"] == "view":
            continue  # a view shows rows of tables that are tested
        referred = {r["column"] for t in project.tested(key) for r in _arguments(t).get("relationships", [])}
        own = _arguments(project.tested(key)[0])["key"] if project.tested(key) else []
        for column in ("indicator_id", "area_id"):
            if column in model["columns"] and column not in referred and own != [column]:
                yield f"{model['name']}.{column}"


def _arguments(test: Node) -> dict[str, Any]:
    return (test.get("test_metadata") or {}).get("kwargs", {})


def undocumented(project: Project) -> Iterator[str]:
    """Every model, source and table of a source has a description."""
    yield from (model["name"] for model in project.models.values() if not model["description"].strip())
    for source in project.sources.values():
        if not source["description"].strip() or not source["source_description"].strip():
            yield f"{source['source_name']}.{source['name']}"


def naming_and_directories(project: Project) -> Iterator[str]:
    """Names and folders say the layer; a staging model and a source are in the folder of the source."""
    for key, model in project.models.items():
        place = PurePosixPath(model["path"])
        prefix = _PREFIX.get(layer(model))
        if layer(model) not in {"staging", "intermediate", "marts"}:
            yield f"{model['name']} is in {place.parent}"
        elif prefix and not model["name"].startswith(prefix):
            yield f"{model['name']} is not called {prefix}…"
        elif layer(model) == "staging":
            (source,) = (project.sources[parent]["source_name"] for parent in project.parents(key))
            if place.parent.name != source or not model["name"].startswith(f"stg_{source}__"):
                yield f"{model['name']} is in {place.parent} and reads {source}"
    for source in project.sources.values():
        expected = f"models/staging/{source['source_name']}/_{source['source_name']}__sources.yml"
        if source["original_file_path"] != expected:
            yield f"{source['source_name']} is declared in {source['original_file_path']}"


def public_models_without_contracts(project: Project) -> Iterator[str]:
    """Marts are public, nothing else is; each has an enforced contract with the type and meaning of every column."""
    for model in project.models.values():
        if (layer(model) == "marts") != (model["access"] == "public"):
            yield f"{model['name']} is {model['access']}"
    for model in project.public().values():
        if not model["config"]["contract"]["enforced"] or not model["columns"]:
            yield f"{model['name']} has no contract"
        for column in model["columns"].values():
            if not column["data_type"] or not column["description"].strip():
                yield f"{model['name']}.{column['name']} has no type or no description"


def ungrouped(project: Project) -> Iterator[str]:
    """Every model belongs to a declared group, and every group has an owner."""
    groups = {group["name"] for group in project.groups.values() if group["owner"].get("name")}
    yield from (model["name"] for model in project.models.values() if model["config"]["group"] not in groups)


def exposures(project: Project) -> Iterator[str]:
    """Exposures read public models only, and every public model is in each exposure that carries the whole release."""
    for exposure in project.exposures.values():
        strange = [p for p in exposure["depends_on"]["nodes"] if p not in project.public()]
        yield from (f"{exposure['name']} reads {parent}" for parent in strange)
        if exposure["name"] in {"package", "query_api", "postgresql"}:
            lacking = set(project.public()) - set(exposure["depends_on"]["nodes"])
            yield from (f"{exposure['name']} does not read {model}" for model in sorted(lacking))


RULES: tuple[Rule, ...] = (
    direct_join_to_source, staging_dependent_on_models, intermediate_dependent_on_mart, root_models, unused_sources,
    source_fanout, duplicate_sources, model_fanout, rejoining_of_upstream_concepts, too_many_joins, chained_views,
    hard_coded_references, missing_primary_key_tests, references_without_test, undocumented, naming_and_directories,
    public_models_without_contracts, ungrouped, exposures,
)  # fmt: skip
