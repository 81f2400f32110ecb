"""Every part of the five documents is in the registers or has a reason: held against the documents where at hand.

The documents are their publishers' and no part of the repository; what is said of them here is in our own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from indicators.errors import DeclarationError
from indicators.generate.seeds_review import SHOWN, seeds_review
from indicators.load.catalogue import Catalogue, load_catalogue
from indicators.load.statement_references import check_statements, known_rows
from indicators.model.statement import Statement
from indicators.tables.effects import EFFECT_TABLES
from indicators.tables.reform import REFORM_TABLES
from pipelines.settings import ROOT
from tests.support.shared import shared_file

FILES = {
    "gr_god_och_nara_vard": "gr_god_och_nara_vard_2021.txt",
    "gr_vardens_medarbetare": "gr_vardens_medarbetare_2021.txt",
    "rvn_god_vard_med_ratt_stod": "vasternorrland_god_vard_2019.txt",
    "rvm_nara_vard": "vastmanland_nara_vard.txt",
    "vgr_vardnara_service": "vgr_vardnara_service_2022.txt",
}
DOCUMENTS = pytest.mark.parametrize("document", FILES)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-ZÅÄÖ–-])")
_WORD = re.compile(r"\w+")
_LONGEST_COPY = 8  # words in a row that our own words may share with a document


@pytest.fixture(scope="module")
def ours() -> Catalogue:
    return load_catalogue()


def paragraphs(document: str) -> dict[int, list[str]]:
    """The lines of a document that are not blank, counted from 1, each in sentences."""
    text = shared_file(f"seeds/{FILES[document]}").read_text(encoding="utf-8")
    kept = (line.strip() for line in text.splitlines() if line.strip())
    return {place: _SENTENCE_ENDS.split(line) for place, line in enumerate(kept, start=1)}


def told_of(ours: Catalogue, document: str) -> Iterator[tuple[Statement, int, int]]:
    """Each statement with every paragraph and sentence that it is about; sentence 0 is the whole paragraph."""
    for told in ours.statements:
        if told.document == document:
            for paragraph in told.paragraphs:
                for sentence in told.sentences or (0,):
                    yield told, paragraph, sentence


def test_the_five_documents_that_were_read_are_the_ones_that_are_told_of(ours: Catalogue) -> None:
    assert {d.document_id for d in ours.documents if d.was_read} == set(FILES)
    assert {told.document for told in ours.statements} == set(FILES)


@DOCUMENTS
def test_every_paragraph_and_sentence_of_a_document_is_told_once(ours: Catalogue, document: str) -> None:
    text = paragraphs(document)
    told = [(paragraph, sentence) for _, paragraph, sentence in told_of(ours, document)]
    assert len(told) == len(set(told))
    whole = {paragraph for paragraph, sentence in told if sentence == 0}
    in_parts = {(paragraph, sentence) for paragraph, sentence in told if sentence}
    wanted = {(p, s + 1) for p, sentences in text.items() if p not in whole for s in range(len(sentences))}
    assert in_parts == wanted
    assert whole | {p for p, _ in in_parts} == set(text)


@DOCUMENTS
def test_what_is_told_is_in_our_own_words(ours: Catalogue, document: str) -> None:
    text = " ".join(sentence for sentences in paragraphs(document).values() for sentence in sentences)
    theirs = _WORD.findall(text.lower())
    runs = {tuple(theirs[n : n + _LONGEST_COPY]) for n in range(len(theirs))}
    for told in ours.statements:
        words = _WORD.findall(told.says_sv.lower())
        copied = [words[n : n + _LONGEST_COPY] for n in range(len(words) - _LONGEST_COPY + 1)]
        assert not [run for run in copied if tuple(run) in runs], told.statement_id


# Each amount and share to the letter: the words of the document, the row, and what the row holds of them.
@pytest.mark.parametrize(
    ("document", "paragraph", "words", "funding_id", "amount"),
    [
        ("gr_god_och_nara_vard", 3, "6 778 miljoner", "overenskommelse_2021", 6778),
        ("gr_god_och_nara_vard", 3, "1000 miljoner", "overenskommelse_2021_kommuner", 1000),
        ("gr_god_och_nara_vard", 4, "cirka 75 miljoner", "gr_2021", 75),
        ("gr_god_och_nara_vard", 4, "90 procent", "gr_2021_kommunerna", 0.90 * 75),
        ("gr_god_och_nara_vard", 6, "Tio procent", "gr_2021_gemensamt", 0.10 * 75),
        ("rvn_god_vard_med_ratt_stod", 6, "2,4 miljarder", "statsbidrag_2019", 2400),
    ],
)
def test_an_amount_stands_as_in_the_document(
    ours: Catalogue, document: str, paragraph: int, words: str, funding_id: str, amount: float
) -> None:
    assert words in " ".join(paragraphs(document)[paragraph])
    (row,) = (f for f in ours.funding if f.funding_id == funding_id)
    assert row.amount_mnkr == pytest.approx(amount)
    assert row.document == document
    holds = {name for told, p, _ in told_of(ours, document) if p == paragraph for name in told.rows}
    assert f"funding.{funding_id}" in holds


@pytest.mark.parametrize(
    ("document", "paragraph", "words", "event_id", "earliest", "latest"),
    [
        ("gr_vardens_medarbetare", 2, "Sedan våren 2020", "gr_start_vardens_medarbetare", "2020-03-01", "2020-05-31"),
        ("gr_vardens_medarbetare", 10, "Under hösten 2020", "gr_workshoppar_2020", "2020-09-01", "2020-11-30"),
        (
            "gr_vardens_medarbetare", 13, "1 SEPTEMBER 2020", "gr_kickoff_vardens_medarbetare", "2020-09-01",
            "2020-09-01",
        ),
        ("gr_vardens_medarbetare", 25, "i oktober 2019", "gr_beslut_vardens_medarbetare", "2019-10-01", "2019-10-31"),
        ("gr_vardens_medarbetare", 50, "1 april 2020", "sou_2020_19", "2020-04-01", "2020-04-01"),
        ("gr_god_och_nara_vard", 16, "våren 2022", "gr_motesplats_2022", "2022-03-01", "2022-05-31"),
        ("rvn_god_vard_med_ratt_stod", 4, "den 18 juni", "rvn_handlingsplan_beslut", "2019-06-18", "2019-06-18"),
        ("rvn_god_vard_med_ratt_stod", 10, "den 3 oktober 2019", "rvn_handlingsplan_namnd", "2019-10-03", "2019-10-03"),
        ("rvn_god_vard_med_ratt_stod", 10, "den 16 oktober", "rvn_handlingsplan_regionstyrelse", "2019-10-16",
         "2019-10-16"),
        ("rvn_god_vard_med_ratt_stod", 13, "november 2019", "rvn_narsjukvard_forslag", "2019-11-01", "2019-11-10"),
        ("rvm_nara_vard", 13, "tidigt 2020", "rvm_moten_2020", "2020-01-01", "2020-03-31"),
        ("vgr_vardnara_service", 5, "från våren 2021", "vgr_vardnara_service_start", "2021-03-01", "2021-05-31"),
        ("vgr_vardnara_service", 5, "30 september 2022", "vgr_vardnara_service_slut", "2022-09-30", "2022-09-30"),
        ("vgr_vardnara_service", 5, "den 1 oktober", "vgr_vardnara_service_betalare", "2022-10-01", "2022-10-01"),
        ("vgr_vardnara_service", 10, "2022-09-20", "vgr_vardnara_service_beslut", "2022-09-20", "2022-09-20"),
    ],
)  # fmt: skip
def test_a_day_stands_as_in_the_document(
    ours: Catalogue, document: str, paragraph: int, words: str, event_id: str, earliest: str, latest: str
) -> None:
    assert words in " ".join(paragraphs(document)[paragraph])
    (row,) = (e for e in ours.events if e.event_id == event_id)
    assert (row.earliest, row.latest) == (date.fromisoformat(earliest), date.fromisoformat(latest))
    holds = {name for told, p, _ in told_of(ours, document) if p == paragraph for name in told.rows}
    assert f"reform_event.{event_id}" in holds


@DOCUMENTS
def test_every_number_of_a_document_is_in_a_part_that_has_a_row(ours: Catalogue, document: str) -> None:
    """No year, day, amount or share stands in a part that is said to say nothing, but in the foot and the head."""
    empty = [told for told in ours.statements if told.document == document and told.kind == "none"]
    text = paragraphs(document)
    held = " ".join(" ".join(text[p]) for told in empty for p in told.paragraphs if not told.sentences)
    numbers = re.findall(r"\b(?:19|20)\d\d\b|\d+ (?:procent|miljoner|miljarder|kommuner)", held)
    assert numbers == []


def test_every_row_of_the_registers_that_a_document_was_read_for_is_named(ours: Catalogue) -> None:
    """What the registers say of the five documents stands in some part of them."""
    named = {row for told in ours.statements for row in told.rows}
    rows: list[Any] = [*ours.events, *ours.funding, *ours.interventions, *ours.findings]
    for row in rows:
        if row.document in FILES:
            register, key = next(
                (name, getattr(row, key))
                for name, key in (
                    ("reform_event", "event_id"), ("funding", "funding_id"), ("intervention", "intervention_id"),
                    ("finding", "finding_id"),
                )
                if hasattr(row, key)
            )  # fmt: skip
            assert f"{register}.{key}" in named, key


def test_every_question_has_a_study_and_every_part_has_a_row_or_a_reason(ours: Catalogue) -> None:
    for told in ours.statements:
        assert bool(told.rows) != bool(told.no_row_sv)
        if told.kind == "question":
            assert any(row.startswith("study.") for row in told.rows), told.statement_id


def test_where_a_row_is_shown_is_a_table_of_the_release(ours: Catalogue) -> None:
    marts = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").glob("**/*.sql")}
    tables = {*REFORM_TABLES, *EFFECT_TABLES, *marts}
    shown = {name for where, _ in SHOWN.values() for name in re.findall(r"`(\w+)`", where)}
    assert shown <= tables
    assert {row.split(".")[0] for row in known_rows(ours)} == set(SHOWN)
    assert {row.split(".")[1] for row in known_rows(ours) if row.startswith("table.")} <= tables


def test_the_page_names_every_part(ours: Catalogue) -> None:
    page = seeds_review(ours)
    assert all(told.says_sv in page for told in ours.statements)
    assert (ROOT / "docs" / "seeds-review.md").read_text(encoding="utf-8") == page, "run `nyckeltal generate`"


PART = {
    "statement_id": "del_ett", "document": "gr_god_och_nara_vard", "paragraph": 3, "kind": "fact",
    "says_sv": "Något sägs.", "rows": ["funding.overenskommelse_2021"],
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": []},
        {"no_row_sv": "Ett skäl till som inte behövs."},
        {"kind": "none"},
        {"to_paragraph": 3},
        {"to_paragraph": 5, "sentences": [1]},
        {"rows": ["overenskommelse_2021"]},
    ],
)
def test_a_part_that_contradicts_itself_is_an_error(wrong: dict[str, Any]) -> None:
    Statement.model_validate(PART)
    with pytest.raises(ValidationError):
        Statement.model_validate(PART | wrong)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([{"rows": ["funding.finns_inte"]}], "funding.finns_inte"),
        ([{"rows": ["event.overenskommelse_2021"]}], "register.row"),
        ([{"document": "finns_inte"}], "document_id"),
        ([{}, {"statement_id": "del_tva"}], "once, in its order"),
        ([{"sentences": [2]}, {"statement_id": "del_tva", "sentences": [1]}], "once, in its order"),
        ([{"to_paragraph": 6}, {"statement_id": "del_tva", "paragraph": 5}], "once, in its order"),
    ],
)
def test_a_part_that_names_nothing_or_comes_twice_is_an_error(
    ours: Catalogue, parts: list[dict[str, Any]], told: str
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    wrong = replace(ours, statements=tuple(Statement.model_validate(PART | part) for part in parts))
    with pytest.raises(DeclarationError, match=re.escape(told)):
        check_statements(wrong)


def test_the_register_has_each_id_once() -> None:
    path = Path(ROOT) / "indicators" / "registers" / "statements.yml"
    ids = [row["statement_id"] for row in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)]
    assert len(ids) == len(set(ids))
