"""Runs the rules of a staged dataset with Great Expectations.

Belongs here: the only import of Great Expectations, running the stored checkpoints, and reading its results. Does not
belong here: which rules there are (`rules.py`), how they are stored (`suites.py`), and what becomes of rows held back
(`quarantine.py`).

Rows are handed over in batches of whole series, in small column types: a key that holds the series is unique over all
when it is unique in each batch, and memory stays flat however large the dataset is. The library is imported only when
a gate runs: it costs seconds.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines.datasets import Dataset
from pipelines.quality.changes import Changes
from pipelines.quality.rules import Frame, Parameters, Rule
from pipelines.quality.suites import BATCH, DATASOURCE, HOME, STORES, suite_name
from pipelines.storage.database import identifier, literal, staged_rows
from pipelines.storage.vintages import CheckResult

if TYPE_CHECKING:
    import pandas as pd

_MAX_LISTED = 100_000  # failing rows that are listed one by one; beyond that only their number is told
_SAMPLE = 5


@dataclass
class _Tally:
    """What one rule has found so far, over the batches."""

    unexpected: int = 0
    passed: bool = True
    observed: str = ""
    listed: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class GateResult:
    """The checks, and the rows to be held back: row number to reasons."""

    checks: tuple[CheckResult, ...]
    held: dict[int, list[str]]

    @property
    def blocked(self) -> bool:
        """Whether the dataset may not go on."""
        return any(not c.passed and c.level == "block" for c in self.checks)


def run_gate(
    con: duckdb.DuckDBPyConnection,
    rows_path: Path,
    dataset: Dataset,
    name: str,
    rules: list[Rule],
    parameters: Parameters,
    batch_rows: int,
    changes: Changes,
) -> GateResult:
    """Judge a staged dataset.

    Args:
        con: a connection that holds the tables `bounds` (series_id, low, high) and, for facts, `series_profile`.
        rows_path: the staged Parquet file, with `row`. name: the dataset's full name. rules: those of its stored
        suites. parameters: what they are evaluated with.
        batch_rows: rows handed over at once. changes: what is set aside because of what is known.
    """
    judge = _Judge(name, rules, parameters)
    tallies = {rule.name: _Tally() for rule in rules}
    total = _count(con, rows_path)
    for frame in _row_batches(con, rows_path, dataset, batch_rows):
        judge.validate(frame, "rows", tallies, "row")
    if any(r.frame == "series" for r in rules):
        profile = con.execute("select * from series_profile order by series_id").df()
        judge.validate(profile, "series", tallies, "series_id")
    held: dict[int, list[str]] = {}
    for rule in rules:
        if rule.level == "hold_back":
            for row, cell in tallies[rule.name].listed:
                held.setdefault(row, []).append(f"{rule.name}: expected {rule.expected_with(parameters)}, found {cell}")
    for row, reasons in changes.held.items():
        held.setdefault(row, []).extend(reasons)
    checks = [_result(rule, tallies[rule.name], name, parameters) for rule in rules]
    checks.append(_held_back_check(rules, tallies, max(total, changes.known_rows), len(held), changes, dataset, name))
    return GateResult(tuple(checks), held)


def load_engine() -> Any:
    """Great Expectations, with its telemetry off. Takes seconds the first time."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx  # noqa: PLC0415
    return gx


def warm_up() -> None:
    """Load the library, in the process that will need it."""
    load_engine()


