"""The steps of an explanation in the form that programs read: names and plain values, the same for command and API.

Belongs here: figures, measures, rows of history, files and places as mappings. Does not belong here: what any of them
is (`recomputing.py` and below), or texts for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indicators.generate.declared_rows import Inherited, aggregation
from pipelines.datasets import datasets, publisher_of
from pipelines.errors import NyckeltalError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indicators.model.declarations import Catalogue
    from pipelines.provenance.archived_places import ArchivedPlaces, Place
    from pipelines.provenance.archived_rows import ArchivedRows
    from pipelines.provenance.composites import IndexFigure, IndexInput
    from pipelines.provenance.corrected_facts import CorrectedFacts, Fact
    from pipelines.provenance.known_rows import KnownRow
    from pipelines.provenance.prices import IndexValue
    from pipelines.provenance.recomputing import Factor, Figure
    from pipelines.storage.archive import FileRecord

Record = dict[str, Any]


class Steps:
    """Makes steps, and collects the archived files that they name until `files` is asked for."""

    def __init__(
        self,
        catalogue: Catalogue,
        facts: CorrectedFacts,
        archived: ArchivedRows,
        places: ArchivedPlaces,
        names: Mapping[str, str],
    ) -> None:
        self._catalogue, self._facts, self._archived, self._places = catalogue, facts, archived, places
        self._names = names
        self._inherited = Inherited(catalogue)
        self._files: dict[str, tuple[FileRecord, KnownRow]] = {}

    def formula(self, indicator_id: str) -> Record:
        """How an indicator is declared to be computed."""
        i = self._catalogue.by_id[indicator_id]
        return {
            "kind": i.kind,
            "series": i.series,
            "numerator": i.numerator,
            "denominator": i.denominator,
            "multiplier": i.multiplier,
            "expression": i.expression,
            "weight": i.weight,
            "aggregation": aggregation(i),
            "mean_of_years": i.mean_of_years,
            "coverage": i.coverage.model_dump(mode="json") if i.coverage else None,
            "price_index": i.price_basis.index if i.price_basis else None,
            "price_year": i.price_basis.base_year if i.price_basis else None,
        }

    def recipe(self, composite_id: str) -> Record:
        """How an index is declared to be computed."""
        found = next(c for c in self._catalogue.composites if c.composite_id == composite_id)
        return {"kind": "composite"} | found.model_dump(mode="json")

    def breaks(self, indicator_id: str) -> list[Record]:
        """The first year of each new method of measurement, with the reason."""
        found = self._inherited.breaks(self._catalogue.by_id[indicator_id])
        return [{"year": year, "reason_sv": reason} for year, reason in found.items()]

    def not_collected(self, indicator_id: str) -> list[tuple[int, str]]:
        """The years in which the source did not measure, with the reason."""
        return [*self._inherited.not_collected(self._catalogue.by_id[indicator_id]).items()]

    def figure(self, figure: Figure) -> Record:
        """A figure: its formula's terms with their numbers, or of a group, its members."""
        told: Record = {
            "area_id": figure.area_id,
            "name": self._names.get(figure.area_id),
            "value": figure.value,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
        }
        if figure.members:
            present = [each for _, each in figure.members if each and each.value is not None]
            told |= {"members": len(figure.members), "members_with_value": len(present)}
            return told | {
                "of": [
                    (self.figure(each) if each else self._empty(member.area_id))
                    | {"member_of_by": self._row(member.row) if member.row else "indicators/registers/groups.yml"}
                    for member, each in figure.members
                ]
            }
        terms = [
            {
                "part": term.part,
                "coefficient": term.coefficient,
                "measures": [self._factor(factor, figure) for factor in term.factors],
                "value": term.value,
            }
            for term in figure.terms
        ]
        told |= {"terms": terms, "coverage": figure.coverage, "is_refused": figure.is_refused}
        if figure.deflator:
            base, own = (self._index(each) for each in (figure.deflator.base, figure.deflator.own))
            told["deflator"] = {"factor": figure.deflator.factor, "price_year": base, "own_year": own}
        return told

    def index(self, index: IndexFigure) -> Record:
        """An index: its inputs, each with the figure that it is made of."""
        return {
            "area_id": index.area_id,
            "name": self._names.get(index.area_id),
            "value": index.value,
            "coverage": index.coverage,
            "inputs": [self._input(each) for each in index.inputs],
            "inputs_without_value": [*index.missing],
        }

    def files(self) -> tuple[list[Record], list[NyckeltalError]]:
        """Each archived file that was named since this was asked last, and what is wrong with them."""
        told, wrong, home = list[Record](), list[NyckeltalError](), self._archived.archive
        for sha256, (record, row) in self._files.items():
            state = self._archived.state(sha256)
            path = home.object_path(sha256)
            if state != "whole":
                wrong += self._damage(sha256)
            publisher = publisher_of(row.dataset)
            told.append(
                {
                    "sha256": sha256,
                    "state": state,
                    "hash_stands": state == "whole",
                    "path": path.relative_to(home.home.parent).as_posix(),
                    "bytes": None if state == "missing" else path.stat().st_size,
                    "publisher": publisher.title,
                    "dataset": row.dataset,
                    "way": self._archived.fetch_of(row.delivery).way,
                    "url": record.url,
                    "fetched_at": record.fetched_at,
                    "published_at": record.published_at,
                    "licence": record.licence,
                    "attribution": record.attribution,
                }
            )
        self._files = {}
        return told, wrong

    def _damage(self, sha256: str) -> list[NyckeltalError]:
        try:
            self._archived.archive.read_path(sha256)
        except SourceError as error:
            return [error]
        return []

    def _empty(self, area_id: str) -> Record:
        return {"area_id": area_id, "name": self._names.get(area_id), "value": None, "terms": []}

    def _input(self, each: IndexInput) -> Record:
        return {
            "indicator_id": each.indicator_id,
            "title_sv": self._catalogue.by_id[each.indicator_id].title_sv,
            "input_year": each.input_year,
            "value": each.value,
            "mean": each.mean,
            "standard_deviation": each.deviation,
            "municipalities": each.areas,
            "z": each.z,
            "used_z": each.used_z,
            "turn": each.turn,
            "weight": each.weight,
            "made_of": self.figure(each.figure),
        }

    def _factor(self, factor: Factor, figure: Figure) -> Record:
        """A measure of a term: its fact, and each row of its history."""
        measure = self._catalogue.measure_by_id.get(factor.measure_id) if factor.measure_id else None
        fact, place = factor.fact, (figure.area_id, figure.year, figure.sex)
        correction = fact.correction if fact else None
        rows = self._facts.history(factor.dataset, factor.series, *place) if fact else []
        return {
            "measure_id": factor.measure_id,
            "title_sv": measure.title_sv if measure else figure.indicator.title_sv,
            "unit": measure.unit if measure else figure.indicator.unit,
            "dataset": factor.dataset,
            "series": factor.series,
            "value": fact.value if fact else None,
            "reason": self._reason(fact, figure) if fact else "no_row",
            "stated_value": fact.stated if fact else None,
            "correction": correction.model_dump(mode="json") if correction else None,
            "history": [self._row(row) for row in rows],
        }

    def _reason(self, fact: Fact, figure: Figure) -> str | None:
        """Why a fact has no value; a year in which nothing was collected is told as in the release."""
        is_uncollected = figure.year in dict(self.not_collected(figure.indicator.indicator_id))
        return "not_collected" if fact.reason == "published_missing" and is_uncollected else fact.reason

    def _index(self, index: IndexValue | None) -> Record | None:
        if index is None:
            return None
        return {
            "index_id": index.index_id,
            "year": index.year,
            "value": index.value,
            "issue": index.issue,
            "made_of": [{"value": value, **self._row(row)} for row, value in index.rows],
        }

    def _row(self, row: KnownRow) -> Record:
        """A row of history, with its file and where it stands there."""
        record = next(file for file in row.delivery.files if file.sha256 == row.sha256)
        self._files.setdefault(row.sha256, (record, row))
        told: Record = {
            "key": [*row.key],
            "value": row["value"] if "value" in _payload(row) else None,
            "status": row["status"] if "status" in _payload(row) else None,
            "known_from": row.known_from,
            "known_to": row.known_to,
            "revision": row.revision,
            "change": row.change,
            "delivery": row.delivery.number,
            "source_file_sha256": row.sha256,
        }
        places = self._places.of(row) if self._archived.stands(row.sha256) else ()
        return told | {"places": [_place(each) for each in places]}


def _payload(row: KnownRow) -> tuple[str, ...]:
    return datasets()[row.dataset].payload


def _place(place: Place) -> Record:
    return {"precision": place.precision, "where": place.where, "content": place.content}
