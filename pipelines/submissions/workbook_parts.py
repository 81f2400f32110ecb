"""The parts of a workbook: those of a template, or that a spreadsheet program adds when it saves one.

Belongs here: rejecting a file with any other part, and with bytes outside all parts. Does not belong here: the content
of the parts (`personal_search.py`). Pictures, embedded files, macros, links, printer settings and hidden bytes cannot
be searched for what identifies a person, and no template needs them.
"""

from __future__ import annotations

import io
import re
from zipfile import ZipFile, ZipInfo

from pipelines.errors import SourceError
from pipelines.sources.cells import DAMAGED_ZIP

_KNOWN = re.compile(
    r"\[content_types\]\.xml|_rels/\.rels|docprops/(?:app|core|custom)\.xml|docmetadata/labelinfo\.xml"
    r"|xl/(?:workbook|styles|sharedstrings|calcchain|metadata)\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/theme\d+\.xml"
    r"|xl/worksheets/sheet\d+\.xml|xl/worksheets/_rels/sheet\d+\.xml\.rels"
    r"|xl/(?:comments\d*|comments/comment\d+)\.xml|xl/drawings/(?:vmldrawing|commentsdrawing|legacydrawing)\d+\.vml",
    re.IGNORECASE,
)
_NAMES = (
    ("media/", "en bild eller ett annat medium"), ("embeddings/", "en inbäddad fil"), ("vba", "makron"),
    ("threadedcomment", "trådade kommentarer"), ("persons/", "trådade kommentarer"), ("customxml", "egen XML"),
    ("externallink", "länkar till andra filer"), ("printersettings", "skrivarinställningar"),
    ("drawing", "en ritning eller ett diagram"), ("chart", "ett diagram"),
)  # fmt: skip
_NOT_PLAIN = re.compile(rb"<!--|<!DOCTYPE|<!ENTITY|<\?(?!xml[\s?])|\x00", re.IGNORECASE)
_DESCRIPTOR = 24  # maximum bytes between two parts: sizes and a checksum of the first
_END = 22  # bytes of the end record of an archive without a comment


def refuse_foreign_parts(body: bytes, name: str) -> None:
    """Check every part of an .xlsx file.

    Raises:
        SourceError: a part that no template has, a part with comments in its XML or a document type, or bytes outside
        all parts.
    """
    try:
        with ZipFile(io.BytesIO(body)) as packed:
            members = packed.infolist()
            _refuse_bytes_beside(body, members, packed.comment, packed.start_dir, name)
            known = set[str]()
            for member in members:
                lower = member.filename.lower()
                if not _KNOWN.fullmatch(lower) or lower in known or member.comment:
                    told = next((words for mark, words in _NAMES if mark in lower), "en del")
                    raise _foreign(name, f"{told} ({member.filename[:60]})")
                known.add(lower)
                if found := _NOT_PLAIN.search(packed.read(member)):
                    raise _foreign(name, f"{found[0].decode('latin-1')!r} i {member.filename[:60]}")
    except DAMAGED_ZIP as error:
        raise _foreign(name, "en del som är skadad") from error


def _refuse_bytes_beside(body: bytes, members: list[ZipInfo], comment: bytes, directory: int, name: str) -> None:
    end = len(body) - _END
    if comment or body[end : end + 4] != b"PK\x05\x06" or not members:
        raise _foreign(name, "byte efter filens slut")
    place = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        start = member.header_offset
        if not place <= start <= place + (_DESCRIPTOR if place else 0):
            raise _foreign(name, "byte som inte hör till någon del")
        lengths = body[start + 26 : start + 30]
        head = 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
        place = start + head + member.compress_size
    if not place <= directory <= place + _DESCRIPTOR:
        raise _foreign(name, "byte som inte hör till någon del")


def _foreign(name: str, found: str) -> SourceError:
    return SourceError(
        "filen har delar som mallen saknar", where=name, expected="mallens blad och inget mer", found=found,
        remedy="hämta mallen på nytt, klistra in bara värdena och lämna den filen",
    )  # fmt: skip
