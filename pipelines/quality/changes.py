"""Compares a delivery of facts with what is known: lost values, and revisions that are implausible.

Belongs here: comparing the staged rows with the known ones, and reporting what exceeds the declared limits
(`datasets.py`, `ChangeLimits`). Does not belong here: rules on single rows or series (`rules.py`), storing changes
(`storage/vintages.py`).

A number counts as a value unless its status says that there is none. Only rows that are new or differ from what is
known are judged, so that accepted rows are not judged again every night.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.datasets import ChangeLimits, Dataset
from pipelines.quality import revisions
from pipelines.storage.archive import Fetch
from pipelines.storage.database import identifier, literal, staged_rows
from pipelines.storage.vintage_sql import same_number, stated_value
from pipelines.storage.vintages import CheckResult, DeliveryRecord, Vintages

_LISTED, _LONGEST = 20, 120  # maximum series, years or rows in a message, and letters of its list of areas
_KEY = ("series_id", "area_id", "year", "sex")
_ABSURD = 1e15  # above any real figure; the column's bounds quarantine such a number, and it is not compared
_ASIDE = 100_000  # rows that are quarantined one by one; more of them block the dataset


@dataclass
class Changes:
    """The checks, the rows to quarantine (row number to reasons; `aside` are all of them), and how many values are
    known.
    """

    checks: list[CheckResult] = field(default_factory=list)
    held: dict[int, list[str]] = field(default_factory=dict)
    aside: int = 0
    known_rows: int = 0


def judge_changes(
    con: duckdb.DuckDBPyConnection,
    vintages: Vintages,
    name: str,
    dataset: Dataset,
    fetched: Fetch,
    rows_path: Path,
    breaks: Iterable[tuple[str, int]],
    *,
    accepts_lost: bool,
    accepts_revised: bool,
) -> Changes:
    """Judge what a staged delivery of facts would change.

    Args:
        con: a connection; tables `came`, `known`, `moved`, `lost_values` and `limits_of` are created in it.
        name: the dataset's full name. rows_path: the staged rows.
        breaks: series and the first year of a new method of measurement; it is not compared with the year before.
        accepts_lost: an operator accepts the lost values. accepts_revised: an operator accepts what exceeds the
        limits.
    """
    if dataset.changes is None:
        return Changes()
    _prepare(con, vintages, name, dataset, fetched, rows_path, breaks)
    found = Changes(known_rows=_one(con, "select count(*) from known"))
    judged = _Judge(con, name, dataset.changes, fetched.files[-1].fetched_at.year, found)
    judged.lost(accepts_lost)
    judged.withdrawn()
    judged.strange_statuses()
    judged.revisions(accepts_revised)
    return found


def _prepare(
    con: duckdb.DuckDBPyConnection,
    vintages: Vintages,
    name: str,
    dataset: Dataset,
    fetched: Fetch,
    rows_path: Path,
    breaks: Iterable[tuple[str, int]],
) -> None:
    key = ", ".join(_KEY)
    con.execute(
        f"create view came as select row, {key}, {stated_value(dataset, 's')} as value, s.value as number, status, "
        f"coalesce(status = 'withdrawn', false) as is_marked from {staged_rows(rows_path)} as s "
        f"where s.value is null or abs(s.value) < {_ABSURD}"
    )
    con.execute(
        f"create table known as select {key}, {stated_value(dataset, 'k')} as value, "
        "coalesce(status = 'withdrawn', false) as is_marked "
        f"from ({vintages.known_sql(name)}) as k"
    )
    differs = f"not ({same_number('s.value', 'k.value')})"
    con.execute(
        f"create table moved as select s.row, {', '.join(f's.{c}' for c in _KEY)}, s.value as new_value, "
        "k.value as old_value, s.is_marked, k.series_id is not null as was_known "
        f"from came as s left join known as k using ({key}) where {differs}"
    )
    con.execute(f"create table lost_values as {_lost_sql(vintages, name, dataset, fetched)}")
    con.execute("create table breaks (series_id varchar, year integer)")
    if given := sorted(set(breaks)):
        con.executemany("insert into breaks values (?, ?)", given)
    fields = list(ChangeLimits.model_fields)
    con.execute(f"create table limits_of (series_id varchar, {', '.join(f'{f} double' for f in fields)})")
    for series, limits in dataset.changes_of.items():
        values = [getattr(limits, f) for f in fields]
        con.execute(f"insert into limits_of values ({', '.join('?' * (1 + len(values)))})", [series, *values])


def _lost_sql(vintages: Vintages, name: str, dataset: Dataset, fetched: Fetch) -> str:
    """Keys that would have no value after the delivery, but had one when the count began or have one now."""
    key = ", ".join(_KEY)
    lost = f"select {key} from moved where old_value is not null and new_value is null and not is_marked"
    if fetched.promise.complete and not fetched.promise.marks_withdrawals:
        scope = ", ".join(literal(s) for s in fetched.promise.series)
        within = f"and series_id in ({scope}) " if scope else ""
        lost += f" union select {key} from known anti join came using ({key}) where value is not null {within}"
    start = _count_begins(vintages.deliveries(name), dataset.changes or ChangeLimits(), fetched)
    if start is not None:
        lost += (
            f" union select {key} from ({vintages.known_at_sql(name, start)}) as b "
            f"join (select * from known where value is null and not is_marked) as k using ({key}) "
            f"anti join (select * from came where value is not null or is_marked) as c using ({key}) "
            f"where {stated_value(dataset, 'b')} is not null and b.change <> 'withdrawn'"
        )
    return lost


def _count_begins(deliveries: list[DeliveryRecord], limits: ChangeLimits, fetched: Fetch) -> DeliveryRecord | None:
    """The delivery from which losses are counted: the last before the period of `lost_days`, or the last accepted one.

    None when nothing was taken in since, so that what is known now is the baseline.
    """
    if not deliveries:
        return None
    since = fetched.files[-1].fetched_at.replace(tzinfo=None) - timedelta(days=limits.lost_days)
    start = deliveries[0]
    for record in deliveries:
        if record.accepted or record.files[-1].fetched_at.replace(tzinfo=None) < since:
            start = record
    return None if start.number == deliveries[-1].number else start


class _Judge:
    """Reports what exceeds the limits of one dataset."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, name: str, limits: ChangeLimits, this_year: int, found: Changes
    ) -> None:
        self._con, self._name, self._limits, self._this_year, self._found = con, name, limits, this_year, found

    def lost(self, accepted: bool) -> None:
        """Lost values: a few are a warning, more block."""
        limits = self._limits
        rows: list[Any] = []
        if _one(self._con, "select count(*) from lost_values"):
            rows = self._con.execute(_LOST_BY_YEAR.format(**self._limit_columns())).fetchall()
        everything = [(s, y, areas, n, was) for s, y, areas, n, was, *_ in rows]
        beyond = [(s, y, areas, n, was) for s, y, areas, n, was, is_beyond, _, _ in rows if is_beyond]
        newest, of_newest = (rows[0][6], rows[0][7]) if rows else (0, 0)
        most = max(limits.lost_in_all_places, limits.lost_in_all_share * of_newest)
        if newest > most and not beyond:
            beyond = everything
        self._tell(
            "values_lost",
            "warn" if accepted else "block",
            f"at most {limits.lost_places} areas and years, or {limits.lost_share:.1%}, of a series' known values as "
            f"none without a mark of withdrawal; at most {limits.lost_newest_areas} areas and "
            f"{limits.lost_newest_share:.0%} of its newest year; at most {limits.lost_in_all_places} or "
            f"{limits.lost_in_all_share:.1%} of all newest years"
            + ("; taken as lost by --accept-missing" if accepted else ""),
            f"{len(beyond)} series and years have lost {sum(n for _, _, _, n, _ in beyond)} areas' values",
            [f"{s} {y}: {n} of {was} areas ({_shortened(areas)})" for s, y, areas, n, was in beyond],
        )
        few = [] if beyond else everything
        self._tell(
            "no_value_lost",
            "warn",
            "every value that was known, or its mark of withdrawal",
            f"{sum(n for _, _, _, n, _ in few)} values have become none",
            [f"{s} {y}: {n} of {was} areas ({_shortened(areas)})" for s, y, areas, n, was in few],
        )

    def withdrawn(self) -> None:
        """Years of series with many values marked as withdrawn: the publisher's right, but a warning."""
        rows = self._con.execute(revisions.WITHDRAWN.format(**self._limit_columns())).fetchall()
        self._tell(
            "few_values_withdrawn", "warn",
            f"at most {self._limits.lost_newest_areas} areas of a series and year marked as withdrawn",
            f"{len(rows)} series and years with more",
            [f"{series} {year}: {n} areas" for series, year, n in rows],
        )  # fmt: skip

    def strange_statuses(self) -> None:
        """Numbers beside a status without a value: a warning, as the publisher contradicts itself or uses an
        unknown status.
        """
        rows = self._con.execute(
            "select series_id, area_id, year, sex, number, status from came "
            "where number is not null and value is null and not is_marked order by all limit ?",
            [_LISTED],
        ).fetchall()
        self._tell(
            "number_beside_its_status",
            "warn",
            "no number beside a status that says that there is none, or that nobody knows: it is no value",
            "numbers that are not taken as values",
            [f"{_place(*row[:4])}: {_number(row[4])} is {row[5]}" for row in rows],
        )

    def revisions(self, accepted: bool) -> None:
        """Revisions and new years, from blocking faults to warnings."""
        limits, words = self._limits, self._limit_columns()
        checks = {
            "revised_year_believable": (revisions.YEARS, "no year of a series at another scale or sign than was known"),
            "values_in_their_places": (revisions.SWAPS, "no two areas' values in each other's places"),
            "revision_believable": (
                revisions.GROSS,
                f"no value revised by more than {limits.revision_factor:g} times, to another sign or to zero, away "
                "from the years beside it",
            ),
            "new_year_believable": (
                revisions.NEW_YEARS,
                f"the newest years within {limits.year_factor:g} times the year before at the median",
            ),
            "new_value_believable": (
                revisions.JUMPS, f"no new value beyond {limits.jump_factor:g} times the same area's year before"
            ),
            "new_year_in_order": (
                revisions.ORDER, "the areas of a new year in about the order of the year before, and not its copy"
            ),
            "sexes_agree": (revisions.SEXES, "all between women and men, or their sum, as the series has it"),
        }  # fmt: skip
        self._con.execute(revisions.BESIDE)
        ahead = revisions.AHEAD.format(this_year=self._this_year)
        self._aside("year_has_begun", "hold_back", f"no value of a year after {self._this_year}", ahead)
        for check, (query, expected) in checks.items():
            self._aside(check, "warn" if accepted else "hold_back", expected, query.format(**words))
        self._told(words)

    def _told(self, words: dict[str, str]) -> None:
        limits = self._limits
        years = self._con.execute(revisions.NEW_YEARS_TOLD.format(**words)).fetchall()
        self._tell(
            "new_year_like_the_year_before", "warn",
            f"the newest years within {limits.year_told:g} times the year before at the median",
            f"{len(years)} years of series beyond",
            [f"{s} {y}: {ratio:.3g} times {y - 1}" for s, y, ratio in years],
        )  # fmt: skip
        large = self._con.execute(revisions.LARGE.format(**words), [_LISTED]).fetchall()
        number = large[0][6] if large else 0
        self._tell(
            "revisions_small", "warn", f"no value revised by more than {limits.revision_told:g} times",
            f"{number} values revised by more",
            [f"{_place(*row[:4])}: {_number(row[4])} → {_number(row[5])}" for row in large], number,
        )  # fmt: skip
        series = self._con.execute(revisions.SERIES.format(**words)).fetchall()
        self._tell(
            "few_values_revised", "warn", f"less than {limits.revised_share_told:.0%} of a series revised",
            f"{len(series)} series revised",
            [f"{s}: {n} of {of} values, {up:.0%} of them upward, median change {change:+.3g} %, largest {most:+.3g} %"
             for s, n, of, up, change, most in series],
        )  # fmt: skip

    def _aside(self, check: str, level: str, expected: str, query: str) -> None:
        """Quarantine the rows of a query (row, series, area, year, sex, old, new, why) under a check's name."""
        self._con.execute(f"create or replace temp table aside as {query}")
        number = _one(self._con, "select count(*) from aside")
        rows = self._con.execute("select * from aside order by 2, 4 desc, 3, 5 limit ?", [_ASIDE]).fetchall()
        told = [f"{_place(*row[1:5])}: {_number(row[5])} → {_number(row[6])}, {row[7]}" for row in rows]
        if level == "hold_back":
            self._found.aside += number
            for row, text in zip(rows, told, strict=True):
                self._found.held.setdefault(int(row[0]), []).append(f"{check}: expected {expected}, found {text}")
            self._con.execute("delete from moved where row in (select row from aside)")  # judged once only
        taken = "" if level == "hold_back" else "; taken as it is by --accept-revised"
        self._tell(check, level, expected + taken, f"{number} rows", told, number)

    def _tell(
        self, check: str, level: str, expected: str, found: str, sample: list[str], number: int | None = None
    ) -> None:
        more = (len(sample) if number is None else number) - _LISTED
        self._found.checks.append(
            CheckResult(
                check_id=f"{self._name}.{check}",
                level=level,
                subject=self._name,
                passed=not sample,
                expected=expected,
                found=found if sample else "as expected",
                sample="; ".join(sample[:_LISTED]) + (f"; and {more} more" if more > 0 else ""),
            )
        )

    def _limit_columns(self) -> dict[str, str]:
        """Each limit as an SQL expression, for a query that joins `limits_of as l`."""
        return {name: f"coalesce(l.{identifier(name)}, {value})" for name, value in self._limits.model_dump().items()}


