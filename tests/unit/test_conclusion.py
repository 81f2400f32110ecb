"""What can be concluded of a study: one sentence, which changes with the estimates and never says more than they do."""

from __future__ import annotations

from typing import Any

import pytest

from indicators.statistics.conclusion import conclusion, status_of


def row(analysis: str = "a", **held: Any) -> dict[str, Any]:
    return {
        "analysis_id": analysis, "indicator_id": "matt", "area_id": "GR", "unit": "kr", "estimate": 5.0,
        "is_significant": False, "others_agree": None, "assumptions_met": True, "minimal_effect": 1234.5,
        "not_estimable_reason": None, "p_value": None, "p_placebo": 0.01 if held.get("is_significant") else 0.5,
    } | held  # fmt: skip


def test_designs_that_find_nothing_say_so_and_what_the_most_sensitive_could_have_found() -> None:
    told = conclusion([row(), row("b", minimal_effect=2222.0), row("c", minimal_effect=None)])
    assert told == (
        "Ingen av studiens tre metoder visar en skillnad som går att skilja från slumpen; en verkan på minst "
        "1\N{NO-BREAK SPACE}300 kr hade den känsligaste metoden upptäckt i fyra fall av fem, en mindre kan varken "
        "påvisas eller uteslutas."
    )


@pytest.mark.parametrize(
    ("effect", "told"),
    [(1234.5, "1\N{NO-BREAK SPACE}300"), (0.0523, "0,053"), (8.0, "8,0"), (99.4, "100"), (0.999, "1,00"), (20.0, "20")],
)
def test_a_minimal_effect_is_rounded_up_to_two_digits(effect: float, told: str) -> None:
    assert f"minst {told} kr" in conclusion([row(minimal_effect=effect)])


def test_a_difference_of_shares_is_in_percentage_points_and_of_several_outcomes_enough_for_each() -> None:
    told = conclusion([row(unit="%", minimal_effect=2.0), row(unit="%", indicator_id="annat", minimal_effect=3.0)])
    assert "Studiens metod visar ingen skillnad" in told
    assert "minst 3,0 procentenheter" in told


def test_designs_that_disagree_carry_no_conclusion() -> None:
    told = conclusion([row(is_significant=True, others_agree=False), row("b", others_agree=False)])
    assert told.startswith("Ingen slutsats om verkan kan dras: en av studiens två metoder")


def test_what_is_found_without_its_assumptions_is_not_attributed() -> None:
    told = conclusion([row(is_significant=True, assumptions_met=False)])
    assert "förutsättningar håller inte" in told


@pytest.mark.parametrize(("estimate", "way"), [(5.0, "högre"), (-5.0, "lägre")])
def test_what_all_designs_find_is_told_with_its_direction(estimate: float, way: str) -> None:
    rows = [row(n, is_significant=True, others_agree=True, estimate=estimate) for n in ("a", "b")]
    assert conclusion(rows).startswith(f"Utfallet är {way} än jämförelsen, mer än slumpen brukar ge, i två av två")


def test_single_municipalities_of_a_group_do_not_decide() -> None:
    told = conclusion([row(), row(area_id="1480", is_significant=True)])
    assert told.startswith("Studiens metod visar ingen skillnad")


def test_a_study_that_only_describes_says_so_and_why_the_rest_is_not_estimated() -> None:
    told = conclusion([
        row(is_significant=None, minimal_effect=None),
        row("b", is_significant=None, estimate=None, not_estimable_reason="all_treated_at_once"),
    ])  # fmt: skip
    assert told.startswith("Studien beskriver vad som hände och säger inget om varför;")
    assert "alla områden berördes på en gång" in told


def refused(reason: str = "no_values", **held: Any) -> dict[str, Any]:
    return row(estimate=None, is_significant=None, minimal_effect=None, not_estimable_reason=reason, **held)


def need(**held: Any) -> dict[str, Any]:
    return {"collectable": "from_now_on", "municipalities_needed": 30} | held


def test_one_of_many_that_stands_out_is_what_chance_gives() -> None:
    many = [row(indicator_id=f"matt_{n}", p_placebo=0.2 + n / 100) for n in range(9)]
    alone = row(indicator_id="ensamt", is_significant=True, p_placebo=0.03)
    told = conclusion([*many, alone])
    assert told.startswith("Ingen slutsats om verkan kan dras: en av studiens tio skattningar")
    # By Benjamini and Hochberg the least of ten has to be below 0.005.
    assert conclusion([*many, alone | {"p_placebo": 0.004}]).startswith("Utfallet är högre")


def test_measures_without_values_are_counted_beside_what_was_tried() -> None:
    told = conclusion([row(), refused(indicator_id="tomt")])
    assert told.endswith("; ett av studiens mått saknar värden och är inte prövat.")
    told = conclusion([row(), refused(indicator_id="tomt"), refused(indicator_id="tomt_2"), refused("dose_unknown")])
    assert told.endswith("; två av studiens mått saknar värden och är inte prövade.")
    # A measure that another analysis has values of is not without values.
    assert "saknar värden" not in conclusion([row(), refused("b")])


def test_areas_that_went_apart_before_are_told_of_where_nothing_was_found() -> None:
    assert "utvecklades olika redan före" in conclusion([row(assumptions_met=False)])
    told = conclusion([row(assumptions_met=False), row(indicator_id="annat")])
    assert "i en av två skattningar utvecklades områdena olika redan före" in told
    assert "redan före" not in conclusion([row(), row(assumptions_met=None, indicator_id="annat")])


def test_a_study_without_a_single_number_never_says_that_it_described_something() -> None:
    told = conclusion([refused(), refused("too_few_treated")], [need(), need(municipalities_needed=52)])
    assert told == (
        "Frågan kan inte besvaras med de tal som finns (för få områden berördes, värden saknas); för det skulle "
        "behövas två slags nya uppgifter från 52 kommuner, hälften med det som studeras och hälften utan."
    )
    assert conclusion([], [need(municipalities_needed=None)]) == (
        "Frågan kan inte besvaras med de tal som finns (inget mått gäller den); för det skulle behövas en ny uppgift."
    )
    assert conclusion([], [need(collectable="never")]).endswith("och de som saknas kan inte fås i efterhand.")
    assert conclusion([refused()]) == "Frågan kan inte besvaras med de tal som finns (värden saknas)."


def test_a_study_is_estimated_described_or_not_estimable() -> None:
    described = row(is_significant=None)
    assert [status_of(rows) for rows in ([row(), refused()], [described, refused()], [refused()], [])] == [
        "estimated", "described", "not_estimable", "not_estimable",
    ]  # fmt: skip
    assert conclusion([described, refused("dose_unknown")]).startswith("Studien beskriver vad som hände")
