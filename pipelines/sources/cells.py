"""Reads any table file as sheets of cells: .xlsx, .xls, .ods, and delimited text in several encodings.

Belongs here: opening such files safely, and clear errors for those that cannot be read. Does not belong here: what the
cells mean (`layout_reader.py`, `pipelines/submissions`).

The encoding and the delimiter of a text are detected and then verified; an ambiguous text is rejected.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook

from pipelines.errors import SourceError
from pipelines.text.normalise import plain, unwrapped, without_preamble

Cell = str | float | int | bool | date | datetime | None
Place = tuple[int, int]  # row and column, from 0

MAX_BYTES = 50_000_000
MAX_CELLS = 5_000_000
_MAX_UNPACKED = 500_000_000
_MAX_RATIO = 200
# What reading a damaged zip file raises; zipfile raises RuntimeError for an encrypted member or an unknown compression
# method.
DAMAGED_ZIP = (zipfile.BadZipFile, OSError, RuntimeError, ValueError, zlib.error, EOFError)
_DELIMITERS = ";,\t|"
WORKBOOKS, _TEXTS = {"xlsx", "xls", "ods"}, {"csv", "txt", "tsv"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Error messages of the CSV parser, with what is wrong and what was found.
_QUOTATION = {
    "field larger": ("a cell has more than 131 072 letters", "a cell without an end"),
    "unexpected end": ("a quotation mark is not closed", "no second quotation mark"),
    "expected after": ("a quotation mark stands within a cell", "letters after a quotation mark"),
}
_OTHER_UNICODE = (b"\xff\xfe", b"\xfe\xff")
_CELL = re.compile(rb"""\br\s*=\s*["'](?P<place>(?P<column>[A-Za-z]{1,3})(?P<row>[0-9]{1,7}))["']""")
# UTF-8 that was decoded as Windows-1252 and saved again.
_MOJIBAKE = re.compile("|".join(["\ufffd", "â€", *(c.encode().decode("cp1252") for c in "åäöÅÄÖéÉüÜ")]))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Characters of Windows-1252 that Swedish tables do not use; many of them mean another encoding.
_PLAUSIBLE = set("åäöÅÄÖéÉèÈüÜæÆøØëËïàÀáÁóÓôçßñ§½°±²³µ·×–—‘’“”…•€£«»´¨\u00a0\u00ad")


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, and its rows from the first row of the file on. Rows may differ in length.

    `percent`: the cells with a percentage format, where that was read (`workbook_formats.py`).
    """

    name: str
    rows: list[list[Cell]]
    percent: frozenset[Place] = frozenset()


def address(row: int, column: int) -> str:
    """The address of a cell in spreadsheet notation: row 7, column 2 (both from 1) is B7."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def read_sheets(body: bytes, name: str) -> list[Sheet]:
    """Every sheet of a file; a text file is one sheet, named as the file, all cells text (empty: None).

    Args:
        body: the file's bytes. name: its name, for its ending and for messages.

    Raises:
        SourceError: empty, too large, encrypted, with macros, not of the type that its ending says, or of unknown
        encoding.
    """
    ending = name.rsplit(".", maxsplit=1)[-1].lower() if "." in name else ""
    _refuse_by_size(body, name)
    if ending in WORKBOOKS:
        return _workbook(body, name, ending)
    if ending in _TEXTS:
        return [Sheet(name, _text_rows(body, name))]
    what = "a workbook with macros is not read" if ending == "xlsm" else "unknown kind of file"
    expected = "a name ending in .xlsx, .xls, .ods or .csv"
    raise SourceError(what, where=name, expected=expected, found=f".{ending}", remedy="save it as .xlsx or .csv")


def decode(body: bytes, name: str) -> str:
    """Decode UTF-8, with or without a byte order mark, or Windows-1252.

    Raises:
        SourceError: another encoding, or a text that was garbled before it arrived.
    """
    if body.startswith(_OTHER_UNICODE):
        raise _bad_text(name, "UTF-16")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = body.decode("cp1252")
        except UnicodeDecodeError as error:
            line = body[: error.start].count(b"\n") + 1
            raise _bad_text(f"{name}, line {line}", f"byte 0x{body[error.start]:02x}") from error
        strange = sorted({c for c in text if c > "\x7f"} - _PLAUSIBLE)
        if strange:
            raise _bad_text(name, f"the letters {' '.join(strange[:8])}") from None
    garbled = _MOJIBAKE.search(text)
    if garbled:
        line = text[: garbled.start()].count("\n") + 1
        raise SourceError(
            "the letters å, ä, ö have been garbled",
            where=f"{name}, line {line}",
            expected="å, ä, ö",
            found=repr(text[garbled.start() : garbled.start() + 4]),
            remedy="export the file again from where it was made, as UTF-8; what is garbled cannot be mended safely",
        )
    control = _CONTROL.search(text)
    if control:
        line = text[: control.start()].count("\n") + 1
        raise _bad_text(f"{name}, line {line}", f"the control character {control[0]!r}")
    return text


def _bad_text(where: str, found: str) -> SourceError:
    return SourceError(
        "the encoding of the text is not known",
        where=where,
        expected="UTF-8 or Windows-1252",
        found=found,
        remedy="save the file as CSV UTF-8",
    )


def _refuse_by_size(body: bytes, name: str) -> None:
    if not body.strip():
        raise SourceError("the file is empty", where=name, expected="a header and rows", found=f"{len(body)} bytes")
    if len(body) > MAX_BYTES:
        raise _too_large(name, f"{len(body)} bytes", f"at most {MAX_BYTES} bytes")


def _too_large(name: str, found: str, expected: str) -> SourceError:
    return SourceError("the file is too large", where=name, expected=expected, found=found, remedy="divide the file")


def _workbook(body: bytes, name: str, ending: str) -> list[Sheet]:
    if body.startswith(_OLE) and ending != "xls":
        raise SourceError(
            "the workbook is locked with a password, or is an old .xls under another name",
            where=name,
            expected=f".{ending} without a password",
            found="the format of .xls files and of locked ones",
            remedy="save it without a password as .xlsx",
        )
    if not body.startswith(_OLE if ending == "xls" else _ZIP):
        found = f"bytes that begin with {body[:8]!r}"
        raise SourceError(
            "the content is not what the file's ending says",
            where=name,
            expected=f"a workbook (.{ending})",
            found=found,
            remedy="give the file the ending of what it is, or save it as .xlsx",
        )
    if ending != "xls":
        _refuse_bomb(body, name)
    if ending == "xlsx":
        _refuse_far_cells(body, name)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(body))
        sheets = [Sheet(sheet, list(_rows(workbook, sheet))) for sheet in workbook.sheet_names]
    except (CalamineError, zipfile.BadZipFile, ValueError) as error:
        raise SourceError(
            "the workbook cannot be read",
            where=name,
            expected=f"a whole .{ending} file without a password",
            found=str(error)[:200],
            remedy="open it in a spreadsheet program and save it as .xlsx",
        ) from error
    cells = sum(len(row) for sheet in sheets for row in sheet.rows)
    if cells > MAX_CELLS:
        raise _too_large(name, f"{cells} cells", f"at most {MAX_CELLS} cells")
    return sheets


