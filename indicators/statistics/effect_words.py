"""The Swedish texts for the estimates of studies.

Belongs here: reasons, warnings and verdicts. Does not belong here: the estimates (`studies.py` and the methods).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Literal

GREATEST = 10.0  # a drift ten times the worst one seen before is beyond what anybody asks about
PANDEMIC = (2020, 2021)
DISAGREE = "Studiens metoder är oense om detta; ett ensamt utslag bär ingen slutsats."

Reason = Literal[
    "no_values",
    "too_few_points_before",
    "too_few_points_after",
    "break_in_window",
    "all_treated_at_once",
    "too_few_treated",
    "no_comparison_areas",
    "poor_fit_before",
    "dose_unknown",
    "payer_unknown",
    "size_unknown",
    "nobody_alike",
]
_REASONS: dict[Reason, str] = {
    "no_values": "värden saknas",
    "too_few_points_before": "för få mätta år före",
    "too_few_points_after": "för få mätta år efter",
    "break_in_window": "serien byter innehåll inom fönstret",
    "all_treated_at_once": "alla områden berördes på en gång, så ingen finns att jämföra med",
    "too_few_treated": "för få områden berördes",
    "no_comparison_areas": "för få områden att jämföra med",
    "poor_fit_before": "den syntetiska serien liknar inte den verkliga åren före",
    "dose_unknown": "hur mycket varje område fick är inte känt",
    "payer_unknown": "vad var och en av betalarna betalade är inte känt",
    "size_unknown": "vad varje kommun väger är inte känt",
    "nobody_alike": "ingen av de andra liknar dem som började, i det som de ska jämföras efter",
}


def not_estimable(reason: Reason) -> str:
    """The verdict of an analysis that gives no number."""
    return f"Går inte att skatta: {reason_in_words(reason)}."


def reason_in_words(reason: Reason) -> str:
    """Why there is no number."""
    return _REASONS[reason]


def difference_unit(unit: str) -> str:
    """The unit of a difference between two values of this unit: of per cent, percentage points; of a number, things."""
    return "procentenheter" if unit == "%" else unit.replace("% per", "procentenheter per").removeprefix("antal ")


COMPARED, TREND, LOWER_DOSE = "jämförelsen", "den tidigare trenden", "områden med lägre dos"


def verdict(estimate: float, significant: bool, assumptions_met: bool | None, against: str = COMPARED) -> str:
    """The verdict of a design with a counterfactual; `against`: one of the three types of comparison."""
    if not significant:
        return f"Ingen skillnad mot {against} som går att skilja från slumpen."
    way = "Högre" if estimate > 0 else "Lägre"
    if assumptions_met is False:
        return f"{way} än {against}, men förutsättningarna håller inte: skillnaden kan inte tillskrivas reformen."
    if against == TREND:
        return f"{way} än {against}; utan jämförelse med andra sägs inget om varför."
    return f"{way} än {against}, mer än slumpen brukar ge."


def alone(estimate: float) -> str:
    """The verdict of a significant estimate that the study's other designs do not confirm."""
    way = "Högre" if estimate > 0 else "Lägre"
    return f"{way} än jämförelsen med denna metod, men inte med studiens andra: ingen slutsats."


def described(change: float, lower: float | None, upper: float | None) -> str:
    """The verdict of a descriptive design."""
    if lower is not None and upper is not None and lower <= 0 <= upper:
        return "Ingen säker förändring mellan åren före och åren efter."
    return f"{'Högre' if change > 0 else 'Lägre'} åren efter än åren före; måttet beskriver bara."


def payers_described(changes: Sequence[float]) -> str:
    """The verdict of all payers together."""
    told = "Alla betalare tillsammans betalade " + ("mer" if sum(changes) > 0 else "mindre") + " åren efter."
    if min(changes) < 0 < max(changes):
        return told + " En betalares kostnad sjönk medan en annans steg: en flyttad kostnad är ingen besparing."
    return told + " Betalarnas kostnader gick åt samma håll."


def window_warnings(
    first_after: int, years: Sequence[int], wanted: Sequence[int], missing: Sequence[int], n_left_out: int
) -> list[str]:
    """The warnings about a window of years and areas."""
    told = []
    pandemic = [year for year in years if year in PANDEMIC]
    if pandemic:
        place = "efter" if min(pandemic) >= first_after else "före" if max(pandemic) < first_after else "före och efter"
        told.append(f"Pandemiår bland åren {place}: {_listed(pandemic)}.")
    if missing:
        told.append(f"Inte mätt: {_listed(missing)}.")
    skipped = sorted(set(range(min(wanted), max(wanted) + 1)) - set(wanted)) if wanted else []
    if skipped:
        told.append(f"Utelämnat: {_listed(skipped)}.")
    if n_left_out:
        told.append(left_out(n_left_out, "värde något av åren"))
    return told


def left_out(n: int, lacking: str) -> str:
    """The warning that so many areas lack something, and are excluded."""
    return f"{'1 område' if n == 1 else f'{n} områden'} saknar {lacking} och är inte med."


def counted_alike(n: int) -> str:
    """The warning that a mean of municipalities is not the group's own value, in which large ones weigh more."""
    return f"Kommunerna räknas lika: ett ovägt medel av {n}, inte områdets eget vägda värde."


def made_alike(n: int) -> str:
    """The warning that those compared are weighted to be like the treated in so many respects, and in no others."""
    respects = "ett avseende" if n == 1 else f"{n} avseenden"
    return f"De andra vägs och räknas om så att de liknar dem som började i {respects} före; i annat kan de skilja."


def counted_by_size(n: int) -> str:
    """The warning that a group is a whole in which large municipalities weigh more, by their size before."""
    return f"Kommunerna väger efter sin storlek åren före: området som helhet, av {n} kommuner."


def early_difference(year: int, p_value: float) -> str:
    """The warning that a made-up year before gives a difference as well."""
    told = f"{p_value:.2f}".replace(".", ",")
    return f"Redan ett påhittat år ({year}) ger en skillnad (p {told})."


def robustness(breakdown: float) -> str:
    """How unequal trends an event study's mean effect bears before it is no longer told from zero.

    Rounded down, so that no more is promised than holds.
    """
    if breakdown <= 0:
        return "Medeleffekten mot sista året före går inte att skilja från noll ens om trenderna är lika."
    least = min(floor(100 * breakdown) / 100, GREATEST)
    return (
        f"Medeleffekten mot sista året före skiljs från noll så länge trenderna avviker högst {least:.2f}".rstrip("0")
        .rstrip(".")
        .replace(".", ",")
        + " gånger så mycket per år som när de avvek mest före."
    )


def _listed(items: Sequence[int]) -> str:
    return ", ".join(map(str, items))
