"""What a person is told of similar municipalities. Belongs here: laying them out for the command line. Does not belong
here: finding them (`reading/similar_areas.py`).
"""

from __future__ import annotations

import math
from typing import Any

from pipelines.commands import terminal
from pipelines.commands.terminal_tables import Grid
from pipelines.reading.similar_areas import Answer
from pipelines.text.swedish_numbers import number, signed

_EXPLAINED = (
    "Avstånd: roten ur det vägda medelvärdet av variablernas kvadrerade skillnader, i standardavvikelser (sd) mellan "
    "årets kommuner. Närmare par: så stor del av alla kommunpar ligger närmare varandra. Procenten är variabelns "
    "bidrag till det kvadrerade avståndet."
)
_MOST_DIFFERENT = 2
_SMALL, _LARGE = 1, 100


def tell_similar(answer: Answer, titles: dict[str, str]) -> None:
    """Lay out the municipalities, what makes the difference, and what the reader has to know.

    Args:
        titles: of measures, by their ids.
    """
    choice = answer.choice
    out = terminal.out
    out.print(f"[bold]{answer.name} ({answer.area_id}), {answer.year}[/bold]")
    of_n = f" av {answer.compared - 1}" if choice.made_by != "kolada" else ""
    out.lines(f"De {len(answer.neighbours)} mest lika{of_n} kommunerna enligt: {choice.title_sv}")
    if choice.made_by == "kolada":
        out.lines(", ".join(f"{n['name']} ({n['area_id']})" for n in answer.neighbours))
        out.lines(f"Koladas uppsättning gäller från {choice.valid_from}; den har varken ordning eller avstånd.")
        return
    nearest = terminal.grid()
    nearest.add_column("", right=True)
    nearest.add_column("kommun", key=True)
    nearest.add_column("avstånd (sd)", right=True)
    nearest.add_column("närmare par", right=True)
    nearest.add_column("det som skiljer mest")
    for n in answer.neighbours:
        nearest.add_row(
            str(n["rank"]), f"{n['name']} ({n['area_id']})", number(n["distance"], 2),
            f"{number(n['distance_percentile'], 1)} %", _most_different(n["variables"]),
        )  # fmt: skip
    out.print(nearest)
    out.print(_values(answer))
    out.lines("Måtten: " + "; ".join(f"{m}: {titles[m]}" for m in _measures(answer)) + ".")
    out.lines(_EXPLAINED)
    for warning in answer.warnings:
        out.lines(warning)


def tell_sets(sets: list[dict[str, Any]]) -> None:
    """The standard sets, the default one first."""
    for row in sets:
        standing = " (används när ingen annan väljs)" if row["is_default"] else ""
        terminal.out.print(
            f"[bold]{row['recipe_id']}[/bold]: {row['title_sv']}, {row['neighbours']} kommuner{standing}"
        )
        terminal.out.lines(row["purpose_sv"], indent=2)
        if row["variables"]:
            terminal.out.lines(f"variabler: {row['variables']}", indent=2)


def _most_different(parts: list[dict[str, Any]]) -> str:
    told = [p for p in parts if p["contribution_pct"]][:_MOST_DIFFERENT]
    return ", ".join(
        f"{p['variable']} {signed(p['difference'], 1)} sd ({number(p['contribution_pct'])} %)" for p in told
    )


def _values(answer: Answer) -> Grid:
    """The values of each variable: the municipality's own and its neighbours', unlogged."""
    grid = terminal.grid()
    grid.add_column("variabel", key=True)
    grid.add_column("vikt", right=True)
    grid.add_column(answer.name, right=True)
    for n in answer.neighbours:
        grid.add_column(n["name"], right=True)
    for variable in answer.choice.variables:
        cells = [next(p for p in n["variables"] if p["variable"] == variable.name) for n in answer.neighbours]
        if cells:
            values = [cells[0]["value"], *(cell["similar_value"] for cell in cells)]
            told = [math.exp(v) if variable.is_log else v for v in values]
            places = _decimals(told)
            grid.add_row(variable.name, f"{variable.weight:g}".replace(".", ","), *(number(v, places) for v in told))
    return grid


def _decimals(values: list[float]) -> int:
    largest = max(map(abs, values))
    return 0 if largest >= 10 * _LARGE else 1 if largest >= _SMALL else 4


def _measures(answer: Answer) -> list[str]:
    return sorted({measure for variable in answer.choice.variables for measure in variable.measures})