def _refuse_bomb(body: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            members = packed.infolist()
    except zipfile.BadZipFile as error:
        raise SourceError(
            "the workbook is damaged", where=name, expected="a whole file", found=str(error), remedy="send it again"
        ) from error
    unpacked = sum(m.file_size for m in members)
    if unpacked > _MAX_UNPACKED or unpacked > _MAX_RATIO * max(len(body), 1_000):
        raise _too_large(
            name, f"{unpacked} bytes when unpacked", f"at most {_MAX_UNPACKED} and {_MAX_RATIO} times packed"
        )
    if any(m.filename.lower().endswith("vbaproject.bin") for m in members):
        raise SourceError(
            "a workbook with macros is not read", where=name, expected="no macros", found="macros",
            remedy="save it as .xlsx",
        )  # fmt: skip


def _refuse_far_cells(body: bytes, name: str) -> None:
    """Reject a sheet with cells far out: a reader would allocate everything between them."""
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        for member in packed.namelist():
            if re.search(r"sheets?/[^/]+\.xml$", member, re.IGNORECASE):
                _refuse_span(_read_member(packed, member, name), member, name)


def _refuse_span(content: bytes, member: str, name: str) -> None:
    last_row, last_column, farthest = 0, 0, b""
    for match in _CELL.finditer(content):
        row, column = int(match["row"]), _number_of(match["column"])
        if row > last_row or column > last_column:
            last_row, last_column, farthest = max(row, last_row), max(column, last_column), match["place"]
    if last_row * last_column > MAX_CELLS:
        where = f"{name}, {member}"
        raise SourceError(
            "a cell stands far outside the table", where=where, expected=f"at most {MAX_CELLS} cells in a sheet",
            found=farthest.decode(),
            remedy="delete the rows and columns beside the table, also those that look empty, and save",
        )  # fmt: skip


def _number_of(letters: bytes) -> int:
    """The number of a column: A is 1, XFD 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _read_member(packed: zipfile.ZipFile, member: str, name: str) -> bytes:
    try:
        return packed.read(member)
    except DAMAGED_ZIP as error:
        raise SourceError(
            "the workbook is damaged", where=name, expected="a whole file", found=f"{member}: {error}"[:200],
            remedy="send it again",
        ) from error  # fmt: skip


def _rows(workbook: CalamineWorkbook, sheet: str) -> Iterator[list[Cell]]:
    for row in workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False):
        yield [_cell(value) for value in row]


def _cell(value: object) -> Cell:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return plain(value) or None
    if isinstance(value, bool | int | date | datetime):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, time | timedelta):
        return str(value)
    raise TypeError(f"a cell of type {type(value).__name__}")


def _text_rows(body: bytes, name: str) -> list[list[Cell]]:
    text, declared = without_preamble(decode(body, name))
    delimiters = declared if declared is not None and declared in _DELIMITERS else _DELIMITERS
    readings = {d: rows for d in delimiters if (rows := _delimited(text, d)) is not None}
    if not text.strip():
        found = "nothing but a byte order mark or blanks"
        raise SourceError("the file is empty", where=name, expected="a header and rows", found=found)
    if not readings:
        _refuse_quotation(text, name)
    if len(readings) != 1:
        widths = _widths(text)
        raise SourceError(
            "the delimiter cannot be told" if readings else "the rows have no common number of cells",
            where=name,
            expected="semicolon, comma, tab or | between cells, and as many cells in each row as in the first",
            found=widths,
            remedy="mend the rows that differ, or save the file as .xlsx",
        )
    (rows,) = readings.values()
    return [[plain(unwrapped(cell)) or None for cell in row] for row in rows]


def _refuse_quotation(text: str, name: str) -> None:
    """Reject unbalanced quotation marks and overlong cells, which corrupt a text with any delimiter."""
    told: dict[str, int] = {}
    for delimiter in (sign for sign in _DELIMITERS if sign in text):
        reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            told[str(error)] = max(line, told.get(str(error), 0))
        else:
            return
    for words, (what, found) in _QUOTATION.items():
        line = max((line for error, line in told.items() if words in error), default=0)
        if line:
            raise SourceError(
                what,
                where=f"{name}, line {line}",
                expected="quotation marks in pairs, around whole cells",
                found=found,
                remedy="mend the row, or save the file as .xlsx",
            )


def _delimited(text: str, delimiter: str) -> list[list[str]] | None:
    """The rows, if every non-empty row has the same number of cells, at least two; else None."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    widths = {len(row) for row in rows if any(row)}
    return rows if len(widths) == 1 and widths.pop() > 1 else None


def _widths(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()][:1000]
    told = []
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) + 1 for line in lines]
        if counts and counts[0] > 1:
            odd = next((n for n, count in enumerate(counts, 1) if count != counts[0]), None)
            told.append(f"{delimiter!r}: {counts[0]} cells" + (f", but {counts[odd - 1]} in row {odd}" if odd else ""))
    return "; ".join(told) or "no delimiter in the first row"
