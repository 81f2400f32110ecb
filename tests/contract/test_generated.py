"""What is generated or documented stands as the declarations say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from indicators.errors import DeclarationError
from indicators.load.catalogue import read_yaml
from indicators.tables.declared import ABOUT, TABLES
from pipelines.datasets import datasets, load_publishers
from pipelines.errors import UsageError
from pipelines.quality import suites
from pipelines.settings import ROOT, Settings
from pipelines.warehouse import generated_files as generated
from pipelines.warehouse import inputs, source_files
from pipelines.warehouse.generated_files import generated_files, write_generated

MODELS = ROOT / "dbt_project" / "models"
MARTS = sorted((MODELS / "marts").glob("*.yml"))
GENERATED = generated_files(ROOT / "dbt_project")


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """A copy of the dbt project, to be changed."""
    shutil.copytree(MODELS, tmp_path / "dbt_project" / "models")
    return Settings(dbt_project_dir=tmp_path / "dbt_project")


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_generated_file_stands_as_the_declarations_say(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GENERATED[path], "run `nyckeltal generate`"


def test_the_stored_suites_and_checkpoints_stand_as_the_declarations_say_and_there_are_no_others() -> None:
    wanted = suites.suite_files()
    assert [path for path, text in wanted.items() if path.read_text(encoding="utf-8") != text] == []
    assert set(suites.stored_before()) == {path for path in wanted if path.suffix == ".json"}


def test_every_dataset_has_a_source_and_a_described_staging_model() -> None:
    for name, declared in datasets().items():
        publisher, table = name.split(".")
        known = {t["name"]: t for t in source_files.vintages_source(publisher)["tables"]}
        assert known[table]["identifier"] == name.replace(".", "__")
        path = MODELS / "staging" / publisher / f"stg_{name.replace('.', '__')}.yml"
        (model,) = read_yaml(path)["models"]
        assert declared.title in model["description"]
        assert {c["name"]: c["description"] for c in model["columns"]}.items() >= {
            c: d.description for c, d in declared.columns.items()
        }.items()
        assert path.with_suffix(".sql").exists()


def test_every_declared_table_is_described() -> None:
    assert set(ABOUT) == set(TABLES)
    assert set(inputs.RUN_TABLES_ABOUT) == set(inputs.RUN_TABLES)


def test_the_union_holds_every_dataset_of_facts_and_values_of_units_under_the_dataset_of_their_series() -> None:
    text = (MODELS / "intermediate" / "int_fact__unioned.sql").read_text(encoding="utf-8")
    found = re.findall(r"'([a-z._]+)' as dataset.*?ref\('(\w+)'\)", text, flags=re.DOTALL)
    facts = {name: declared for name, declared in datasets().items() if declared.kind == "facts"}
    assert found == [(d.same_series_as or name, f"stg_{name.replace('.', '__')}") for name, d in facts.items()]
    assert ("kolada.values", "stg_kolada__ou_values") in found


def test_series_of_a_dataset_that_holds_no_facts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    of_table = datasets()["kolada.ou_values"].model_copy(update={"same_series_as": "kolada.kpi"})
    monkeypatch.setattr(generated, "datasets", lambda: {**datasets(), "kolada.ou_values": of_table})
    with pytest.raises(DeclarationError) as caught:
        generated_files(ROOT / "dbt_project")
    assert (caught.value.key, caught.value.found) == ("kolada.ou_values: same_series_as", "kolada.kpi")
    assert caught.value.file.endswith("kolada/declaration.yml")


def test_what_is_in_step_is_left_alone(project: Settings) -> None:
    assert write_generated(project, check=True) == []
    assert write_generated(project) == []


def test_what_a_person_changed_in_a_generated_file_is_named_and_written_anew(project: Settings) -> None:
    path = project.dbt_project_dir / "models" / "intermediate" / "int_fact__unioned.sql"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("union all", "union"), encoding="utf-8")
    with pytest.raises(UsageError, match="out of date") as caught:
        write_generated(project, check=True)
    assert caught.value.where == str(path)
    assert write_generated(project) == [path]
    assert path.read_text(encoding="utf-8") == sound


def test_a_generated_file_of_a_dataset_that_is_no_longer_declared_is_named_and_removed(project: Settings) -> None:
    staging = project.dbt_project_dir / "models" / "staging" / "kolada"
    gone, own = staging / "stg_kolada__gone.sql", staging / "own.sql"
    gone.write_text(f"{{# {inputs.GENERATED} #}}\nselect 1\n", encoding="utf-8")
    own.write_text("select 1 -- written by a person\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        write_generated(project, check=True)
    assert caught.value.where == str(gone)
    assert gone.exists()
    assert write_generated(project) == [gone]
    assert not gone.exists()
    assert own.exists()


def test_every_generated_source_table_has_typed_columns() -> None:
    sources = [source_files.declared_source(), *(source_files.vintages_source(p) for p in load_publishers())]
    for source in sources:
        for table in source["tables"]:
            names = [column["name"] for column in table["columns"]]
            assert len(set(names)) == len(names), table["name"]
            assert all(column["data_type"] for column in table["columns"])


@pytest.mark.parametrize("path", MARTS, ids=lambda path: path.stem)
def test_a_mart_documents_each_column_once_and_in_words(path: Path) -> None:
    (model,) = read_yaml(path)["models"]
    assert model["name"] == path.stem
    assert str(model.get("description") or "").strip()
    columns: list[dict[str, Any]] = model.get("columns", [])
    assert columns
    names = [column["name"] for column in columns]
    assert len(set(names)) == len(names)
    assert [c["name"] for c in columns if not str(c.get("description") or "").strip()] == []
    assert [c["name"] for c in columns if not str(c.get("data_type") or "").strip()] == []


def test_every_mart_has_one_description_and_every_description_a_mart() -> None:
    assert MARTS
    assert {p.stem for p in MARTS} == {p.stem for p in (MODELS / "marts").glob("*.sql")}
