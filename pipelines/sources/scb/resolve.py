"""Resolves a declaration against a table's metadata: exactly which cells are requested, and what each code means.

Belongs here: finding categories by code and label, and an error where one is missing. Does not belong here: requests,
or rows. Pure functions.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import SourceError
from pipelines.sources.pxweb_answers import Metadata, Variable
from pipelines.sources.pxweb_query import Query
from pipelines.sources.scb.declared import Areas, Category, Part, Table
from pipelines.storage.archive import Promise, SeriesPromise

NATION = "0000"
_LISTED = 12


@dataclass(frozen=True)
class ResolvedPart:
    """One part of a table, resolved.

    `words`, `areas` and `sexes` give the meaning of each requested code; `sexes` is empty where the table has none,
    and `is_summed` says that T is women and men added. `named` holds the named groups of labels.
    """

    query: Query
    series: str
    words: Mapping[str, Mapping[str, str]]
    time: str
    area_variable: str | None
    areas: Mapping[str, str]
    sex_variable: str | None
    sexes: Mapping[str, str]
    is_summed: bool
    named: Mapping[str, str]

    @property
    def series_ids(self) -> list[str]:
        """The ids of its series."""
        names = list(self.words)
        combined = itertools.product(*(self.words[name].values() for name in names))
        return [self.series.format(**dict(zip(names, words, strict=True))) for words in combined]

    @property
    def periods(self) -> tuple[str, ...]:
        """The requested periods."""
        return self.query.codes[self.time]

    @property
    def together(self) -> set[str]:
        """Variables whose codes have to be in one response."""
        return {self.sex_variable} if self.is_summed and self.sex_variable else set()

    @property
    def rows_of_series(self) -> int:
        """The number of rows that each of its series must have."""
        sexes = len(self.sexes) + self.is_summed if self.sexes else 1
        return max(1, len(self.areas)) * len(self.periods) * sexes


def resolve(table: Table, metadata: Metadata, codelists: Mapping[str, Variable]) -> list[ResolvedPart]:
    """Resolve each part of a declared table.

    Raises:
        SourceError: a variable, a category or a list of codes is missing or differs from the declaration, or the table
        has a variable or an area that is neither selected nor left out.
    """
    return [_asked(table, part, metadata, codelists) for part in table.parts]


def promise_of(asked: list[ResolvedPart]) -> Promise:
    """The coverage contract of everything that was requested, whatever was returned."""
    series: dict[str, SeriesPromise] = {}
    areas: dict[str, set[str]] = {}
    for part in asked:
        years = [int(period[:4]) for period in part.periods]
        for name in part.series_ids:
            so_far = series.get(name, SeriesPromise(rows=0))
            areas.setdefault(name, set()).update(part.areas.values())
            series[name] = SeriesPromise(
                rows=so_far.rows + part.rows_of_series,
                areas=len(areas[name]),
                first_year=min(filter(None, [so_far.first_year, *years])),
                last_year=max(filter(None, [so_far.last_year, *years])),
            )
    return Promise(rows=sum(s.rows for s in series.values()), series=dict(sorted(series.items())), complete=True)


def _asked(table: Table, part: Part, metadata: Metadata, codelists: Mapping[str, Variable]) -> ResolvedPart:
    def variable(code: str) -> Variable:
        own = _variable(table, metadata, code)
        return codelists[part.codelists[code]] if code in part.codelists else own

    named: dict[str, str] = {}
    words = {code: _words(table, variable(code), categories, named) for code, categories in part.words.items()}
    codes = {code: tuple(found) for code, found in words.items()}
    for code, wanted in table.pinned.items():
        codes[code] = (_found(table, variable(code), wanted, named),)
    areas: dict[str, str] = {}
    if table.areas:
        areas = _areas(table, table.areas, variable(table.areas.variable))
        codes[table.areas.variable] = tuple(areas)
    sexes: dict[str, str] = {}
    if table.sexes:
        chosen = {"T": table.sexes.T, "K": table.sexes.K, "M": table.sexes.M}
        of = variable(table.sexes.variable)
        sexes = {_found(table, of, c, named): sex for sex, c in chosen.items() if isinstance(c, Category)}
        codes[table.sexes.variable] = tuple(sexes)
    codes[table.time] = _periods(table, part, variable(table.time))
    _refuse_unchosen(table, metadata, codes)
    return ResolvedPart(
        query=Query(codes, dict(part.codelists)),
        series=part.series,
        words=words,
        time=table.time,
        area_variable=table.areas.variable if table.areas else None,
        areas=areas,
        sex_variable=table.sexes.variable if table.sexes else None,
        sexes=sexes,
        is_summed=bool(table.sexes and table.sexes.T == "sum"),
        named=named,
    )


def _words(
    table: Table, variable: Variable, categories: Mapping[str, Category], named: dict[str, str]
) -> dict[str, str]:
    """The word of each declared category, by its code."""
    found = {_found(table, variable, wanted, named): word for word, wanted in categories.items()}
    if len(found) < len(categories):
        raise _wrong(table, f"categories of {variable.code} are one and the same", "one each", ", ".join(found))
    return found


def _variable(table: Table, metadata: Metadata, code: str) -> Variable:
    if code not in metadata.variables:
        raise _wrong(table, f"the table has no variable {code}", code, ", ".join(metadata.variables))
    return metadata.variables[code]


def _found(table: Table, variable: Variable, wanted: Category, named: dict[str, str]) -> str:
    """The code of a declared category; the named groups of its label are added to `named`."""

    def fits(label: str) -> re.Match[str] | None:
        return re.search(wanted.label or "", " ".join(label.split()), re.IGNORECASE)

    if wanted.code is not None and wanted.code not in variable.values:
        near = {c: label for c, label in variable.values.items() if wanted.label and fits(label)}
        raise _wrong(table, f"{variable.code} has no such code", str(wanted), _listed(near or variable.values))
    codes = [wanted.code] if wanted.code is not None else list(variable.values)
    fitting = {c: match for c in codes if (match := fits(variable.values[c]))}
    if len(fitting) != 1:
        told = {c: variable.values[c] for c in fitting or codes}
        what = "more than one such category" if fitting else "no category with such a label"
        raise _wrong(table, f"{variable.code} has {what}", str(wanted), _listed(told))
    ((code, match),) = fitting.items()
    named.update({name: text for name, text in match.groupdict().items() if text is not None})
    return code


def _areas(table: Table, declared: Areas, variable: Variable) -> dict[str, str]:
    """Our code of each area to request, by the publisher's."""
    areas, strange = {}, []
    for code in variable.values:
        if code == declared.nation:
            areas[code] = NATION
        elif any(re.fullmatch(pattern, code) for pattern in declared.left_out):
            continue
        elif re.fullmatch(r"\d{4}", code):
            areas[code] = code
        else:
            strange.append(code)
    if strange:
        found = _listed({c: variable.values[c] for c in strange})
        raise _wrong(table, f"{variable.code} has codes of no known kind", "areas, or codes left out", found)
    if not areas:
        raise _wrong(table, f"{variable.code} has no area", "municipalities or the nation", _listed(variable.values))
    return areas


