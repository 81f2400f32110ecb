"""Validates that what is said of the documents names rows that exist, and no part of a document twice.

Belongs here: references from statements to every register, and their order. Does not belong here: rules of a single
statement (`model/statement.py`), whether the documents say it (`tests/unit/test_statements.py`).
"""

from __future__ import annotations

from indicators.errors import DeclarationError
from indicators.model.declarations import Catalogue
from indicators.tables.effects import EFFECT_TABLES
from indicators.tables.reform import REFORM_TABLES

# Public tables of the warehouse that hold something that a document asks for and no single row does.
WHOLE_TABLES = frozenset({"equity"})


def check_statements(catalogue: Catalogue) -> None:
    """Check every statement's document and rows, and that it follows the one before it.

    Raises:
        DeclarationError: with the statement, what was expected and what was found.
    """
    path = catalogue.home / "registers" / "statements.yml"
    known = known_rows(catalogue)
    documents = {d.document_id for d in catalogue.documents}
    last: dict[str, tuple[int, int]] = {}
    for told in catalogue.statements:
        if told.document not in documents:
            raise DeclarationError(path, f"{told.statement_id}: document", "a known document_id", told.document)
        for row in told.rows:
            if row not in known:
                raise DeclarationError(path, f"{told.statement_id}: rows", "register.row of a row that exists", row)
        begins = (told.paragraph, min(told.sentences, default=1))
        if begins <= last.get(told.document, (0, 0)):
            expected = "each part of a document once, in its order"
            raise DeclarationError(path, f"{told.statement_id}: paragraph", expected, ".".join(map(str, begins)))
        whole = not told.sentences
        last[told.document] = (told.paragraphs[-1], 10**6 if whole else max(told.sentences))


def known_rows(catalogue: Catalogue) -> set[str]:
    """Everything that a statement may name: `register.row`."""
    ids = {
        "document": [d.document_id for d in catalogue.documents],
        "reform_event": [e.event_id for e in catalogue.events],
        "funding": [f.funding_id for f in catalogue.funding],
        "intervention": [i.intervention_id for i in catalogue.interventions],
        "finding": [f.finding_id for f in catalogue.findings],
        "study": [s.study_id for s in catalogue.studies],
        "data_gap": [g.gap_id for g in catalogue.data_gaps],
        "indicator": list(catalogue.by_id),
        "group": [g.group_id for g in catalogue.groups],
        "frame_item": [f"{frame.frame_id}.{item.item_id}" for frame in catalogue.frames for item in frame.items],
        "table": sorted({*REFORM_TABLES, *EFFECT_TABLES, *WHOLE_TABLES}),
    }
    return {f"{register}.{name}" for register, names in ids.items() for name in names}
