"""The stored suites: Great Expectations itself opens and runs them, and the gate judges by nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.quality import suites
from pipelines.quality.gate import load_engine
from pipelines.quality.rules import rules_for
from pipelines.quality.stage import rules_id
from pipelines.settings import Settings
from tests.support.deliveries import CATALOGUE, FACTS, House, facts

SUITE = suites.HOME / "expectations" / "kolada" / "values" / "rows.json"


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the stored project in which a person has let a later year through."""
    shutil.copytree(suites.HOME, tmp_path / "gx")
    path = tmp_path / "gx" / SUITE.relative_to(suites.HOME)
    suite = json.loads(path.read_text(encoding="utf-8"))
    (years,) = [e for e in suite["expectations"] if e["meta"]["rule"] == "year_range"]
    years["kwargs"]["max_value"] += 100
    path.write_text(json.dumps(suite), encoding="utf-8")
    monkeypatch.setattr(suites, "HOME", tmp_path / "gx")
    return path


def test_whoever_knows_the_library_opens_the_project_and_runs_a_checkpoint(tmp_path: Path) -> None:
    shutil.copytree(suites.HOME, tmp_path / "gx")
    context = load_engine().get_context(mode="file", project_root_dir=tmp_path)
    names = [suites.suite_name(name, f) for name, of in datasets().items() for f in suites.frames(of)]
    assert sorted(suite.name for suite in context.suites.all()) == sorted(names)
    assert sorted(checkpoint.name for checkpoint in context.checkpoints.all()) == sorted(names)

    checkpoint = context.checkpoints.get(f"{FACTS}.rows")
    rows = facts().with_row_index("row").to_pandas().assign(low=None, high=None)
    known = sorted(set(rows["area_id"]))
    for areas, wrong in ((known, set()), (known[1:], {"area_id_known"})):
        given = {"batch_parameters": {"dataframe": rows}, "expectation_parameters": {"known_areas": areas}}
        (result,) = checkpoint.run(**given).run_results.values()
        assert {e.expectation_config.meta["rule"] for e in result.results if not e.success} == wrong


def test_the_rules_of_a_dataset_are_those_of_its_stored_suites() -> None:
    for name, declared in datasets().items():
        assert {r.name: r for r in suites.stored_rules(name)} == {r.name: r for r in rules_for(declared)}


def test_what_a_dataset_is_judged_by_changes_with_its_stored_suite(changed: Path) -> None:
    catalogue = load_catalogue(Settings().declarations_dir)
    after, other = rules_id(catalogue, FACTS), rules_id(catalogue, "scb.kpif")
    shutil.copyfile(SUITE, changed)
    assert rules_id(catalogue, FACTS) != after
    assert rules_id(catalogue, "scb.kpif") == other


def test_a_stored_suite_that_is_not_that_of_the_declaration_is_named_and_judges_nothing(
    house: House, changed: Path
) -> None:
    with pytest.raises(NyckeltalError) as caught:
        house.staged(facts(), catalogue=CATALOGUE)
    assert "the stored suite is not that of the declaration" in str(caught.value)
    assert str(changed) in str(caught.value)
    assert "nyckeltal generate" in str(caught.value)
