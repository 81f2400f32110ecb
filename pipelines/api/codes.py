"""The codes of a release, which clients may use in requests.

Belongs here: which indicators, areas, groups and themes exist, and suggestions for codes that do not. The codes are
read once for each release, so that rejecting an unknown code needs no query. Does not belong here: the forms that
parameters may take (`parameters.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from indicators.model.words import AREA_TYPES
from pipelines.api.problems import ApiError, meant, near
from pipelines.text.normalise import AreaNames, folded

_ALIKE = 0.7  # minimum similarity for a suggestion; plural and singular of a word differ by less


@dataclass(frozen=True)
class Vocabulary:
    """Titles and themes by indicator, names and types by area, present members by group."""

    titles: dict[str, str]
    themes: dict[str, frozenset[str]]
    names: dict[str, str]
    area_types: dict[str, frozenset[str]]
    groups: dict[str, frozenset[str]]

    @classmethod
    def read(cls, con: duckdb.DuckDBPyConnection) -> Vocabulary:
        """Read the codes of the release that the connection is open on."""
        indicators = con.execute("select indicator_id, title_sv, theme from indicator order by 1").fetchall()
        areas = con.execute("select area_id, name, area_type from area order by 1").fetchall()
        members = con.execute("select group_id, area_id from area_membership where valid_to is null").fetchall()
        return cls(
            titles={i: title for i, title, _ in indicators},
            themes=_sets((theme, i) for i, _, theme in indicators),
            names={a: name for a, name, _ in areas},
            area_types=_sets((kind, a) for a, _, kind in areas),
            groups=_sets(members),
        )

    def indicators(self, wanted: Collection[str], themes: Collection[str]) -> set[str] | None:
        """The selected indicators, None for all; conditions on id and theme are combined with and.

        Raises:
            ApiError: there is no such indicator or theme.
        """
        self._check("indicator", wanted, self.titles)
        self._check("theme", themes, self.themes)
        return _both(wanted, [self.themes[t] for t in themes])

    def areas(self, wanted: Collection[str], groups: Collection[str], kinds: Collection[str]) -> set[str] | None:
        """The selected areas, of the given types: those named and the members of the named groups; None for all.

        Raises:
            ApiError: there is no such area, group or type.
        """
        self._check("area", wanted, self.names, self.names)
        self._check("group", groups, self.groups, {g: self.names.get(g, g) for g in self.groups})
        self._check("area_type", kinds, self.area_types, said=AREA_TYPES)
        return _both(set(wanted).union(*(self.groups[g] for g in groups)), [self.area_types[k] for k in kinds])

    def _check(
        self,
        parameter: str,
        wanted: Iterable[str],
        known: Collection[str],
        names: dict[str, str] | None = None,
        said: Mapping[str, str] | None = None,
    ) -> None:
        """Reject unknown codes. `names` (area names by code) and `said` (Swedish words by code) are for suggestions."""
        for value in wanted:
            if value not in known:
                likely = AreaNames(names).near(value) if names else _of_word(value, said or {}, known)
                remedy = f"{parameter}={likely[0]}" if len(likely) == 1 else meant(likely) or near(value, known)
                some = ", ".join(list(known)[:3])
                expected = ", ".join(known) if len(known) <= 10 else f"a code, such as {some}"
                raise ApiError(
                    400, "fel-varde", f"there is no such {parameter}", expected=expected, found=value, remedy=remedy
                )


def _of_word(value: str, said: Mapping[str, str], known: Collection[str]) -> list[str]:
    """The code whose Swedish word is most like a value: `kommuner` means municipality."""
    codes = {folded(word): code for code, word in said.items() if code in known}
    return [codes[word] for word in get_close_matches(folded(value), list(codes), 1, _ALIKE)]


def _sets(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in sorted(found.items())}


def _both(wanted: Collection[str], sets: list[frozenset[str]]) -> set[str] | None:
    if not sets:
        return set(wanted) or None
    within = set().union(*sets)
    return within & set(wanted) if wanted else within
