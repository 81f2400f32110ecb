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
LEVEL = 0.05  # of all that a study tried together
_NUMBERS = ("noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv")


def conclusion(estimates: Sequence[Row], needs: Sequence[Row] = ()) -> str:
    """The sentence of a study with these rows of `effect_estimate` and of `study_need`.

    Single municipalities are left out where the study is about a group: of many, some stand out by chance.
    """
    judged = [row for row in _of_the_whole(estimates) if row["is_significant"] is not None]
    if judged:
        return _judged(judged).removesuffix(".") + _without_values(estimates) + "."
    if any(row["estimate"] is not None for row in estimates):
        return _described(estimates)
    return _unanswered(estimates, needs)


def status_of(estimates: Sequence[Row]) -> str:
    """Whether a study could be made: estimated, described (nothing with a counterfactual) or not_estimable."""
    if any(row["is_significant"] is not None for row in estimates):
        return "estimated"
    return "described" if any(row["estimate"] is not None for row in estimates) else "not_estimable"


def _judged(judged: Sequence[Row]) -> str:
    designs = sorted({row["analysis_id"] for row in judged})
    found = [row for row in judged if row["is_significant"]]
    if not found:
        return f"{_none_of(len(designs))} skillnad som går att skilja från slumpen{_power(judged)}{_unlike(judged)}."
    if any(row["others_agree"] is False for row in found):
        seeing = {row["analysis_id"] for row in found}
        return (
            f"Ingen slutsats om verkan kan dras: {number_word(len(seeing))} av studiens {number_word(len(designs))} "
            "metoder visar en skillnad som är större än slumpens, men metoderna är oense."
        )
    if not _more_than_chance(judged):
        return (
            f"Ingen slutsats om verkan kan dras: {number_word(len(found))} av studiens {number_word(len(judged))} "
            "skattningar visar en skillnad som är större än slumpens, men så många ger slumpen ensam när så mycket "
            "prövas."
        )
    if any(row["assumptions_met"] is False for row in found):
        return (
            "Det finns skillnader som är större än slumpens, men metodens förutsättningar håller inte, så de kan inte "
            "tillskrivas det som studeras."
        )
    return _found(found, judged)


def _more_than_chance(judged: Sequence[Row]) -> bool:
    """Whether anything is left at 5 per cent when all that was tried is counted (Benjamini and Hochberg 1995)."""
    from scipy import stats  # noqa: PLC0415 - half a second to load, for studies that found something

    tried = [row["p_placebo"] if row["p_placebo"] is not None else row["p_value"] for row in judged]
    return bool((stats.false_discovery_control([p for p in tried if p is not None]) < LEVEL).any())


def _of_the_whole(estimates: Sequence[Row]) -> list[Row]:
    grouped = {row["analysis_id"] for row in estimates if not _is_municipality(row["area_id"])}
    return [row for row in estimates if row["analysis_id"] not in grouped or not _is_municipality(row["area_id"])]


def _is_municipality(area_id: str) -> bool:
    return len(area_id) == 4 and area_id.isdigit() and not area_id.startswith("00")


def _reasons(estimates: Sequence[Row]) -> str:
    return ", ".join(
        sorted({reason_in_words(r["not_estimable_reason"]) for r in estimates if r["not_estimable_reason"]})
    )


def _described(estimates: Sequence[Row]) -> str:
    reasons = _reasons(estimates)
    why = f"; det som kunde ha prövat det går inte att skatta ({reasons})" if reasons else ""
    return f"Studien beskriver vad som hände och säger inget om varför{why}."


def _unanswered(estimates: Sequence[Row], needs: Sequence[Row]) -> str:
    """Of a study without a single number: why, and what it would take."""
    told = f"Frågan kan inte besvaras med de tal som finns ({_reasons(estimates) or 'inget mått gäller den'})"
    missing = [row for row in needs if row["collectable"] != "never"]
    if needs and not missing:
        return f"{told}, och de som saknas kan inte fås i efterhand."
    if not needs:
        return f"{told}."
    kinds = "en ny uppgift" if len(missing) == 1 else f"{number_word(len(missing))} slags nya uppgifter"
    wide = [row["municipalities_needed"] for row in missing if row["municipalities_needed"] is not None]
    where = f" från {max(wide)} kommuner, hälften med det som studeras och hälften utan" if wide else ""
    return f"{told}; för det skulle behövas {kinds}{where}."


def _without_values(estimates: Sequence[Row]) -> str:
    """What is said of the measures that no analysis of the study has a value of."""
    known = {row["indicator_id"] for row in estimates if row["estimate"] is not None}
    empty = {row["indicator_id"] for row in estimates if row["not_estimable_reason"] == "no_values"} - known
    if not empty:
        return ""
    tried = "är inte prövat" if len(empty) == 1 else "är inte prövade"
    return f"; {'ett' if len(empty) == 1 else number_word(len(empty))} av studiens mått saknar värden och {tried}"


def _found(found: Sequence[Row], judged: Sequence[Row]) -> str:
    ways = {row["estimate"] > 0 for row in found}
    way = "högre" if ways == {True} else "lägre" if ways == {False} else "högre i något och lägre i annat"
    return (
        f"Utfallet är {way} än jämförelsen, mer än slumpen brukar ge, i {number_word(len(found))} av "
        f"{number_word(len(judged))} skattningar, och studiens metoder är eniga; att det beror på det som studeras "
        "förutsätter att inget annat skilde områdena åt."
    )


def _unlike(judged: Sequence[Row]) -> str:
    """Of estimates that found nothing: that some of the areas had not gone the same way before either."""
    apart = sum(row["assumptions_met"] is False for row in judged)
    if not apart:
        return ""
    if apart == len(judged):
        return "; områdena utvecklades olika redan före, så en skillnad kan också döljas av det"
    return (
        f"; i {number_word(apart)} av {number_word(len(judged))} skattningar utvecklades områdena olika redan före, så "
        "en skillnad kan också döljas av det"
    )


def _none_of(designs: int) -> str:
    if designs == 1:
        return "Studiens metod visar ingen"
    return f"Ingen av studiens {number_word(designs)} metoder visar en"


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
    each = [f"{rounded_up(effect)} {difference_unit(unit)}" for unit, effect in enough.items()]
    told = " respektive ".join(filter(None, [", ".join(each[:-1]), each[-1]]))
    return (
        f"; en verkan på minst {told} hade den känsligaste metoden upptäckt i fyra fall av fem, en mindre kan varken "
        "påvisas eller uteslutas"
    )


def rounded_up(effect: float) -> str:
    """Two digits that say something, rounded up so that no more is promised than holds; the rest as Swedes write it."""
    if effect <= 0:
        return "0"
    step = 10.0 ** (floor(log10(effect)) - 1)
    rounded = ceil(effect / step - 1e-9) * step
    decimals = max(0, -floor(log10(step)))
    return f"{rounded:,.{decimals}f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


def number_word(n: int) -> str:
    """A number as a word, up to twelve."""
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)
