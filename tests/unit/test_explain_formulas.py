"""How explanations are laid out for people, of records that are made up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.commands.explain_formulas import added, exact, with_numbers
from pipelines.commands.explain_output import tell_explanation
from pipelines.provenance.corrected_facts import Fact
from pipelines.provenance.explained_steps import Steps
from pipelines.provenance.recomputing import Factor, Figure

CATALOGUE = load_catalogue()
NURSES = "sjukskoterskor_per_plats_sarskilt_boende"
MOMENT = datetime(2026, 11, 23)  # noqa: DTZ001 - times are UTC without zone


class NoRows:
    """Facts without history."""

    def history(self, *_: object) -> list[Any]:
        return []


def term(part: str, coefficient: float, *values: float) -> dict[str, Any]:
    return {"part": part, "coefficient": coefficient, "measures": [{"value": value} for value in values]}


def formula(**more: Any) -> dict[str, Any]:
    return {"kind": "derived", "multiplier": None, "coverage": None, "aggregation": "none"} | more


def told_of(year: int, breaks: list[dict[str, Any]]) -> dict[str, Any]:
    """An explanation of a value that was not collected, without archive."""
    return {
        "explained": "indicator",
        "indicator": {"indicator_id": NURSES, "title_sv": "Sjuksköterskor", "unit": "antal/plats", "decimals": 2},
        "area": {"area_id": "0114", "name": "Upplands Väsby"}, "year": year, "sex": "T", "of_members": False,
        "published": {
            "value": None, "status": "not_collected", "missing_reason": "not_collected", "known_from": MOMENT,
        },
        "not_collected": {"year": year, "reason_sv": "Källan frågade inte."},
        "release": {"release_id": "R"}, "cite_sv": "Källa: Kolada", "breaks": breaks, "has_archive": False,
        "formula": {"kind": "published", "series": "U23490", "mean_of_years": 1, "coverage": None, "price_index": None},
        "made_of": {
            "series": {
                "dataset": "kolada.values", "series": "U23490", "title_sv": "Sjuksköterskor", "value": None,
                "reason": "not_collected", "unit": "antal/plats",
            },
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"), [(85.1315555575004, "85,1315555575"), (2.0, "2"), (0.5, "0,5"), (None, "–")]
)
def test_a_number_has_its_decimals_and_no_zeros_after_them(value: float | None, expected: str) -> None:
    assert exact(value) == expected


def test_what_is_negative_is_subtracted() -> None:
    made_of = {"value": 3.0, "terms": [term("numerator", 1, 82), term("numerator", -1, 79)]}
    assert with_numbers(made_of, {"formula": formula()}) == "(82 − 79) = 3"
    assert added(["−1,5", exact(2.0), exact(-3.0)]) == "−1,5 + 2 − 3"


def test_too_small_a_coverage_is_told_with_its_limit() -> None:
    made_of = {"value": None, "terms": [term("numerator", 1, 8)], "coverage": 0.75, "is_refused": True}
    told = with_numbers(made_of, {"formula": formula(coverage={"least": 0.8})})
    assert told == "8; täckning 0,75, under gränsen 0,8 = inget värde"


def test_what_was_not_collected_is_said_once_with_its_reason_and_no_unit(capsys: pytest.CaptureFixture[str]) -> None:
    tell_explanation(told_of(2014, []), everything=False)
    text = " ".join(capsys.readouterr().out.split())
    assert "Inget värde: samlades inte in Källan frågade inte." in text
    assert "U23490 = inget värde, samlades inte in (Sjuksköterskor)" in text
    assert "antal/plats" not in text


def test_a_break_of_another_year_is_no_heading_of_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    breaks = [{"year": 2014, "reason_sv": "Ny fråga."}, {"year": 2021, "reason_sv": "Nytt register."}]
    tell_explanation(told_of(2014, breaks), everything=False)
    text = capsys.readouterr().out
    assert "Brott 2014: Ny fråga." in text
    assert "Serien har brott 2021." in text
    assert "Nytt register" not in text


@pytest.mark.parametrize(("year", "expected"), [(2014, "not_collected"), (2015, "published_missing")])
def test_an_input_has_the_reason_that_its_value_has(year: int, expected: str) -> None:
    indicator = CATALOGUE.by_id[NURSES]
    fact = Fact(None, None, "published_missing", None, "published_missing")  # type: ignore[arg-type]
    steps = Steps(CATALOGUE, NoRows(), None, None, {})  # type: ignore[arg-type]
    factor = Factor(None, "kolada.values", "U23490", fact)
    assert steps._factor(factor, Figure(indicator, "0114", year, "T", None))["reason"] == expected
