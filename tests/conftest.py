"""Fixtures that every test may use, and the guard that keeps tests off the network."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from pipelines.settings import Settings
from tests.support.deliveries import House

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "search", parent=settings.get_profile("repeatable"), derandomize=False, max_examples=1000
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections leave this machine in no test: only loopback addresses and Unix sockets are let through."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


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
