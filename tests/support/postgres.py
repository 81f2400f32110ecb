"""A real PostgreSQL (Debian's) for tests: one server a worker of the test run, one database a test.

Belongs here: starting and stopping it. The server listens on a Unix socket only, below a folder of its own, and ends
with the process that started it, however that ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

ADMIN = "admin"
PUBLISHER = "utgivare"  # owns the databases that are published to; no superuser
PASSWORD = "hemligt-Åäö@:/"  # noqa: S105 - of a server that lives for the time of a test
_LONGEST = 60.0  # seconds
# The server is ended, and its folder removed, when standard input closes: also when the tests were killed.
_GUARDED = '"$@" & server=$!; read -r _; kill -QUIT $server; wait $server; rm -rf "$FOLDER"'
_SWIFT = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "40",
    "shared_buffers": "32MB",
}


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    process: subprocess.Popen[bytes]

    def dsn(self, database: str = "postgres", user: str = ADMIN, password: str = PASSWORD) -> str:
        """A connection string."""
        return psycopg.conninfo.make_conninfo(host=str(self.folder), dbname=database, user=user, password=password)

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection that may do everything."""
        return psycopg.connect(self.dsn(database), autocommit=True)

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.process.communicate(b"\n", timeout=_LONGEST)


@dataclass(frozen=True)
class Database:
    """A database of a test's own."""

    server: Server
    name: str

    def dsn(self, user: str = PUBLISHER, password: str = PASSWORD) -> str:
        """A connection string."""
        return self.server.dsn(self.name, user, password)

    def connect(self, user: str = PUBLISHER) -> psycopg.Connection[tuple[object, ...]]:
        """A connection in which each statement stands for itself."""
        return psycopg.connect(self.dsn(user), autocommit=True)

    def ask(self, query: str, parameters: list[object] | None = None) -> list[tuple[object, ...]]:
        """The rows of an administrator's query."""
        with self.server.admin(self.name) as con:
            return con.execute(query.encode(), parameters).fetchall()

    def do(self, statement: str) -> None:
        """Execute a statement as an administrator."""
        with self.server.admin(self.name) as con:
            con.execute(statement.encode())

    def until(self, query: str) -> None:
        """Wait until a query answers true."""
        deadline = time.monotonic() + _LONGEST
        while self.ask(query) != [(True,)]:
            assert time.monotonic() < deadline, query
            time.sleep(0.02)


def create_database(server: Server, name: str, more: str = "") -> Database:
    """An empty database that belongs to the publisher."""
    with server.admin() as con:
        if not con.execute("select 1 from pg_roles where rolname = %s", [PUBLISHER]).fetchone():
            con.execute(f"create role {PUBLISHER} login createrole password '{PASSWORD}'".encode())
        con.execute(f"create database {name} owner {PUBLISHER} {more}".encode())
    return Database(server, name)


def start() -> Server:
    """Start a server; skips the test, with the reason, where there is none to start."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="nyckeltal-pg-"))
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    if os.geteuid() == 0:  # the server refuses to run as root
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    data = folder / "data"
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", ADMIN, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
         "--no-sync", "--no-instructions", f"--pwfile={folder / 'password'}"],
        **_unprivileged(), cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), **_SWIFT}
    process = subprocess.Popen(
        ["sh", "-c", _GUARDED, "sh", programs / "postgres", "-D", data, *(f"--{k}={v}" for k, v in settings.items())],
        **_unprivileged(), cwd=folder, env={**os.environ, "FOLDER": str(folder)},
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    server = Server(folder, process)
    deadline = time.monotonic() + _LONGEST
    while True:
        try:
            server.admin().close()
        except psycopg.OperationalError:
            assert process.poll() is None, "the server did not start"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        else:
            return server


def _unprivileged() -> dict[str, object]:
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.skip("there is no PostgreSQL on this machine: apt-get install postgresql, or make system")
    return found[-1].parent if found else Path(str(on_path)).parent
