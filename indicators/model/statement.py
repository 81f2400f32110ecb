"""The type of one statement of a document that the project started from, and where the registers hold it.

Belongs here: fields and rules of one row. Does not belong here: whether the named rows exist
(`load/statement_references.py`), or the page (`generate/seeds_review.py`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from indicators.model.value import Identifier, Strict

RowName = Annotated[str, Field(pattern=r"^[a-z_]+\.[A-Za-z0-9_.]+$")]
StatementKind = Literal["fact", "figure", "date", "aim", "question", "wish", "judgement", "none"]


class Statement(Strict):
    """What a part of a document says, in our own words, and the rows that hold it (`reform_event.sou_2020_19`).

    `paragraph` counts the document's lines that are not blank, from 1; `to_paragraph` where it is several. `sentences`
    says which of one paragraph's it is, all where left out. A part that says nothing of the matter (menus, names of
    contact persons) is of the kind `none`. Whatever has no row has a reason.
    """

    statement_id: Identifier
    document: Identifier
    paragraph: int = Field(ge=1)
    to_paragraph: int | None = None
    sentences: tuple[int, ...] = ()
    kind: StatementKind
    says_sv: str = Field(min_length=5)
    rows: tuple[RowName, ...] = ()
    no_row_sv: str | None = Field(default=None, min_length=10)

    @model_validator(mode="after")
    def _has_rows_or_a_reason(self) -> Statement:
        if bool(self.rows) == bool(self.no_row_sv):
            raise ValueError("rows that hold it, or no_row_sv: why none does")
        if self.kind == "none" and self.rows:
            raise ValueError("what says nothing of the matter has no rows")
        if self.to_paragraph is not None and (self.to_paragraph <= self.paragraph or self.sentences):
            raise ValueError("to_paragraph comes after paragraph, and whole paragraphs have no sentences of their own")
        return self

    @property
    def paragraphs(self) -> range:
        """The paragraphs that it is about."""
        return range(self.paragraph, (self.to_paragraph or self.paragraph) + 1)
