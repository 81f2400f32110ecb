"""Reading a picture back: what its marks say, by its own axes and keys, beside what its table says.

Belongs here: pixels to numbers. Does not belong here: what they ought to be.
"""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator

from pipelines.text.swedish_numbers import number

NARROW = "\u202f"


def value_of(text: str) -> float | None:
    """A Swedish number; None where the text is none."""
    plain = text.replace(NARROW, "").replace("−", "-").replace(",", ".")
    return float(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else None


def swedish(value: float, decimals: int = 0) -> str:
    """A number as pages show it."""
    return number(value, decimals).replace(" ", NARROW)


def table_of(figure: Locator) -> list[dict[str, str]]:
    """The rows of a figure's table, raw, by field."""
    rows: list[dict[str, str]] = figure.locator("table").evaluate(
        """table => {
            const heads = [...table.tHead.rows[0].cells];
            const raw = cell => cell.dataset.value ?? cell.textContent.trim();
            const fields = heads.filter(head => head.dataset.field);
            const read = row => fields.map(head => [head.dataset.field, raw(row.cells[head.cellIndex])]);
            return [...table.tBodies[0].rows].map(row => Object.fromEntries(read(row)));
        }"""
    )
    return rows


def texts_at(figure: Locator, role: str) -> list[tuple[str, float, float]]:
    """Texts of an axis or of marks with their places within the picture; marks within axes are not counted as marks."""
    found: list[tuple[str, float, float]] = figure.locator(f".drawing svg .{role} > text").evaluate_all(PLACES)
    return found


PLACES = """nodes => nodes.map(node => {
    const svg = node.ownerSVGElement.getBoundingClientRect();
    const at = new DOMPoint(0, 0).matrixTransform(node.getScreenCTM());
    return [node.textContent, at.x - svg.left, at.y - svg.top];
})"""


def points_of(figure: Locator) -> list[tuple[float, float]]:
    """(year, value) of every dot of a picture of lines, by its axes."""
    dots: list[tuple[str, float, float]] = figure.locator(".drawing svg .mark-symbol path").evaluate_all(PLACES)
    lines: list[tuple[str, float, float]] = figure.locator(".drawing svg .role-axis-grid line").evaluate_all(PLACES)
    labels = [(value_of(text), x) for text, x, _ in texts_at(figure, "role-axis-label")]
    years = [(v, x) for v, x in labels if v is not None and 1990 <= v <= 2030]
    levels = [v for v, _ in labels if v is not None and not 1990 <= v <= 2030]
    values = [(v, y) for v, (_, _, y) in zip(levels, lines, strict=True)]
    return [(_read(x, years), _read(y, values)) for _, x, y in dots]


def _read(at: float, scale: list[tuple[float, float]]) -> float:
    (v1, p1), (v2, p2) = scale[0], scale[-1]
    return v1 + (at - p1) * (v2 - v1) / (p2 - p1)


def fills_of(figure: Locator, role: str = "mark-shape") -> list[str]:
    """The fill of every mark of a kind."""
    found: list[Any] = figure.locator(f".drawing svg .{role} path").evaluate_all(
        "ns => ns.map(n => n.getAttribute('fill'))"
    )
    return [str(fill) for fill in found]
