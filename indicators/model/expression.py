"""Parses expressions over measures into sums of products.

Belongs here: the grammar of `numerator`, `denominator` and `expression`. Does not belong here: evaluating them, which
the warehouse does in SQL for all rows at once. A term is `coefficient * measure_a * measure_b` with at most two
measures, so that one small table of terms can represent every expression, and sums over areas stay correct: a ratio's
terms are added before they are divided.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from indicators.errors import PortableError

MAX_FACTORS = 2


@dataclass(frozen=True, order=True)
class Term:
    """`coefficient * product of measures` (at most two measures, sorted by place in the text)."""

    coefficient: float
    measures: tuple[str, ...]


@dataclass(frozen=True)
class Quotient:
    """A sum of terms, divided by another when `denominator` is not empty."""

    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()

    @property
    def measures(self) -> list[str]:
        """Every measure named, once, in order."""
        return list(dict.fromkeys(m for t in (*self.numerator, *self.denominator) for m in t.measures))


_Sum: TypeAlias = tuple[Term, ...]
_ONE: _Sum = (Term(1.0, ()),)


class ExpressionError(PortableError, ValueError):
    """The text is not a valid expression."""


def parse_expression(text: str) -> Quotient:
    """Read an expression of + - * / over measure names and numbers.

    At most one division, and that outermost, so that numerator and denominator can be summed over areas.

    Raises:
        ExpressionError: unknown syntax, a division inside a sum, more than two measures multiplied, no measure at
            all, a denominator that is always zero, a number too large, a text nested too deep.
    """
    try:
        quotient = _quotient(text)
    except SyntaxError as error:
        raise ExpressionError(f"{text!r} is not an expression: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise ExpressionError(f"{text[:40]!r}… is nested too deep, or too long") from error
    except OverflowError as error:
        raise ExpressionError(f"{text[:40]!r}… holds a number that is too large") from error
    _check(quotient, text)
    return quotient


def _quotient(text: str) -> Quotient:
    tree = _tree(text)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and not _is_number(tree.right):
        return Quotient(_merge(_expand(tree.left)), _merge(_expand(tree.right)))
    return Quotient(_merge(_expand(tree)))


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except ValueError as error:  # what Python before 3.11.4 raises for a null character; later it is a SyntaxError
        raise ExpressionError(f"{text!r} is not an expression: {error}") from error


def _check(quotient: Quotient, text: str) -> None:
    if not any(term.measures for term in quotient.numerator):
        raise ExpressionError(f"{text!r} names no measure")
    if quotient.denominator and not any(term.coefficient for term in quotient.denominator):
        raise ExpressionError(f"{text!r} is a division by zero")
    for term in (*quotient.numerator, *quotient.denominator):
        if len(term.measures) > MAX_FACTORS:
            raise ExpressionError(f"{text!r} multiplies more than {MAX_FACTORS} measures: {term.measures}")
        if not math.isfinite(term.coefficient):
            raise ExpressionError(f"{text!r} holds a number that is too large")


def _expand(node: ast.expr) -> _Sum:
    match node:
        case ast.Constant(value=bool()):
            raise ExpressionError("a truth value is no number")
        case ast.Constant(value=int() | float() as number):
            return (Term(float(number), ()),)
        case ast.Name(id=name):
            return (Term(1.0, (name,)),)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _times(_expand(operand), (Term(-1.0, ()),))
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(op, left, right)
    raise ExpressionError(f"{ast.unparse(node)!r} is not allowed: only + - * / over measures and numbers")


def _combine(op: ast.operator, left: ast.expr, right: ast.expr) -> _Sum:
    if isinstance(op, ast.Div):
        if not _is_number(right):
            raise ExpressionError(f"{ast.unparse(right)!r}: only the outermost division may be by measures")
        divisor = _expand(right)[0].coefficient
        if divisor == 0:
            raise ExpressionError("division by zero")
        return _times(_expand(left), (Term(1.0 / divisor, ()),))
    operations: dict[type[ast.operator], Callable[[_Sum, _Sum], _Sum]] = {
        ast.Add: lambda a, b: a + b,
        ast.Sub: lambda a, b: a + _times(b, (Term(-1.0, ()),)),
        ast.Mult: _times,
    }
    if type(op) not in operations:
        raise ExpressionError(f"operator {type(op).__name__} is not allowed: only + - * /")
    return operations[type(op)](_expand(left), _expand(right))


def _times(a: _Sum, b: _Sum) -> _Sum:
    return tuple(Term(x.coefficient * y.coefficient, x.measures + y.measures) for x in a for y in b)


def _merge(terms: _Sum) -> _Sum:
    merged: dict[tuple[str, ...], Term] = {}
    for term in terms:
        key = tuple(sorted(term.measures))
        known = merged.get(key)
        merged[key] = Term((known.coefficient if known else 0.0) + term.coefficient, term.measures)
    return tuple(merged.values())


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
