"""The rows of a large sheet, written by polars a column at a time instead of by XlsxWriter a cell at a time.

XlsxWriter takes Python time for every cell, and the sheets of the themes have two million. It makes everything else of
a workbook, and in constant memory it keeps the rows of a sheet as XML in a file beside: they are added there.
Belongs here: that XML, the same as XlsxWriter's own except that numbers keep all their digits. Does not belong here:
the layout of sheets (`workbook.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

import polars as pl
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet
from xlsxwriter.xmlwriter import XMLwriter

_AT_ONCE = 5_000  # rows; a row of a theme is about 5 kB of XML
_ROW, _FORMAT = "_row", "_format"


def append_rows(
    sheet: Worksheet, rows: pl.DataFrame, first: int, shown: pl.Series, formats: Mapping[int, Format]
) -> None:
    """Add rows to a sheet of a workbook in constant memory, below those that it has. Nothing is a formula or a link.

    Args:
        rows: one column for each of the sheet, from its first on; text is written as text, floating point numbers as
        numbers, and null, NaN and infinity as no cell. first: the number of the first row, counted from 0.
        shown: the key of each row's number format in `formats`.
    """
    if rows.is_empty():
        return
    last = first + rows.height - 1
    sheet._write_single_row(last)  # the rows before are written
    sheet._check_dimensions(last, rows.width - 1)
    styles = {key: str(made._get_xf_index()) for key, made in formats.items()}
    numbered = rows.with_columns(
        pl.int_range(first + 1, last + 2, dtype=pl.UInt32).cast(pl.String).alias(_ROW),
        shown.replace_strict(styles, return_dtype=pl.String).alias(_FORMAT),
        *(_inline(rows[name]) for name, kind in rows.schema.items() if kind == pl.String),
    )
    cells = [_cell(name, xl_col_to_name(place), kind) for place, (name, kind) in enumerate(rows.schema.items())]
    row = pl.concat_str(
        pl.lit('<row r="'), _ROW, pl.lit('">'), *cells, pl.lit("</row>"), ignore_nulls=True
    )  # fmt: skip
    for part in numbered.iter_slices(_AT_ONCE):
        sheet.row_data_fh.write("".join(part.select(row).to_series()))


def _cell(name: str, letters: str, kind: pl.DataType) -> pl.Expr:
    """The cells of a column; null where there is none."""
    if kind == pl.String:
        return pl.format(f'<c r="{letters}{{}}" t="inlineStr"><is>{{}}</is></c>', _ROW, name)
    number = pl.when(pl.col(name).is_finite()).then(pl.col(name)).cast(pl.String).str.strip_suffix(".0")
    return pl.format(f'<c r="{letters}{{}}" s="{{}}"><v>{{}}</v></c>', _ROW, _FORMAT, number)


def _inline(column: pl.Series) -> pl.Series:
    """Texts as XML. Few distinct texts stand in many rows, so each is made once."""
    told = column.unique().drop_nulls()
    return column.replace_strict(told, [_text(text) for text in told], default=None, return_dtype=pl.String)


def _text(text: str) -> str:
    text = XMLwriter._escape_control_characters(text)
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    return f"<t{kept}>{escape(text)}</t>"
