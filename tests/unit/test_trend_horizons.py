"""A trend answers one of two questions: whoever reads the table names the one that is meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indicators.statistics.trend import FEWEST, LEVEL, LONG_RUN, RECENT, RECENT_YEARS
from pipelines.release.table_keys import table_keys
from pipelines.settings import ROOT
from pipelines.site.rendering import _environment
from pipelines.warehouse.trends import TABLES

READS = re.compile(r"\b(?:from|join)\s+(?:nyckeltal\.)?trend\b", flags=re.IGNORECASE)
METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")


def shown() -> list[tuple[Path, str]]:
    """Every query on the table trend: in documents a fenced block or a command, in code the text around it."""
    found = []
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", text)
        parts = [part for block in blocks for part in re.split(r"(?m)^\$ ", block)]
        found += [(path, part) for part in parts if READS.search(part)]
    for folder in ("pipelines", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found += [(path, text[match.start() : match.start() + 300]) for match in READS.finditer(text)]
    return found


def test_every_query_on_trends_that_we_show_or_run_names_the_horizon() -> None:
    queries = shown()
    assert len(queries) >= 4
    assert [str(path) for path, query in queries if "horizon" not in query] == []


def test_the_horizon_is_part_of_the_key() -> None:
    assert table_keys(ROOT / "dbt_project")["trend"] == ("indicator_id", "area_id", "sex", "horizon")


def test_table_and_method_tell_the_window_and_the_level_that_are_declared() -> None:
    about, columns = TABLES["trend"].about, TABLES["trend"].columns
    assert f"the {RECENT_YEARS} calendar years" in about
    assert "horizon = 'recent'" in about
    for horizon in (RECENT, LONG_RUN):
        assert horizon in columns["horizon"][1]
        assert f"| `{horizon}` |" in METHOD
    assert f"below {LEVEL}" in columns["direction"][1]
    assert f"the {RECENT_YEARS} calendar years up to the newest" in METHOD
    assert f"at least {FEWEST} of them measured" in METHOD
    assert f"p below {LEVEL}." in METHOD


LINE = {"verdict": "kan inte bedömas", "direction": None, "trend_from": None, "trend_to": None}


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (
            {"direction": "decreasing", "trend_from": 2016, "trend_to": 2022,
             "verdict": "minskar och försämras; på lång sikt (1998–2022): ökar och förbättras"},
            "bad",
            "↘ 2016–2022 minskar och försämras; på lång sikt (1998–2022): ökar och förbättras",
        ),
        (
            {"direction": "no_change", "trend_from": 2016, "trend_to": 2022,
             "verdict": "ingen säkerställd förändring; på lång sikt (1998–2022): ökar och försämras"},
            "plain",
            "→ 2016–2022 ingen säkerställd förändring; på lång sikt (1998–2022): ökar och försämras",
        ),
        (LINE, "plain", "kan inte bedömas"),
    ],
)  # fmt: skip
def test_a_page_shows_the_years_of_the_recent_trend_and_its_colour(
    line: dict[str, object], kind: str, words: str
) -> None:
    macro = _environment().from_string('{% import "delar.html" as delar %}{{ delar.trend(line) }}')
    told = macro.render(line=line)
    assert f'class="trend {kind}"' in told
    assert " ".join(re.sub(r"<[^>]+>", "", told).split()) == words
