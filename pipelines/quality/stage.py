"""From an archived fetch to rows that passed the gate, or to the reasons why the dataset is held back.

Belongs here: the order parse, gate, set aside, and what the verdict depends on. Does not belong here: any of the three,
or where the verdict is kept (`storage/staged.py`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from indicators.load.catalogue import Catalogue
from indicators.model.indicator import ValueType
from pipelines.code_identity import code_hash
from pipelines.datasets import Dataset, datasets
from pipelines.errors import NyckeltalError, SourceError
from pipelines.faults import holding_back
from pipelines.quality.changes import Changes, judge_changes
from pipelines.quality.gate import GateResult, run_gate
from pipelines.quality.quarantine import part
from pipelines.quality.rules import KNOWN_AREAS, LEAST_ROWS, WANTED_SERIES, Parameters, with_room
from pipelines.quality.series_profile import profile_series
from pipelines.quality.suites import stored_rules, stored_texts
from pipelines.settings import Settings
from pipelines.sources import origins
from pipelines.sources.tabular import Parsed
from pipelines.storage.archive import Archive, Fetch, Promise
from pipelines.storage.database import columns, connect, identifier, literal
from pipelines.storage.staged import QUARANTINE, ROWS, StagedDeliveries, Verdict
from pipelines.storage.vintages import CheckResult, Staged, Vintages

_LISTED, _LONGEST = 20, 120  # series and years that are listed by name, and letters of their areas


class HeldBackError(SourceError):
    """A dataset did not pass: its last good state stands. `checks` says why."""

    def __init__(self, dataset: str, checks: tuple[CheckResult, ...], cause: NyckeltalError | None = None) -> None:
        failed = [c for c in checks if not c.passed and c.level == "block"]
        self.dataset, self.checks = dataset, checks
        super().__init__(
            cause.what if cause else f"{len(failed)} blocking checks failed: {', '.join(c.check_id for c in failed)}",
            where=(cause.where if cause else "") or dataset,
            expected=cause.expected if cause else "; ".join(c.expected for c in failed),
            found=cause.found
            if cause
            else "; ".join(f"{c.found} ({c.sample})" if c.sample else c.found for c in failed),
            remedy=(cause.remedy if cause else "") or "mend the delivery and refresh again; the last good state stands",
        )


def judge(settings: Settings, catalogue: Catalogue, dataset: str, fetched: Fetch, folder: Path) -> Staged:
    """Parse a fetch and judge it; its rows, and the rows that are set aside, are written into `folder`.

    Raises:
        HeldBackError: it cannot be read as declared, a blocking check failed, or the program itself failed over it.
    """
    try:
        with holding_back(dataset):
            return _judge_delivery(settings, catalogue, dataset, fetched, folder)
    except HeldBackError:
        raise
    except SourceError as error:
        raise HeldBackError(dataset, (_readable(dataset, error),), cause=error) from error


def _judge_delivery(settings: Settings, catalogue: Catalogue, dataset: str, fetched: Fetch, folder: Path) -> Staged:
    rows_path = folder / ROWS
    origins.check_declaration(dataset)
    parsed = origins.parse(settings, fetched, rows_path)
    with connect(settings) as con:
        changes = _changes(con, settings, catalogue, dataset, fetched, rows_path)
        result = _judge(con, settings, catalogue, dataset, fetched, changes, rows_path)
        lacking = _lost(con, settings, dataset, fetched, rows_path)
        parsing = _of_parsing(dataset, parsed)
        checks = (_readable(dataset, None), *parsing, *result.checks, *changes.checks, *lacking)
        if any(not c.passed and c.level == "block" for c in checks):
            raise HeldBackError(dataset, checks)
        quarantine = part(con, rows_path, result.held, folder / QUARANTINE)
        rows = con.execute(f"select count(*) from read_parquet({literal(str(rows_path))})").fetchone()
    return Staged(
        dataset=dataset,
        fetched=fetched,
        rows_path=rows_path,
        quarantine_path=quarantine,
        rows=int(rows[0]) if rows else 0,
        held_back=len(result.held),
        checks=checks,
        rules_id=rules_id(catalogue, dataset),
        accepted=dataset in settings.accept_missing,
    )


def judged_by(settings: Settings, catalogue: Catalogue, dataset: str) -> str:
    """A hash of all that decides the verdict on a delivery but the delivery: rules, code, and what is known already.

    A delivery of which there is a verdict by the same is not judged again.
    """
    vintages = Vintages(settings)
    last, listed_by = vintages.latest(dataset), _list_of(_codes(datasets()[dataset]))
    told = [
        rules_id(catalogue, dataset),
        code_hash(settings),
        last.number if last else 0,
        [(r.content_id, r.code, r.is_proven) for r in vintages.refusals(dataset)],
        _content_of_list(settings, listed_by[0]) if listed_by else None,
        dataset in settings.accept_missing,
        dataset in settings.accept_revised,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _content_of_list(settings: Settings, dataset: str) -> str | None:
    """The content of the list of areas or units that counts: the newest that passed."""
    newest, last = _passed(settings, dataset), Vintages(settings).latest(dataset)
    return newest.content_id if newest else (last.content_id if last else None)


def _passed(settings: Settings, dataset: str) -> Verdict | None:
    """The verdict on the newest fetch of a dataset, if it passed."""
    fetched = Archive(settings.archive_dir).latest(dataset)
    found = StagedDeliveries(settings.staged_dir).latest(dataset, fetched.content_id) if fetched else None
    return found if found and found.passed else None


def rules_id(catalogue: Catalogue, dataset: str) -> str:
    """A hash of what a dataset is judged by: its declaration, its stored suites, and the catalogue's series, bounds and
    breaks.

    A delivery that was taken in is judged again when this has changed.
    """
    bounds = {series: limits.model_dump() for series, limits in sorted(catalogue.series_of(dataset).items())}
    breaks = sorted(set(catalogue.breaks_of(dataset)))
    percent = sorted(_percent_series(catalogue, dataset))
    judged_by = [datasets()[dataset].model_dump(mode="json"), stored_texts(dataset), bounds, percent, breaks]
    return hashlib.sha256(json.dumps(judged_by, sort_keys=True).encode()).hexdigest()


def _changes(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    catalogue: Catalogue,
    dataset: str,
    fetched: Fetch,
    rows_path: Path,
) -> Changes:
    """What the delivery would change of what is known; nothing of a table, which is judged as a whole."""
    declared = datasets()[dataset]
    if declared.kind != "facts":
        return Changes()
    return judge_changes(
        con, Vintages(settings), dataset, declared, fetched, rows_path,
        catalogue.breaks_of(declared.same_series_as or dataset),
        accepts_lost=dataset in settings.accept_missing,
        accepts_revised=dataset in settings.accept_revised,
    )  # fmt: skip


def _percent_series(catalogue: Catalogue, dataset: str) -> set[str]:
    return {
        i.series
        for i in catalogue.indicators
        if i.series and i.dataset == dataset and i.value_type is ValueType.PROPORTION and i.unit == "%"
    }


def _judge(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    catalogue: Catalogue,
    dataset: str,
    fetched: Fetch,
    changes: Changes,
    rows_path: Path,
) -> GateResult:
    declared = datasets()[dataset]
    vintages = Vintages(settings)
    _create_bounds(con, catalogue, dataset)
    if declared.kind == "facts":
        profile_series(con, rows_path, declared, fetched.promise, vintages.known_sql(dataset))
    least = _at_least_nearly_as_before(con, dataset, fetched.promise, vintages).rows
    parameters: Parameters = {
        KNOWN_AREAS: sorted(_known_areas(con, settings, vintages, _codes(declared))),
        WANTED_SERIES: sorted(_series_wanted(settings, catalogue, dataset, fetched)),
        LEAST_ROWS: max(1, least),
    }
    rules = stored_rules(dataset)
    return run_gate(con, rows_path, declared, dataset, rules, parameters, settings.gate_batch_rows, changes)


def _create_bounds(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, dataset: str) -> None:
    """The impossible bounds of each series, with room for noise, and whether it is a share in per cent."""
    percent = _percent_series(catalogue, dataset)
    bounds = [
        (series, with_room(limits.min, -1), with_room(limits.max, 1), series in percent)
        for series, limits in catalogue.series_of(dataset).items()
    ]
    con.execute("create table bounds (series_id varchar, low double, high double, is_percent boolean)")
    if bounds:
        con.executemany("insert into bounds values (?, ?, ?, ?)", bounds)


def _series_wanted(settings: Settings, catalogue: Catalogue, dataset: str, fetched: Fetch) -> frozenset[str]:
    """The series that the catalogue uses and that this delivery must hold: none of a part, none not asked for.

    Of embedded figures that is every embedded series, but in a delivery that another stands on: it came before some
    series did, and must hold those that it promised.
    """
    if not fetched.promise.complete:
        return frozenset()
    if fetched.way == "snapshot":
        embedded = frozenset(catalogue.series_of(dataset, only_embedded=True))
        newest = Archive(settings.archive_dir).latest(dataset)
        is_earlier = newest is not None and origins.is_earlier(fetched, newest)
        return embedded & frozenset(fetched.promise.series) if is_earlier else embedded
    return frozenset(catalogue.series_of(dataset)) & frozenset(fetched.promise.series)


def _at_least_nearly_as_before(
    con: duckdb.DuckDBPyConnection, dataset: str, promise: Promise, vintages: Vintages
) -> Promise:
    """A whole table that comes much shorter than what is known has been cut short, whatever was promised."""
    declared = datasets()[dataset]
    if declared.kind == "facts" or not promise.complete:
        return promise
    known = con.execute(f"select count(*) from ({vintages.known_sql(dataset)}) where change <> 'withdrawn'").fetchone()
    least = math.ceil(declared.min_share_of_last * int(known[0])) if known else 0
    return promise.model_copy(update={"rows": max(promise.rows, least)})


def _lost(
    con: duckdb.DuckDBPyConnection, settings: Settings, dataset: str, fetched: Fetch, rows_path: Path
) -> Iterator[CheckResult]:
    """Values that were known and did not come, from a publisher that marks what it withdraws."""
    promise = fetched.promise
    if not (promise.marks_withdrawals and promise.complete):
        return
    key = datasets()[dataset].key
    same = " and ".join(f"s.{identifier(c)} = k.{identifier(c)}" for c in key)
    con.execute("create table asked as select unnest(?::varchar[]) as series_id", [list(promise.series)])
    con.execute(
        f"create table lost as select {columns(key, 'k.')} from ({Vintages(settings).known_sql(dataset)}) as k "
        "where k.change <> 'withdrawn' and k.series_id in (select series_id from asked) "
        f"and not exists (select 1 from read_parquet({literal(str(rows_path))}) as s "
        f"where {same})"
    )
    listed = con.execute(
        "select series_id, year, count(*) as n, string_agg(distinct area_id, ', ' order by area_id) as areas "
        "from lost group by all order by series_id, year"
    ).fetchall()
    number = sum(int(n) for _, _, n, _ in listed)
    accepted = dataset in settings.accept_missing
    yield CheckResult(
        check_id=f"{dataset}.known_values_came",
        level="warn" if accepted else "block",
        subject=dataset,
        passed=not number,
        expected="every value that was known, or its mark of withdrawal"
        + ("; taken as withdrawn by --accept-missing" if accepted else ""),
        found=f"{number} values did not come" if number else "as expected",
        sample="; ".join(f"{series} {year}: {_shortened(areas)}" for series, year, _, areas in listed[:_LISTED]),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(",", maxsplit=1)[0] + " …"


def _codes(dataset: Dataset) -> str | None:
    """What the dataset's area codes are codes of."""
    return next((column.codes for column in dataset.columns.values() if column.codes), None)


