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
    exponent = Decimal(repr(round(float(value), _MOST_DECIMALS))).normalize().as_tuple().exponent
    return number(value, min(max(0, -exponent), _MOST_DECIMALS) if isinstance(exponent, int) else 0)


def with_unit(value: float, unit: str | None) -> str:
    """A number with all its decimals and its unit."""
    return f"{exact(value)} {unit}" if unit else exact(value)


def declared(told: Record) -> str:
    """The formula of an indicator or an index by the names of its measures."""
    formula = told["formula"]
    if formula["kind"] == "composite":
        return (
            f"100 + 10 × vägt medel av z, kapade vid ±{exact(formula['winsor_z'])}; minst "
            f"{exact(100 * formula['min_coverage'])} % av vikterna; uppåt är {formula['up_means_sv']}"
        )
    if formula["kind"] == "published":
        own = f"källans eget värde, serien {formula['series']}"
        text = f"räknat här ur medlemmarnas värden i källans serie {formula['series']}" if told["of_members"] else own
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
    return text + (_of_group(formula) if told["of_members"] else "")


def _of_group(formula: Record) -> str:
    """How the values of members become that of their group."""
    if formula["aggregation"] == "none":
        return ""
    if formula["aggregation"] == "sum":
        return "; för gruppen summan över medlemmarna"
    if formula["weight"]:
        return f"; för gruppen summan av värde × vikt / summan av vikterna, vikt {formula['weight']}"
    return "; för gruppen summan av medlemmarnas täljare / summan av deras nämnare"


def with_numbers(made_of: Record, told: Record) -> str:
    """The formula with its numbers and its result."""
    result = exact(made_of["value"]) if made_of["value"] is not None else "inget värde"
    if "inputs" in made_of:
        parts = [f"{_signed(each)}×{exact(each['weight'])}" for each in made_of["inputs"]]
        weights = " + ".join(exact(each["weight"]) for each in made_of["inputs"])
        return f"100 + 10 × ({added(parts)}) / ({weights}) = {result}"
    multiplier = told["formula"]["multiplier"] or 1
    times = f"{exact(multiplier)} × " if multiplier != 1 else ""
    if "of" in made_of:
        bottom = f" / {exact(made_of['denominator'])}" if told["formula"]["aggregation"] != "sum" else ""
        worked = f"{times}{exact(made_of['numerator'])}{bottom}"
        return f"{worked} = {result}" if times or bottom or made_of["value"] is None else f"summan {result}"
    if told["formula"]["kind"] == "published":
        own = next(term for term in made_of["terms"] if term["part"] == "value")
        return f"{_term(own)}{_price(made_of)} = {result}"
    top, bottom = _sum(made_of, "numerator"), _sum(made_of, "denominator")
    shares = told["formula"]["coverage"]
    adjusted = f"; täckning {exact(made_of['coverage'])}" if shares and made_of["coverage"] is not None else ""
    adjusted += f", under gränsen {exact(shares['least'])}" if shares and adjusted and made_of["is_refused"] else ""
    return f"{times}{top}{f' / {bottom}' if bottom else ''}{_price(made_of)}{adjusted} = {result}"


def _signed(each: Record) -> str:
    return number(each["turn"] * each["used_z"], 6)


def _sum(made_of: Record, part: str) -> str:
    terms = [_term(term) for term in made_of["terms"] if term["part"] == part]
    return f"({added(terms)})" if len(terms) > 1 or (terms and "×" in terms[0]) else "".join(terms)


def added(terms: list[str]) -> str:
    """Terms with the signs between them: what is negative is subtracted."""
    text = terms[0] if terms else ""
    for term in terms[1:]:
        is_less = term.startswith("−")
        text += f" − {term[1:].removeprefix('1 × ')}" if is_less else f" + {term}"
    return text


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
