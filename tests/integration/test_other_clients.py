"""The replicas as clients that others wrote read them: every reading call works and gives the figures that are held.

`make clients` makes the environment of these clients; without it these tests are skipped.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.settings import ROOT
from tests.support.replicas.kolada import KoladaReplica
from tests.support.replicas.scb import Limits, ScbReplica
from tests.support.replicas.server import ReplicaServer
from tests.unit.test_replicas import store

PYTHON = Path(os.environ.get("NYCKELTAL_CLIENTS", ROOT / ".venv-clients")) / "bin" / "python"
MUNICIPALITIES = ["1440", "1480", "0114"]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the clients read, by client and call."""
    if not PYTHON.exists():
        pytest.skip("the clients that others wrote are not installed: make clients")
    target = tmp_path_factory.mktemp("clients") / "read.json"
    scb = ScbReplica(MUNICIPALITIES, v2=Limits(calls=10_000))
    with ReplicaServer(KoladaReplica(store()), scb) as server:
        command = [
            str(PYTHON),
            str(ROOT / "tests" / "support" / "clients" / "read_all.py"),
            server.base_url,
            str(target),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(target.parent), "NO_PROXY": "*"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, dict[str, Any]] = json.loads(target.read_text(encoding="utf-8"))
    return found


def inhabitants(year: int, *ages: str, area: str | None = "1440") -> int:
    """Inhabitants of Ale (or of all areas) at the end of a year, as the embedded figures have them."""
    held = pl.read_parquet(ROOT / "data" / "snapshot" / "scb_population.parquet").filter(
        pl.col("area_id").is_in([area] if area else pl.col("area_id").implode())
        & (pl.col("year") == year)
        & pl.col("series_id").is_in([f"folkmangd_{age}" for age in ages or ("totalt",)])
    )
    return int(held["value"].sum())


def test_koladapy_reads_what_kolada_s_replica_holds(read: dict[str, dict[str, Any]]) -> None:
    found = read["kolada"]
    assert {name: found[name] for name in found if name.startswith(("get_kpi", "get_mun", "get_org", "search"))} == {
        "search_kpis": ["N00001"],
        "search_by_area": 2,
        "get_kpi": "Invånare",
        "get_kpis": ["N00001", "N00002"],
        "get_kpi_groups": ["Alla"],
        "get_kpi_group": ["N00001"],
        "get_municipalities": ["0114", "0115", "0117"],
        "get_municipality": "Upplands Väsby",
        "get_municipality_groups": ["G1"],
        "get_municipality_group": ["0114", "0115"],
        "get_organizational_units": ["V15E01"],
        "get_organizational_unit": "Skola B",
    }
    values = {
        (item["kpi"], item["municipality"], item["period"], v["gender"]): v["value"]
        for item in found["get_values"]
        for v in item["values"]
    }
    expected = {
        ("N00001", "0114", 2021, "T"): 10.0, ("N00001", "0114", 2021, "K"): 11.5, ("N00001", "0114", 2022, "T"): None,
        ("N00001", "0115", 2021, "T"): 40.0, ("N00002", "0114", 2021, "T"): 1e-7,
    }  # fmt: skip
    assert values == expected
    assert found["get_values_since"] == []
    assert found["get_values_in_batches"] == 3
    assert ["N00001", "Upplands Väsby", 2021, "K", 11.5] in json.loads(found["dataframe"])
    assert len(json.loads(found["dataframe"])) == len(expected)
    assert found["dataframe_of_units"] == [["Skola A", "T", 10.0]]


def test_pxwebpy_reads_what_scb_s_replica_holds(read: dict[str, dict[str, Any]]) -> None:
    found = read["pxweb"]
    tables = sorted(ScbReplica(MUNICIPALITIES).tables)
    assert (found["number_of_tables"], found["all_tables"]) == (len(tables), tables)
    assert (found["search"], found["search_recent"]) == (["TAB5557"], [])
    assert found["get_config"] == 150_000
    assert found["get_table_metadata"] == ["Region", "Civilstand", "Alder", "Kon", "ContentsCode", "Tid"]
    assert found["get_table_variables"] == sorted(found["get_table_metadata"])
    assert found["get_code_list"] > 10
    assert found["get_table_data"] == inhabitants(2017, "80_84", "85_89")
    by_region = {row["region"]: row["value"] for row in found["get_table_data_codes"]}
    assert by_region["1440"] == inhabitants(2017)
    assert set(by_region) >= {"14", "1440", "1480"}
    (whole,) = found["get_table_data_default"]  # the nation, the newest year
    assert (whole["år"], whole["value"]) == ("2018", inhabitants(2018, area=None))
    whole_table = ScbReplica(MUNICIPALITIES).tables["TAB4434"]
    assert found["get_table_data_all"] == math.prod(len(v.values) for v in whole_table.variables)
    assert found["get_paths"] == ["OE", "OE0107", "OE0107B"]
    assert found["tables_on_path"] == ["TAB4199"]


def test_pxstatspy_reads_what_scb_s_replica_holds(read: dict[str, dict[str, Any]]) -> None:
    found = read["pxstat"]
    assert found["find_tables"] == 1
    assert found["find_tables_as_dataframe"] == sorted(ScbReplica(MUNICIPALITIES).tables)
    assert found["get_table_by_id"] == "Folkmängden efter region"
    assert found["get_table_metadata"] == ["Region", "Civilstand", "Alder", "Kon", "ContentsCode", "Tid"]
    assert found["get_config"] == 150_000
    for call in ("get_table_data", "get_table_data_post", "dataframe"):
        assert len(found[call]) == 4, call
        assert sum(found[call]) == inhabitants(2016) + inhabitants(2017), call