class _Judge:
    """The stored checkpoints of one dataset, in a context that keeps nothing."""

    def __init__(self, name: str, rules: list[Rule], parameters: Parameters) -> None:
        self._gx = load_engine()
        self._name, self._rules, self._parameters = name, rules, dict(parameters)
        self._context = self._gx.get_context(mode="ephemeral", project_config=_stored_project())
        self._context.variables.progress_bars = {"globally": False}
        self._datasource = self._context.data_sources.add_pandas(DATASOURCE)
        self._checkpoints: dict[str, Any] = {}

    def validate(self, frame: pd.DataFrame, of: Frame, tallies: dict[str, _Tally], index: str) -> None:
        rules, checkpoint = [r for r in self._rules if r.frame == of], self._checkpoint(of)
        (validation,) = checkpoint.validation_definitions
        given, told = {"dataframe": frame}, self._parameters
        (summary,) = checkpoint.run(batch_parameters=given, expectation_parameters=told).run_results.values()
        failed = []
        for rule, result in zip(rules, _in_order(rules, summary.results), strict=True):
            tally = tallies[rule.name]
            _refuse_exceptions(rule, result)
            tally.passed &= bool(result.success)
            unexpected = int(result.result.get("unexpected_count") or 0)
            tally.unexpected += unexpected
            if not result.success:
                tally.observed = tally.observed or _observed(result.result)
                if unexpected > 0 and tally.unexpected <= _MAX_LISTED:
                    failed.append(rule)
        if failed:
            wanted = {
                "result_format": "COMPLETE",
                "unexpected_index_column_names": [index],
                "include_unexpected_rows": False,
            }
            names = {rule.name for rule in failed}
            again = [e.configuration for e in validation.suite.expectations if e.meta["rule"] in names]
            suite = self._gx.ExpectationSuite(name=f"{validation.suite.name}.failed", expectations=again)
            batch = validation.data.get_batch(given)
            complete = batch.validate(suite, result_format=wanted, expectation_parameters=told)
            for rule, result in zip(failed, _in_order(failed, complete.results), strict=True):
                tallies[rule.name].listed += [
                    (item[index], _cell(item, index)) for item in result.result.get("unexpected_index_list") or []
                ]

    def _checkpoint(self, of: Frame) -> Any:
        name = suite_name(self._name, of)
        if name not in self._checkpoints:
            self._datasource.add_dataframe_asset(name).add_batch_definition_whole_dataframe(BATCH)
            self._checkpoints[name] = self._context.checkpoints.get(name)
        return self._checkpoints[name]


def _stored_project() -> Any:
    """The project's suites and checkpoints where they are stored, and nothing that would be written."""
    from great_expectations.data_context.types.base import DataContextConfig  # noqa: PLC0415 - see `load_engine`

    def store(kind: str, folder: str) -> dict[str, Any]:
        backend = {"class_name": "TupleFilesystemStoreBackend", "suppress_store_backend_id": True}
        return {"class_name": kind, "store_backend": {**backend, "base_directory": str(HOME / folder)}}

    results = {"class_name": "ValidationResultsStore", "store_backend": {"class_name": "InMemoryStoreBackend"}}
    return DataContextConfig(
        config_version=4.0,
        stores={**{name: store(*of) for name, of in STORES.items()}, "validation_results_store": results},
        expectations_store_name="expectations_store",
        checkpoint_store_name="checkpoint_store",
        validation_results_store_name="validation_results_store",
        data_docs_sites={},
        analytics_enabled=False,
    )


def _in_order(rules: list[Rule], results: list[Any]) -> list[Any]:
    by_rule = {result.expectation_config.meta["rule"]: result for result in results}
    return [by_rule[rule.name] for rule in rules]


def _refuse_exceptions(rule: Rule, result: Any) -> None:
    """A check that could not be computed is no check: say so instead of counting it as passed or failed."""
    info = result.exception_info or {}
    raised = [info] if "raised_exception" in info else list(info.values())
    for item in raised:
        if item.get("raised_exception"):
            raise RuntimeError(f"the check {rule.name} could not be computed: {item.get('exception_message')}")


