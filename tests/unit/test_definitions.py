"""Each definition says what its source measures: held against the source's own description where that is at hand.

The descriptions are their publisher's and are not part of the repository. Their digests are, in the declarations, and
are compared at every load (`test_live.py`). Here they are read from the material beside the repository.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from indicators.errors import DeclarationError
from indicators.generate.declared_rows import Inherited
from indicators.load.catalogue import Catalogue, load_catalogue
from indicators.model.indicator import Polarity, ValueType
from indicators.model.measured import Measured, digest
from tests.support.declarations import INDICATOR, REGISTERS, without, write_home
from tests.support.shared import shared_file

KOLADA, SKR = "kolada.values", "skr.personal"
_YEAR = re.compile(r"(?<![\d.])(?:19|20)\d\d(?!\d)")
_UNTIL = re.compile(
    r"(?:t\.?\s?o\.?\s?m\.?|till och med|fram till|\d{4}\s?[-–])\s*(?:år\s+)?((?:19|20)\d\d)", re.IGNORECASE
)
_AGES = re.compile(r"\b(\d\d)\s?(?:\+|-w\b|år (?:och|eller) äldre)")
_COUNTED = re.compile(r"(?:uppget?t?|svarat|uppgett att)\s(.*?)på frågan", re.DOTALL)
_CLOSED = re.compile(r"\(\s*-\s*(\d{4})\s*\)")
_QUOTED = re.compile(r'"([^"]+)"')
# Words of an id that only say where, when or of whom; what is left of two siblings is the same.
_PLACES = {
    "hemtjanst", "sarskilt", "boende", "hemsjukvard", "ordinart", "helg", "helger", "vardagar", "kommun", "omsorg",
    "region", "fasta", "priser", "andel", "antal", "arsarbetare", "per", "inv", "65", "80", "0", "64", "aldre",
    "plats", "platser", "demensenhet", "alla", "enheter",
}  # fmt: skip

# Siblings whose ids do not tell it: the same thing in days and stays, in heads and hours.
SIBLINGS = (
    ("vardtid_utskrivningsklar_per_inv_65", "vardtillfallen_utskrivningsklar_per_inv_65"),
    ("andel_arbetad_tid_timavlonade_omsorg", "timavlonade_omsorg_andel"),
    ("andel_arbetad_tid_timavlonade_omsorg", "andel_arbetad_tid_visstid_omsorg"),
    ("andel_arbetad_tid_tillsvidareanstallda_omsorg", "andel_tillsvidareanstallda_omsorg"),
)


@pytest.fixture(scope="module")
def ours() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, str]]:
    """The publisher's list of its series, by id."""
    path = shared_file("data/kolada/kpi_metadata_2026-04_v3.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def described(listed: dict[str, dict[str, str]]) -> dict[str, str]:
    """The publisher's description of each of its series."""
    of_kolada = {series: row["description"] for series, row in listed.items()}
    return of_kolada | dict.fromkeys(datasets_series(SKR), heading_of_skr())


def datasets_series(dataset: str) -> list[str]:
    """The series that the declarations use of a dataset."""
    return list(load_catalogue().series_of(dataset))


def heading_of_skr() -> str:
    """What SKR's newest workbook says above its columns, without the year: all that it says of what is counted."""
    path = shared_file("data/skr/tabell10/Tabell10 2017.xlsx")
    rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(max_row=2, max_col=2, values_only=True)
    (_, title), (_, note) = rows
    return re.sub(r"\s*\d{4}$", "", str(title)) + f" {note}"


def unaccounted(description: str, breaks: set[int], no_break: set[int]) -> set[int]:
    """The years that a description names and that are neither a break nor declared to be none.

    The last year of an old way (`t.o.m. 2016`, `2013–2016`) stands for the break in the year after it.
    """
    last = {int(year) for year in _UNTIL.findall(description)}
    named = {int(year) for year in _YEAR.findall(description)}
    return {y for y in named if y not in breaks | no_break and not (y in last and y + 1 in breaks)}


def quoted_answers(description: str) -> set[str]:
    """The answers that a description says are counted."""
    found = _COUNTED.search(description)
    return {" ".join(answer.split()).casefold() for answer in _QUOTED.findall(found[1])} if found else set()


@pytest.mark.parametrize("described_by", [KOLADA, SKR])
def test_every_series_says_what_it_measures(ours: Catalogue, described_by: str) -> None:
    told = {series for dataset, series in ours.measured if dataset == described_by}
    missing = set(ours.series_of(described_by)) - told
    assert not missing, f"series without `measured`: {sorted(missing)}"


def test_every_review_stood_on_the_description_that_is_at_hand(ours: Catalogue, described: dict[str, str]) -> None:
    other = [s for (_, s), m in ours.measured.items() if digest(described.get(s)) != m.description_sha256]
    assert not other, f"the source describes these otherwise than when they were reviewed: {other}"


def test_every_year_that_a_description_names_is_a_break_or_has_a_reason(
    ours: Catalogue, described: dict[str, str]
) -> None:
    breaks = Inherited(ours).by_series
    found = {}
    for place, measured in ours.measured.items():
        left = unaccounted(described[place[1]], set(breaks.get(place, ())), {n.year for n in measured.no_break})
        found |= {place[1]: sorted(left)} if left else {}
    assert not found


@pytest.mark.parametrize(
    ("text", "breaks", "no_break", "left"),
    [
        ("Fr.o.m. 2017 ingår samtliga personer.", set(), set(), {2017}),
        ("T.o.m. 2016 avsågs bara 65+. Fr.o.m. 2017 ingår samtliga.", {2017}, set(), set()),
        ("T.o.m. 2016 avsågs bara 65+.", set(), set(), {2016}),
        ("Från och med 2024 exkluderas vet ej.", set(), {2024}, set()),
        ("Sedan 2019 en ny fråga.", {2018}, set(), {2019}),
        ("År 2013-2020 ett snitt, från 2021 en median.", {2013, 2021}, set(), set()),
        ("År 2013-2020 ett snitt, från 2021 en median.", {2021}, set(), {2013}),
        ("fram till 2020 ett snitt av årets månader", {2021}, set(), set()),
    ],
)
def test_a_year_that_nobody_declared_is_seen(text: str, breaks: set[int], no_break: set[int], left: set[int]) -> None:
    assert unaccounted(text, breaks, no_break) == left


def test_the_answers_that_are_counted_are_the_source_s(ours: Catalogue, described: dict[str, str]) -> None:
    wrong = {}
    for (_, series), measured in ours.measured.items():
        declared = {a.casefold() for a in measured.answers}
        told = {a.replace("personaenl", "personalen") for a in quoted_answers(described[series])}
        if declared != told:
            wrong[series] = (sorted(declared), sorted(told))
    assert not wrong


def test_the_ages_are_the_source_s(ours: Catalogue, described: dict[str, str]) -> None:
    """The first age that a description names is one that we name, and so is every other."""
    wrong = {}
    for (_, series), m in ours.measured.items():
        text = " ".join(filter(None, [m.ages, *(e.ages for e in m.earlier_ages), m.who_sv, m.of_sv, m.counted_sv]))
        left = {age for age in _AGES.findall(described[series]) if age not in text}
        if left:
            wrong[series] = sorted(left)
    assert not wrong


def test_a_series_that_the_source_closed_is_declared_as_ended(
    ours: Catalogue, listed: dict[str, dict[str, str]]
) -> None:
    wrong = {}
    for i in ours.indicators:
        if i.dataset == KOLADA and i.series:
            closed = _CLOSED.search(listed[i.series]["title"])
            if (int(closed[1]) if closed else None) != i.series_ended:
                wrong[i.indicator_id] = listed[i.series]["title"]
    assert not wrong


def test_siblings_have_one_direction(ours: Catalogue) -> None:
    kinds: dict[str, dict[Polarity, list[str]]] = defaultdict(lambda: defaultdict(list))
    for indicator in ours.indicators:
        if indicator.value_type in {ValueType.COUNT, ValueType.AMOUNT}:
            continue  # a number in all grows with the municipality, and is judged by nobody
        kind = "_".join(word for word in indicator.indicator_id.split("_") if word not in _PLACES)
        kinds[kind][indicator.polarity].append(indicator.indicator_id)
    apart = {kind: dict(found) for kind, found in kinds.items() if len(found) > 1}
    for one, other in SIBLINGS:
        if ours.by_id[one].polarity is not ours.by_id[other].polarity:
            apart[one] = {ours.by_id[other].polarity: [other]}
    assert len(kinds) > 50
    assert not apart


# ---- the rules, on declarations that break them ----------------------------------------------------------------------

MEASURED: dict[str, Any] = {
    "counts": "persons",
    "who_sv": "boende i särskilt boende",
    "ages": "65+",
    "counted_sv": "tycker att maten smakar bra",
    "of_sv": "de som svarat",
    "answers": ["Mycket bra", "Ganska bra"],
    "verdict": "same",
    "description_sha256": digest("TEST FIGURES"),
}
PUBLISHED = without(INDICATOR, "numerator", "denominator", "multiplier", "cost_concept", "price_basis") | {
    "indicator_id": "maten_provad",
    "title_sv": "Maten smakar bra",
    "definition_sv": "Andel boende 65 år och äldre som tycker att maten smakar mycket eller ganska bra.",
    "theme": "kvalitet",
    "kind": "published",
    "dataset": KOLADA,
    "series": "N00003",
    "weight": "invanare",
    "unit": "%",
    "value_type": "proportion",
    "polarity": "higher_better",
    "interval": {"method": "wilson"},
    "measured": MEASURED,
}


def refused(home: Path) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(home)
    return caught.value


def test_a_sound_description_is_loaded(tmp_path: Path) -> None:
    catalogue = load_catalogue(write_home(tmp_path, INDICATOR, PUBLISHED))
    assert catalogue.measured[KOLADA, "N00003"] == Measured.model_validate(MEASURED)


@pytest.mark.parametrize(
    ("spoiled", "expected"),
    [
        ({"definition_sv": "Andel boende 65 år och äldre som uppger att maten alltid smakar bra i boendet."}, "Mycket"),
        ({"definition_sv": "Andel boende som tycker att maten smakar mycket eller ganska bra."}, "the age 65"),
        ({"measured": MEASURED | {"counts": "episodes"}}, "wilson is for persons"),
        ({"measured": without(MEASURED, "of_sv")}, "of_sv is missing"),
        ({"measured": MEASURED | {"verdict": "corrected"}}, "changed_sv belongs to"),
        ({"measured": MEASURED | {"description_sha256": "abc"}}, "match pattern"),
        (
            {"measured": MEASURED | {"counts": "episodes"}, "value_type": "rate", "unit": "per 1 000"}
            | {"plausible_range": {"min": 0}, "interval": {"method": "poisson", "per": 1000}},
            "poisson is for persons",
        ),
    ],
)
def test_a_definition_that_does_not_say_what_is_counted_is_refused(
    tmp_path: Path, spoiled: dict[str, Any], expected: str
) -> None:
    error = refused(write_home(tmp_path, INDICATOR, PUBLISHED | spoiled))
    assert expected in error.expected


def test_a_computed_indicator_is_not_described_as_a_series(tmp_path: Path) -> None:
    error = refused(write_home(tmp_path, INDICATOR | {"measured": without(MEASURED, "answers", "ages")}))
    assert "said of a published series" in error.expected


def test_a_series_is_described_once(tmp_path: Path) -> None:
    measure = {"measure_id": "mat", "title_sv": "Mat", "unit": "%", "dataset": KOLADA, "series": "N00003"}
    home = write_home(
        tmp_path, INDICATOR, PUBLISHED, measures=[*REGISTERS["measures"], measure | {"measured": MEASURED}]
    )
    error = refused(home)
    assert (error.key, error.found) == ("measured", "N00003, twice")


def test_a_year_is_not_both_a_break_and_none(tmp_path: Path) -> None:
    none = MEASURED | {"no_break": [{"year": 2020, "reason_sv": "Ingen ändring i mätningen."}]}
    broken = [{"year": 2020, "reason_sv": "En ny fråga ställs från 2020."}]
    error = refused(write_home(tmp_path, INDICATOR, PUBLISHED | {"measured": none, "breaks": broken}))
    assert (error.key, error.found) == ("measured.no_break", "2020")


def test_a_share_computed_of_hours_has_no_interval(tmp_path: Path) -> None:
    hours = MEASURED | {"counts": "hours", "answers": []}
    measures = [m | {"measured": hours} if m["measure_id"] == "kostnad_totalt" else m for m in REGISTERS["measures"]]
    share = {"unit": "%", "value_type": "proportion", "theme": "behov", "interval": {"method": "wilson"}}
    computed = without(INDICATOR, "cost_concept", "price_basis") | share | {"multiplier": 100}
    error = refused(write_home(tmp_path, computed, measures=measures))
    assert (error.key, error.expected) == ("interval", "no interval: kostnad_totalt counts hours")


@pytest.mark.parametrize(("inverted", "polarity"), [(True, "higher_better"), (False, "lower_better")])
def test_a_successor_that_judges_the_other_way_is_refused(tmp_path: Path, inverted: bool, polarity: str) -> None:
    reason = "Efterföljaren räknas på ett annat sätt."
    link = {"indicator": "maten_ny", "inverted": inverted, "reason_sv": reason}
    new = PUBLISHED | {"indicator_id": "maten_ny", "series": "N00004", "polarity": polarity}
    error = refused(write_home(tmp_path, INDICATOR, PUBLISHED | {"replaced_by": link}, new))
    assert (error.key, error.found) == ("polarity", polarity)
    right = {"higher_better": "lower_better", "lower_better": "higher_better"}[polarity]
    load_catalogue(write_home(tmp_path, INDICATOR, PUBLISHED | {"replaced_by": link}, new | {"polarity": right}))
