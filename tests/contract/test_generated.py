"""What is generated or documented stands as the declarations say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from indicators.load import read_yaml
from indicators.model import Theme
from pipelines import warehouse
from pipelines.settings import ROOT

MODELS = ROOT / "dbt_project" / "models"
MARTS = sorted((MODELS / "marts").glob("*.yml"))


def test_dbt_s_sources_are_those_declared() -> None:
    written = (MODELS / "staging" / "sources.yml").read_text(encoding="utf-8")
    assert written == warehouse.sources_yml(), "run `nyckeltal generate`"


def test_every_generated_source_table_has_typed_columns() -> None:
    for source in yaml.safe_load(warehouse.sources_yml())["sources"]:
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
    assert columns or path.stem in set(Theme), "only a theme's view may leave its columns to observation_wide"
    names = [column["name"] for column in columns]
    assert len(set(names)) == len(names)
    assert [c["name"] for c in columns if not str(c.get("description") or "").strip()] == []
    assert [c["name"] for c in columns if not str(c.get("data_type") or "").strip()] == []


def test_every_mart_has_one_description_and_every_description_a_mart() -> None:
    assert MARTS
    assert {p.stem for p in MARTS} == {p.stem for p in (MODELS / "marts").glob("*.sql")}
