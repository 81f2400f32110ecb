"""The arithmetic of explanations, against numbers that were computed by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from indicators.load.catalogue import load_catalogue
from indicators.model.corrections import Correction
from pipelines.provenance import arithmetic
from pipelines.provenance.composites import Composites
from pipelines.provenance.corrected_facts import Contents, CorrectedFacts, Fact, is_unreadable
from pipelines.provenance.known_rows import KnownRow
from pipelines.provenance.members import Member
from pipelines.provenance.prices import IndexValue
from pipelines.provenance.recomputing import Recomputing

CATALOGUE = load_catalogue()
MOMENT = datetime(2026, 11, 23)  # noqa: DTZ001 - times are UTC without zone
VALUES = "kolada.values"
COST, ALL_COST = "N20048", "N20001"
SHARE, FIXED = "andel_aldreomsorg_av_omsorgskostnad", "kostnad_aldreomsorg_per_inv_80_fasta_priser"
TOTAL, SAFETY = "kostnad_aldreomsorg_totalt", "trygghet_hemtjanst"


def row(series: str, area: str, year: int, value: float | None, **more: Any) -> KnownRow:
    made = KnownRow(VALUES, (series, area, year, "T"), (value, None), MOMENT, None, "new", 1, "a" * 64, None)  # type: ignore[arg-type]
    return replace(made, **more)


class MadeUpFacts:
    """Facts by series and area, TEST FIGURES."""

    def __init__(self, **values: float | None) -> None:
        self.values = values

    def of(self, dataset: str, series: str, area: str, year: int, sex: str) -> Fact | None:
        name = series if series in self.values else f"{series}_{area}"
        if name not in self.values:
            return None
        value = self.values[name]
        return Fact(row(series, area, year, value), value, None, value, None)


@dataclass
class Indices:
    by_year: dict[int, float]

    def of(self, index_id: str, year: int) -> IndexValue | None:
        return IndexValue(index_id, year, self.by_year[year], None, ()) if year in self.by_year else None


@dataclass
class Groups:
    members: tuple[str, ...] = ()

    def of(self, area_id: str) -> tuple[Member, ...]:
        return tuple(map(Member, self.members)) if area_id == "GR" else ()


def recomputing(facts: MadeUpFacts, prices: dict[int, float] | None = None, *members: str) -> Recomputing:
    return Recomputing(CATALOGUE, facts, Indices(prices or {}), Groups(members))  # type: ignore[arg-type]


def test_sums_do_not_depend_on_order_and_have_nine_places() -> None:
    assert arithmetic.exact_sum([0.1] * 10) == 1.0
    assert arithmetic.exact_sum([1e-10, 1.0]) == 1.0
    assert arithmetic.exact_sum([1e9, 0.3, -1e9]) == arithmetic.exact_sum([-1e9, 1e9, 0.3]) == 0.3
    assert arithmetic.exact_mean([1.0, 2.0, 6.0]) == 3.0


def test_a_deviation_is_about_the_mean_by_one_less_than_their_number() -> None:
    assert arithmetic.exact_deviation([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]) == pytest.approx((32 / 7) ** 0.5)
    assert arithmetic.exact_deviation([5.0]) is None
    assert arithmetic.exact_deviation([0.0, 0.0]) == 0.0


@pytest.mark.parametrize(
    ("value", "status", "change", "expected"),
    [
        (1.0, None, "new", (1.0, None)),
        (None, None, "new", (None, "published_missing")),
        (1.0, "forecast", "new", (1.0, "forecast")),
        (None, "forecast", "new", (None, "published_missing")),
        (1.0, "suppressed", "new", (None, "suppressed_by_source")),
        (1.0, "code:Missing", "new", (None, "published_missing")),
        (1.0, "not_collected", "new", (None, "not_collected")),
        (1.0, "code:X", "new", (None, "unknown_code: X")),
        (1.0, None, "withdrawn", (None, "withdrawn_by_source")),
        (1.0, "withdrawn", "restored", (None, "withdrawn_by_source")),
    ],
)
def test_a_row_states_a_value_or_why_there_is_none(value: Any, status: Any, change: str, expected: Any) -> None:
    assert arithmetic.stated(value, status, change) == expected


def test_noise_is_no_difference() -> None:
    assert arithmetic.is_same(1e6, 1e6 + 1e-4)
    assert not arithmetic.is_same(1e6, 1e6 + 1e-2)
    assert arithmetic.is_same(0.0, 1e-13)
    assert arithmetic.is_same(None, None)
    assert not arithmetic.is_same(None, 0.0)


def test_a_ratio_is_its_multiplier_times_a_sum_of_products_over_another() -> None:
    figure = recomputing(MadeUpFacts(N20048=200_000, N01957=300, N20001=10_000, N01951=10_000)).figure(
        SHARE, "1480", 2022, "T"
    )
    assert figure is not None
    assert (figure.numerator, figure.denominator, figure.value) == (60_000_000, 100_000_000, 60)


def test_what_lacks_a_measure_has_no_value_and_what_lacks_its_first_has_no_row() -> None:
    lacking = recomputing(MadeUpFacts(N20048=200_000, N01957=None, N20001=10_000, N01951=10_000))
    figure = lacking.figure(SHARE, "1480", 2022, "T")
    assert figure is not None
    assert figure.value is None
    assert recomputing(MadeUpFacts(N01957=300)).figure(SHARE, "1480", 2022, "T") is None


def test_nothing_is_divided_by_zero() -> None:
    figure = recomputing(MadeUpFacts(N20048=1, N01957=1, N20001=0, N01951=10)).figure(SHARE, "1480", 2022, "T")
    assert figure is not None
    assert (figure.value, figure.denominator) == (None, 0)


def test_fixed_prices_are_the_index_of_the_price_year_over_that_of_the_own() -> None:
    prices = {2022: 120.0, 2019: 100.0}
    figure = recomputing(MadeUpFacts(N20048=200_000, N01957=300), prices).figure(FIXED, "1480", 2019, "T")
    assert figure is not None
    assert figure.value == pytest.approx(240_000)
    without = recomputing(MadeUpFacts(N20048=200_000, N01957=300), {2022: 120.0}).figure(FIXED, "1480", 2019, "T")
    assert without is not None
    assert without.value is None


def test_a_group_of_rates_is_weighted_by_its_members_denominators() -> None:
    facts = MadeUpFacts(U21505_1480=80, U23592_1480=10, U21505_1401=90, U23592_1401=30)
    group = recomputing(facts, None, "1401", "1480").figure(SAFETY, "GR", 2022, "T")
    assert group is not None
    assert (group.numerator, group.denominator, group.value) == (3500, 40, 87.5)
    assert [(m.area_id, f and f.value) for m, f in group.members] == [("1401", 90), ("1480", 80)]


def test_a_group_of_amounts_is_a_sum_and_lacks_a_value_when_a_member_does() -> None:
    both = MadeUpFacts(N20048_1480=100, N01957_1480=2, N20048_1401=50, N01957_1401=3)
    total = recomputing(both, None, "1401", "1480").figure(TOTAL, "GR", 2022, "T")
    assert total is not None
    multiplier = CATALOGUE.by_id[TOTAL].multiplier or 1
    assert total.value == pytest.approx(350 * multiplier)
    one = MadeUpFacts(N20048_1480=100, N01957_1480=2)
    lacking = recomputing(one, None, "1401", "1480").figure(TOTAL, "GR", 2022, "T")
    assert lacking is not None
    assert lacking.value is None


@pytest.mark.parametrize(
    ("indicator", "with_hours", "expected"),
    [
        ("beviljade_hemtjansttimmar_totalt", 80.0, 20 * 80 / 0.8),  # a numerator that is brought to all
        ("beviljade_hemtjansttimmar_totalt", 79.0, None),
        ("beviljade_hemtjansttimmar_totalt", 125.0, 20 * 125),  # a share is 1 at most
        ("kostnad_hemtjanst_per_beviljad_timme", 80.0, 48_000 * 10 / (12 * 20 * 80 / 0.8)),  # a denominator
        ("kostnad_hemtjanst_per_beviljad_timme", 79.0, None),
        ("hemtjansttagare_120_timmar_andel", 79.0, 7.0),  # published: kept, with a caution
        ("hemtjansttagare_120_timmar_andel", 0.0, None),
    ],
)
def test_what_covers_a_part_is_brought_to_all_and_too_small_a_part_is_refused(
    indicator: str, with_hours: float, expected: float | None
) -> None:
    facts = MadeUpFacts(N21826=20.0, N21827=with_hours, N21702=100.0, N21024=48_000.0, N01957=10.0, N21706=7.0)
    figure = recomputing(facts).figure(indicator, "1480", 2022, "T")
    assert figure is not None
    assert figure.value == (None if expected is None else pytest.approx(expected))
    assert figure.coverage == pytest.approx(with_hours / 100)


def test_an_index_is_a_hundred_plus_ten_weighted_standardised_inputs() -> None:
    """Kompetensindex: an input of weight 2 at z = 1, one of weight 1 at z = -1, and one without values."""
    recipe = next(c for c in CATALOGUE.composites if c.composite_id == "kompetens_omsorg")
    first, second, third = (CATALOGUE.by_id[part.indicator] for part in recipe.inputs)
    facts = MadeUpFacts(
        **{f"{first.series}_{area}": value for area, value in {"0001": 1.0, "0002": 2.0, "0003": 3.0}.items()},
        **{f"{second.series}_{area}": value for area, value in {"0001": 6.0, "0002": 5.0, "0003": 4.0}.items()},
    )
    figures = recomputing(facts)
    areas = ["0001", "0002", "0003"]
    index = Composites(CATALOGUE, figures, lambda indicator, year: areas if year == 2022 else []).figure(
        "kompetens_omsorg", "0003", 2022
    )
    assert index is not None
    assert [each.z for each in index.inputs] == pytest.approx([1, -1], rel=1e-8)  # to nine places, as in the warehouse
    assert [each.turn for each in index.inputs] == [1, 1]
    assert index.missing == (third.indicator_id,)
    assert index.coverage == 0.75
    assert index.value == pytest.approx(100 + 10 * (2 * 1 - 1) / 3)


class History:
    """Rows of history by series, TEST FIGURES."""

    def __init__(self, *rows: KnownRow) -> None:
        self.rows = rows

    def history(self, dataset: str, key: tuple[Any, ...]) -> list[KnownRow]:
        return [each for each in self.rows if dataset == each.dataset and each.key == key]


def corrected(correction: dict[str, Any], *rows: KnownRow) -> tuple[float | None, str | None, bool]:
    told = {"correction_id": "prov", "dataset": VALUES, "series": COST, "area": "1480", "years": [2022], "sex": "T",
            "reason_sv": "Prövas av sviten, som vet vad som är rätt.", "reported_by": "Sviten",
            "reported_on": "2026-11-24"}  # fmt: skip
    catalogue = replace(CATALOGUE, corrections=(Correction.model_validate(told | correction),))
    facts = CorrectedFacts(catalogue, History(*rows), Contents(None), lambda _: False)  # type: ignore[arg-type]
    fact = facts.of(VALUES, COST, "1480", 2022, "T")
    assert fact is not None
    return fact.value, fact.reason, fact.correction is not None


@pytest.mark.parametrize(
    ("correction", "expected"),
    [
        ({"action": "drop", "expected": {"value": 2.5}}, (None, "corrected_drop: prov", True)),
        ({"action": "override", "value": 7.0, "expected": {"value": 2.5}}, (7.0, None, True)),
        ({"action": "scale", "factor": 100.0, "expected": {"within": {"min": 2, "max": 3}}}, (250.0, None, True)),
        ({"action": "flag", "expected": {"value": 2.5}}, (2.5, None, True)),
        ({"action": "drop", "expected": {"value": 9.0}}, (2.5, None, False)),
        ({"action": "drop", "expected": {"within": {"min": 3, "max": 4}}}, (2.5, None, False)),
    ],
)
def test_only_the_wrong_value_that_is_expected_is_corrected(correction: dict[str, Any], expected: Any) -> None:
    assert corrected(correction, row(COST, "1480", 2022, 2.5)) == expected


def test_a_value_that_equals_another_series_at_the_same_time_is_corrected() -> None:
    later = datetime(2026, 11, 25)  # noqa: DTZ001
    twice = {"action": "drop", "expected": {"equals_series": ALL_COST}}
    own = row(COST, "1480", 2022, 2.5, known_from=later)
    assert corrected(twice, own, row(ALL_COST, "1480", 2022, 2.5)) == (None, "corrected_drop: prov", True)
    ended = row(ALL_COST, "1480", 2022, 2.5, known_to=later)
    assert corrected(twice, own, ended) == (2.5, None, False)


class NoRows:
    """Archived files that are whole and hold no row."""

    def row_of(self, _: KnownRow) -> None:
        return None


def test_a_row_that_a_whole_file_does_not_give_could_not_be_read_and_is_no_missing_value_of_the_source() -> None:
    known = row(COST, "1480", 2022, 290766.0)
    facts = CorrectedFacts(CATALOGUE, History(known), Contents(NoRows()), lambda _: False)  # type: ignore[arg-type]
    fact = facts.of(VALUES, COST, "1480", 2022, "T")
    assert fact is not None
    assert (fact.value, fact.reason) == (None, "unreadable")
    assert [is_unreadable(fault) for fault in fact.faults] == [True]
