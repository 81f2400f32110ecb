"""What a source's own title says of unit and last year, and the row of a series that nobody has reviewed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.errors import DeclarationError
from indicators.generate.declared_rows import Source
from indicators.generate.uncurated_rows import UncuratedSeries, indicator_id, last_year_of, uncurated_row, unit_of
from indicators.load.catalogue import load_catalogue
from indicators.load.references import check_references
from indicators.tables.declared import TABLES
from pipelines.settings import Settings

KOLADA = Source("Kolada (RKA)", "Källa: Kolada", "Fri användning.")


@pytest.mark.parametrize(
    ("title", "unit"),
    [  # titles of Kolada's list of 2026-04
        ("Personalkostnader, kr/inv", "kr/inv"),
        ("Sjukfrånvaro totalt bland anställda, kommun, andel (%)", "%"),
        ("Uppräkningsfaktor, %", "%"),
        ("Företagsklimat Insikt - Upphandling - Index", ""),
        ("Elever i åk. 9. betygspoäng i moderna språk som språkval, lägeskommun, genomsnitt", ""),
        ("Inkomstutjämning, bidrag/avgift, kr/inv 1 nov fg år", "kr/inv 1 nov fg år"),
        ("Ekologiskt brukad betesmark, hektar", "hektar"),
        ("Kostnad äldreomsorg, kr/inv 80+ (-2023)", "kr/inv 80+"),
        ("Antal", ""),
        ("", ""),
    ],
)
def test_a_unit_is_what_the_title_states_and_else_nothing(title: str, unit: str) -> None:
    assert unit_of(title) == unit


@pytest.mark.parametrize(
    ("title", "year"), [("Serie, antal (-2023)", 2023), ("Serie (- 2019) ", 2019), ("Serie (2015-2019)", None)]
)
def test_a_closed_series_is_told_by_its_title(title: str, year: int | None) -> None:
    assert last_year_of(title) == year


@given(title=st.text(max_size=60), description=st.none() | st.text(max_size=200))
def test_whatever_the_source_says_the_row_claims_nothing(title: str, description: str | None) -> None:
    series = UncuratedSeries("kolada.other_values", "N12345", title, description, None, None, date(2026, 1, 1))
    row = dict(zip(TABLES["indicator"], uncurated_row(series, "kolada", KOLADA), strict=True))
    assert row["curated"] is False
    assert row["title_sv"]
    assert row["definition_sv"]
    judged = (
        "value_type",
        "interval_method",
        "price_basis",
        "plausible_min",
        "plausible_max",
        "possible_min",
        "gr_area",
    )
    assert {row[column] for column in judged} == {None}
    assert (row["polarity"], row["cost_concept"], row["aggregation"]) == ("no_judgement", "not_declared", "none")


def test_ids_are_those_that_a_declaration_may_not_have() -> None:
    assert indicator_id("kolada", "N20048") == "kolada_n20048"
    catalogue = load_catalogue(Settings().declarations_dir)
    assert not any(i.indicator_id.startswith("kolada_") for i in catalogue.indicators)
    first, *others = catalogue.indicators
    taken = first.model_copy(update={"indicator_id": "kolada_n20048"})
    object.__setattr__(catalogue, "indicators", (taken, *others))
    with pytest.raises(DeclarationError, match="nobody has reviewed"):
        check_references(catalogue)
