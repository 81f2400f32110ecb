"""The workbook: a readme, a sheet for each theme with years as columns, and a list of the indicators.

Belongs here: the layout of sheets. Does not belong here: which rows (`release_data.py`). Everything that comes from
data is written as a number or as text, never as a formula or a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from indicators.model import words
from pipelines.release.package import titles
from pipelines.release.package.sheet_rows import append_rows

MAX_ROWS = 1_048_575  # rows below the header that every program can read
_CELL = 32_767  # longest text in a cell
_SERIES = ["indicator", "area", "sex"]
# Heading, column of the rows, width. The years are between these two groups.
_BEFORE = (
    ("Områdeskod", "area_id", 11), ("Område", "area_name", 22), ("Nyckeltal", "title_sv", 46), ("Kön", "sex_label", 9),
    ("Enhet", "unit", 14),
)  # fmt: skip
_AFTER = (
    ("Områdestyp", "area_type_sv", 12), ("Nyckeltalets id", "indicator_id", 30), ("Anmärkning", "remark", 40),
    ("Kostnadsbegrepp", "cost_concept_sv", 30), ("Prisnivå", "price_basis", 22), ("Så anges källan", "attribution", 60),
)  # fmt: skip
_FROZEN = 3
_YEAR_WIDTH = 10
_INDICATOR = (
    ("Nyckeltalets id", "indicator_id", 36), ("Nyckeltal", "title_sv", 52), ("Definition", "definition_sv", 80),
    ("Vad det är till för", "purpose_sv", 60), ("Tema", "theme_sv", 14), ("Enhet", "unit", 16),
    ("Decimaler", "decimals", 10), ("Riktning", "polarity_sv", 18), ("Kostnadsbegrepp", "cost_concept_sv", 30),
    ("Prisnivå", "price_basis", 24), ("Täljare", "numerator", 30), ("Nämnare", "denominator", 30),
    ("Första år", "first_year", 10), ("Sista år", "last_year", 10), ("Brott i serien", "breaks", 50),
    ("Att veta", "notes", 60), ("Källa", "source_id", 14), ("Källans serier", "source_series", 20),
    ("Bearbetning", "level_sv", 20), ("Så anges källan", "attribution", 60), ("Villkor", "rights", 60),
)  # fmt: skip


class Book:
    """A workbook that is written row by row, in constant memory; large sheets a column at a time."""

    def __init__(self, path: Path, made: datetime) -> None:
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "tmpdir": str(path.parent),
            },
        )
        self._book.set_properties({"title": titles.TITLE_SV, "created": made})
        self._head = self._book.add_format({"bold": True, "bottom": 1, "valign": "top", "bg_color": "#EDEDED"})
        self._title = self._book.add_format({"bold": True, "font_size": 14})
        self._bold = self._book.add_format({"bold": True})
        self._wrap = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._numbers: dict[int, Format] = {}

    def close(self) -> None:
        """Write the file."""
        self._book.close()

    def text_sheet(self, name: str, title: str, parts: Iterable[tuple[str, Sequence[str]]]) -> None:
        """A sheet of paragraphs under headings."""
        sheet = self._book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 110, self._wrap)
        sheet.write_string(0, 0, title, self._title)
        row = 2
        for heading, paragraphs in parts:
            sheet.write_string(row, 0, heading, self._bold)
            for number, paragraph in enumerate(paragraphs, 1):
                sheet.write_string(row + number, 0, _text(paragraph), self._wrap)
            row += len(paragraphs) + 2

    def theme_sheets(self, name: str, wide: pl.DataFrame, years: list[int]) -> None:
        """The result of `widened` as a sheet, or several where a sheet's maximum of rows is exceeded."""
        columns = [*_BEFORE, *((str(y), str(y), _YEAR_WIDTH) for y in years), *_AFTER]
        for number, part in enumerate(wide.iter_slices(MAX_ROWS), 1):
            sheet = self._sheet(name if number == 1 else f"{name} {number}", columns, part.height, _FROZEN)
            formats = {decimals: self._number(decimals) for decimals in part["decimals"].unique(maintain_order=True)}
            append_rows(sheet, part.select(c for _, c, _ in columns), 1, part["decimals"], formats)

    def table_sheet(self, name: str, columns: Sequence[tuple[str, str, int]], rows: pl.DataFrame) -> None:
        """A table unchanged: numbers as numbers, all else as text."""
        sheet = self._sheet(name, columns, rows.height, 1)
        for number, row in enumerate(rows.select(c for _, c, _ in columns).iter_rows(), 1):
            for column, value in enumerate(row):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    sheet.write_string(number, column, _text(str(value)))

    def _sheet(self, name: str, columns: Sequence[tuple[str, str, int]], rows: int, frozen: int) -> Worksheet:
        sheet = self._book.add_worksheet(name)
        for number, (heading, _, width) in enumerate(columns):
            sheet.set_column(number, number, width)
            sheet.write_string(0, number, heading, self._head)
        sheet.freeze_panes(1, frozen)
        sheet.autofilter(0, 0, rows, len(columns) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:A{rows + 1}"})  # codes are text, so that 0180 keeps its zero
        return sheet

    def _number(self, decimals: int) -> Format:
        """The number format, in a workbook's notation `#,##0.0`; Swedish Excel shows `290 766,0`."""
        if decimals not in self._numbers:
            code = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
            self._numbers[decimals] = self._book.add_format({"num_format": code})
        return self._numbers[decimals]


def write_indicators(book: Book, indicator: pl.DataFrame) -> None:
    """The sheet that describes each indicator."""
    rows = indicator.with_columns(
        theme_sv=pl.col("theme").replace(words.THEMES),
        polarity_sv=pl.col("polarity").replace(words.POLARITIES),
        level_sv=pl.col("processing_level").replace(words.PROCESSING),
        cost_concept_sv=pl.col("cost_concept").replace(words.COST_CONCEPTS),
    )
    book.table_sheet("Indikatorer", _INDICATOR, rows)


Label = Callable[[pl.DataFrame], pl.DataFrame]


def widened(rows: pl.DataFrame, labelled: Label) -> tuple[pl.DataFrame, list[int]]:
    """A row for each indicator, area and sex, with a column for each year and the columns beside them; and the years.

    Args:
        rows, labelled: those of `release_data.py`.
    """
    years = sorted(rows["year"].unique().to_list())
    series = labelled(rows.group_by(_SERIES, maintain_order=True).agg(pl.col("price_basis").first()))
    values = rows.pivot(on="year", index=_SERIES, values="value")
    wide = (
        series.join(values, on=_SERIES, how="left", validate="1:1", maintain_order="left")
        .join(remarks(rows), on=_SERIES, how="left", validate="1:1", maintain_order="left")
        .with_columns(
            area_type_sv=pl.col("area_type").replace(words.AREA_TYPES),
            cost_concept_sv=pl.col("cost_concept").replace(words.COST_CONCEPTS),
        )
    )
    return wide.with_columns(_text_of(c) for c, kind in wide.schema.items() if kind == pl.String), years


def remarks(rows: pl.DataFrame) -> pl.DataFrame:
    """Remarks by series that cells cannot hold: missing years with reasons, preliminary years, and breaks."""
    reasons = {code: words.missing_reason(code) for code in rows["missing_reason"].unique().to_list()}
    why, lacks = pl.col("missing_reason").replace_strict(reasons, return_dtype=pl.String), pl.col("value").is_null()
    doubts = {code: f"varning, {words.said(words.CAUTIONS, code)}" for code in rows["caution"].unique().to_list()}
    doubt = pl.col("caution").replace_strict(doubts, return_dtype=pl.String)
    said = (
        (pl.col("caution").is_not_null() & ~lacks, doubt),
        (lacks | pl.col("missing_reason").is_not_null(), pl.when(lacks).then(pl.lit("saknas, ") + why).otherwise(why)),
        (pl.col("is_preliminary"), pl.lit("preliminärt")),
        (pl.col("break_before"), pl.lit("brott i serien före")),
    )
    by_word = pl.concat(
        rows.filter(holds)
        .group_by(*_SERIES, word=word, maintain_order=True)
        .agg(years=pl.col("year").cast(pl.String).str.join(", "))
        for holds, word in said
    )
    told = pl.format("{}: {}", "years", "word").str.join("; ")
    return by_word.group_by(_SERIES, maintain_order=True).agg(remark=told)


def _text_of(column: str) -> pl.Expr:
    """`_text` for a whole column."""
    text = pl.col(column).str.slice(0, _CELL)
    return pl.when(text.str.starts_with("<r>")).then(pl.lit(" ") + text).otherwise(text).alias(column)


def _text(value: str) -> str:
    """A text as a cell can hold it. XlsxWriter interprets a leading `<r>` as markup, so such a text gets a space."""
    value = value[:_CELL]
    return f" {value}" if value.startswith("<r>") else value


def write_workbook(
    made: datetime,
    parts: Iterable[tuple[str, Sequence[str]]],
    themes: Iterable[tuple[str, tuple[pl.DataFrame, list[int]]]],
    indicator: pl.DataFrame,
    path: Path,
) -> None:
    """Write the whole workbook.

    Args:
        made: when the release was made. parts: headings and paragraphs of the first sheet. themes: names of sheets
        with the result of `widened`, one at a time. indicator: the table.
    """
    book = Book(path, made)
    book.text_sheet("Läs mig", titles.TITLE_SV, parts)
    for name, (wide, years) in themes:
        book.theme_sheets(name, wide, years)
    write_indicators(book, indicator)
    book.close()
