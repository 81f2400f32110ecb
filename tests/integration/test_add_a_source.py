"""A newcomer adds a small PxWeb table by following docs/add-a-source.md, in a copy of the project."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from tests.support.command import Place
from tests.support.project_copy import copied, nyckeltal
from tests.support.replicas.scb import ScbReplica
from tests.support.replicas.scb_figures import Table, Variable, names
from tests.support.replicas.server import ReplicaServer

pytestmark = pytest.mark.slow

GUIDE = ROOT / "docs" / "add-a-source.md"
DENSITY = {"1480": 1337.5, "1407": 558.2}  # TEST FIGURES


def density(area: str) -> float:
    return DENSITY.get(area, 25.5)


def table() -> Table:
    """The table of the guide: TEST FIGURES, but for its shape."""
    variables = [
        Variable("Region", "region", {"00": "Riket", "14": "Västra Götalands län", **names()}, eliminable=True),
        Variable("Kon", "kön", {"1": "män", "2": "kvinnor", "1+2": "totalt"}, eliminable=True),
        Variable("ContentsCode", "tabellinnehåll", {
            "BE0101U1": "Invånare per kvadratkilometer", "BE0101U3": "Landareal i kvadratkilometer"}),
        Variable("Tid", "år", {"2023": "2023", "2024": "2024"}, is_time=True),
    ]  # fmt: skip
    path = "BE/BE0101/BE0101C/BefArealTathetKon"
    return Table("TAB0", path, "Täthet", variables, lambda c: density(c["Region"]), "2025-02-21T07:00:00Z")


def test_a_small_table_becomes_an_indicator_by_the_guide_alone(base: Place, tmp_path: Path) -> None:
    place = base.copy(tmp_path / "data")
    project = copied(tmp_path / "project")
    blocks = re.findall(r"(?ms)^   ```yaml\n(.*?)^   ```$", GUIDE.read_text(encoding="utf-8"))
    declaration, indicator = (textwrap.dedent(block) for block in blocks)
    with (project / "pipelines" / "sources" / "scb" / "declaration.yml").open("a", encoding="utf-8") as file:
        file.write(textwrap.indent(declaration, "  "))
    target = project / "indicators" / "catalogue" / "behov" / "invanare_per_km2.yml"
    target.write_text(indicator, encoding="utf-8")

    generated = nyckeltal(project, "generate")
    assert generated.returncode == 0, generated.stderr
    assert "stg_scb__tathet" in generated.stdout

    replica = ScbReplica()
    replica.put(table())
    with ReplicaServer(replica) as server:
        base_url = f"scb={server.base_url}"
        words = ["refresh", "--source", "live", "--only", "scb.tathet", "--base-url", base_url]
        done = nyckeltal(project, *words, "--data-dir", place.data_dir)
    assert done.returncode == 0, done.stdout + done.stderr

    folder = release_pointer.current_folder(Settings(data_dir=place.data_dir).releases_dir)
    rows = reader.query(
        folder,
        "select area_id, year, value from observation where indicator_id = 'invanare_per_km2' "
        "and area_id in ('1480', '0000') and value is not null order by year, area_id",
    )
    assert rows.rows() == [("0000", 2023, 25.5), ("1480", 2023, 1337.5), ("0000", 2024, 25.5), ("1480", 2024, 1337.5)]