def _list_of(codes: str | None) -> tuple[str, str] | None:
    """The dataset that lists codes of areas or of units, and its column."""
    if codes is None:
        return None
    return ("kolada.ou", "unit_id") if codes == "units" else ("kolada.municipality", "area_id")


def _known_areas(
    con: duckdb.DuckDBPyConnection, settings: Settings, vintages: Vintages, codes: str | None
) -> frozenset[str]:
    """Ids of the last good state, and of a newer list that passed and is not taken in yet: of areas, or of units."""
    listed = _list_of(codes)
    if listed is None:
        return frozenset()
    dataset, column = listed
    known = con.execute(f"select distinct {column} from ({vintages.known_sql(dataset)})").fetchall()
    if newest := _passed(settings, dataset):
        rows = literal(str(StagedDeliveries(settings.staged_dir).rows_of(newest)))
        known += con.execute(f"select distinct {column} from read_parquet({rows})").fetchall()
    return frozenset(str(area) for (area,) in known)


def _of_parsing(dataset: str, parsed: Parsed) -> Iterator[CheckResult]:
    """What parsing had to tell."""
    yield fields_known(dataset, parsed.new_fields)
    if parsed.differences is not None:
        yield CheckResult(
            check_id=f"{dataset}.totals_agree",
            level="block",
            subject=dataset,
            passed=not parsed.differences,
            expected="municipalities that sum to the total that stands beside them, in every file",
            found="; ".join(parsed.differences[:_LISTED]) or "as expected",
        )
    if parsed.left_out is not None:
        number = len(parsed.left_out)
        yield CheckResult(
            check_id=f"{dataset}.rows_left_out",
            level="warn",
            subject=dataset,
            passed=not number,
            expected="no row with values that the layout leaves out",
            found=f"{number} rows with values were left out" if number else "as expected",
            sample="; ".join(parsed.left_out[:_LISTED]),
        )


def fields_known(dataset: str, new: Iterable[str]) -> CheckResult:
    """One warning for all fields, columns and sheets of a delivery that are not declared, however often they come."""
    named = sorted(new)
    return CheckResult(
        check_id=f"{dataset}.fields_known",
        level="warn",
        subject=dataset,
        passed=not named,
        expected="only fields, columns and sheets that are known",
        found=f"{len(named)} new, which are not read: {', '.join(named[:_LISTED])}" if named else "as expected",
        sample=", ".join(named[_LISTED:])[:_LONGEST],
    )


def unreadable(dataset: str, error: NyckeltalError | str) -> CheckResult:
    """The check that a delivery failed when it could not be read at all."""
    return _readable(dataset, error)


def _readable(dataset: str, error: NyckeltalError | str | None) -> CheckResult:
    return CheckResult(
        check_id=f"{dataset}.readable",
        level="block",
        subject=dataset,
        passed=error is None,
        expected="a delivery with the declared columns and types",
        found=str(error) if error else "as expected",
    )
