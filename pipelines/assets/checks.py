"""From our check results to Dagster's asset checks. Belongs here: names and severities, no judging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from pipelines.archive import Promise
from pipelines.quality.rules import rules_for
from pipelines.sources.model import datasets
from pipelines.vintages import CheckResult


def check_name(check_id: str) -> str:
    """The last part of a check's id."""
    return check_id.rsplit(".", maxsplit=1)[-1]


def gate_specs(dataset: str, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks that the gate makes of a dataset."""
    rules = rules_for(datasets()[dataset], Promise(rows=0), frozenset({"areas"}), frozenset())
    named = {rule.name: rule.expected for rule in rules}
    named |= {"readable": "a delivery with the declared columns and types", "held_back_share": "few rows held back"}
    return [dg.AssetCheckSpec(name, asset=key, description=expected) for name, expected in named.items()]


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
