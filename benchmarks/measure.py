"""Wall time and peak memory of a command with all its children. Belongs here: measuring one command."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_INTERVAL = 0.1
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True)
class Measured:
    """Seconds, and the peak of the tree's resident memory in MiB: all private pages, and the most shared ones."""

    seconds: float
    peak_mb: float
    code: int
    output: str


def measure(command: list[str], env: dict[str, str] | None = None) -> Measured:
    """Run a command to its end; memory is sampled ten times a second, at little cost to the command."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak = 0.0
    done = threading.Event()

    def sample() -> None:
        nonlocal peak
        while not done.wait(_INTERVAL):
            peak = max(peak, tree_mb(process.pid))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    output, _ = process.communicate()
    done.set()
    sampler.join()
    return Measured(time.perf_counter() - began, peak, process.returncode, output)


def tree_mb(root: int) -> float:
    """Resident memory of a process and its children, MiB: all private pages, and the most shared ones."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # it ended while we looked
            parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    tree, frontier = {root}, [root]
    while frontier:
        parent = frontier.pop()
        children = [pid for pid, up in parents.items() if up == parent and pid not in tree]
        tree.update(children)
        frontier += children
    sizes = [_private_and_shared_kb(pid) for pid in tree]
    return (sum(private for private, _ in sizes) + max(shared for _, shared in sizes)) / 1024


def _private_and_shared_kb(pid: int) -> tuple[int, int]:
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0, 0  # it ended while we looked
    return (int(resident) - int(shared)) * _PAGE_KB, int(shared) * _PAGE_KB
