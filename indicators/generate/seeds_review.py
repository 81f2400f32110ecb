"""The review of the five documents: each part, the rows that hold it, and where they are shown, in one table.

Belongs here: the text of docs/seeds-review.md. Does not belong here: the statements (`registers/statements.yml`), or
writing the file (`pipelines/warehouse/generated_files.py`).
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from indicators.generate.definition_review import table_row
from indicators.generate.dictionary_pages import GENERATED
from indicators.model.declarations import Catalogue
from indicators.model.statement import Statement, StatementKind

_KINDS: dict[StatementKind, str] = {
    "fact": "uppgift", "figure": "tal", "date": "dag", "aim": "mål", "question": "fråga", "wish": "önskan",
    "judgement": "omdöme", "none": "ingen uppgift",
}  # fmt: skip
# Where the rows of each register are shown: the table of the release, and the page of the site.
SHOWN = {
    "document": ("`document`", "Reformen, handlingar"),
    "reform_event": ("`reform_event`", "Reformen, händelser"),
    "funding": ("`funding`", "Reformen, pengar"),
    "intervention": ("`intervention`", "Reformen, insatser"),
    "finding": ("`finding`", "Reformen, vad andra har funnit"),
    "study": ("`study`, `effect_estimate`, `study_conclusion`, `study_need`", "studiens egen sida"),
    "data_gap": ("`data_gap`", "Luckor"),
    "indicator": ("`indicator`, `observation`", "nyckeltalets egen sida"),
    "group": ("`area`, `area_membership`", "områdets egen sida"),
    "frame_item": ("`frame_item`", "Luckor"),
    "table": ("tabellen själv", "nyckeltalens sidor, skillnader mellan områden"),
}
_HEAD = """\
# De fem dokumenten, del för del

Projektet utgår från fem dokument. Här står vad varje del av dem säger, med våra ord, vilka rader i registren som bär
det, och var raderna visas. Stycken räknas som dokumentets rader som inte är tomma; siffran efter punkten är meningen i
stycket. Dokumenten själva ingår inte i produkten.

En del utan rad har ett skäl. Raderna står i `indicators/registers/`; `nyckeltal indicators validate` prövar att var och
en av dem finns, och testerna att varje stycke och mening är med där dokumenten finns till hands.
"""
_COLUMNS = ("stycke", "slag", "vad som sägs", "rader", "visas")


def seeds_review(catalogue: Catalogue) -> str:
    """The page: documents in the order of the register, with their parts."""
    lines = [GENERATED, _HEAD, _counted(catalogue), ""]
    lines += ["| rad i | tabell | sida |", "|---|---|---|"]
    used = {row.split(".")[0] for told in catalogue.statements for row in told.rows}
    lines += [table_row((f"`{name}`", *where)) for name, where in SHOWN.items() if name in used]
    titles = {d.document_id: f"{d.title_sv} ({d.publisher})" for d in catalogue.documents}
    for document, parts in groupby(catalogue.statements, key=lambda told: told.document):
        lines += ["", f"## {titles[document]}", "", table_row(_COLUMNS), "|---" * len(_COLUMNS) + "|"]
        lines += [_part(told) for told in parts]
    return "\n".join(lines) + "\n"


def _counted(catalogue: Catalogue) -> str:
    kinds = Counter(told.kind for told in catalogue.statements)
    without = sum(told.kind != "none" and not told.rows for told in catalogue.statements)
    by_kind = ", ".join(f"{kinds[kind]} {word}" for kind, word in _KINDS.items() if kinds[kind])
    return (
        f"{len(catalogue.statements)} delar: {by_kind}. {without} som säger något har ingen rad, med skälet utskrivet."
    )


def _part(told: Statement) -> str:
    names = "<br>".join(f"`{row}`" for row in told.rows) or f"– {told.no_row_sv}"
    where = dict.fromkeys(SHOWN[row.split(".")[0]][1] for row in told.rows)
    return table_row((_place(told), _KINDS[told.kind], told.says_sv, names, "; ".join(where) or "–"))


def _place(told: Statement) -> str:
    if told.to_paragraph:
        return f"{told.paragraph}–{told.to_paragraph}"
    if not told.sentences:
        return str(told.paragraph)
    first, last = min(told.sentences), max(told.sentences)
    return f"{told.paragraph}.{first}" if first == last else f"{told.paragraph}.{first}–{last}"
