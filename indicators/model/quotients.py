"""Numerator and denominator of an indicator, from its keys.

Belongs here: which keys of a declaration determine which part. Does not belong here: the grammar (`expression.py`).
"""

from __future__ import annotations

from indicators.model.expression import ExpressionError, Quotient, parse_expression
from indicators.model.indicator import Indicator


def quotient_of(indicator: Indicator) -> Quotient:
    """See `Catalogue.quotient`.

    Raises:
        ExpressionError: numerator, denominator or expression cannot be read.
    """
    if indicator.kind == "derived" and indicator.expression:
        return parse_expression(indicator.expression)
    if indicator.kind == "ratio" and indicator.numerator and indicator.denominator:
        top, bottom = parse_expression(indicator.numerator), parse_expression(indicator.denominator)
        if top.denominator or bottom.denominator:
            raise ExpressionError("numerator and denominator of a ratio hold no division themselves")
        return Quotient(top.numerator, bottom.numerator)
    if indicator.weight:
        weight = parse_expression(indicator.weight)
        if weight.denominator or any(len(term.measures) != 1 for term in weight.numerator):
            raise ExpressionError(f"weight {indicator.weight!r} is not a sum of measures")
        return Quotient((), weight.numerator)
    return Quotient((), ())
