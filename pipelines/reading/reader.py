"""Opens and queries the current release safely: the only place with the rules for reading.

Belongs here: read-only connections for clients, without file or network access, running one query within limits of
memory, time and size, and the few queries behind terminal commands. Does not belong here: which tables and functions a
query may use (`sql_rules.py`, `sql_functions.py`); writing anything.
"""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from indicators.model.words import UNCURATED
from pipelines.errors import NyckeltalError, UsageError
from pipelines.reading import sql_rules
from pipelines.storage.database import literal
from pipelines.storage.release_pointer import DATABASE
from pipelines.storage.release_sums import REMEDY, sound_database
from pipelines.storage.sealing import DamagedError
from pipelines.text.normalise import AreaNames, code

if TYPE_CHECKING:
    import polars as pl

_BATCH = 10_000
_ROOM_MB = 1_000  # memory for this program itself
_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "temp_directory": "",  # never write files next to a release
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # names in a query never refer to Python variables
}
# Types that DuckDB itself turns into Python's values, by the first word of their names.
_PLAIN = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
        "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "DATE", "TIMESTAMP",
    }
)  # fmt: skip
# Errors about the query itself; the messages of all others could reveal details of the machine.
_OF_THE_QUERY = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)


@dataclass(frozen=True)
class Limits:
    """The limits of one query: seconds, DuckDB's memory in MB and its threads, rows, and MB of result."""

    seconds: float = 60
    threads: int = 2
    memory_mb: int = 1000
    rows: int = 5_000_000
    result_mb: int = 2000


USUAL = Limits()


@dataclass(frozen=True)
class Rows:
    """The first rows of a result as Python's values, the names of its columns, and how many rows there are in all."""

    names: list[str]
    rows: list[tuple[Any, ...]]
    count: int


def open_release(folder: Path, limits: Limits = USUAL) -> duckdb.DuckDBPyConnection:
    """A read-only connection on a release folder; SQL in it can reach neither files nor the network.

    A process opens a release once; use cursors for concurrent queries.

    Raises:
        DamagedError: the release is gone, or its database is not as it was written.
    """
    path = sound_database(folder)
    config = {**_LIMITS, "memory_limit": f"{limits.memory_mb}MB", "threads": limits.threads}
    try:
        con = duckdb.connect(str(path), read_only=True, config=config)
    except duckdb.IOException as error:
        raise damaged_database(error, folder) from error
    con.execute("set enable_progress_bar = false")  # it would be printed among the rows
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def query(folder: Path, sql: str, parameters: list[Any] | None = None, limits: Limits = USUAL) -> pl.DataFrame:
    """Run one query on a release.

    Raises:
        UsageError: the SQL is invalid, is not a single query, names what is not public, or exceeds the limits.
        DamagedError: the database is not as it was written.
    """
    with _judged(folder, sql, limits) as con:
        return _bounded(con.execute(sql, parameters or []), limits)


def first_rows(folder: Path, sql: str, most: int, limits: Limits = USUAL) -> Rows:
    """Run one query on a release for its first rows, without loading the libraries of frames for plain values.

    Only these rows are held in memory; the others are counted.

    Raises:
        UsageError, DamagedError: as `query`.
    """
    with _judged(folder, sql, limits) as con:
        result = con.execute(sql)
        names = [column[0] for column in result.description]
        kinds = {str(column[1]).partition("(")[0] for column in result.description}
        if not kinds <= _PLAIN or len(set(names)) < len(names):  # a list, say; a name that comes twice is refused there
            frame = _bounded(result, limits)
            return Rows(frame.columns, frame.head(most).rows(), frame.height)
        rows: list[tuple[Any, ...]] = []
        count = 0
        while batch := result.fetchmany(_BATCH):
            rows += batch[: most - len(rows)]
            count += len(batch)
            if count > limits.rows:
                raise _too_many(limits)
        return Rows(names, rows, count)


