"""Runs the command `nyckeltal` as users do, and returns its result."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.files import sha256_of
from tests.support.parsed_project import carry_over

NYCKELTAL = Path(sys.executable).with_name("nyckeltal")
LONGEST = 300.0  # seconds; no run of the small snapshot takes so long on any machine


@dataclass(frozen=True)
class Done:
    """The result of a command; `text` is both streams, unwrapped."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return " ".join((self.out + " " + self.err).split())


def nyckeltal(*argv: str | Path, env: dict[str, str] | None = None) -> Done:
    """Run the installed command in a process of its own."""
    done = subprocess.run(
        [NYCKELTAL, *argv],
        env={**os.environ, "COLUMNS": "400", **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Preloaded:
    """Runs the command in forks of a process that has imported everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.preloaded"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "400"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __call__(self, *argv: str | Path, **more: Any) -> Done:
        """Run to the end."""
        pid = self.start(*argv, **more)
        code = self.wait(LONGEST)
        if code is None:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"{argv} did not end in {LONGEST} seconds: {self.done(99).text}")
        return self.done(code)

    def start(
        self,
        *argv: str | Path,
        program: str = "nyckeltal",
        env: dict[str, str] | None = None,
        file_bytes: int = 0,
        unprivileged: bool = False,
        ahead_days: int = 0,
    ) -> int:
        """Start `nyckeltal` or `dagster`, and return the process' id. `ahead_days`: how far ahead its clock is."""
        request = {
            "program": program,
            "argv": [str(a) for a in argv],
            "env": env or {},
            "out": str(self.folder / "out"),
            "err": str(self.folder / "err"),
            "file_bytes": file_bytes,
            "unprivileged": unprivileged,
            "ahead_days": ahead_days,
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        return int(self._line())

    def wait(self, seconds: float) -> int | None:
        """The exit code once it has ended, or None when it still runs after so many seconds."""
        ready, _, _ = select.select([self._server.stdout], [], [], seconds)
        return int(self._line()) if ready else None

    def kill(self, pid: int) -> int:
        """SIGKILL to the process alone, not to what it started; returns its exit code."""
        assert pid > 1, "an earlier command's end was not waited for"  # 0 would be this process' whole group
        os.kill(pid, signal.SIGKILL)
        return int(self._line())

    def done(self, code: int) -> Done:
        """What the last command printed."""
        return Done(
            code, (self.folder / "out").read_text(encoding="utf-8"), (self.folder / "err").read_text(encoding="utf-8")
        )

    def close(self) -> None:
        self._server.kill()
        self._server.communicate()

    def _line(self) -> str:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line, "the preloaded process has ended"
        return line


@dataclass(frozen=True)
class Place:
    """A data folder of a test, with queries about its content."""

    data_dir: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", Settings(data_dir=self.data_dir))

    def copy(self, folder: Path) -> Place:
        """A copy of the data folder, links kept."""
        shutil.copytree(self.data_dir, folder, symlinks=True)
        copied = Place(folder)
        carry_over(self.settings, copied.settings)
        return copied

    def current(self) -> str:
        """The current release's id."""
        return release_pointer.current_folder(self.settings.releases_dir).name

    def sql(self, query: str, parameters: list[Any] | None = None) -> pl.DataFrame:
        """A query on the current release."""
        return reader.query(release_pointer.current_folder(self.settings.releases_dir), query, parameters)

    def log(self) -> list[dict[str, Any]]:
        """The lines of the run log."""
        lines = self.settings.run_log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def state(self) -> dict[str, str]:
        """Each file of archive and vintages with its hash."""
        folders = (self.settings.archive_dir, self.settings.vintages_dir)
        return {str(p): sha256_of(p) for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}

    def listing(self) -> dict[str, tuple[int, str]]:
        """Every path below the data folder with the time it was written and, for files, its hash."""
        return {
            str(p.relative_to(self.data_dir)): (p.lstat().st_mtime_ns, sha256_of(p) if p.is_file() else "")
            for p in sorted(self.data_dir.rglob("*"))
        }
