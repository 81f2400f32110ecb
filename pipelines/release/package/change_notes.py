"""CHANGES.md: what differs from the previous release, in plain Swedish: revised values and changed definitions.

Belongs here: the text. Does not belong here: finding out what changed (the table `revision`, `release/diff.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from indicators.model.words import CHANGES, SEXES, UNCURATED
from pipelines.release.package.identity import Identity
from pipelines.release.package.release_data import Figures
from pipelines.text.swedish_numbers import number

_REVISED = """
    select r.indicator_id, i.title_sv, i.decimals, a.name as area, r.year, r.sex, r.old_value, r.new_value, r.change
    from revision as r
    join indicator as i on r.indicator_id = i.indicator_id
    join area as a on r.area_id = a.area_id
    order by r.indicator_id, abs(r.new_value - r.old_value) desc nulls last, r.area_id, r.year desc, r.sex
"""
_DEFINED = "select indicator_id, title_sv, definition_version"
_TABLE = "parquet/indicator.parquet"


@dataclass(frozen=True)
class Changes:
    """What changed.

    Args:
        revised: rows of `revision` with titles and names, the largest change of each indicator first.
        now, before: indicator_id, title_sv and definition_version; None if there is no previous release.
    """

    revised: pl.DataFrame
    now: pl.DataFrame
    before: pl.DataFrame | None

    @classmethod
    def of(cls, figures: Figures, before: Path | None) -> Changes:
        """The changes between the release in the folder `before` and that of the figures."""
        curated = f"{_DEFINED} from read_parquet(?) where theme <> '{UNCURATED}' order by 1"
        defined = figures.query(curated, [str(before / _TABLE)]) if before else None
        return cls(figures.query(_REVISED), figures.query(f"{_DEFINED} from indicator order by 1"), defined)

    def short(self, identity: Identity) -> str:
        """A summary in a sentence or two."""
        if identity.info.previous_release_id is None:
            return "Detta är den första utgåvan: det finns ingen före att jämföra med."
        counts = dict(self.revised.group_by("change").len().iter_rows())
        if not counts:
            return f"Inga värden har ändrats i källorna sedan utgåvan före, {identity.info.previous_release_id}."
        told = ", ".join(f"{number(counts.get(change, 0))} {word}" for change, word in CHANGES.items())
        return (
            f"{number(self.revised.height)} värden skiljer sig från utgåvan före, {identity.info.previous_release_id}: "
            f"{told}."
        )

    def text(self, identity: Identity) -> str:
        """The whole file, as Markdown."""
        lines = [f"# Ändringar i utgåva {identity.info.release_id}", "", f"{identity.date}. {self.short(identity)}", ""]
        if self.revised.height:
            lines += [
                "En ändrad uppgift i en källa syns också i det som är beräknat av den. Varje värde som ändrats står i "
                "tabellen `revision`, och alla värden som varit kända i `observation_vintage`.",
                "",
                *_by_indicator(self.revised),
                "",
            ]
        return "\n".join([*lines, *self._definitions()])

    def _definitions(self) -> list[str]:
        if self.before is None:
            return []
        both = self.now.join(self.before, on="indicator_id", how="inner", suffix="_before")
        found = {
            "Nya nyckeltal": self.now.join(self.before, on="indicator_id", how="anti"),
            "Nyckeltal som har tagits bort": self.before.join(self.now, on="indicator_id", how="anti"),
            "Nyckeltal med ny definition": both.filter(
                pl.col("definition_version") != pl.col("definition_version_before")
            ),
        }
        lines = ["## Definitioner", ""]
        for heading, rows in found.items():
            if rows.height:
                named = rows.sort("indicator_id").select("indicator_id", "title_sv").iter_rows()
                lines += [f"{heading}:", "", *(f"- {title} (`{i}`)" for i, title in named), ""]
        return lines if len(lines) > 2 else [*lines, "Inga nyckeltal är nya, borttagna eller omdefinierade.", ""]


def _by_indicator(revised: pl.DataFrame) -> list[str]:
    lines = [
        f"| nyckeltal | {' | '.join(CHANGES.values())} | största ändringen |",
        f"|---|{'---:|' * len(CHANGES)}---|",
    ]
    for (indicator,), rows in revised.group_by(["indicator_id"], maintain_order=True):
        counts = dict(rows.group_by("change").len().iter_rows())
        numbers = " | ".join(number(counts.get(change, 0)) for change in CHANGES)
        largest = rows.row(0, named=True)
        old, new = (number(largest[c], largest["decimals"]) for c in ("old_value", "new_value"))
        where = f"{largest['area']} {largest['year']}, {SEXES[largest['sex']].lower()}"
        lines.append(f"| {largest['title_sv']} (`{indicator}`) | {numbers} | {where}: {old} → {new} |")
    return lines