def _row_batches(
    con: duckdb.DuckDBPyConnection, path: Path, dataset: Dataset, batch_rows: int
) -> Iterator[pd.DataFrame]:
    rows = staged_rows(path)
    selected = []
    for name, column in dataset.columns.items():
        if column.type != "text" or column.pattern:
            selected.append(f"t.{identifier(name)}")
            continue
        kind = f"codes_{name}"
        distinct = con.execute(
            f"select distinct {identifier(name)} from {rows} where {identifier(name)} is not null order by 1"
        )
        values = ", ".join(literal(str(v)) for (v,) in distinct.fetchall())
        con.execute(f"create type {kind} as enum ({values})" if values else f"create type {kind} as enum ('')")
        selected.append(f"t.{identifier(name)}::{kind} as {identifier(name)}")
    if dataset.kind != "facts":
        yield con.execute(
            f"select {', '.join(selected)}, row, null::double as low, null::double as high from {rows} as t"
        ).df()
        return
    query = (
        f"select {', '.join(selected)}, t.row::integer as row, b.low, b.high "
        f"from {rows} as t left join bounds as b using (series_id) where t.series_id between ? and ?"
    )
    counts = con.execute(
        f"select series_id, count(*) from {rows} where series_id is not null group by 1 order by 1"
    ).fetchall()
    unnamed = con.execute(query.replace("t.series_id between ? and ?", "t.series_id is null")).df()
    if len(unnamed):
        yield unnamed
    for first, last in _cut(counts, batch_rows):
        yield con.execute(query, [first, last]).df()


def _cut(counts: list[tuple[str, int]], batch_rows: int) -> Iterator[tuple[str, str]]:
    first, size = None, 0
    for series, n in counts:
        first, size = (series if first is None else first), size + n
        if size >= batch_rows:
            yield first, series
            first, size = None, 0
    if first is not None:
        yield first, counts[-1][0]


def _count(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    found = con.execute(f"select count(*) from read_parquet({literal(str(path))})").fetchone()
    return int(found[0]) if found else 0


def _observed(result: dict[str, Any]) -> str:
    if result.get("unexpected_count"):
        return ""
    if result.get("partial_missing_list"):
        return f"{result.get('missing_count')} missing: {', '.join(map(str, result['partial_missing_list']))}"[:300]
    details = result.get("details") or {}
    return str(details.get("mismatched") or result.get("observed_value"))[:300]


def _cell(item: dict[str, Any], index: str) -> str:
    return ", ".join(f"{k}={_words(v)}" for k, v in item.items() if k != index)


def _words(value: Any) -> str:
    """A cell as its reader knows it, not as numpy prints it."""
    import pandas as pd  # noqa: PLC0415 - loaded already where a gate ran, and only there

    return "empty" if pd.isna(value) else repr(value.item() if hasattr(value, "item") else value)


def _result(rule: Rule, tally: _Tally, name: str, parameters: Parameters) -> CheckResult:
    where = "rows" if rule.frame == "rows" else "series"
    found = f"{tally.unexpected} {where}" if tally.unexpected else (tally.observed or "as expected")
    sample = "; ".join(f"{'row ' if where == 'rows' else ''}{i}: {cell}" for i, cell in tally.listed[:_SAMPLE])
    return CheckResult(
        check_id=f"{name}.{rule.name}",
        level=rule.level,
        subject=name,
        passed=tally.passed,
        expected=rule.expected_with(parameters),
        found=found,
        sample=sample,
    )


def _held_back_check(
    rules: list[Rule],
    tallies: dict[str, _Tally],
    total: int,
    listed: int,
    changes: Changes,
    dataset: Dataset,
    name: str,
) -> CheckResult:
    """Too many rows set aside stop the dataset; a part of it is measured by all that is known."""
    most = max((tallies[r.name].unexpected for r in rules if r.level == "hold_back"), default=0)
    held = max(most, listed, changes.aside)
    unlisted = changes.aside > len(changes.held) or any(
        len(tallies[r.name].listed) < tallies[r.name].unexpected for r in rules if r.level == "hold_back"
    )
    return CheckResult(
        check_id=f"{name}.held_back_share",
        level="block",
        subject=name,
        passed=held <= dataset.max_held_back * total and not unlisted,
        expected=f"at most {dataset.max_held_back:.1%} of the rows held back",
        found=f"{held} of {total} rows" + (", too many to set aside one by one" if unlisted else ""),
    )
