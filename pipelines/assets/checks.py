"""From our check results to Dagster's asset checks. Belongs here: names and severities, no judging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from pipelines.datasets import datasets
from pipelines.quality.rules import rules_for
from pipelines.storage.vintages import CheckResult

GATE = "gate"


def check_name(check_id: str) -> str:
    """The last part of a check's id."""
    return check_id.rsplit(".", maxsplit=1)[-1]


def gate_spec(dataset: str, key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The gate of a dataset, as one check: each costs Dagster tens of milliseconds, and there are hundreds of rules.

    Every rule has a row of its own in `quality_result`, and those that failed are named in the check's metadata.
    """
    rules = rules_for(datasets()[dataset])
    return dg.AssetCheckSpec(GATE, asset=key, description=f"{len(rules)} rules: {', '.join(r.name for r in rules)}")


def gate_result(results: Iterable[CheckResult], key: dg.AssetKey) -> dg.AssetCheckResult:
    """All results of a gate in one: yellow when only warnings failed, red when anything else did or none was made."""
    results = list(results)
    failed = [r for r in results if not r.passed]
    told = {r.check_id: f"{r.level}: expected {r.expected}; found {r.found} {r.sample}".strip() for r in failed}
    if not results:
        told = {"found": "not judged: the delivery could not be had or read"}
    only_warnings = bool(failed) and all(r.level == "warn" for r in failed)
    return dg.AssetCheckResult(
        passed=bool(results) and not failed,
        check_name=GATE,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN if only_warnings else dg.AssetCheckSeverity.ERROR,
        metadata={"rules": len(results), "failed": len(failed), **told},
    )


def to_dagster(
    results: Iterable[CheckResult], key: dg.AssetKey, specs: Iterable[dg.AssetCheckSpec]
) -> Iterator[dg.AssetCheckResult]:
    """Results as Dagster shows them: a failed warning is yellow, anything else that failed is red."""
    known = {spec.name for spec in specs}
    results = list(results)
    for result in results:
        if check_name(result.check_id) in known:
            yield dg.AssetCheckResult(
                passed=result.passed,
                check_name=check_name(result.check_id),
                asset_key=key,
                severity=dg.AssetCheckSeverity.WARN if result.level == "warn" else dg.AssetCheckSeverity.ERROR,
                metadata={
                    "level": result.level,
                    "expected": result.expected,
                    "found": result.found,
                    "sample": result.sample,
                },
            )
    for name in sorted(known - {check_name(result.check_id) for result in results}):
        found = {"found": "not judged: the delivery could not be had or read"}
        yield dg.AssetCheckResult(passed=False, check_name=name, asset_key=key, metadata=found)


def dbt_results(results: Iterable[CheckResult], keys: Iterable[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
    """What dbt's data tests found, for the checks that were asked for; a test without a result is told as failed."""
    found = {check_name(result.check_id): result for result in results}
    for key in keys:
        result = found.get(key.name)
        yield dg.AssetCheckResult(
            passed=bool(result and result.passed),
            check_name=key.name,
            asset_key=key.asset_key,
            metadata={"found": result.found if result else "not judged"},
        )
