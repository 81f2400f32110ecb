"""The scripts of the pages as they are put together: nothing forgotten, nothing that a strict page forbids."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.release.shared_files import ReleaseFiles
from pipelines.site import scripts
from pipelines.site.charts import PICTURES, compiled_pictures

SOURCES = sorted(scripts.STATIC.glob("*.js"))


def test_every_source_is_part_of_the_script() -> None:
    assert {path.stem for path in SOURCES} == set(scripts.PARTS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_is_short_and_says_what_belongs_in_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 140
    assert lines[0].startswith("// ")
    assert "Belongs here" in " ".join(lines[:4])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_text_becomes_markup_or_code_and_nothing_is_fetched(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "fetch(", "XMLHttp"):
        assert forbidden not in text


def test_every_picture_is_compiled_with_the_data_and_signals_that_it_names() -> None:
    made = compiled_pictures()
    assert set(made) == set(PICTURES)
    for name, make in PICTURES.items():
        declared = make()
        assert {d["name"] for d in made[name]["data"]} >= set(declared["datasets"])
        signals = {s["name"] for s in made[name]["signals"]}
        assert signals >= {p["name"] for p in declared["params"]}


def test_the_scripts_are_made_once_and_then_linked(tmp_path: Path) -> None:
    first = ReleaseFiles(tmp_path / "first", None, "recipe")
    scripts.write_scripts(first)
    first.close()
    again = ReleaseFiles(tmp_path / "again", tmp_path / "first", "recipe")
    scripts.write_scripts(again)

    assert (first.written, again.written) == (3, 0)
    assert scripts.script() == (tmp_path / "again" / "assets" / "charts.js").read_text(encoding="utf-8")
