"""From an archived fetch to a staged dataset that passed the gate, or to the reasons why it is held back.

Belongs here: the order parse, gate, part. Does not belong here: any of the three.
"""

from __future__ import annotations

import hashlib
import json

import duckdb

from indicators.load import Catalogue
from indicators.model import ValueType
from pipelines import ways
from pipelines.archive import Fetch
from pipelines.duck import connect, literal
from pipelines.errors import SourceError
from pipelines.quality.gate import GateResult, profile_series, run_gate
from pipelines.quality.quarantine import part
from pipelines.quality.rules import rules_for
from pipelines.settings import Settings
from pipelines.sources.model import Dataset, datasets
from pipelines.vintages import CheckResult, Staged, Vintages


class HeldBackError(SourceError):
    """A dataset did not pass: its last good state stands. `checks` says why."""

    def __init__(self, dataset: str, checks: tuple[CheckResult, ...], cause: SourceError | None = None) -> None:
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


def stage(settings: Settings, catalogue: Catalogue, dataset: str, fetched: Fetch) -> Staged:
    """Parse a fetch and judge it.

    Raises:
        HeldBackError: it cannot be read as declared, or a blocking check failed.
    """
    rows_path = settings.staged_dir / f"{dataset}.parquet"
    try:
        rows_path.parent.mkdir(parents=True, exist_ok=True)
        ways.parse(settings, fetched, rows_path)
    except SourceError as error:
        raise HeldBackError(dataset, (_readable(dataset, error),), cause=error) from error
    with connect(settings) as con:
        result = _judge(con, settings, catalogue, dataset, fetched)
        checks = (_readable(dataset, None), *result.checks)
        if result.blocked:
            rows_path.unlink()  # nobody may take areas from a list that was held back
            raise HeldBackError(dataset, checks)
        quarantine = part(con, rows_path, result.held, settings.staged_dir / f"{dataset}.quarantine.parquet")
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
    )


def rules_id(catalogue: Catalogue, dataset: str) -> str:
    """A hash of what a dataset is judged by: its declaration, and the series and bounds that the catalogue names.

    A delivery that was taken in is judged again when this has changed.
    """
    bounds = {series: limits.model_dump() for series, limits in sorted(catalogue.series_of(dataset).items())}
    judged_by = [datasets()[dataset].model_dump(mode="json"), bounds, sorted(_percent_series(catalogue, dataset))]
    return hashlib.sha256(json.dumps(judged_by, sort_keys=True).encode()).hexdigest()


def _percent_series(catalogue: Catalogue, dataset: str) -> set[str]:
    return {
        i.series
        for i in catalogue.indicators
        if i.series and i.dataset == dataset and i.value_type is ValueType.PROPORTION and i.unit == "%"
    }


def _judge(
    con: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, dataset: str, fetched: Fetch
) -> GateResult:
    declared = datasets()[dataset]
    rows_path = settings.staged_dir / f"{dataset}.parquet"
    vintages = Vintages(settings)
    _create_bounds(con, catalogue, dataset)
    if declared.kind == "facts":
        profile_series(con, rows_path, declared, fetched.promise, vintages.known_sql(dataset))
    rules = rules_for(
        declared,
        fetched.promise,
        areas=_known_areas(con, settings, vintages) if _names_areas(declared) else frozenset(),
        declared=frozenset(catalogue.series_of(dataset)),
    )
    return run_gate(con, rows_path, declared, dataset, rules, settings.gate_batch_rows)


def _create_bounds(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, dataset: str) -> None:
    """The impossible bounds of each series, and whether it is a share in per cent."""
    percent = _percent_series(catalogue, dataset)
    bounds = [
        (series, limits.min, limits.max, series in percent) for series, limits in catalogue.series_of(dataset).items()
    ]
    con.execute("create table bounds (series_id varchar, low double, high double, is_percent boolean)")
    if bounds:
        con.executemany("insert into bounds values (?, ?, ?, ?)", bounds)


def _names_areas(dataset: Dataset) -> bool:
    return any(column.codes == "areas" for column in dataset.columns.values())


def _known_areas(con: duckdb.DuckDBPyConnection, settings: Settings, vintages: Vintages) -> frozenset[str]:
    """Area ids of the last good state and of the list of areas staged in this run."""
    known = con.execute(f"select distinct area_id from ({vintages.known_sql('kolada.municipality')})").fetchall()
    staged = settings.staged_dir / "kolada.municipality.parquet"
    if staged.exists():
        known += con.execute(f"select distinct area_id from read_parquet({literal(str(staged))})").fetchall()
    return frozenset(str(area) for (area,) in known)


def _readable(dataset: str, error: SourceError | None) -> CheckResult:
    return CheckResult(
        check_id=f"{dataset}.readable",
        level="block",
        subject=dataset,
        passed=error is None,
        expected="a delivery with the declared columns and types",
        found=str(error) if error else "as expected",
    )
