"""Who belongs to the groups that have values of their own, and the row that says so.

Belongs here: what `int_area_membership__current` says of the groups that values are added or weighted for. Does not
belong here: what a group's value is (`recomputing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.errors import NyckeltalError

if TYPE_CHECKING:
    from indicators.model.declarations import Catalogue
    from pipelines.provenance.corrected_facts import Contents
    from pipelines.provenance.known_rows import KnownRow, KnownRows

LIST = "kolada.municipality_groups"


@dataclass(frozen=True)
class Member:
    """A member of a group. `row` says so in Kolada's list; None where the group's own declaration does."""

    area_id: str
    row: KnownRow | None = None
    faults: tuple[NyckeltalError, ...] = ()


class Members:
    """The members of each group that has values, in the order of their codes."""

    def __init__(self, catalogue: Catalogue, known: KnownRows, contents: Contents) -> None:
        self._groups = {group.group_id: group for group in catalogue.groups if group.aggregate}
        self._known, self._contents = known, contents
        self._members: dict[str, tuple[Member, ...]] = {}

    def of(self, area_id: str) -> tuple[Member, ...]:
        """The members; none where it is no such group."""
        if area_id not in self._members:
            self._members[area_id] = self._listed(area_id)
        return self._members[area_id]

    def _listed(self, area_id: str) -> tuple[Member, ...]:
        group = self._groups.get(area_id)
        if group is None:
            return ()
        if group.kolada_group is None:
            return tuple(Member(each) for each in sorted(group.members))
        rows = [row for row in self._known.newest(LIST, group.kolada_group) if row.change != "withdrawn"]
        return tuple(Member(str(row.key[1]), row, self._contents.of(row)[1]) for row in rows)