@contextmanager
def _judged(folder: Path, sql: str, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one query that is judged to be harmless, within its limits; its errors are those of `query`."""
    with open_release(folder, limits) as con:
        alarm = threading.Timer(limits.seconds, con.interrupt)
        alarm.start()
        try:
            sql_rules.judge(con, sql)
            yield con
        except duckdb.IOException as error:
            raise damaged_database(error, folder) from error
        except (duckdb.Error, OSError, MemoryError, RecursionError) as error:
            raise refusal(error, limits) from error
        finally:
            alarm.cancel()


def damaged_database(error: Exception, folder: Path | None = None) -> DamagedError:
    """The error of a database whose blocks do not have the checksums that DuckDB wrote with them.

    Args:
        folder: the release's; without it, nothing of the machine is told.
    """
    where, found = (str(folder / DATABASE), str(error)[:300]) if folder else ("", "")
    return DamagedError("the release's database cannot be read", where=where, found=found, remedy=REMEDY)


def refusal(error: Exception, limits: Limits) -> NyckeltalError:
    """The error for a client, from an error of DuckDB (or Arrow, which forwards DuckDB's): about the query, never
    the machine.
    """
    text = str(error)
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in text:
        return too_slow(limits)
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError) or "Out of Memory" in text:
        return too_large(limits)
    if isinstance(error, duckdb.IOException):
        return damaged_database(error)
    if isinstance(error, _OF_THE_QUERY):
        return UsageError("the query cannot be run", found=text.partition("\n\nPlease try")[0].strip())
    return UsageError("the query cannot be run", found=type(error).__name__)


def too_slow(limits: Limits) -> UsageError:
    """The error for a query that exceeded its time limit."""
    expected = f"at most {limits.seconds:g} seconds"
    return UsageError("the query took too long", expected=expected, remedy="narrow the query")


def too_large(limits: Limits) -> UsageError:
    """The error for a query that exceeded its memory limit."""
    remedy = "narrow the query, or read the release's Parquet files"
    return UsageError("the query needs too much memory", expected=f"at most {limits.memory_mb} MB", remedy=remedy)


def hold_memory(limits: Limits = USUAL) -> None:
    """Limit the memory of this process, which runs one query and nothing else.

    DuckDB accounts for what it sorts and joins, but not for a single text or list of a billion parts. A result counts
    twice: as fetched, and as written.
    """
    most = (limits.memory_mb + 2 * limits.result_mb + _ROOM_MB) * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _bounded(result: duckdb.DuckDBPyConnection, limits: Limits) -> pl.DataFrame:
    """Fetch batch by batch, so that a result that is too large is rejected before it fills the memory."""
    import polars as pl  # noqa: PLC0415 - half of what a command loads that prints a few rows
    import pyarrow as pa  # noqa: PLC0415

    try:
        reader = result.to_arrow_reader(_BATCH)
        batches, rows, size = [], 0, 0
        for batch in reader:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows > limits.rows or size > limits.result_mb * 1_000_000:
                raise _too_many(limits)
            batches.append(batch)
        frame = pl.from_arrow(pa.Table.from_batches(batches, schema=reader.schema))
    except (pl.exceptions.PolarsError, pa.ArrowException) as error:
        if isinstance(error, OSError | MemoryError):  # DuckDB's own, forwarded by Arrow: `refusal` tells them apart
            raise
        remedy = "name each column once, and cast what is no number, text, date or list to text"
        raise UsageError("the result is no table", found=str(error).partition(". Hint")[0], remedy=remedy) from error
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _too_many(limits: Limits) -> UsageError:
    """The error for a result that exceeded its limits."""
    expected = f"at most {limits.rows} rows and {limits.result_mb} MB"
    remedy = "narrow the query, or read the release's Parquet files"
    return UsageError("the result is too large", expected=expected, remedy=remedy)


def find_area(folder: Path, written: str) -> tuple[str, str]:
    """An area of a release by its code or its name; see `area_in`."""
    with open_release(folder) as con:
        return area_in(con, written)


def area_in(con: duckdb.DuckDBPyConnection, written: str) -> tuple[str, str]:
    """An area by its code or its name, as (area_id, name). Units are excluded, since they are in no comparison.

    Raises:
        UsageError: no such area; a code without its leading zeros gets a suggestion, never a guess.
    """
    names = dict(con.execute("select area_id, name from area where area_type <> 'unit'").fetchall())
    if code(written) in names:
        return code(written), names[code(written)]
    areas = AreaNames(names)
    area = areas.code_of(written)
    if area is None:
        near = ", ".join(f"{each} ({names[each]})" for each in areas.near(written))
        remedy = f"did you mean {near}?" if near else 'see `nyckeltal sql "select area_id, name from area"`'
        raise UsageError(
            "there is no such area", expected="a code such as 1480 or a name", found=written, remedy=remedy
        )
    return area, names[area]


def first_known(folder: Path) -> datetime:
    """When the first value of a release became known."""
    found: datetime = query(folder, "select min(known_from) from observation_vintage").item()
    return found


# By caution: values that carry it, and values that were withheld because of it.
CAUTIONS_SQL = """
select caution, count(value) as n, count(*) - count(value) as not_published
from observation where caution is not null group by caution order by n desc, caution
"""

_COMPARE = """
with latest as (
    select o.indicator_id, max(o.year) as year
    from observation as o join area as a on o.area_id = a.area_id and a.area_type in ('municipality', 'county', 'group')
    where o.area_id = {area} and o.sex = 'T' and o.value is not null
    group by o.indicator_id
)
select i.theme, i.indicator_id, i.title_sv, i.unit, i.decimals, i.polarity, o.year, o.value, o.caution,
    c.nation, c.county_mean, c.county_n, c.gr_weighted, c.gr_unweighted, c.gr_n, c.kommungrupp_median, c.kommungrupp_n,
    c.similar_median, c.similar_n, c.rank, c.of_n, c.rank_from_highest, c.rank_from_lowest, c.place_sv, c.change_1y,
    c.change_5y, p.place_interval_sv, p.rank_lower, p.rank_upper, p.reason as place_reason,
    w.value as with_value, w.caution as with_caution
from latest as l
join observation as o on o.indicator_id = l.indicator_id and o.year = l.year and o.sex = 'T' and o.area_id = {area}
left join comparison as c on c.indicator_id = l.indicator_id and c.year = l.year and c.sex = 'T' and c.area_id = {area}
join indicator as i on i.indicator_id = l.indicator_id
left join {place} as p
    on p.indicator_id = l.indicator_id and p.year = l.year and p.sex = 'T' and p.area_id = {area}
left join observation as w
    on w.indicator_id = l.indicator_id and w.year = l.year and w.sex = 'T' and w.area_id = {other}
where i.theme = {theme} or ({theme} is null and i.theme <> {uncurated})
order by i.theme, i.indicator_id
"""
# A release of before version 0.4 does not say how sure places are.
_NO_PLACE = """(
    select null as indicator_id, null as area_id, null as year, null as sex, null as place_interval_sv,
        null as rank_lower, null as rank_upper, null as reason
    where false
)"""


def compare(con: duckdb.DuckDBPyConnection, area: str, other: str | None, theme: str | None) -> list[dict[str, Any]]:
    """The newest value of each curated indicator for one municipality, with what it is compared with, as mappings.

    A value with a caution is shown with it and without comparison. Means and medians carry the number of areas behind
    them; `similar_median` is of the default set (`similar_comparison.py` for another choice).
    """
    # No bound parameter: the first one in a process makes DuckDB import pandas, which takes half a second.
    given = {"area": area, "other": other, "theme": theme, "uncurated": UNCURATED}
    literals = {name: literal(text) if text else "null" for name, text in given.items()}
    has_place = con.execute("select count(*) from duckdb_tables() where table_name = 'place'").fetchall() == [(1,)]
    return records(con, _COMPARE.format(place="place" if has_place else _NO_PLACE, **literals))


def records(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """The rows of one of this project's own queries, as mappings by the names of the columns."""
    result = con.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
