"""What can be concluded of a study, in one Swedish sentence that is made from its estimates.

Belongs here: weighing the designs of a study together. Does not belong here: the verdict of a single estimate
(`effect_words.py`). The sentence is never written by hand, so it cannot say anything else than the estimates do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, isfinite, log10
from typing import Any

from indicators.statistics.effect_words import difference_unit, reason_in_words

Row = Mapping[str, Any]
_NUMBERS = ("noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv")


def conclusion(estimates: Sequence[Row]) -> str:
    """The sentence of a study with these rows of `effect_estimate`.

    Single municipalities are left out where the study is about a group: of many, some stand out by chance.
    """
    judged = [row for row in _of_the_whole(estimates) if row["is_significant"] is not None]
    if not judged:
        return _nothing_judged(estimates)
    designs = sorted({row["analysis_id"] for row in judged})
    found = [row for row in judged if row["is_significant"]]
    if not found:
        return f"{_none_of(len(designs))} skillnad som går att skilja från slumpen{_power(judged)}."
    if any(row["others_agree"] is False for row in found):
        seeing = {row["analysis_id"] for row in found}
        return (
            f"Ingen slutsats om verkan kan dras: {_number(len(seeing))} av studiens {_number(len(designs))} metoder "
            "visar en skillnad som är större än slumpens, men metoderna är oense."
        )
    if any(row["assumptions_met"] is False for row in found):
        return (
            "Det finns skillnader som är större än slumpens, men metodens förutsättningar håller inte, så de kan inte "
            "tillskrivas det som studeras."
        )
    return _found(found, judged)


def _of_the_whole(estimates: Sequence[Row]) -> list[Row]:
    grouped = {row["analysis_id"] for row in estimates if not _is_municipality(row["area_id"])}
    return [row for row in estimates if row["analysis_id"] not in grouped or not _is_municipality(row["area_id"])]


def _is_municipality(area_id: str) -> bool:
    return len(area_id) == 4 and area_id.isdigit() and not area_id.startswith("00")


def _nothing_judged(estimates: Sequence[Row]) -> str:
    reasons = sorted({reason_in_words(r["not_estimable_reason"]) for r in estimates if r["not_estimable_reason"]})
    why = f"; det som kunde ha prövat det går inte att skatta ({', '.join(reasons)})" if reasons else ""
    return f"Studien beskriver vad som hände och säger inget om varför{why}."


def _found(found: Sequence[Row], judged: Sequence[Row]) -> str:
    ways = {row["estimate"] > 0 for row in found}
    way = "högre" if ways == {True} else "lägre" if ways == {False} else "högre i något och lägre i annat"
    return (
        f"Utfallet är {way} än jämförelsen, mer än slumpen brukar ge, i {_number(len(found))} av "
        f"{_number(len(judged))} skattningar, och studiens metoder är eniga; att det beror på det som studeras "
        "förutsätter att inget annat skilde områdena åt."
    )


def _none_of(designs: int) -> str:
    if designs == 1:
        return "Studiens metod visar ingen"
    return f"Ingen av studiens {_number(designs)} metoder visar en"


def _power(judged: Sequence[Row]) -> str:
    """The least effect that the most sensitive design could have found, of each unit."""
    least: dict[tuple[str, str], float] = {}
    for row in judged:
        effect = row["minimal_effect"]
        if effect is not None and isfinite(effect):
            key = (row["indicator_id"], row["unit"])
            least[key] = min(effect, least.get(key, effect))
    if not least:
        return ""
    enough: dict[str, float] = {}  # of several indicators with one unit, what is enough for all of them
    for (_, unit), effect in least.items():
        enough[unit] = max(effect, enough.get(unit, effect))
    told = " respektive ".join(f"{_rounded_up(effect)} {difference_unit(unit)}" for unit, effect in enough.items())
    return (
        f"; en verkan på minst {told} hade den känsligaste metoden upptäckt i fyra fall av fem, en mindre kan varken "
        "påvisas eller uteslutas"
    )


def _rounded_up(effect: float) -> str:
    """Two digits that say something, rounded up so that no more is promised than holds; the rest as Swedes write it."""
    if effect <= 0:
        return "0"
    step = 10.0 ** (floor(log10(effect)) - 1)
    rounded = ceil(effect / step - 1e-9) * step
    decimals = max(0, -floor(log10(step)))
    return f"{rounded:,.{decimals}f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


def _number(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)
