"""Fixtures that every test may use, and the guard that keeps tests off the network."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from pipelines.settings import Settings
from pipelines.warehouse.dbt_run import ensure_manifest
from tests.support.deliveries import House

# The many releases that tests make hold tables alone; `full_release` holds everything that a user's does.
os.environ["NYCKELTAL_RELEASE_PARTS"] = "[]"
os.environ["NYCKELTAL_MAX_CLOCK_LEAP_DAYS"] = "36500"  # what tests know is known from a day long ago
os.environ["NYCKELTAL_LOCK_WAIT_SECONDS"] = "0"  # a test that waits for a lock says so

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("search", parent=settings.get_profile("repeatable"), derandomize=False, max_examples=1000)
settings.register_profile("few", parent=settings.get_profile("repeatable"), max_examples=20)
settings.load_profile(os.environ.get("NYCKELTAL_TEST_PROFILE", "repeatable"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections leave this machine in no test: only loopback addresses and Unix sockets are let through."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut would lose is not tried here, and waiting for a disk would be most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture
def run_settings(tmp_path: Path) -> Settings:
    """Settings of a run in a folder of the test's own."""
    return Settings(data_dir=tmp_path / "data", snapshot_dir=tmp_path / "snapshot", memory_limit_mb=300)


@pytest.fixture
def house(run_settings: Settings) -> House:
    """A data folder with a list of areas known, and a snapshot folder to put deliveries in."""
    return House(run_settings)


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """A data folder with nothing but the dbt project, parsed; only to be read."""
    home = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        home = home.parent  # shared by the workers of one test run
    parsed = Settings(data_dir=home / "parsed_project")
    with FileLock(home / "parsed_project.lock"):
        ensure_manifest(parsed)
    return parsed


@pytest.fixture(scope="session")
def full_release(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """The release of the committed snapshot, made once by the command that users run; only to be read.

    `NYCKELTAL_TEST_RELEASE` names a folder where it is made and stays, for several test runs of the same code.
    """
    home = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        home = home.parent  # shared by the workers of one test run
    kept = os.environ.get("NYCKELTAL_TEST_RELEASE")
    released = Settings(data_dir=Path(kept) if kept else home / "full_release")
    with FileLock(f"{released.data_dir}.lock"):
        if not (released.releases_dir / "current").exists():
            done = subprocess.run(
                [Path(sys.executable).with_name("nyckeltal"), "refresh", "--data-dir", released.data_dir],
                env={**os.environ, "NYCKELTAL_RELEASE_PARTS": '["package", "site"]'},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return released
