"""Assembles the package: which files there are, their inputs, and the order in which they are written.

Belongs here: that order. Does not belong here: the content of a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

import polars as pl

from indicators.model import words
from pipelines.release.package import contents, datapackage, jsonstat, readme, schema_org, uncurated_csv
from pipelines.release.package.change_notes import Changes
from pipelines.release.package.contents import WORKBOOK, File
from pipelines.release.package.data_dictionary import codes, dictionary
from pipelines.release.package.dcat import Catalogue
from pipelines.release.package.delimited import FORMS, Form, write_csv
from pipelines.release.package.identity import Identity
from pipelines.release.package.release_data import TIDY, Figures
from pipelines.release.package.uncurated_csv import write_uncurated
from pipelines.release.package.workbook import widened, write_workbook
from pipelines.release.shared_files import ReleaseFiles
from pipelines.text.csv_values import fullest_first, readable

_AT_ONCE = 50_000  # rows
_EXTENT = "select min(year), max(year), count(*) from observation where value is not null"
_SOURCES = "select distinct source_id, licence, url from source_file order by all"


class Assembly:
    """The files of one package, and where they are written."""

    def __init__(self, figures: Figures, release_files: ReleaseFiles, identity: Identity, before: Path | None) -> None:
        self._figures, self._release_files, self._identity = figures, release_files, identity
        self._changes = Changes.of(figures, before)
        first, last, values = figures.query(_EXTENT).row(0)
        self._years = (int(first), int(last))
        short = self._changes.short(identity)
        rows = {theme: figures.rows_of(indicators) for theme, indicators in figures.themes.items()}
        self._parts = readme.about(
            identity, figures.indicator, int(values), self._years, short, rows, len(figures.uncurated)
        )

    def write(self) -> None:
        """Write every file."""
        sheets = [(words.THEMES[theme], self._theme(theme, i)) for theme, i in self._figures.themes.items()]
        write = partial(write_workbook, self._identity.info.created_at, self._parts, sheets, self._figures.indicator)
        self._release_files.put(WORKBOOK, [self._identity.decides(), self._parts], write)
        if others := self._figures.uncurated:
            folder, made_of = self._release_files.folder, [self._identity.info.input_hash, others]
            self._release_files.put(uncurated_csv.NAME, made_of, partial(write_uncurated, folder, others))
        self._texts()
        self._records([*contents.tables(self._release_files.folder), *contents.written_files(self._release_files)])

    def _theme(self, theme: str, indicators: list[str]) -> tuple[pl.DataFrame, list[int]]:
        """Make the sheet of a theme, and write its JSON-stat and CSV; CSV comes last, its text takes most memory."""
        rows = _Rows(self._figures, theme)
        sheet = widened(rows.all, self._figures.labelled)
        described = {row["indicator_id"]: row for row in self._figures.indicator.to_dicts()}
        for i in indicators:
            made_of = self._figures.made_of([i], jsonstat.DESCRIBED)
            write = partial(_write_cube, rows, described[i], self._figures.known_from(i))
            self._release_files.put(f"json-stat/{i}.json", made_of, write)
        made_of = self._figures.made_of(indicators, ["title_sv", "unit", "cost_concept"])
        for name, form in FORMS.items():
            write = partial(_write_rows, rows, form)
            self._release_files.put(f"csv/{name}/{theme}{form.ending}", made_of, write)
        return sheet

    def _texts(self) -> None:
        """Files made from small tables: written when their content changed."""
        for name, rows in (
            (contents.INDICATORS, self._figures.every_indicator),
            (contents.DICTIONARY, dictionary(self._figures)),
            (contents.CODES, codes(self._figures.area)),
        ):
            self._release_files.put(name, rows.to_dicts(), partial(write_csv, readable(fullest_first(rows))))
        self._text(contents.CHANGES, lambda: self._changes.text(self._identity))
        self._text(contents.README, lambda: readme.readme(self._parts))

    def _records(self, files: list[File]) -> None:
        """Files that describe the others, so they come last."""
        identity, years, indicator = self._identity, self._years, self._figures.indicator
        told, sources = dictionary(self._figures), self._figures.query(_SOURCES)
        forms = contents.distributions(files)
        graph = Catalogue(identity, years, self._changes.short(identity), forms)
        self._text(contents.TURTLE, graph.turtle)
        self._text(contents.JSON_LD, graph.json_ld)
        self._text(contents.SCHEMA_ORG, lambda: _json(schema_org.record(identity, years, indicator, forms)))
        self._text(contents.DATAPACKAGE, lambda: _json(datapackage.record(identity, files, told, sources)))

    def _text(self, name: str, make: Callable[[], str]) -> None:
        """A text about this very release: never the same as in the previous one."""
        self._release_files.text(name, self._identity.decides(), make)


class _Rows:
    """The rows of a theme, read only when a file needs to be written."""

    def __init__(self, figures: Figures, theme: str) -> None:
        self._figures, self._theme = figures, theme

    @cached_property
    def all(self) -> pl.DataFrame:
        """Every row."""
        return self._figures.rows(self._theme)

    @cached_property
    def cells(self) -> pl.DataFrame:
        """Every row with its labels, as CSV has them; made in chunks, because labels take most of a row's memory."""
        parts = fullest_first(self.all).iter_slices(_AT_ONCE)
        return pl.concat([readable(self._figures.labelled(part).select(TIDY)) for part in parts], rechunk=False)

    def of(self, indicator: str) -> pl.DataFrame:
        """Those of an indicator, with labels."""
        place = self._figures.indicator["indicator_id"].index_of(indicator)
        return self._figures.labelled(self.all.filter(pl.col("indicator") == place))


def _write_rows(rows: _Rows, form: Form, path: Path) -> None:
    write_csv(rows.cells, path, form)


def _write_cube(rows: _Rows, indicator: dict[str, object], updated: str, path: Path) -> None:
    path.write_bytes(jsonstat.dataset(rows.of(str(indicator["indicator_id"])), indicator, updated))


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
