"""A blocking check: whether a small number of persons can be inferred from the municipalities' own figures.

Belongs here: reading the figures from vintages or a finished build, and reporting what the audit finds. Does not
belong here: the audit or suppressing anything (`disclosure`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from indicators.model.submission_template import SubmissionTemplate
from pipelines.disclosure.audit import WIDTH, Exposure, exposures
from pipelines.disclosure.facts import SUPPRESSED, Fact, relations_of, seen_of
from pipelines.storage.vintages import CheckResult

CHECK = "submissions.disclosure"
_NAMED = 5  # maximum cells in a message


def disclosure_check(con: duckdb.DuckDBPyConnection, templates: Sequence[SubmissionTemplate]) -> CheckResult:
    """The audit of all submissions in a finished build.

    Args:
        con: the build, with the vintages of submissions.
    """
    rows = con.execute(
        """
        select series_id, area_id, year, sex, value, status from vintages.submissions__varden
        qualify row_number() over (partition by series_id, area_id, year, sex order by known_from desc) = 1
            and change <> 'withdrawn'
        """
    ).fetchall()
    return check_of(templates, [Fact(*row) for row in rows])


def check_of(templates: Sequence[SubmissionTemplate], facts: Sequence[Fact]) -> CheckResult:
    """The audit of facts as readers see them, as a check result."""
    found, tables = [], 0
    for template in templates:
        for (area, year), cells in sorted(seen_of(template, facts).items()):
            relations = relations_of(template, sorted({sex for _, sex in cells}))
            found += [(area, year, exposure) for exposure in exposures(cells, relations)]
            tables += 1
    hidden = sum(fact.status == SUPPRESSED for fact in facts)
    return CheckResult(
        check_id=CHECK,
        level="block",
        subject="warehouse",
        passed=not found,
        expected=f"of no suppressed number of persons fewer than {WIDTH + 1} values are possible",
        found=f"{len(found)} values can be found out" if found else f"{hidden} suppressed values in {tables} tables",
        sample="; ".join(_named(found)),
    )


def _named(found: Iterable[tuple[str, int, Exposure]]) -> list[str]:
    """Where, and why; never the number itself."""
    listed = [f"{' '.join(e.key)} {area} {year}: {e.why}" for area, year, e in found]
    return listed[:_NAMED] + ([f"and {len(listed) - _NAMED} more"] if len(listed) > _NAMED else [])
