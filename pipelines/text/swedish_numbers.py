"""Numbers as Swedish readers see them, in the terminal, on pages and in files for people.

Belongs here: rounding, thousands, decimal commas, signs and probabilities. Does not belong here: parsing numbers that
people type (`normalise.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

_NARROW_SPACE = " "
_EXACT = Context(prec=400)  # digits enough for every number
_LEAST_CHANCE, _SIGNIFICANT = 0.001, 0.05
_THOUSANDS = 1000
_MOST_DECIMALS = 12


def rounded(value: float, decimals: int = 0) -> Decimal:
    """A number as text, rounded; a half is rounded away from zero, and what rounds to zero has no sign.

    The shortest decimal number that represents the value is rounded, which is what a reader of the data sees: 2.675
    becomes 2.68. `swedish` of `site/static/base.js` does the same.
    """
    exact = Decimal(value if isinstance(value, int) else repr(float(value)))
    found = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EXACT)
    return found if found else abs(found)


def number(value: float | None, decimals: int = 0) -> str:
    """A number in Swedish form: `290 766` or `1,5`; an en dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{rounded(value, decimals):,f}"
    return text.replace(",", _NARROW_SPACE).replace(".", ",").replace("-", "−")


def signed(value: float | None, decimals: int = 0) -> str:
    """A difference with its sign: `+1 457`, `−887`; what rounds to zero has none."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 and text.strip("0,") else text


def chance(value: float | None) -> str:
    """A probability: `0,023`, and `< 0,001` for what is less; never rounded up to the limit of a test, 0,05."""
    if value is not None and value < _LEAST_CHANCE:
        return "< 0,001"
    decimals = 3
    while value is not None and value < _SIGNIFICANT and decimals < _MOST_DECIMALS:
        if rounded(value, decimals) < Decimal(str(_SIGNIFICANT)):
            break
        decimals += 1
    return number(value, decimals)


def effect_decimals(values: Iterable[float | None], *limits: float | None) -> int:
    """The number of decimals for estimated effects: none for thousands, two for others.

    Args:
        values: the estimates of all rows that are shown together. limits: those of one row's interval; decimals are
        added until none of them rounds to zero, since zero is the line between significant and not.
    """
    decimals = 0 if any(abs(value) >= _THOUSANDS for value in values if value is not None) else 2
    while decimals < _MOST_DECIMALS and any(limit and not rounded(limit, decimals) for limit in limits):
        decimals += 1
    return decimals
