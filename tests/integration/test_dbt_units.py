"""dbt's unit tests of the generic arithmetic (`unit_tests:` beside the models), in a build of few rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.datasets import datasets
from pipelines.settings import Settings
from pipelines.sources.snapshot import read_manifest
from pipelines.storage.builds import Builds
from pipelines.warehouse.dbt_run import dbt_environment, target_dir
from pipelines.warehouse.inputs import write_inputs
from tests.support.deliveries import NOON, House

pytestmark = pytest.mark.slow


def test_every_unit_test_of_the_models_passes(house: House) -> None:
    takes_in_a_little_of_everything(house)
    settings = house.settings
    build = Builds(settings.builds_dir).begin("0" * 64)
    write_inputs(settings, load_catalogue(settings.declarations_dir), build, None)

    done = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"), "build", "--exclude-resource-type", "test",
            "--project-dir", settings.dbt_project_dir,
        ],
        env={**os.environ, **dbt_environment(settings)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-6000:]
    written = target_dir(settings) / "run_results.json"
    results = json.loads(written.read_text(encoding="utf-8"))["results"]
    passed = {r["unique_id"].split(".")[2] for r in results if r["unique_id"].startswith("unit_test.")}
    assert passed >= {
        "stg_kolada__values", "int_indicator__evaluated", "int_group__evaluated", "int_computed__dated",
        "int_price_index__annual", "int_control__measured", "int_fact__stated", "int_correction__judged",
        "int_fact__corrected", "int_fact__judged", "int_area__listed", "observation_vintage", "comparison", "revision",
    }  # fmt: skip


def takes_in_a_little_of_everything(house: House) -> None:
    """A few rows of each embedded dataset; of the others nothing is known, and their sources are empty."""
    committed = Settings().snapshot_dir
    embedded = read_manifest(committed).datasets
    for place, dataset in enumerate(d for d in datasets() if d in embedded):
        path = committed / embedded[dataset].file
        rows = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
        house.absorb(house.parsed(dataset, rows.head(5)), NOON + timedelta(minutes=place))
