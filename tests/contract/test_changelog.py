"""The changelog and the version of the code go together."""

from __future__ import annotations

import re
import tomllib
from datetime import date

from pipelines.settings import ROOT

TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"(?m)^## (.+)$", TEXT)
VERSIONS = re.findall(r"(?m)^## \[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)$", TEXT)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_newest_version_is_that_of_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ".".join(VERSIONS[0][:3]) == project["version"]


def test_every_heading_is_a_version_with_its_day_after_what_is_unreleased() -> None:
    assert HEADINGS[0] == "[Unreleased]"
    assert len(VERSIONS) == len(HEADINGS) - 1


def test_versions_and_days_descend() -> None:
    numbers = [tuple(map(int, version[:3])) for version in VERSIONS]
    days = [date.fromisoformat(version[3]) for version in VERSIONS]
    assert numbers == sorted(set(numbers), reverse=True)
    assert days == sorted(days, reverse=True)


def test_changes_stand_under_the_headings_of_keep_a_changelog() -> None:
    assert set(re.findall(r"(?m)^### (.+)$", TEXT)) <= SECTIONS
