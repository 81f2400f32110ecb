"""The sparkline beside a value. Belongs here: one SVG without script; the figures are in the text beside it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, EDGE = 96, 24, 3


def sparkline(years: Sequence[int], values: Sequence[float | None], breaks: Sequence[bool]) -> Markup:
    """The series as an SVG of 96 by 24; the line is interrupted at missing values and breaks.

    Args:
        years, values, breaks: one for each year, in order; `breaks` says whether the series was redefined that year.
    """
    known = [v for v in values if v is not None]
    if not known:
        return Markup("")
    low, high = min(known), max(known)
    span_years, span = max(years[-1] - years[0], 1), high - low

    def point(year: int, value: float) -> tuple[float, float]:
        x = EDGE + (WIDTH - 2 * EDGE) * (year - years[0]) / span_years
        y = HEIGHT / 2 if span == 0 else HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / span
        return round(x, 1), round(y, 1)

    runs: list[list[tuple[float, float]]] = [[]]
    before = None
    for year, value, broken in zip(years, values, breaks, strict=True):
        if value is None or broken or (before is not None and year != before + 1):
            runs.append([])
        if value is not None:
            runs[-1].append(point(year, value))
        before = year
    path = "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in run) for run in runs if len(run) > 1)
    dots = "".join(f'<circle cx="{run[0][0]:g}" cy="{run[0][1]:g}" r="1"/>' for run in runs if len(run) == 1)
    last = point(*next((y, v) for y, v in zip(reversed(years), reversed(values), strict=True) if v is not None))
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"><path d="{path}"/>{dots}'
        f'<circle class="last" cx="{last[0]:g}" cy="{last[1]:g}" r="2"/></svg>'
    )
