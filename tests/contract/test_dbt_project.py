"""The dbt project keeps the rules of dbt-project-evaluator, and its own (`tests/support/dbt_rules.py`)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from indicators.model.vocabulary import Caution
from pipelines.datasets import STATUSES
from pipelines.settings import Settings
from pipelines.warehouse.dbt_run import target_dir
from tests.support import dbt_rules as rules
from tests.support.dbt_rules import RULES, Project, Rule

# What breaks a rule and stays, with the reason.
EXCEPTIONS: dict[tuple[Rule, str], str] = {
    (rules.model_fanout, "observation"): "the newest knowledge is what every other public table is made of",
    (rules.model_fanout, "observation_wide"): "each theme has a view of its own, which is a filter and stores nothing",
    (rules.too_many_joins, "int_fact__unioned"): "a union of every dataset of facts, generated from the declarations",
    (rules.chained_views, "int_published__dated"): "its rows are read once, by observation_vintage, and stored there",
    (rules.references_without_test, "correction.area_id"): "several areas, separated by commas",
}
_READ = (
    "resource_type", "name", "path", "original_file_path", "depends_on", "attached_node", "access", "config", "columns",
    "description", "source_description", "source_name", "identifier", "database", "schema", "test_metadata", "raw_code",
    "owner",
)  # fmt: skip


@pytest.fixture(scope="module")
def manifest(parsed_project: Settings) -> dict[str, Any]:
    """dbt's manifest, cut to what rules read of it."""
    whole = json.loads((target_dir(parsed_project) / "manifest.json").read_text(encoding="utf-8"))
    return {
        kind: {key: {name: node[name] for name in _READ if name in node} for key, node in whole[kind].items()}
        for kind in ("nodes", "sources", "exposures", "groups")
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_holds_but_for_the_exceptions_that_are_needed(manifest: dict[str, Any], rule: Rule) -> None:
    expected = {found for broken, found in EXCEPTIONS if broken is rule}
    assert set(rule(Project(manifest))) == expected, rule.__doc__


def _model(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest["nodes"][f"model.nyckeltal.{name}"]
    return found


def _test(manifest: dict[str, Any], model: str) -> dict[str, Any]:
    (found,) = (n for n in manifest["nodes"].values() if n["name"] == f"{model}_is_sound")
    arguments: dict[str, Any] = found["test_metadata"]["kwargs"]
    return arguments


def _reads(model: str, *read: str) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: _model(manifest, model)["depends_on"]["nodes"].extend(read)


def _reads_nothing_else(model: str, *read: str) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: _model(manifest, model)["depends_on"].update(nodes=list(read))


def _views(manifest: dict[str, Any]) -> None:
    _model(manifest, "observation_vintage")["config"]["materialized"] = "view"


AREA, KPI = "model.nyckeltal.area", "source.nyckeltal.kolada.kpi"
BREAKS: dict[Rule, tuple[Callable[[dict[str, Any]], object], str]] = {
    rules.direct_join_to_source: (_reads("comparison", KPI), "comparison reads"),
    rules.staging_dependent_on_models: (_reads("stg_kolada__kpi", AREA), "stg_kolada__kpi"),
    rules.intermediate_dependent_on_mart: (_reads("int_control__measured", AREA), "int_control__measured reads"),
    rules.root_models: (_reads_nothing_else("measure"), "measure"),
    rules.unused_sources: (_reads_nothing_else("stg_kolada__kpi", AREA), "kolada.kpi"),
    rules.source_fanout: (_reads("comparison", KPI), "kolada.kpi"),
    rules.duplicate_sources: (lambda m: m["sources"][KPI].update(identifier="kolada__values"), "kolada__values"),
    rules.model_fanout: (
        lambda m: [_reads(x, "model.nyckeltal.measure")(m) for x in ("funding", "equity", "kostnad", "behov")],
        "measure",
    ),
    rules.rejoining_of_upstream_concepts: (
        _reads("int_fact__unioned", "source.nyckeltal.scb.kostnader"), "stg_scb__kostnader between",
    ),
    rules.too_many_joins: (
        _reads("comparison", *(f"model.nyckeltal.{x}" for x in ("measure", "equity", "funding"))), "comparison",
    ),
    rules.chained_views: (_views, "observation_vintage"),
    rules.hard_coded_references: (
        lambda m: _model(m, "area").update(raw_code="select * from intermediate.int_area__listed"), "area",
    ),
    rules.missing_primary_key_tests: (lambda m: _test(m, "area").pop("key"), "area has no test"),
    rules.references_without_test: (lambda m: _test(m, "equity").pop("relationships"), "equity.indicator_id"),
    rules.undocumented: (lambda m: m["sources"][KPI].update(description=""), "kolada.kpi"),
    rules.naming_and_directories: (
        lambda m: _model(m, "stg_kolada__kpi").update(path="staging/scb/x.sql"), "stg_kolada__kpi",
    ),
    rules.public_models_without_contracts: (
        lambda m: _model(m, "kostnad")["config"]["contract"].update(enforced=False), "kostnad has no contract",
    ),
    rules.ungrouped: (lambda m: m["groups"].pop("group.nyckeltal.arithmetic"), "int_area__listed"),
    rules.exposures: (
        lambda m: m["exposures"]["exposure.nyckeltal.package"]["depends_on"]["nodes"].remove(AREA),
        "package does not read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_breaks_a_rule_is_named(manifest: dict[str, Any], rule: Rule) -> None:
    broken = copy.deepcopy(manifest)
    change, named = BREAKS[rule]
    change(broken)
    found = set(rule(Project(broken))) - {found for of, found in EXCEPTIONS if of is rule}
    assert [text for text in found if named in text], found


def test_the_words_that_tests_accept_are_those_of_the_declarations(manifest: dict[str, Any]) -> None:
    accepted = _test(manifest, "observation")["accepted_values"]
    assert set(accepted["caution"]) == set(Caution)
    assert set(accepted["status"]) == {"normal", "preliminary", *STATUSES} - {"forecast"}
