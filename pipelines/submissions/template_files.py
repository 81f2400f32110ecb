"""The files that a municipality fills in, generated from the declaration of a template.

Belongs here: their sheets, columns, help texts and the spreadsheet's data validation. Does not belong here: which
figures are requested (`indicators/registers/submission_templates.yml`).
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from indicators.model.submission_template import SubmissionTemplate, TemplateField
from pipelines.errors import UsageError
from pipelines.storage.files import write_bytes
from pipelines.submissions.recognising import AREA, GUIDE, NAME, SEX, YEAR
from pipelines.submissions.workbook_writing import AS_TEXT, colour, put, put_row, set_widths

VALUES = "Uppgifter"
_ROWS = 300  # prepared rows
_REQUIRED, _OPTIONAL = "BDD7EE", "E7E6E6"
_HEADS = {
    AREA: "Kommunens kod med fyra siffror, till exempel 1440. Nollor i början ska vara kvar.",
    NAME: "Kommunens namn. Det jämförs med koden.",
    YEAR: "Det år som värdena avser, med fyra siffror.",
    SEX: "T för alla, K för kvinnor och M för män. Lämna alla tre raderna för året, eller bara T.",
}
_RULES = (
    "Fyll i en rad för varje år på bladet Uppgifter. Ändra inte rubrikerna. Blå rubriker är obligatoriska.",
    "Lämna en cell tom när värdet saknas. Skriv aldrig 0, streck eller text i stället för ett värde som saknas.",
    "Decimaler skrivs med komma eller punkt. Skriv inte tusental med punkt: 1.234 kan betyda två saker och nekas.",
    "Lämna aldrig uppgifter om enskilda personer. En fil med något som liknar ett personnummer eller samordningsnummer "
    "nekas i sin helhet, var det än står.",
    "Värden som bygger på färre än fem personer sparas inte och visas inte, inte heller värden som skulle röja dem. "
    "Lämna de verkliga antalen ändå; de behövs för att avgöra det.",
    "Lämna en rättad fil på samma sätt som den första. Det rättade värdet gäller, och det tidigare finns kvar i "
    "historiken. Töm cellen för att ta tillbaka ett värde.",
)


def write_template(template: SubmissionTemplate, target: Path) -> None:
    """Write a template as .xlsx, or as .csv (UTF-8 with a byte order mark, semicolons).

    Raises:
        UsageError: another ending, or there is such a file already, which somebody may have filled in.
    """
    forms = {".xlsx": _as_xlsx, ".csv": _as_csv}
    if target.suffix.lower() not in forms:
        raise UsageError(
            "mallen skrivs inte i den formen", expected="ett namn som slutar på .xlsx eller .csv", found=target.name,
            remedy="ge filen ett annat namn med --output",
        )  # fmt: skip
    if target.exists():
        raise UsageError(
            "filen finns redan", where=str(target), expected="ett namn som är ledigt",
            found="en fil som kan vara ifylld", remedy="välj ett annat namn med --output, eller flytta den gamla filen",
        )  # fmt: skip
    write_bytes(target, forms[target.suffix.lower()](template))


def _as_csv(template: SubmissionTemplate) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerow([*template.heads, *(f.heading for f in template.fields)])
    return text.getvalue().encode("utf-8-sig")


def _as_xlsx(template: SubmissionTemplate) -> bytes:
    book = Workbook()
    values = book.active
    assert isinstance(values, Worksheet)  # noqa: S101 - a new workbook has one
    values.title = VALUES
    _write_values(values, template)
    _write_guide(book.create_sheet(GUIDE), template)
    book.properties.creator = "nyckeltal"
    book.properties.title = template.title_sv
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def _write_values(sheet: Worksheet, template: SubmissionTemplate) -> None:
    for column, head in enumerate(template.heads, start=1):
        _write_head(sheet, column, head, _HEADS[head], required=True)
    for column, declared in enumerate(template.fields, start=len(template.heads) + 1):
        _write_head(sheet, column, declared.heading, declared.help_sv, required=declared.required)
        _check(sheet, column, _check_of(declared), declared.head_sv, declared.help_sv)
        decimals = f"0.{'0' * declared.decimals}" if declared.decimals else "0"
        _format(sheet, column, decimals)
    places = {head: column for column, head in enumerate(template.heads, start=1)}
    _format(sheet, places[AREA], AS_TEXT)
    length = DataValidation(type="textLength", operator="equal", formula1="4")
    _check(sheet, places[AREA], length, AREA, _HEADS[AREA])
    year = DataValidation(type="whole", operator="between", formula1=str(template.first_year), formula2="YEAR(TODAY())")
    _check(sheet, places[YEAR], year, YEAR, _HEADS[YEAR])
    if template.by_sex:
        _check(sheet, places[SEX], DataValidation(type="list", formula1='"T,K,M"'), SEX, _HEADS[SEX])
    sheet.row_dimensions[1].height = 60
    sheet.freeze_panes = f"{get_column_letter(len(template.heads) + 1)}2"


def _write_head(sheet: Worksheet, column: int, text: str, about: str, *, required: bool) -> None:
    cell = put(sheet, 1, column, text)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.fill = colour(_REQUIRED if required else _OPTIONAL)
    cell.comment = Comment(about, "nyckeltal", height=120, width=320)
    sheet.column_dimensions[get_column_letter(column)].width = 18


def _check_of(declared: TemplateField) -> DataValidation:
    kind: Literal["whole", "decimal"] = "whole" if declared.kind == "persons" else "decimal"
    return DataValidation(type=kind, operator="between", formula1=f"{declared.min:g}", formula2=f"{declared.max:.15g}")


def _check(sheet: Worksheet, column: int, check: DataValidation, head: str, about: str) -> None:
    """Data validation of a column; a spreadsheet accepts 32 characters for its title, and 255 for its text."""
    check.allow_blank = True
    check.promptTitle, check.prompt, check.showInputMessage = head[:32], about[:255], True
    check.errorTitle, check.error, check.showErrorMessage = "Värdet går inte att ta in", about[:225], True
    letter = get_column_letter(column)
    check.add(f"{letter}2:{letter}{_ROWS + 1}")
    sheet.add_data_validation(check)


def _format(sheet: Worksheet, column: int, number_format: str) -> None:
    for row in range(2, _ROWS + 2):
        sheet.cell(row, column).number_format = number_format


def _write_guide(sheet: Worksheet, template: SubmissionTemplate) -> None:
    put_row(sheet, 1, [template.title_sv], bold=True)
    for row, text in enumerate((template.about_sv, *_RULES), start=2):
        put_row(sheet, row, [text], wrap=True)
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=6)
        sheet.row_dimensions[row].height = 48
    row = len(_RULES) + 4
    put_row(sheet, row, ["Kolumn", "Enhet", "Obligatorisk", "Definition", "Hör ihop med", "Serie"], bold=True)
    for row, line in enumerate(_guide_lines(template), start=row + 1):  # noqa: B020 - it continues from there
        put_row(sheet, row, line, wrap=True)
    set_widths(sheet, [34, 10, 14, 70, 44, 34])


def _guide_lines(template: SubmissionTemplate) -> list[list[str]]:
    heads = {f.series: f.head_sv for f in template.fields}
    totals = {t.total: " + ".join(heads[part] for part in t.parts) for t in template.totals}
    lines = [[head, "", "ja", _HEADS[head], "", ""] for head in template.heads]
    for declared in template.fields:
        ties = [
            f"bygger på {heads[declared.persons]}" if declared.persons else "",
            f"högst {heads[declared.at_most]}" if declared.at_most else "",
            f"summan av {totals[declared.series]}" if declared.series in totals else "",
        ]
        needed = "ja" if declared.required else "nej"
        tied = "; ".join(filter(None, ties))
        lines.append([declared.heading, declared.unit, needed, declared.help_sv, tied, declared.series])
    return lines
