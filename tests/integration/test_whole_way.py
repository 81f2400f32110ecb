"""The committed figures come through whole; nothing is published that failed; nothing is sent anywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from tests.support.command import Place, Preloaded, nyckeltal
from tests.support.small_snapshot import GOTEBORG, SmallSnapshot

pytestmark = pytest.mark.slow

SHIM = '''
"""Refuses every connection that leaves the machine, and every look-up of a name, and writes each down."""
import os, socket

def _tell(what):
    with open(os.environ["TRIED_CONNECTIONS"], "a") as file:
        file.write(f"{os.getpid()} {what}\\n")

def _guarded(name):
    original = getattr(socket.socket, name)
    def call(self, address, *more):
        if self.family != socket.AF_UNIX and not str(address[0]).startswith("127."):
            _tell(f"{name} {address}")
            raise ConnectionRefusedError(111, "refused by the test")
        return original(self, address, *more)
    setattr(socket.socket, name, call)

for name in ("connect", "connect_ex"):
    _guarded(name)

_sendto = socket.socket.sendto
def _no_sendto(self, data, *more):
    if self.family != socket.AF_UNIX and not str(more[-1][0]).startswith("127."):
        _tell(f"sendto {more[-1]}")
        raise ConnectionRefusedError(111, "refused by the test")
    return _sendto(self, data, *more)
socket.socket.sendto = _no_sendto

_getaddrinfo = socket.getaddrinfo
def _no_lookup(host, *more, **named):
    if host not in (None, "", "localhost", "127.0.0.1", b"localhost"):
        _tell(f"getaddrinfo {host}")
        raise socket.gaierror(socket.EAI_FAIL, "refused by the test")
    return _getaddrinfo(host, *more, **named)
socket.getaddrinfo = _no_lookup
with open(os.environ["TRIED_CONNECTIONS"] + ".guarded", "a") as file:
    file.write(f"{os.getpid()}\\n")
'''


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """An environment in which every Python process refuses and counts connections."""
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim" / "sitecustomize.py").write_text(SHIM, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path / "shim"), os.environ.get("PYTHONPATH")]))
    switches = ("DO_NOT_TRACK", "GX_ANALYTICS_ENABLED", "DAGSTER_DISABLE_TELEMETRY", "DBT_SEND_ANONYMOUS_USAGE_STATS")
    return {
        "PYTHONPATH": path,
        "TRIED_CONNECTIONS": str(tmp_path / "tried"),
        **dict.fromkeys(switches, ""),  # off by what the code does, not by the environment of this machine
    }


def test_the_count_of_connections_counts(guarded: dict[str, str]) -> None:
    tries = (
        "import socket, subprocess, sys, urllib.request\n"
        "try: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError: pass\n"
        "try: urllib.request.urlopen('http://example.org', timeout=1)\nexcept OSError: pass\n"
        "if len(sys.argv) < 2: subprocess.run([sys.executable, __file__, 'child'], check=True)\n"
    )
    program = Path(guarded["TRIED_CONNECTIONS"]).with_name("tries.py")
    program.write_text(tries, encoding="utf-8")
    subprocess.run([sys.executable, program], env={**os.environ, **guarded}, check=True)
    lines = Path(guarded["TRIED_CONNECTIONS"]).read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 4
    assert len({line.split()[0] for line in lines}) == 2
    assert any("example.org" in line for line in lines)


def test_no_telemetry_leaves_a_refresh(guarded: dict[str, str], tmp_path: Path, base_snapshot: SmallSnapshot) -> None:
    done = nyckeltal("refresh", "--data-dir", tmp_path / "data", "--snapshot-dir", base_snapshot.folder, env=guarded)

    assert done.code == 0, done.text
    tried = Path(guarded["TRIED_CONNECTIONS"])
    assert not tried.exists(), tried.read_text(encoding="utf-8")
    processes = tried.with_name("tried.guarded").read_text(encoding="utf-8").split()
    assert len(set(processes)) >= 3  # the command, the gate's process, dbt


def test_a_failing_test_of_the_warehouse_refuses_publication_and_is_named(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(ROOT / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs"))
    (project / "tests" / "never_holds.sql").write_text(
        "select * from {{ ref('observation') }} limit 7\n", encoding="utf-8"
    )
    properties = project / "models" / "marts" / "observation.yml"
    text = properties.read_text(encoding="utf-8")
    properties.write_text(text.replace("sex: [T, K, M]", "sex: [T, K]", 1), encoding="utf-8")
    release, count = place.current(), len(list(place.settings.releases_dir.iterdir()))
    snapshot.set_value("U23471", GOTEBORG, 2022, 1.0)

    done = run_cli(
        "refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder,
        env={"NYCKELTAL_DBT_PROJECT_DIR": str(project)},
    )  # fmt: skip

    assert done.code == 4, done.text
    assert "never_holds" in done.text
    assert "7 " in done.text
    assert "observation_is_sound" in done.text
    assert re.search(r"accepted_values sex: broken by \d+, such as M", done.text), done.text
    status = run_cli("status", "--data-dir", place.data_dir).text
    assert "observation_is_sound" in status
    assert "accepted_values sex" in status
    assert "the last release stands" in done.text
    assert "Traceback" not in done.text
    assert place.current() == release
    assert len(list(place.settings.releases_dir.iterdir())) == count
    assert place.sql("select count(*) from observation").item() > 0


def test_the_committed_figures_come_through_whole(full_release: Settings) -> None:
    folder = release_pointer.current_folder(full_release.releases_dir)

    def one(query: str) -> object:
        return reader.query(folder, query).item()

    cost = f"indicator_id = 'kostnad_aldreomsorg_per_inv_80' and area_id = '{GOTEBORG}' and sex = 'T'"
    assert one(f"select round(value) from observation where {cost} and year = 2022") == 290766
    assert one("select count(*) from area where area_type = 'municipality'") == 290
    assert one(
        "select count(distinct area_id) from observation join area using (area_id) where area_type = 'municipality'"
    ) == 290  # fmt: skip
    assert one("select count(*) from indicator") >= 150
    control = "select passed from quality_result where check_id = 'control.rikssumma_aldreomsorg_scb'"
    assert one(control) is True
    assert one("select count(*) from quality_result where level = 'block' and not passed") == 0
    assert one("select count(distinct theme) from indicator") == 7
    assert one("select count(*) from revision") == 0
