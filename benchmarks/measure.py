"""Seconds, CPU seconds and peak memory of a command with all its children, and the bytes that it wrote.

Belongs here: measuring one command. Does not belong here: which commands are measured.
"""

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
    """Seconds by the clock, user and system CPU seconds, and the peak of the tree's resident memory in MiB.

    CPU seconds are those of the command and of every process below it that its parent has waited for; memory is all
    private pages, and the most shared ones.
    """

    seconds: float
    cpu_seconds: float
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
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here, and not by `process`
    done.set()
    sampler.join()
    return Measured(time.perf_counter() - began, used.ru_utime + used.ru_stime, peak, process.returncode, output)


def tree_cpu_seconds(root: int) -> float:
    """User and system CPU seconds so far of a running process and all below it."""
    ticks = 0
    for pid in _tree(root):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue  # it ended while we looked
        ticks += sum(int(field) for field in stat.rsplit(")", 1)[1].split()[11:15])  # its own, and ended children's
    return ticks / os.sysconf("SC_CLK_TCK")


State = dict[tuple[int, int], tuple[int, int, str]]


def files_below(folder: Path) -> State:
    """Every file below a folder by its place on the disk, once however many links it has: bytes, moment, a path."""
    found: State = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            stat = path.stat()
            found.setdefault(
                (stat.st_dev, stat.st_ino), (stat.st_size, stat.st_mtime_ns, str(path.relative_to(folder)))
            )
    return found


def written(before: State, after: State) -> dict[str, int]:
    """The files that are new or changed, and their whole size in bytes; a new link to a file is no new file."""
    changed = [of for place, of in after.items() if place not in before or of[:2] != before[place][:2]]
    return {path: size for size, _, path in changed}


def bytes_below(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(size for size, _, _ in files_below(folder).values())


def tree_mb(root: int) -> float:
    """Resident memory of a process and its children, MiB: all private pages, and the most shared ones."""
    sizes = [_private_and_shared_kb(pid) for pid in _tree(root)]
    return (sum(private for private, _ in sizes) + max(shared for _, shared in sizes)) / 1024


def _tree(root: int) -> set[int]:
    """A process and all below it."""
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
    return tree


def _private_and_shared_kb(pid: int) -> tuple[int, int]:
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0, 0  # it ended while we looked
    return (int(resident) - int(shared)) * _PAGE_KB, int(shared) * _PAGE_KB
