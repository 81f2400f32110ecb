"""The repository as text: its Python modules with their syntax trees, and the files that may be committed."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.settings import ROOT

PACKAGES = ("indicators", "pipelines")


@dataclass(frozen=True)
class Module:
    """A Python module of ours."""

    name: str
    path: Path
    lines: int
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    def imports(self) -> Iterator[str]:
        """Full names of all that it imports: modules, and `module.name` for names taken out of one."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
                base = package[: len(package) - node.level + 1] if node.level else []
                found = ".".join([*base, *filter(None, [node.module])])
                yield found
                yield from (f"{found}.{alias.name}" for alias in node.names)


@cache
def modules() -> dict[str, Module]:
    """Every module of both packages by its name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text(encoding="utf-8")
            found[name] = Module(name, path, len(text.splitlines()), ast.parse(text))
    return found


@cache
def committed_files() -> tuple[Path, ...]:
    """Files that git holds or would take in; every file when this is no git repository."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        skipped = {".venv", ".git", "archive", "vintages", "build", "releases", "dagster", "logs"}
        listed = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if not skipped & set(p.relative_to(ROOT).parts)]
    return tuple(path for name in sorted(listed) if name and (path := ROOT / name).is_file())
