"""The wheel holds everything that the installed command needs, and an installed copy reads it from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.code_identity import code_hash, project_files
from pipelines.commands import indicators, main, snapshot
from pipelines.errors import UsageError
from pipelines.settings import ROOT, Settings
from tests.support.repository import committed_files

TRAVELS = ("pipelines/", "indicators/", "dbt_project/", "data/snapshot/")
BUILT_BY = {"pyproject.toml", "setup.py", "README.md", "LICENSE"}
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
ASK = """
import json
from pipelines.code_identity import code_hash, project_files
from pipelines.commands import indicators, main, snapshot
from pipelines.errors import UsageError
from pipelines.settings import Settings
told = Settings()
print(json.dumps([told.model_dump(mode="json"), list(project_files(told)), code_hash(told)], default=list))
"""


def committed() -> dict[str, Path]:
    return {path.relative_to(ROOT).as_posix(): path for path in committed_files()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is committed, where dbt and Great Expectations have left files of their own beside it."""
    home = tmp_path_factory.mktemp("wheel")
    for name, path in committed().items():
        if name.startswith(TRAVELS) or name in BUILT_BY:
            target = home / "tree" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    gx = "pipelines/quality/gx"
    of_dbt = [f"dbt_project/{left}" for left in ("target/run/left.sql", "logs/dbt.log", ".user.yml")]
    for left in (*of_dbt, f"{gx}/uncommitted/validations/left.json", f"{gx}/plugins/left.css"):
        target = home / "tree" / left
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    command = [sys.executable, "-c", BUILD, str(home)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=home / "tree", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home / done.stdout.split()[-1]


def test_the_wheel_holds_the_code_the_declarations_the_dbt_project_and_the_embedded_figures(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        found = {name for name in opened.namelist() if ".dist-info/" not in name}
    wanted = {name for name in committed() if name.startswith(TRAVELS)}
    bundled = {"dbt_project/": "pipelines/bundled/dbt_project/", "data/snapshot/": "pipelines/bundled/snapshot/"}
    for before, after in bundled.items():
        wanted = {name.replace(before, after) if name.startswith(before) else name for name in wanted}
    assert found == wanted


def test_an_installed_copy_reads_from_itself_keeps_its_data_where_it_is_run_and_computes_by_the_same_code(
    wheel: Path, tmp_path: Path
) -> None:
    installed, here = tmp_path / "installed", tmp_path / "here"
    here.mkdir()
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(installed)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NYCKELTAL_")}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=here,
        env={**environment, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told, names, code = json.loads(done.stdout)
    assert Path(told["data_dir"]) == here / "data"
    for setting, holds in (
        ("snapshot_dir", "manifest.json"),
        ("declarations_dir", "registers/groups.yml"),
        ("dbt_project_dir", "dbt_project.yml"),
    ):
        assert Path(told[setting]).is_relative_to(installed)
        assert (Path(told[setting]) / holds).is_file()
    ours = Settings()
    assert names == list(project_files(ours))
    assert code == code_hash(ours)


@pytest.mark.parametrize(
    "command",
    [main.generate, indicators.indicators_new, lambda: snapshot.snapshot_build(Path("copies"))],
    ids=["generate", "indicators new", "snapshot build"],
)
def test_what_is_part_of_the_source_code_is_not_written_into_an_installed_copy(
    command: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.settings.IS_CHECKOUT", False)
    with pytest.raises(UsageError, match="part of the source code") as caught:
        command()
    assert "checkout" in caught.value.remedy
