"""The fields of a PxWeb server's responses, of both versions, at every level.

Belongs here: which fields there are, and their types. Does not belong here: converting them (`pxweb_answers.py`).
"""

from __future__ import annotations

from typing import Any

import msgspec


# Fields that are typed `Any` are known but not used; each level forbids others, so that a new field is reported.
class Known(msgspec.Struct, forbid_unknown_fields=True):
    """Base of each level of a response."""


class Codelist(Known):
    """A list of codes that a variable offers."""

    id: str
    label: Any = None
    type: Any = None
    links: Any = None


class Extension(Known, rename="camel"):
    """PxWeb's extension of a variable."""

    elimination: bool = False
    codelists: list[Codelist] = []
    elimination_value_code: Any = None
    show: Any = None
    note_mandatory: Any = None
    category_note_mandatory: Any = None
    refperiod: Any = None
    measuring_type: Any = None
    price_type: Any = None
    adjustment: Any = None
    base_period: Any = None
    alternative_text: Any = None
    time_unit: Any = None
    first_period: Any = None
    last_period: Any = None


class Unit(Known):
    """The unit of a content."""

    base: Any = None
    decimals: Any = None
    label: Any = None
    symbol: Any = None
    position: Any = None


class Category(Known):
    """The categories of a variable."""

    index: dict[str, int] | list[str] | None = None
    label: dict[str, str] = {}
    unit: dict[str, Unit] = {}
    note: Any = None
    child: Any = None
    coordinates: Any = None

    def codes(self) -> list[str]:
        """The codes, in order."""
        if self.index is None:
            return list(self.label)
        return self.index if isinstance(self.index, list) else sorted(self.index, key=self.index.__getitem__)


class Dimension(Known):
    """A variable."""

    category: Category
    label: str = ""
    extension: Extension = msgspec.field(default_factory=Extension)
    note: Any = None
    href: Any = None
    link: Any = None
    kind: Any = msgspec.field(name="class", default=None)


class Role(Known):
    """Which variables are what."""

    time: Any = None
    geo: Any = None
    metric: Any = None


class Px(Known, rename="kebab"):
    """The px file's metadata of the table."""

    infofile: Any = None
    tableid: Any = None
    decimals: Any = None
    official_statistics: Any = None
    aggregallowed: Any = None
    copyright: Any = None
    language: Any = None
    contents: Any = None
    description: Any = None
    descriptiondefault: Any = None
    heading: Any = None
    stub: Any = None
    matrix: Any = None
    subject_code: Any = None
    subject_area: Any = None
    next_update: Any = None
    update_frequency: Any = None
    survey: Any = None
    link: Any = None


class Contact(Known):
    """Whom to ask."""

    name: Any = None
    organization: Any = None
    phone: Any = None
    mail: Any = None
    raw: Any = None


class TableExtension(Known, rename="camel"):
    """PxWeb's extension of a table."""

    px: Px | None = None
    contact: list[Contact] | None = None
    discontinued: Any = None
    note_mandatory: Any = None
    time_unit: Any = None
    tags: Any = None


class Dataset(Known):
    """A json-stat2 dataset without its values: a table's metadata."""

    id: list[str]
    size: list[int]
    dimension: dict[str, Dimension]
    label: str = ""
    updated: str | None = None
    value: Any = None
    status: Any = None
    version: Any = None
    source: Any = None
    note: Any = None
    href: Any = None
    link: Any = None
    error: Any = None
    kind: Any = msgspec.field(name="class", default=None)
    role: Role | None = None
    extension: TableExtension | None = None


class Answer(Dataset, kw_only=True):
    """A dataset with values. Values and signs may be dense, or sparse by position; a single sign may apply to all."""

    value: list[float | None] | dict[str, float | None]
    status: list[str | None] | dict[str, str | None] | str | None = None


class V1Variable(Known):
    """A variable of version 1."""

    code: str
    values: list[str]
    value_texts: list[str] = msgspec.field(name="valueTexts")
    elimination: bool = False
    text: Any = None
    time: Any = None
    map: Any = None


class V1Metadata(Known):
    """Metadata of version 1."""

    variables: list[V1Variable]
    title: str = ""


class V2Code(Known, rename="camel"):
    """A code of a list."""

    code: str
    label: str
    value_map: Any = None
    note: Any = None
    notes: Any = None


class V2Codes(Known, rename="camel"):
    """A list of codes."""

    id: str
    values: list[V2Code]
    label: Any = None
    language: Any = None
    languages: Any = None
    elimination: Any = None
    elimination_value_code: Any = None
    type: Any = None
    links: Any = None


class V1Column(Known):
    """A column of an answer of version 1."""

    code: str
    type: str
    text: Any = None
    comment: Any = None
    unit: Any = None


class V1Told(Known):
    """Version 1's metadata in a response."""

    updated: str | None = None
    infofile: Any = None
    label: Any = None
    source: Any = None


class V1Row(Known):
    """A row of version 1: codes, and values as text."""

    key: list[str]
    values: list[str | None]


class V1Comment(Known):
    """A comment of version 1."""

    variable: Any = None
    value: Any = None
    comment: Any = None


class V1Answer(Known):
    """An answer of version 1."""

    columns: list[V1Column]
    data: list[V1Row]
    metadata: list[V1Told] = []
    comments: list[V1Comment] = []
