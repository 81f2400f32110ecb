"""A small snapshot and a data folder refreshed from it, made once and shared by the workers of a test run."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.settings import Settings
from pipelines.warehouse.dbt_run import target_dir
from tests.support import postgres
from tests.support.command import Place, Preloaded
from tests.support.parsed_project import carry_over
from tests.support.small_snapshot import SmallSnapshot, build_small


@pytest.fixture(scope="session")
def run_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preloaded]:
    """The command, without the seconds of importing."""
    preloaded = Preloaded(tmp_path_factory.mktemp("command") / "streams")
    yield preloaded
    preloaded.close()


@pytest.fixture(scope="session")
def _shared(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, run_cli: Preloaded, parsed_project: Settings
) -> Path:
    home = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        home = home.parent
    with FileLock(home / "small.lock"):
        if not (home / "small_made").exists():
            small = build_small(home / "small_snapshot")
            base = Settings(data_dir=home / "small_base")
            shutil.copytree(target_dir(parsed_project), target_dir(base))
            carry_over(parsed_project, base)
            done = run_cli("refresh", "--data-dir", home / "small_base", "--snapshot-dir", small.folder)
            assert done.code == 0, done.text
            (home / "small_made").touch()
    return home


@pytest.fixture(scope="session")
def base(_shared: Path) -> Place:
    """A data folder with one release of the small snapshot; only to be read."""
    return Place(_shared / "small_base")


@pytest.fixture(scope="session")
def base_snapshot(_shared: Path) -> SmallSnapshot:
    """The snapshot that `base` was made of; only to be read."""
    return SmallSnapshot(_shared / "small_snapshot")


@pytest.fixture
def place(base: Place, tmp_path: Path) -> Place:
    """A copy of `base`, to be changed."""
    return base.copy(tmp_path / "data")


@pytest.fixture
def snapshot(base_snapshot: SmallSnapshot, tmp_path: Path) -> SmallSnapshot:
    """A copy of the small snapshot, to be changed."""
    return base_snapshot.copy(tmp_path / "snapshot")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server of this worker's own."""
    server = postgres.start()
    yield server
    server.stop()


_numbers = itertools.count(1)


@pytest.fixture
def database(postgres_server: postgres.Server) -> postgres.Database:
    """An empty database."""
    return postgres.create_database(postgres_server, f"test_{next(_numbers)}")
