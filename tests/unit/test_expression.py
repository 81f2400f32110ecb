"""Expressions mean what their text means, and whatever is no sum of products is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indicators.model.expression import MAX_FACTORS, ExpressionError, Quotient, Term, parse_expression

NAMES = ("alfa", "beta", "gamma")
NUMBERS = st.sampled_from(["1", "2", "100", "0.5", "1000", "3"])
WORTHS = st.fixed_dictionaries({name: st.integers(1, 50) for name in NAMES})


@st.composite
def factor(draw: st.DrawFn, degree: int) -> tuple[str, int]:
    """A factor as text, and how many measures it multiplies (at most `degree`)."""
    kind = draw(st.sampled_from(["number", "name", "sum", "minus"]))
    if kind == "name" and degree:
        return draw(st.sampled_from(NAMES)), 1
    if kind == "sum" and degree:
        text, used = draw(total(degree))
        return f"({text})", used
    if kind == "minus":
        text, used = draw(factor(degree))
        return f"-{text}", used
    return draw(NUMBERS), 0


@st.composite
def product(draw: st.DrawFn, degree: int) -> tuple[str, int]:
    text, used = draw(factor(degree))
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            text = f"{text} / {draw(NUMBERS)}"
        else:
            more, extra = draw(factor(degree - used))
            text, used = f"{text}{draw(st.sampled_from(['*', ' * ']))}{more}", used + extra
    return text, used


@st.composite
def total(draw: st.DrawFn, degree: int) -> tuple[str, int]:
    parts = draw(st.lists(product(degree), min_size=1, max_size=3))
    text = parts[0][0]
    for more, _ in parts[1:]:
        text = f"{text} {draw(st.sampled_from('+-'))} {more}"
    return text, max(used for _, used in parts)


@st.composite
def allowed_text(draw: st.DrawFn) -> str:
    """A text of the allowed kind: a sum, perhaps divided once by a sum in brackets."""
    top = draw(total(MAX_FACTORS))[0]
    if draw(st.booleans()):
        return f"({top}) / ({draw(total(MAX_FACTORS))[0]})"
    return top


def evaluated(terms: tuple[Term, ...], worths: dict[str, int]) -> float:
    return math.fsum(t.coefficient * math.prod(worths[m] for m in t.measures) for t in terms)


def size(terms: tuple[Term, ...], worths: dict[str, int]) -> float:
    return math.fsum(abs(t.coefficient) * math.prod(worths[m] for m in t.measures) for t in terms)


@given(text=allowed_text(), worths=WORTHS)
def test_a_parsed_expression_evaluates_to_what_its_text_evaluates_to(text: str, worths: dict[str, int]) -> None:
    assume(any(name in text.partition(" / (")[0] for name in NAMES))
    try:
        expected = eval(text, {"__builtins__": {}}, dict(worths))  # noqa: S307 - the test made the text
    except ZeroDivisionError:
        assume(False)
    try:
        quotient = parse_expression(text)
    except ExpressionError as error:
        why = str(error)
    else:
        why = ""
    # the only honest reasons left: no measure above the line, or nothing below it
    assert not why or "names no measure" in why or "division by zero" in why
    assume(not why)
    bottom = evaluated(quotient.denominator, worths) if quotient.denominator else 1.0
    slack = 1e-9 * (1 + size(quotient.numerator, worths) / abs(bottom))
    slack *= max(1.0, size(quotient.denominator, worths) / abs(bottom))
    assert math.isclose(evaluated(quotient.numerator, worths) / bottom, expected, rel_tol=1e-9, abs_tol=slack)


@given(text=allowed_text())
def test_terms_are_merged_and_multiply_two_measures_at_most(text: str) -> None:
    try:
        quotient = parse_expression(text)
    except ExpressionError:
        assume(False)
    for terms in (quotient.numerator, quotient.denominator):
        products = [tuple(sorted(t.measures)) for t in terms]
        assert len(set(products)) == len(products)
        assert all(len(p) <= MAX_FACTORS for p in products)
        assert all(math.isfinite(t.coefficient) for t in terms)


@given(text=st.text(max_size=30) | st.text(alphabet="ab01.+-*/() \t\n", max_size=20))
def test_any_text_is_either_read_or_refused_with_an_expression_error(text: str) -> None:
    try:
        quotient = parse_expression(text)
    except ExpressionError:
        return
    assert quotient.measures


def test_measures_are_named_once_in_the_order_of_the_text() -> None:
    assert parse_expression("100 * (beta + alfa) * gamma / alfa").measures == ["beta", "gamma", "alfa"]


def test_like_terms_are_added_whatever_the_order_of_their_factors() -> None:
    assert parse_expression("2 * alfa * beta + beta * alfa * 3") == Quotient((Term(5.0, ("beta", "alfa")),))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not an expression"),
        ("alfa beta", "not an expression"),
        ("alfa;beta", "not an expression"),
        ("alfa\x00", "not an expression"),
        ("1", "names no measure"),
        ("1 / alfa", "names no measure"),
        ("alfa * beta * gamma", "more than 2"),
        ("alfa / (alfa * beta * gamma)", "more than 2"),
        ("alfa / beta / gamma", "outermost"),
        ("alfa / beta + gamma", "outermost"),
        ("100 * (alfa / beta)", "outermost"),
        ("alfa / 0", "division by zero"),
        ("alfa / 0.0 / beta", "division by zero"),
        ("alfa / (beta - beta)", "division by zero"),
        ("alfa / (1 - 1)", "division by zero"),
        ("alfa ** 2", "Pow"),
        ("alfa // beta", "FloorDiv"),
        ("alfa % beta", "Mod"),
        ("alfa > beta", "not allowed"),
        ("alfa if beta else gamma", "not allowed"),
        ("alfa.real", "not allowed"),
        ("abs(alfa)", "not allowed"),
        ("alfa[0]", "not allowed"),
        ("lambda: alfa", "not allowed"),
        ("'text' * alfa", "not allowed"),
        ("1j * alfa", "not allowed"),
        ("True * alfa", "truth value"),
        ("alfa / True", "truth value"),
        ("1e400 * alfa", "too large"),
        ("1e308 * 1e308 * alfa", "too large"),
        ("9" * 400 + " * alfa", "too large"),
        ("-" * 5000 + "alfa", "too deep"),
        ("+".join(["alfa"] * 5000), "too deep"),
    ],
)
def test_what_is_no_sum_of_products_is_refused_and_the_reason_told(text: str, why: str) -> None:
    with pytest.raises(ExpressionError, match=why):
        parse_expression(text)
