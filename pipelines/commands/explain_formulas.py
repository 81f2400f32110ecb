"""Formulas as people read them: as they are declared, and with their numbers.

Belongs here: writing a formula as a line of text. Does not belong here: computing it (`provenance`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipelines.text.swedish_numbers import number

Record = dict[str, Any]
_MOST_DECIMALS = 12


def exact(value: float | None) -> str:
    """A number in Swedish form with all its decimals, as far as twelve."""
    if value is None:
        return number(None)
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return number(value, min(max(0, -exponent), _MOST_DECIMALS) if isinstance(exponent, int) else 0)


def declared(told: Record) -> str:
    """The formula of an indicator or an index by the names of its measures."""
    formula = told["formula"]
    if formula["kind"] == "composite":
        return (
            f"100 + 10 × vägt medel av z, kapade vid ±{exact(formula['winsor_z'])}; minst "
            f"{exact(100 * formula['min_coverage'])} % av vikterna; uppåt är {formula['up_means_sv']}"
        )
    if formula["kind"] == "published":
        text = f"källans eget värde, serien {formula['series']}"
        text += f" (källans medelvärde av {formula['mean_of_years']} år)" if formula["mean_of_years"] > 1 else ""
    elif formula["kind"] == "ratio":
        times = f"{exact(formula['multiplier'])} × " if formula["multiplier"] != 1 else ""
        text = f"{times}({formula['numerator']}) / ({formula['denominator']})"
    else:
        text = str(formula["expression"])
    if coverage := formula["coverage"]:
        side = {"numerator": "täljaren", "denominator": "nämnaren"}.get(coverage["adjusts"])
        share = f"{coverage['measured']} / {coverage['of']}"
        text += f"; {side} delas med {share}, högst 1" if side else f"; täckning {share}"
    if formula["price_index"] and told["explained"] == "indicator" and formula["price_year"]:
        text += f"; × {formula['price_index']} {formula['price_year']} / {formula['price_index']} {told['year']}"
    if "of" in (told["made_of"] or {}):
        how = "summan över medlemmarna" if formula["aggregation"] == "sum" else "summan av täljare / summan av nämnare"
        text += f"; för gruppen {how}"
        text += f", vikt {formula['weight']}" if formula["weight"] else ""
    return text


def with_numbers(made_of: Record, told: Record) -> str:
    """The formula with its numbers and its result."""
    result = exact(made_of["value"]) if made_of["value"] is not None else "inget värde"
    if "inputs" in made_of:
        parts = [f"{_signed(each)}×{exact(each['weight'])}" for each in made_of["inputs"]]
        weights = " + ".join(exact(each["weight"]) for each in made_of["inputs"])
        return f"100 + 10 × ({' + '.join(parts)}) / ({weights}) = {result}"
    multiplier = told["formula"]["multiplier"] or 1
    times = f"{exact(multiplier)} × " if multiplier != 1 else ""
    if "of" in made_of:
        bottom = f" / {exact(made_of['denominator'])}" if told["formula"]["aggregation"] != "sum" else ""
        return f"{times}{exact(made_of['numerator'])}{bottom} = {result}"
    if told["formula"]["kind"] == "published":
        own = next(term for term in made_of["terms"] if term["part"] == "value")
        return f"{_term(own)}{_price(made_of)} = {result}"
    top, bottom = _sum(made_of, "numerator"), _sum(made_of, "denominator")
    shares = told["formula"]["coverage"]
    adjusted = f"; täckning {exact(made_of['coverage'])}" if shares and made_of["coverage"] is not None else ""
    return f"{times}{top}{f' / {bottom}' if bottom else ''}{_price(made_of)}{adjusted} = {result}"


def _signed(each: Record) -> str:
    return number(each["turn"] * each["used_z"], 6)


def _sum(made_of: Record, part: str) -> str:
    terms = [_term(term) for term in made_of["terms"] if term["part"] == part]
    return f"({' + '.join(terms)})" if len(terms) > 1 or (terms and "×" in terms[0]) else "".join(terms)


def _term(term: Record) -> str:
    values = [exact(measure["value"]) for measure in term["measures"]]
    coefficient = [exact(term["coefficient"])] if term["coefficient"] != 1 or not values else []
    return " × ".join([*coefficient, *values])


def _price(made_of: Record) -> str:
    deflator = made_of.get("deflator")
    if not deflator:
        return ""
    base, own = ((index or {}).get("value") for index in (deflator["price_year"], deflator["own_year"]))
    return f" × {exact(base)} / {exact(own)}"
