"""An explanation of one published value: every step down to the archived bytes, and whether the arithmetic holds.

Belongs here: putting together what a release says, what the value is made of, and what was found wrong. Does not belong
here: the arithmetic (`recomputing.py`, `composites.py`), the form that an explanation has for programs
(`explained_steps.py`) or for people (`commands/explain_output.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indicators.load.catalogue import load_catalogue
from pipelines.errors import NyckeltalError, UsageError
from pipelines.provenance.archived_places import ArchivedPlaces
from pipelines.provenance.archived_rows import ArchivedRows
from pipelines.provenance.arithmetic import is_same
from pipelines.provenance.composites import Composites, IndexFigure
from pipelines.provenance.corrected_facts import Contents, CorrectedFacts, DifferingError, is_unreadable
from pipelines.provenance.explained_steps import Steps
from pipelines.provenance.known_rows import KnownRows
from pipelines.provenance.members import Members
from pipelines.provenance.prices import Prices
from pipelines.provenance.published import Published, Record
from pipelines.provenance.recomputing import Figure, Recomputing
from pipelines.storage import release_pointer

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from indicators.model.declarations import Catalogue
    from pipelines.settings import Settings

SEXES = ("T", "K", "M")


@dataclass(frozen=True)
class Explanation:
    """An explanation for a program (`told`), and what was found wrong on the way."""

    told: Record
    faults: tuple[NyckeltalError, ...]


class Explainer:
    """Explains values of one release; what was read for one value serves the next.

    Args:
        con: the release, opened for reading. folder: the release's own folder. recompute: whether the numbers are read
        anew from the archived bytes, instead of from the vintages. catalogue: the declarations, where they have been
        loaded.
    """

    def __init__(
        self,
        settings: Settings,
        con: duckdb.DuckDBPyConnection,
        folder: Path,
        *,
        recompute: bool = False,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.recompute = recompute
        self.has_archive = has_archive(settings)
        self._settings = settings
        self._published = Published(con)
        self._catalogue = catalogue or load_catalogue(settings.declarations_dir)
        self._known = KnownRows(settings, release_pointer.info(folder).deliveries)
        self._archived = ArchivedRows(settings)
        contents = Contents(self._archived if recompute else None)
        facts = CorrectedFacts(self._catalogue, self._known, contents, self._published.is_unit)
        prices = Prices(self._catalogue, self._known, contents)
        members = Members(self._catalogue, self._known, contents)
        self._recomputing = Recomputing(self._catalogue, facts, prices, members)
        self._composites = Composites(self._catalogue, self._recomputing, self._published.trusted)
        places = ArchivedPlaces(self._archived)
        self._steps = Steps(self._catalogue, facts, self._archived, places, self._published.names())

    def close(self) -> None:
        """Remove what was parsed; the release stays open."""
        self._known.close()
        self._archived.close()

    def explain(self, name: str, area: str, year: int, sex: str = "T") -> Explanation:
        """Explain the value of an indicator or an index.

        Args:
            name: an indicator_id or a composite_id. area: a code or a name.

        Raises:
            UsageError: there is no such indicator, area or sex, or no row of it. DamagedError: the vintages, or the
            records of the archive, are not as they were written.
        """
        if sex not in SEXES:
            raise UsageError("there is no such sex", expected=", ".join(SEXES), found=sex)
        kind, thing = self._published.thing(name)
        place = self._published.area(area)
        told = {"explained": kind, kind: thing, "area": place, "year": year, "sex": sex}
        whole = told | {"of_members": self._is_group(place["area_id"]), "release": self._published.release()}
        if kind == "composite":
            return self._composite(name, place, year, sex, whole)
        return self._observation(name, place, year, sex, whole)

    def check(self, name: str, area_id: str, year: int, sex: str) -> tuple[NyckeltalError, ...]:
        """What is wrong with a value: that the arithmetic gives another, or with the rows that it is made of."""
        kind, _ = self._published.thing(name)
        if kind == "composite":
            index = self._composites.figure(name, area_id, year)
            return tuple(self._faults(self._published.composite(name, area_id, year), index, name))
        figure = self._recomputing.figure(name, area_id, year, sex)
        return tuple(self._faults(self._published.observation(name, area_id, year, sex), figure, name))

    def _observation(self, name: str, place: Record, year: int, sex: str, told: Record) -> Explanation:
        area_id = place["area_id"]
        row = self._published.observation(name, area_id, year, sex)
        if row is None:
            raise self._no_row(told["indicator"], place, year, sex)
        correction = self._published.correction(row["correction_id"]) if row["correction_id"] else None
        told |= {
            "published": row,
            "history": self._published.history(name, area_id, year, sex),
            "correction": correction,
            "formula": self._steps.formula(name),
            "breaks": self._steps.breaks(name),
            "not_collected": self._uncollected(name, row),
            "cite_sv": _cite(told),
        }
        if not self.has_archive:
            return self._without_archive(told, self._of_release(name, row, year))
        figure = self._recomputing.figure(name, area_id, year, sex)
        made_of = self._steps.figure(figure) if figure else None
        return self._explained(told, figure, made_of, tuple(self._faults(row, figure, name)))

    def _composite(self, name: str, place: Record, year: int, sex: str, told: Record) -> Explanation:
        area_id = place["area_id"]
        row = self._published.composite(name, area_id, year)
        if sex != "T" or row is None:
            raise UsageError(
                "there is no value of this index",
                where=f"{name}, {area_id} {place['name']}, {year}, {sex}",
                expected="a municipality and a year of the table composite, and the sex T",
                remedy=f"nyckeltal sql \"select area_id, year from composite where composite_id = '{name}'\"",
            )
        told |= {"published": row, "history": [], "correction": None, "formula": self._steps.recipe(name)}
        inputs = [each | self._state(each, area_id) for each in self._published.composite_inputs(name, area_id, year)]
        told["breaks"] = [{"indicator_id": i["indicator_id"], **b} for i in inputs for b in i["breaks"]]
        told["cite_sv"] = _cite(told, [each["indicator_id"] for each in inputs])
        if not self.has_archive:
            return self._without_archive(told, {"inputs": inputs})
        index = self._composites.figure(name, area_id, year)
        made_of = self._steps.index(index) if index else None
        if index and made_of:
            for each in made_of["inputs"]:
                each.update(self._state(each, area_id))
            made_of["inputs_unreadable"] = [n for n in index.missing if self._is_unreadable(n, area_id, year)]
        return self._explained(told, index, made_of, tuple(self._faults(row, index, name)))

    def _explained(
        self, told: Record, figure: Figure | IndexFigure | None, made_of: Record | None, faults: tuple[Any, ...]
    ) -> Explanation:
        files, of_files = self._steps.files()
        is_read = not any(map(is_unreadable, faults))
        value = figure.value if figure and is_read else None
        published = told["published"]["value"]
        arithmetic = {
            "numbers_from": "archived_bytes" if self.recompute else "vintages",
            "value": value,
            "holds": is_same(value, published) if is_read else None,
        }
        found = tuple({str(fault): fault for fault in (*of_files, *faults)}.values())
        whole = told | {"made_of": made_of, "arithmetic": arithmetic, "files": files, "has_archive": True}
        return Explanation(whole | {"faults": [fault.parts() for fault in found]}, found)

    def _without_archive(self, told: Record, made_of: Record) -> Explanation:
        error = no_archive(self._settings)
        whole = told | {"made_of": made_of, "arithmetic": None, "files": [], "has_archive": False}
        return Explanation(whole | {"faults": [error.parts()]}, (error,))

    def _of_release(self, name: str, row: Record, year: int) -> Record:
        """As much as the release itself holds: the measures' values, and the file of the newest change."""
        indicator = self._catalogue.by_id[name]
        values = self._published.measure_values(
            self._catalogue.quotient(indicator).measures, row["area_id"], year, row["sex"]
        )
        is_own = indicator.kind == "published"
        told: Record = {"measures": [each | {"is_weight": is_own} for each in values]}
        if is_own:
            told["series"] = {"dataset": indicator.dataset, "series": indicator.series, "title_sv": indicator.title_sv}
            if not indicator.is_deflated and not self._is_group(row["area_id"]):
                told["series"] |= {"value": row["value"], "reason": row["missing_reason"], "unit": indicator.unit}
        return told | {"source_file": self._published.source_file(row["source_file_sha256"])}

    def _is_group(self, area_id: str) -> bool:
        """Whether its values are made of those of its members."""
        return any(group.group_id == area_id and group.aggregate for group in self._catalogue.groups)

    def _uncollected(self, name: str, row: Record) -> Record | None:
        """The reason why nothing was collected, of a value that is missing since nothing was."""
        reasons = dict(self._steps.not_collected(name))
        is_told = row["value"] is None and row["year"] in reasons
        return {"year": row["year"], "reason_sv": reasons[row["year"]]} if is_told else None

    def _is_unreadable(self, name: str, area_id: str, year: int) -> bool:
        """Whether an input of an index lacks its value since it cannot be read; its files are named then."""
        figure = self._recomputing.figure(name, area_id, year, "T")
        if figure is None or not any(map(is_unreadable, figure.faults())):
            return False
        self._steps.figure(figure)
        return True

    def _state(self, each: Record, area_id: str) -> Record:
        """What the release says of an input of an index, and the breaks of its series."""
        name = each["indicator_id"]
        row = self._published.observation(name, area_id, each["input_year"], "T") or {}
        told = {column: row.get(column) for column in ("status", "known_from", "caution")}
        return told | {"breaks": self._steps.breaks(name)}

    def _faults(self, row: Record | None, figure: Figure | IndexFigure | None, name: str) -> Iterator[NyckeltalError]:
        faults = [*figure.faults()] if figure else []
        yield from faults
        if any(map(is_unreadable, faults)):
            return
        published, value = row["value"] if row else None, figure.value if figure else None
        if not is_same(published, value):
            yield DifferingError(
                "the published value is not what the arithmetic gives",
                where=f"{name}, {', '.join(str(row[c]) for c in ('area_id', 'year'))}" if row else name,
                expected=f"{published!r}, as published",
                found=f"{value!r}, from the {'archived bytes' if self.recompute else 'vintages'}",
                remedy="run `nyckeltal verify --deep`; if nothing is damaged, the declarations or the code have "
                "changed since the release was made (`nyckeltal rebuild` makes it anew), or it is a bug: report it",
            )

    def _no_row(self, thing: Record, place: Record, year: int, sex: str) -> UsageError:
        name = thing["indicator_id"]
        if thing["no_values_sv"]:
            return UsageError(
                "the indicator has no values in this release", where=name, found=str(thing["no_values_sv"]),
                remedy=f"nyckeltal indicators show {name}",
            )  # fmt: skip
        years = self._published.years(name, place["area_id"], sex)
        reason = next((told for first, told in self._steps.not_collected(name) if first == year), "")
        found = f"rows for {', '.join(map(str, years))}" if years else "no rows of this area and sex"
        return UsageError(
            "the release has no row of this value",
            where=f"{name}, {place['area_id']} {place['name']}, {year}, {sex}",
            expected="an indicator, area, year and sex that the source gives, with or without a value",
            found=f"{found}; {year}: {reason}" if reason else found,
            remedy=""
            if years
            else "see which areas and sexes there are: nyckeltal sql "
            f"\"select area_id, sex, count(value) from observation where indicator_id = '{name}' group by all\"",
        )


def _cite(told: Record, inputs: Sequence[str] = ()) -> str:
    """How to cite a value: its source, and of what is computed here the release too."""
    release = f"utgåva {told['release']['release_id']}"
    if told["explained"] == "composite":
        return f"Egen beräkning; underlag: nyckeltalen {', '.join(inputs)}; {release}"
    thing = told["indicator"]
    if told["of_members"]:
        return f"{thing['group_attribution']}; {release}"
    return (
        f"{thing['attribution']}; {release}" if thing["processing_level"] == "computed" else str(thing["attribution"])
    )


def has_archive(settings: Settings) -> bool:
    """Whether archive and vintages lie beside the releases."""
    return (settings.archive_dir / "objects").is_dir() and settings.vintages_dir.is_dir()


def no_archive(settings: Settings | None) -> UsageError:
    """The error where there is a release, and no archive or no vintages beside it."""
    return UsageError(
        "provenance to the byte needs the archive and the vintages, and they are not here",
        where=str(settings.data_dir) if settings else "",
        expected="the folders archive and vintages beside releases",
        found="releases alone",
        remedy="ask where the release was made, or restore a backup of that data folder: nyckeltal restore",
    )
