"""`nyckeltal indicators new`: what it asks becomes a sound file, or no file at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from indicators.errors import DeclarationError
from indicators.load.catalogue import load_catalogue
from pipelines.commands.main import app
from pipelines.commands.new_indicator import as_text, ask_for, write_indicator
from pipelines.errors import UsageError
from tests.support.declarations import write_home

ANSWERS = [
    "andel_provad", "Andel som är prövad", "Share that is tried",
    "Andel av invånarna den 31 december som har prövats av kommunen, i procent av alla invånare.",
    "Visar hur frågorna blir en fil i katalogen.", "kompetens", "published", "kolada.values", "N00003", "nej", "%", "1",
    "proportion", "higher_better", "chefer", "kompetens", "2026-01-01",
]  # fmt: skip


def answering(answers: list[str]) -> dict[str, object]:
    left = iter(answers)
    return ask_for(lambda question, allowed, default: next(left))


def test_the_answers_become_a_file_that_the_catalogue_takes(tmp_path: Path) -> None:
    home = write_home(tmp_path)
    path = write_indicator(home, answering(ANSWERS))
    assert path == home / "catalogue" / "kompetens" / "andel_provad.yml"
    indicator = load_catalogue(home).by_id["andel_provad"]
    assert (indicator.series, indicator.embedded, indicator.workforce) == ("N00003", False, "chefer")
    assert all(len(line) <= 120 for line in path.read_text(encoding="utf-8").splitlines())


def test_money_asks_for_concept_and_prices_and_a_rate_for_what_is_plausible(tmp_path: Path) -> None:
    answers = [
        "kostnad_ny", "Kostnad som är ny", "Cost that is new", "Kostnaden delad med antalet invånare, i tusen kronor.",
        "Visar att pengar alltid har ett kostnadsbegrepp.", "kostnad", "ratio", "kostnad_totalt", "invanare", "1000",
        "kr/inv", "0", "rate", "no_judgement", "0", "12 500,5", "nettokostnad", "current", "", "2026-01-01",
    ]  # fmt: skip
    home = write_home(tmp_path)
    write_indicator(home, answering(answers))
    made = load_catalogue(home).by_id["kostnad_ny"]
    assert (made.cost_concept, made.plausible.max, made.multiplier) == ("nettokostnad", 12500.5, 1000)


def test_what_is_not_sound_leaves_no_file(tmp_path: Path) -> None:
    home = write_home(tmp_path)
    keys = answering(ANSWERS) | {"kind": "derived", "expression": "okand_serie / invanare"}
    for key in ("dataset", "series", "embedded"):
        del keys[key]
    with pytest.raises(DeclarationError, match="okand_serie"):
        write_indicator(home, keys)
    assert not list((home / "catalogue").rglob("andel_provad.yml"))


def test_an_id_that_is_taken_is_not_written_over(tmp_path: Path) -> None:
    home = write_home(tmp_path)
    path = write_indicator(home, answering(ANSWERS))
    before = path.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="already"):
        write_indicator(home, answering(ANSWERS) | {"decimals": 2})
    assert path.read_text(encoding="utf-8") == before


def test_a_number_that_is_none_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        answering(
            [
                *ANSWERS[:5],
                "behov",
                "published",
                "kolada.values",
                "N1",
                "ja",
                "antal",
                "0",
                "count",
                "no_judgement",
                "många",
                "1",
            ]
        )
    assert caught.value.found == "många"


def test_long_texts_are_folded_and_odd_ones_quoted() -> None:
    text = as_text({"definition_sv": "ord " * 60 + "slut", "unit": "%", "plausible_range": {"min": 0, "max": 1}})
    assert "definition_sv: >-\n  ord ord" in text
    assert "unit: '%'\n" in text
    assert "plausible_range: {min: 0, max: 1}\n" in text


def test_the_command_asks_until_an_answer_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = write_home(tmp_path)
    monkeypatch.setenv("NYCKELTAL_DECLARATIONS_DIR", str(home))
    answers = [*ANSWERS[:5], "fel tema", *ANSWERS[5:]]
    done = CliRunner().invoke(app, ["indicators", "new"], input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    assert "fel tema" in done.output
    assert "andel_provad" in load_catalogue(home).by_id
