"""The reform's registers: a row that names something in vain, or money that does not add up, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from indicators.errors import DeclarationError
from indicators.load.catalogue import load_catalogue
from tests.support.declarations import put, without, write_home

SOURCED = {"document": "blad", "section": "Ingressen", "read_on": "2026-11-24"}
DOCUMENT = {
    "document_id": "blad", "title_sv": "Ett blad", "publisher": "GR", "published": "2021-02-18", "was_read": True,
    "read_on": "2026-11-24",
}  # fmt: skip
EVENT = SOURCED | {
    "event_id": "beslut", "title_sv": "Beslut", "what_sv": "Något beslutades.", "areas": ["0000"],
    "earliest": "2019-10-01", "latest": "2019-10-31", "precision": "month", "status": "decided", "kind": "reform",
}  # fmt: skip
MONEY = SOURCED | {
    "funding_id": "hela", "year": 2021, "payer": "Staten", "receiver": "Alla", "purpose_sv": "Nära vård",
    "amount_mnkr": 100, "basis": "stated", "complete_by": "receiver",
}  # fmt: skip
PART = without(MONEY, "complete_by") | {
    "funding_id": "del", "parent": "hela", "split": "receiver", "amount_mnkr": 60
}  # fmt: skip
FINDING = SOURCED | {
    "finding_id": "sett", "title_sv": "Sett", "finding_sv": "Kostnaderna steg under perioden.", "method_sv": "Okänd",
    "found_by": "Någon", "areas": ["0000"], "about": "cost", "direction": "up",
}  # fmt: skip
STUDY: dict[str, Any] = {
    "study_id": "provad", "title_sv": "Prövad", "question_sv": "Vad hände med kostnaden?",
    "design_sv": "Före och efter inom kommunerna, utan någon jämförelse.", "events": ["beslut"],
    "exclusions_sv": "Inga.", "caveats_sv": ["Beskriver bara."],
    "analyses": [
        {"analysis_id": "fore_efter", "method": "before_after", "indicators": ["kostnad_provad"], "areas": ["0000"],
         "first_year": 2018, "last_year": 2022, "first_after": 2021, "assumptions_sv": ["Inga."]}
    ],
}  # fmt: skip


def home(folder: Path, study: dict[str, Any] | None = None, **registers: Any) -> Path:
    sound = {"documents": [DOCUMENT], "reform_events": [EVENT], "funding": [MONEY, PART | {"amount_mnkr": 100}]}
    write_home(folder, **(sound | registers))
    put(folder / "registers" / "studies" / "provad.yml", study or STUDY)
    return folder


def test_sound_registers_are_loaded(tmp_path: Path) -> None:
    catalogue = load_catalogue(home(tmp_path, findings=[FINDING]))
    assert [s.study_id for s in catalogue.studies] == ["provad"]
    assert catalogue.studies[0].analyses[0].method == "before_after"


@pytest.mark.parametrize(
    ("register", "row", "key", "expected"),
    [
        ("reform_events", EVENT | {"document": "annat"}, "beslut: document", "document_id"),
        ("reform_events", EVENT | {"areas": ["GR"]}, "beslut: area", "area or group"),
        ("reform_events", EVENT | {"latest": "2019-12-31"}, "latest", "0–31 days after earliest for month"),
        ("reform_events", EVENT | {"latest": "2019-09-30"}, "latest", "0–31 days"),
        ("reform_events", EVENT | {"ended_by": "2019-10-15"}, "ended_by", "before the beginning"),
        (
            "reform_events",
            EVENT | {"expected": [{"indicator": "okand", "direction": "up"}]},
            "beslut: expected",
            "indicator_id",
        ),
        ("documents", without(DOCUMENT, "published"), "published_inferred_from", "when there is none"),
        ("findings", FINDING | {"studies": ["okand"]}, "sett: studies", "study_id"),
        ("funding", MONEY | {"basis": "derived"}, "derived_from_sv", "belongs to basis derived"),
        ("funding", MONEY | {"parent": "hela"}, "split", "part of its parent"),
        ("funding", MONEY | {"known_discrepancy_mnkr": 5}, "discrepancy_sv", "explains"),
    ],
)
def test_a_faulty_row_is_refused(tmp_path: Path, register: str, row: dict[str, Any], key: str, expected: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(home(tmp_path, **{register: [row]}))
    assert key in caught.value.key
    assert expected in caught.value.expected


def test_parts_that_do_not_add_up_are_told_with_their_sum(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(home(tmp_path, funding=[MONEY, PART]))
    assert caught.value.key == "hela: amount_mnkr"
    assert caught.value.found == "100 less (60) is 40"


def test_a_known_discrepancy_must_be_just_that(tmp_path: Path) -> None:
    told = {"known_discrepancy_mnkr": 40, "discrepancy_sv": "Delarna är 60."}
    assert load_catalogue(home(tmp_path / "right", funding=[MONEY | told, PART])).funding
    with pytest.raises(DeclarationError):
        load_catalogue(home(tmp_path / "wrong", funding=[MONEY | told, PART | {"amount_mnkr": 100}]))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"first_after": 2018}, "first_after must lie after first_year"),
        ({"first_after": 2024}, "at most one year after last_year"),
        ({"leave_out": [2023]}, "outside the window"),
        ({"method": "difference_in_differences", "areas": None}, "one of treated"),
        ({"method": "magic"}, "expected tags"),
        ({"indicators": ["okand"]}, "indicator_id"),
        ({"areas": ["VGR"]}, "area or group"),
    ],
)
def test_a_study_that_cannot_be_run_is_refused(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    analysis = {k: v for k, v in (STUDY["analyses"][0] | change).items() if v is not None}
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(home(tmp_path, STUDY | {"analyses": [analysis]}))
    assert expected in caught.value.expected


def test_a_study_is_called_as_its_file(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(home(tmp_path, STUDY | {"study_id": "annan"}))
    assert caught.value.key == "study_id"


def test_a_study_that_lies_elsewhere_is_not_passed_over(tmp_path: Path) -> None:
    put(home(tmp_path) / "registers" / "studier" / "borta.yml", STUDY)
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(tmp_path)
    assert "studies/<study_id>.yml" in caught.value.expected
