"""Everything that is done with a submitted file before any of it may be stored.

Belongs here: the order of the steps: the search for personal identity numbers first, then reading, recognising,
validating, small numbers. Does not belong here: any of these steps, storing, or printing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from indicators.model.submission_template import SubmissionTemplate
from pipelines.disclosure.facts import Fact
from pipelines.errors import NyckeltalError, SourceError
from pipelines.processes.limited import TOO_MUCH, Bounds, call
from pipelines.sources.cells import Sheet
from pipelines.submissions import personal_search
from pipelines.submissions.facts import facts_of
from pipelines.submissions.file_opening import Opened
from pipelines.submissions.findings import Fault, Note
from pipelines.submissions.judging import Row, judge
from pipelines.submissions.recognising import Table, recognise

_BOUNDS = Bounds(memory_mb=1_000, cpu_seconds=60, seconds=300)
_AS_XLSX = "spara filen som .xlsx i ett kalkylprogram"
# The errors of the file readers in Swedish: what, expected, what to do.
_IN_SWEDISH = {
    "the file is empty": ("filen är tom", "rubriker och rader", "fyll i mallen och spara den"),
    "the file is too large": ("filen är för stor", "mallens blad och inget mer", "lämna bara mallens blad"),
    "filen är för stor": ("filen är för stor", "mallens blad och inget mer", "lämna bara mallens blad"),
    "the encoding of the text is not known": (
        "textens teckenkod går inte att avgöra", "UTF-8 eller Windows-1252", f"spara som CSV UTF-8, eller {_AS_XLSX}"),
    "the letters å, ä, ö have been garbled": (
        "bokstäverna å, ä och ö är förvanskade", "å, ä och ö", "exportera filen på nytt där den gjordes, som UTF-8"),
    "the workbook is locked with a password, or is an old .xls under another name": (
        "filen är låst med lösenord, eller har fel filändelse", "en fil utan lösenord", _AS_XLSX + " utan lösenord"),
    "the content is not what the file's ending says": (
        "innehållet är något annat än filändelsen säger", "en kalkylfil", _AS_XLSX),
    "the workbook cannot be read": ("filen går inte att läsa", "en hel kalkylfil", _AS_XLSX),
    "the workbook is damaged": ("filen är skadad", "en hel kalkylfil", "skicka eller spara filen på nytt"),
    "a workbook with macros is not read": ("filen innehåller makron", "en fil utan makron", _AS_XLSX),
    TOO_MUCH: (
        "filen går inte att läsa inom de gränser som gäller för minne och tid", "mallens blad och inget mer",
        "ta bort allt utom mallens tabell och spara som en ny .xlsx"),
    "a cell stands far outside the table": (
        "en cell står långt utanför tabellen", "mallens tabell och inget mer",
        "ta bort rader och kolumner bredvid tabellen, också de som ser tomma ut, och spara"),
    "filen har delar som mallen saknar": (
        "filen har delar som mallen saknar", "mallens blad och inget mer",
        "hämta mallen på nytt, klistra in bara värdena och lämna den filen"),
    "the delimiter cannot be told": (
        "det går inte att avgöra vilket tecken som skiljer cellerna", "semikolon mellan cellerna", _AS_XLSX),
    "the workbook is in the form Strict Open XML": (
        "filen har formen Strict Open XML, som inte läses", "en vanlig Excel-arbetsbok (.xlsx)",
        "välj Spara som i Excel och filtypen Excel-arbetsbok (.xlsx), inte Strict Open XML-kalkylblad"),
    "a quotation mark is not closed": (
        "ett citattecken är inte avslutat", "citattecken i par, runt hela celler",
        f"ta bort citattecknet eller sätt dit det som saknas, eller {_AS_XLSX}"),
    "a quotation mark stands within a cell": (
        "ett citattecken står inne i en cell", "citattecken i par, runt hela celler",
        f"ta bort citattecknet, eller {_AS_XLSX}"),
    "a cell has more than 131 072 letters": (
        "en cell har fler än 131 072 tecken", "korta celler, och citattecken i par",
        f"se efter om ett citattecken saknas på raden eller om cellen är för lång, eller {_AS_XLSX}"),
    "the rows have no common number of cells": (
        "raderna har olika antal celler", "lika många celler på varje rad som i rubriken",
        f"rätta raderna som skiljer sig, eller {_AS_XLSX}"),
}  # fmt: skip
# What was found, where the file readers' text is too technical.
_FOUND = {
    "the workbook cannot be read": "innehåll som inte går att tolka",
    "the workbook is damaged": "innehåll som inte går att packa upp",
    "the workbook is locked with a password, or is an old .xls under another name": (
        "formen för .xls-filer och för låsta filer"),
    "a workbook with macros is not read": "makron",
    TOO_MUCH: "mer än så, eller ett fel som avbröt läsningen",
    "a quotation mark is not closed": "inget andra citattecken",
    "a quotation mark stands within a cell": "bokstäver efter ett citattecken",
    "a cell has more than 131 072 letters": "en cell utan slut",
    "the file is empty": "inget innehåll",
}  # fmt: skip
_WORDS = (
    (r"\bwhen unpacked\b", "uppackad"), (r"\bthe letters\b", "bokstäverna"),
    (r"\bthe control character\b", "styrtecknet"), (r"b'([^']*)'", r"\1"),
    (r"\bcells\b", "celler"), (r", but\b", ", men"), (r"\bin row\b", "på rad"), (r"\bbytes\b", "byte"),
    ("byte that begin with", "byte som börjar med"),
    ("no delimiter in the first row", "inget skiljetecken på första raden"),
)  # fmt: skip


class PersonalNumberError(NyckeltalError):
    """The file contains what looks like a personal identity number, and is rejected as a whole.

    The number itself is never shown.
    """

    def __init__(self, place: str) -> None:
        super().__init__(
            "filen innehåller något som ser ut som ett personnummer eller samordningsnummer, en e-postadress eller ett "
            "telefonnummer",
            where=place,
            expected="bara sammanräknade uppgifter, utan något som pekar ut en person",
            found="visas inte; filen är inte sparad och ingen kopia är gjord",
            remedy="ta bort uppgiften, se efter om det finns fler, och lämna filen igen",
        )


@dataclass
class Examined:
    """The result for a file. `facts` may be stored, and are present only when there are no faults."""

    sheets: Sequence[Sheet]
    table: Table | None = None
    facts: list[Fact] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


def refuse_personal_name(name: str) -> None:
    """Check the file's name before any message contains it.

    Raises:
        PersonalNumberError: the name contains a number.
    """
    if place := personal_search.in_name(name):
        raise PersonalNumberError(place)


def examine(
    body: bytes,
    name: str,
    templates: Sequence[SubmissionTemplate],
    municipalities: Mapping[str, str],
    today: date,
    earlier: Sequence[Fact] = (),
) -> Examined:
    """Read a file and validate every cell of it.

    Args:
        municipalities: names by code. today: no year may be after it. earlier: every fact of submissions that was ever
        known, the oldest first; what readers saw before matters when small numbers are suppressed.

    Raises:
        PersonalNumberError: a personal identity number, anywhere. NyckeltalError: it cannot be read, in Swedish.
    """
    refuse_personal_name(name)
    opened = _opened(body, name)
    found = recognise(opened.sheets, templates)
    if place := personal_search.in_neighbours(opened, found.table):
        raise PersonalNumberError(place)
    examined = Examined(opened.sheets, found.table, faults=found.faults, notes=found.notes)
    examined.notes += [Note(*place) for place in opened.hidden]
    if found.table:
        shown_as_percent = opened.percent.get(found.table.sheet.name, set())
        judged = judge(found.table, municipalities, today, shown_as_percent)
        examined.faults += judged.faults
        examined.notes += judged.notes
        examined.rows = judged.rows
        if not examined.faults:
            examined.facts = facts_of(found.table.template, judged.rows, earlier)
    return examined


def _opened(body: bytes, name: str) -> Opened:
    """The cells, after nothing personal was found in them or anywhere else in the file.

    The file is opened and searched in a separate process; a crash of that process rejects the file.
    """
    try:
        found = call(personal_search.opened_and_searched, body, name, where=name, bounds=_BOUNDS)
    except SourceError as error:
        raise _in_swedish(error, name) from error
    if isinstance(found, str):
        raise PersonalNumberError(found)
    return found


def _in_swedish(error: SourceError, name: str) -> NyckeltalError:
    unknown = ("filen går inte att läsa", "en fil som är gjord efter mallen", _AS_XLSX)
    what, expected, remedy = _IN_SWEDISH.get(error.what, unknown)
    found = _FOUND.get(error.what, error.found if error.what in _IN_SWEDISH else "innehåll som inte går att tolka")
    for pattern, word in _WORDS:
        found = re.sub(pattern, word, found)
    line = re.search(r"line (\d+)", error.where)
    where = f"{name}, rad {line[1]}" if line else name
    return NyckeltalError(what, where=where, expected=expected, found=found, remedy=remedy)