def _periods(table: Table, part: Part, variable: Variable) -> tuple[str, ...]:
    if strange := [code for code in variable.values if not re.fullmatch(r"\d{4}(M\d{2})?", code)]:
        raise _wrong(table, "periods of another kind", "such as 2024 or 2024M03", ", ".join(strange[:_LISTED]))
    first, last = part.first or 0, part.last or 9999
    chosen = tuple(sorted(code for code in variable.values if first <= int(code[:4]) <= last))
    if not chosen:
        expected = f"{part.series}: years from {part.first or 'the first'} to {part.last or 'the last'}"
        raise _wrong(table, "the table has no such period", expected, ", ".join(sorted(variable.values)[-_LISTED:]))
    return chosen


def _refuse_unchosen(table: Table, metadata: Metadata, codes: Mapping[str, object]) -> None:
    for code in table.eliminated:
        if not _variable(table, metadata, code).eliminable:
            found = _listed(metadata.variables[code].values)
            raise _wrong(table, f"{code} cannot be left out", "a variable that the publisher sums", found)
    if unchosen := set(metadata.variables) - set(codes) - set(table.eliminated):
        expected = "each variable used, pinned or eliminated"
        raise _wrong(table, "the table has variables that nobody chose", expected, ", ".join(sorted(unchosen)))


def _listed(values: Mapping[str, str]) -> str:
    told = [f"{code} ({label})" for code, label in itertools.islice(values.items(), _LISTED)]
    return ", ".join(told) + (f" and {len(values) - _LISTED} more" if len(values) > _LISTED else "")


def _wrong(table: Table, what: str, expected: str, found: str) -> SourceError:
    return SourceError(
        what,
        where=f"table {table.table}",
        expected=expected,
        found=found or "none",
        remedy="see the table at the publisher; if it has changed, change scb/declaration.yml",
    )