def _place(series: str, area: str, year: int, sex: str) -> str:
    return f"{series} {area} {year} {sex}"


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:.15g}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(",", maxsplit=1)[0] + " …"


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    found = con.execute(query).fetchone()
    return int(found[0]) if found else 0


# Lost places by series and year: areas, their number, how many were known, whether that is beyond the limits; then how
# many are of newest years in all, and how many places the newest years have.
_LOST_BY_YEAR = """
with places as (
    select series_id, year, area_id from known where value is not null
    union
    select series_id, year, area_id from lost_values
),
years as (select series_id, year, count(*) as areas from places group by all),
series as (select series_id, sum(areas) as places, max(year) as newest from years group by all),
gone as (
    select series_id, year, count(distinct area_id) as n, string_agg(distinct area_id, ', ' order by area_id) as areas
    from lost_values group by all
),
judged as (
    select g.series_id, g.year, g.areas, g.n, y.areas as was, g.year = s.newest as is_newest,
        sum(g.n) over (partition by g.series_id) > greatest({lost_places}, {lost_share} * s.places)
        or (g.year = s.newest and (g.n > {lost_newest_areas} or g.n > {lost_newest_share} * y.areas)) as is_beyond
    from gone as g join years as y using (series_id, year) join series as s using (series_id)
        left join limits_of as l using (series_id)
)
select series_id, year, areas, n, was, is_beyond, coalesce(sum(n) filter (where is_newest) over (), 0)::bigint,
    (select sum(y.areas) from years as y join series as s on y.series_id = s.series_id and y.year = s.newest)
from judged order by series_id, year desc
"""
