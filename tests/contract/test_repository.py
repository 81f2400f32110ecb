"""What may stand in the repository: pinned dependencies without addresses, and no trace of a machine."""

from __future__ import annotations

import re
import tomllib

import pytest

from pipelines.settings import ROOT
from tests.support.repository import committed_files

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
# Written in parts, so that this file does not hold what it looks for.
FOLDERS = ["wor" + "k", "roo" + "t", "hom" + "e", "tmp/bash" + "_jobs"]
MACHINE_PATH = re.compile(r"(?<![\w.\-}*$])/(?:" + "|".join(FOLDERS) + r")(?=/|\b)")
HOSTS = ["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.org", "ana" + r"conda\.org"]
HOSTS += [
    r"crates" + r"\.io",
    r"proxy\." + r"golang\.org",
    r"https?://\S+/" + r"simple\b",
    r"index" + r"-url",
]
REGISTRY = re.compile("|".join(HOSTS))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: str = LOCK) -> dict[str, str]:
    """Each pinned package with its whole entry: the pin and its hashes."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock)
    found = {}
    for entry in entries:
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==\S+", entry)
        if match:
            found[normal(match[1])] = entry
    return found


def test_the_lock_pins_exact_versions_with_hashes_and_nothing_else() -> None:
    assert len(pinned()) > 50
    for line in LOCK.splitlines():
        word = line.strip()
        is_pin = re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?==[^\s;]+( ;.*)?( \\)?$", word)
        assert not word or is_pin or re.match(r"--hash=sha256:[0-9a-f]{64}( \\)?$", word) or word.startswith("#"), line
    for name, entry in pinned().items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), f"{name} has no hash"


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(r"(?m)^\s*(-i|-f|--\w*index\S*|--find-links|--trusted-host)\b", LOCK)
    assert " @ " not in LOCK


def test_the_lock_holds_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    assert {normal(re.split(r"[\[=<>~! ;]", w, maxsplit=1)[0]) for w in wanted} <= set(pinned())


def test_a_version_that_the_project_pins_is_the_version_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for wanted in project["dependencies"]:
        name, pin, version = wanted.partition("==")
        if pin:
            assert re.match(rf"\S+=={re.escape(version)}(\s|$)", pinned()[normal(name)]), wanted


@pytest.mark.parametrize("group", ["read", "serve"])
def test_a_groups_lock_holds_what_the_group_names_in_the_versions_of_the_whole_lock(group: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    named = [*groups["read"], *(wanted for wanted in groups[group] if isinstance(wanted, str))]
    assert set(named) <= set(project["project"]["dependencies"])
    found = pinned((ROOT / f"requirements-{group}.lock").read_text(encoding="utf-8"))
    assert {normal(re.split(r"[\[=<>~! ;]", wanted, maxsplit=1)[0]) for wanted in named} <= set(found)
    whole = {name: hashes(entry) for name, entry in pinned().items()}
    assert {name: hashes(entry) for name, entry in found.items()} == {name: whole[name] for name in found}


def hashes(entry: str) -> set[str]:
    return set(re.findall(r"sha256:[0-9a-f]{64}", entry))


def test_no_file_names_a_path_of_a_machine_or_a_registry() -> None:
    faults = []
    for path in committed_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if MACHINE_PATH.search(line) or REGISTRY.search(line):
                faults.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert faults == []


def test_the_search_finds_what_it_looks_for() -> None:
    for text in (
        "cd /ro" + "ot",
        '"/ho' + 'me/anna/data"',
        "PATH=/wo" + "rk/main",
        "(/tm" + "p/bash_jobs.0)",
        "/wor" + "k",
    ):
        assert MACHINE_PATH.search(text), text
    for text in (
        "https://www.kolada.se/hom" + "e",
        "$DIR/wor" + "k",
        "docs/wor" + "king.md",
        "/homepage",
        "/var/x",
    ):
        assert not MACHINE_PATH.search(text), text
    assert REGISTRY.search("https://py" + "pi.org/simple")
    assert REGISTRY.search("--index" + "-url x")


def test_no_data_of_a_run_is_committed() -> None:
    derived = {"archive", "vintages", "build", "releases", "dagster", "logs"}
    names = [path.relative_to(ROOT).parts for path in committed_files()]
    assert [n for n in names if n[0] == "data" and len(n) > 1 and n[1] in derived] == []
    assert [n for n in names if ".venv" in n or "__pycache__" in n or ".hypothesis" in n] == []
