"""What docs/dashboards.md shows for programs that are not here (Power Query) names what exists; the rest is run."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from tests.support.served import ServedApi

DOCUMENT = ROOT / "docs" / "dashboards.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
PYTHON, R = (
    re.findall(rf"```{language}\n(.+?)```\n\n```text\n(.+?)```", TEXT, re.DOTALL) for language in ("python", "r")
)
FOLDER, ADDRESS = "data/releases/current", "http://127.0.0.1:8000"
POWER_QUERY = re.findall(r"```powerquery\n(.+?)```", TEXT, re.DOTALL)

pytestmark = pytest.mark.slow


def printed_by(code: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102 - the document's own example
    return printed.getvalue()


@pytest.mark.parametrize(("code", "shown"), PYTHON, ids=["duckdb", "polars", "api"])
def test_python_prints_what_is_shown(code: str, shown: str, full_release: Settings) -> None:
    if ADDRESS not in code:
        folder = str(release_pointer.current_folder(full_release.releases_dir))
        assert printed_by(code.replace(FOLDER, folder)) == shown
        return
    with ServedApi(full_release.releases_dir) as api:
        assert printed_by(code.replace(ADDRESS, api.address)) == shown


def _r_with(package: str) -> str:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("there is no R on this machine")
    asked = [rscript, "-e", f"quit(status = !requireNamespace('{package}', quietly = TRUE))"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip(f"R has no package {package} on this machine")
    return rscript


@pytest.mark.parametrize(("code", "shown"), R, ids=["duckdb", "arrow"])
def test_r_prints_what_is_shown(code: str, shown: str, full_release: Settings, tmp_path: Path) -> None:
    (package,) = re.findall(r"library\((\w+)\)", code)
    rscript = _r_with(package)
    script = tmp_path / "example.R"
    folder = release_pointer.current_folder(full_release.releases_dir)
    script.write_text(code.replace(FOLDER, str(folder)), encoding="utf-8")
    done = subprocess.run([rscript, script], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.strip() == shown.strip()


def test_power_query_reads_a_file_and_columns_that_a_release_has(full_release: Settings) -> None:
    (code,) = [c for c in POWER_QUERY if "File.Contents" in c]
    (path,) = re.findall(r'releases\\current\\([^"]+)"', code)
    file = release_pointer.current_folder(full_release.releases_dir) / path.replace("\\", "/")
    assert "Binary.Decompress(Fil, Compression.GZip)" in code
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        rows = csv.DictReader(opened)
        named = set(re.findall(r'\{"(\w+)", (?:type|Int64)', code)) | set(re.findall(r"\[(\w+)\] =", code))
        (kept,) = re.findall(r"Table\.SelectColumns\(Urval, \{(.+?)\}\)", code)
        named |= set(re.findall(r'"(\w+)"', kept))
        assert named <= set(rows.fieldnames or [])
        wanted = dict(re.findall(r'\[(\w+)\] = "(\w+)"', code))
        chosen = [row for row in rows if wanted.items() <= row.items()]
    (goteborg,) = [row for row in chosen if row["area_id"] == "SE_1480" and row["year"] == "2022"]
    assert float(goteborg["value"]) == pytest.approx(290766, abs=1)
    assert len({row["area_id"] for row in chosen}) == 290


def test_power_query_asks_the_interface_what_it_answers(full_release: Settings) -> None:
    (code,) = [c for c in POWER_QUERY if "Web.Contents" in c]
    (address,) = re.findall(r'"(http://[^"]+)"', code)
    (path,) = re.findall(r'RelativePath = "([^"]+)"', code)
    (query,) = re.findall(r"Query = \[(.+?)\]", code)
    assert address == ADDRESS
    with ServedApi(full_release.releases_dir) as api:
        answer = api.get(f"/{path}", **dict(re.findall(r'(\w+) = "([^"]+)"', query)))
        for file in re.findall(rf"{ADDRESS}(/utgava/[\w./]+)", TEXT):
            assert api.get(file).status_code == 200, file
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert set(re.findall(r'\{"(\w+)", (?:type|Int64)', code)) <= set(rows[0])
    assert len({row["area_id"] for row in rows}) == 13
