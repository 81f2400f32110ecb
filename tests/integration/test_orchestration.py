"""Dagster's code location: jobs, schedule, lineage and checks."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.checks import gate_result, to_dagster
from pipelines.assets.keys import raw_key, staged_key
from pipelines.datasets import datasets
from pipelines.definitions import build_definitions
from pipelines.settings import Settings
from pipelines.storage.vintages import CheckResult
from tests.support.command import Place


@pytest.fixture(scope="module")
def definitions(base: Place) -> dg.Definitions:
    return build_definitions(Settings(data_dir=base.data_dir))


def ancestors(graph: dg.AssetGraph, key: dg.AssetKey) -> set[dg.AssetKey]:  # type: ignore[name-defined]
    found: set[dg.AssetKey] = set()
    left = [key]
    while left:
        for parent in graph.get(left.pop()).parent_keys:
            if parent not in found:
                found.add(parent)
                left.append(parent)
    return found


def test_the_jobs_are_there_and_hold_what_they_should(definitions: dg.Definitions) -> None:
    refresh = definitions.resolve_job_def("refresh").asset_layer.selected_asset_keys
    rebuild = definitions.resolve_job_def("rebuild").asset_layer.selected_asset_keys
    assert {raw_key(d) for d in datasets()} <= refresh
    assert dg.AssetKey("release") in refresh & rebuild
    assert not {raw_key(d) for d in datasets()} & rebuild
    assert rebuild < refresh


def test_the_nightly_schedule_runs_by_itself_at_a_quarter_past_two_in_stockholm(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("nightly")
    assert schedule.cron_schedule == "15 2 * * *"
    assert schedule.execution_timezone == "Europe/Stockholm"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "refresh"


def test_the_release_descends_from_every_source_dataset(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    above = ancestors(graph, dg.AssetKey("release"))
    assert {raw_key(d) for d in datasets()} <= above
    assert {staged_key(d) for d in datasets()} <= above


def test_assets_are_datasets_and_tables_and_never_single_indicators(definitions: dg.Definitions) -> None:
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    assert len(keys) <= 220  # a dozen for each dataset and table, however many indicators there are
    assert not [k for k in keys if "kostnad_aldreomsorg_per_inv_80" in k.to_user_string()]


def test_every_staged_dataset_has_checks(definitions: dg.Definitions) -> None:
    checked = {key.asset_key for key in definitions.resolve_asset_graph().asset_check_keys}
    assert {staged_key(d) for d in datasets()} <= checked
    assert dg.AssetKey("release") in checked


def test_a_gate_is_red_for_what_holds_back_yellow_for_warnings_and_names_the_rules_that_failed() -> None:
    key = staged_key("kolada.values")
    warned, blocked, held = (
        _failed("median_against_last", "warn"),
        _failed("key_unique", "block"),
        _failed("value_not_too_low", "hold_back"),
    )
    held_in_full = warned.model_copy(update={"passed": True})

    found = [gate_result(results, key) for results in ([warned], [warned, blocked], [held], [held_in_full], [])]

    warn, error = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
    assert [r.passed for r in found] == [False, False, False, True, False]
    assert [r.severity for r in found if not r.passed] == [warn, error, error, error]
    assert {"kolada.values.median_against_last", "kolada.values.key_unique"} <= set(found[1].metadata)
    assert "not judged" in str(found[-1].metadata["found"])


def test_controls_carry_their_severity_and_those_never_made_are_told_as_failed() -> None:
    key = dg.AssetKey("release")
    specs = [dg.AssetCheckSpec(name, asset=key) for name in ("sum_of_sexes", "national_cost", "never_made")]

    given = {
        r.check_name: r
        for r in to_dagster([_failed("sum_of_sexes", "warn"), _failed("national_cost", "block")], key, specs)
    }

    warn, error = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
    assert {name: r.severity for name, r in given.items()} == {
        "sum_of_sexes": warn, "national_cost": error, "never_made": error
    }  # fmt: skip
    assert not any(r.passed for r in given.values())


def _failed(name: str, level: str) -> CheckResult:
    return CheckResult(
        check_id=f"kolada.values.{name}", level=level, subject="kolada.values", passed=False, expected="-", found="-"
    )


def test_the_code_location_that_dagster_dev_loads_is_the_one_declared() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'module_name = "pipelines.definitions"' in text
